#include "supervisor/report.h"

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("report: what is written is read, in whatever pieces it comes") {
  const std::string why = "HALT other_owner:\nC:\\path\\now, and \\n is no newline";
  const std::string lines = to_line(HelloReport{"0.1.0"}) + to_line(BeatReport{"running"}) +
                            to_line(EndReport{RunEnd::kHalted, 78, why});
  const std::size_t piece = GENERATE(1U, 3U, 1000U);
  ReportReader reader;
  std::vector<ChildReport> reports;
  for (std::size_t at = 0; at < lines.size(); at += piece) {
    for (ChildReport& report : reader.read(std::string_view(lines).substr(at, piece))) {
      reports.push_back(std::move(report));
    }
  }
  REQUIRE(reports.size() == 3);
  CHECK(std::get<HelloReport>(reports[0]).version == "0.1.0");
  CHECK(std::get<BeatReport>(reports[1]).state == "running");
  const EndReport& end = std::get<EndReport>(reports[2]);
  CHECK(end.end == RunEnd::kHalted);
  CHECK(end.exit_code == 78);
  CHECK(end.why == why);
}

TEST_CASE("report: what is no report is passed over") {
  ReportReader reader;
  CHECK(reader.read("\n\nnews of a later version\nend\nend stopped\nend stopped x\nend no 0\n")
            .empty());
  CHECK(reader.read(std::string(1U << 20U, 'x') + "\nbeat running\n").size() == 1);
  // One that never ends is bounded, and what follows it is read.
  for (int i = 0; i < 100; ++i) CHECK(reader.read(std::string(kReportBytesMax, 'y')).empty());
  CHECK(reader.read("\nbeat running\n").size() == 1);
}

TEST_CASE("report: a text that is too long is cut, and the line stays one") {
  const std::string line = to_line(EndReport{RunEnd::kFailed, 1, std::string(1U << 20U, '\n')});
  CHECK(line.size() <= kReportBytesMax);
  CHECK(ReportReader().read(line).size() == 1);
  // Between two characters, and where text is none.
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\x80"}) {
    std::string why = "x";
    for (int i = 0; i < 10'000; ++i) why += character;
    const std::string cut = to_line(EndReport{RunEnd::kFailed, 1, why});
    CHECK(cut.size() <= kReportBytesMax);
    const auto reports = ReportReader().read(cut);
    const std::string& read = std::get<EndReport>(reports.at(0)).why;
    CHECK(read.ends_with(character + "..."));
    CHECK(read == why.substr(0, read.size() - 3) + "...");
  }
}

}  // namespace weir
