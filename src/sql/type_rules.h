#pragma once

#include "data/type.h"

namespace weir {

/// How PostgreSQL's types go into one another; what overloads and common types are chosen by.
///
/// Thread: any; pure functions.

/// Types of one category are alike enough that an overload for one may do for another.
enum class TypeCategory : unsigned char { kBoolean, kNumber, kText, kTime, kSpan, kOther };
TypeCategory category_of(TypeKind kind);
/// The type of its category that an overload takes rather than others: double precision, text,
/// timestamptz, interval, boolean.
bool is_preferred(TypeKind kind);
/// A value goes where the other type is wanted, without a cast being written. Not from a type to
/// itself.
bool goes_implicitly(TypeKind from, TypeKind to);

}  // namespace weir
