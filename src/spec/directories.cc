#include "spec/directories.h"

#include <cstdlib>
#include <filesystem>

#include "base/hash.h"

namespace weir {
namespace {

std::string environment_path(const char* name) {
  const char* const value = std::getenv(name);
  // The XDG specification has relative paths ignored.
  return value != nullptr && value[0] == '/' ? std::string(value) : std::string();
}

std::string or_else(const std::string& path, std::string otherwise) {
  return path.empty() ? std::move(otherwise) : path;
}

}  // namespace

std::string absolute_beside(std::string_view file, std::string_view path) {
  const std::filesystem::path here = std::filesystem::path(file).parent_path() / path;
  std::error_code nowhere;
  const std::filesystem::path absolute = std::filesystem::absolute(here, nowhere);
  return (nowhere ? here : absolute).lexically_normal().string();
}

std::optional<std::string> default_state_dir() {
  if (const std::string xdg = environment_path("XDG_STATE_HOME"); !xdg.empty()) {
    return xdg + "/weir";
  }
  const char* const home = std::getenv("HOME");
  if (home != nullptr && home[0] != '\0') return std::string(home) + "/.local/state/weir";
  return std::nullopt;
}

std::string Directories::job_socket(const std::string& job) const {
  std::string path = runtime + "/jobs/" + job + ".sock";
  if (path.size() <= kSocketPathMax) return path;
  return runtime + "/jobs/" + to_hex16(hash64(job)) + ".sock";
}

Directories directories_of(const WeirConfig& config, const std::string& state_dir) {
  Directories all;
  const std::string state = or_else(state_dir, config.state_dir);
  all.state = state.empty() ? default_state_dir().value_or("") : state;
  if (!all.state.empty()) all.state = absolute_beside({}, all.state);
  all.jobs = config.jobs_dir;
  if (all.jobs.empty() && config.source != nullptr) {
    all.jobs = absolute_beside(config.source->path(), "jobs.d");
  }
  all.logs = or_else(config.log_dir, all.state + "/log");
  const std::string xdg = environment_path("XDG_RUNTIME_DIR");
  all.runtime = or_else(config.runtime_dir, xdg.empty() ? all.state + "/run" : xdg + "/weir");
  all.socket = or_else(config.api.socket, all.runtime + "/weir.sock");
  return all;
}

}  // namespace weir
