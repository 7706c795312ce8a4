#include "supervisor/job_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "spec/read_file.h"
#include "state/record_parts.h"

namespace weir {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kRecordBytesMax = 8U << 20U;
constexpr const char* kHalfWritten = ".new";
constexpr const char* kDamaged = ".damaged";

Error failed(const std::string& what) {
  return {Action::kRetry, what + ": " + std::strerror(errno)};
}

// Writes the file whole and has it reach the disk.
Result<> write_synced(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed("opening " + path);
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      Error error = failed("writing " + path);
      close(fd);
      unlink(path.c_str());
      return error;
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (fsync(fd) != 0) {
    Error error = failed("syncing " + path);
    close(fd);
    return error;
  }
  close(fd);
  return {};
}

// So that a name that was made or removed stays so after a power cut.
Result<> sync_directory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("opening " + path);
  const int done = fsync(fd);
  Error error = failed("syncing " + path);
  close(fd);
  if (done != 0) return error;
  return {};
}

}  // namespace

std::string encode_job_record(const JobRecord& record) {
  ByteWriter out;
  out.u8(kFormat);
  out.u8(record.desired_running ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(record.rest));
  out.str(record.why);
  out.str(record.last_exit);
  out.u32(record.history.streak);
  out.u32(static_cast<std::uint32_t>(record.history.failures.size()));
  for (const WallTime at : record.history.failures) out.i64(at.time_since_epoch().count());
  out.u8(record.process ? 1 : 0);
  if (record.process) {
    out.i64(record.process->pid);
    out.u64(record.process->started);
    out.str(record.process->boot);
  }
  out.str(record.file);
  out.str(record.text);
  return with_checksum(out.bytes());
}

Result<JobRecord> decode_job_record(std::string_view bytes) {
  const std::optional<std::string_view> checked_bytes = checked(bytes);
  if (!checked_bytes) return Error{Action::kRetry, "it fails its checksum"};
  ByteReader in(*checked_bytes);
  const std::uint8_t format = in.u8();
  if (format != kFormat) {
    return Error{Action::kRetry, "it has format " + std::to_string(format) +
                                     ", and this weir knows " + std::to_string(kFormat)};
  }
  JobRecord record;
  record.desired_running = in.u8() != 0;
  const std::uint8_t rest = in.u8();
  record.why = in.str();
  record.last_exit = in.str();
  record.history.streak = in.u32();
  const std::uint32_t failures = in.u32();
  for (std::uint32_t i = 0; i < failures && in.ok(); ++i) {
    record.history.failures.emplace_back(std::chrono::microseconds(in.i64()));
  }
  if (in.u8() != 0) {
    ProcessId process;
    process.pid = static_cast<std::int32_t>(in.i64());
    process.started = in.u64();
    process.boot = in.str();
    record.process = std::move(process);
  }
  record.file = in.str();
  record.text = in.str();
  if (!in.done() || rest > static_cast<std::uint8_t>(JobRest::kFailed)) {
    return Error{Action::kRetry, "it does not follow its grammar"};
  }
  record.rest = static_cast<JobRest>(rest);
  return record;
}

Result<std::unique_ptr<JobStore>> JobStore::open(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{Action::kStopJob,
                 "making the directory " + directory + ": " + std::strerror(errno)};
  }
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Error{Action::kStopJob, "the directory " + directory + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<JobStore>(new JobStore(directory));
}

std::map<std::string, JobRecord> JobStore::read_all() {
  std::map<std::string, JobRecord> records;
  std::error_code unreadable;
  std::filesystem::directory_iterator entry(directory_, unreadable);
  const std::filesystem::directory_iterator end;
  for (; !unreadable && entry != end; entry.increment(unreadable)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(kHalfWritten) || name.ends_with(kDamaged)) continue;
    Result<JobRecord> record = Error{Action::kRetry, ""};
    if (Result<std::string> bytes = read_file(entry->path().string(), kRecordBytesMax); bytes) {
      record = decode_job_record(*bytes);
    } else {
      record = std::move(bytes.error());
    }
    if (record) {
      records.emplace(name, std::move(*record));
      continue;
    }
    log(LogLevel::kWarn, "what the daemon kept of job " + name +
                             " cannot be used: " + record.error().message() +
                             "; it is put aside as " + entry->path().string() + kDamaged +
                             ", and the job counts as one that was never stopped and never failed");
    const std::string path = entry->path().string();
    std::rename(path.c_str(), (path + kDamaged).c_str());
  }
  return records;
}

Result<> JobStore::put(const std::string& job, const JobRecord& record) {
  const std::string path = directory_ + "/" + job;
  WEIR_TRY(write_synced(path + kHalfWritten, encode_job_record(record)));
  if (std::rename((path + kHalfWritten).c_str(), path.c_str()) != 0) {
    return failed("replacing " + path);
  }
  return sync_directory(directory_);
}

Result<> JobStore::remove(const std::string& job) {
  const std::string path = directory_ + "/" + job;
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("removing " + path);
  return sync_directory(directory_);
}

}  // namespace weir
