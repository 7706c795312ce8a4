#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sql/syntax.h"

namespace weir {

/// What people write that PostgreSQL's grammar takes and weir does not, or that other systems have
/// under another name; and what to write instead.
struct Refusal {
  std::string message;
  std::string hint;
};

/// Of a node that no expression of a stream can hold: a subquery, the current time, ...
Refusal refuse_node(const PgQuery__Node& node);
/// Of a function that differs in every replay, aggregates, or goes by another name here; nothing
/// when nobody expects it.
std::optional<Refusal> refuse_function(std::string_view name);
/// For an operator that does not exist, such as `==`; empty when there is nothing to say.
std::string_view operator_hint(std::string_view name);

}  // namespace weir
