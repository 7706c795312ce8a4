#include "base/log_line.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

const LogTime kAt{std::chrono::milliseconds(1'795'515'072'007)};

TEST_CASE("log line: text and JSON carry job, lane and epoch", "[base]") {
  const LogContext context{.job = "clicks", .lane = "0", .epoch = EpochId{7}};
  CHECK(text_log_line(LogLevel::kInfo, context, "hello", kAt) ==
        "2026-11-24T10:11:12.007Z INFO  job=clicks lane=0 epoch=7 hello");
  CHECK(
      json_log_line(LogLevel::kWarn, context, "a \"b\"\n\x01", kAt) ==
      R"({"ts":"2026-11-24T10:11:12.007Z","level":"warn","job":"clicks","lane":"0","epoch":7,"message":"a \"b\"\n\u0001"})");
}

TEST_CASE("log line: bytes that are no UTF-8 and what steers a terminal are shown", "[base]") {
  const std::string message =
      "\xc3\xa4 \xff \xc0\xaf \xed\xa0\x80 \xe2\x82 \x1b[2J \xf0\x9f\x98\x80\n\t";
  const std::string shown = R"(\xff \xc0\xaf \xed\xa0\x80 \xe2\x82 \x1b[2J)";
  CHECK(text_log_line(LogLevel::kInfo, {}, message, kAt) ==
        "2026-11-24T10:11:12.007Z INFO  \xc3\xa4 " + shown + " \xf0\x9f\x98\x80\n\t");
  CHECK(json_log_line(LogLevel::kInfo, {}, message, kAt) ==
        "{\"ts\":\"2026-11-24T10:11:12.007Z\",\"level\":\"info\",\"message\":\"\xc3\xa4 "
        R"(\\xff \\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x82 \u001b[2J )"
        "\xf0\x9f\x98\x80\\n\\u0009\"}");
}

TEST_CASE("repeat limit: ten a minute pass, the rest is counted and said", "[base]") {
  RepeatLimit limit;
  const std::chrono::steady_clock::time_point start;
  for (int i = 0; i < 10; ++i) CHECK(limit.admit("down", start) == 0U);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(limit.admit("down", start));
  CHECK(limit.admit("other", start) == 0U);
  CHECK(limit.admit("down", start + std::chrono::minutes(1)) == 5U);
}

}  // namespace
}  // namespace weir
