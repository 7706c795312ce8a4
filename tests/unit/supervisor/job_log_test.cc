#include "supervisor/job_log.h"

#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "supervisor/log_line.h"
#include "support/temp_dir.h"

namespace weir {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("job log: files follow one another, and the oldest goes") {
  const test::TempDir directory;
  const std::string path = directory.path() + "/a.log";
  {
    JobLog log(path, 10);
    for (int i = 0; i < 30; ++i) log.write("line " + std::to_string(100 + i) + "\n");
  }
  CHECK(content(path) == "line 129\n");
  CHECK(content(path + ".1") == "line 128\n");
  CHECK(content(path + ".9") == "line 120\n");
  CHECK_FALSE(std::filesystem::exists(path + ".10"));
  // The next daemon goes on where this one was.
  JobLog next(path, 100);
  next.write("more\n");
  CHECK(content(path) == "line 129\nmore\n");
}

TEST_CASE("job log: lines that cannot be written are counted and said") {
  const test::TempDir directory;
  JobLog log(directory.path() + "/later/a.log");
  log.write("one\ntwo\n");
  log.write("three\n");
  std::filesystem::create_directory(directory.path() + "/later");
  log.write("four\n");
  CHECK(content(log.path()) == "3 lines were left out here: No such file or directory\nfour\n");
}

TEST_CASE("job log: of lines that were written in part, the others are counted") {
  const test::TempDir directory;
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = signal(SIGXFSZ, SIG_IGN);
  JobLog log(directory.path() + "/a.log");
  struct rlimit small {
    10, before.rlim_max
  };
  setrlimit(RLIMIT_FSIZE, &small);
  log.write("one\ntwo\nthree\nfour\n");
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, ignored);
  log.write("five\n");
  CHECK(content(log.path()) == "one\ntwo\nth\n2 lines were left out here: File too large\nfive\n");
}

TEST_CASE("job log: a file that was removed is made anew") {
  const test::TempDir directory;
  JobLog log(directory.path() + "/a.log");
  log.write("one\n");
  std::filesystem::remove(log.path());
  log.write("two\n");
  CHECK(content(log.path()) == "two\n");
}

TEST_CASE("log lines: control characters and lines without end are made harmless") {
  LineCutter cutter;
  CHECK(cutter.cut("a\x1b[31m\tb\r\nhalf") == std::vector<std::string>{"a?[31m\tb"});
  CHECK(cutter.rest() == "half");
  CHECK(cutter.cut(" line\n\n") == std::vector<std::string>{"half line", ""});
  CHECK(cutter.rest().empty());
  // A character that comes in two pieces stays one; U+009B begins an escape sequence as ESC [ does.
  CHECK(cutter.cut("caf\xc3").empty());
  CHECK(cutter.cut("\xa9 \xc2\x9b"
                   "31m \xff\n") == std::vector<std::string>{"caf\xc3\xa9 ?31m ?"});
  CHECK(cutter.cut("a last one\r").empty());
  CHECK(cutter.finish() == std::vector<std::string>{"a last one"});
  CHECK(cutter.finish().empty());
  CHECK(LineCutter("what a daemon before").cut(" read\n") ==
        std::vector<std::string>{"what a daemon before read"});
  const auto lines = cutter.cut(std::string(3 * LineCutter::kLineBytesMax, 'x'));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == LineCutter::kLineBytesMax);
  // One that is just so long is one line.
  CHECK(LineCutter().cut(std::string(LineCutter::kLineBytesMax, 'x') + "\n\n").size() == 2);
}

TEST_CASE("log lines: each names its job in the daemon's log, once") {
  CHECK(with_job("a", "2026 INFO  job=a lane=0 claimed") == "2026 INFO  job=a lane=0 claimed");
  CHECK(with_job("a", R"({"job":"a","message":"x"})") == R"({"job":"a","message":"x"})");
  CHECK(with_job("a", "terminate called") == "[a] terminate called");
  CHECK(with_job("a", "2026 INFO  job=ab x") == "[a] 2026 INFO  job=ab x");
}

}  // namespace weir
