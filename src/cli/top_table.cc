#include "cli/top_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/table.h"
#include "base/terminal_text.h"
#include "cli/api_answer.h"

namespace weir {
namespace {

std::optional<std::int64_t> whole(const ApiAnswer& answer, std::string_view value,
                                  std::string_view key) {
  const std::optional<double> number = answer.number(value, key);
  return number ? std::optional(std::llround(*number)) : std::nullopt;
}

std::string or_dash(const std::optional<std::int64_t>& number) {
  return number ? grouped(*number) : "-";
}

int urgency(const TopJob& job) {
  for (const char* state : {"failed", "halted", "invalid"}) {
    if (job.state == state) return 2;
  }
  return job.state == "stopped" || job.state == "finished" ? 0 : 1;
}

bool stands_before(const TopJob& a, const TopJob& b) {
  if (urgency(a) != urgency(b)) return urgency(a) > urgency(b);
  const std::int64_t lag_a = a.lag_records.value_or(0);
  const std::int64_t lag_b = b.lag_records.value_or(0);
  return lag_a != lag_b ? lag_a > lag_b : a.name < b.name;
}

// The same process at the look before.
const TopJob* earlier(const TopLook& before, const TopJob& job) {
  const auto found = std::find_if(before.jobs.begin(), before.jobs.end(), [&](const TopJob& each) {
    return each.name == job.name && each.pid == job.pid;
  });
  return found == before.jobs.end() ? nullptr : &*found;
}

std::string rate(const TopJob* before, const TopJob& now, std::chrono::duration<double> apart,
                 std::optional<std::int64_t> TopJob::*rows) {
  if (before == nullptr || !(before->*rows) || !(now.*rows) || apart.count() <= 0) return "-";
  const double moved = static_cast<double>(*(now.*rows) - *(before->*rows));
  return grouped(std::llround(std::max(moved, 0.0) / apart.count()));
}

std::string age(const TopJob& job) {
  return job.commit_age_seconds ? fmt::format("{:.1f}s", *job.commit_age_seconds) : "-";
}

std::string memory(const TopJob& job) {
  return job.resident_bytes ? fmt::format("{}M", *job.resident_bytes >> 20) : "-";
}

// "7 jobs: 5 running, 2 failed"
std::string headline(const TopLook& now) {
  std::vector<std::pair<std::string, int>> states;
  for (const TopJob& job : now.jobs) {
    const auto found = std::find_if(states.begin(), states.end(),
                                    [&](const auto& each) { return each.first == job.state; });
    found == states.end() ? states.emplace_back(job.state, 1) : (++found->second, *found);
  }
  const auto counted = [](std::size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  std::string out = counted(now.jobs.size(), "job");
  std::string_view before = ": ";
  for (const auto& [state, count] : states) {
    out += fmt::format("{}{} {}", before, count, state);
    before = ", ";
  }
  if (now.problems > 0) out += "; " + counted(now.problems, "problem") + ", see weir ps";
  if (now.stopping) out += "; the daemon is stopping";
  return out + "\n\n";
}

std::string fitted(const std::string& text, const TopSize& size) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(cut_to_width(line, size.columns));
  if (lines.size() > size.rows && size.rows > 0) {
    const std::size_t left = lines.size() - size.rows + 1;
    lines.resize(size.rows - 1);
    lines.push_back(fmt::format("... {} more", left));
  }
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace

TopLook read_top(const std::string& json, std::chrono::steady_clock::time_point at) {
  ApiAnswer answer(json);
  TopLook look{.at = at, .jobs = {}};
  for (const std::string_view value : answer.elements(answer.root(), "jobs")) {
    const std::string_view process = answer.member(value, "process");
    const std::string_view totals = answer.member(process, "totals");
    TopJob job;
    job.name = answer.text(value, "name");
    job.state = answer.text(value, "state");
    job.why = answer.text(value, "why");
    job.pid = answer.text(value, "pid");
    job.failures = whole(answer, value, "failures").value_or(0);
    job.max_attempts = whole(answer, value, "maxAttempts").value_or(0);
    job.epoch = whole(answer, process, "epoch");
    job.lag_records = whole(answer, process, "lagRecords");
    job.resident_bytes = whole(answer, process, "residentBytes");
    job.commit_age_seconds = answer.number(process, "commitAgeSeconds");
    job.rows_in = whole(answer, totals, "inputRows");
    job.rows_out = whole(answer, totals, "outputRows");
    look.jobs.push_back(std::move(job));
  }
  look.problems = answer.elements(answer.root(), "problems").size();
  look.stopping = answer.text(answer.root(), "stopping") == "true";
  return look;
}

std::string top_text(const TopLook& before, const TopLook& now,
                     const std::optional<TopSize>& size) {
  std::vector<TopJob> jobs = now.jobs;
  std::sort(jobs.begin(), jobs.end(), stands_before);
  Table table({2, 3, 4, 5, 6, 7, 8});
  table.add({"JOB", "STATE", "EPOCH", "IN/S", "OUT/S", "LAG", "AGE", "MEMORY", "FAILURES", "WHY"});
  for (const TopJob& job : jobs) {
    const TopJob* const earlier_job = earlier(before, job);
    table.add({in_one_row(job.name), job.state, or_dash(job.epoch),
               rate(earlier_job, job, now.at - before.at, &TopJob::rows_in),
               rate(earlier_job, job, now.at - before.at, &TopJob::rows_out),
               or_dash(job.lag_records), age(job), memory(job),
               fmt::format("{}/{}", job.failures, job.max_attempts),
               in_one_row(job.why.substr(0, job.why.find('\n')))});
  }
  const std::string text = headline(now) + table.text();
  return size ? fitted(text, *size) : text;
}

}  // namespace weir
