#include "engine/committer.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace weir {
namespace {

Error halted(const RecoveryDecision& decision) {
  return {Action::kHalt, decision.halt, decision.text};
}

Error unknown(std::string_view what, const std::string& why) {
  return {Action::kRetry, Code::kBrokersUnreachable, std::string(what) + " is unknown: " + why};
}

}  // namespace

std::size_t Committer::source_of(const SplitId& split) const {
  for (std::size_t i = 0; i < parts_.sources.size(); ++i) {
    if (parts_.sources[i]->name() == split.source) return i;
  }
  WEIR_CHECK(false, "splits of sources that the plan lacks are dropped at recovery");
}

Result<std::vector<ClaimedSplit>> Committer::recover(bool at_start) {
  WEIR_TRY(connect());
  WEIR_TRY(read_facts(at_start));
  WEIR_ASSIGN(const std::vector<SplitId> splits, discover());
  const RecoveryDecision decision = decide_recovery(facts_);
  log(LogLevel::kInfo, {.job = parts_.id.job, .lane = parts_.id.lane, .epoch = {}},
      "recovery: row " + decision.row);
  if (decision.action == RecoveryAction::kHalt) return halted(decision);
  if (decision.action == RecoveryAction::kFirstStart) {
    WEIR_TRY(first_start(splits));
  } else {
    WEIR_TRY(continue_from(decision, splits));
  }
  WEIR_TRY(verify_tails());
  WEIR_TRY(resolve_ends());
  WEIR_TRY(claim());
  return assignments();
}

Result<> Committer::connect() {
  if (!decider_) {
    WEIR_ASSIGN(decider_, parts_.make_decider());
  }
  WEIR_ASSIGN(lane_.decider, decider_->identify(soon()));
  WEIR_TRY(decider_->ensure_cell_place(soon()));
  for (const auto& sink : parts_.sinks) WEIR_TRY(sink->check(soon()));
  return {};
}

// Steps 1 to 4: load, peek, owner, fence, stable read, owner.
Result<> Committer::read_facts(bool at_start) {
  WEIR_ASSIGN(StoreContents contents, parts_.store->load());
  facts_ = RecoveryFacts{};
  facts_.id = parts_.id;
  facts_.job = parts_.options.job_file;
  facts_.lane = std::move(contents.lane);
  facts_.prepared = std::move(contents.prepared);
  if (facts_.lane) {
    facts_.delta_records =
        !contents.epochs.empty() && contents.epochs.front() <= facts_.lane->epoch;
    for (const EpochId epoch : contents.epochs) {
      if (epoch > facts_.lane->epoch.next()) facts_.stray = epoch;
    }
    // What this process committed since its claim is not in a light lane's store: the cell is.
    if (facts_.lane->decider.cluster_id != lane_.decider.cluster_id) {
      return Error{Action::kHalt, Code::kSourceRewritten,
                   "cluster " + lane_.decider.cluster_name + " has id " + lane_.decider.cluster_id +
                       ", and this job ran in " + facts_.lane->decider.cluster_id};
    }
  }
  facts_.takeover = (parts_.options.takeover || parts_.options.takeover_auto) && at_start;

  facts_.cell = decider_->peek(soon());
  if (facts_.cell.state == ReadState::kUnknown) return unknown("the cell", facts_.cell.text);
  if (check_owner(facts_, parts_.options.host)) {
    // A plain read can be one commit old: ask again, stably, and still without fencing.
    facts_.cell = decider_->read_stable(clock_.mono() + std::chrono::seconds(75));
    if (facts_.cell.state == ReadState::kUnknown) return unknown("the cell", facts_.cell.text);
    if (const auto halt = check_owner(facts_, parts_.options.host)) return halted(*halt);
  }
  WEIR_TRY(decider_->fence(soon()));
  facts_.cell = decider_->read_stable(soon());
  if (facts_.cell.state == ReadState::kUnknown) return unknown("the cell", facts_.cell.text);
  if (const auto halt = check_owner(facts_, parts_.options.host)) return halted(*halt);
  return {};
}

Result<std::vector<SplitId>> Committer::discover() {
  std::vector<SplitId> splits;
  for (const auto& source : parts_.sources) {
    WEIR_ASSIGN(const std::vector<SplitListing> found, source->discover(soon()));
    for (const SplitListing& listing : found) splits.push_back({source->name(), listing.split});
  }
  return splits;
}

Result<> Committer::first_start(const std::vector<SplitId>& splits) {
  LaneRecord lane;
  lane.id = parts_.id;
  lane.decider = lane_.decider;
  for (const auto& source : parts_.sources) {
    std::vector<SplitId> ids;
    std::vector<std::string> names;
    for (const SplitId& split : splits) {
      if (split.source != source->name()) continue;
      ids.push_back(split);
      names.push_back(split.split);
    }
    WEIR_ASSIGN(const MirrorReading mirror, decider_->read_mirror(ids, true, soon()));
    for (const MirrorEntry& entry : mirror.entries) {
      if (entry.state == ReadState::kUnknown) return unknown("an offset of the group", entry.text);
    }
    FirstStartFacts facts{.id = parts_.id,
                          .source = source->name(),
                          .group = parts_.options.groups.at(source->name()),
                          .start_committed = source->starts_at_committed(),
                          .start_explicit = source->start_is_explicit(),
                          .group_has_members = !mirror.groups_with_members.empty(),
                          .mirror = mirror.entries,
                          .job = parts_.options.job_file};
    const FirstStartDecision decision = decide_first_start(facts);
    if (decision.halt) return halted(*decision.halt);
    std::map<std::string, Position> positions;
    if (decision.by_start) {
      WEIR_ASSIGN(positions, source->first_positions(names, soon()));
    } else {
      WEIR_ASSIGN(positions, source->beginnings(names, soon()));
      for (const MirrorEntry& entry : mirror.entries) {
        if (entry.state == ReadState::kValue) {
          positions[entry.split.split] = entry.position;
        } else {
          log(LogLevel::kWarn,
              entry.split.text() + " has no committed offset and begins at its beginning");
        }
      }
    }
    for (const SplitId& split : ids) lane.splits[split].position = positions.at(split.split);
    WEIR_ASSIGN(lane.sources[source->name()].cluster_id, source->identity(soon()));
    if (source->bounded()) {
      WEIR_ASSIGN(lane.sources[source->name()].ends, source->ends(names, soon()));
    }
  }
  lane_ = lane;
  lane_.plan = parts_.options.plan;
  lane_.clock = clock_.wall();
  return parts_.store->put_lane(lane_, Sync::kYes);
}

Result<> Committer::continue_from(const RecoveryDecision& decision,
                                  const std::vector<SplitId>& splits) {
  const DeciderRecord decider = lane_.decider;
  lane_ = facts_.lane.value_or(LaneRecord{});
  lane_.id = parts_.id;
  lane_.decider = decider;
  lane_.plan = parts_.options.plan;
  switch (decision.action) {
    case RecoveryAction::kDropPrepared:
      WEIR_TRY(parts_.store->drop_above(lane_.epoch));
      break;
    case RecoveryAction::kAdopt:
      lane_.epoch = facts_.cell.cell->epoch;
      lane_.attempt = facts_.cell.cell->attempt;
      lane_.digest = facts_.cell.cell->digest;
      if (facts_.lane) WEIR_TRY(parts_.store->drop_above(facts_.lane->epoch));
      break;
    case RecoveryAction::kResume:
    case RecoveryAction::kClaimLocal:
      break;
    case RecoveryAction::kRestore:
    case RecoveryAction::kRollForward:
    case RecoveryAction::kGoBack:
    case RecoveryAction::kHalt:
    case RecoveryAction::kFirstStart:
      return Error{Action::kHalt, Code::kBug,
                   "row " + decision.row +
                       " belongs to lanes with D records, which this version does not write"};
  }
  for (const auto& source : parts_.sources) {
    SourceRecord& record = lane_.sources[source->name()];
    WEIR_ASSIGN(const std::string identity, source->identity(soon()));
    if (!record.cluster_id.empty() && record.cluster_id != identity) {
      return Error{Action::kHalt, Code::kSourceRewritten,
                   "source \"" + source->name() + "\" is cluster " + identity + " now, and was " +
                       record.cluster_id};
    }
    record.cluster_id = identity;
  }
  WEIR_ASSIGN(const MirrorReading mirror, decider_->read_mirror(splits, false, soon()));
  for (const MirrorEntry& entry : mirror.entries) {
    if (entry.state == ReadState::kUnknown) return unknown("an offset of the group", entry.text);
  }
  const bool never_claimed =
      lane_.owner == OwnerId{} && lane_.owner_next == OwnerId{} && lane_.epoch == EpochId{};
  SplitProgressMap known;
  for (const auto& [split, progress] : lane_.splits) {
    if (std::any_of(parts_.sources.begin(), parts_.sources.end(),
                    [&](const auto& source) { return source->name() == split.source; })) {
      known[split] = progress;
    }
  }
  const bool cell_gone = facts_.cell.state == ReadState::kAbsent;
  if (never_claimed || cell_gone) {
    // T6: LANE's positions, whatever the mirror says; the claim writes it whole.
    lane_.splits = known;
    std::vector<SplitId> later;
    for (const SplitId& split : splits) {
      if (!known.contains(split)) later.push_back(split);
    }
    return start_at_beginning(later);
  }
  MirrorFacts facts{.id = parts_.id,
                    .cell_epoch = facts_.cell.cell->epoch,
                    .light = lane_.light,
                    .adopt = decision.action == RecoveryAction::kAdopt,
                    .known = known,
                    .mirror = mirror.entries,
                    .job = parts_.options.job_file};
  MirrorDecision found = decide_mirror(facts, parts_.options.same_position);
  if (found.halt) {
    // Deleting a topic deletes its groups' offsets too. When the records are other ones now, that
    // is what a person must know, and adopting or restoring offsets would not help.
    lane_.splits = known;
    WEIR_TRY(verify_tails());
    return halted(*found.halt);
  }
  lane_.splits = std::move(found.positions);
  return start_at_beginning(found.from_beginning);
}

Result<> Committer::start_at_beginning(const std::vector<SplitId>& splits) {
  for (const auto& source : parts_.sources) {
    std::vector<std::string> names;
    for (const SplitId& split : splits) {
      if (split.source == source->name()) names.push_back(split.split);
    }
    if (names.empty()) continue;
    WEIR_ASSIGN(const auto positions, source->beginnings(names, soon()));
    for (const auto& [split, position] : positions) {
      log(LogLevel::kInfo,
          "new partition " + source->name() + "/" + split + " begins at its beginning");
      lane_.splits[{source->name(), split}].position = position;
    }
  }
  return {};
}

Result<> Committer::verify_tails() {
  for (const auto& source : parts_.sources) {
    std::vector<SplitAssignment> assignments;
    for (const auto& [split, progress] : lane_.splits) {
      if (split.source == source->name()) assignments.push_back({split, progress.position, {}});
    }
    WEIR_ASSIGN(const std::vector<TailCheck> checks, source->verify_tails(assignments, soon()));
    for (const TailCheck& check : checks) {
      if (check.state != TailState::kRewritten) continue;
      return Error{Action::kHalt, Code::kSourceRewritten,
                   check.split.text() + ": " + check.detail + "\n  weir offsets " +
                       parts_.options.job_file + " seek " + check.split.text() + "=earliest"};
    }
  }
  return {};
}

std::vector<std::string> Committer::splits_of(const Source& source) const {
  std::vector<std::string> names;
  for (const auto& [split, progress] : lane_.splits) {
    if (split.source == source.name()) names.push_back(split.split);
  }
  return names;
}

// `end:` is resolved once. A split that has none yet was found later, or this machine has no LANE
// of before a takeover: without an end it would be read for ever.
Result<> Committer::resolve_ends() {
  for (const auto& source : parts_.sources) {
    if (!source->bounded()) continue;
    std::map<std::string, Position>& ends = lane_.sources[source->name()].ends;
    std::vector<std::string> missing = splits_of(*source);
    std::erase_if(missing, [&](const std::string& split) { return ends.contains(split); });
    if (missing.empty()) continue;
    WEIR_ASSIGN(auto resolved, source->ends(missing, soon()));
    ends.merge(resolved);
  }
  return {};
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

// Step 8. Sync first and keep the found owner: a claim that committed unseen must not look like
// another machine.
Result<> Committer::claim() {
  const bool cell_is_ours = facts_.cell.cell && facts_.lane &&
                            (facts_.cell.cell->owner == facts_.lane->owner ||
                             facts_.cell.cell->owner == facts_.lane->owner_next);
  lane_.owner = cell_is_ours ? facts_.cell.cell->owner : OwnerId{};
  lane_.owner_next = OwnerId{random_.next() | 1U};
  lane_.clean_stop = false;
  lane_.light = true;
  lane_.clock = std::max(lane_.clock, clock_.wall());
  claimed_at_ = std::chrono::floor<std::chrono::seconds>(clock_.wall());
  WEIR_TRY(parts_.store->put_lane(lane_, Sync::kYes));
  WEIR_TRY(commit_cell(true, {}, cell_now()));
  lane_.owner = lane_.owner_next;
  WEIR_TRY(parts_.store->put_lane(lane_, Sync::kYes));
  return {};
}

Result<> Committer::commit_cell(bool whole_mirror, const std::vector<SplitRange>& moved,
                                Cell cell) {
  Commit commit{.cell = std::move(cell), .mirror = {}};
  if (whole_mirror) {
    for (const auto& [split, progress] : lane_.splits)
      commit.mirror.emplace_back(split, progress.position);
  } else {
    for (const SplitRange& range : moved) commit.mirror.emplace_back(range.split, range.next);
  }
  Result<Verdict> verdict = decider_->commit(commit);
  if (!verdict) return std::move(verdict.error());
  if (*verdict == Verdict::kDecidedWithDoubt) {
    log(LogLevel::kInfo, "a commit was followed by doubt; the producer is rotated");
    if (whole_mirror) return rotate();
  }
  return {};
}

// Which records the refused rows came from, and how to leave one out.
std::string Committer::describe(const std::vector<SplitRange>& moved) const {
  std::string text = "\n  the epoch's records:";
  for (const SplitRange& range : moved) {
    const Source& source = *parts_.sources[source_of(range.split)];
    text += "\n    " + range.split.text() + " from " + source.describe(range.first) + " up to " +
            source.describe(range.next) + ", " + std::to_string(range.records) + " records";
  }
  return text + "\n  weir offsets " + parts_.options.job_file +
         " skip SOURCE/TOPIC/PARTITION@OFFSET   leaves one record out";
}

// A new handle, fence and stable read: the cell must be what we committed (section 3).
Result<> Committer::rotate() {
  WEIR_TRY(decider_->fence(soon()));
  const CellReading reading = decider_->read_stable(soon());
  if (reading.state == ReadState::kUnknown) return unknown("the cell", reading.text);
  const bool found_at_claim = reading.cell && reading.cell->owner == lane_.owner;
  if (reading.cell && reading.cell->owner != lane_.owner_next && !found_at_claim) {
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

Result<EpochContext> Committer::open(AssignmentId assignment) {
  const EpochId epoch = lane_.epoch.next();
  WEIR_TRY(decider_->begin(epoch));
  return EpochContext{epoch, std::max(lane_.clock, clock_.wall()), assignment};
}

Result<> Committer::commit(const EpochContext& epoch, const std::vector<SplitRange>& moved) {
  WEIR_CHECK(epoch.epoch == lane_.epoch.next(), "epochs are decided one after the other (M4)");
  if (moved.empty()) {
    // Nothing moved, so nothing was written: dropped without a commit.
    decider_->abort(soon());
    return {};
  }
  for (const auto& sink : parts_.sinks) {
    Result<> flushed = sink->flush(epoch.epoch, clock_.mono() + std::chrono::seconds(50));
    if (flushed) continue;
    if (flushed.error().code() != Code::kRowsRefused) return flushed;
    return Error{flushed.error().action(), Code::kRowsRefused,
                 flushed.error().message() + describe(moved)};
  }
  Cell cell = cell_now();
  cell.epoch = epoch.epoch;
  cell.attempt = AttemptId{random_.next() | 1U};
  cell.digest.reset();
  WEIR_TRY(commit_cell(false, moved, cell));
  lane_.epoch = cell.epoch;
  lane_.attempt = cell.attempt;
  lane_.digest.reset();
  lane_.clock = epoch.clock;
  for (const SplitRange& range : moved) lane_.splits[range.split].position = range.next;
  return rotate();
}

Result<> Committer::refresh() { return commit_cell(true, {}, cell_now()); }

Result<> Committer::clean_stop() {
  WEIR_TRY(refresh());
  lane_.clean_stop = true;
  return parts_.store->put_lane(lane_, Sync::kYes);
}

void Committer::abort() {
  if (decider_) decider_->abort(clock_.mono() + std::chrono::seconds(5));
}

Result<bool> Committer::found_new_splits() {
  WEIR_ASSIGN(const std::vector<SplitId> splits, discover());
  return std::any_of(splits.begin(), splits.end(),
                     [&](const SplitId& split) { return !lane_.splits.contains(split); });
}

std::string Committer::positions_text() const {
  std::string text;
  for (const auto& [split, progress] : lane_.splits) {
    text +=
        " " + split.text() + "@" + parts_.sources[source_of(split)]->describe(progress.position);
  }
  return text;
}

Result<std::vector<ClaimedSplit>> Committer::assignments() {
  std::vector<ClaimedSplit> claimed;
  for (const auto& source : parts_.sources) {
    const std::vector<std::string> names = splits_of(*source);
    std::map<std::string, Position> ends = lane_.sources[source->name()].ends;
    if (parts_.options.available_now) {
      WEIR_ASSIGN(ends, source->ends_now(names, soon()));
    }
    for (const std::string& name : names) {
      const SplitId split{source->name(), name};
      SplitAssignment assignment{split, lane_.splits.at(split).position, {}};
      if (const auto end = ends.find(name); end != ends.end()) {
        assignment.end = end->second;
      } else if (source->bounded()) {
        // Found after `end:` was resolved: nothing of it lies before that end.
        assignment.end = assignment.position;
      }
      claimed.push_back({source_of(split), std::move(assignment)});
    }
  }
  return claimed;
}

}  // namespace weir
