#pragma once

#include <string>
#include <string_view>

#include "sql/kernel.h"

namespace weir {

/// What is wrong with a regular expression of RE2; empty when nothing is. Thread: any.
std::string regex_mistake(std::string_view pattern);

}  // namespace weir
