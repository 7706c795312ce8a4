#include "api/daemon_api.h"

#include <charconv>
#include <utility>

#include "api/http_fetch.h"
#include "api/iso_time.h"
#include "api/job_table_text.h"
#include "api/json_text.h"
#include "api/metrics.h"
#include "base/log.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kProcessMax{2000};
constexpr std::size_t kTokenMin = 16;
constexpr std::size_t kHandlerThreads = 4;

HttpResponse text_response(std::string text, int status = 200) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

HttpResponse json_response(JsonWriter& out, int status = 200) {
  return {.status = status, .body = out.take() + "\n"};
}

HttpResponse refused(const Error& error) {
  const int status = error.code() == Code::kUnknownJob  ? 404
                     : error.action() == Action::kRetry ? 503
                                                        : 409;
  return error_response(status, error.message());
}

bool asks_for(const HttpRequest& request, const std::string& name, const std::string& value) {
  const auto found = request.query.find(name);
  return found != request.query.end() && found->second == value;
}

// In a time that does not tell how much of it is right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    differs = static_cast<unsigned char>(
        differs | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other)));
  }
  return differs == 0;
}

void optional_text(JsonWriter& out, std::string_view key, const std::string& value) {
  out.key(key);
  value.empty() ? out.null() : out.text(value);
}

void optional_time(JsonWriter& out, std::string_view key, const std::optional<WallTime>& at) {
  out.key(key);
  at ? out.text(iso_time(*at)) : out.null();
}

// The members of a job's map, without its braces.
void job_members(JsonWriter& out, const JobReport& job) {
  out.key("name").text(job.name).key("file").text(job.file);
  out.key("state").text(to_string(job.state));
  optional_text(out, "why", job.why);
  optional_text(out, "pending", job.pending);
  out.key("desired").text(job.desired_running ? "running" : "stopped");
  out.key("pid");
  job.pid ? out.number(static_cast<std::int64_t>(*job.pid)) : out.null();
  optional_time(out, "startedAt", job.started_at);
  optional_time(out, "nextStart", job.next_start);
  out.key("failures").number(static_cast<std::uint64_t>(job.failures));
  out.key("maxAttempts").number(static_cast<std::uint64_t>(job.max_attempts));
  out.key("restarts").number(job.restarts);
  optional_text(out, "lastExit", job.last_exit.value_or(""));
  optional_text(out, "version", job.version);
  out.key("socket").text(job.socket).key("log").text(job.log);
}

const JobReport* find(const DaemonReport& report, const std::string& name) {
  for (const JobReport& job : report.jobs) {
    if (job.name == name) return &job;
  }
  return nullptr;
}

HttpResponse unknown_job(const std::string& name) {
  return error_response(404, "there is no job \"" + name + "\"");
}

// "HALT other_owner (W5001): ..." -> "other_owner"
std::string_view halt_cause(std::string_view why) {
  if (!why.starts_with("HALT ")) return "configuration";
  why.remove_prefix(5);
  return why.substr(0, why.find(' '));
}

// Behind "/v1/jobs/", cut at the slashes.
std::vector<std::string> job_path(const std::string& path) {
  constexpr std::string_view kJobs = "/v1/jobs/";
  std::vector<std::string> parts;
  if (!path.starts_with(kJobs)) return parts;
  std::string_view rest = std::string_view(path).substr(kJobs.size());
  while (true) {
    const std::size_t slash = rest.find('/');
    parts.emplace_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<std::unique_ptr<DaemonApi>> DaemonApi::start(const ApiConfig& config,
                                                    const std::string& socket,
                                                    SupervisorControl& control,
                                                    const Clock& clock) {
  auto api = std::unique_ptr<DaemonApi>(new DaemonApi(control, clock));
  WEIR_TRY(api->serve(config, socket));
  return api;
}

Result<> DaemonApi::serve(const ApiConfig& config, const std::string& socket) {
  const auto add = [this](HttpListener listener, HttpHandler handler) -> Result<> {
    log(LogLevel::kInfo, "the API answers at " + listener.name());
    WEIR_ASSIGN(auto server,
                HttpServer::start(std::move(listener), {.handler_threads = kHandlerThreads},
                                  std::move(handler)));
    servers_.push_back(std::move(server));
    return {};
  };
  WEIR_ASSIGN(HttpListener at_socket, HttpListener::open_socket(socket));
  WEIR_TRY(
      add(std::move(at_socket), [this](const HttpRequest& request) { return answer(request); }));
  if (config.listen.empty()) return {};
  if (config.token.empty() && !is_loopback(config.listen)) {
    return Error{Action::kStopJob, Code::kApiUnusable,
                 "api.listen: " + config.listen +
                     " can be reached from other machines, and there is no api.token"};
  }
  if (!config.token.empty()) {
    WEIR_ASSIGN(const Secret token, config.token.resolve());
    if (token.reveal().size() < kTokenMin) {
      return Error{Action::kStopJob, Code::kApiUnusable,
                   "api.token has fewer than 16 characters; `openssl rand -hex 32` makes one"};
    }
  }
  WEIR_ASSIGN(HttpListener at_address, HttpListener::open_address(config.listen));
  return add(std::move(at_address), [this, token = config.token](const HttpRequest& request) {
    return answer_with_token(request, token);
  });
}

// The token's file is read again each time, so that it may be changed.
HttpResponse DaemonApi::answer_with_token(const HttpRequest& request, const SecretText& token) {
  if (token.empty()) return answer(request);
  const Result<Secret> expected = token.resolve();
  const auto given = request.headers.find("authorization");
  if (!expected || given == request.headers.end() ||
      !same_secret(given->second, "Bearer " + expected->reveal())) {
    HttpResponse denied = error_response(401, "a token is needed: Authorization: Bearer ...");
    denied.headers["WWW-Authenticate"] = "Bearer";
    return denied;
  }
  return answer(request);
}

HttpResponse DaemonApi::answer(const HttpRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") return answer_get(request);
  if (request.method == "POST") return answer_post(request);
  HttpResponse refusal = error_response(405, "GET, HEAD and POST are taken here");
  refusal.headers["Allow"] = "GET, HEAD, POST";
  return refusal;
}

HttpResponse DaemonApi::answer_get(const HttpRequest& request) {
  if (request.path == "/livez") return text_response("ok\n");
  if (request.path == "/readyz") return ready();
  if (request.path == "/metrics") return metrics();
  if (request.path == "/v1/jobs") return jobs(asks_for(request, "format", "text"));
  if (request.path == "/v1/version") {
    const auto report = control_.report();
    JsonWriter out;
    out.begin_map().key("version").text(report->version).key("instance").text(report->instance);
    out.key("pid").number(static_cast<std::int64_t>(report->pid));
    out.key("startedAt").text(iso_time(report->started_at)).end_map();
    return json_response(out);
  }
  const std::vector<std::string> parts = job_path(request.path);
  if (parts.size() == 1) return job(parts[0], request);
  if (parts.size() == 2 && (parts[1] == "offsets" || parts[1] == "plan")) {
    const auto report = control_.report();
    const JobReport* const found = find(*report, parts[0]);
    return found == nullptr ? unknown_job(parts[0]) : of_process(*found, parts[1], request);
  }
  return error_response(404, "there is no " + request.path);
}

HttpResponse DaemonApi::answer_post(const HttpRequest& request) {
  if (request.path == "/v1/reload") return reload(request);
  Result<> done = Error{Action::kStopJob, ""};
  if (request.path == "/v1/restart") {
    std::uint32_t parallel = 1;
    if (const auto given = request.query.find("parallel"); given != request.query.end()) {
      const std::string& text = given->second;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), parallel);
      if (read.ec != std::errc() || read.ptr != text.data() + text.size() || parallel == 0) {
        return error_response(400, "parallel must be a number above 0");
      }
    }
    done = control_.restart_all(parallel);
  } else {
    const std::vector<std::string> parts = job_path(request.path);
    const StartOptions options{.takeover = asks_for(request, "takeover", "1")};
    if (parts.size() == 2 && parts[1] == "start") {
      done = control_.start_job(parts[0], options);
    } else if (parts.size() == 2 && parts[1] == "stop") {
      done = control_.stop_job(parts[0]);
    } else if (parts.size() == 2 && parts[1] == "restart") {
      done = control_.restart_job(parts[0], options);
    } else {
      return error_response(404, "there is nothing to POST to at " + request.path);
    }
  }
  if (!done) return refused(done.error());
  return {.status = 202, .body = "{}\n"};
}

HttpResponse DaemonApi::jobs(bool as_text) const {
  const auto report = control_.report();
  if (as_text) return text_response(jobs_text(*report, clock_.wall()));
  JsonWriter out;
  out.begin_map().key("jobs").begin_list();
  for (const JobReport& job : report->jobs) {
    out.begin_map();
    job_members(out, job);
    out.end_map();
  }
  out.end_list().key("problems").begin_list();
  for (const DaemonReport::Problem& problem : report->problems) {
    out.begin_map().key("file").text(problem.file).key("text").text(problem.text).end_map();
  }
  out.end_list();
  optional_text(out, "limitsNotKept", report->limits_not_kept);
  out.key("stopping").boolean(report->stopping).end_map();
  return json_response(out);
}

HttpResponse DaemonApi::job(const std::string& name, const HttpRequest& request) const {
  const auto report = control_.report();
  const JobReport* const found = find(*report, name);
  if (found == nullptr) return unknown_job(name);
  if (asks_for(request, "format", "text")) {
    return text_response(std::string(to_string(found->state)) + "\n" + found->why + "\n");
  }
  JsonWriter out;
  out.begin_map();
  job_members(out, *found);
  out.key("process");
  std::vector<HttpFetch> asked{{.socket = found->socket, .target = "/v1/job"}};
  if (found->pid) fetch_all(asked, kProcessMax);
  asked[0].status == 200 ? out.raw(asked[0].body.substr(0, asked[0].body.rfind('\n'))) : out.null();
  out.end_map();
  return json_response(out);
}

HttpResponse DaemonApi::of_process(const JobReport& job, const std::string& what,
                                   const HttpRequest& request) const {
  if (!job.pid) {
    return error_response(409, "the job " + job.name + " is " + std::string(to_string(job.state)) +
                                   ", so there is no process to ask");
  }
  const bool as_text = asks_for(request, "format", "text");
  std::vector<HttpFetch> asked{
      {.socket = job.socket, .target = "/v1/job/" + what + (as_text ? "?format=text" : "")}};
  fetch_all(asked, kProcessMax);
  if (asked[0].status == 0) {
    return error_response(503,
                          "the process of job " + job.name + " does not answer: " + asked[0].error);
  }
  const bool is_text = as_text || what == "plan";
  return {.status = asked[0].status,
          .content_type = is_text ? "text/plain; charset=utf-8" : "application/json",
          .body = asked[0].body};
}

HttpResponse DaemonApi::ready() const {
  const auto report = control_.report();
  std::string reasons;
  if (report->stopping) reasons += "the daemon is stopping\n";
  for (const JobReport& job : report->jobs) {
    const bool bad = job.state == JobState::kFailed || job.state == JobState::kHalted ||
                     job.state == JobState::kInvalid;
    if (bad) {
      reasons += "job " + job.name + " is " + std::string(to_string(job.state)) + ": " +
                 job.why.substr(0, job.why.find('\n')) + "\n";
    }
    if (!job.pending.empty()) reasons += "job " + job.name + ": its file does not run\n";
  }
  for (const DaemonReport::Problem& problem : report->problems) {
    if (problem.job.empty()) reasons += problem.text.substr(0, problem.text.find('\n')) + "\n";
  }
  return reasons.empty() ? text_response("ok\n") : text_response(reasons, 503);
}

HttpResponse DaemonApi::metrics() const {
  const auto report = control_.report();
  MetricsPage page;
  std::vector<HttpFetch> asked;
  for (const JobReport& job : report->jobs) {
    if (job.pid) asked.push_back({.socket = job.socket, .target = "/metrics"});
  }
  fetch_all(asked, kProcessMax);
  for (const HttpFetch& each : asked) {
    if (each.status == 200) page.add_page(each.body);
  }
  for (const JobReport& job : report->jobs) {
    page.add("weir_job_state", MetricKind::kGauge, "1 for the state that the job is in.",
             {{"job", job.name}, {"state", to_string(job.state)}}, 1);
    page.add("weir_job_restarts_total", MetricKind::kCounter, "Restarts after failures.",
             {{"job", job.name}}, static_cast<double>(job.restarts));
    page.add("weir_job_failures", MetricKind::kGauge, "Failures within the job's window.",
             {{"job", job.name}}, job.failures);
    if (job.state == JobState::kHalted) {
      page.add("weir_halt", MetricKind::kGauge, "1 while the job waits for a person.",
               {{"job", job.name}, {"cause", halt_cause(job.why)}}, 1);
    }
  }
  page.add("weir_daemon_problems", MetricKind::kGauge, "Files that are no job, and failed reloads.",
           {}, static_cast<double>(report->problems.size()));
  return {.content_type = std::string(kMetricsType), .body = page.render()};
}

HttpResponse DaemonApi::reload(const HttpRequest& request) {
  const auto steps = control_.reload(asks_for(request, "dry_run", "1"));
  if (!steps) return refused(steps.error());
  if (asks_for(request, "format", "text")) return text_response(reload_text(*steps));
  JsonWriter out;
  out.begin_map().key("steps").begin_list();
  for (const ReloadStep& step : *steps) {
    out.begin_map().key("kind").text(to_string(step.kind)).key("job").text(step.job);
    out.key("file").text(step.file).key("text").text(step.text).end_map();
  }
  out.end_list().end_map();
  return json_response(out);
}

}  // namespace weir
