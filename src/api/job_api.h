#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "job/run.h"

namespace weir {

/// What is known of a job before it runs.
struct JobApiOptions {
  std::string job;  ///< JobSpec::identity()
  std::string version;
  std::string plan;    ///< explain_plan()
  std::string socket;  ///< Directories::job_socket()
};

/// What a job's process answers on its socket:
///
///   /v1/job           state, totals, and the last epoch by the names of Spark's
///                     StreamingQueryProgress
///   /v1/job/offsets   how far each split was read
///   /v1/job/plan      `weir plan`
///   /metrics          for Prometheus
///   /livez, /readyz   200, or 503 and why not
///
/// Where the socket cannot be made the job runs on without, and says so.
///
/// Owned by the command that runs the job. Thread: main; answers are given on the server's.
class JobApi final : public RunWatcher {
 public:
  /// `clock` outlives it.
  JobApi(JobApiOptions options, const Clock& clock);
  ~JobApi() override;

  Result<> on_open() override;
  void on_marker(MarkerWatch& marker) override;
  void on_lane(Lane& lane) override;
  void on_lane_gone() override;
  void on_end(RunEnd end, int exit_code, const std::string& why) override;

  static std::vector<Route> routes();

  /// Thread: any.
  HttpResponse answer(const HttpRequest& request);

 private:
  static const std::vector<RouteTo<JobApi>>& table();
  HttpResponse live(const HttpRequest& request, const std::string& none);
  HttpResponse ready(const HttpRequest& request, const std::string& none) WEIR_EXCLUDES(mutex_);
  HttpResponse metrics(const HttpRequest& request, const std::string& none) WEIR_EXCLUDES(mutex_);
  HttpResponse job(const HttpRequest& request, const std::string& none) WEIR_EXCLUDES(mutex_);
  HttpResponse offsets(const HttpRequest& request, const std::string& none) WEIR_EXCLUDES(mutex_);
  HttpResponse plan(const HttpRequest& request, const std::string& none);

  const JobApiOptions options_;
  const Clock& clock_;
  const WallTime started_at_;
  const MonoTime started_;

  Mutex mutex_;
  const MarkerWatch* marker_ WEIR_GUARDED_BY(mutex_) = nullptr;
  Lane* lane_ WEIR_GUARDED_BY(mutex_) = nullptr;  // answers hold the lock while they use it
  std::unique_ptr<HttpServer> server_;            // last: it uses the others
};

}  // namespace weir
