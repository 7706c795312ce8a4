#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// The bytes of the log, to a file descriptor. A job must not stand still because nobody reads its
/// log: where the other end (a pipe, a stopped terminal) has taken nothing for a second, what is
/// written is left out and counted until it takes something again. A program that writes to the
/// same pipe may still come between the look and the write, and then it waits as long as that does.
///
/// Owned by the log. Thread: the log's, under its lock.
class LogOut {
 public:
  /// The descriptor stays the caller's.
  explicit LogOut(int fd) : fd_(fd) {}

  /// Waits at most a second, and not at all after one that was left out. Never fails: a log that
  /// is closed or full concerns nobody but its reader.
  void write(std::string_view bytes);

  /// How many were left out and not said yet, once there is room to say so; else 0.
  std::uint64_t take_left_out();

 private:
  bool has_room() const;
  void leave_out(bool begun);

  const int fd_;
  std::uint64_t left_out_ = 0;
  bool stuck_ = false;  // the last one was left out
  bool torn_ = false;   // in its middle
};

}  // namespace weir
