#include "connectors/file/sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir::file {
namespace {

Error failed(const std::string& what, const std::string& path) {
  return {Action::kRetry, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

Result<> sync_directory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("open", path);
  const bool synced = fsync(fd) == 0;
  Error error = failed("sync", path);
  close(fd);
  return synced ? Result<>() : std::move(error);
}

Result<> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

bool same_bytes(const std::string& a, const std::string& b) {
  std::ifstream left(a, std::ios::binary);
  std::ifstream right(b, std::ios::binary);
  std::error_code none;
  return std::filesystem::file_size(a, none) == std::filesystem::file_size(b, none) && left &&
         right &&
         std::equal(std::istreambuf_iterator<char>(left), std::istreambuf_iterator<char>(),
                    std::istreambuf_iterator<char>(right), std::istreambuf_iterator<char>());
}

class FileSink final : public FollowerSink {
 public:
  explicit FileSink(FileSinkOptions options) : options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }

  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& errors) const override {
    options_.writer.render(batch, rows, errors);
    return {};
  }

  Result<> deliver(EpochId epoch, std::span<const std::string> rows,
                   MonoTime /*deadline*/) override {
    WEIR_TRY(make_directory());
    const std::string part =
        fmt::format("{}-{:010}{}", options_.stem, epoch.value(), options_.writer.extension());
    const std::string aside = options_.directory + "/." + part + ".part";
    const std::string path = options_.directory + "/" + part;
    if (Result<> written = write_aside(aside, rows); !written) {
      unlink(aside.c_str());
      return written;
    }
    if (std::filesystem::exists(path) && !same_bytes(aside, path)) {
      unlink(aside.c_str());
      return Error{Action::kStopJob, Code::kFileExists,
                   path +
                       " is there already, with other rows than those of this epoch: another job "
                       "writes to that directory, or this one has lost its state directory. Move "
                       "it away, or give the sink another directory"};
    }
    if (rename(aside.c_str(), path.c_str()) != 0) {
      Error error = failed("rename " + aside + " to", path);
      unlink(aside.c_str());
      return error;
    }
    return sync_directory(options_.directory);
  }

 private:
  Result<> make_directory() const {
    if (mkdir(options_.directory.c_str(), 0777) != 0) {
      return errno == EEXIST ? Result<>() : failed("make directory", options_.directory);
    }
    const std::string parent = std::filesystem::path(options_.directory).parent_path().string();
    return sync_directory(parent.empty() ? "." : parent);
  }

  Result<> write_aside(const std::string& aside, std::span<const std::string> rows) const {
    const int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return failed("create", aside);
    Result<> written = write_rows(fd, rows, aside);
    if (written && fsync(fd) != 0) written = failed("sync", aside);
    // Some file systems say only here that there was no room.
    if (close(fd) != 0 && written) written = failed("close", aside);
    return written;
  }

  Result<> write_rows(int fd, std::span<const std::string> rows, const std::string& path) const {
    constexpr std::size_t kPieceBytes = 1024 * 1024;
    std::string piece = options_.writer.header();
    for (const std::string& row : rows) {
      piece.append(row).append("\n");
      if (piece.size() < kPieceBytes) continue;
      WEIR_TRY(write_all(fd, piece, path));
      piece.clear();
    }
    return write_all(fd, piece, path);
  }

  const FileSinkOptions options_;
};

}  // namespace

std::unique_ptr<FollowerSink> make_file_sink(FileSinkOptions options) {
  // "out/" and "out" are one place.
  while (options.directory.size() > 1 && options.directory.ends_with('/')) {
    options.directory.pop_back();
  }
  return std::make_unique<FileSink>(std::move(options));
}

}  // namespace weir::file
