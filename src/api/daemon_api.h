#pragma once

#include <memory>
#include <vector>

#include "api/http_server.h"
#include "base/clock.h"
#include "base/result.h"
#include "spec/weir_config.h"
#include "supervisor/control.h"

namespace weir {

/// What the daemon answers, on its socket and, unless `api.listen` is off, at an address:
///
///   GET  /v1/jobs[?format=text]          all jobs; as text it is `weir ps`
///   GET  /v1/jobs/NAME[?format=text]     one, with its process's own /v1/job under `process`; as
///                                        text its state alone
///   GET  /v1/jobs/NAME/offsets, plan     what its process answers
///   POST /v1/jobs/NAME/start[?takeover=1], stop, restart
///   POST /v1/restart?parallel=N          all that run
///   POST /v1/reload[?dry_run=1][&format=text]
///   GET  /livez, /readyz, /metrics, /v1/version
///
/// Owned by the command that runs the daemon. Thread: any; answers are given on the servers'
/// threads.
class DaemonApi {
 public:
  /// Errors: kStopJob with kApiUnusable; those of the token's file. `control` and `clock` outlive
  /// it.
  static Result<std::unique_ptr<DaemonApi>> start(const ApiConfig& config,
                                                  const std::string& socket,
                                                  SupervisorControl& control, const Clock& clock);

  /// Thread: any.
  HttpResponse answer(const HttpRequest& request);

 private:
  DaemonApi(SupervisorControl& control, const Clock& clock) : control_(control), clock_(clock) {}
  Result<> serve(const ApiConfig& config, const std::string& socket);
  HttpResponse answer_with_token(const HttpRequest& request, const SecretText& token);
  HttpResponse answer_get(const HttpRequest& request);
  HttpResponse answer_post(const HttpRequest& request);
  HttpResponse jobs(bool as_text) const;
  HttpResponse job(const std::string& name, const HttpRequest& request) const;
  HttpResponse of_process(const JobReport& job, const std::string& what,
                          const HttpRequest& request) const;
  HttpResponse ready() const;
  HttpResponse metrics() const;
  HttpResponse reload(const HttpRequest& request);

  SupervisorControl& control_;
  const Clock& clock_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

}  // namespace weir
