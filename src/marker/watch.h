#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "marker/place.h"
#include "marker/rules.h"

namespace weir {

/// What a watched marker says to whoever it is for: a job, or the daemon.
enum class MarkerWord : unsigned char {
  kHold,    ///< do not start yet
  kRun,     ///< start, or run on
  kStop,    ///< stop: the marker was deleted, now or while nothing ran. The last word
  kRefuse,  ///< do not start, or stop: error() says why. The last word
};

struct MarkerOptions {
  MarkerAtStart at_start = MarkerAtStart::kCreate;
  std::chrono::microseconds check_every = std::chrono::seconds(5);
  /// A run before made or found this marker, and did not stop: the surroundings it noted.
  std::optional<std::string> made_before;
  /// Keeps that this run made or found it, before the word is kRun. May be null: the daemon's own
  /// marker is made anew at every start. Thread: the watch's. Errors: kStopJob; the word is
  /// kRefuse.
  std::function<Result<>(const std::string& surroundings)> remember;
  /// A local look takes microseconds, a cancelled request little more. What hangs longer may do so
  /// for ever, such as a network file system whose server is away.
  std::chrono::milliseconds close_timeout{1000};
};

/// The checks of one marker, one after the other: looks, follows the rules, makes the marker, and
/// logs what changed. The watch's thread calls it in production, a test where there is none.
///
/// Owned by the watch. Thread: one.
class MarkerTask {
 public:
  /// Everything given outlives it.
  MarkerTask(MarkerPlace& place, const MarkerOptions& options, const Clock& clock);

  /// One check. Blocks for as long as the place does.
  MarkerWord check();
  /// When the next one is due; after a last word never.
  MonoTime next_check() const { return next_; }

  /// Valid after kRefuse.
  const Error& error() const { return *error_; }
  /// Checks that could not tell whether it is there, of all.
  std::uint64_t unknown_total() const { return unknown_total_; }

 private:
  MarkerWord follow(MarkerStep step, const MarkerCheck& check);
  MarkerWord create();
  MarkerWord run();
  MarkerWord last(MarkerWord word);
  MarkerWord refuse(Error error);
  void tell(const MarkerCheck& check);

  MarkerPlace& place_;
  const MarkerOptions& options_;
  const Clock& clock_;
  MarkerRules rules_;
  MonoTime next_;
  bool remembered_ = false;
  std::optional<MarkerVerdict> said_;  // the verdict that was last logged
  std::string why_;                    // and its reason
  std::uint64_t unknown_checks_ = 0;   // since the last that was not
  std::uint64_t unknown_total_ = 0;
  std::optional<Error> error_;
};

/// Watches a marker on a thread of its own, so that a place which hangs stalls nothing.
///
/// Owned by the job or the daemon. Thread: any.
class MarkerWatch {
 public:
  /// `changed` is called on the watch's thread after each new word. `clock` outlives the process's
  /// last thread. Errors: kStopJob when the process is out of resources.
  static Result<std::unique_ptr<MarkerWatch>> start(std::unique_ptr<MarkerPlace> place,
                                                    MarkerOptions options, const Clock& clock,
                                                    std::function<void(MarkerWord)> changed);
  virtual ~MarkerWatch() = default;

  virtual MarkerWord word() const = 0;
  /// Valid after kRefuse.
  virtual const Error& error() const = 0;
  /// MarkerTask::unknown_total(), of the last check that returned.
  virtual std::uint64_t unknown_total() const = 0;
  /// Ends the checks. False when the thread is still inside of one after close_timeout: then the
  /// process must leave by _Exit. Nothing is called or remembered afterwards.
  virtual bool close() = 0;
};

}  // namespace weir
