#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace weir {

/// A job's process that a daemon leaves to the one that replaces it (`weir daemon --upgrade`).
struct HandedChild {
  std::string job;
  WallTime started_at{};
  std::string version;   ///< weir's that it runs
  std::string saved;     ///< Child::save()
  std::string log_rest;  ///< what was read of its last line
};

/// A line for each: job, microseconds since 1970, version, what was saved, and what was read of a
/// line of its log, with a tab between. Pure.
std::string encode_handover(const std::vector<HandedChild>& children);
/// A line that cannot be read is left out: that process finds its daemon gone, and drains. Pure.
std::vector<HandedChild> decode_handover(std::string_view text);

/// Whether `program` runs at all: asks it for its version, and waits for that, at most so long. One
/// that lacks a library would end the daemon that it was to replace. Errors: kRetry. Thread: main.
Result<> try_program(const std::string& program, std::chrono::milliseconds at_most);

/// Replaces this program by the one at `program`, in this process, with `text` for it. Returns only
/// when that failed, and then nothing has changed. Thread: main.
Error replace_program(const std::string& program, const std::vector<std::string>& arguments,
                      const std::string& text);
/// What the program before left for this one; nothing when there was none. Once.
std::optional<std::string> take_handover();

}  // namespace weir
