#pragma once

#include <string>
#include <vector>

#include "supervisor/control.h"

namespace weir {

/// A daemon that has the jobs it was given and notes what it is told to do. Thread: the test's.
class FakeSupervisorControl final : public SupervisorControl {
 public:
  explicit FakeSupervisorControl(DaemonReport report)
      : report_(std::make_shared<const DaemonReport>(std::move(report))) {}

  std::shared_ptr<const DaemonReport> report() const override { return report_; }
  std::optional<std::uint64_t> marker_unknown_total() const override { return 0; }
  Result<> start_job(const std::string& name, const StartOptions& options) override {
    return note(options.takeover ? "take over" : "start", name);
  }
  Result<> stop_job(const std::string& name) override { return note("stop", name); }
  Result<> restart_job(const std::string& name, const StartOptions& /*options*/) override {
    return note("restart", name);
  }
  Result<> restart_all(std::uint32_t parallel) override {
    told.push_back("restart all by " + std::to_string(parallel));
    return {};
  }
  Result<std::vector<ReloadStep>> reload(bool dry_run) override {
    told.emplace_back(dry_run ? "dry run" : "reload");
    return std::vector<ReloadStep>{{.kind = ReloadStep::Kind::kKeep,
                                    .job = "a",
                                    .file = "/jobs.d/a.yaml",
                                    .text = "a mistake\n"}};
  }

  std::vector<std::string> told;

 private:
  Result<> note(const std::string& deed, const std::string& name) {
    for (const JobReport& job : report_->jobs) {
      if (job.name != name) continue;
      told.push_back(deed + " " + name);
      return {};
    }
    return Error{Action::kStopJob, Code::kUnknownJob, "there is no job \"" + name + "\""};
  }

  const std::shared_ptr<const DaemonReport> report_;
};

}  // namespace weir
