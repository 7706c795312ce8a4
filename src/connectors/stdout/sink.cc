#include "connectors/stdout/sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir::stdout_sink {
namespace {

// A pipe that poll() calls writable takes a page without blocking, so a deadline can be kept.
constexpr std::size_t kPieceBytes = 4096;

class StdoutSink final : public FollowerSink {
 public:
  explicit StdoutSink(StdoutSinkOptions options) : options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }

  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& errors) const override {
    options_.writer.render(batch, rows, errors);
    return {};
  }

  Result<> deliver(EpochId epoch, std::span<const std::string> rows, MonoTime deadline) override {
    if (epoch <= delivered_) return {};
    if (epoch != begun_) {
      begun_ = epoch;
      left_ = header_said_ ? "" : options_.writer.header();
      header_said_ = true;
      for (const std::string& row : rows) left_.append(row).append("\n");
      written_ = 0;
    }
    WEIR_TRY(write_left(deadline));
    delivered_ = epoch;
    left_.clear();
    return {};
  }

 private:
  Result<> write_left(MonoTime deadline) {
    while (written_ < left_.size()) {
      WEIR_TRY(wait_for_room(deadline));
      const ssize_t written = write(options_.fd, left_.data() + written_,
                                    std::min(kPieceBytes, left_.size() - written_));
      if (written >= 0) {
        written_ += static_cast<std::size_t>(written);
      } else if (errno == EPIPE) {
        return gone();
      } else if (errno == EBADF) {
        return Error{
            Action::kStopJob, Code::kBadFlag,
            "standard output is closed, and a sink of this job writes to it; write > FILE"};
      } else if (errno != EINTR && errno != EAGAIN) {
        return Error{Action::kRetry,
                     std::string("cannot write to standard output: ") + std::strerror(errno)};
      }
    }
    return {};
  }

  Result<> wait_for_room(MonoTime deadline) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{.fd = options_.fd, .events = POLLOUT, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0 && (waiting.revents & POLLERR) != 0) return gone();
    if (ready != 0) return {};  // an error is write's to name
    return Error{Action::kRetry, "the reader of standard output does not take rows"};
  }

  static Error gone() { return {Action::kStopJob, "the reader of standard output has closed it"}; }

  const StdoutSinkOptions options_;
  bool header_said_ = false;
  EpochId delivered_;
  EpochId begun_;     // the epoch of left_
  std::string left_;  // its lines
  std::size_t written_ = 0;
};

}  // namespace

std::unique_ptr<FollowerSink> make_stdout_sink(StdoutSinkOptions options) {
  return std::make_unique<StdoutSink>(std::move(options));
}

}  // namespace weir::stdout_sink
