#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

/// The kinds of SQL types. A new one is a line here, in type.cc's table, in for_type (column.h),
/// and in append_text (render.h) and store_text (formats/text_value.h): its text, in and out.
enum class TypeKind : std::uint8_t {
  kBoolean,      ///< stored as std::uint8_t, 0 or 1
  kSmallint,     ///< std::int16_t
  kInteger,      ///< std::int32_t
  kBigint,       ///< std::int64_t
  kReal,         ///< float
  kDouble,       ///< double
  kNumeric,      ///< Numeric: decimal of at most 38 digits
  kText,         ///< std::string_view, valid UTF-8
  kDate,         ///< std::int32_t, days since 1970-01-01
  kTimestamp,    ///< std::int64_t, microseconds since 1970-01-01T00:00:00 of its own clock
  kTimestamptz,  ///< std::int64_t, microseconds since 1970-01-01T00:00:00Z
  kInterval,     ///< Interval: months, days and microseconds
  kJsonb,        ///< std::string_view, the canonical JSON text (json.h)
  kBytea,        ///< std::string_view
  kUuid,         ///< Uuid: 16 bytes
};

/// A SQL type. `precision` 0 is an unconstrained numeric; both are 0 for other kinds.
struct Type {
  TypeKind kind = TypeKind::kText;
  std::uint8_t precision = 0;
  std::uint8_t scale = 0;
  bool operator==(const Type&) const = default;
};

/// PostgreSQL's name: "bigint", "numeric(12,2)", "timestamp with time zone" is "timestamptz".
std::string to_string(Type type);

/// Reads a type name of a schema or cast: PostgreSQL's names and aliases (int, int4, int8, float8,
/// decimal(10,2), varchar, bool, ...). Nothing when unknown.
std::optional<Type> parse_type(std::string_view name);

/// Every kind.
std::span<const TypeKind> type_kinds();
/// The name of every kind as to_string prints it, for messages: "boolean, integer, ...".
std::string_view type_names();

}  // namespace weir
