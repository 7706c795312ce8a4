#include "supervisor/control.h"

#include "base/nearest.h"

namespace weir {

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::kInvalid:
      return "invalid";
    case JobState::kWaiting:
      return "waiting";
    case JobState::kStarting:
      return "starting";
    case JobState::kRunning:
      return "running";
    case JobState::kStopping:
      return "stopping";
    case JobState::kStopped:
      return "stopped";
    case JobState::kFinished:
      return "finished";
    case JobState::kHalted:
      return "halted";
    case JobState::kFailed:
      return "failed";
  }
  return "?";
}

std::string_view to_string(ReloadStep::Kind kind) {
  switch (kind) {
    case ReloadStep::Kind::kStart:
      return "start";
    case ReloadStep::Kind::kStop:
      return "stop";
    case ReloadStep::Kind::kRestart:
      return "restart";
    case ReloadStep::Kind::kUpdate:
      return "update";
    case ReloadStep::Kind::kRename:
      return "rename";
    case ReloadStep::Kind::kKeep:
      return "keep";
    case ReloadStep::Kind::kUnchanged:
      return "unchanged";
  }
  return "?";
}

ReloadStep::Kind reload_kind(std::string_view word) {
  using Kind = ReloadStep::Kind;
  for (const Kind kind : {Kind::kStart, Kind::kStop, Kind::kRestart, Kind::kUpdate, Kind::kRename,
                          Kind::kUnchanged}) {
    if (to_string(kind) == word) return kind;
  }
  return Kind::kKeep;
}

std::string unknown_job_text(const std::string& name, const std::vector<std::string>& jobs) {
  const std::vector<std::string_view> known(jobs.begin(), jobs.end());
  const std::string hint = did_you_mean(name, known);
  return "there is no job \"" + name + "\"" + (hint.empty() ? "" : "; " + hint);
}

}  // namespace weir
