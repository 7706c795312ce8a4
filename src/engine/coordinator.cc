#include "engine/coordinator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace weir {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using Phase = Coordinator::Phase;

constexpr seconds kRefreshEvery{3600};
// Workers answer a seal when what they hold is written; a sink that stays full is a broker that is
// away. A little over librdkafka's message.timeout.ms, which says so first.
constexpr seconds kSealTimeout{50};
// A stop while brokers do not answer: there is nothing open that would be worth waiting for.
constexpr seconds kStopPatience{2};
// Abort may take 5 s of it.
constexpr seconds kGiveUpPatience{7};
// Everything but the decider has deadlines of its own, of 30 s and 75 s at most.
constexpr std::chrono::minutes kCommandLimit{10};
constexpr std::size_t kAbandonedMax = 2;
// As long without a fault an outage that comes is a new one, and its first pause is short again.
constexpr std::chrono::minutes kCalm{10};
// Metadata can lack a topic for a moment, while brokers start or it is made again.
constexpr std::chrono::minutes kTopicPatience{1};

bool allowed(Phase from, Phase to) {
  if (to == Phase::kEnded) return true;
  switch (from) {
    case Phase::kBackingOff:
      return to == Phase::kRecovering;
    case Phase::kRecovering:
      return to == Phase::kAssigning || to == Phase::kDiscarding;
    case Phase::kIdle:
      return to == Phase::kOpening || to == Phase::kLooking || to == Phase::kRefreshing ||
             to == Phase::kTicking || to == Phase::kStopping || to == Phase::kDiscarding;
    case Phase::kOpening:
      return to == Phase::kOpen || to == Phase::kDiscarding;
    case Phase::kOpen:
      return to == Phase::kSealing || to == Phase::kDiscarding;
    case Phase::kSealing:
      return to == Phase::kCommitting || to == Phase::kDiscarding;
    case Phase::kAssigning:
    case Phase::kCommitting:
    case Phase::kLooking:
    case Phase::kRefreshing:
    case Phase::kTicking:
      return to == Phase::kIdle || to == Phase::kDiscarding;
    case Phase::kStopping:
      return to == Phase::kDiscarding;
    case Phase::kDiscarding:
      return to == Phase::kReleasing;
    case Phase::kReleasing:
      return to == Phase::kReleasing || to == Phase::kBackingOff || to == Phase::kRecovering;
    case Phase::kEnded:
      return false;
  }
  return false;
}

// Everything open is being given up, or was.
bool giving_up(Phase phase) {
  return phase == Phase::kDiscarding || phase == Phase::kReleasing || phase == Phase::kBackingOff ||
         phase == Phase::kEnded;
}

microseconds since(MonoTime from, MonoTime to) {
  return std::chrono::duration_cast<microseconds>(to - from);
}

}  // namespace

Coordinator::Coordinator(const LaneId& id, const LaneOptions& options, bool bounded,
                         std::vector<OutboxBound> outbox_bounds, const Clock& clock,
                         EpochBudget& budget, LaneActors& actors, Mailbox<LaneEvent>& events)
    : options_(options),
      bounded_(bounded || options.available_now),
      outbox_bounds_(std::move(outbox_bounds)),
      clock_(clock),
      budget_(budget),
      actors_(actors),
      events_(events),
      back_until_(clock.mono()),
      poison_(Code::kRowsRefused, options.same_position),
      too_large_(Code::kRowTooLarge, options.same_position),
      followers_(outbox_bounds_.size()),
      diverted_(outbox_bounds_.size()),
      context_{.job = id.job, .lane = id.lane, .epoch = {}},
      started_(clock.mono()),
      reports_(clock.mono()) {
  budget_.records_max = options.commit_records;
  budget_.bytes_max = options.commit_bytes;
  publish(LaneState::kStarting);
}

void Coordinator::step() {
  for (LaneEvent& event : events_.take_all()) {
    if (ended()) return;
    std::visit([this](auto& from) { take(from); }, event);
  }
  if (!ended()) watch_stops();
  if (!ended()) watch_committer();
  if (!ended()) advance();
  report_progress();
}

void Coordinator::take(FromWorker& from) {
  if (auto* const discarded = std::get_if<Discarded>(&from.event)) {
    if (phase_ != Phase::kDiscarding) return;
    ++answers_;
    std::move(discarded->taken.begin(), discarded->taken.end(), std::back_inserter(given_up_));
    return;
  }
  if (from.assignment != assignment_) return;
  if (auto* const failed = std::get_if<WorkerFailed>(&from.event)) {
    // A row that is refused at the flush is one of any split that moved.
    if (failed->split) return fail(std::move(failed->error), {*failed->split});
    fail(std::move(failed->error));
  } else if (std::holds_alternative<HasRecords>(from.event)) {
    waiting_.insert(from.worker);
  } else if (const auto* ended = std::get_if<SplitEnded>(&from.event)) {
    splits_open_.erase(ended->split);
  } else if (const auto* skipped = std::get_if<RowSkipped>(&from.event)) {
    if (skips_told_.insert(skipped->kind).second) log(LogLevel::kWarn, context_, skipped->text);
  } else if (auto* const sealed = std::get_if<Sealed>(&from.event)) {
    waiting_.erase(from.worker);
    if (phase_ == Phase::kSealing) on_seal(*sealed);
  }
  // BudgetFull has done its work by waking us: advance_open() reads the budget.
}

void Coordinator::on_seal(Sealed& sealed) {
  ++answers_;
  std::move(sealed.moved.begin(), sealed.moved.end(), std::back_inserter(sealed_.moved));
  std::move(sealed.outbox.begin(), sealed.outbox.end(), std::back_inserter(sealed_.outbox));
  sealed_.rows_in += sealed.rows_in;
  sealed_.rows_out += sealed.rows_out;
  sealed_.rows_skipped += sealed.rows_skipped;
  sealed_.rows_dead += sealed.rows_dead;
  sealed_.dropped += sealed.dropped;
  sealed_.offsets_lost += sealed.offsets_lost;
  sealed_.readers_are_done = sealed_.readers_are_done || sealed.readers_are_done;
  std::move(sealed.lags.begin(), sealed.lags.end(), std::back_inserter(sealed_.lags));
}

void Coordinator::take(FromCommitter& from) {
  if (from.committer != committer_) return;
  WEIR_CHECK(busy_, "the committer answers commands only");
  busy_ = false;
  // A committer that took an abandoned one's place knows nothing before its recovery.
  if (from.progress.known) {
    progress_ = std::move(from.progress);
    context_.epoch = progress_.epoch;
    status_.doubts = doubts_before_ + progress_.doubts;
    for (std::size_t i = 0; i < progress_.outbox_bytes.size(); ++i) {
      followers_[i].outbox_bytes = progress_.outbox_bytes[i];
    }
    actors_.decided(progress_.epoch);
  }
  std::visit([this](auto& reply) { on(reply); }, from.reply);
}

void Coordinator::take(FromFollower& from) {
  if (auto* const failed = std::get_if<FollowerFailed>(&from.event)) {
    return fail(std::move(failed->error));
  }
  const FollowerAt& at = std::get<FollowerAt>(from.event);
  followers_[from.follower] = at;
}

// Every follower has what was decided.
bool Coordinator::delivered() const {
  return std::all_of(followers_.begin(), followers_.end(),
                     [&](const FollowerAt& at) { return at.epoch >= progress_.epoch; });
}

bool Coordinator::waits_for_outbox() const {
  for (std::size_t i = 0; i < followers_.size(); ++i) {
    const OutboxBound& bound = outbox_bounds_[i];
    if (followers_[i].outbox_bytes >= bound.bytes_max && !bound.dead_letters) return true;
  }
  return false;
}

// Decided once per epoch, so that each of its rows has one fate in every worker.
void Coordinator::find_diverted() {
  for (std::size_t i = 0; i < followers_.size(); ++i) {
    const OutboxBound& bound = outbox_bounds_[i];
    // Once full it has room at half, or every other epoch would go elsewhere.
    const std::uint64_t bytes_max = diverted_[i] ? bound.bytes_max / 2 : bound.bytes_max;
    const bool full = bound.dead_letters && followers_[i].outbox_bytes >= bytes_max;
    if (full == diverted_[i]) continue;
    diverted_[i] = full;
    log(full ? LogLevel::kWarn : LogLevel::kInfo, context_,
        "the outbox of sink \"" + bound.follower +
            (full ? "\" is full: until it has room again its rows are dead letters"
                  : "\" has room again"));
  }
}

void Coordinator::on(Recovered& reply) {
  claimed_once_ = true;
  topic_missing_.reset();
  if (phase_ != Phase::kRecovering) return;
  if (status_.start_to_claim.count() == 0) {
    status_.start_to_claim = std::chrono::duration_cast<microseconds>(clock_.mono() - started_);
  }
  log(LogLevel::kInfo, context_,
      "claimed at epoch " + std::to_string(progress_.epoch.value()) + ", " +
          std::to_string(reply.splits.size()) + " splits");
  status_.offsets_lost += reply.offsets_lost;
  claimed_ = std::move(reply.splits);
  const std::size_t wanted =
      std::clamp<std::size_t>(claimed_.size(), 1, std::max<std::size_t>(1, options_.threads_max));
  if (Result<> hired = actors_.hire(wanted); !hired) return fail(std::move(hired.error()));
  AssignSources assign;
  for (std::size_t i = 0; i < claimed_.size(); ++i) {
    assign.wakers.push_back(actors_.waker(i % actors_.workers()));
  }
  command(std::move(assign), Phase::kAssigning);
}

void Coordinator::on(SourcesAssigned& reply) {
  if (phase_ != Phase::kAssigning) return;
  assignment_ = assignment_.next();
  waiting_.clear();
  splits_open_.clear();
  std::vector<Assign> commands(actors_.workers());
  for (std::size_t i = 0; i < claimed_.size(); ++i) {
    splits_open_.insert(claimed_[i].assignment.split);
    commands[i % commands.size()].tasks.push_back(
        {claimed_[i].source, claimed_[i].assignment, std::move(reply.readers[i])});
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i].assignment = assignment_;
    actors_.send(i, std::move(commands[i]));
  }
  assigned_ = clock_.mono();
  book_.assigned(claimed_);
  status_.splits = book_.page();
  if (!status_.committed_at) status_.committed_at = assigned_;
  next_look_ = clock_.mono() + options_.look_every;
  next_refresh_ = clock_.mono() + kRefreshEvery;
  next_tick_ = clock_.mono();
  ticked_ = false;
  enter(Phase::kIdle);
  publish(LaneState::kRunning);
}

void Coordinator::on(TransactionOpened& reply) {
  if (phase_ != Phase::kOpening) return;
  epoch_ = reply.epoch;
  context_.epoch = epoch_.epoch;
  sealed_ = {};
  budget_.reset();
  enter(Phase::kOpen);
  find_diverted();
  for (std::size_t i = 0; i < actors_.workers(); ++i) actors_.send(i, OpenEpoch{epoch_, diverted_});
  if (!status_.start_to_first_record) {
    status_.start_to_first_record =
        std::chrono::duration_cast<microseconds>(clock_.mono() - started_);
  }
  if (!status_.open_since) status_.open_since = clock_.mono();
  publish(status_.state);
}

// It was decided, also when a worker has failed meanwhile.
void Coordinator::on(EpochCommitted& reply) {
  failures_ = 0;
  poison_.decided(sealed_.moved);
  too_large_.decided(sealed_.moved);
  if (sealed_.dropped > 0) {
    log(LogLevel::kInfo, context_,
        std::to_string(sealed_.dropped) + " records below the expected offset were dropped");
  }
  if (!sealed_.moved.empty()) ++status_.epochs;
  status_.rows_in += sealed_.rows_in;
  status_.rows_out += sealed_.rows_out;
  status_.rows_skipped += sealed_.rows_skipped;
  status_.rows_dead += sealed_.rows_dead;
  status_.offsets_lost += sealed_.offsets_lost;
  status_.bytes_in += budget_.bytes_in;
  status_.lag_records.reset();
  for (const SplitLag& lag : sealed_.lags) {
    status_.lag_records = status_.lag_records.value_or(0) + lag.records;
  }
  book_.committed(sealed_.moved, sealed_.lags);
  status_.splits = book_.page();
  const MonoTime now = clock_.mono();
  status_.last_epoch = EpochTimes{.opened = epoch_.clock,
                                  .open = since(opened_, sealing_),
                                  .seal = since(sealing_, committing_),
                                  .commit = since(committing_, now),
                                  .rows_in = sealed_.rows_in,
                                  .rows_out = sealed_.rows_out};
  status_.committed_at = now;
  status_.open_since.reset();
  if (reply.after) {
    publish(status_.state);
    return fail(std::move(*reply.after));
  }
  if (phase_ != Phase::kCommitting) return publish(status_.state);
  publish(stop_seen_ ? LaneState::kDraining : LaneState::kRunning);
  if (sealed_.readers_are_done && !drains()) return give_up(Then::kRecoverAtOnce);
  enter(Phase::kIdle);
}

void Coordinator::on(LookedAround& reply) {
  if (phase_ != Phase::kLooking) return;
  next_look_ = clock_.mono() + options_.look_every;
  if (!reply.splits_changed) return enter(Phase::kIdle);
  log(LogLevel::kInfo, context_, "partitions have come or gone; the lane is assigned anew");
  give_up(Then::kRecoverAtOnce);
}

void Coordinator::on(Refreshed& /*reply*/) {
  if (phase_ != Phase::kRefreshing) return;
  next_refresh_ = clock_.mono() + kRefreshEvery;
  enter(Phase::kIdle);
}

// `trigger: every`: what is there now is read, in as many epochs as it takes.
void Coordinator::on(EndsFound& reply) {
  if (phase_ != Phase::kTicking) return;
  for (const auto& [split, end] : reply.ends) splits_open_.insert(split);
  for (std::size_t i = 0; i < actors_.workers(); ++i) actors_.send(i, ReadTo{reply.ends});
  ticked_ = true;
  // Ticks that passed while the one before was being read are not made up.
  while (next_tick_ <= clock_.mono()) next_tick_ += *options_.trigger_every;
  enter(Phase::kIdle);
}

void Coordinator::on(StoppedClean& /*reply*/) {
  if (phase_ != Phase::kStopping) return;
  end({stop_seen_ ? LaneState::kStopped : LaneState::kFinished, {}, false});
}

void Coordinator::on(Released& reply) {
  if (phase_ != Phase::kReleasing) return;
  if (!reply.ranges.empty()) name_poison(reply);
  switch (then_) {
    case Then::kEnd:
      return end(std::move(outcome_));
    case Then::kRecoverAtOnce:
      return command(Recover{!claimed_once_}, Phase::kRecovering);
    case Then::kBackOff:
      back_until_ = clock_.mono() + backoff(failures_ - 1);
      return enter(Phase::kBackingOff);
  }
}

void Coordinator::on(CommitterFailed& reply) { fail(std::move(reply.error), moved_splits()); }

std::vector<SplitId> Coordinator::moved_splits() const {
  std::vector<SplitId> splits;
  for (const SplitRange& range : sealed_.moved) splits.push_back(range.split);
  return splits;
}

void Coordinator::advance() {
  const MonoTime now = clock_.mono();
  switch (phase_) {
    case Phase::kIdle:
      return advance_idle();
    case Phase::kOpen:
      return advance_open();
    case Phase::kSealing:
      if (answers_ == actors_.workers())
        return command(CommitEpoch{epoch_, sealed_.moved, std::move(sealed_.outbox)},
                       Phase::kCommitting);
      if (now >= entered_ + kSealTimeout) {
        fail({Action::kRecover, Code::kBrokersUnreachable,
              "the epoch's rows could not be written in time"});
      }
      return;
    case Phase::kDiscarding:
      // Workers forget first: sources are let go when no reader is left.
      if (answers_ == actors_.workers() && !busy_) release();
      return;
    case Phase::kBackingOff:
      if (now >= back_until_) command(Recover{!claimed_once_}, Phase::kRecovering);
      return;
    case Phase::kRecovering:
    case Phase::kAssigning:
    case Phase::kOpening:
    case Phase::kCommitting:
    case Phase::kLooking:
    case Phase::kRefreshing:
    case Phase::kTicking:
    case Phase::kStopping:
    case Phase::kReleasing:
    case Phase::kEnded:
      return;
  }
}

void Coordinator::advance_idle() {
  const MonoTime now = clock_.mono();
  const bool tick_due = waits_for_tick() && now >= next_tick_;
  if (now >= assigned_ + kCalm) failures_ = 0;
  if (drains()) {
    if (status_.state != LaneState::kDraining) publish(LaneState::kDraining);
    // A lane that ends by itself waits for its followers without limit; watch_stops() has one.
    if (delivered()) command(CleanStop{}, Phase::kStopping);
  } else if (now >= next_look_) {
    command(LookAround{}, Phase::kLooking);
  } else if (now >= next_refresh_) {
    command(Refresh{}, Phase::kRefreshing);
  } else if (tick_due) {
    command(FindEnds{}, Phase::kTicking);
  } else if (!waiting_.empty() && !waits_for_outbox()) {
    command(OpenTransaction{assignment_}, Phase::kOpening);
  }
}

void Coordinator::advance_open() {
  if (clock_.mono() < seal_at()) return;
  answers_ = 0;
  enter(Phase::kSealing);
  for (std::size_t i = 0; i < actors_.workers(); ++i) actors_.send(i, SealEpoch{});
}

MonoTime Coordinator::seal_at() const {
  return next_seal({.opened = entered_,
                    .records = budget_.records,
                    .bytes_in = budget_.bytes_in,
                    .bytes_out = budget_.bytes_out,
                    .input_ended = input_ended(),
                    .stopping = stop_seen_.has_value()},
                   {.every = options_.commit_every,
                    .records = options_.commit_records,
                    .bytes = options_.commit_bytes});
}

// No call of a client library is trusted to return (epochs.md, section 3).
void Coordinator::watch_committer() {
  if (!busy_) return;
  const MonoTime now = clock_.mono();
  if (now >= commanded_ + kCommandLimit) {
    return end({LaneState::kFailed,
                Error{Action::kStopJob, "the committer has not answered for ten minutes"}, true});
  }
  if (!actors_.watch().overdue(now) || !actors_.watch().abandon()) return;
  busy_ = false;
  log(LogLevel::kWarn, context_, "a call to the decider does not return; it is abandoned");
  if (actors_.abandoned() > kAbandonedMax) {
    return end({LaneState::kFailed,
                Error{Action::kStopJob, Code::kBrokersUnreachable,
                      "more than two calls to the decider have not returned"},
                true});
  }
  doubts_before_ = status_.doubts;
  if (Result<> replaced = actors_.replace_committer(++committer_); !replaced) {
    return end({LaneState::kFailed, std::move(replaced.error()), true});
  }
  // The one that is gone has not let the sources go.
  if (phase_ == Phase::kReleasing) return release();
  fail({Action::kRecover, Code::kBrokersUnreachable,
        "the decider did not answer within half of transaction.timeout.ms"});
}

// The last line of a run is the job's summary.
void Coordinator::report_progress() {
  if (!options_.log_progress || ended() || stop_seen_) return;
  const std::optional<std::string> text = reports_.report(status_, clock_.mono());
  if (text) log(LogLevel::kInfo, context_, *text);
}

void Coordinator::watch_stops() {
  const int stops = stops_;
  if (stops == 0) return;
  const MonoTime now = clock_.mono();
  if (!stop_seen_) {
    stop_seen_ = now;
    log(LogLevel::kInfo, context_, "stopping: the open epoch is finished and committed first");
  }
  LaneOutcome stopped{LaneState::kStopped, {}, false};
  if (phase_ == Phase::kBackingOff) return end(std::move(stopped));
  const bool connecting =
      phase_ == Phase::kRecovering || phase_ == Phase::kAssigning || phase_ == Phase::kOpening;
  const bool impatient = stops > 1 || now >= *stop_seen_ + options_.drain_timeout ||
                         (connecting && now >= *stop_seen_ + kStopPatience);
  if (!impatient) return;
  const bool settling = giving_up(phase_) || phase_ == Phase::kStopping;
  if (settling && stops < 3 && now < entered_ + kGiveUpPatience) return;
  // Followers had their time; what remains in the outbox is kept.
  if (phase_ == Phase::kIdle) return command(CleanStop{}, Phase::kStopping);
  if (giving_up(phase_) || busy_) {
    // As a kill -9 would: what is open is settled by the next start.
    actors_.watch().abandon();
    stopped.threads_left = busy_;
    return end(std::move(stopped));
  }
  log(LogLevel::kInfo, context_, "the open epoch is given up; its records come again");
  outcome_ = std::move(stopped);
  give_up(Then::kEnd);
}

MonoTime Coordinator::wake_at() const {
  const MonoTime now = clock_.mono();
  // The committer's watch and the patience of stops are looked at by the second.
  MonoTime at = busy_ || stop_seen_ ? now + seconds(1) : MonoTime::max();
  // A lane that drains does neither: it waits for its followers.
  const bool rests = phase_ == Phase::kIdle && !drains();
  if (rests) at = std::min({at, next_look_, next_refresh_});
  if (rests && waits_for_tick()) at = std::min(at, next_tick_);
  if (phase_ == Phase::kOpen) at = std::min(at, seal_at());
  if (phase_ == Phase::kSealing) at = std::min(at, entered_ + kSealTimeout);
  if (phase_ == Phase::kBackingOff) at = std::min(at, back_until_);
  if (options_.log_progress && !stop_seen_) at = std::min(at, reports_.due(status_));
  return at;
}

// True while a topic that this process has read or written may only seem to be gone.
bool Coordinator::waits_for_topic(const Error& error) {
  if (error.code() != Code::kTopicMissing || !claimed_once_) return false;
  const MonoTime now = clock_.mono();
  if (!topic_missing_) topic_missing_ = now;
  return now < *topic_missing_ + kTopicPatience;
}

// `refused`: the splits whose rows may be the reason, where rows were refused.
void Coordinator::fail(Error error, const std::vector<SplitId>& refused) {
  if (giving_up(phase_)) {
    log(LogLevel::kDebug, context_, "while giving up: " + error.message());
    return;
  }
  switch (error.action()) {
    case Action::kHalt:
      outcome_ = {LaneState::kHalted, std::move(error), false};
      return give_up(Then::kEnd);
    case Action::kStopJob:
      if (waits_for_topic(error)) break;
      outcome_ = {LaneState::kFailed, std::move(error), false};
      return give_up(Then::kEnd);
    case Action::kRetry:
    case Action::kSkipRecord:
    case Action::kRecover:
      break;
  }
  if (poison_.failed(error, progress_.splits, refused) >= kPoisonAttempts) {
    outcome_ = {LaneState::kHalted,
                Error{Action::kHalt, Code::kPoisonEpoch,
                      "three attempts at the same positions failed: " + error.message()},
                false};
    return give_up(Then::kEnd);
  }
  const std::uint64_t attempts = too_large_.failed(error, progress_.splits, refused);
  const AfterRefusal after = attempts > 0 ? after_refusal(attempts) : AfterRefusal::kBackOff;
  if (after == AfterRefusal::kHalt) {
    outcome_ = {LaneState::kHalted, refused_for_ever(attempts, error), false};
    return give_up(Then::kEnd);
  }
  if (stop_seen_) {
    log(LogLevel::kWarn, context_, "stopped without the last epoch: " + error.message());
    outcome_ = {LaneState::kStopped, {}, false};
    return give_up(Then::kEnd);
  }
  const bool at_once = after == AfterRefusal::kAtOnce;
  if (!at_once) ++failures_;
  ++status_.recovers;
  const bool waiting = is_outage(error.code());
  status_.last_error = error.message();
  log(LogLevel::kWarn, context_, recovering_text(error));
  give_up(at_once ? Then::kRecoverAtOnce : Then::kBackOff);
  publish(waiting ? LaneState::kWaitingForKafka : LaneState::kStarting);
}

void Coordinator::give_up(Then then) {
  then_ = then;
  answers_ = 0;
  given_up_.clear();
  enter(Phase::kDiscarding);
  for (std::size_t i = 0; i < actors_.workers(); ++i) actors_.send(i, Discard{});
}

void Coordinator::release() {
  const bool poison = outcome_.error && outcome_.error->code() == Code::kPoisonEpoch;
  // Workers that had answered the seal gave nothing up.
  const auto sealed = [&](const SplitRange& range) {
    return std::none_of(given_up_.begin(), given_up_.end(),
                        [&](const SplitRange& other) { return other.split == range.split; });
  };
  if (poison) {
    std::vector<SplitRange> more;
    std::copy_if(sealed_.moved.begin(), sealed_.moved.end(), std::back_inserter(more), sealed);
    given_up_.insert(given_up_.end(), more.begin(), more.end());
  }
  std::sort(given_up_.begin(), given_up_.end(),
            [](const SplitRange& a, const SplitRange& b) { return a.split < b.split; });
  command(Release{poison ? given_up_ : std::vector<SplitRange>{}}, Phase::kReleasing);
}

// An epoch that was refused before its seal: only what is given up says which records it had.
void Coordinator::name_poison(const Released& reply) {
  const Error& error = *outcome_.error;
  const bool names_record = error.message().find("\n  weir offsets ") != std::string::npos;
  outcome_.error =
      Error{error.action(), error.code(),
            error.message() + "\n  the epoch's records, as far as they were taken:" + reply.ranges +
                (names_record ? "" : reply.skip)};
}

void Coordinator::end(LaneOutcome outcome) {
  outcome_ = std::move(outcome);
  // A follower may be inside of a call to its sink, an abandoned committer in one to its decider.
  outcome_.threads_left = outcome_.threads_left || !delivered() || actors_.abandoned() > 0;
  enter(Phase::kEnded);
  publish(outcome_.state);
}

void Coordinator::command(CommitterCommand command, Phase phase) {
  WEIR_CHECK(!busy_, "one command at a time");
  busy_ = true;
  commanded_ = clock_.mono();
  enter(phase);
  actors_.send(std::move(command));
}

void Coordinator::enter(Phase phase) {
  WEIR_CHECK(allowed(phase_, phase), "the drawing in the header");
  phase_ = phase;
  entered_ = clock_.mono();
  if (phase == Phase::kOpen) opened_ = entered_;
  if (phase == Phase::kSealing) sealing_ = entered_;
  if (phase == Phase::kCommitting) committing_ = entered_;
}

// Nothing more is to be read; followers may still be behind.
bool Coordinator::drains() const { return stop_seen_ || (bounded_ && input_ended()); }

// Everything that is to be read was: up to the ends, or up to what the tick found.
bool Coordinator::input_ended() const {
  return splits_open_.empty() && (options_.trigger_every ? ticked_ : bounded_);
}

void Coordinator::publish(LaneState state) {
  status_.state = state;
  status_.outbox_bytes = 0;
  for (const FollowerAt& follower : followers_) status_.outbox_bytes += follower.outbox_bytes;
  status_.epoch = progress_.epoch;
  published_.publish(status_);
}

}  // namespace weir
