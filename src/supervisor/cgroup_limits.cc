#include "supervisor/cgroup_limits.h"

#include <sstream>

#include "base/units.h"

namespace weir {
namespace {

constexpr std::uint64_t kCapBeside = 128ULL << 20U;
// The kernel's default: a job that may use little of a core is held up for less than this.
constexpr std::uint64_t kCpuPeriodMicros = 100'000;

}  // namespace

std::uint64_t memory_cap(const LimitsSpec& limits) { return 2 * limits.memory_bytes + kCapBeside; }

std::vector<CgroupFile> cgroup_files(const LimitsSpec& limits,
                                     const CgroupControllers& controllers) {
  std::vector<CgroupFile> files;
  if (controllers.contains("memory")) {
    files.push_back({"memory.max", std::to_string(memory_cap(limits))});
  }
  if (controllers.contains("cpu")) {
    const std::string quota =
        limits.cpu_percent ? std::to_string(*limits.cpu_percent * kCpuPeriodMicros / 100) : "max";
    files.push_back({"cpu.max", quota + " " + std::to_string(kCpuPeriodMicros)});
  }
  return files;
}

CgroupControllers usable_controllers(std::string_view listed) {
  CgroupControllers usable;
  std::istringstream words{std::string(listed)};
  for (std::string word; words >> word;) {
    if (word == "memory" || word == "cpu") usable.insert(word);
  }
  return usable;
}

std::string enabling(const CgroupControllers& controllers) {
  std::string text;
  for (const std::string& controller : controllers) {
    text += (text.empty() ? "+" : " +") + controller;
  }
  return text;
}

std::optional<std::string> unified_path(std::string_view proc_cgroup) {
  std::istringstream lines{std::string(proc_cgroup)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return std::nullopt;
}

MemoryEvents read_memory_events(std::string_view text) {
  MemoryEvents events;
  std::istringstream in{std::string(text)};
  std::string name;
  for (std::uint64_t count = 0; in >> name >> count;) {
    if (name == "oom") events.limit_hits = count;
    if (name == "oom_kill") events.kills = count;
  }
  return events;
}

std::string oom_words(const LimitsSpec& limits, const MemoryEvents& before,
                      const MemoryEvents& after) {
  if (after.kills <= before.kills) return {};
  if (after.limit_hits <= before.limit_hits) {
    return "the kernel ended the process: the machine, or the control group that all jobs are in, "
           "had no memory left; run fewer jobs here or give them less (`limits.memory`)";
  }
  return "the kernel ended the process: it held more than " + format_size(memory_cap(limits)) +
         ", the hard cap of `limits: { memory: " + format_size(limits.memory_bytes) +
         " }`; give the job more, or fewer threads or shorter epochs (`delivery.commit`)";
}

}  // namespace weir
