#pragma once

#include <string>
#include <string_view>

#include "engine/mend.h"

// What the decisions of mend.cc and mend_moves.cc share.
namespace weir::mending {

/// Everything that a decision goes by.
struct Case {
  const MendRequest& request;
  const Survey& survey;
  const Outlook& outlook;
  const PositionMath& math;

  const RecoveryFacts& facts() const { return survey.recovery; }
};

/// True when another record stands where the last one that was read did.
bool is_rewritten(const Survey& survey, const SplitId& split);

/// "HALT other_owner (W5001): ...", with the ways out.
std::string halt_text(const RecoveryDecision& halt);

Mend refused(std::string text);
/// This is not the way out: what is found, with its own ways out.
Mend refused_by_halt(const Case& of, std::string_view why);
Mend nothing_to_do(const Case& of, std::string_view why);

/// LANE as this command will claim it, without splits: the cell's epoch and attempt where there is
/// a cell, else the newest that LANE or this job's marks in the group know.
LaneRecord lane_to_claim(const Case& of);

/// Puts `split` to `to` in `mend`, and counts what that means.
void move(Mend& mend, const Case& of, const SurveyedSplit& split, const Position& to,
          std::string note = {});
/// As move(), for a log that is not the one that was read: all of it was never read.
void move_in_other_log(Mend& mend, const Case& of, const SurveyedSplit& split, const Position& to);

/// Keeps LANE's skips that are still ahead, and says which splits and skips are forgotten.
void carry_over(Mend& mend, const Case& of);

/// Refuses when the reader would not find a position that `mend` chose; else `mend` itself.
Mend within_logs(Mend mend, const Case& of);

Mend seek(const Case& of);
Mend skip(const Case& of);
Mend reset(const Case& of);

}  // namespace weir::mending
