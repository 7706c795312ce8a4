#include "base/error.h"

namespace weir {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::kRetry:
      return "retry";
    case Action::kSkipRecord:
      return "skip_record";
    case Action::kRecover:
      return "recover";
    case Action::kHalt:
      return "halt";
    case Action::kStopJob:
      return "stop_job";
  }
  return "?";
}

}  // namespace weir
