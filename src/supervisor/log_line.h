#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Cuts what a process writes into lines that can be shown: control characters and bytes that are
/// not UTF-8 become '?', and a line of more than kLineBytesMax is cut in two. Thread: its owner's.
class LineCutter {
 public:
  static constexpr std::size_t kLineBytesMax = 64U << 10U;

  LineCutter() = default;
  /// Goes on where another one had rest().
  explicit LineCutter(std::string rest) : rest_(std::move(rest)) {}

  /// The lines that `bytes` complete, without their newlines.
  std::vector<std::string> cut(std::string_view bytes);
  /// What has come of the next line, as it came.
  const std::string& rest() const { return rest_; }
  /// After the last byte: the line that is left without a newline, when there is one.
  std::vector<std::string> finish();

 private:
  std::string rest_;
};

/// The line as the daemon's own log has it: one that does not name its job gets `[job] ` in front.
std::string with_job(std::string_view job, std::string line);

}  // namespace weir
