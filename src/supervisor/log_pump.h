#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log_out.h"
#include "base/mailbox.h"
#include "base/mutex.h"
#include "supervisor/descriptor.h"
#include "supervisor/job_log.h"
#include "supervisor/poller.h"

namespace weir {

/// Cuts what a process writes into lines that can be shown: control characters become '?', and a
/// line of more than kLineBytesMax is cut in two. Thread: its owner's.
class LineCutter {
 public:
  static constexpr std::size_t kLineBytesMax = 64U << 10U;
  /// The lines that `bytes` complete, without their newlines.
  std::vector<std::string> cut(std::string_view bytes);
  /// What is left without a newline; empty when nothing is.
  std::string rest() { return std::exchange(rest_, {}); }

 private:
  std::string rest_;
};

/// The line as the daemon's own log has it: one that does not name its job gets `[job] ` in front.
std::string with_job(std::string_view job, std::string line);

/// Reads what the jobs' processes write to standard error and standard output, for the files of
/// job_log.h and for the daemon's own standard error, on a thread of its own: a disk or a terminal
/// that hangs stalls no job's supervision. (A process whose pipe is full leaves its lines out.)
///
/// Owned by the daemon. Thread: add(), tail() and release() the daemon's loop.
class LogPump {
 public:
  static constexpr std::size_t kTailLines = 20;

  /// Errors: kStopJob when the process is out of resources.
  static Result<std::unique_ptr<LogPump>> start(std::string directory);
  ~LogPump();

  /// Of a process of `job`; until its end.
  void add(const std::string& job, Descriptor from);
  /// The last lines of the job, one per row; at most 20, and some kB.
  std::string tail(const std::string& job) WEIR_EXCLUDES(mutex_);
  /// Ends the thread once it has read what has come. Returns the descriptors that are still open,
  /// by job, for the daemon that replaces this one; they stay the pump's.
  std::multimap<std::string, int> pause();
  /// After pause(), goes on.
  void resume();

 private:
  struct Stream {
    std::string job;
    Descriptor from;
    LineCutter cutter;
  };

  LogPump(std::string directory, Waker waker, Poller poller);
  void run(const std::stop_token& stop);
  void take_new();
  void pump(std::uint64_t tag);
  void write(const std::string& job, const std::vector<std::string>& lines) WEIR_EXCLUDES(mutex_);

  const std::string directory_;
  const Waker waker_;
  Poller poller_;
  Mailbox<Stream> new_{&waker_};
  std::map<std::uint64_t, Stream> streams_;  // these, the thread's
  std::map<std::string, JobLog> logs_;
  LogOut out_;
  std::uint64_t last_tag_ = 0;

  Mutex mutex_;
  std::map<std::string, std::deque<std::string>> tails_ WEIR_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the others
};

}  // namespace weir
