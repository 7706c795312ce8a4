#include "supervisor/control.h"

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

}  // namespace weir
