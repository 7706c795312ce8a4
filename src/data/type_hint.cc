#include "data/type_hint.h"

#include <algorithm>
#include <vector>

#include "base/nearest.h"
#include "data/type.h"

namespace weir {
namespace {

struct Instead {
  std::string_view name;
  std::string_view hint;
};

constexpr std::string_view kText = "write text, which has no length";

// libpg_query names some types as PostgreSQL's catalog does: bpchar, timetz.
constexpr Instead kInstead[] = {
    {"tinyint", "write smallint"},
    {"smallserial", "write smallint"},
    {"serial", "write integer"},
    {"long", "write bigint"},
    {"bigserial", "write bigint"},
    {"number", "write numeric"},
    {"money", "write numeric"},
    {"string", "write text"},
    {"char", kText},
    {"bpchar", kText},
    {"varchar", kText},
    {"character varying", kText},
    {"name", "write text"},
    {"json", "write jsonb"},
    {"variant", "write jsonb"},
    {"struct", "write jsonb"},
    {"map", "write jsonb"},
    {"array", "write jsonb"},
    {"binary", "write bytea"},
    {"blob", "write bytea"},
    {"bytes", "write bytea"},
    {"timestamp", "write timestamp, which always has microseconds"},
    {"datetime", "write timestamp, or timestamptz when it is in UTC"},
    {"timestamptz", "write timestamptz, which always has microseconds"},
    {"interval", "write interval, which has all of its fields and microseconds"},
    {"time", "write text, or interval for the time since midnight"},
    {"timetz", "write text"},
    {"guid", "write uuid"},
    {"numeric", "numeric(38,10): at most 38 digits, of them at most as many behind the point"},
    {"decimal", "decimal(38,10): at most 38 digits, of them at most as many behind the point"},
};

}  // namespace

std::string type_hint(std::string_view name) {
  std::string plain(name.substr(0, name.find('(')));
  std::transform(plain.begin(), plain.end(), plain.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (!plain.empty() && plain.back() == ' ') plain.pop_back();
  for (const Instead& instead : kInstead) {
    if (instead.name == plain) return std::string(instead.hint);
  }
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names = {"decimal"};
    for (const TypeKind kind : type_kinds()) names.push_back(to_string(Type{.kind = kind}));
    return names;
  }();
  const std::string near = did_you_mean(plain, {kNames.begin(), kNames.end()});
  return near.empty() ? "one of " + std::string(type_names()) : near;
}

}  // namespace weir
