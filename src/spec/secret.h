#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir {

/// A resolved secret. It has no operator<< and no formatter; reveal() is searched for in reviews.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// A string that may hold a secret: `${env:}` and `${param:}` are replaced already, `${file:}`
/// stays and is read by every resolve(), so that a rotated password counts at the next connect.
///
/// Thread: any, immutable.
class SecretText {
 public:
  struct Part {
    bool is_file = false;
    std::string text;  ///< literal bytes, or the path of `${file:path}`
  };

  SecretText() = default;
  /// `secret`: the literal parts are secret too (a password's leaf).
  SecretText(std::vector<Part> parts, bool secret) : parts_(std::move(parts)), secret_(secret) {}

  bool empty() const { return parts_.empty(); }
  /// True when nothing of it may be shown after resolve().
  bool is_secret() const;

  /// True when a part of it stands in a file.
  bool has_file() const;

  /// Reads the files anew; one trailing newline of each is cut off. Blocks on the file system.
  /// Errors: kRetry when a file cannot be read, with its path (it may be just being replaced).
  Result<Secret> resolve() const;
  /// For logs and `weir plan`: files by their `${file:}`, literal secrets as "***".
  std::string redacted() const;

 private:
  std::vector<Part> parts_;
  bool secret_ = false;
};

}  // namespace weir
