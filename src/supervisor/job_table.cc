#include "supervisor/job_table.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "supervisor/process_id.h"

namespace weir {
namespace {

// A record that could not be kept, on a disk that is full, is tried again.
constexpr std::chrono::seconds kKeepAgain{10};
// So long its last lines are waited for.
constexpr std::chrono::seconds kLastLinesMax{2};

void say(const std::string& job, LogLevel level, const std::string& what) {
  log(level, LogContext{.job = job, .lane = {}, .epoch = {}}, what);
}

std::string process_words(const JobRecord& record) {
  return record.process ? "process " + std::to_string(record.process->pid) : "its process";
}

}  // namespace

JobTable::JobTable(JobStore& store, LogPump& logs, Poller& poller, const Clock& clock,
                   Random& random)
    : store_(store), logs_(logs), poller_(poller), clock_(clock), random_(random) {}

JobTable::Job& JobTable::add(const std::string& name, JobRecord record, const JobTerms& terms) {
  const std::uint64_t id = ++last_id_;
  names_by_id_[id] = name;
  const auto [entry, added] =
      jobs_.emplace(name, Job{.name = name,
                              .id = id,
                              .machine = JobMachine(std::move(record), terms, now(), random_),
                              .saved = {},
                              .limits = terms.limits,
                              .pending = {},
                              .child = {},
                              .ended = {},
                              .orphan = {}});
  return entry->second;
}

void JobTable::restore(std::map<std::string, JobRecord> records,
                       const std::map<std::string, JobText>& texts,
                       const std::vector<HandedChild>& handed) {
  for (auto& [job_name, record] : records) {
    const std::string& name = job_name;
    const JobText& text = texts.at(name);
    const std::optional<ProcessId> process = record.process;
    JobRecord saved = record;
    Job& job = add(name, std::move(record), text.terms);
    job.saved = std::move(saved);
    job.meaning = text.meaning;
    if (!text.mistakes.empty()) job.pending = text.mistakes;
    const auto left = std::find_if(handed.begin(), handed.end(),
                                   [&](const HandedChild& child) { return child.job == name; });
    if (left == handed.end() || !adopt(job, *left)) look_for_orphan(job, process);
  }
  for (const HandedChild& child : handed) {
    if (jobs_.count(child.job) > 0) continue;
    say(child.job, LogLevel::kWarn,
        "its process is of a job that the daemon no longer knows; it drains");
    // Nobody's: its `life` ends here.
    [[maybe_unused]] const auto let_go = Child::adopt(child.saved);
  }
}

// What cannot be adopted is let go, and drains.
bool JobTable::adopt(Job& job, const HandedChild& handed) {
  Result<std::unique_ptr<Child>> child = Child::adopt(handed.saved);
  if (!child) return false;
  job.child = std::move(*child);
  if (const Result<> watched = watch(job, handed.log_rest); !watched) {
    job.child.reset();
    return false;
  }
  const std::int32_t pid = job.child->pid();
  cgroups_.take(job.name, pid, job.limits);
  job.machine.on_adopted(identify_process(pid).value_or(ProcessId{pid, 0, {}}), handed.started_at,
                         now());
  job.machine.on_hello(handed.version);
  return true;
}

void JobTable::look_for_orphan(Job& job, const std::optional<ProcessId>& process) {
  if (!process) return;
  job.orphan = open_process(*process);
  if (!job.orphan) return;
  if (!poller_.add(*job.orphan, tag_of(job, Wire::kOrphan))) {
    close(*job.orphan);
    job.orphan.reset();
    return;
  }
  say(job.name, LogLevel::kInfo,
      "process " + std::to_string(process->pid) +
          " of an earlier daemon still runs; it drains, and is waited for");
  job.machine.on_orphan(now());
}

std::vector<HandedChild> JobTable::hand_over() {
  const std::multimap<std::string, LogPump::Open> logs = logs_.pause();
  std::vector<HandedChild> children;
  for (auto& [name, job] : jobs_) {
    if (job.ended) finish(job);
    keep(job);
    if (job.child == nullptr) continue;
    const JobReport report = job.machine.report(now());
    // The newest: what an earlier process of the job left open belongs to nobody any more.
    const auto log = logs.upper_bound(name);
    const bool has_log = log != logs.begin() && std::prev(log)->first == name;
    const LogPump::Open none{-1, {}};
    const LogPump::Open& open = has_log ? std::prev(log)->second : none;
    children.push_back({name, report.started_at.value_or(now().wall), report.version,
                        job.child->save(open.fd), open.rest});
  }
  return children;
}

void JobTable::take_back() {
  for (const auto& [name, job] : jobs_) {
    if (job.child) job.child->take_back();
  }
  logs_.resume();
}

std::vector<KnownJob> JobTable::known() const {
  std::vector<KnownJob> known;
  for (const auto& [name, job] : jobs_) {
    if (job.removed) continue;
    const JobRecord& record = job.machine.record();
    known.push_back({name, record.file, record.text, job.meaning});
  }
  return known;
}

void JobTable::apply(const ReloadPlan& plan) {
  changed_ = true;
  for (auto& [name, job] : jobs_) {
    const auto pending = plan.pending.find(name);
    job.pending = pending == plan.pending.end() ? "" : pending->second;
  }
  for (const ReloadStep& step : plan.steps) apply(step, plan);
}

void JobTable::apply(const ReloadStep& step, const ReloadPlan& plan) {
  if (step.kind == ReloadStep::Kind::kStop) {
    Job& gone = jobs_.at(step.job);
    gone.removed = true;
    gone.machine.stop(now());
    return;
  }
  const auto text = plan.texts.find(step.job);
  if (text == plan.texts.end() || text->second.file != step.file) return;
  const auto known = jobs_.find(step.job);
  // A job that was removed, and whose process still drains, is back.
  const bool is_back = known != jobs_.end() && std::exchange(known->second.removed, false);
  Job& job = known != jobs_.end() ? known->second : add(step.job, {}, text->second.terms);
  job.meaning = text->second.meaning;
  job.limits = text->second.terms.limits;
  job.machine.set_text(text->second.file, text->second.text, text->second.terms);
  if (is_back) {
    job.machine.start({}, now());
  } else if (step.kind == ReloadStep::Kind::kRestart) {
    job.machine.renew(now());
  }
}

JobMachine* JobTable::find(const std::string& name) {
  const auto job = jobs_.find(name);
  if (job == jobs_.end() || job->second.removed) return nullptr;
  changed_ = true;
  return &job->second.machine;
}

std::vector<std::string> JobTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, job] : jobs_) {
    if (!job.removed) names.push_back(name);
  }
  return names;
}

void JobTable::leave() {
  changed_ = true;
  for (auto& [name, job] : jobs_) job.machine.leave(now());
}

void JobTable::hurry() {
  for (auto& [name, job] : jobs_) job.machine.hurry();
}

bool JobTable::has_process() const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [](const auto& entry) { return entry.second.machine.has_process(); });
}

void JobTable::on_event(std::uint64_t tag) {
  // One that came for a job which is gone since.
  const auto name = names_by_id_.find((tag - kFirstTag) / 4);
  if (name == names_by_id_.end()) return;
  Job& job = jobs_.at(name->second);
  switch (static_cast<Wire>((tag - kFirstTag) % 4)) {
    case Wire::kReport:
      return read_reports(job);
    case Wire::kProcess:
      return reap(job);
    case Wire::kOrphan:
      return reap_orphan(job);
  }
}

void JobTable::read_reports(Job& job) {
  if (job.child == nullptr) return;
  for (const ChildReport& report : job.child->read_reports()) {
    if (const auto* beat = std::get_if<BeatReport>(&report)) {
      changed_ |= job.machine.on_beat(beat->state, now());
    } else if (const auto* hello = std::get_if<HelloReport>(&report)) {
      job.machine.on_hello(hello->version);
      changed_ = true;
    } else if (const auto* end = std::get_if<EndReport>(&report)) {
      job.machine.on_end(end->end, end->why);
    }
  }
  if (job.child->report_ended()) poller_.remove(job.child->report_fd());
}

void JobTable::reap(Job& job) {
  if (job.child == nullptr) return;
  const std::optional<ProcessExit> exit = job.child->take_exit();
  if (!exit) return;
  read_reports(job);  // its last words
  poller_.remove(job.child->process_fd());
  poller_.remove(job.child->report_fd());
  job.child.reset();
  job.ended = Ended{*exit, logs_.flush(), clock_.mono() + kLastLinesMax};
}

void JobTable::finish(Job& job) {
  const ProcessExit exit = std::exchange(job.ended, std::nullopt)->exit;
  const std::string process = process_words(job.machine.record());
  const std::string of_memory = exit.signal == SIGKILL ? cgroups_.memory_end(job.name) : "";
  job.machine.on_exit(exit, of_memory.empty() ? logs_.tail(job.name) : of_memory, now());
  changed_ = true;
  const JobReport report = job.machine.report(now());
  const bool bad = report.state == JobState::kFailed || report.state == JobState::kHalted;
  std::string line = process + " ended: " + job.machine.record().last_exit + "; the job is " +
                     std::string(to_string(report.state));
  if (report.state == JobState::kFailed) {
    line += " after " + std::to_string(report.failures) + " failures; `weir start " + job.name +
            "` starts it again";
  } else if (report.state == JobState::kHalted) {
    line += " until a person acts: " + report.why;
  } else if (report.next_start && report.failures > 0) {
    const auto pause =
        std::chrono::duration_cast<std::chrono::milliseconds>(*report.next_start - now().wall);
    line += " for " + std::to_string(pause.count()) + " ms (failure " +
            std::to_string(report.failures) + " of " + std::to_string(report.max_attempts) + ")";
  }
  say(job.name, bad ? LogLevel::kError : LogLevel::kInfo, line);
}

void JobTable::reap_orphan(Job& job) {
  if (!job.orphan) return;
  poller_.remove(*job.orphan);
  // One that could not be adopted is this process's own.
  siginfo_t info{};
  waitid(P_PIDFD, static_cast<id_t>(*job.orphan), &info, WEXITED | WNOHANG);
  close(*job.orphan);
  job.orphan.reset();
  job.machine.on_exit({}, {}, now());
  changed_ = true;
}

void JobTable::spawn(Job& job) {
  Result<std::unique_ptr<Child>> child = start_process(job);
  if (child) {
    job.child = std::move(*child);
    if (Result<> watched = watch(job, {}); !watched) {
      job.child->put_down();
      child = std::move(watched.error());
    }
  }
  changed_ = true;
  if (!child) {
    job.child.reset();
    say(job.name, LogLevel::kError, "could not be started: " + child.error().message());
    job.machine.on_spawn_failed(child.error().message(), now());
    return;
  }
  const std::int32_t pid = job.child->pid();
  cgroups_.take(job.name, pid, job.limits);
  job.machine.on_spawned(identify_process(pid).value_or(ProcessId{pid, 0, {}}), now());
  say(job.name, LogLevel::kInfo, "started as process " + std::to_string(pid));
}

// Without it the daemon would run out of files at any moment, in the middle of its store too.
Result<> JobTable::check_room() const {
  const auto processes = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.machine.has_process();
  });
  const std::size_t wanted = static_cast<std::size_t>(processes) + 1;
  if (wanted <= processes_max(open_files_)) return {};
  return Error{Action::kRetry, open_files_shortage(open_files_, std::max(wanted, jobs_.size()))};
}

Result<std::unique_ptr<Child>> JobTable::start_process(const Job& job) const {
  WEIR_TRY(check_room());
  const JobRecord& record = job.machine.record();
  return Child::spawn({.program = around_.program,
                       .job_file = record.file,
                       .job_text = record.text,
                       .config_file = around_.config_file,
                       .config_text = around_.config_text,
                       .state_dir = around_.directories.state,
                       .takeover = job.machine.start_options().takeover,
                       .makes_marker = job.machine.makes_marker()});
}

Result<> JobTable::watch(Job& job, std::string log_rest) {
  WEIR_TRY(poller_.add(job.child->process_fd(), tag_of(job, Wire::kProcess)));
  WEIR_TRY(poller_.add(job.child->report_fd(), tag_of(job, Wire::kReport)));
  if (Descriptor errors = job.child->take_stderr()) {
    logs_.add(job.name, std::move(errors), std::move(log_rest));
  }
  return {};
}

void JobTable::act(Job& job, std::size_t& starting) {
  if (job.ended) {
    if (!logs_.is_flushed(job.ended->ticket) && clock_.mono() < job.ended->until) return;
    finish(job);
  }
  switch (job.machine.next(now())) {
    case JobDeed::kNone:
      return;
    case JobDeed::kSpawn:
      if (held_ || starting >= kStartingMax) return;
      spawn(job);
      if (job.machine.starting_until(now())) ++starting;
      return;
    case JobDeed::kTerm:
      if (job.child) job.child->signal(SIGTERM);
      break;
    case JobDeed::kKill:
      say(job.name, LogLevel::kWarn,
          process_words(job.machine.record()) + " neither ends nor says why, and is killed");
      if (job.child) job.child->signal(SIGKILL);
      if (job.orphan) syscall(SYS_pidfd_send_signal, *job.orphan, SIGKILL, nullptr, 0);
      break;
  }
  changed_ = true;
}

std::size_t JobTable::starting_count() const {
  return static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return entry.second.machine.starting_until(now()).has_value();
  }));
}

void JobTable::work() {
  std::size_t starting = starting_count();
  for (auto& [name, job] : jobs_) act(job, starting);
  for (auto entry = jobs_.begin(); entry != jobs_.end();) {
    if (entry->second.removed && !entry->second.machine.has_process()) {
      entry = forget(entry);
    } else {
      ++entry;
    }
  }
  if (retry_at_ && *retry_at_ <= clock_.mono()) retry_at_.reset();
  for (auto& [name, job] : jobs_) keep(job);
}

std::map<std::string, JobTable::Job>::iterator JobTable::forget(
    std::map<std::string, Job>::iterator entry) {
  changed_ = true;
  names_by_id_.erase(entry->second.id);
  cgroups_.remove(entry->first);
  if (const Result<> removed = store_.remove(entry->first); !removed) {
    // The next daemon finds that its file is gone, and tries again.
    say(entry->first, LogLevel::kWarn, removed.error().message());
  }
  return jobs_.erase(entry);
}

void JobTable::keep(Job& job) {
  if (job.saved == job.machine.record() || (job.save_failed && retry_at_)) return;
  if (const Result<> kept = store_.put(job.name, job.machine.record()); !kept) {
    if (!job.save_failed) {
      say(job.name, LogLevel::kError,
          "what the daemon must remember of it cannot be written, and is tried again every 10 s: " +
              kept.error().message());
    }
    job.save_failed = true;
    retry_at_ = clock_.mono() + kKeepAgain;
    return;
  }
  job.saved = job.machine.record();
  if (std::exchange(job.save_failed, false)) {
    say(job.name, LogLevel::kInfo, "what the daemon must remember of it is written again");
  }
}

std::optional<MonoTime> JobTable::due() const {
  std::optional<MonoTime> first = retry_at_;
  const auto add = [&](std::optional<MonoTime> at) {
    if (at && (!first || *at < *first)) first = at;
  };
  const bool no_room = held_ || starting_count() >= kStartingMax;
  for (const auto& [name, job] : jobs_) {
    // One that waits for room is woken by whoever makes it.
    if (job.ended) {
      add(job.ended->until);
      continue;
    }
    const bool waits = no_room && job.machine.wants_start();
    if (!waits) add(job.machine.due());
    if (no_room) add(job.machine.starting_until(now()));
  }
  return first;
}

std::vector<JobReport> JobTable::reports() const {
  std::vector<JobReport> reports;
  reports.reserve(jobs_.size());
  for (const auto& [name, job] : jobs_) {
    JobReport report = job.machine.report(now());
    report.name = name;
    report.file = job.machine.record().file;
    report.pending = job.removed ? "its file is gone" : job.pending;
    report.socket = around_.directories.job_socket(name);
    report.log = around_.directories.logs + "/" + name + ".log";
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace weir
