#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/weir_config.h"

namespace weir {

struct ParseOptions {
  /// Values for `params:` that win over their defaults.
  std::map<std::string, std::string> params;
  /// `${env:X}`; nothing when X is not set. Null: the process's environment.
  std::function<std::optional<std::string>(const std::string&)> env;
};

/// Reads a job file. Every mistake found is in `diagnostics`. What comes back beside errors is
/// what could be read, so that plan/ can look for mistakes in its SQL too; it must not be run.
/// In it a leaf with a mistake is absent: a `format` that is not `given`, a json source without a
/// schema, or a step with neither filter nor select was reported, and so no second message is due
/// for it or for what depends on it.
/// Nothing comes back when the file cannot be read or is no YAML map. Never throws.
std::optional<JobSpec> parse_job_file(const std::string& path, const WeirConfig& config,
                                      Diagnostics& diagnostics, const ParseOptions& options = {});
/// The same from memory; `path` is for messages.
std::optional<JobSpec> parse_job(std::string path, std::string text, const WeirConfig& config,
                                 Diagnostics& diagnostics, const ParseOptions& options = {});

/// Reads weir.yaml. Nothing comes back when there was an error.
std::optional<WeirConfig> parse_weir_config_file(const std::string& path, Diagnostics& diagnostics,
                                                 const ParseOptions& options = {});
std::optional<WeirConfig> parse_weir_config(std::string path, std::string text,
                                            Diagnostics& diagnostics,
                                            const ParseOptions& options = {});

/// `[A-Za-z0-9][A-Za-z0-9_-]{0,47}`: instances, jobs, and what a job names.
bool is_name(std::string_view text);

}  // namespace weir
