#include "connectors/file/sink.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>

#include "contract/follower_contract.h"
#include "start_rig.h"

namespace weir::file::test {
namespace {

using Rows = std::vector<std::string>;

constexpr MonoTime kNoDeadline = MonoTime::max();

std::unique_ptr<FollowerSink> sink_to(const std::string& directory, Format format = Format::kText) {
  const Schema schema({{"value", {.kind = TypeKind::kText}, false}});
  return make_file_sink({.name = "out",
                         .directory = directory,
                         .stem = "hello-0",
                         .writer = LineWriter(format, *make_encoder(format, schema), schema, {})});
}

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename());
  }
  return names;
}

TEST_CASE("file sink: keeps the contract of FollowerSink", "[file]") {
  for (const auto& clause : weir::test::follower_contract()) {
    DYNAMIC_SECTION(clause.says) {
      const Folder folder;
      weir::test::FollowerRig rig{sink_to(folder.path()), kNoDeadline, [&] {
                                    Rows rows;
                                    for (const std::string& name : names_in(folder.path())) {
                                      std::istringstream lines(folder.read(name));
                                      for (std::string line; std::getline(lines, line);) {
                                        rows.push_back(line);
                                      }
                                    }
                                    return rows;
                                  }};
      clause.check(rig);
    }
  }
}

TEST_CASE("file sink: an epoch is one whole file, in the directory that it makes", "[file]") {
  const Folder folder;
  const auto sink = sink_to(folder / "out/", Format::kCsv);
  REQUIRE(sink->deliver(EpochId{7}, Rows{"a", "\"b\nc\""}, kNoDeadline));
  CHECK(names_in(folder / "out") == std::set<std::string>{"hello-0-0000000007.csv"});
  CHECK(folder.read("out/hello-0-0000000007.csv") == "value\na\n\"b\nc\"\n");
  // What a crash left behind is no hindrance, and what is there again the same.
  folder.write("out/.hello-0-0000000007.csv.part", std::string(100, 'x'));
  REQUIRE(sink->deliver(EpochId{7}, Rows{"a", "\"b\nc\""}, kNoDeadline));
  CHECK(names_in(folder / "out") == std::set<std::string>{"hello-0-0000000007.csv"});
  CHECK(folder.read("out/hello-0-0000000007.csv") == "value\na\n\"b\nc\"\n");
}

TEST_CASE("file sink: a file of other rows is left alone", "[file]") {
  const Folder folder;
  const auto sink = sink_to(folder.path());
  REQUIRE(sink->deliver(EpochId{1}, Rows{"a", "b"}, kNoDeadline));
  // The same epoch again, as after a crash, by another process.
  REQUIRE(sink_to(folder.path())->deliver(EpochId{1}, Rows{"a", "b"}, kNoDeadline));
  const Result<> other = sink_to(folder.path())->deliver(EpochId{1}, Rows{"a", "c"}, kNoDeadline);
  REQUIRE(!other);
  CHECK(other.error().action() == Action::kStopJob);
  CHECK(other.error().code() == Code::kFileExists);
  CHECK(folder.read("hello-0-0000000001.txt") == "a\nb\n");
  CHECK(names_in(folder.path()) == std::set<std::string>{"hello-0-0000000001.txt"});
}

TEST_CASE("file sink: large epochs are written whole", "[file]") {
  const Folder folder;
  const auto sink = sink_to(folder.path());
  const Rows rows(40, std::string(100'000, 'x'));
  REQUIRE(sink->deliver(EpochId{1}, rows, kNoDeadline));
  CHECK(folder.read("hello-0-0000000001.txt").size() == 40 * 100'001);
}

TEST_CASE("file sink: a directory that cannot be is tried again, and said", "[file]") {
  const Folder folder;
  folder.write("file", "");
  for (const char* directory : {"no/parent", "file", "file/out"}) {
    INFO(directory);
    const auto sink = sink_to(folder / directory);
    const Result<> delivered = sink->deliver(EpochId{1}, Rows{"a"}, kNoDeadline);
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().action() == Action::kRetry);
    CHECK_THAT(delivered.error().message(), Catch::Contains(directory));
  }
  const auto sink = sink_to(folder / "no/parent");
  std::filesystem::create_directory(folder / "no");
  CHECK(sink->deliver(EpochId{1}, Rows{"a"}, kNoDeadline));
}

// A file may have so many bytes, as if the disk were full, while this lives.
class DiskFull {
 public:
  explicit DiskFull(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~DiskFull() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("file sink: when there is no room nothing half is seen, and it is tried again",
          "[file]") {
  const Folder folder;
  const auto sink = sink_to(folder.path());
  REQUIRE(sink->deliver(EpochId{1}, Rows{"a"}, kNoDeadline));
  const Rows rows(30, std::string(100'000, 'x'));
  {
    const DiskFull full(1'500'000);
    const Result<> delivered = sink->deliver(EpochId{2}, rows, kNoDeadline);
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().action() == Action::kRetry);
    CHECK_THAT(delivered.error().message(), Catch::Contains("cannot write"));
    CHECK(names_in(folder.path()) == std::set<std::string>{"hello-0-0000000001.txt"});
  }
  REQUIRE(sink->deliver(EpochId{2}, rows, kNoDeadline));
  CHECK(folder.read("hello-0-0000000002.txt").size() == 30 * 100'001);
}

}  // namespace
}  // namespace weir::file::test
