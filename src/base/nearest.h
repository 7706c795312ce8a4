#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Pure functions; Thread: any.

/// The one of `known` that `word` is most likely a slip of, whatever its case, `-` and `_` being
/// one; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);
/// `did you mean "window"?`, or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace weir
