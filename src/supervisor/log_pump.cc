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
// What is asked to be read ends somewhere, even where somebody writes all the time: a pipe holds
// 64 KiB.
constexpr int kDrainReadsMax = 32;

}  // namespace

LogPump::LogPump(std::string directory, const Waker& flushed, Waker waker, Poller poller)
    : directory_(std::move(directory)),
      flushed_(flushed),
      waker_(std::move(waker)),
      poller_(std::move(poller)),
      out_(STDERR_FILENO) {}

Result<std::unique_ptr<LogPump>> LogPump::start(std::string directory, const Waker& flushed) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  WEIR_ASSIGN(Poller poller, Poller::open());
  auto pump = std::unique_ptr<LogPump>(
      new LogPump(std::move(directory), flushed, std::move(waker), std::move(poller)));
  WEIR_TRY(pump->poller_.add(pump->waker_.fd(), kWakeTag));
  pump->resume();
  return pump;
}

LogPump::~LogPump() { pause(); }

void LogPump::add(const std::string& job, Descriptor from, std::string rest) {
  fcntl(from.get(), F_SETFL, O_NONBLOCK);
  {
    // What the process before wrote last says nothing about this one.
    const MutexLock lock(mutex_);
    tails_.erase(job);
  }
  new_.send(Stream{job, std::move(from), LineCutter(std::move(rest))});
}

std::uint64_t LogPump::flush() {
  const std::uint64_t ticket = ++wanted_;
  waker_.wake();
  return ticket;
}

std::string LogPump::tail(const std::string& job) {
  const MutexLock lock(mutex_);
  std::string text;
  for (const std::string& line : tails_[job]) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::multimap<std::string, LogPump::Open> LogPump::pause() {
  std::multimap<std::string, Open> open;
  if (thread_.joinable()) {
    thread_.request_stop();
    waker_.wake();
    thread_.join();
  }
  for (const auto& [tag, stream] : streams_) {
    open.emplace(stream.job, Open{stream.from.get(), stream.cutter.rest()});
  }
  return open;
}

void LogPump::resume() {
  for (const auto& [tag, stream] : streams_) stream.from.keep_over_exec(false);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LogPump::run(const std::stop_token& stop) {
  bool last = false;
  while (!last) {
    // What was written before the end was asked for is read.
    last = stop.stop_requested();
    const std::uint64_t wanted = wanted_;
    const bool drains = last || wanted != done_;
    const auto timeout = drains ? std::optional(std::chrono::milliseconds(0))
                                : std::optional<std::chrono::milliseconds>();
    for (const std::uint64_t tag : poller_.wait(timeout)) {
      if (tag == kWakeTag) {
        waker_.wait(std::chrono::milliseconds(0));
      } else {
        pump(tag);
      }
    }
    take_new();
    if (!drains) continue;
    drain();
    if (done_.exchange(wanted) != wanted) flushed_.wake();
  }
}

void LogPump::drain() {
  std::vector<std::uint64_t> tags;
  tags.reserve(streams_.size());
  for (const auto& [tag, stream] : streams_) tags.push_back(tag);
  for (const std::uint64_t tag : tags) {
    for (int i = 0; i < kDrainReadsMax && pump(tag); ++i) continue;
  }
}

void LogPump::take_new() {
  for (Stream& stream : new_.take_all()) {
    const std::uint64_t tag = ++last_tag_;
    if (!poller_.add(stream.from.get(), tag)) continue;
    streams_.emplace(tag, std::move(stream));
  }
}

bool LogPump::pump(std::uint64_t tag) {
  const auto found = streams_.find(tag);
  if (found == streams_.end()) return false;
  Stream& stream = found->second;
  std::array<char, 65536> room{};
  const ssize_t got = read(stream.from.get(), room.data(), room.size());
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && errno == EAGAIN) return false;
  if (got > 0) {
    write(stream.job, stream.cutter.cut({room.data(), static_cast<std::size_t>(got)}));
    return true;
  }
  write(stream.job, stream.cutter.finish());
  poller_.remove(stream.from.get());
  streams_.erase(found);
  return false;
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
