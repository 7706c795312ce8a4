#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/result.h"
#include "spec/weir_config.h"
#include "supervisor/control.h"

namespace weir {

struct DaemonApiOptions {
  ApiConfig config;
  std::string socket;
  std::chrono::milliseconds request_max = HttpServerOptions{}.request_max;
};

/// What the daemon answers, on its socket and, unless `api.listen` is off, at an address:
///
///   GET  /v1/jobs[?format=text]          all jobs; as text it is `weir ps`; with process=1 each
///                                        with its process's own /v1/job
///   GET  /v1/jobs/NAME[?format=text]     one, with its process's own /v1/job under `process`; as
///                                        text its state alone
///   GET  /v1/jobs/NAME/offsets, plan     what its process answers
///   POST /v1/jobs/NAME/start[?takeover=1], stop, restart
///   POST /v1/restart?parallel=N          all that run
///   POST /v1/reload[?dry_run=1][&format=text]
///   GET  /livez, /readyz, /metrics, /v1/version, /v1/openapi.json
///   GET  /                               a page that shows the jobs
///
/// openapi.json has it all in full. A client that is slow, or one of very many, keeps nobody else
/// from /livez, /readyz and /v1/jobs: these ask no process, and are answered at once.
///
/// Owned by the command that runs the daemon. Thread: any; answers are given on the servers'
/// threads.
class DaemonApi {
 public:
  /// Errors: kStopJob with kApiUnusable; those of the token's file. `control` and `clock` outlive
  /// it.
  static Result<std::unique_ptr<DaemonApi>> start(const DaemonApiOptions& options,
                                                  SupervisorControl& control, const Clock& clock);
  /// Answers, but listens nowhere.
  DaemonApi(SupervisorControl& control, const Clock& clock) : control_(control), clock_(clock) {}

  static std::vector<Route> routes();

  /// Thread: any.
  HttpResponse answer(const HttpRequest& request);

 private:
  static const std::vector<RouteTo<DaemonApi>>& table();
  Result<> serve(const DaemonApiOptions& options);
  HttpResponse answer_at_address(const HttpRequest& request, const ApiConfig& config);

  HttpResponse page(const HttpRequest& request, const std::string& none);
  HttpResponse live(const HttpRequest& request, const std::string& none);
  HttpResponse ready(const HttpRequest& request, const std::string& none);
  HttpResponse metrics(const HttpRequest& request, const std::string& none);
  HttpResponse version(const HttpRequest& request, const std::string& none);
  HttpResponse describe(const HttpRequest& request, const std::string& none);
  HttpResponse jobs(const HttpRequest& request, const std::string& none);
  HttpResponse job(const HttpRequest& request, const std::string& name);
  HttpResponse offsets(const HttpRequest& request, const std::string& name);
  HttpResponse plan(const HttpRequest& request, const std::string& name);
  HttpResponse of_process(const std::string& job, const std::string& target, bool is_text) const;
  HttpResponse start_job(const HttpRequest& request, const std::string& name);
  HttpResponse stop_job(const HttpRequest& request, const std::string& name);
  HttpResponse restart_job(const HttpRequest& request, const std::string& name);
  HttpResponse restart_all(const HttpRequest& request, const std::string& none);
  HttpResponse reload(const HttpRequest& request, const std::string& none);

  SupervisorControl& control_;
  const Clock& clock_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

}  // namespace weir
