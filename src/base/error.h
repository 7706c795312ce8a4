#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/code.h"

namespace weir {

/// What the caller should do about an Error; chosen where the error is first understood.
enum class Action : unsigned char {
  kRetry,       ///< The same call may succeed later; nothing was changed.
  kSkipRecord,  ///< One record is bad; the job's `errors:` rule applies.
  kRecover,     ///< The epoch is in doubt or broken; put state back, fence, read, decide.
  kHalt,        ///< A person must decide; the message names the ways out.
  kStopJob,     ///< Retrying cannot help; the job or its surroundings must change.
};

/// Returns the name used in logs, such as "recover".
std::string_view to_string(Action action);

/// Why something failed and what to do about it. The message is one or more full lines for a
/// person, without the code and without a trailing newline.
///
/// Thread: any; a value.
class Error {
 public:
  Error(Action action, std::string message) : Error(action, Code::kNone, std::move(message)) {}
  Error(Action action, Code code, std::string message)
      : action_(action), code_(code), message_(std::move(message)) {}

  Action action() const { return action_; }
  /// Code::kNone when there is no page in `weir explain` for it.
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  /// The same error with `context` in front, "<context>: <message>"; once per layer.
  Error within(std::string_view context) && {
    message_.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }

 private:
  Action action_;
  Code code_;
  std::string message_;
};

}  // namespace weir
