#pragma once

#include <chrono>
#include <string>

#include "api/http_fetch.h"
#include "cli/load_job.h"
#include "spec/directories.h"

namespace weir {

/// Prints `weir: text` on stderr. Returns `code`.
int fail(const std::string& text, int code);

/// That `what`, at `path`, may not be opened by this user: whose it is, or whose the directory is
/// that hides it, and how to ask as that user.
std::string whose(const std::string& what, const std::string& path);

/// The daemon of the weir.yaml that was named, for the commands that talk to one.
///
/// Owned by a command. Thread: main; asking blocks.
class DaemonClient {
 public:
  /// Prints the mistakes of weir.yaml; known() is false then, and the exit code 78.
  explicit DaemonClient(const JobFlags& flags);

  bool known() const { return known_; }
  const Directories& directories() const { return at_; }

  /// One request; one that the daemon had no room for is sent again until `limit`, and one that met
  /// it as it replaced itself for 2 s.
  HttpFetch ask(const std::string& method, const std::string& target,
                std::chrono::milliseconds limit = std::chrono::seconds(30)) const;

  /// Why nothing good came, for a person who may start a daemon or be another user.
  std::string why(const HttpFetch& answer) const;
  /// Prints it. Returns the exit code.
  int say_failed(const HttpFetch& answer) const;

 private:
  Directories at_;
  bool known_ = false;
};

}  // namespace weir
