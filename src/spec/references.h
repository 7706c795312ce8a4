#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/diagnostics.h"
#include "spec/secret.h"
#include "spec/yaml.h"

namespace weir {

/// What `${env:X}` and `${param:x}` stand for.
///
/// Thread: any, immutable.
struct References {
  std::function<std::optional<std::string>(const std::string&)> env;
  std::map<std::string, std::string> params;
};

/// Splits a scalar into literal bytes, with references replaced, and files that stay. `$${` stands
/// for `${` itself. Nothing comes back, and `diagnostics` has the reason, when one cannot be
/// replaced, or a file stands where none may (`allow_file`).
std::optional<std::vector<SecretText::Part>> resolve_references(const SourceText& source,
                                                                const YamlNode& scalar,
                                                                const References& references,
                                                                bool allow_file,
                                                                Diagnostics& diagnostics);

}  // namespace weir
