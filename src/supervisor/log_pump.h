#pragma once

#include <atomic>
#include <cstdint>
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
#include "supervisor/log_line.h"
#include "supervisor/poller.h"

namespace weir {

/// Reads what the jobs' processes write to standard error and standard output, for the files of
/// job_log.h and for the daemon's own standard error, on a thread of its own: a disk or a terminal
/// that hangs stalls no job's supervision. (A process whose pipe is full leaves its lines out.)
///
/// Owned by the daemon. Thread: the daemon's loop.
class LogPump {
 public:
  static constexpr std::size_t kTailLines = 20;

  /// `flushed` outlives the pump, and is woken after each flush. Errors: kStopJob when the process
  /// is out of resources.
  static Result<std::unique_ptr<LogPump>> start(std::string directory, const Waker& flushed);
  ~LogPump();

  /// Of a new process of `job`; until its end. `rest`: of a line, what was read before.
  void add(const std::string& job, Descriptor from, std::string rest) WEIR_EXCLUDES(mutex_);
  /// Has everything read that was written until now; is_flushed() says when.
  std::uint64_t flush();
  bool is_flushed(std::uint64_t ticket) const { return done_ >= ticket; }
  /// The last lines of the job, one per row; at most 20, and some kB.
  std::string tail(const std::string& job) WEIR_EXCLUDES(mutex_);
  /// What a process still writes to.
  struct Open {
    int fd;            ///< the pump's
    std::string rest;  ///< of a line, what was read
  };
  /// Ends the thread once it has read what has come. Returns what is open, by job and the newest
  /// last, for the daemon that replaces this one.
  std::multimap<std::string, Open> pause();
  /// After pause(), goes on.
  void resume();

 private:
  struct Stream {
    std::string job;
    Descriptor from;
    LineCutter cutter;
  };

  LogPump(std::string directory, const Waker& flushed, Waker waker, Poller poller);
  void run(const std::stop_token& stop);
  void take_new();
  // False when nothing more is there for now.
  bool pump(std::uint64_t tag);
  void drain();
  void write(const std::string& job, const std::vector<std::string>& lines) WEIR_EXCLUDES(mutex_);

  const std::string directory_;
  const Waker& flushed_;
  const Waker waker_;
  Poller poller_;
  std::atomic<std::uint64_t> wanted_ = 0;  // tickets
  std::atomic<std::uint64_t> done_ = 0;
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
