#include "api/daemon_api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/embedded.h"
#include "api/http_fetch.h"
#include "api/iso_time.h"
#include "api/job_table_text.h"
#include "api/json_text.h"
#include "api/metrics.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kProcessMax{2000};
constexpr std::size_t kTokenMin = 16;
constexpr std::size_t kHandlerThreads = 8;

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

HttpResponse unknown_job(const DaemonReport& report, const std::string& name) {
  std::vector<std::string> names;
  for (const JobReport& job : report.jobs) names.push_back(job.name);
  return error_response(404, unknown_job_text(name, names));
}

// "HALT other_owner (W5001): ..." -> "other_owner"
std::string_view halt_cause(std::string_view why) {
  if (!why.starts_with("HALT ")) return "configuration";
  why.remove_prefix(5);
  return why.substr(0, why.find(' '));
}

// What each job's process says of itself, as JSON; null where none answers.
std::vector<std::string> ask_processes(const std::vector<JobReport>& jobs) {
  std::vector<HttpFetch> asked;
  for (const JobReport& job : jobs) {
    if (job.pid) asked.push_back({.socket = job.socket, .target = "/v1/job"});
  }
  fetch_all(asked, kProcessMax);
  std::vector<std::string> said;
  auto answer = asked.begin();
  for (const JobReport& job : jobs) {
    said.emplace_back("null");
    if (!job.pid) continue;
    if (answer->status == 200) said.back() = answer->body.substr(0, answer->body.rfind('\n'));
    ++answer;
  }
  return said;
}

// Those that ask no process and wait for nothing.
bool is_quick(const HttpRequest& request) {
  constexpr std::string_view kQuick[] = {"/", "/livez", "/readyz", "/v1/version", "/v1/jobs"};
  return request.method != "POST" &&
         std::find(std::begin(kQuick), std::end(kQuick), request.path) != std::end(kQuick) &&
         !asks_for(request, "process", "1");
}

HttpResponse accepted(const Result<>& done) {
  if (!done) return refused(done.error());
  return {.status = 202, .body = "{}\n"};
}

}  // namespace

Result<std::unique_ptr<DaemonApi>> DaemonApi::start(const DaemonApiOptions& options,
                                                    SupervisorControl& control,
                                                    const Clock& clock) {
  auto api = std::make_unique<DaemonApi>(control, clock);
  WEIR_TRY(api->serve(options));
  return api;
}

Result<> DaemonApi::serve(const DaemonApiOptions& options) {
  const auto add = [&](HttpListener listener, HttpHandler handler) -> Result<> {
    log(LogLevel::kInfo, "the API answers at " + listener.name());
    const HttpServerOptions server_options{.request_max = options.request_max,
                                           .handler_threads = kHandlerThreads,
                                           .is_quick = is_quick};
    WEIR_ASSIGN(auto server,
                HttpServer::start(std::move(listener), server_options, std::move(handler)));
    servers_.push_back(std::move(server));
    return {};
  };
  const ApiConfig& config = options.config;
  WEIR_ASSIGN(HttpListener at_socket, HttpListener::open_socket(options.socket));
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
  return add(std::move(at_address), [this, config](const HttpRequest& request) {
    return answer_at_address(request, config);
  });
}

// The token's file is read again each time, so that it may be changed.
HttpResponse DaemonApi::answer_at_address(const HttpRequest& request, const ApiConfig& config) {
  const bool needs_token = !config.token.empty();
  if (auto foreign = refuse_foreign(request, config.listen, needs_token)) {
    return std::move(*foreign);
  }
  // The page has nothing of the jobs in it, and asks for the token itself.
  if (!needs_token || request.path == "/") return answer(request);
  const Result<Secret> expected = config.token.resolve();
  const auto given = request.headers.find("authorization");
  if (!expected || given == request.headers.end() ||
      !same_secret(given->second, "Bearer " + expected->reveal())) {
    HttpResponse denied = error_response(401, "a token is needed: Authorization: Bearer ...");
    denied.headers["WWW-Authenticate"] = "Bearer";
    return denied;
  }
  return answer(request);
}

const std::vector<RouteTo<DaemonApi>>& DaemonApi::table() {
  using Api = DaemonApi;
  static const std::vector<RouteTo<DaemonApi>> kTable{
      {{"GET", "/"}, &Api::page},
      {{"GET", "/livez"}, &Api::live},
      {{"GET", "/readyz"}, &Api::ready},
      {{"GET", "/metrics"}, &Api::metrics},
      {{"GET", "/v1/version"}, &Api::version},
      {{"GET", "/v1/openapi.json"}, &Api::describe},
      {{"GET", "/v1/jobs"}, &Api::jobs},
      {{"GET", "/v1/jobs/{name}"}, &Api::job},
      {{"GET", "/v1/jobs/{name}/offsets"}, &Api::offsets},
      {{"GET", "/v1/jobs/{name}/plan"}, &Api::plan},
      {{"POST", "/v1/jobs/{name}/start"}, &Api::start_job},
      {{"POST", "/v1/jobs/{name}/stop"}, &Api::stop_job},
      {{"POST", "/v1/jobs/{name}/restart"}, &Api::restart_job},
      {{"POST", "/v1/restart"}, &Api::restart_all},
      {{"POST", "/v1/reload"}, &Api::reload},
  };
  return kTable;
}

std::vector<Route> DaemonApi::routes() { return {table().begin(), table().end()}; }

HttpResponse DaemonApi::answer(const HttpRequest& request) {
  return answer_by(std::span(table()), *this, request);
}

// Nothing but its own script may run in it, nothing from elsewhere is loaded, and no other page may
// have it in a frame.
HttpResponse DaemonApi::page(const HttpRequest& /*request*/, const std::string& /*none*/) {
  SystemRandom random;
  const std::string nonce = to_hex16(random.next()) + to_hex16(random.next());
  std::string html(kPage);
  constexpr std::string_view kPlace = "NONCE";
  for (std::size_t at = html.find(kPlace); at != std::string::npos; at = html.find(kPlace, at)) {
    html.replace(at, kPlace.size(), nonce);
  }
  return {.content_type = "text/html; charset=utf-8",
          .body = std::move(html),
          .headers = {
              {"Content-Security-Policy",
               "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce +
                   "'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'"},
              {"Referrer-Policy", "no-referrer"}}};
}

HttpResponse DaemonApi::live(const HttpRequest& /*request*/, const std::string& /*none*/) {
  return text_response("ok\n");
}

HttpResponse DaemonApi::version(const HttpRequest& /*request*/, const std::string& /*none*/) {
  const auto report = control_.report();
  JsonWriter out;
  out.begin_map().key("version").text(report->version).key("instance").text(report->instance);
  out.key("pid").number(static_cast<std::int64_t>(report->pid));
  out.key("startedAt").text(iso_time(report->started_at)).end_map();
  return json_response(out);
}

HttpResponse DaemonApi::describe(const HttpRequest& /*request*/, const std::string& /*none*/) {
  return {.body = std::string(kOpenApi)};
}

HttpResponse DaemonApi::start_job(const HttpRequest& request, const std::string& name) {
  return accepted(control_.start_job(name, {.takeover = asks_for(request, "takeover", "1")}));
}

HttpResponse DaemonApi::stop_job(const HttpRequest& /*request*/, const std::string& name) {
  return accepted(control_.stop_job(name));
}

HttpResponse DaemonApi::restart_job(const HttpRequest& request, const std::string& name) {
  return accepted(control_.restart_job(name, {.takeover = asks_for(request, "takeover", "1")}));
}

HttpResponse DaemonApi::restart_all(const HttpRequest& request, const std::string& /*none*/) {
  std::uint32_t parallel = 1;
  if (const auto given = request.query.find("parallel"); given != request.query.end()) {
    const std::string& text = given->second;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), parallel);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || parallel == 0) {
      return error_response(400, "parallel must be a number above 0");
    }
  }
  return accepted(control_.restart_all(parallel));
}

HttpResponse DaemonApi::jobs(const HttpRequest& request, const std::string& /*none*/) {
  const auto report = control_.report();
  if (asks_for(request, "format", "text")) return text_response(jobs_text(*report, clock_.wall()));
  const bool with_processes = asks_for(request, "process", "1");
  const std::vector<std::string> processes =
      with_processes ? ask_processes(report->jobs) : std::vector<std::string>();
  JsonWriter out;
  out.begin_map().key("jobs").begin_list();
  for (std::size_t i = 0; i < report->jobs.size(); ++i) {
    out.begin_map();
    job_members(out, report->jobs[i]);
    if (with_processes) out.key("process").raw(processes[i]);
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

HttpResponse DaemonApi::job(const HttpRequest& request, const std::string& name) {
  const auto report = control_.report();
  const JobReport* const found = find(*report, name);
  if (found == nullptr) return unknown_job(*report, name);
  if (asks_for(request, "format", "text")) {
    return text_response(std::string(to_string(found->state)) + "\n" + found->why + "\n");
  }
  JsonWriter out;
  out.begin_map();
  job_members(out, *found);
  out.key("process").raw(ask_processes({*found})[0]);
  out.end_map();
  return json_response(out);
}

HttpResponse DaemonApi::offsets(const HttpRequest& request, const std::string& name) {
  const bool as_text = asks_for(request, "format", "text");
  return of_process(name, as_text ? "/v1/job/offsets?format=text" : "/v1/job/offsets", as_text);
}

HttpResponse DaemonApi::plan(const HttpRequest& /*request*/, const std::string& name) {
  return of_process(name, "/v1/job/plan", true);
}

HttpResponse DaemonApi::of_process(const std::string& name, const std::string& target,
                                   bool is_text) const {
  const auto report = control_.report();
  const JobReport* const job = find(*report, name);
  if (job == nullptr) return unknown_job(*report, name);
  if (!job->pid) {
    return error_response(409,
                          "the job " + name + " is " + std::string(to_string(job->state)) +
                              ", so there is no process to ask; `weir offsets` and `weir plan` "
                              "of " +
                              job->file + " tell what is known without one");
  }
  std::vector<HttpFetch> asked{{.socket = job->socket, .target = target}};
  fetch_all(asked, kProcessMax);
  if (asked[0].status == 0) {
    return error_response(503,
                          "the process of job " + name + " does not answer: " + asked[0].error);
  }
  if (asked[0].status == 200 && is_text) return text_response(asked[0].body);
  return {.status = asked[0].status, .body = asked[0].body};
}

HttpResponse DaemonApi::ready(const HttpRequest& /*request*/, const std::string& /*none*/) {
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

HttpResponse DaemonApi::metrics(const HttpRequest& /*request*/, const std::string& /*none*/) {
  const auto report = control_.report();
  MetricsPage page;
  std::vector<HttpFetch> asked;
  for (const JobReport& job : report->jobs) {
    if (job.pid) asked.push_back({.socket = job.socket, .target = "/metrics"});
  }
  fetch_all(asked, kProcessMax);
  auto answer = asked.begin();
  for (const JobReport& job : report->jobs) {
    if (!job.pid) continue;
    if (answer->status == 200) page.add_page(answer->body);
    page.add("weir_job_up", MetricKind::kGauge, "1 when the job's process answered just now.",
             {{"job", job.name}}, answer->status == 200 ? 1 : 0);
    ++answer;
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
  if (const auto unknown = control_.marker_unknown_total()) {
    page.add("weir_daemon_marker_unknown_total", MetricKind::kCounter,
             "Looks at the daemon's marker that could not tell whether it is there.", {},
             static_cast<double>(*unknown));
  }
  page.add("weir_daemon_info", MetricKind::kGauge, "1; the daemon's version and instance.",
           {{"version", report->version}, {"instance_name", report->instance}}, 1);
  page.add("weir_daemon_problems", MetricKind::kGauge, "Files that are no job, and failed reloads.",
           {}, static_cast<double>(report->problems.size()));
  return {.content_type = std::string(kMetricsType), .body = page.render()};
}

HttpResponse DaemonApi::reload(const HttpRequest& request, const std::string& /*none*/) {
  const auto steps = control_.reload(asks_for(request, "dry_run", "1"));
  if (!steps) return refused(steps.error());
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
