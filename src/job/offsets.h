#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/lane.h"
#include "engine/mend.h"
#include "engine/survey.h"
#include "plan/plan.h"
#include "spec/job_spec.h"
#include "state/job_directory.h"

namespace weir {

struct OffsetsOptions {
  std::string job_file;   ///< as a person types it, with the options that it needs
  std::string state_dir;  ///< holds <instance>/<job>/
  std::string instance;
  bool takeover = false;
};

/// What `weir offsets JOB show` shows. As far as it could be read: LANE only when no process holds
/// the directory, the rest only when the cluster answers.
struct LaneView {
  LaneId id;
  std::string directory;
  std::string holder;       ///< who holds the directory; empty: nobody
  std::string unreachable;  ///< why the cluster did not answer; empty: it did
  Survey survey;
  Outlook outlook;  ///< says `unknown` where LANE or the cluster is missing
  PositionMath math;
};

/// What `weir offsets` works with: a job's live objects, without a lane that runs.
///
/// `job` and `plan` outlive it. Thread: main.
class Offsets {
 public:
  /// Changes nothing, fences nobody, needs no lock.
  /// Errors: kStopJob when the directory or a named thing cannot be used.
  static Result<std::unique_ptr<Offsets>> look(const JobSpec& job, const Plan& plan,
                                               const OffsetsOptions& options);
  /// Takes the job directory's lock, as `weir run` does. Errors: kRetry with kStateInUse after
  /// 10 s, naming the process; kStopJob.
  static Result<std::unique_ptr<Offsets>> open(const JobSpec& job, const Plan& plan,
                                               const OffsetsOptions& options);

  /// After look(). Holds on to this object by `math`.
  LaneView view();

  /// Reads what follows `seek` or `skip` into `request`. Errors: kStopJob, for the person.
  Result<> read_words(MendRequest& request, const std::vector<std::string>& words);

  /// After open(): fences, reads and decides; nothing durable of this machine changes.
  /// Errors: those of take_survey().
  Result<Mend> decide(MendRequest request);
  /// Does what decide() last said, and looks where the next start goes on then.
  /// Errors: those of carry_out(). The same command again finishes in each case.
  Result<Outlook> carry_out(const Mend& mend);

  /// What decide() found.
  const Survey& survey() const { return survey_; }
  const Outlook& outlook() const { return outlook_; }
  PositionMath math() const { return position_math(parts_); }
  /// Where a damaged store was put by carry_out(); empty when there was none.
  const std::string& put_aside() const { return put_aside_; }

 private:
  Offsets() = default;
  static Result<std::unique_ptr<Offsets>> build(const JobSpec& job, const Plan& plan,
                                                const OffsetsOptions& options);
  Result<> open_store();
  Result<> replace_store();

  std::string path_;
  std::unique_ptr<JobDirectory> directory_;  // open() only
  std::string holder_;                       // look() only
  StoreReading reading_;
  std::unique_ptr<EpochStore> store_;  // null: look(), or it cannot be opened
  LaneParts parts_;                    // its store is what reading_ has
  std::unique_ptr<Decider> decider_;
  SystemClock clock_;
  SystemRandom random_;
  Survey survey_;
  Outlook outlook_;
  std::string put_aside_;
};

}  // namespace weir
