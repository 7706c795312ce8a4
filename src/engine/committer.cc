#include "engine/committer.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/decisions.h"

namespace weir {
namespace {

using std::chrono::seconds;

// Half of transaction.timeout.ms less what watched() adds: then the coordinator gives the call up
// (epochs.md, section 3).
constexpr seconds kCommitPatience{20};
// A little over message.timeout.ms: librdkafka says first what became of the rows.
constexpr seconds kFlushTimeout{50};
constexpr seconds kAbortTimeout{5};
// What a sink asks before each epoch: an outage is known soon.
constexpr seconds kOpenTimeout{10};
// D records that stay for a decider which goes back a little (T13), and for people.
constexpr EpochId::rep kKeptRecords = 8;

MirrorPositions moved_of(const EpochRecord& record) {
  MirrorPositions moved;
  for (const SplitRange& range : record.ranges) moved.emplace_back(range.split, range.next);
  return moved;
}

Error unknown_cell(const std::string& why) {
  return {Action::kRetry, Code::kBrokersUnreachable, "the cell is unknown: " + why};
}

}  // namespace

Error Committer::abandoned() {
  return {Action::kRecover, "this committer was abandoned in a call that did not return in time"};
}

Result<CellReading> Committer::peek() {
  const MonoTime deadline = soon();
  WEIR_ASSIGN(CellReading reading,
              watched(deadline, [&]() -> Result<CellReading> { return decider_->peek(deadline); }));
  if (reading.state == ReadState::kUnknown) return unknown_cell(reading.text);
  return reading;
}

Result<CellReading> Committer::read_stable(MonoTime deadline) {
  WEIR_ASSIGN(CellReading reading, watched(deadline, [&]() -> Result<CellReading> {
                return decider_->read_stable(deadline);
              }));
  if (reading.state == ReadState::kUnknown) return unknown_cell(reading.text);
  return reading;
}

Result<> Committer::fence() {
  const MonoTime deadline = soon();
  return watched(deadline, [&] { return decider_->fence(deadline); });
}

std::size_t Committer::source_of(const SplitId& split) const {
  for (std::size_t i = 0; i < parts_.sources.size(); ++i) {
    if (parts_.sources[i]->name() == split.source) return i;
  }
  WEIR_CHECK(false, "splits of sources that the plan lacks are dropped at recovery");
}

Cell Committer::cell_now() const {
  Cell cell;
  cell.id = parts_.id;
  cell.epoch = lane_.epoch;
  cell.attempt = lane_.attempt;
  cell.digest = lane_.digest;
  cell.owner = lane_.owner_next;
  cell.plan = lane_.plan;
  cell.host = parts_.options.host;
  cell.claimed_at = claimed_at_;
  return cell;
}

// What a job file no longer names stays in LANE, and is neither read nor committed.
bool Committer::is_read(const SplitId& split) const {
  return parts_.sources[source_of(split)]->covers(split.split);
}

Commit Committer::whole_commit() const {
  Commit commit{.cell = cell_now(), .mirror = {}};
  for (const auto& [split, progress] : lane_.splits) {
    if (is_mirrored(split) && is_read(split)) commit.mirror.emplace_back(split, progress.position);
  }
  return commit;
}

LogContext Committer::context() const {
  return {.job = parts_.id.job, .lane = parts_.id.lane, .epoch = lane_.epoch};
}

Result<> Committer::check_health() {
  for (const auto& source : parts_.sources) WEIR_TRY(source->health());
  return {};
}

Result<std::vector<std::unique_ptr<SplitReader>>> Committer::assign(
    const std::vector<const Waker*>& wakers) {
  WEIR_CHECK(wakers.size() == claimed_.size(), "one waker per claimed split");
  std::vector<std::unique_ptr<SplitReader>> readers(claimed_.size());
  for (std::size_t source = 0; source < parts_.sources.size(); ++source) {
    std::vector<SplitAssignment> assignments;
    std::vector<const Waker*> woken;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < claimed_.size(); ++i) {
      if (claimed_[i].source != source) continue;
      assignments.push_back(claimed_[i].assignment);
      woken.push_back(wakers[i]);
      places.push_back(i);
    }
    WEIR_ASSIGN(auto made, parts_.sources[source]->assign(assignments, woken));
    for (std::size_t i = 0; i < made.size(); ++i) readers[places[i]] = std::move(made[i]);
  }
  return readers;
}

Result<EpochContext> Committer::open(AssignmentId assignment) {
  WEIR_TRY(check_health());
  const EpochId epoch = lane_.epoch.next();
  for (const auto& sink : parts_.sinks) WEIR_TRY(sink->open(clock_.mono() + kOpenTimeout));
  WEIR_TRY(watched(soon(), [&] { return decider_->begin(epoch); }));
  return EpochContext{epoch, std::max(lane_.clock, clock_.wall()), assignment};
}

Result<> Committer::commit(const EpochContext& epoch, const std::vector<SplitRange>& moved,
                           const std::vector<OutboxRow>& outbox) {
  WEIR_CHECK(epoch.epoch == lane_.epoch.next(), "epochs are decided one after the other (M4)");
  if (moved.empty()) {
    // Nothing moved, so nothing was written: dropped without a commit.
    WEIR_TRY(watched(soon(), [&]() -> Result<> {
      decider_->abort(clock_.mono() + kAbortTimeout);
      return {};
    }));
    return rotate();
  }
  for (const SplitRange& range : moved) {
    const Source& source = *parts_.sources[source_of(range.split)];
    // Without a record it may be the beginning of a topic that was made again (`on_data_loss`).
    WEIR_CHECK(range.records == 0 || source.distance(range.first, range.next).value_or(0) >= 0,
               "offsets rise (I9)");
  }
  WEIR_TRY(flush(epoch, moved));
  EpochRecord record = record_of(epoch, moved);
  if (lane_.decider.kind == DeciderKind::kLocal) return decide_locally(record, outbox);
  WEIR_TRY(prepare(record, outbox));
  Commit commit{.cell = cell_now(), .mirror = {}};
  commit.cell.epoch = record.epoch;
  commit.cell.attempt = record.attempt;
  commit.cell.digest = record.digest;
  for (const SplitRange& range : moved) {
    if (is_mirrored(range.split)) commit.mirror.emplace_back(range.split, range.next);
  }
  return commit_cell(commit, [&] { return apply(record); });
}

EpochRecord Committer::record_of(const EpochContext& epoch, const std::vector<SplitRange>& moved) {
  EpochRecord record;
  record.epoch = epoch.epoch;
  record.attempt = AttemptId{random_.next() | 1U};
  record.ranges = moved;
  record.splits = lane_.splits;
  for (const SplitRange& range : moved) record.splits[range.split].position = range.next;
  record.clock = epoch.clock;
  return record;
}

// PREPARED. D/<N> is durable before anything is sent that decides (M1), and D/<N-1> is applied
// (M5): LANE was written before the begin of this epoch.
Result<> Committer::prepare(EpochRecord& record, const std::vector<OutboxRow>& outbox) {
  return light_ ? Result<>() : parts_.store->put_epoch(record, outbox);
}

// Positions of sources that the decider's transaction cannot hold, for lag tools. What matters is
// in the store already, so a failure is worth a line.
void Committer::publish(const MirrorPositions& positions) {
  const MirrorMark mark{parts_.id.instance, parts_.id.job, lane_.epoch};
  for (const auto& source : parts_.sources) {
    if (mirrored_.contains(source->name())) continue;
    MirrorPositions theirs;
    for (const auto& each : positions) {
      if (each.first.source == source->name()) theirs.push_back(each);
    }
    if (theirs.empty()) continue;
    if (const Result<> done = source->publish(mark, theirs, soon()); !done) {
      log(LogLevel::kWarn, context(), "positions were not copied: " + done.error().message());
    }
  }
}

// APPLIED. No sync: a loss leads back to D/<N> and the decider. A light lane's truth is the cell
// and the mirror.
Result<> Committer::apply(const EpochRecord& record) {
  advance(record);
  if (light_) return {};
  WEIR_TRY(parts_.store->put_lane(lane_, Sync::kNo));
  publish(moved_of(record));
  return parts_.store->drop_folded(EpochId{record.epoch.value() - kKeptRecords});
}

Result<> Committer::decide_locally(EpochRecord& record, const std::vector<OutboxRow>& outbox) {
  LaneRecord before = lane_;
  advance(record);
  if (Result<> decided = parts_.store->put_decided(record, outbox, lane_); !decided) {
    lane_ = std::move(before);
    return decided;
  }
  publish(moved_of(record));
  return parts_.store->drop_folded(EpochId{record.epoch.value() - kKeptRecords});
}

// LANE says what the record says.
void Committer::advance(const EpochRecord& record) {
  for (const SplitRange& range : record.ranges) known_tails_.try_emplace(range.split, range.next);
  lane_.epoch = record.epoch;
  lane_.attempt = record.attempt;
  lane_.digest = record.digest;
  lane_.splits = record.splits;
  lane_.watermark = record.watermark;
  lane_.clock = record.clock;
}

// The rows are out, all of them, or the epoch cannot be decided.
Result<> Committer::flush(const EpochContext& epoch, const std::vector<SplitRange>& moved) {
  for (const auto& sink : parts_.sinks) {
    Result<> flushed = sink->flush(epoch.epoch, clock_.mono() + kFlushTimeout);
    if (flushed) continue;
    if (flushed.error().code() != Code::kRowsRefused) return flushed;
    return Error{flushed.error().action(), Code::kRowsRefused,
                 flushed.error().message() + "\n  the epoch's records:" + describe(moved) +
                     skip_first(moved)};
  }
  return {};
}

std::string Committer::describe(const std::vector<SplitRange>& ranges) const {
  std::string text;
  for (const SplitRange& range : ranges) {
    const Source& source = *parts_.sources[source_of(range.split)];
    text += "\n    " + range.split.text() + " from " + source.describe(range.first) + " up to " +
            source.describe(range.next) + ", " + std::to_string(range.records) + " records";
  }
  return text;
}

std::string Committer::skip_first(const std::vector<SplitRange>& ranges) const {
  if (ranges.empty()) return {};
  const SplitRange& range = ranges.front();
  return "\n  weir offsets " + parts_.options.job_file + " skip " + range.split.text() + "@" +
         parts_.sources[source_of(range.split)]->describe(range.first) +
         "   leaves one record out, here the first";
}

// One commit of the cell: epoch, claim or refresh. `applied` runs when it is decided, before the
// rotation.
Result<> Committer::commit_cell(const Commit& commit, const std::function<Result<>()>& applied) {
  const Result<Verdict> verdict =
      watched(clock_.mono() + kCommitPatience, [&] { return decider_->commit(commit); });
  const AfterCommit after = on_commit_result(verdict, parts_.options.rotate_always);
  if (after == AfterCommit::kRecover) return verdict.error();
  if (*verdict == Verdict::kDecidedWithDoubt) {
    LogContext decided = context();
    decided.epoch = commit.cell.epoch;
    log(LogLevel::kInfo, decided, "a commit was followed by doubt; the producer is rotated");
  }
  WEIR_TRY(applied());
  return after == AfterCommit::kRotate ? rotate() : Result<>();
}

// A new handle, fence and stable read: the cell must be what we committed (section 3).
Result<> Committer::rotate() {
  WEIR_TRY(fence());
  WEIR_ASSIGN(const CellReading reading, read_stable(soon()));
  if (reading.cell && reading.cell->owner != lane_.owner_next &&
      reading.cell->owner != lane_.owner) {
    return Error{Action::kHalt, Code::kOtherOwner,
                 "another weir, on host " + reading.cell->host +
                     ", has taken this job over at epoch " +
                     std::to_string(reading.cell->epoch.value()) +
                     "\n  stop the other one for good, then: weir run " + parts_.options.job_file +
                     " --takeover"};
  }
  if (!reading.cell || reading.cell->owner != lane_.owner_next ||
      reading.cell->epoch != lane_.epoch || reading.cell->attempt != lane_.attempt) {
    return Error{Action::kRecover,
                 "the cell is not what was just committed: \"" + reading.text + "\""};
  }
  return {};
}

Result<bool> Committer::look_around() {
  WEIR_TRY(check_health());
  WEIR_ASSIGN(const std::vector<SplitId> splits, discover());
  bool changed = std::any_of(splits.begin(), splits.end(),
                             [&](const SplitId& split) { return !lane_.splits.contains(split); });
  for (const SplitId& split : missed(splits)) {
    Source& source = *parts_.sources[source_of(split)];
    WEIR_ASSIGN(const Missed miss, source.miss(split.split, lane_.splits.at(split).position));
    changed = changed || miss.let_go;
  }
  if (changed) return true;
  // The lane waits for the answer, so it is a short wait, and no answer says nothing.
  if (Result<> tails = look_at_tails(); !tails) {
    if (tails.error().action() != Action::kRetry) return std::move(tails.error());
    log(LogLevel::kWarn, context(),
        "the last records read were not compared, which is tried again in a minute; until then a "
        "topic that is made again is not noticed: " +
            tails.error().message());
  }
  return false;
}

// A topic that was deleted, made again and filled raises no event, and reading goes on in it: the
// last record read may be one of the new topic's by now. So where reading has moved, the one that
// was known before is compared too.
Result<> Committer::look_at_tails() {
  std::map<SplitId, Position> before = known_tails_;
  std::erase_if(before, [&](const auto& entry) {
    return lane_.splits.at(entry.first).position == entry.second;
  });
  WEIR_ASSIGN(const std::vector<TailCheck> checks, compare_tails(before, kLookPatience));
  if (const auto rewritten = decide_tails(checks, parts_.options.job_file)) {
    return halted(*rewritten);
  }
  WEIR_ASSIGN(const std::vector<TailCheck> now, verify_tails(kLookPatience));
  warn_of_unverified(checks, now);
  note_tails(now, [](const Source&) { return true; });
  return {};
}

// Of splits whose records were compared before, or read since; of others there is nothing to say.
void Committer::warn_of_unverified(const std::vector<TailCheck>& before,
                                   const std::vector<TailCheck>& now) {
  std::map<SplitId, std::string> unverified;
  for (const TailCheck& check : now) {
    const bool had_one = known_tails_.contains(check.split);
    if (check.state == TailState::kUnverified && had_one) unverified[check.split] = check.detail;
  }
  for (const TailCheck& check : before) {
    if (check.state != TailState::kUnverified) unverified.erase(check.split);
  }
  const auto fresh = std::find_if(unverified.begin(), unverified.end(), [&](const auto& each) {
    return !unverified_.contains(each.first);
  });
  if (fresh != unverified.end()) {
    log(LogLevel::kWarn, context(),
        "the last records read cannot be compared, and what is made again is not noticed, in " +
            std::to_string(unverified.size()) + " splits, such as " + fresh->first.text() + ": " +
            fresh->second);
  }
  unverified_.clear();
  for (const auto& [split, detail] : unverified) unverified_.insert(split);
}

Result<std::map<SplitId, Position>> Committer::find_ends() {
  std::map<SplitId, Position> all;
  for (const auto& source : parts_.sources) {
    std::map<std::string, Position> ends = lane_.sources[source->name()].ends;
    if (!source->bounded()) {
      WEIR_ASSIGN(ends, source->ends_now(splits_of(*source), soon()));
    }
    for (auto& [split, end] : ends) all[{source->name(), split}] = std::move(end);
  }
  return all;
}

Result<> Committer::refresh() {
  MirrorPositions all;
  for (const auto& [split, progress] : lane_.splits) {
    if (is_read(split)) all.emplace_back(split, progress.position);
  }
  return commit_cell(whole_commit(), [&] {
    publish(all);
    return Result<>();
  });
}

Result<> Committer::clean_stop() {
  WEIR_TRY(refresh());
  lane_.clean_stop = true;
  return parts_.store->put_lane(lane_, Sync::kYes);
}

void Committer::release() {
  if (decider_) {
    const Result<> done = watched(clock_.mono() + kAbortTimeout, [&]() -> Result<> {
      decider_->abort(clock_.mono() + kAbortTimeout);
      return {};
    });
    if (!done) return;
  }
  for (const auto& source : parts_.sources) source->unassign();
}

CommitterProgress Committer::progress() const {
  std::vector<std::uint64_t> outbox_bytes;
  for (const auto& follower : parts_.followers) {
    outbox_bytes.push_back(parts_.store->outbox_bytes(follower->name()));
  }
  return {.known = lane_.id == parts_.id,
          .epoch = lane_.epoch,
          .splits = lane_.splits,
          .outbox_bytes = std::move(outbox_bytes),
          .doubts = decider_ ? decider_->doubts() : 0};
}

}  // namespace weir
