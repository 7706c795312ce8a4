#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/committer.h"
#include "engine/skips.h"

namespace weir {
namespace {

using std::chrono::seconds;

// A stable read may have to wait for another machine's open transaction to expire:
// transaction.timeout.ms, and the broker's look every 10 s.
constexpr seconds kOtherTransactionTimeout{75};

// Reading the last records of all partitions again takes a busy cluster longer, the more they are.
constexpr std::chrono::milliseconds kTailPatience{10};

// The first question to a cluster: an outage is known soon, and asked about again.
constexpr seconds kContactTimeout{10};

}  // namespace

Result<Recovered> Committer::recover(bool at_start) {
  unclaimed_.clear();
  offsets_lost_ = 0;
  WEIR_TRY(connect());
  WEIR_TRY(read_facts(at_start));
  WEIR_TRY(identify_sources());
  WEIR_TRY(check_identities());
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
  WEIR_ASSIGN(const std::vector<TailCheck> tails, verify_tails(kStartPatience));
  report_unverified(tails);
  // Positions that may have left a log for another one say nothing of the one before.
  note_tails(tails, [](const Source& source) { return !source.goes_on_after_loss(); });
  // An `end:` was resolved in the log of before.
  for (const SplitId& split : outside_of(tails))
    lane_.sources[split.source].ends.erase(split.split);
  WEIR_TRY(resolve_ends(at_start));
  WEIR_TRY(claim());
  WEIR_ASSIGN(claimed_, claimed_splits());
  return Recovered{claimed_, offsets_lost_};
}

Result<> Committer::connect() {
  if (!decider_) {
    WEIR_ASSIGN(decider_, parts_.make_decider());
  }
  const MonoTime deadline = clock_.mono() + kContactTimeout;
  WEIR_ASSIGN(lane_.decider, watched(deadline, [&] { return decider_->identify(deadline); }));
  WEIR_TRY(watched(deadline, [&] { return decider_->ensure_cell_place(deadline); }));
  for (const auto& sink : parts_.sinks) WEIR_TRY(sink->check(clock_.mono() + kContactTimeout));
  return {};
}

// Steps 1 to 4: load, peek, owner, fence, stable read, owner.
Result<> Committer::read_facts(bool at_start) {
  WEIR_ASSIGN(StoreContents contents, parts_.store->load());
  facts_ = RecoveryFacts{};
  facts_.id = parts_.id;
  facts_.job = parts_.options.job_file;
  facts_.epoch_topic = lane_.decider.epoch_topic;
  add_store_facts(facts_, std::move(contents));
  if (facts_.lane) {
    const auto moved =
        check_cluster("cluster " + lane_.decider.cluster_name, facts_.lane->decider.cluster_id,
                      lane_.decider.cluster_id, parts_.options.job_file);
    if (moved) return halted(*moved);
  }
  facts_.takeover = (parts_.options.takeover || parts_.options.takeover_auto) && at_start;

  WEIR_ASSIGN(facts_.cell, peek());
  if (check_owner(facts_, parts_.options.host)) {
    // A plain read can be one commit old: ask again, stably, and still without fencing.
    WEIR_ASSIGN(facts_.cell, read_stable(clock_.mono() + kOtherTransactionTimeout));
    if (const auto halt = check_owner(facts_, parts_.options.host)) return halted(*halt);
  }
  WEIR_TRY(fence());
  WEIR_ASSIGN(facts_.cell, read_stable(soon()));
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

// Cell and mirror are read one after the other, and another machine that runs this job may have
// fenced us and committed in between: once fenced it recovers, and while the cell is its own it
// goes on. The two do not belong together then, and say nothing about anybody's offsets.
Result<> Committer::check_cell_stands() {
  WEIR_ASSIGN(const CellReading now, read_stable(soon()));
  if (now.state == facts_.cell.state && now.text == facts_.cell.text) return {};
  return Error{Action::kRecover, "another weir has committed while this one read the positions"};
}

// Epoch 0: start positions are resolved once and synced, then claimed.
Result<> Committer::first_start(const std::vector<SplitId>& splits) {
  LaneRecord lane;
  lane.id = parts_.id;
  lane.decider = lane_.decider;
  lane.plan = parts_.options.plan;
  lane.clock = clock_.wall();
  for (const auto& source : parts_.sources) WEIR_TRY(first_positions_of(*source, splits, lane));
  lane_ = std::move(lane);
  return parts_.store->put_lane(lane_, Sync::kYes);
}

// The sources whose groups the decider's own transaction can commit: those in its cluster. Two
// clusters are one when their ids are equal, never by name or brokers. A lane all of whose input is
// there, and which keeps nothing else, is light.
Result<> Committer::identify_sources() {
  mirrored_.clear();
  identities_.clear();
  light_ = parts_.options.may_be_light && parts_.followers.empty();
  for (const auto& source : parts_.sources) {
    WEIR_ASSIGN(const std::string identity, source->identity(soon()));
    identities_[source->name()] = identity;
    const bool same = decider_->mirror_is_transactional() && identity == lane_.decider.cluster_id;
    if (same) mirrored_.insert(source->name());
    light_ = light_ && same;
  }
  return {};
}

Result<> Committer::continue_from(const RecoveryDecision& decision,
                                  const std::vector<SplitId>& splits) {
  const LaneRecord before = std::move(lane_);
  lane_ = facts_.lane.value_or(LaneRecord{});
  lane_.id = parts_.id;
  lane_.decider = before.decider;
  lane_.plan = parts_.options.plan;
  WEIR_TRY(apply(decision));
  remember(before);
  std::erase_if(lane_.splits, [&](const auto& entry) {
    return std::none_of(parts_.sources.begin(), parts_.sources.end(),
                        [&](const auto& source) { return source->name() == entry.first.source; });
  });
  WEIR_TRY(let_missed_go(splits));
  if (facts_.cell.state == ReadState::kAbsent) {
    // T6: LANE's positions, whatever the mirror says; the claim writes it whole.
    return settle_by_lane(splits);
  }
  std::vector<SplitId> mirrored;
  std::vector<SplitId> others;
  for (const SplitId& split : splits) (is_mirrored(split) ? mirrored : others).push_back(split);
  WEIR_TRY(settle_by_lane(others));
  return settle_positions(decision.action == RecoveryAction::kAdopt, mirrored);
}

// What the row does to LANE and the store.
Result<> Committer::apply(const RecoveryDecision& decision) {
  switch (decision.action) {
    case RecoveryAction::kDropPrepared:
      return parts_.store->drop_above(lane_.epoch);
    case RecoveryAction::kAdopt:
      lane_.epoch = facts_.cell.cell->epoch;
      lane_.attempt = facts_.cell.cell->attempt;
      lane_.digest = facts_.cell.cell->digest;
      return facts_.lane ? parts_.store->drop_above(facts_.lane->epoch) : Result<>{};
    case RecoveryAction::kResume:
    case RecoveryAction::kClaimLocal:
      return {};
    case RecoveryAction::kRollForward:
      advance(*facts_.prepared);
      return parts_.store->put_lane(lane_, Sync::kYes);
    case RecoveryAction::kRestore:
    case RecoveryAction::kGoBack:
    case RecoveryAction::kHalt:
    case RecoveryAction::kFirstStart:
      break;
  }
  return Error{Action::kHalt, Code::kBug,
               "row " + decision.row +
                   " needs a delta topic or a snapshot, which this version does not write\n  weir "
                   "offsets " +
                   parts_.options.job_file + " show --dump   shows everything, for a report"};
}

// Two clusters are one when their ids are equal, never by name or brokers.
Result<> Committer::check_identities() const {
  if (!facts_.lane) return {};
  for (const auto& source : parts_.sources) {
    const auto record = facts_.lane->sources.find(source->name());
    if (record == facts_.lane->sources.end()) continue;
    const auto moved =
        check_cluster("the cluster of source \"" + source->name() + "\"", record->second.cluster_id,
                      identities_.at(source->name()), parts_.options.job_file);
    if (moved) return halted(*moved);
  }
  return {};
}

std::map<SplitId, Position> Committer::positions_read() const {
  std::map<SplitId, Position> positions;
  for (const auto& [split, progress] : lane_.splits) {
    if (is_read(split)) positions[split] = progress.position;
  }
  return positions;
}

Result<std::vector<TailCheck>> Committer::compare_tails(
    const std::map<SplitId, Position>& positions, seconds patience) {
  const MonoTime deadline =
      clock_.mono() + patience + static_cast<std::int64_t>(positions.size()) * kTailPatience;
  std::vector<TailCheck> all;
  for (const auto& source : parts_.sources) {
    std::vector<SplitAssignment> assignments;
    for (const auto& [split, position] : positions) {
      if (split.source == source->name()) assignments.push_back({split, position, {}});
    }
    WEIR_ASSIGN(const std::vector<TailCheck> checks, source->verify_tails(assignments, deadline));
    all.insert(all.end(), checks.begin(), checks.end());
  }
  return all;
}

Result<std::vector<TailCheck>> Committer::verify_tails(seconds patience) {
  WEIR_ASSIGN(std::vector<TailCheck> all, compare_tails(positions_read(), patience));
  if (const auto rewritten = decide_tails(all, parts_.options.job_file)) return halted(*rewritten);
  return all;
}

void Committer::note_tails(const std::vector<TailCheck>& checks,
                           const std::function<bool(const Source&)>& keep) {
  std::map<SplitId, Position> known;
  for (const TailCheck& check : checks) {
    // Until its reader has seen that it is outside, the log may grow past it unnoticed.
    if (check.state == TailState::kSame || check.state == TailState::kOutside) {
      known[check.split] = lane_.splits.at(check.split).position;
      continue;
    }
    const auto before = known_tails_.find(check.split);
    if (before != known_tails_.end() && keep(*parts_.sources[source_of(check.split)])) {
      known.insert(*before);
    }
  }
  known_tails_ = std::move(known);
}

void Committer::report_unverified(const std::vector<TailCheck>& checks) const {
  const auto unverified = [](const TailCheck& check) {
    return check.state == TailState::kUnverified;
  };
  const auto first = std::find_if(checks.begin(), checks.end(), unverified);
  if (first == checks.end()) return;
  const auto count = std::count_if(first, checks.end(), unverified);
  log(LogLevel::kInfo, context(),
      "last records read that could not be compared: " + std::to_string(count) + " of " +
          std::to_string(checks.size()) + " splits, the first " + first->split.text() + ": " +
          first->detail);
}

std::vector<std::string> Committer::splits_of(const Source& source) const {
  std::vector<std::string> names;
  for (const auto& [split, progress] : lane_.splits) {
    if (split.source == source.name() && source.covers(split.split)) names.push_back(split.split);
  }
  return names;
}

// `end:` is resolved once per split. One that has none yet was found later, or this machine has no
// LANE of before a takeover: without an end it would be read for ever. So what is found later is
// read up to `end:` as of then; its records are no less the source's than the others'. At a start
// the job file may be another one, so there the kept ends are compared with it.
Result<> Committer::resolve_ends(bool at_start) {
  for (const auto& source : parts_.sources) {
    SourceRecord& record = lane_.sources[source->name()];
    std::map<std::string, Position>& ends = record.ends;
    std::vector<std::string> asked = splits_of(*source);
    if (!at_start) std::erase_if(asked, [&](const auto& split) { return ends.contains(split); });
    EndFacts facts{.source = source->name(),
                   .bounded = source->bounded(),
                   .moves = source->end_moves(),
                   .text_kept = ends.empty() ? std::string() : record.end,
                   .text = source->end_text(),
                   .kept = ends,
                   .resolved = {},
                   .describe = [&](const Position& end) { return source->describe(end); },
                   .job = parts_.options.job_file};
    if (facts.bounded && !asked.empty()) {
      WEIR_ASSIGN(facts.resolved, source->ends(asked, soon()));
    }
    EndDecision decision = decide_ends(facts);
    if (!decision.notice.empty()) {
      log(decision.changed ? LogLevel::kWarn : LogLevel::kInfo, context(), decision.notice);
    }
    ends = std::move(decision.ends);
    record.end = std::move(decision.text);
  }
  return {};
}

// Step 8. Sync first and keep the found owner: a claim that committed unseen must not look like
// another machine. What begins anew and the clean-stop mark change with the second write: the first
// is what a crash before the claim's commit goes on from, and there the mirror has no offset of
// what begins anew, which would read as foreign_offsets, and the mark still holds.
Result<> Committer::claim() {
  const std::optional<Cell>& cell = facts_.cell.cell;
  if (cell) {
    WEIR_CHECK(cell->epoch == lane_.epoch && cell->attempt == lane_.attempt,
               "recovery's decision goes on from the cell (I3)");
  }
  const bool cell_is_ours = cell && facts_.lane && is_owner_of(*facts_.lane, *cell);
  lane_.owner = cell_is_ours ? cell->owner : OwnerId{};
  lane_.owner_next = OwnerId{random_.next() | 1U};
  lane_.light = light_;
  drop_passed_skips(lane_, parts_.sources);
  lane_.clock = std::max(lane_.clock, clock_.wall());
  claimed_at_ = std::chrono::floor<seconds>(clock_.wall());
  LaneRecord claiming = lane_;
  for (const SplitId& split : unclaimed_) claiming.splits.erase(split);
  std::erase_if(claiming.sources, [&](const auto& source) {
    return facts_.lane && !facts_.lane->sources.contains(source.first);
  });
  WEIR_TRY(parts_.store->put_lane(claiming, Sync::kYes));
  WEIR_TRY(commit_cell(whole_commit(), [] { return Result<>(); }));
  lane_.owner = lane_.owner_next;
  lane_.clean_stop = false;
  WEIR_TRY(parts_.store->put_lane(lane_, Sync::kYes));
  if (cell && !cell_is_ours) {
    log(LogLevel::kWarn, context(),
        "taken over from host " + cell->host +
            "; delete this job's state directory there: started again when the offsets here have "
            "expired, it would read on from where it was");
  }
  return {};
}

Result<std::vector<ClaimedSplit>> Committer::claimed_splits() {
  std::vector<ClaimedSplit> claimed;
  for (const auto& source : parts_.sources) {
    const std::vector<std::string> names = splits_of(*source);
    std::map<std::string, Position> ends = lane_.sources[source->name()].ends;
    if (parts_.options.available_now) {
      WEIR_ASSIGN(auto now, source->ends_now(names, soon()));
      // What is there, but not beyond `end:`.
      for (auto& [name, end] : now) {
        const auto bound = ends.find(name);
        if (bound != ends.end() && source->distance(bound->second, end) > 0) continue;
        ends[name] = std::move(end);
      }
    }
    for (const std::string& name : names) {
      const SplitId split{source->name(), name};
      SplitAssignment assignment{
          split, lane_.splits.at(split).position, {}, skips_of(lane_, split)};
      if (parts_.options.trigger_every) {
        assignment.end = assignment.position;  // until the first tick
      } else if (const auto end = ends.find(name); end != ends.end()) {
        assignment.end = end->second;
      }
      claimed.push_back({source_of(split), std::move(assignment)});
    }
  }
  return claimed;
}

}  // namespace weir
