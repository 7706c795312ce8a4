#include "base/log_writer.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

using namespace std::chrono_literals;

LogWriter::Now at(std::chrono::milliseconds since_start) {
  return {LogTime{1'795'515'072'007ms + since_start},
          std::chrono::steady_clock::time_point{since_start}};
}

// What a terminal of one row below its lines shows: enough of one for what the log sends.
class Terminal {
 public:
  void write(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes.substr(i).starts_with("\x1b[K")) {
        row_.resize(column_);
        i += 2;
      } else if (bytes.substr(i).starts_with("\x1b[?7")) {
        i += 4;
      } else if (bytes[i] == '\r') {
        column_ = 0;
      } else if (bytes[i] == '\n') {
        lines_.push_back(std::exchange(row_, {}));
        column_ = 0;
      } else {
        row_.resize(std::max(row_.size(), column_ + 1));
        row_[column_++] = bytes[i];
      }
    }
  }
  const std::vector<std::string>& lines() const { return lines_; }
  const std::string& row() const { return row_; }

 private:
  std::vector<std::string> lines_;
  std::string row_;
  std::size_t column_ = 0;
};

TEST_CASE("log writer: text on a terminal, JSON lines elsewhere, unless it is told", "[base]") {
  const auto first_byte = [](LogFormat format, bool is_terminal) {
    return LogWriter({.format = format}, is_terminal)
        .line(LogLevel::kInfo, {}, "hello", at(0ms))[0];
  };
  CHECK(first_byte(LogFormat::kAuto, true) == '2');
  CHECK(first_byte(LogFormat::kAuto, false) == '{');
  CHECK(first_byte(LogFormat::kText, false) == '2');
  CHECK(first_byte(LogFormat::kJson, true) == '{');
}

TEST_CASE("log writer: a line below the level writes nothing", "[base]") {
  LogWriter writer({.level = LogLevel::kWarn, .format = LogFormat::kText}, false);
  CHECK(writer.line(LogLevel::kInfo, {}, "hello", at(0ms)).empty());
  CHECK(writer.line(LogLevel::kWarn, {}, "hello", at(0ms)) ==
        "2026-11-24T10:11:12.007Z WARN  hello\n");
}

TEST_CASE("log writer: every line has the job and lane, those of an epoch its number", "[base]") {
  LogWriter writer({.format = LogFormat::kText}, false);
  writer.set_context({.job = "clicks", .lane = "0", .epoch = {}});
  CHECK(writer.line(LogLevel::kInfo, {}, "from librdkafka", at(0ms)) ==
        "2026-11-24T10:11:12.007Z INFO  job=clicks lane=0 from librdkafka\n");
  CHECK(writer.line(LogLevel::kInfo, {.job = {}, .lane = "1", .epoch = EpochId{7}}, "b", at(0ms)) ==
        "2026-11-24T10:11:12.007Z INFO  job=clicks lane=1 epoch=7 b\n");
}

TEST_CASE("log writer: repeats are held back, counted, and said a minute later", "[base]") {
  LogWriter writer({.format = LogFormat::kText}, false);
  std::size_t written = 0;
  for (int i = 0; i < 1000; ++i) {
    written += writer.line(LogLevel::kWarn, {}, "broker is down", at(1ms * i)).empty() ? 0U : 1U;
  }
  CHECK(written == RepeatLimit::kRepeatsMax);
  CHECK(writer.line(LogLevel::kWarn, {}, "broker is down", at(1min)) ==
        "2026-11-24T10:12:12.007Z WARN  broker is down (990 more of these were held back)\n");
}

TEST_CASE("log writer: a status line stays below the lines and tears none", "[base]") {
  LogWriter writer({}, true);
  Terminal terminal;
  terminal.write(writer.line(LogLevel::kInfo, {}, "one", at(0ms)));
  terminal.write(writer.status("running, a rather long status"));
  CHECK(terminal.row() == "running, a rather long status");
  terminal.write(writer.line(LogLevel::kInfo, {}, "two", at(0ms)));
  CHECK(terminal.row() == "running, a rather long status");
  terminal.write(writer.status("short"));
  CHECK(terminal.row() == "short");
  terminal.write(writer.status(""));
  CHECK(terminal.row().empty());
  terminal.write(writer.line(LogLevel::kInfo, {}, "three", at(0ms)));
  CHECK(terminal.lines() == std::vector<std::string>{"2026-11-24T10:11:12.007Z INFO  one",
                                                     "2026-11-24T10:11:12.007Z INFO  two",
                                                     "2026-11-24T10:11:12.007Z INFO  three"});
}

TEST_CASE("log writer: no status line without a terminal, nor among JSON lines", "[base]") {
  CHECK(LogWriter({}, false).status("running").empty());
  CHECK(LogWriter({.format = LogFormat::kJson}, true).status("running").empty());
  CHECK(LogWriter({.format = LogFormat::kText}, false).status("running").empty());
}

}  // namespace
}  // namespace weir
