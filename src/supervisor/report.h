#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "job/run.h"

namespace weir {

/// What a job's process tells its daemon over their pipe, one line each. `\` and newline within a
/// text are written `\\` and `\n`; a line is at most kReportBytesMax long. A daemon and its jobs
/// may be of two versions while jobs move to a new one, so words that it does not know are passed
/// over:
///
///   hello <version>                       once, first
///   beat <state>                          every kBeatEvery, and when the state changes
///   end <word> <exit code> [<why>]        once, last; word: of RunEnd
struct HelloReport {
  std::string version;
};
struct BeatReport {
  std::string state;  ///< to_string(LaneState), or kWaitsForMarker
};
/// Before there is a lane: whether the job's marker is there cannot be told, so it does not start.
constexpr std::string_view kWaitsForMarker = "waiting_for_marker";
struct EndReport {
  RunEnd end = RunEnd::kStopped;
  int exit_code = 0;
  std::string why;
};
using ChildReport = std::variant<HelloReport, BeatReport, EndReport>;

constexpr std::chrono::seconds kBeatEvery{5};
/// What a pipe takes whole or not at all (PIPE_BUF of pipe(7)): no line is ever torn.
constexpr std::size_t kReportBytesMax = 4096;

/// The line of `report`, with its newline. A text that is too long is cut, and ends in "...". Pure.
std::string to_line(const ChildReport& report);

/// Cuts what comes over the pipe into reports. Thread: its owner's.
class ReportReader {
 public:
  /// The reports that `bytes` complete. What follows no grammar is passed over.
  std::vector<ChildReport> read(std::string_view bytes);

 private:
  std::string rest_;  // an unfinished line
};

}  // namespace weir
