#include "base/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>

#include "base/log.h"

namespace weir {
namespace {

// What a process that breaks its own promise writes, and how it ends.
std::pair<std::string, int> broken_promise() {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    init_log({.level = LogLevel::kInfo, .format = LogFormat::kJson});
    WEIR_CHECK(1 + 1 == 3, "arithmetic holds");
  }
  close(ends[1]);
  std::string text;
  std::array<char, 512> part{};
  for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return {text, status};
}

TEST_CASE("WEIR_CHECK: a broken promise is a line of the log, and aborts", "[base]") {
  const auto [text, status] = broken_promise();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(text.starts_with("{\"ts\":"));
  CHECK(text.find("\"level\":\"error\"") != std::string::npos);
  CHECK(text.find("check_test.cc") != std::string::npos);
  CHECK(text.find("arithmetic holds") != std::string::npos);
}

}  // namespace
}  // namespace weir
