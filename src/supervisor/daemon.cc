#include "supervisor/daemon.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/snapshot.h"
#include "job/check_properties.h"
#include "job/marker.h"
#include "spec/parse.h"
#include "spec/read_file.h"
#include "spec/yaml.h"
#include "state/job_directory.h"
#include "supervisor/command_queue.h"
#include "supervisor/handover.h"
#include "supervisor/job_table.h"
#include "supervisor/notify.h"
#include "supervisor/open_files.h"

namespace weir {
namespace {

constexpr std::uint64_t kSignalTag = 0;
constexpr std::uint64_t kWakeTag = 1;
// While jobs drain, systemd is told so often that it still takes a while.
constexpr std::chrono::seconds kExtendEvery{5};
constexpr std::chrono::seconds kExtendBy{20};
constexpr std::chrono::seconds kTryMax{5};

Result<> make_directory(const std::string& path, mode_t mode) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
  if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return Error{Action::kStopJob, "making the directory " + path + ": " + std::strerror(errno)};
}

// "12 jobs: 10 running, 1 waiting, 1 failed", for `systemctl status`.
std::string summary(const DaemonReport& report) {
  std::map<JobState, std::size_t> counts;
  for (const JobReport& job : report.jobs) ++counts[job.state];
  std::string text = std::to_string(report.jobs.size()) + " jobs";
  const char* between = ": ";
  for (const auto& [state, count] : counts) {
    text += between + std::to_string(count) + " " + std::string(to_string(state));
    between = ", ";
  }
  return text;
}

Result<int> open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  const int fd = sigprocmask(SIG_BLOCK, &set, nullptr) == 0
                     ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
                     : -1;
  if (fd < 0) return Error{Action::kStopJob, std::string("signalfd: ") + std::strerror(errno)};
  return fd;
}

// `weir restart --all`: one after the other, so many at a time.
class RollingRestart {
 public:
  void begin(std::vector<std::string> names, std::uint32_t parallel) {
    waiting_ = std::move(names);
    std::reverse(waiting_.begin(), waiting_.end());
    parallel_ = std::max(parallel, 1U);
  }
  void work(JobTable& jobs, Moment now) {
    std::erase_if(under_way_, [&](const std::string& name) {
      const JobMachine* const job = jobs.find(name);
      return job == nullptr || !job->is_under_way();
    });
    while (!waiting_.empty() && under_way_.size() < parallel_) {
      const std::string name = std::move(waiting_.back());
      waiting_.pop_back();
      JobMachine* const job = jobs.find(name);
      // One that a person stops meanwhile stays so.
      if (job == nullptr || !job->has_process() || !job->record().desired_running) continue;
      job->restart({}, now);
      under_way_.push_back(name);
    }
  }
  bool is_idle() const { return waiting_.empty() && under_way_.empty(); }

 private:
  std::vector<std::string> waiting_;  // the next one last
  std::vector<std::string> under_way_;
  std::uint32_t parallel_ = 1;
};

class DaemonLoop final : public Daemon {
 public:
  DaemonLoop(DaemonOptions options, Waker waker, Poller poller, const Clock& clock, Random& random)
      : options_(std::move(options)),
        clock_(clock),
        random_(random),
        waker_(std::move(waker)),
        poller_(std::move(poller)),
        commands_(waker_),
        config_(options_.config) {}
  ~DaemonLoop() override {
    if (signals_ >= 0) ::close(signals_);
  }

  Result<> open();
  int run() override;

  std::shared_ptr<const DaemonReport> report() const override { return report_.read(); }
  Result<> start_job(const std::string& name, const StartOptions& options) override {
    return of_job(name, [=, this](JobMachine& job) { job.start(options, now()); });
  }
  Result<> stop_job(const std::string& name) override {
    return of_job(name, [this](JobMachine& job) { job.stop(now()); });
  }
  Result<> restart_job(const std::string& name, const StartOptions& options) override {
    return of_job(name, [=, this](JobMachine& job) { job.restart(options, now()); });
  }
  Result<> restart_all(std::uint32_t parallel) override {
    return commands_.ask<void>([=, this]() -> Result<> {
      WEIR_TRY(not_while_stopping());
      rolling_.begin(table_->names(), parallel);
      return {};
    });
  }
  std::optional<std::uint64_t> marker_unknown_total() const override {
    return marker_ ? std::optional(marker_->unknown_total()) : std::nullopt;
  }
  Result<std::vector<ReloadStep>> reload(bool dry_run) override {
    return commands_.ask<std::vector<ReloadStep>>([=, this] { return read_anew(dry_run); });
  }

 private:
  Moment now() const { return {clock_.mono(), clock_.wall()}; }
  Result<> not_while_stopping() const {
    if (stopping_) return Error{Action::kRetry, "the daemon is stopping"};
    return {};
  }
  Result<> of_job(const std::string& name, const std::function<void(JobMachine&)>& what);
  Result<> prepare_directories();
  Result<> restore();
  void raise_open_files();
  void warn_of_shortage() const;
  void set_surroundings();
  Result<WeirConfig> read_config() const;
  Result<std::vector<ReloadStep>> read_anew(bool dry_run);
  Result<ReloadPlan> plan(const WeirConfig& config) const;
  void refuse_reload(const std::string& why);
  void tell(const std::vector<ReloadStep>& steps) const;
  Result<> watch_marker();
  void on_marker(MarkerWord word);
  void on_signals();
  void stop(const std::string& why);
  void upgrade();
  void notify();
  void publish();
  std::optional<std::chrono::milliseconds> time_to_wait() const;

  const DaemonOptions options_;
  const std::string program_ = own_program();
  const Clock& clock_;
  Random& random_;
  const Waker waker_;
  Poller poller_;
  CommandQueue commands_;
  WeirConfig config_;
  int signals_ = -1;
  WallTime started_at_{};
  std::unique_ptr<JobDirectory> directory_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<LogPump> logs_;
  std::optional<JobTable> table_;
  std::vector<DaemonReport::Problem> problems_;
  std::string reload_problem_;  // why the last reload changed nothing
  RollingRestart rolling_;
  std::unique_ptr<MarkerWatch> marker_;  // since open(), so that any thread may ask it
  std::atomic<MarkerWord> marker_word_ = MarkerWord::kRun;  // as the watch said last
  MarkerWord marker_seen_ = MarkerWord::kRun;               // as the loop has followed
  Notifier notifier_ = Notifier::from_environment();
  MonoTime extend_at_{};
  bool stopping_ = false;
  int exit_code_ = kExitDone;
  Snapshot<DaemonReport> report_;
};

Result<> DaemonLoop::open() {
  started_at_ = clock_.wall();
  WEIR_ASSIGN(signals_, open_signals());
  WEIR_TRY(poller_.add(signals_, kSignalTag));
  WEIR_TRY(poller_.add(waker_.fd(), kWakeTag));
  WEIR_TRY(prepare_directories());
  table_.emplace(*store_, *logs_, poller_, clock_, random_);
  raise_open_files();
  table_->set_cgroups(Cgroups::open(find_cgroup()));
  set_surroundings();
  WEIR_TRY(restore());
  WEIR_ASSIGN(const ReloadPlan found, plan(config_));
  tell(found.steps);
  problems_ = found.problems;
  table_->apply(found);
  warn_of_shortage();
  WEIR_TRY(watch_marker());
  publish();
  return {};
}

Result<> DaemonLoop::prepare_directories() {
  const Directories& at = options_.directories;
  const std::string own = at.state + "/" + config_.instance + "/.daemon";
  WEIR_ASSIGN(directory_,
              JobDirectory::open(own, std::chrono::seconds(10), [](std::chrono::milliseconds ms) {
                std::this_thread::sleep_for(ms);
                return true;
              }));
  WEIR_TRY(make_directory(at.logs, 0750));
  WEIR_TRY(make_directory(at.runtime, 0755));
  WEIR_TRY(make_directory(at.runtime + "/jobs", 0700));
  WEIR_ASSIGN(store_, JobStore::open(own + "/jobs"));
  WEIR_ASSIGN(logs_, LogPump::start(at.logs, waker_));
  return {};
}

Result<> DaemonLoop::restore() {
  std::map<std::string, JobRecord> records = store_->read_all();
  std::map<std::string, JobText> texts;
  for (const auto& [name, record] : records) {
    texts[name] = read_job_text(record.file, record.text, config_);
  }
  std::vector<HandedChild> handed;
  if (const std::optional<std::string> left = take_handover()) {
    handed = decode_handover(*left);
    log(LogLevel::kInfo, "this daemon goes on with " + std::to_string(handed.size()) +
                             " running jobs of the one that it replaced");
  }
  table_->restore(std::move(records), texts, handed);
  return {};
}

// A job's process takes back what it should have (open_files_of_job()).
void DaemonLoop::raise_open_files() {
  weir::set_open_files(open_files_of_daemon(weir::open_files()));
  table_->set_open_files(weir::open_files());
}

void DaemonLoop::warn_of_shortage() const {
  const std::string why = open_files_shortage(weir::open_files(), table_->names().size());
  if (!why.empty()) log(LogLevel::kError, why);
}

void DaemonLoop::set_surroundings() {
  table_->set_surroundings({.program = program_,
                            .directories = options_.directories,
                            .config_file = options_.config_file,
                            .config_text = config_.source ? config_.source->text() : ""});
}

Result<> DaemonLoop::of_job(const std::string& name, const std::function<void(JobMachine&)>& what) {
  return commands_.ask<void>([&, this]() -> Result<> {
    WEIR_TRY(not_while_stopping());
    JobMachine* const job = table_->find(name);
    if (job == nullptr) {
      return Error{Action::kStopJob, Code::kUnknownJob, unknown_job_text(name, table_->names())};
    }
    what(*job);
    publish();  // who asked may look at once
    return {};
  });
}

Result<WeirConfig> DaemonLoop::read_config() const {
  if (options_.config_file.empty()) return config_;
  Diagnostics mistakes;
  std::optional<WeirConfig> config = parse_weir_config_file(options_.config_file, mistakes);
  if (config) check_properties(*config, mistakes);
  if (!config || mistakes.has_errors()) return Error{Action::kStopJob, mistakes.render()};
  const std::string fixed = fixed_difference(config_, *config);
  if (!fixed.empty()) {
    return Error{Action::kStopJob, options_.config_file + ": `" + fixed +
                                       "` was changed, which only a restart of the daemon takes "
                                       "up; nothing was reloaded"};
  }
  return std::move(*config);
}

Result<ReloadPlan> DaemonLoop::plan(const WeirConfig& config) const {
  WEIR_ASSIGN(const std::vector<FoundFile> found, read_jobs_directory(options_.directories.jobs));
  std::map<std::string, JobText> texts;
  for (const FoundFile& file : found) {
    if (file.unreadable.empty()) texts[file.path] = read_job_text(file.path, file.text, config);
  }
  return plan_reload(table_->known(), found, std::move(texts));
}

Result<std::vector<ReloadStep>> DaemonLoop::read_anew(bool dry_run) {
  WEIR_TRY(not_while_stopping());
  Result<WeirConfig> config = read_config();
  Result<ReloadPlan> next = config ? plan(*config) : Result<ReloadPlan>(std::move(config.error()));
  if (!next) {
    if (!dry_run) refuse_reload(next.error().message());
    return std::move(next.error());
  }
  if (dry_run) return next->steps;
  notifier_.reloading(clock_.mono());
  config_ = std::move(*config);
  set_surroundings();
  reload_problem_.clear();
  problems_ = next->problems;
  table_->apply(*next);
  tell(next->steps);
  warn_of_shortage();
  notifier_.ready();
  publish();
  return next->steps;
}

void DaemonLoop::refuse_reload(const std::string& why) {
  log(LogLevel::kError, "nothing was reloaded: " + why);
  reload_problem_ = why;
  publish();
}

void DaemonLoop::tell(const std::vector<ReloadStep>& steps) const {
  for (const ReloadStep& step : steps) {
    if (step.kind == ReloadStep::Kind::kUnchanged) continue;
    const bool kept = step.kind == ReloadStep::Kind::kKeep;
    log(kept ? LogLevel::kError : LogLevel::kInfo,
        LogContext{.job = step.job, .lane = {}, .epoch = {}},
        kept ? "its file as it is now does not run: " + step.text
             : std::string(to_string(step.kind)) + ": " + step.file +
                   (step.text.empty() ? "" : " (" + step.text + ")"));
  }
}

Result<> DaemonLoop::watch_marker() {
  if (config_.marker.kind == MarkerKind::kNone) return {};
  WEIR_ASSIGN(std::unique_ptr<MarkerPlace> place, make_marker_place(config_.marker, clock_));
  marker_word_ = marker_seen_ = MarkerWord::kHold;
  table_->hold(true);
  const MarkerSpec& spec = config_.marker;
  WEIR_ASSIGN(marker_, MarkerWatch::start(std::move(place),
                                          {.at_start = spec.required ? MarkerAtStart::kRequire
                                                                     : MarkerAtStart::kCreate,
                                           .check_every = spec.check_every,
                                           .made_before = {},
                                           .remember = {}},
                                          clock_, [this](MarkerWord word) {
                                            marker_word_ = word;
                                            waker_.wake();
                                          }));
  return {};
}

void DaemonLoop::on_marker(MarkerWord word) {
  if (std::exchange(marker_seen_, word) == word) return;
  switch (word) {
    case MarkerWord::kHold:
      return;
    case MarkerWord::kRun:
      return table_->hold(false);
    case MarkerWord::kStop:
      return stop("the daemon's marker " + config_.marker.name() + " was deleted");
    case MarkerWord::kRefuse:
      exit_code_ = kExitConfig;
      log(LogLevel::kError, marker_->error().message());
      return stop("without its marker the daemon does not run");
  }
}

void DaemonLoop::on_signals() {
  signalfd_siginfo signal{};
  while (read(signals_, &signal, sizeof signal) == sizeof signal) {
    switch (signal.ssi_signo) {
      case SIGHUP:
        if (const auto done = read_anew(false); !done && stopping_) {
          log(LogLevel::kInfo, "no reload: " + done.error().message());
        }
        break;
      case SIGUSR2:
        upgrade();
        break;
      default:
        if (!stopping_) {
          stop("asked to by a signal");
        } else {
          log(LogLevel::kInfo, "asked again: the jobs give their open epochs up");
          table_->hurry();
        }
    }
  }
}

void DaemonLoop::stop(const std::string& why) {
  if (stopping_) return;
  stopping_ = true;
  log(LogLevel::kInfo, "stopping: " + why);
  notifier_.stopping();
  extend_at_ = clock_.mono();
  table_->leave();
}

// The program on disk takes this one's place, in this process: to systemd and to the jobs it is the
// same daemon.
void DaemonLoop::upgrade() {
  if (stopping_) return;
  const auto not_replaced = [](const Error& why) {
    log(LogLevel::kError, "the daemon was not replaced and runs on: " + why.message());
  };
  // What a reload would refuse, the new one could not start with, or would take for another site.
  const Result<WeirConfig> config = read_config();
  if (!config) return not_replaced(config.error());
  if (const Result<ReloadPlan> next = plan(*config); !next) return not_replaced(next.error());
  if (const Result<> runs = try_program(program_, kTryMax); !runs) {
    return not_replaced(runs.error());
  }
  log(LogLevel::kInfo, "replaced by " + program_);
  not_replaced(replace_program(program_, options_.arguments, encode_handover(table_->hand_over())));
  table_->take_back();
}

void DaemonLoop::publish() {
  DaemonReport report;
  report.version = options_.version;
  report.instance = config_.instance;
  report.pid = getpid();
  report.started_at = started_at_;
  report.stopping = stopping_;
  report.problems = problems_;
  if (!reload_problem_.empty()) {
    report.problems.push_back({options_.config_file, {}, reload_problem_});
  }
  report.limits_not_kept = table_->cgroups().shortcoming();
  report.jobs = table_->reports();
  for (const DaemonReport::Problem& problem : problems_) {
    const bool is_known =
        std::any_of(report.jobs.begin(), report.jobs.end(),
                    [&](const JobReport& job) { return job.name == problem.job; });
    if (problem.job.empty() || is_known) continue;
    JobReport invalid;
    invalid.name = problem.job;
    invalid.file = problem.file;
    invalid.state = JobState::kInvalid;
    invalid.why = problem.text;
    report.jobs.push_back(std::move(invalid));
  }
  std::sort(report.jobs.begin(), report.jobs.end(),
            [](const JobReport& a, const JobReport& b) { return a.name < b.name; });
  notifier_.status(summary(report));
  report_.publish(std::move(report));
}

std::optional<std::chrono::milliseconds> DaemonLoop::time_to_wait() const {
  std::optional<MonoTime> first = table_->due();
  const auto add = [&](std::optional<MonoTime> at) {
    if (at && (!first || *at < *first)) first = at;
  };
  add(notifier_.watchdog_due());
  if (stopping_) add(extend_at_);
  if (!first) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::max(*first - clock_.mono(), MonoTime::duration::zero()));
}

void DaemonLoop::notify() {
  notifier_.watchdog(clock_.mono());
  if (stopping_ && extend_at_ <= clock_.mono()) {
    notifier_.extend(kExtendBy);
    extend_at_ = clock_.mono() + kExtendEvery;
  }
}

int DaemonLoop::run() {
  log(LogLevel::kInfo, "the daemon runs " + std::to_string(table_->names().size()) + " jobs of " +
                           options_.directories.jobs);
  notifier_.ready();
  while (true) {
    on_marker(marker_word_);
    if (!stopping_) rolling_.work(*table_, now());
    table_->work();
    if (table_->take_changed()) publish();
    notify();
    if (stopping_ && !table_->has_process()) break;
    for (const std::uint64_t tag : poller_.wait(time_to_wait())) {
      if (tag >= JobTable::kFirstTag) {
        table_->on_event(tag);
      } else if (tag == kSignalTag) {
        on_signals();
      } else {
        waker_.wait(std::chrono::milliseconds(0));
      }
    }
    commands_.run_all();
  }
  commands_.close();
  logs_->pause();
  if (marker_ && !marker_->close()) std::_Exit(exit_code_);
  log(LogLevel::kInfo, "the daemon has ended");
  return exit_code_;
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::open(DaemonOptions options, const Clock& clock,
                                             Random& random) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  WEIR_ASSIGN(Poller poller, Poller::open());
  auto daemon = std::make_unique<DaemonLoop>(std::move(options), std::move(waker),
                                             std::move(poller), clock, random);
  WEIR_TRY(daemon->open());
  return std::unique_ptr<Daemon>(std::move(daemon));
}

}  // namespace weir
