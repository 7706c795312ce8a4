#include "supervisor/log_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "support/temp_dir.h"

namespace weir {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Process {
  Process() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
  void write(std::string_view text) const {
    REQUIRE(::write(write_end.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
  Descriptor read_end, write_end;
};

// The pump's lines go to the daemon's standard error too.
class Rig {
 public:
  Rig() : waker_(std::move(*Waker::open())) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    stderr_ = Descriptor(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
    dup2(null, STDERR_FILENO);
    close(null);
    pump_ = std::move(*LogPump::start(folder_.path(), waker_));
  }
  ~Rig() {
    pump_.reset();
    dup2(stderr_.get(), STDERR_FILENO);
  }
  LogPump& pump() { return *pump_; }
  void flush() {
    const std::uint64_t ticket = pump_->flush();
    while (!pump_->is_flushed(ticket)) waker_.wait(std::nullopt);
  }
  std::string log(const std::string& job) const {
    return content(folder_.path() + "/" + job + ".log");
  }

 private:
  test::TempDir folder_;
  Waker waker_;
  Descriptor stderr_;
  std::unique_ptr<LogPump> pump_;
};

}  // namespace

TEST_CASE("log pump: after a flush everything that was written is there") {
  Rig rig;
  for (int i = 0; i < 200; ++i) {
    Process process;
    rig.pump().add("a", std::move(process.read_end), {});
    process.write("a line\nwith its last words, of process " + std::to_string(i));
    process.write_end.reset();
    rig.flush();
    REQUIRE(rig.pump().tail("a") == "a line\nwith its last words, of process " + std::to_string(i));
  }
}

TEST_CASE("log pump: the tail is the newest process's, and bounded") {
  Rig rig;
  Process first;
  rig.pump().add("a", std::move(first.read_end), {});
  for (int i = 0; i < 30; ++i) first.write(std::to_string(i) + std::string(3000, 'x') + "\n");
  rig.flush();
  const std::string tail = rig.pump().tail("a");
  CHECK(tail.size() < LogPump::kTailLines * 2001);
  CHECK(tail.starts_with("10xxx"));
  Process second;
  rig.pump().add("a", std::move(second.read_end), {});
  CHECK(rig.pump().tail("a").empty());
  CHECK(rig.pump().tail("b").empty());
}

TEST_CASE("log pump: a pause gives away what is open, and half a line") {
  Rig rig;
  Process gone;
  Process process;
  const int fd = process.read_end.get();
  rig.pump().add("a", std::move(gone.read_end), {});
  rig.pump().add("b", std::move(process.read_end), "begun by the daemon before");
  gone.write("the end");
  gone.write_end.reset();
  process.write(", ended\nand half of");
  const auto open = rig.pump().pause();
  REQUIRE(open.size() == 1);
  CHECK(open.begin()->first == "b");
  CHECK(open.begin()->second.fd == fd);
  CHECK(open.begin()->second.rest == "and half of");
  CHECK(rig.log("a") == "the end\n");
  CHECK(rig.log("b") == "begun by the daemon before, ended\n");
  // It was not replaced.
  fcntl(fd, F_SETFD, 0);
  rig.pump().resume();
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  process.write(" another\n");
  rig.flush();
  CHECK(rig.log("b") == "begun by the daemon before, ended\nand half of another\n");
}

}  // namespace weir
