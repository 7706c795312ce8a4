#include "supervisor/supervised.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>

#include "base/log.h"
#include "job/stops.h"
#include "supervisor/child.h"
#include "supervisor/report.h"

namespace weir {
namespace {

// "life=3 report=4 job=5"
std::map<std::string, int> descriptors_of(const std::string& text) {
  std::map<std::string, int> found;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const int fd = std::atoi(word.c_str() + equals + 1);
    if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
      found[word.substr(0, equals)] = fd;
  }
  return found;
}

Result<std::string> read_text(const Descriptor& from) {
  std::string text;
  std::array<char, 16384> room{};
  while (true) {
    const ssize_t got =
        pread(from.get(), room.data(), room.size(), static_cast<off_t>(text.size()));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Error{Action::kStopJob,
                   std::string("reading what the daemon gave: ") + std::strerror(errno)};
    }
    text.append(room.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::unique_ptr<Supervised>> Supervised::from_environment(std::string version) {
  const char* const variable = std::getenv(kSupervisorVariable);
  if (variable == nullptr) return std::unique_ptr<Supervised>();
  const std::map<std::string, int> given = descriptors_of(variable);
  unsetenv(kSupervisorVariable);
  const auto descriptor = [&](const char* name) {
    const auto found = given.find(name);
    return Descriptor(found == given.end() ? -1 : found->second);
  };
  WEIR_ASSIGN(Waker waker, Waker::open());
  auto supervised =
      std::unique_ptr<Supervised>(new Supervised(std::move(version), std::move(waker)));
  supervised->life_ = descriptor("life");
  supervised->report_ = descriptor("report");
  supervised->job_ = descriptor("job");
  supervised->config_ = descriptor("config");
  if (!supervised->life_ || !supervised->report_ || !supervised->job_) {
    return Error{Action::kStopJob,
                 std::string(kSupervisorVariable) +
                     " is set, and not by a daemon of weir for this process; unset it"};
  }
  fcntl(supervised->report_.get(), F_SETFL, O_NONBLOCK);
  supervised->tell(to_line(HelloReport{supervised->version_}));
  Supervised* const self = supervised.get();
  supervised->thread_ = std::jthread([self](const std::stop_token& stop) { self->listen(stop); });
  return supervised;
}

Supervised::~Supervised() {
  thread_.request_stop();
  waker_.wake();
}

Result<std::string> Supervised::job_text() const { return read_text(job_); }

Result<std::optional<std::string>> Supervised::config_text() const {
  if (!config_) return std::optional<std::string>();
  WEIR_ASSIGN(std::string text, read_text(config_));
  return std::optional<std::string>(std::move(text));
}

void Supervised::listen(const std::stop_token& stop) {
  bool daemon_is_there = true;
  while (!stop.stop_requested()) {
    beat();
    std::array<pollfd, 2> look{
        {{.fd = waker_.fd(), .events = POLLIN, .revents = 0},
         {.fd = daemon_is_there ? life_.get() : -1, .events = POLLIN, .revents = 0}}};
    poll(look.data(), look.size(), static_cast<int>(next_beat().count()));
    if (look[0].revents != 0) waker_.wait(std::chrono::milliseconds(0));
    if (look[1].revents == 0) continue;
    daemon_is_there = false;
    log(LogLevel::kWarn, "the daemon is gone: the job drains and ends");
    ask_for_stop();
  }
}

// A job that starts makes room for the next one when it has: that is told at once.
std::chrono::milliseconds Supervised::next_beat() const {
  constexpr std::chrono::milliseconds kLook{50};
  constexpr int kLooksMax = 200;
  const MutexLock lock(mutex_);
  return looks_ > 0 && looks_ < kLooksMax ? kLook : std::chrono::milliseconds(kBeatEvery);
}

void Supervised::beat() {
  std::string state;
  {
    const MutexLock lock(mutex_);
    if (lane_ != nullptr) {
      // What the coordinator did since the last beat is this one's proof; the next one's begins.
      const std::uint64_t turns = lane_->turns();
      const bool turned = turns != std::exchange(turns_, turns);
      lane_->poke();
      const auto status = lane_->status();
      if (!turned || !status) return;
      state_ = status->state;
      looks_ = state_ == LaneState::kStarting ? looks_ + 1 : 0;
    }
    const bool holds = marker_ != nullptr && marker_->word() == MarkerWord::kHold;
    state = holds ? kWaitsForMarker : to_string(state_);
  }
  tell(to_line(BeatReport{state}));
}

// Never blocks: a daemon that does not read has stopped counting beats too.
void Supervised::tell(const std::string& line) {
  const MutexLock lock(mutex_);
  [[maybe_unused]] const ssize_t ignored = write(report_.get(), line.data(), line.size());
}

void Supervised::on_marker(MarkerWatch& marker) {
  const MutexLock lock(mutex_);
  marker_ = &marker;
}

void Supervised::on_lane(Lane& lane) {
  {
    const MutexLock lock(mutex_);
    marker_ = nullptr;
    lane_ = &lane;
    turns_ = ~0ULL;  // its first beat needs no proof
    looks_ = 1;
  }
  waker_.wake();
}

void Supervised::on_lane_gone() {
  const MutexLock lock(mutex_);
  lane_ = nullptr;
  state_ = LaneState::kDraining;
  looks_ = 0;
}

void Supervised::on_end(RunEnd end, int exit_code, const std::string& why) {
  {
    const MutexLock lock(mutex_);
    marker_ = nullptr;
  }
  tell(to_line(EndReport{end, exit_code, why}));
}

}  // namespace weir
