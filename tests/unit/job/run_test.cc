#include "job/run.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

TEST_CASE("exit_code_of: 78 for what a person must change, 1 for what may be over", "[job]") {
  struct Row {
    Action action;
    Code code;
    int exit;
  };
  const Row table[] = {
      {Action::kHalt, Code::kOtherOwner, kExitConfig},
      {Action::kHalt, Code::kPoisonRecord, kExitConfig},
      {Action::kHalt, Code::kNone, kExitConfig},
      {Action::kStopJob, Code::kTopicMissing, kExitConfig},
      {Action::kStopJob, Code::kAuthenticationFailed, kExitConfig},
      {Action::kStopJob, Code::kPermissionMissing, kExitConfig},
      {Action::kStopJob, Code::kStateUnusable, kExitConfig},
      {Action::kStopJob, Code::kOffsetOutOfRange, kExitConfig},
      {Action::kStopJob, Code::kBadValue, kExitConfig},
      {Action::kStopJob, Code::kFileMissing, kExitConfig},
      {Action::kStopJob, Code::kCorruptStore, kExitConfig},  // of a newer weir
      {Action::kStopJob, Code::kBrokersUnreachable, kExitFailed},
      {Action::kStopJob, Code::kClusterNotReady, kExitFailed},
      {Action::kStopJob, Code::kNone, kExitFailed},
      {Action::kRetry, Code::kStateInUse, kExitFailed},
      {Action::kRetry, Code::kBrokersUnreachable, kExitFailed},
      {Action::kRecover, Code::kFenced, kExitFailed},
  };
  for (const Row& row : table) {
    CAPTURE(to_string(row.action), to_string(row.code));
    CHECK(exit_code_of(Error{row.action, row.code, "why"}) == row.exit);
  }
}

}  // namespace
}  // namespace weir
