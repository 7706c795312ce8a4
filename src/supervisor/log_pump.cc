#include "supervisor/log_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace weir {
namespace {

constexpr std::uint64_t kWakeTag = 0;
// What a person is shown of a line in a few words.
constexpr std::size_t kTailLineBytesMax = 2000;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

std::vector<std::string> LineCutter::cut(std::string_view bytes) {
  std::vector<std::string> lines;
  for (const char c : bytes) {
    if (c == '\n' || rest_.size() >= kLineBytesMax) lines.push_back(std::exchange(rest_, {}));
    if (c != '\n' && c != '\r') rest_ += is_control(c) ? '?' : c;
  }
  return lines;
}

std::string with_job(std::string_view job, std::string line) {
  const std::string name(job);
  if (line.find(" job=" + name + " ") != std::string::npos ||
      line.find("\"job\":\"" + name + "\"") != std::string::npos) {
    return line;
  }
  return "[" + name + "] " + line;
}

LogPump::LogPump(std::string directory, Waker waker, Poller poller)
    : directory_(std::move(directory)),
      waker_(std::move(waker)),
      poller_(std::move(poller)),
      out_(STDERR_FILENO) {}

Result<std::unique_ptr<LogPump>> LogPump::start(std::string directory) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  WEIR_ASSIGN(Poller poller, Poller::open());
  auto pump = std::unique_ptr<LogPump>(
      new LogPump(std::move(directory), std::move(waker), std::move(poller)));
  WEIR_TRY(pump->poller_.add(pump->waker_.fd(), kWakeTag));
  pump->resume();
  return pump;
}

LogPump::~LogPump() { pause(); }

void LogPump::add(const std::string& job, Descriptor from) {
  fcntl(from.get(), F_SETFL, O_NONBLOCK);
  new_.send(Stream{job, std::move(from), {}});
}

std::string LogPump::tail(const std::string& job) {
  const MutexLock lock(mutex_);
  std::string text;
  for (const std::string& line : tails_[job]) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::multimap<std::string, int> LogPump::pause() {
  std::multimap<std::string, int> open;
  if (thread_.joinable()) {
    thread_.request_stop();
    waker_.wake();
    thread_.join();
  }
  for (const auto& [tag, stream] : streams_) open.emplace(stream.job, stream.from.get());
  return open;
}

void LogPump::resume() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LogPump::run(const std::stop_token& stop) {
  bool last = false;
  while (!last) {
    // Once more after the end was asked for: what was written before is read.
    last = stop.stop_requested();
    const auto timeout = last ? std::optional(std::chrono::milliseconds(0))
                              : std::optional<std::chrono::milliseconds>();
    for (const std::uint64_t tag : poller_.wait(timeout)) {
      if (tag == kWakeTag) {
        waker_.wait(std::chrono::milliseconds(0));
      } else {
        pump(tag);
      }
    }
    take_new();
  }
}

void LogPump::take_new() {
  for (Stream& stream : new_.take_all()) {
    const std::uint64_t tag = ++last_tag_;
    if (!poller_.add(stream.from.get(), tag)) continue;
    streams_.emplace(tag, std::move(stream));
  }
}

void LogPump::pump(std::uint64_t tag) {
  const auto found = streams_.find(tag);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  std::array<char, 65536> room{};
  const ssize_t got = read(stream.from.get(), room.data(), room.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    return write(stream.job, stream.cutter.cut({room.data(), static_cast<std::size_t>(got)}));
  }
  if (std::string rest = stream.cutter.rest(); !rest.empty()) write(stream.job, {rest});
  poller_.remove(stream.from.get());
  streams_.erase(found);
}

void LogPump::write(const std::string& job, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::string for_file;
  for (const std::string& line : lines) {
    for_file += line + "\n";
    out_.write(with_job(job, line) + "\n");
  }
  {
    const MutexLock lock(mutex_);
    std::deque<std::string>& tail = tails_[job];
    for (const std::string& line : lines) {
      tail.push_back(line.substr(0, kTailLineBytesMax));
      if (tail.size() > kTailLines) tail.pop_front();
    }
  }
  logs_.try_emplace(job, directory_ + "/" + job + ".log").first->second.write(for_file);
}

}  // namespace weir
