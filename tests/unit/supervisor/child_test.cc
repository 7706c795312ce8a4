#include "supervisor/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>

#include "job/stops.h"
#include "supervisor/supervised.h"
#include "support/temp_dir.h"

namespace weir {
namespace {

// A script in the place of weir.
class Script {
 public:
  explicit Script(const std::string& text) : path_(folder_.path() + "/weir") {
    std::ofstream(path_) << "#!/bin/sh\n" << text;
    chmod(path_.c_str(), 0700);
  }
  ChildCommand command() const {
    return {.program = path_,
            .job_file = "clicks.yaml",
            .job_text = "job: clicks",
            .config_file = {},
            .config_text = {},
            .state_dir = folder_.path()};
  }
  const std::string& folder() const { return folder_.path(); }

 private:
  const test::TempDir folder_;
  const std::string path_;
};

void wait_for(int fd) {
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  while (poll(&look, 1, 60'000) < 0) continue;
  REQUIRE(look.revents != 0);
}

std::string all_of(const Descriptor& from) {
  std::string text;
  std::array<char, 4096> room{};
  for (ssize_t got = 0; (got = read(from.get(), room.data(), room.size())) > 0;) {
    text.append(room.data(), static_cast<std::size_t>(got));
  }
  return text;
}

ProcessExit exit_of(Child& child) {
  wait_for(child.process_fd());
  const auto exit = child.take_exit();
  REQUIRE(exit);
  return *exit;
}

std::vector<ChildReport> reports_of(Child& child) {
  std::vector<ChildReport> all;
  while (!child.report_ended()) {
    wait_for(child.report_fd());
    for (ChildReport& report : child.read_reports()) all.push_back(std::move(report));
  }
  return all;
}

}  // namespace

TEST_CASE("child: a process has its texts, its pipes, and nothing else of the daemon's") {
  setenv("NOTIFY_SOCKET", "/nowhere", 1);
  const Script script(R"(echo "$@"
echo "$WEIR_SUPERVISOR,$NOTIFY_SOCKET"
cat /proc/self/fd/5
echo
# sh reads its script as 10; what it has open while it looks for names is closed by then.
for fd in /proc/$$/fd/*; do
  test "${fd##*/}" = 10 || test ! -e "$fd" || printf '%s ' "${fd##*/}"
done
echo words >&2
echo 'end stopped 0' >&4
exit 3
)");
  auto child = Child::spawn(script.command());
  unsetenv("NOTIFY_SOCKET");
  REQUIRE(child);
  const Descriptor log = (*child)->take_stderr();
  const auto reports = reports_of(**child);
  REQUIRE(reports.size() == 1);
  CHECK(std::get<EndReport>(reports[0]).end == RunEnd::kStopped);
  CHECK(exit_of(**child).code == 3);
  const std::string text = all_of(log);
  CAPTURE(text);
  CHECK(text == "run clicks.yaml --state-dir " + script.folder() +
                    "\nlife=3 report=4 job=5,\njob: clicks\n0 1 2 3 4 5 words\n");
}

TEST_CASE("child: one that is let go sees its life end") {
  const Script script("cat <&3\necho 'beat gone' >&4\n");
  auto child = Child::spawn(script.command());
  REQUIRE(child);
  const Descriptor report(fcntl((*child)->report_fd(), F_DUPFD_CLOEXEC, 3));
  child->reset();
  wait_for(report.get());
  std::array<char, 16> room{};
  REQUIRE(read(report.get(), room.data(), room.size()) == 10);
  CHECK(std::string(room.data(), 10) == "beat gone\n");
}

TEST_CASE("child: signals, and what it died of") {
  const Script script("echo 'beat up' >&4\nexec sleep 1000\n");
  auto child = Child::spawn(script.command());
  REQUIRE(child);
  wait_for((*child)->report_fd());
  CHECK_FALSE((*child)->take_exit());
  SECTION("asked to end") {
    (*child)->signal(SIGTERM);
    CHECK(exit_of(**child).signal == SIGTERM);
  }
  SECTION("put down, and waited for") {
    const std::int32_t pid = (*child)->pid();
    (*child)->put_down();
    CHECK(kill(pid, 0) != 0);
  }
  SECTION("handed over, and taken back") {
    const Descriptor log = (*child)->take_stderr();
    const std::string saved = (*child)->save(log.get());
    CHECK(fcntl((*child)->report_fd(), F_GETFD) == 0);
    (*child)->take_back();
    CHECK(fcntl((*child)->report_fd(), F_GETFD) == FD_CLOEXEC);
    (*child)->put_down();
    CHECK(saved.starts_with(std::to_string((*child)->pid()) + " "));
  }
}

TEST_CASE("child: a program that is not there") {
  const Script script("");
  ChildCommand command = script.command();
  command.program = script.folder() + "/nowhere";
  const auto child = Child::spawn(command);
  REQUIRE_FALSE(child);
  CHECK(child.error().action() == Action::kStopJob);
  CHECK_THAT(child.error().message(), Catch::Contains("No such file"));
  CHECK_FALSE(Child::adopt("12 x"));
}

TEST_CASE("supervised: tells its daemon, and has the job stop when that is gone") {
  REQUIRE(catch_stops());
  std::array<int, 2> life{};
  std::array<int, 2> report{};
  REQUIRE(pipe2(life.data(), O_CLOEXEC) == 0);
  REQUIRE(pipe2(report.data(), O_CLOEXEC) == 0);
  const test::TempDir folder;
  std::ofstream(folder.path() + "/job") << "job: clicks";
  const int job = open((folder.path() + "/job").c_str(), O_RDONLY | O_CLOEXEC);
  setenv(kSupervisorVariable,
         ("life=" + std::to_string(life[0]) + " report=" + std::to_string(report[1]) +
          " job=" + std::to_string(job))
             .c_str(),
         1);
  auto supervised = Supervised::from_environment("1.2.3");
  REQUIRE(supervised);
  REQUIRE(*supervised);
  CHECK(std::getenv(kSupervisorVariable) == nullptr);
  CHECK(*(*supervised)->job_text() == "job: clicks");
  CHECK_FALSE(*(*supervised)->config_text());
  CHECK_FALSE(stop_was_asked());
  close(life[1]);
  while (!stop_was_asked()) wait_for_stop_or_wake();
  (*supervised)->on_end(RunEnd::kStopped, 0, "");
  supervised->reset();
  const std::string told = all_of(Descriptor(report[0]));
  CHECK(told.starts_with("hello 1.2.3\nbeat "));
  CHECK(told.ends_with("end stopped 0 \n"));
}

TEST_CASE("supervised: without a daemon, and with what no daemon sets") {
  CHECK(*Supervised::from_environment("1") == nullptr);
  setenv(kSupervisorVariable, "life=3", 1);
  CHECK_FALSE(Supervised::from_environment("1"));
  CHECK(std::getenv(kSupervisorVariable) == nullptr);
}

}  // namespace weir
