#include "connectors/stdout/sink.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "contract/follower_contract.h"
#include "support/text_batch.h"

namespace weir::stdout_sink {
namespace {

using namespace std::chrono_literals;

MonoTime within(std::chrono::milliseconds time) { return SystemClock().mono() + time; }

/// A pipe whose writing end the sink takes for standard output.
class Pipe {
 public:
  Pipe() {
    // As every process that runs a job does.
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends_[0], F_SETFL, O_NONBLOCK) == 0);
  }
  ~Pipe() {
    close_reader();
    close(ends_[1]);
  }
  void close_reader() {
    if (ends_[0] >= 0) close(std::exchange(ends_[0], -1));
  }
  /// Everything that came and was not read yet.
  std::string read_all() const {
    std::string all;
    char bytes[65'536];
    for (ssize_t got = 0; (got = read(ends_[0], bytes, sizeof bytes)) > 0;) {
      all.append(bytes, static_cast<std::size_t>(got));
    }
    return all;
  }
  int writer() const { return ends_[1]; }

 private:
  int ends_[2] = {-1, -1};
};

std::unique_ptr<FollowerSink> sink_to(const Pipe& pipe, Format format = Format::kText) {
  const Schema schema({{"value", {.kind = TypeKind::kText}, false}});
  return make_stdout_sink({.name = "out",
                           .writer = LineWriter(format, *make_encoder(format, schema), schema, {}),
                           .fd = pipe.writer()});
}

TEST_CASE("stdout sink: keeps the contract of FollowerSink", "[stdout]") {
  for (const auto& clause : test::follower_contract()) {
    DYNAMIC_SECTION(clause.says) {
      const Pipe pipe;
      std::string seen;
      test::FollowerRig rig{sink_to(pipe), within(10s), [&] {
                              seen += pipe.read_all();
                              std::vector<std::string> rows;
                              std::istringstream lines(seen);
                              for (std::string line; std::getline(lines, line);) {
                                rows.push_back(line);
                              }
                              return rows;
                            }};
      clause.check(rig);
    }
  }
}

TEST_CASE("stdout sink: the header of csv comes once", "[stdout]") {
  const Pipe pipe;
  const auto sink = sink_to(pipe, Format::kCsv);
  REQUIRE(sink->deliver(EpochId{1}, std::vector<std::string>{"a"}, within(10s)));
  REQUIRE(sink->deliver(EpochId{2}, std::vector<std::string>{"b"}, within(10s)));
  CHECK(pipe.read_all() == "value\na\nb\n");
}

TEST_CASE("stdout sink: a reader that does not read is waited for, and gets each byte once",
          "[stdout]") {
  const Pipe pipe;
  const auto sink = sink_to(pipe);
  // More than a pipe holds.
  const std::vector<std::string> rows(5, std::string(30'000, 'x'));
  std::string seen;
  Result<> delivered = sink->deliver(EpochId{1}, rows, within(5ms));
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().action() == Action::kRetry);
  for (int tries = 0; !delivered && tries < 100; ++tries) {
    seen += pipe.read_all();
    delivered = sink->deliver(EpochId{1}, rows, within(5ms));
  }
  REQUIRE(delivered);
  seen += pipe.read_all();
  std::string expected;
  for (const std::string& row : rows) expected += row + "\n";
  CHECK(seen == expected);
}

TEST_CASE("stdout sink: a reader that is gone stops the job", "[stdout]") {
  Pipe pipe;
  const auto sink = sink_to(pipe);
  pipe.close_reader();
  const Result<> delivered = sink->deliver(EpochId{1}, std::vector<std::string>{"a"}, within(10s));
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().action() == Action::kStopJob);
  CHECK_THAT(delivered.error().message(), Catch::Contains("has closed it"));
}

TEST_CASE("stdout sink: a full disk is tried again", "[stdout]") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  const Schema schema({{"value", {.kind = TypeKind::kText}, false}});
  const auto sink = make_stdout_sink(
      {.name = "out",
       .writer = LineWriter(Format::kText, *make_encoder(Format::kText, schema), schema, {}),
       .fd = full});
  const Result<> delivered = sink->deliver(EpochId{1}, std::vector<std::string>{"a"}, within(10s));
  REQUIRE_FALSE(delivered);
  CHECK(delivered.error().action() == Action::kRetry);
  CHECK_THAT(delivered.error().message(), Catch::Contains("No space left"));
  close(full);
}

}  // namespace
}  // namespace weir::stdout_sink
