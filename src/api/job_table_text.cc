#include "api/job_table_text.h"

#include <algorithm>

#include "base/table.h"

namespace weir {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string indented(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += "  " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string since_of(const JobReport& job, WallTime now) {
  if (job.next_start) return "in " + short_duration(std::max(*job.next_start - now, {}));
  if (!job.pid || !job.started_at) return "-";
  return short_duration(now - *job.started_at);
}

}  // namespace

std::string short_duration(std::chrono::microseconds time) {
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* smaller) {
    return std::to_string(big) + unit + " " + std::to_string(small) + smaller;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string reload_text(const std::vector<ReloadStep>& steps) {
  Table table;
  std::string kept;
  std::size_t unchanged = 0;
  for (const ReloadStep& step : steps) {
    if (step.kind == ReloadStep::Kind::kUnchanged) {
      ++unchanged;
      continue;
    }
    const bool keeps = step.kind == ReloadStep::Kind::kKeep;
    table.add({std::string(to_string(step.kind)), step.job.empty() ? "-" : step.job, step.file,
               keeps ? "does not run:" : step.text});
    if (keeps) kept += indented(step.text);
  }
  return table.text() + kept + std::to_string(unchanged) + " jobs unchanged\n";
}

std::string jobs_text(const DaemonReport& report, WallTime now) {
  Table table;
  table.add({"JOB", "STATE", "PID", "SINCE", "FAILURES", "LAST EXIT", "WHY"});
  for (const JobReport& job : report.jobs) {
    table.add({job.name, std::string(to_string(job.state)),
               job.pid ? std::to_string(*job.pid) : "-", since_of(job, now),
               std::to_string(job.failures) + "/" + std::to_string(job.max_attempts),
               job.last_exit.value_or("-"), first_line(job.why)});
  }
  std::string out = table.text();
  for (const JobReport& job : report.jobs) {
    if (job.pending.empty()) continue;
    out += "\n" + job.name + ": its file as it is now does not run:\n" + indented(job.pending);
  }
  for (const DaemonReport::Problem& problem : report.problems) {
    out +=
        "\n" + (problem.file.empty() ? "weir.yaml" : problem.file) + ":\n" + indented(problem.text);
  }
  if (report.stopping) out += "\nthe daemon is stopping\n";
  return out;
}

}  // namespace weir
