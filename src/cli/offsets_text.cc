#include "cli/offsets_text.h"

#include "base/hash.h"
#include "base/table.h"
#include "data/render.h"

namespace weir {
namespace {

std::string time_text(std::chrono::sys_seconds at) {
  std::string text;
  append_rfc3339(text, std::chrono::microseconds(at.time_since_epoch()).count());
  return text;
}

std::string_view action_text(RecoveryAction action) {
  switch (action) {
    case RecoveryAction::kHalt:
      return "halts";
    case RecoveryAction::kFirstStart:
      return "a first start, by `start:` of the job file";
    case RecoveryAction::kAdopt:
      return "goes on from the group's offsets, which say where the cell's epoch ended";
    case RecoveryAction::kRestore:
      return "restores the state up to the cell's epoch";
    case RecoveryAction::kClaimLocal:
      return "goes on from this machine's record, and makes the cell again";
    case RecoveryAction::kResume:
      return "goes on";
    case RecoveryAction::kDropPrepared:
      return "drops the prepared epoch and goes on";
    case RecoveryAction::kRollForward:
      return "completes the prepared epoch and goes on";
    case RecoveryAction::kGoBack:
      return "goes back to the decider's epoch";
  }
  return "?";
}

std::string lane_note(const LaneRecord& lane) {
  if (lane.clean_stop) return "clean stop";
  if (lane.owner != lane.owner_next) return "a claim was under way";
  return "as of the last claim";
}

std::string records_text(const LaneView& view) {
  Table table({1});
  table.add({"", "epoch", "attempt", "owner", "host", ""});
  const auto& lane = view.survey.recovery.lane;
  if (lane) {
    table.add({"LANE", std::to_string(lane->epoch.value()), to_hex16(lane->attempt.value()),
               to_hex16(lane->owner.value()), "", lane_note(*lane)});
  } else if (!view.holder.empty()) {
    table.add({"LANE", "-", "", "", "", "not read: the directory is held"});
  } else if (!view.survey.damage.empty()) {
    table.add({"LANE", "-", "", "", "", "damaged: " + view.survey.damage});
  } else {
    table.add({"LANE", "-", "", "", "", "none"});
  }
  const CellReading& cell = view.survey.recovery.cell;
  if (!view.unreachable.empty()) {
    table.add({"cell", "-", "", "", "", "not read: " + view.unreachable});
  } else if (cell.cell) {
    table.add({"cell", std::to_string(cell.cell->epoch.value()),
               to_hex16(cell.cell->attempt.value()), to_hex16(cell.cell->owner.value()),
               cell.cell->host, "claimed " + time_text(cell.cell->claimed_at)});
  } else {
    table.add({"cell", "-", "", "", "",
               cell.state == ReadState::kAbsent    ? "none"
               : cell.state == ReadState::kUnknown ? "unknown: " + cell.text
                                                   : "not weir's: " + cell.text});
  }
  return table.text();
}

std::string mark_text(const MirrorEntry& entry) {
  if (entry.state == ReadState::kUnknown) return "unknown: " + entry.text;
  if (entry.state == ReadState::kAbsent) return "no offset";
  if (!entry.mark) return "not weir's";
  return entry.mark->instance + "." + entry.mark->job + ", epoch " +
         std::to_string(entry.mark->epoch.value());
}

std::string tail_text(const Survey& survey, const SplitId& split) {
  const auto check = survey.tails.find(split);
  if (check == survey.tails.end()) return {};
  const TailState state = check->second.state;
  if (state != TailState::kRewritten && state != TailState::kOutside) return {};
  return "; " + check->second.detail;
}

std::string splits_text(const LaneView& view) {
  Table table({1, 2, 3, 4, 5});
  table.add({"partition", "LANE", "group", "begin", "end", "lag", "the group's offset is of"});
  const auto& lane = view.survey.recovery.lane;
  for (const SurveyedSplit& split : view.survey.splits) {
    const auto text = [&](const Position& position) {
      return view.math.describe(split.split, position);
    };
    std::optional<Position> known;
    if (lane) {
      const auto found = lane->splits.find(split.split);
      if (found != lane->splits.end()) known = found->second.position;
    }
    const bool mirrored = split.mirror.state == ReadState::kValue;
    const std::optional<Position> at = mirrored ? split.mirror.position : known;
    const auto lag = at ? view.math.distance(split.split, *at, split.log.high) : std::nullopt;
    table.add({split.split.text(), known ? text(*known) : "-",
               mirrored ? text(split.mirror.position) : "-", text(split.log.low),
               text(split.log.high), lag ? std::to_string(*lag) : "-",
               mark_text(split.mirror) + tail_text(view.survey, split.split)});
  }
  return table.text();
}

std::string skips_text(const LaneView& view) {
  const auto& lane = view.survey.recovery.lane;
  std::string text;
  if (!lane) return text;
  for (const auto& [split, records] : lane->skips) {
    for (const Position& record : records) {
      text += "left out: " + split.text() + "@" + view.math.describe(split, record) + "\n";
    }
  }
  return text;
}

// "40 (10 to 49)", or a bound.
std::string count_text(const SplitChange& change, std::int64_t count, const Position& first,
                       const Position& behind, const PositionMath& math) {
  const std::string number = std::to_string(count);
  if (change.at_most) return "up to " + number;
  return number + " (from " + math.describe(change.split, first) + " up to " +
         math.describe(change.split, behind) + ")";
}

std::string change_text(const SplitChange& change, const PositionMath& math) {
  if (!change.skipped || !change.again) return "cannot be counted";
  const Position& from = change.from ? *change.from : change.to;
  std::string text;
  if (*change.skipped > 0) {
    text = "skips " + (change.note.empty() || change.at_most
                           ? count_text(change, *change.skipped, from, change.to, math)
                           : std::to_string(*change.skipped));
  }
  if (*change.again > 0) {
    text += (text.empty() ? "reads " : ", reads ") +
            count_text(change, *change.again, change.to, from, math) + " again";
  }
  if (text.empty()) text = change.from && math.same(*change.from, change.to) ? "as it is" : "";
  if (!change.note.empty()) text += (text.empty() ? "" : "; ") + change.note;
  return text;
}

std::string total_text(const Mend& mend) {
  std::int64_t skipped = 0;
  std::int64_t again = 0;
  bool at_most = false;
  for (const SplitChange& change : mend.changes) {
    if (!change.skipped || !change.again) return "What is skipped or read again cannot be counted.";
    skipped += *change.skipped;
    again += *change.again;
    at_most = at_most || change.at_most;
  }
  if (skipped == 0 && again == 0) return "No offset is skipped, none is read again.";
  const auto text = [&](std::int64_t count) {
    return (at_most && count > 0 ? "up to " : "") + std::to_string(count);
  };
  return "In all: " + text(skipped) + " offsets are skipped, " + text(again) + " are read again.";
}

}  // namespace

std::string next_start_text(const Outlook& outlook) {
  if (!outlook.unknown.empty()) return "cannot be told: " + outlook.unknown + "\n";
  const std::string row = "row " + outlook.decision.row;
  if (!outlook.halts()) {
    return row + ": " + std::string(action_text(outlook.decision.action)) + "\n";
  }
  return "HALT " + std::string(code_name(outlook.decision.halt)) + " (" +
         to_string(outlook.decision.halt) + "), " + row + "\n" + outlook.decision.text + "\n";
}

std::string show_text(const LaneView& view) {
  std::string text = "job " + view.id.job + " of instance " + view.id.instance + ", lane " +
                     view.id.lane + "\nstate directory " + view.directory + ", " +
                     (view.holder.empty() ? "free" : "held by " + view.holder) + "\n\n" +
                     records_text(view);
  if (!view.survey.splits.empty()) text += "\n" + splits_text(view);
  std::string more = skips_text(view);
  for (const SurveyedSource& source : view.survey.sources) {
    more += "source " + source.name + ": group " + source.group +
            (source.group_has_members ? ", which has live members" : "") + "\n";
  }
  if (!more.empty()) text += "\n" + more;
  return text + "\nthe next start: " + next_start_text(view.outlook);
}

std::string mend_text(const MendRequest& request, const Mend& mend, const Outlook& found,
                      const PositionMath& math) {
  std::string text = "found: " + next_start_text(found) + "\n" +
                     std::string(to_string(request.kind)) + ": " + mend.text + "\n\n";
  Table table({1, 2});
  table.add({"partition", "read to", "goes on at", ""});
  for (const SplitChange& change : mend.changes) {
    table.add({change.split.text(), change.from ? math.describe(change.split, *change.from) : "-",
               math.describe(change.split, change.to), change_text(change, math)});
  }
  text += table.text() + "\n" + total_text(mend) + "\n";
  for (const std::string& remark : mend.remarks) text += remark + "\n";
  return text + "The cell is claimed at epoch " + std::to_string(mend.lane.epoch.value()) + ".\n";
}

}  // namespace weir
