#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "spec/directories.h"
#include "supervisor/cgroups.h"
#include "supervisor/child.h"
#include "supervisor/handover.h"
#include "supervisor/job_machine.h"
#include "supervisor/job_store.h"
#include "supervisor/log_pump.h"
#include "supervisor/open_files.h"
#include "supervisor/poller.h"
#include "supervisor/reload_plan.h"

namespace weir {

/// What every job's process is started with.
struct JobSurroundings {
  std::string program;  ///< weir's own
  Directories directories;
  std::string config_file;
  std::string config_text;  ///< weir.yaml's, as it was accepted
};

/// The jobs of the daemon: each a JobMachine, its process, and what is kept of it. Does what the
/// machines wish for, and tells them what happened.
///
/// Owned by the daemon. Thread: the daemon's loop.
class JobTable {
 public:
  /// How many processes may be on their way up at once: more would only slow each other down.
  static constexpr std::size_t kStartingMax = 8;

  /// All outlive it.
  JobTable(JobStore& store, LogPump& logs, Poller& poller, const Clock& clock, Random& random);

  /// While held, nothing starts.
  void hold(bool held) { held_ = held; }
  /// As many processes as the daemon's open files have room for; one more cannot be started.
  void set_open_files(OpenFiles limits) { open_files_ = limits; }
  /// That jobs' processes are moved into from now on; without it they stay where the daemon is.
  void set_cgroups(Cgroups cgroups) { cgroups_ = std::move(cgroups); }
  const Cgroups& cgroups() const { return cgroups_; }
  /// For the processes to come.
  void set_surroundings(JobSurroundings around) { around_ = std::move(around); }

  /// What the store holds, with each record's text as it reads now. `handed`: processes that the
  /// daemon before left to this one; others that still run are those of a daemon that died, and are
  /// waited for.
  void restore(std::map<std::string, JobRecord> records,
               const std::map<std::string, JobText>& texts, const std::vector<HandedChild>& handed);
  /// For the daemon that replaces this one; has their descriptors outlive an execve(2).
  std::vector<HandedChild> hand_over();
  /// After hand_over(), when the daemon was not replaced.
  void take_back();
  std::vector<KnownJob> known() const;
  void apply(const ReloadPlan& plan);

  /// Null when there is none.
  JobMachine* find(const std::string& name);
  /// By name.
  std::vector<std::string> names() const;
  /// The daemon ends: every process is asked to, and nothing starts any more.
  void leave();
  void hurry();
  bool has_process() const;

  /// One of the poller's tags, other than the daemon's own.
  static constexpr std::uint64_t kFirstTag = 16;
  void on_event(std::uint64_t tag);
  /// Does what is due; keeps and reports what changed. To be called after every turn of the loop.
  void work();
  /// When work() has something to do though nothing happens; nothing: never.
  std::optional<MonoTime> due() const;

  /// True once after something changed that people see.
  bool take_changed() { return std::exchange(changed_, false); }
  std::vector<JobReport> reports() const;

 private:
  // A process that has ended, until its last lines were read.
  struct Ended {
    ProcessExit exit;
    std::uint64_t ticket;  // of the log pump's flush
    MonoTime until;        // and no longer, as when a disk hangs
  };
  struct Job {
    std::string name;
    std::uint64_t id = 0;
    JobMachine machine;
    JobRecord saved;  // as the store has it
    bool save_failed = false;
    std::uint64_t meaning = 0;
    LimitsSpec limits;  // of the process to come
    std::string pending;
    bool removed = false;  // its file is gone: it goes with its process
    std::unique_ptr<Child> child;
    std::optional<Ended> ended;  // what `child` was
    std::optional<int> orphan;   // a pidfd
  };

  // What a descriptor of a job is, in the low bits of its tag.
  enum class Wire : std::uint64_t { kProcess = 0, kReport = 1, kOrphan = 2 };
  static std::uint64_t tag_of(const Job& job, Wire wire) {
    return kFirstTag + job.id * 4 + static_cast<std::uint64_t>(wire);
  }

  Moment now() const { return {clock_.mono(), clock_.wall()}; }
  Job& add(const std::string& name, JobRecord record, const JobTerms& terms);
  void look_for_orphan(Job& job, const std::optional<ProcessId>& process);
  bool adopt(Job& job, const HandedChild& handed);
  void apply(const ReloadStep& step, const ReloadPlan& plan);
  void spawn(Job& job);
  Result<std::unique_ptr<Child>> start_process(const Job& job) const;
  // `log_rest`: what was read of its last line.
  Result<> watch(Job& job, std::string log_rest);
  void read_reports(Job& job);
  void reap(Job& job);
  void finish(Job& job);
  void reap_orphan(Job& job);
  void act(Job& job, std::size_t& starting);
  std::size_t starting_count() const;
  Result<> check_room() const;
  std::map<std::string, Job>::iterator forget(std::map<std::string, Job>::iterator entry);
  void keep(Job& job);

  JobStore& store_;
  LogPump& logs_;
  Poller& poller_;
  const Clock& clock_;
  Random& random_;
  JobSurroundings around_;
  std::map<std::string, Job> jobs_;
  std::map<std::uint64_t, std::string> names_by_id_;
  std::uint64_t last_id_ = 0;
  bool changed_ = true;
  bool held_ = false;
  OpenFiles open_files_;
  Cgroups cgroups_;
  std::optional<MonoTime> retry_at_;  // a record could not be kept
};

}  // namespace weir
