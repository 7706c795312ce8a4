#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::kafka {

/// Thread: any.

/// True when this librdkafka has a property of that name.
bool is_property(const std::string& name);
/// Why it does not take `value` for that property, in its own words; nothing when it does.
std::optional<std::string> refusal_of(const std::string& name, const std::string& value);
/// The names of all that it has, for "did you mean".
std::vector<std::string> property_names();

}  // namespace weir::kafka
