#include "supervisor/process_id.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string>

#include "spec/read_file.h"

namespace weir {
namespace {

// Field 22 of proc(5)'s stat. The second, the command's name, may hold blanks and brackets, so
// fields are counted from its last bracket.
std::optional<std::uint64_t> start_of(const std::string& stat) {
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos) return std::nullopt;
  constexpr int kFieldsBetween = 20;
  for (int i = 0; i < kFieldsBetween; ++i) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) return std::nullopt;
  }
  std::uint64_t ticks = 0;
  const char* const begin = stat.data() + at + 1;
  const auto read = std::from_chars(begin, stat.data() + stat.size(), ticks);
  if (read.ec != std::errc()) return std::nullopt;
  return ticks;
}

}  // namespace

std::optional<ProcessId> identify_process(std::int32_t pid) {
  constexpr std::size_t kBytesMax = 4096;
  const Result<std::string> stat = read_file("/proc/" + std::to_string(pid) + "/stat", kBytesMax);
  const Result<std::string> boot = read_file("/proc/sys/kernel/random/boot_id", kBytesMax);
  if (!stat || !boot) return std::nullopt;
  const std::optional<std::uint64_t> started = start_of(*stat);
  if (!started) return std::nullopt;
  return ProcessId{pid, *started, boot->substr(0, boot->find('\n'))};
}

std::optional<int> open_process(const ProcessId& id) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, id.pid, 0));
  if (fd < 0) return std::nullopt;
  // The descriptor holds whoever has the number now; that it is the one meant is seen afterwards.
  if (identify_process(id.pid) == id) return fd;
  close(fd);
  return std::nullopt;
}

}  // namespace weir
