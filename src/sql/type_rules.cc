#include "sql/type_rules.h"

namespace weir {
namespace {

// How far up the ladder of its category, which implicit casts climb; 0 stands on none.
int rung_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kSmallint:
    case TypeKind::kDate:
      return 1;
    case TypeKind::kInteger:
    case TypeKind::kTimestamp:
      return 2;
    case TypeKind::kBigint:
    case TypeKind::kTimestamptz:
      return 3;
    case TypeKind::kNumeric:
      return 4;
    case TypeKind::kReal:
      return 5;
    case TypeKind::kDouble:
      return 6;
    default:
      return 0;
  }
}

}  // namespace

TypeCategory category_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean:
      return TypeCategory::kBoolean;
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kNumeric:
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return TypeCategory::kNumber;
    case TypeKind::kText:
      return TypeCategory::kText;
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return TypeCategory::kTime;
    case TypeKind::kInterval:
      return TypeCategory::kSpan;
    case TypeKind::kJsonb:
    case TypeKind::kBytea:
    case TypeKind::kUuid:
      break;
  }
  return TypeCategory::kOther;
}

bool is_preferred(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kDouble:
    case TypeKind::kText:
    case TypeKind::kTimestamptz:
    case TypeKind::kInterval:
      return true;
    default:
      return false;
  }
}

bool goes_implicitly(TypeKind from, TypeKind to) {
  const int rung = rung_of(from);
  return rung != 0 && category_of(from) == category_of(to) && rung_of(to) > rung;
}

}  // namespace weir
