#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sql/kernel.h"

namespace weir {

/// What is wrong with a regular expression of RE2; empty when nothing is. Thread: any.
std::string regex_mistake(std::string_view pattern);

/// Whether a text holds a match of `pattern`, which has no mistake. The result may be copied and
/// called anywhere.
std::function<bool(std::string_view)> regex_search(std::string_view pattern);

}  // namespace weir
