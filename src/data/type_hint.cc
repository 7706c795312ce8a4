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
constexpr std::string_view kNoZone = "write timestamptz; a time without a zone is read as UTC";

// libpg_query names some types as PostgreSQL's catalog does: int2, bpchar, timestamp.
constexpr Instead kInstead[] = {
    {"smallint", "write integer"},
    {"int2", "write integer"},
    {"tinyint", "write integer"},
    {"serial", "write integer"},
    {"long", "write bigint"},
    {"bigserial", "write bigint"},
    {"real", "write double precision"},
    {"float4", "write double precision"},
    {"number", "write numeric"},
    {"money", "write numeric"},
    {"string", "write text"},
    {"char", kText},
    {"bpchar", kText},
    {"varchar", kText},
    {"character varying", kText},
    {"name", "write text"},
    {"uuid", "write text"},
    {"json", "write jsonb"},
    {"variant", "write jsonb"},
    {"struct", "write jsonb"},
    {"map", "write jsonb"},
    {"array", "write jsonb"},
    {"binary", "write bytea"},
    {"blob", "write bytea"},
    {"bytes", "write bytea"},
    {"timestamp", kNoZone},
    {"timestamp without time zone", kNoZone},
    {"datetime", kNoZone},
    {"timestamptz", "write timestamptz, which always has microseconds"},
    {"date", "write timestamptz; date_trunc('day', a) is its date"},
    {"time", "write text"},
    {"interval", "intervals are not in this version"},
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
  static const std::vector<std::string_view> kKnown = {
      "boolean",     "integer", "bigint", "double precision", "numeric", "text",
      "timestamptz", "jsonb",   "bytea",  "decimal"};
  const std::string near = did_you_mean(plain, kKnown);
  return near.empty() ? "one of " + std::string(type_names()) : near;
}

}  // namespace weir
