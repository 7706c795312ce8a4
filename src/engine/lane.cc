#include "engine/lane.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "engine/committer.h"
#include "engine/decisions.h"
#include "engine/worker.h"

namespace weir {
namespace {

using std::chrono::seconds;

struct WorkerThread {
  explicit WorkerThread(Waker opened) : waker(std::move(opened)) {}
  Waker waker;
  std::unique_ptr<Worker> worker;
  std::jthread thread;
};

class LaneImpl final : public Lane {
 public:
  LaneImpl(LaneParts parts, const Clock& clock, Random& random, Waker waker)
      : parts_(std::move(parts)),
        clock_(clock),
        waker_(std::move(waker)),
        events_(&waker_),
        committer_(parts_, clock, random),
        context_{.job = parts_.id.job, .lane = parts_.id.lane, .epoch = {}} {
    budget_.records_max = parts_.options.commit_records;
    budget_.bytes_max = parts_.options.commit_bytes;
    started_ = clock_.mono();
    publish(LaneState::kStarting);
  }

  void request_stop() override {
    stops_.fetch_add(1);
    waker_.wake();
  }
  std::shared_ptr<const LaneStatus> status() const override { return published_.read(); }

  LaneOutcome run() override {
    LaneOutcome outcome = run_until_done();
    stop_workers();
    publish(outcome.state);
    return outcome;
  }

 private:
  enum class Ran : unsigned char { kRecover, kStopped, kFinished, kError };

  LaneOutcome run_until_done() {
    std::uint64_t failures = 0;
    while (true) {
      Result<Ran> ran = attempt(failures);
      if (ran && *ran == Ran::kStopped) return {LaneState::kStopped, {}};
      if (ran && *ran == Ran::kFinished) return {LaneState::kFinished, {}};
      Error error = std::move(ran.error());
      discard_all();
      committer_.abort();
      switch (error.action()) {
        case Action::kHalt:
          return {LaneState::kHalted, std::move(error)};
        case Action::kStopJob:
          return {LaneState::kFailed, std::move(error)};
        case Action::kRetry:
        case Action::kSkipRecord:
        case Action::kRecover:
          break;
      }
      if (poison_.failed(error, committer_.positions())) {
        return {LaneState::kHalted, poison_epoch(error)};
      }
      if (stops_ > 0) return {LaneState::kStopped, {}};
      ++failures;
      ++status_.recovers;
      const bool waiting = error.code() == Code::kBrokersUnreachable;
      status_.last_error = error.message();
      log(LogLevel::kWarn, context_,
          std::string(waiting ? "waiting_for_kafka: " : "recovering: ") + error.message());
      publish(waiting ? LaneState::kWaitingForKafka : LaneState::kStarting);
      if (!sleep(backoff(failures - 1))) return {LaneState::kStopped, {}};
    }
  }

  Error poison_epoch(const Error& error) const {
    return {Action::kHalt, Code::kPoisonEpoch,
            "three attempts at the same positions failed: " + error.message() + "\n  it begins at" +
                committer_.positions_text()};
  }

  // False when a stop was asked for meanwhile.
  bool sleep(std::chrono::microseconds time) {
    const MonoTime until = clock_.mono() + time;
    while (stops_ == 0 && clock_.mono() < until) wait_until(until);
    return stops_ == 0;
  }

  void wait_until(MonoTime until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.mono());
    waker_.wait(std::max(left, std::chrono::milliseconds(0)));
  }

  // From recovery to the next reason to recover; an Error is that reason.
  Result<Ran> attempt(std::uint64_t& failures) {
    WEIR_ASSIGN(std::vector<ClaimedSplit> splits, committer_.recover(!claimed_));
    claimed_ = true;
    if (status_.start_to_claim.count() == 0) {
      status_.start_to_claim =
          std::chrono::duration_cast<std::chrono::microseconds>(clock_.mono() - started_);
    }
    context_.epoch = committer_.epoch();
    log(LogLevel::kInfo, context_,
        "claimed at epoch " + std::to_string(committer_.epoch().value()) + ", " +
            std::to_string(splits.size()) + " splits");
    WEIR_TRY(assign(std::move(splits)));
    publish(LaneState::kRunning);
    return run_epochs(failures);
  }

  Result<> assign(std::vector<ClaimedSplit> splits) {
    assignment_ = assignment_.next();
    splits_open_.clear();
    for (const ClaimedSplit& split : splits) splits_open_.insert(split.assignment.split);
    const std::size_t wanted =
        std::max<std::size_t>(1, std::min(splits.size(), parts_.options.threads_max));
    while (workers_.size() < wanted) WEIR_TRY(start_worker());
    std::vector<Assign> commands(workers_.size());
    for (std::size_t source = 0; source < parts_.sources.size(); ++source) {
      std::vector<SplitAssignment> assignments;
      std::vector<const Waker*> wakers;
      std::vector<std::size_t> owners;
      for (std::size_t i = 0; i < splits.size(); ++i) {
        if (splits[i].source != source) continue;
        owners.push_back(i % workers_.size());
        wakers.push_back(&workers_[owners.back()]->waker);
        assignments.push_back(splits[i].assignment);
      }
      WEIR_ASSIGN(auto readers, parts_.sources[source]->assign(assignments, wakers));
      for (std::size_t i = 0; i < readers.size(); ++i) {
        commands[owners[i]].tasks.push_back({source, assignments[i], std::move(readers[i])});
      }
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      commands[i].assignment = assignment_;
      workers_[i]->worker->commands().send(std::move(commands[i]));
    }
    return {};
  }

  Result<> start_worker() {
    WEIR_ASSIGN(Waker waker, Waker::open());
    auto thread = std::make_unique<WorkerThread>(std::move(waker));
    thread->worker =
        std::make_unique<Worker>(workers_.size(), parts_, budget_, thread->waker, events_);
    thread->thread = std::jthread([raw = thread.get()] {
      while (true) {
        const Worker::Step step = raw->worker->step();
        if (step == Worker::Step::kQuit) return;
        if (step == Worker::Step::kIdle) raw->waker.wait(std::nullopt);
      }
    });
    workers_.push_back(std::move(thread));
    return {};
  }

  Result<Ran> run_epochs(std::uint64_t& failures) {
    MonoTime next_discover = clock_.mono() + kDiscoverEvery;
    MonoTime next_refresh = clock_.mono() + kRefreshEvery;
    has_records_ = false;
    while (true) {
      WEIR_TRY(take_idle_events());
      // Between two epochs, however busy the lane is.
      for (const auto& source : parts_.sources) WEIR_TRY(source->health());
      if (clock_.mono() >= next_discover) {
        next_discover = clock_.mono() + kDiscoverEvery;
        WEIR_ASSIGN(const bool found, committer_.found_new_splits());
        if (found) return Error{Action::kRecover, "new partitions were found"};
      }
      if (clock_.mono() >= next_refresh) {
        next_refresh = clock_.mono() + kRefreshEvery;
        WEIR_TRY(committer_.refresh());
      }
      if (has_records_ && stops_ == 0) {
        has_records_ = false;
        WEIR_TRY(run_epoch());
        failures = 0;
        poison_.decided();
        continue;
      }
      if (stops_ > 0 || (bounded() && splits_open_.empty())) {
        publish(LaneState::kDraining);
        WEIR_TRY(committer_.clean_stop());
        return stops_ > 0 ? Ran::kStopped : Ran::kFinished;
      }
      wait_until(std::min(next_discover, next_refresh));
    }
  }

  Result<> take_idle_events() {
    for (WorkerEvent& event : events_.take_all()) {
      if (std::holds_alternative<HasRecords>(event)) has_records_ = true;
      if (const auto* ended = std::get_if<SplitEnded>(&event)) splits_open_.erase(ended->split);
      WEIR_TRY(check_failed(event));
    }
    return {};
  }

  bool bounded() const {
    return parts_.options.available_now ||
           std::all_of(parts_.sources.begin(), parts_.sources.end(),
                       [](const auto& source) { return source->bounded(); });
  }

  Result<> check_failed(WorkerEvent& event) {
    auto* const failed = std::get_if<WorkerFailed>(&event);
    if (failed == nullptr || failed->assignment != assignment_) return {};
    return std::move(failed->error);
  }

  // OPEN, SEALED, DECIDING, APPLIED of one epoch.
  Result<> run_epoch() {
    budget_.reset();
    WEIR_ASSIGN(const EpochContext epoch, committer_.open(assignment_));
    context_.epoch = epoch.epoch;
    send_all<OpenEpoch>({epoch});
    const MonoTime seal_at = clock_.mono() + parts_.options.commit_every;
    bool seal = false;
    while (!seal && stops_ == 0 && clock_.mono() < seal_at) {
      wait_until(seal_at);
      for (WorkerEvent& event : events_.take_all()) {
        WEIR_TRY(check_failed(event));
        if (std::holds_alternative<BudgetFull>(event)) seal = true;
        if (const auto* ended = std::get_if<SplitEnded>(&event)) {
          splits_open_.erase(ended->split);
          if (bounded() && splits_open_.empty()) seal = true;
        }
      }
    }
    if (!status_.start_to_first_record) {
      status_.start_to_first_record =
          std::chrono::duration_cast<std::chrono::microseconds>(clock_.mono() - started_);
    }
    send_all<SealEpoch>({});
    WEIR_ASSIGN(const SealedEpoch sealed, gather_seals());
    WEIR_TRY(committer_.commit(epoch, sealed.moved));
    status_.doubts = committer_.doubts();
    status_.rows_in += sealed.rows_in;
    status_.rows_out += sealed.rows_out;
    status_.rows_skipped += sealed.rows_skipped;
    status_.bytes_in += budget_.bytes_in;
    status_.lag_records = sealed.lag_records;
    ++status_.epochs;
    publish(LaneState::kRunning);
    return {};
  }

  struct SealedEpoch {
    std::vector<SplitRange> moved;
    std::uint64_t rows_in = 0, rows_out = 0, rows_skipped = 0;
    std::optional<std::int64_t> lag_records;
  };

  Result<SealedEpoch> gather_seals() {
    SealedEpoch all;
    std::size_t answers = 0;
    // Workers answer when what they hold is written; a sink that stays full is a broker that is
    // away, and librdkafka's message.timeout.ms ends that.
    const MonoTime until = clock_.mono() + kSealTimeout;
    while (answers < workers_.size()) {
      if (clock_.mono() >= until) {
        return Error{Action::kRecover, Code::kBrokersUnreachable,
                     "the epoch's rows could not be written in time"};
      }
      wait_until(until);
      for (WorkerEvent& event : events_.take_all()) {
        WEIR_TRY(check_failed(event));
        if (const auto* ended = std::get_if<SplitEnded>(&event)) splits_open_.erase(ended->split);
        auto* const sealed = std::get_if<Sealed>(&event);
        // Announced by a worker that has sealed already: they open the next epoch.
        if (std::holds_alternative<HasRecords>(event)) has_records_ = true;
        if (sealed == nullptr) continue;
        ++answers;
        std::move(sealed->moved.begin(), sealed->moved.end(), std::back_inserter(all.moved));
        all.rows_in += sealed->rows_in;
        all.rows_out += sealed->rows_out;
        all.rows_skipped += sealed->rows_skipped;
        if (sealed->lag_records)
          all.lag_records = all.lag_records.value_or(0) + *sealed->lag_records;
      }
    }
    return all;
  }

  template <class Command>
  void send_all(const Command& command) {
    for (const auto& worker : workers_) worker->worker->commands().send(command);
  }

  // Every worker has forgotten the epoch and its readers; only then may sources be assigned anew.
  void discard_all() {
    send_all<Discard>({});
    std::size_t answers = 0;
    while (answers < workers_.size()) {
      wait_until(clock_.mono() + seconds(1));
      for (WorkerEvent& event : events_.take_all()) {
        if (std::holds_alternative<Discarded>(event)) ++answers;
      }
    }
    for (const auto& source : parts_.sources) source->unassign();
  }

  void stop_workers() {
    send_all<Discard>({});
    for (const auto& worker : workers_) worker->worker->commands().send(Quit{});
    workers_.clear();
    for (const auto& source : parts_.sources) source->unassign();
  }

  void publish(LaneState state) {
    status_.state = state;
    status_.epoch = committer_.epoch();
    published_.publish(status_);
  }

  static constexpr seconds kDiscoverEvery{60};
  static constexpr seconds kRefreshEvery{3600};
  static constexpr seconds kSealTimeout{50};

  LaneParts parts_;
  const Clock& clock_;
  const Waker waker_;
  Mailbox<WorkerEvent> events_;
  Committer committer_;
  LogContext context_;
  EpochBudget budget_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  PoisonCounter poison_;
  bool claimed_ = false;           // by this process
  bool has_records_ = false;       // a worker holds records and waits for an epoch
  std::set<SplitId> splits_open_;  // not read to their end yet
  AssignmentId assignment_;
  MonoTime started_;
  LaneStatus status_;
  Snapshot<LaneStatus> published_;
  std::atomic<int> stops_ = 0;
};

}  // namespace

std::string_view to_string(LaneState state) {
  switch (state) {
    case LaneState::kStarting:
      return "starting";
    case LaneState::kWaitingForKafka:
      return "waiting_for_kafka";
    case LaneState::kRunning:
      return "running";
    case LaneState::kDraining:
      return "draining";
    case LaneState::kStopped:
      return "stopped";
    case LaneState::kFinished:
      return "finished";
    case LaneState::kHalted:
      return "halted";
    case LaneState::kFailed:
      return "failed";
  }
  return "?";
}

Result<std::unique_ptr<Lane>> Lane::open(LaneParts parts, const Clock& clock, Random& random) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  return std::unique_ptr<Lane>(
      std::make_unique<LaneImpl>(std::move(parts), clock, random, std::move(waker)));
}

}  // namespace weir
