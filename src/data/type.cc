#include "data/type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "data/numeric.h"

namespace weir {
namespace {

struct TypeName {
  std::string_view name;
  TypeKind kind;
};

// The first name of a kind is the one that is printed. libpg_query turns "integer" into
// "pg_catalog.int4", hence the internal names.
constexpr std::array kTypeNames = {
    TypeName{"boolean", TypeKind::kBoolean},
    TypeName{"smallint", TypeKind::kSmallint},
    TypeName{"integer", TypeKind::kInteger},
    TypeName{"bigint", TypeKind::kBigint},
    TypeName{"real", TypeKind::kReal},
    TypeName{"double precision", TypeKind::kDouble},
    TypeName{"numeric", TypeKind::kNumeric},
    TypeName{"text", TypeKind::kText},
    TypeName{"date", TypeKind::kDate},
    TypeName{"timestamp", TypeKind::kTimestamp},
    TypeName{"timestamptz", TypeKind::kTimestamptz},
    TypeName{"interval", TypeKind::kInterval},
    TypeName{"jsonb", TypeKind::kJsonb},
    TypeName{"bytea", TypeKind::kBytea},
    TypeName{"uuid", TypeKind::kUuid},
    TypeName{"bool", TypeKind::kBoolean},
    TypeName{"int2", TypeKind::kSmallint},
    TypeName{"int", TypeKind::kInteger},
    TypeName{"int4", TypeKind::kInteger},
    TypeName{"int8", TypeKind::kBigint},
    TypeName{"float4", TypeKind::kReal},
    TypeName{"float8", TypeKind::kDouble},
    TypeName{"float", TypeKind::kDouble},
    TypeName{"double", TypeKind::kDouble},
    TypeName{"decimal", TypeKind::kNumeric},
    TypeName{"dec", TypeKind::kNumeric},
    TypeName{"varchar", TypeKind::kText},
    TypeName{"character varying", TypeKind::kText},
    TypeName{"timestamp without time zone", TypeKind::kTimestamp},
    TypeName{"timestamp with time zone", TypeKind::kTimestamptz},
};

// As many as have a name of their own before the aliases begin.
constexpr std::size_t kKinds = static_cast<std::size_t>(TypeKind::kUuid) + 1;

std::optional<int> parse_small(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// In lower case, with single blanks and none at the ends.
std::string normalized(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (blank && (plain.empty() || plain.back() == ' ')) continue;
    plain += blank ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (!plain.empty() && plain.back() == ' ') plain.pop_back();
  return plain;
}

// Of "12,2" or "12".
std::optional<Type> numeric_type(std::string_view modifier) {
  const std::size_t comma = modifier.find(',');
  const std::optional<int> precision = parse_small(modifier.substr(0, comma));
  const std::optional<int> scale =
      comma == std::string_view::npos ? std::optional(0) : parse_small(modifier.substr(comma + 1));
  if (!precision || !scale || *precision < 1 || *precision > kNumericDigitsMax || *scale < 0 ||
      *scale > *precision) {
    return std::nullopt;
  }
  return Type{.kind = TypeKind::kNumeric,
              .precision = static_cast<std::uint8_t>(*precision),
              .scale = static_cast<std::uint8_t>(*scale)};
}

}  // namespace

std::string to_string(Type type) {
  const auto* const named =
      std::find_if(kTypeNames.begin(), kTypeNames.end(),
                   [&](const TypeName& name) { return name.kind == type.kind; });
  std::string text(named->name);
  if (type.kind == TypeKind::kNumeric && type.precision != 0) {
    text += "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
  }
  return text;
}

std::optional<Type> parse_type(std::string_view name) {
  std::string plain = normalized(name);
  std::optional<std::string> modifier;
  if (const std::size_t open = plain.find('('); open != std::string::npos) {
    if (plain.back() != ')') return std::nullopt;
    modifier = plain.substr(open + 1, plain.size() - open - 2);
    plain.resize(open);
    if (!plain.empty() && plain.back() == ' ') plain.pop_back();
  }
  const auto* const known =
      std::find_if(kTypeNames.begin(), kTypeNames.end(),
                   [&](const TypeName& candidate) { return candidate.name == plain; });
  if (known == kTypeNames.end()) return std::nullopt;
  if (!modifier) return Type{.kind = known->kind};
  if (known->kind != TypeKind::kNumeric) return std::nullopt;
  return numeric_type(*modifier);
}

std::string_view type_names() {
  static const std::string kNames = [] {
    std::string names;
    for (const TypeKind kind : type_kinds()) {
      names += (names.empty() ? "" : ", ") + to_string(Type{.kind = kind});
    }
    return names;
  }();
  return kNames;
}

std::span<const TypeKind> type_kinds() {
  static constexpr std::array kAll = [] {
    std::array<TypeKind, kKinds> kinds{};
    for (std::size_t i = 0; i < kKinds; ++i) kinds[i] = kTypeNames[i].kind;
    return kinds;
  }();
  return kAll;
}

}  // namespace weir
