#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "spec/source_text.h"

namespace weir {

/// True for keys whose value is a secret by their last word: `password`, `ssl.key.password`,
/// `client_secret`, `ssl.key.pem`, ...; and for slips of these, since the value is no less secret.
bool is_secret_name(std::string_view key);

/// What stands behind such keys in a text that need not be YAML: the rest of the line and every
/// line that belongs to it, without `${...}`. More than the secret rather than less. The keys that
/// begin at `names` are none, however much like one they are; what stands behind them may be.
std::vector<Place> secret_places(std::string_view text, const std::set<std::uint32_t>& names = {});

/// The parts of `place` that are not `${...}`.
std::vector<Place> without_references(std::string_view text, Place place);

}  // namespace weir
