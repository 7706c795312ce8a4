#include "connectors/file/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace weir::file {
namespace {

/// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Less than `into` only at the end of the file.
Result<std::size_t> read_fully(int fd, std::int64_t offset, std::span<char> into,
                               const std::string& path) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        pread(fd, into.data() + done, into.size() - done, offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(errno, "cannot read", path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

class PlainFile final : public InputFile {
 public:
  PlainFile(Fd fd, std::string path, std::int64_t bytes)
      : fd_(std::move(fd)), path_(std::move(path)), bytes_(bytes) {
    posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  bool compressed() const override { return false; }
  std::int64_t disk_bytes() const override { return bytes_; }
  Result<bool> seek(std::int64_t /*offset*/) override { return true; }
  Result<std::size_t> read(std::int64_t offset, std::span<char> into) override {
    return read_fully(fd_.get(), offset, into, path_);
  }

 private:
  const Fd fd_;
  const std::string path_;
  const std::int64_t bytes_;
};

class GzipFile final : public InputFile {
 public:
  GzipFile(Fd fd, std::string path, std::int64_t bytes)
      : fd_(std::move(fd)), path_(std::move(path)), bytes_(bytes), in_(kInBytes) {}
  ~GzipFile() override {
    if (open_) inflateEnd(&stream_);
  }

  bool compressed() const override { return true; }
  std::int64_t disk_bytes() const override { return bytes_; }

  Result<bool> seek(std::int64_t offset) override {
    // A hundredth of a second or so, and what it keeps meanwhile.
    constexpr std::int64_t kStepBytes = 4LL * 1024 * 1024;
    WEIR_TRY(forget_before(offset));
    const std::int64_t target = std::min(offset, end() + kStepBytes);
    WEIR_TRY(inflate_to(target));
    WEIR_TRY(forget_before(offset));
    return end() >= offset || ended_;
  }

  Result<std::size_t> read(std::int64_t offset, std::span<char> into) override {
    WEIR_TRY(forget_before(offset));
    WEIR_TRY(inflate_to(offset + static_cast<std::int64_t>(into.size())));
    WEIR_TRY(forget_before(offset));
    if (window_at_ != offset) return std::size_t{0};  // it ends before
    const std::size_t size = std::min(into.size(), window_.size());
    std::copy_n(window_.data(), size, into.data());
    return size;
  }

 private:
  static constexpr std::size_t kInBytes = 64U * 1024;

  std::int64_t end() const { return window_at_ + static_cast<std::int64_t>(window_.size()); }

  // Drops what lies before `offset`, or begins anew when it was dropped already.
  Result<> forget_before(std::int64_t offset) {
    if (offset < window_at_ || !open_) {
      WEIR_TRY(begin());
    }
    const auto drop = static_cast<std::size_t>(
        std::min(offset - window_at_, static_cast<std::int64_t>(window_.size())));
    window_.erase(0, drop);
    window_at_ += static_cast<std::int64_t>(drop);
    return {};
  }

  Result<> begin() {
    if (open_) inflateEnd(&stream_);
    stream_ = z_stream{};
    // 15 is the largest window, 16 more asks for gzip's header and checksum.
    open_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
    if (!open_) return Error{Action::kRetry, "cannot read " + path_ + ": out of memory"};
    window_.clear();
    window_at_ = disk_at_ = 0;
    ended_ = false;
    between_ = true;
    return {};
  }

  Result<> inflate_to(std::int64_t target) {
    while (end() < target && !ended_) {
      if (stream_.avail_in == 0) {
        WEIR_ASSIGN(const std::size_t got, read_fully(fd_.get(), disk_at_, in_, path_));
        if (got == 0 && !between_) return damaged("ends in the middle of its compressed data");
        ended_ = got == 0;
        disk_at_ += static_cast<std::int64_t>(got);
        stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
        stream_.avail_in = static_cast<uInt>(got);
        continue;
      }
      WEIR_TRY(inflate_some());
    }
    return {};
  }

  Result<> inflate_some() {
    std::array<char, 64U * 1024> out;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    between_ = false;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    window_.append(out.data(), out.size() - stream_.avail_out);
    if (result == Z_STREAM_END) {
      // Files of gzip may be put one behind the other.
      between_ = true;
      inflateReset(&stream_);
      return {};
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return {};
    return damaged(std::string("is damaged: ") +
                   (stream_.msg != nullptr ? stream_.msg : "not gzip data"));
  }

  Error damaged(const std::string& what) const {
    return {Action::kStopJob, Code::kFileRefused,
            path_ + " " + what + ", near byte " +
                std::to_string(disk_at_ - static_cast<std::int64_t>(stream_.avail_in)) +
                " as stored; it is still being written, or was not copied whole"};
  }

  const Fd fd_;
  const std::string path_;
  const std::int64_t bytes_;
  std::vector<char> in_;
  std::int64_t disk_at_ = 0;  // behind in_
  z_stream stream_{};
  bool open_ = false;    // stream_ is
  bool between_ = true;  // no member of the file is begun
  bool ended_ = false;
  std::string window_;  // text that was inflated and not forgotten
  std::int64_t window_at_ = 0;
};

}  // namespace

Error io_error(int error, const std::string& what, const std::string& path) {
  std::string text = what + " " + path + ": " + std::strerror(error);
  switch (error) {
    case EIO:
    case ESTALE:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ETIMEDOUT:
    case EHOSTDOWN:
    case ENOTCONN:
      return {Action::kRetry, std::move(text)};
    case ENOENT:
    case ENOTDIR:
      return {Action::kStopJob, Code::kFileMissing, std::move(text)};
    default:
      return {Action::kStopJob, Code::kFileRefused, std::move(text)};
  }
}

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path) {
  // Looked at before it is opened: opening a device can do something.
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return io_error(errno, "cannot read", path);
  const char* const kind = S_ISREG(info.st_mode)    ? nullptr
                           : S_ISDIR(info.st_mode)  ? "a directory"
                           : S_ISFIFO(info.st_mode) ? "a FIFO"
                           : S_ISSOCK(info.st_mode) ? "a socket"
                                                    : "a device";
  if (kind != nullptr) {
    return Error{Action::kStopJob, Code::kFileRefused,
                 path + " is " + kind + ", not a file that can be read again"};
  }
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return io_error(errno, "cannot read", path);
  if (fstat(fd.get(), &info) != 0) return io_error(errno, "cannot read", path);
  std::array<char, 2> magic{};
  WEIR_ASSIGN(const std::size_t got, read_fully(fd.get(), 0, magic, path));
  if (got == 2 && std::string_view(magic.data(), 2) == "\x1f\x8b") {
    return std::unique_ptr<InputFile>(
        std::make_unique<GzipFile>(std::move(fd), path, info.st_size));
  }
  return std::unique_ptr<InputFile>(std::make_unique<PlainFile>(std::move(fd), path, info.st_size));
}

}  // namespace weir::file
