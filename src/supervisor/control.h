#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace weir {

enum class JobState : unsigned char {
  kInvalid,   ///< its file has mistakes, and no earlier text of it is known
  kWaiting,   ///< will be started: its turn at the daemon's start, or its back-off
  kStarting,  ///< the process is there and has not said that its lane runs
  kRunning,
  kStopping,  ///< asked to drain
  kStopped,   ///< by a person, or its marker; stays so over restarts of the daemon
  kFinished,  ///< it ended by itself: all that it had to read is read
  kHalted,    ///< exit 78 or 64: a person must act first
  kFailed,    ///< too many failures in its window; `weir start` begins anew
};
/// "running"; as people, the API and metrics have it.
std::string_view to_string(JobState state);

/// What the daemon knows of one job. A value.
struct JobReport {
  std::string name;  ///< JobSpec::identity()
  std::string file;  ///< of its text
  JobState state = JobState::kStopped;
  /// One or more lines for a person: why it is halted, failed, invalid or waits; else empty.
  std::string why;
  bool desired_running = true;
  std::optional<std::int32_t> pid;
  std::optional<WallTime> started_at;  ///< of the process that runs, or of the last
  std::optional<WallTime> next_start;  ///< kWaiting
  std::uint32_t failures = 0;          ///< within its window
  std::uint32_t max_attempts = 0;
  std::uint64_t restarts = 0;            ///< after failures, since this daemon's life began
  std::optional<std::string> last_exit;  ///< "exit 1", "signal 9", "no sign of life for 60s"
  /// Why the job's file as it is now does not run yet, such as a mistake in it; else empty.
  std::string pending;
  std::string socket;   ///< where the job's process answers
  std::string log;      ///< its log file
  std::string version;  ///< weir's that the process runs; empty when none runs
};

struct DaemonReport {
  std::string version;
  std::string instance;
  std::int32_t pid = 0;
  WallTime started_at{};
  bool stopping = false;
  /// Files that are no job: mistakes in a new file, two of one name, what cannot be read.
  struct Problem {
    std::string file;
    std::string job;   ///< that it would be, when it got as far as naming one; shown as kInvalid
    std::string text;  ///< as `weir check` prints it
  };
  std::vector<Problem> problems;
  /// Why control groups do not keep the jobs' limits, or not all of them; empty when they do.
  std::string limits_not_kept;
  std::vector<JobReport> jobs;  ///< by name
};

/// What a reload does, or would do, with one job or file.
struct ReloadStep {
  enum class Kind : unsigned char {
    kStart,    ///< a new file
    kStop,     ///< its file is gone
    kRestart,  ///< it means something else now
    kUpdate,   ///< only what the daemon itself goes by, or white space: nothing is restarted
    kRename,   ///< the same job in another file: nothing is restarted
    kKeep,     ///< a mistake, or a change that a person must confirm: what runs stays
    kUnchanged,
  };
  Kind kind = Kind::kUnchanged;
  std::string job;  ///< empty when the file names none
  std::string file;
  std::string text;  ///< for a person: what changed, or why it is kept
};
std::string_view to_string(ReloadStep::Kind kind);
/// Of to_string()'s word; kKeep for one of a later version.
ReloadStep::Kind reload_kind(std::string_view word);

/// `there is no job "cliks"; did you mean "clicks"?` Pure.
std::string unknown_job_text(const std::string& name, const std::vector<std::string>& jobs);

struct StartOptions {
  bool takeover = false;  ///< --takeover, for this start only
};

/// The daemon, for whoever talks to it: the API and its own signals. Implemented by the
/// supervisor; a test brings its own.
///
/// Thread: any. Calls wait for the daemon's loop to take the command, which takes it within
/// milliseconds, and not for the job to get there: report() says when it has.
class SupervisorControl {
 public:
  virtual ~SupervisorControl() = default;

  /// The newest; never blocks.
  virtual std::shared_ptr<const DaemonReport> report() const = 0;
  /// Checks of the daemon's marker that could not tell whether it is there; nothing without a
  /// marker. Never blocks.
  virtual std::optional<std::uint64_t> marker_unknown_total() const = 0;
  /// Sets `desired: running`, forgets failures, makes the marker, starts the job unless it runs.
  /// Errors: kStopJob with kUnknownJob; kRetry while the daemon stops.
  virtual Result<> start_job(const std::string& name, const StartOptions& options) = 0;
  /// Sets `desired: stopped` and has the job drain.
  virtual Result<> stop_job(const std::string& name) = 0;
  /// Drains the job if it runs, and starts it with the text of its file as it is now, whatever a
  /// reload would have kept.
  virtual Result<> restart_job(const std::string& name, const StartOptions& options) = 0;
  /// Every job that runs, `parallel` at a time.
  virtual Result<> restart_all(std::uint32_t parallel) = 0;
  /// Reads weir.yaml and the jobs' directory anew. With `dry_run` nothing changes.
  virtual Result<std::vector<ReloadStep>> reload(bool dry_run) = 0;
};

}  // namespace weir
