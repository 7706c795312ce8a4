#include "base/log_out.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>

namespace weir {
namespace {

// A pipe that takes no more than two pages before somebody reads.
class Pipe {
 public:
  static constexpr int kBytes = 2 * 4096;
  Pipe() {
    REQUIRE(pipe(ends_.data()) == 0);
    REQUIRE(fcntl(ends_[1], F_SETPIPE_SZ, kBytes) == kBytes);
  }
  ~Pipe() {
    close_reader();
    close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  std::string read_all() const {
    REQUIRE(fcntl(ends_[0], F_SETFL, O_NONBLOCK) == 0);
    std::array<char, 65536> bytes{};
    const ssize_t size = read(ends_[0], bytes.data(), bytes.size());
    return {bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  void close_reader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_{};
};

TEST_CASE("log out: a pipe that nobody reads stops nobody, and what was left out is counted",
          "[base]") {
  const Pipe pipe;
  LogOut out(pipe.writer());
  const std::string full(Pipe::kBytes, 'x');
  out.write(full);
  // All in the second that the first of them waits, or this test would time out.
  for (int i = 0; i < 10'000; ++i) out.write("left out\n");
  CHECK(out.take_left_out() == 0);  // no room to say so
  CHECK(pipe.read_all() == full);
  CHECK(out.take_left_out() == 10'000);
  CHECK(out.take_left_out() == 0);
  out.write("again\n");
  CHECK(pipe.read_all() == "again\n");
}

TEST_CASE("log out: behind a line that was torn the next one begins on a row of its own",
          "[base]") {
  const Pipe pipe;
  LogOut out(pipe.writer());
  out.write(std::string(Pipe::kBytes + 1000, 'x'));
  CHECK(pipe.read_all() == std::string(Pipe::kBytes, 'x'));
  CHECK(out.take_left_out() == 1);
  out.write("whole\n");
  CHECK(pipe.read_all() == "\nwhole\n");
}

TEST_CASE("log out: a closed reader is nobody's trouble", "[base]") {
  Pipe pipe;
  pipe.close_reader();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  LogOut out(pipe.writer());
  out.write("nobody\n");
  std::signal(SIGPIPE, before);
  CHECK(out.take_left_out() == 0);
}

}  // namespace
}  // namespace weir
