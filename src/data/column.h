#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "data/arena.h"
#include "data/interval.h"
#include "data/numeric.h"
#include "data/type.h"
#include "data/uuid.h"

namespace weir {

using RowIndex = std::uint32_t;

/// The values of one column of a batch: one slot per row of the batch, selected or not, and a bit
/// per row that says NULL. What a slot holds where the bit is set is unspecified but initialised.
/// The memory belongs to the batch's arena, so a Column is a cheap view and copies freely.
///
/// Thread: the batch's holder.
class Column {
 public:
  Column() = default;
  /// Room for `rows` values, zeroed, no NULLs.
  static Column make(Type type, std::size_t rows, Arena& arena);

  Type type() const { return type_; }
  std::size_t rows() const { return rows_; }

  /// T is the storage type of the kind (TypeKind says which).
  template <class T>
  std::span<T> values() const {
    return {static_cast<T*>(values_), rows_};
  }
  bool is_null(RowIndex row) const { return (nulls_[row >> 6U] >> (row & 63U) & 1U) != 0; }
  void set_null(RowIndex row) { nulls_[row >> 6U] |= std::uint64_t{1} << (row & 63U); }
  void clear_null(RowIndex row) { nulls_[row >> 6U] &= ~(std::uint64_t{1} << (row & 63U)); }
  /// One bit per row, bit 0 of word 0 first; bits past the last row are 0.
  std::span<std::uint64_t> nulls() const { return {nulls_, (rows_ + 63) / 64}; }

 private:
  Type type_;
  std::size_t rows_ = 0;
  void* values_ = nullptr;
  std::uint64_t* nulls_ = nullptr;
};

/// Calls `f(std::type_identity<T>{})` with the storage type of `kind`.
template <class F>
decltype(auto) for_type(TypeKind kind, F&& f) {
  switch (kind) {
    case TypeKind::kBoolean:
      return f(std::type_identity<std::uint8_t>{});
    case TypeKind::kSmallint:
      return f(std::type_identity<std::int16_t>{});
    case TypeKind::kInteger:
    case TypeKind::kDate:
      return f(std::type_identity<std::int32_t>{});
    case TypeKind::kBigint:
      return f(std::type_identity<std::int64_t>{});
    case TypeKind::kReal:
      return f(std::type_identity<float>{});
    case TypeKind::kDouble:
      return f(std::type_identity<double>{});
    case TypeKind::kNumeric:
      return f(std::type_identity<Numeric>{});
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return f(std::type_identity<std::int64_t>{});
    case TypeKind::kInterval:
      return f(std::type_identity<Interval>{});
    case TypeKind::kUuid:
      return f(std::type_identity<Uuid>{});
    case TypeKind::kText:
    case TypeKind::kJsonb:
    case TypeKind::kBytea:
      break;
  }
  return f(std::type_identity<std::string_view>{});
}

inline Column Column::make(Type type, std::size_t rows, Arena& arena) {
  Column column;
  column.type_ = type;
  column.rows_ = rows;
  for_type(type.kind, [&]<class T>(std::type_identity<T>) {
    const std::span<T> values = arena.array<T>(rows);
    std::uninitialized_value_construct(values.begin(), values.end());
    column.values_ = values.data();
  });
  const std::span<std::uint64_t> nulls = arena.array<std::uint64_t>((rows + 63) / 64);
  std::fill(nulls.begin(), nulls.end(), 0);
  column.nulls_ = nulls.data();
  return column;
}

}  // namespace weir
