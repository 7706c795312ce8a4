#include "engine/recovery.h"

#include <algorithm>

#include "base/hash.h"
#include "data/render.h"

namespace weir {
namespace {

RecoveryDecision halt(std::string row, Code code, std::string text) {
  return {RecoveryAction::kHalt, code, std::move(text), std::move(row)};
}

RecoveryDecision go(std::string row, RecoveryAction action) {
  return {action, Code::kNone, {}, std::move(row)};
}

std::string time_text(std::chrono::sys_seconds at) {
  std::string text;
  append_rfc3339(text, std::chrono::microseconds(at.time_since_epoch()).count());
  return text;
}

// A way out: the command, and what it does when its name does not say so.
std::string way(const RecoveryFacts& facts, const std::string& rest, const std::string& does = {}) {
  return "\n  weir offsets " + facts.job + " " + rest + (does.empty() ? "" : "   " + does);
}

std::string number(EpochId epoch) { return std::to_string(epoch.value()); }

std::string report_and_reset(const RecoveryFacts& facts) {
  return way(facts, "show --dump", "shows everything, for a report") +
         way(facts, "reset      ", "then begins anew");
}

// A cell that nobody deleted is not found where it is not looked for.
std::string other_epoch_topic(const RecoveryFacts& facts) {
  const std::string& then = facts.lane->decider.epoch_topic;
  if (then.empty() || facts.epoch_topic.empty() || then == facts.epoch_topic) return {};
  return "\n  weir.yaml names `epoch_topic: " + facts.epoch_topic + "`; this job ran with `" +
         then + "`, and goes on with it named again";
}

RecoveryDecision without_cell(const RecoveryFacts& facts) {
  if (!facts.lane) return go("T3", RecoveryAction::kFirstStart);
  if (facts.stray) {
    return halt("T5", Code::kBug,
                "the store holds D/" + number(*facts.stray) + " and LANE says " +
                    number(facts.lane->epoch) + report_and_reset(facts));
  }
  if (facts.prepared) {
    return halt("T7", Code::kInDoubt,
                "epoch " + number(facts.prepared->epoch) +
                    " was prepared here, and the cell that says whether it was committed is "
                    "gone; look at the output" +
                    way(facts, "decide --committed") + way(facts, "decide --not-committed"));
  }
  const LaneRecord& lane = *facts.lane;
  if (never_claimed(lane) || lane.clean_stop || facts.delta_records) {
    return go("T6", RecoveryAction::kClaimLocal);
  }
  return halt("T6", Code::kPositionsExpired,
              "the cell of epoch " + number(lane.epoch) +
                  " or later is gone from the cluster (deleted or expired), and this lane's last "
                  "positions were kept there only" +
                  other_epoch_topic(facts) +
                  way(facts, "adopt  ", "goes on from the offsets of the job's group") +
                  way(facts, "restore",
                      "goes on from this job's own marks in the group, else from this machine's "
                      "record of epoch " +
                          number(lane.epoch)) +
                  way(facts, "reset  ", "begins anew"));
}

RecoveryDecision above(const RecoveryFacts& facts, const Cell& cell) {
  const bool light_now = !cell.digest && (!facts.lane || facts.lane->light);
  if (light_now) return go("T12", RecoveryAction::kAdopt);
  if (facts.restorable) return go("T12", RecoveryAction::kRestore);
  return halt("T12", Code::kStateLost,
              "the decider is at epoch " + number(cell.epoch) + ", this machine at " +
                  number(facts.lane->epoch) + ", and the epochs between exist nowhere" +
                  way(facts, "reset", "begins anew"));
}

RecoveryDecision with_cell(const RecoveryFacts& facts, const Cell& cell) {
  if (!facts.lane) {
    if (!cell.digest) return go("T4", RecoveryAction::kAdopt);
    if (facts.restorable) return go("T4", RecoveryAction::kRestore);
    return halt("T4", Code::kStateLost,
                "the decider is at epoch " + number(cell.epoch) +
                    ", and its state is not on this machine" +
                    way(facts, "reset --takeover", "begins anew"));
  }
  const LaneRecord& lane = *facts.lane;
  if (facts.stray) {
    return halt("T5", Code::kBug,
                "the store holds D/" + number(*facts.stray) + " and LANE says " +
                    number(lane.epoch) + report_and_reset(facts));
  }
  if (cell.epoch == lane.epoch && cell.attempt == lane.attempt) {
    return facts.prepared ? go("T9", RecoveryAction::kDropPrepared)
                          : go("T8", RecoveryAction::kResume);
  }
  const bool next = cell.epoch == lane.epoch.next();
  if (next && facts.prepared && facts.prepared->attempt == cell.attempt &&
      facts.prepared->digest == cell.digest) {
    return go("T10", RecoveryAction::kRollForward);
  }
  if (cell.epoch == lane.epoch || (next && facts.prepared && is_owner_of(lane, cell))) {
    return halt("T11", Code::kTwoWriters,
                "the cell holds epoch " + number(cell.epoch) + " attempt " +
                    to_hex16(cell.attempt.value()) + ", this store " + number(lane.epoch) +
                    " attempt " + to_hex16(lane.attempt.value()) + report_and_reset(facts));
  }
  if (cell.epoch > lane.epoch) return above(facts, cell);
  if (facts.decider == DeciderKind::kPostgres) return go("T13", RecoveryAction::kGoBack);
  return halt("T13", Code::kDeciderRegressed,
              "the cell holds epoch " + number(cell.epoch) + ", and this machine has seen epoch " +
                  number(lane.epoch) + " committed" +
                  way(facts, "decide --trust-local  ", "goes on from this machine's record") +
                  way(facts, "decide --trust-decider", "goes on from the cell and the group"));
}

// A mirror offset counts only when it is this job's and of an epoch that the cell knows.
bool counts(const MirrorEntry& entry, const MirrorFacts& facts) {
  return entry.state == ReadState::kValue && is_own_mark(entry, facts.id) &&
         entry.mark->epoch <= facts.cell_epoch;
}

}  // namespace

bool is_owner_of(const LaneRecord& lane, const Cell& cell) {
  return cell.owner == lane.owner || cell.owner == lane.owner_next;
}

bool never_claimed(const LaneRecord& lane) {
  return lane.owner == OwnerId{} && lane.epoch == EpochId{};
}

bool is_own_mark(const MirrorEntry& entry, const LaneId& id) {
  return entry.mark && entry.mark->instance == id.instance && entry.mark->job == id.job;
}

Error halted(const RecoveryDecision& decision) {
  return {Action::kHalt, decision.halt, decision.text};
}

void add_store_facts(RecoveryFacts& facts, StoreContents contents) {
  facts.lane = std::move(contents.lane);
  facts.prepared = std::move(contents.prepared);
  if (!facts.lane) return;
  // Those of a lane that became light are of before: its positions have gone on without them.
  facts.delta_records = !facts.lane->light && !contents.epochs.empty() &&
                        contents.epochs.front() <= facts.lane->epoch;
  for (const EpochId epoch : contents.epochs) {
    if (epoch > facts.lane->epoch.next()) facts.stray = epoch;
  }
}

RecoveryDecision decide_recovery(const RecoveryFacts& facts) {
  if (facts.store_unreadable) {
    return halt("T1", Code::kCorruptStore,
                "the state directory cannot be read" + corrupt_store_ways_out(facts.job));
  }
  if (facts.cell.state == ReadState::kAbsent) return without_cell(facts);
  if (!facts.cell.cell || facts.cell.cell->id != facts.id) {
    return halt("T2", Code::kForeignCell,
                "group " + facts.id.dotted() + " holds metadata that is not this lane's: \"" +
                    facts.cell.text +
                    "\"\n  `instance: NAME` of weir.yaml, or another `job: NAME` of the job file   "
                    "gives this job a cell of its own");
  }
  return with_cell(facts, *facts.cell.cell);
}

std::optional<RecoveryDecision> check_owner(const RecoveryFacts& facts, const std::string& host) {
  if (facts.takeover || facts.cell.state != ReadState::kValue || !facts.cell.cell) return {};
  const Cell& cell = *facts.cell.cell;
  if (cell.id != facts.id) return {};
  if (facts.lane && is_owner_of(*facts.lane, cell)) return {};
  std::string text = "this job ran last on host " + cell.host + ", claimed at " +
                     time_text(cell.claimed_at) + ", epoch " + number(cell.epoch);
  if (cell.host == host) {
    text += "; that is this host: another --state-dir than then, or a new or older copy of it?";
  }
  text += "\n  stop the other one for good, then: weir run " + facts.job + " --takeover";
  return halt("owner", Code::kOtherOwner, text);
}

std::set<SplitId> outside_of(const std::vector<TailCheck>& checks) {
  std::set<SplitId> outside;
  for (const TailCheck& check : checks) {
    if (check.state == TailState::kOutside) outside.insert(check.split);
  }
  return outside;
}

bool mirrors_source(const MirrorFacts& facts, const std::string& source) {
  return std::any_of(facts.mirror.begin(), facts.mirror.end(), [&](const MirrorEntry& entry) {
    return entry.split.source == source && counts(entry, facts);
  });
}

MirrorDecision decide_mirror(const MirrorFacts& facts,
                             bool (*same)(const Position& a, const Position& b)) {
  MirrorDecision decision;
  std::string lost;
  std::string moved;
  bool any = false;
  for (const MirrorEntry& entry : facts.mirror) {
    const bool ours = counts(entry, facts);
    const auto known = facts.known.find(entry.split);
    any = any || ours;
    if (entry.state == ReadState::kAbsent && known != facts.known.end() &&
        facts.outside.contains(entry.split)) {
      decision.positions[entry.split] = known->second;
      continue;
    }
    if (facts.adopt) {
      if (ours) {
        // The mirror has no offset of the last record; LANE's position has, when it is the same.
        const bool keep =
            known != facts.known.end() && same(known->second.position, entry.position);
        decision.positions[entry.split].position = keep ? known->second.position : entry.position;
      } else if (known != facts.known.end() || entry.state == ReadState::kValue) {
        // An offset that is not ours: where epoch c ended cannot be known, and the beginning would
        // read it twice.
        lost += "\n  " + entry.split.text() + ": " +
                (entry.state == ReadState::kAbsent ? "no offset" : entry.text);
      } else {
        decision.from_beginning.push_back(entry.split);
      }
      continue;
    }
    if (known == facts.known.end()) {
      // One that was away when this machine claimed last, such as a topic that metadata did not
      // show for a moment: what this job has committed of it must not be read a second time, and
      // what somebody else has committed is not overwritten unasked.
      if (ours) {
        decision.positions[entry.split].position = entry.position;
      } else if (entry.state == ReadState::kAbsent) {
        decision.from_beginning.push_back(entry.split);
      } else {
        moved += "\n  " + entry.split.text() + ": " + entry.text;
      }
      continue;
    }
    decision.positions[entry.split] = known->second;
    const bool expired = entry.state == ReadState::kAbsent && !facts.light;
    if (!expired && !(ours && same(known->second.position, entry.position))) {
      moved += "\n  " + entry.split.text() + ": " +
               (entry.state == ReadState::kAbsent ? "no offset" : entry.text);
    }
  }
  // Without a record of this machine, the cell is another one's: a command must say so again.
  const bool takeover = facts.adopt && facts.known.empty();
  const std::string command = "\n  weir offsets " + facts.job + " ";
  const std::string ways =
      takeover ? command + "adopt --takeover   goes on from the group's offsets" + command +
                     "reset --takeover   begins anew"
               : command + "adopt     goes on from the group's offsets" + command +
                     "restore   puts this job's positions back" + command + "reset     begins anew";
  if (!lost.empty() || (facts.adopt && !any && facts.known.empty() && !facts.mirror.empty())) {
    decision.halt = halt("T12", Code::kPositionsExpired,
                         "the group's offsets, which say where epoch " + number(facts.cell_epoch) +
                             " ended, are gone or not this job's:" + lost + ways);
  } else if (!moved.empty()) {
    decision.halt = halt("mirror", Code::kForeignOffsets,
                         "the group's offsets are not this job's positions:" + moved + ways);
  }
  return decision;
}

std::optional<RecoveryDecision> check_cluster(const std::string& what, const std::string& then,
                                              const std::string& now, const std::string& job) {
  if (now == then) return {};
  return halt("cluster", Code::kSourceRewritten,
              what + " has id " + now + " now, and this job ran in " + then + "\n  weir offsets " +
                  job + " reset   begins anew where the job file points to now");
}

std::optional<RecoveryDecision> decide_tails(const std::vector<TailCheck>& checks,
                                             const std::string& job) {
  std::string text;
  std::string seeks;
  for (const TailCheck& check : checks) {
    if (check.state != TailState::kRewritten) continue;
    text += (text.empty() ? "" : "\n") + check.split.text() + ": " + check.detail;
    seeks += " " + check.split.text() + "=earliest";
  }
  if (text.empty()) return {};
  return halt("tail", Code::kSourceRewritten,
              text + "\n  weir offsets " + job + " seek" + seeks +
                  "   reads what is there now from its beginning");
}

EndDecision decide_ends(const EndFacts& facts) {
  EndDecision decision;
  const auto end_of = [&](const auto& split_end) {
    return facts.source + "/" + split_end.first + "=" + facts.describe(split_end.second);
  };
  const auto and_more = [](std::size_t count) {
    return count > 1 ? " and " + std::to_string(count - 1) + " more" : std::string();
  };
  const std::string who = "source \"" + facts.source + "\"";
  if (!facts.bounded) {
    if (facts.kept.empty()) return decision;
    decision.changed = true;
    decision.notice = who +
                      " has no `end:` in the job file any more: the end of its first start, " +
                      end_of(*facts.kept.begin()) + and_more(facts.kept.size()) +
                      ", is forgotten, and it is read on";
    return decision;
  }
  decision.ends = facts.kept;
  decision.text = facts.text_kept.empty() ? facts.text : facts.text_kept;
  std::vector<std::string> others;
  for (const auto& [split, now] : facts.resolved) {
    const auto [kept, first] = decision.ends.emplace(split, now);
    if (first || kept->second == now) continue;
    others.push_back(end_of(*kept) + ", now " + facts.describe(now));
  }
  if (others.empty()) return decision;
  // What an older weir kept has no text: then only an end that moves is known to be none of news.
  const bool same = decision.text == facts.text && !decision.text.empty();
  decision.changed = facts.text_kept.empty() ? !facts.moves : !same;
  // The logs have grown since, or records have gone from them: the job file says what it said.
  if (!decision.changed && !facts.moves) return decision;
  decision.notice = who + " ends where its `end:` was at the first start: " + others.front() +
                    and_more(others.size()) + "\n  weir offsets " + facts.job +
                    " reset   begins anew, with the end of the job file\n  without `end:` in the "
                    "job file it is read on from where it is";
  return decision;
}

std::string corrupt_store_ways_out(const std::string& job) {
  return "\n  restore the state directory from a copy, or, when no other machine runs this job:\n"
         "  weir offsets " +
         job + " reset --takeover   begins anew";
}

namespace {

// "clicks" of "clicks.g2": generations of one job replace one another.
std::string_view without_generation(std::string_view job) { return job.substr(0, job.find('.')); }

// The mark of another job's weir. An earlier generation of this one is no other job.
const MirrorMark* other_jobs_mark(const FirstStartFacts& facts) {
  for (const MirrorEntry& entry : facts.mirror) {
    if (entry.state != ReadState::kValue || !entry.mark) continue;
    const bool same = entry.mark->instance == facts.id.instance &&
                      without_generation(entry.mark->job) == without_generation(facts.id.job);
    if (!same) return &*entry.mark;
  }
  return nullptr;
}

// What the keys of the source do for a group that this job cannot simply begin with.
std::string by_key(const FirstStartFacts& facts, const std::string& key, const std::string& does) {
  return "\n  " + (facts.place.empty() ? facts.job : facts.place) + ": `" + key + "` of source \"" +
         facts.source + "\"   " + does;
}

}  // namespace

FirstStartDecision decide_first_start(const FirstStartFacts& facts) {
  FirstStartDecision decision;
  const auto& mirror = facts.mirror;
  const MirrorMark* const others = other_jobs_mark(facts);
  const bool ours = std::any_of(mirror.begin(), mirror.end(), [&](const MirrorEntry& entry) {
    return is_own_mark(entry, facts.id);
  });
  const bool any = std::any_of(mirror.begin(), mirror.end(), [](const MirrorEntry& entry) {
    return entry.state == ReadState::kValue;
  });
  const std::string group = "group " + facts.group + " of source \"" + facts.source + "\"";
  if (ours) {
    decision.halt =
        halt("T3", Code::kIdentityLost,
             group +
                 " holds positions that this job wrote, but there is neither a state "
                 "directory nor a cell\n  weir offsets " +
                 facts.job + " adopt     goes on from them\n  weir offsets " + facts.job +
                 " reset     begins anew\n  where the state directory is only elsewhere, "
                 "with it in its place again the job goes on as it was");
  } else if (facts.start_committed) {
    // A pattern that matches nothing yet asks for nothing yet.
    if (!any && !mirror.empty()) {
      decision.halt =
          halt("T3", Code::kNoOffsets,
               group +
                   " has no offsets, and `start: committed` asks for them: nobody has committed "
                   "any, or they have expired" +
                   by_key(facts, "start: earliest", "begins with all that is there") +
                   by_key(facts, "start: latest", "begins with what comes from now on") +
                   by_key(facts, "group: NAME", "takes the offsets of that group"));
    } else if (facts.group_has_members) {
      decision.halt = halt("T3", Code::kGroupInUse,
                           group +
                               " has live members; stop them, or the offsets that are taken are "
                               "not where they end" +
                               by_key(facts, "group: NAME", "is another group"));
    } else if (others != nullptr) {
      decision.notice = group + " holds the positions of job \"" + others->job + "\" (instance " +
                        others->instance +
                        "), which are taken over; that job must not run any more, and halts with "
                        "foreign_offsets when it is started again";
    }
  } else if (others != nullptr && facts.start_explicit) {
    // That job's truth may be nowhere else, and weir joins no group: nothing says that it does not
    // run. By `start: committed` a job takes another one's place without losing where it was.
    decision.halt =
        halt("T3", Code::kGroupInUse,
             group + " holds the positions of job \"" + others->job + "\" (instance " +
                 others->instance + "), and this job's would overwrite them" +
                 by_key(facts, "group: NAME", "leaves that job alone") +
                 by_key(facts, "start: committed",
                        "takes its place and goes on where it was, once it is stopped for good; "
                        "then `weir offsets " +
                            facts.job + " seek` goes elsewhere"));
  } else {
    decision.by_start = true;
    if (any && !facts.start_explicit) {
      decision.halt = halt(
          "T3", Code::kGroupInUse,
          group + " already has offsets that are not this job's" +
              by_key(facts, "start: committed", "takes them") +
              (others != nullptr
                   ? std::string()
                   : by_key(facts, "start: earliest", "ignores them, as `start: latest` does")) +
              by_key(facts, "group: NAME", "is another group"));
    }
  }
  return decision;
}

}  // namespace weir
