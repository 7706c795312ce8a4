#include "api/job_api.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <utility>

#include "api/iso_time.h"
#include "api/json_text.h"
#include "api/metrics.h"
#include "base/log.h"
#include "base/table.h"

namespace weir {
namespace {

using std::chrono::microseconds;

double seconds(microseconds time) { return std::chrono::duration<double>(time).count(); }
double milliseconds(microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double per_second(std::uint64_t rows, microseconds time) {
  return time.count() > 0 ? static_cast<double>(rows) / seconds(time) : 0;
}

/// For how long what was read, or stands to be read, has waited for its commit; zero where nothing
/// waits, so that an idle job is never late.
microseconds commit_age(const LaneStatus& status, MonoTime started, MonoTime now) {
  const bool behind = status.lag_records.value_or(0) > 0 || status.state == LaneState::kStarting ||
                      status.state == LaneState::kWaitingForKafka;
  if (!status.open_since && !behind) return microseconds(0);
  const MonoTime since = behind ? status.committed_at.value_or(started) : *status.open_since;
  return std::chrono::duration_cast<microseconds>(now - since);
}

HttpResponse text_response(std::string text) {
  return {.content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

// The answers about a lane that runs.
class LanePage {
 public:
  LanePage(const JobApiOptions& options, const Lane& lane, LaneStatus status)
      : options_(options), lane_(lane), status_(std::move(status)) {}

  void totals(JsonWriter& out) const {
    out.key("totals").begin_map();
    const std::pair<const char*, std::uint64_t> all[] = {{"epochs", status_.epochs},
                                                         {"inputRows", status_.rows_in},
                                                         {"outputRows", status_.rows_out},
                                                         {"skippedRows", status_.rows_skipped},
                                                         {"deadLetterRows", status_.rows_dead},
                                                         {"inputBytes", status_.bytes_in},
                                                         {"offsetsLost", status_.offsets_lost},
                                                         {"recovers", status_.recovers},
                                                         {"doubts", status_.doubts}};
    for (const auto& [name, value] : all) out.key(name).number(value);
    out.end_map();
  }

  // https://spark.apache.org/docs/latest/structured-streaming-programming-guide.html,
  // "StreamingQueryProgress".
  void progress(JsonWriter& out) const {
    out.key("progress");
    if (!status_.last_epoch) {
      out.null();
      return;
    }
    const EpochTimes& last = *status_.last_epoch;
    const microseconds all = last.open + last.seal + last.commit;
    out.begin_map();
    out.key("id").text(options_.job).key("name").text(options_.job);
    out.key("timestamp").text(iso_time(last.opened));
    out.key("batchId").number(status_.epoch.value());
    out.key("batchDuration").decimal(milliseconds(all));
    out.key("numInputRows").number(last.rows_in);
    out.key("inputRowsPerSecond").decimal(per_second(last.rows_in, last.open));
    out.key("processedRowsPerSecond").decimal(per_second(last.rows_in, all));
    out.key("durationMs").begin_map();
    out.key("open").decimal(milliseconds(last.open));
    out.key("seal").decimal(milliseconds(last.seal));
    out.key("commit").decimal(milliseconds(last.commit));
    out.key("triggerExecution").decimal(milliseconds(all)).end_map();
    sources(out);
    out.key("sink").begin_map().key("numOutputRows").number(last.rows_out).end_map();
    out.end_map();
  }

  std::string offsets_text() const {
    Table table({2});
    table.add({"SPLIT", "POSITION", "LAG"});
    if (status_.splits) {
      for (const auto& [split, at] : *status_.splits) {
        table.add({split.text(), lane_.describe(split, at.next),
                   at.lag_records ? std::to_string(*at.lag_records) : "?"});
      }
    }
    return table.text();
  }

  void offsets(JsonWriter& out) const {
    out.key("splits").begin_list();
    if (status_.splits) {
      for (const auto& [split, at] : *status_.splits) {
        out.begin_map();
        out.key("source").text(split.source).key("split").text(split.split);
        out.key("position").text(lane_.describe(split, at.next));
        out.key("lag");
        at.lag_records ? out.number(*at.lag_records) : out.null();
        out.key("records").number(at.records).end_map();
      }
    }
    out.end_list();
  }

 private:
  void sources(JsonWriter& out) const {
    std::map<std::string, std::vector<const SplitStatuses::value_type*>> by_source;
    if (status_.splits) {
      for (const auto& entry : *status_.splits) by_source[entry.first.source].push_back(&entry);
    }
    out.key("sources").begin_list();
    for (const auto& [source, splits] : by_source) {
      out.begin_map().key("description").text(source);
      offsets(out, "startOffset", splits, &SplitStatus::first);
      offsets(out, "endOffset", splits, &SplitStatus::next);
      out.end_map();
    }
    out.end_list();
  }

  void offsets(JsonWriter& out, std::string_view name,
               const std::vector<const SplitStatuses::value_type*>& splits,
               Position SplitStatus::*which) const {
    out.key(name).begin_map();
    for (const auto* entry : splits) {
      const Position& position = entry->second.*which;
      out.key(entry->first.split);
      position.bytes.empty() ? out.null() : out.text(lane_.describe(entry->first, position));
    }
    out.end_map();
  }

  const JobApiOptions& options_;
  const Lane& lane_;
  const LaneStatus status_;
};

// As of a lane that has not begun where there is none.
LaneStatus status_of(const Lane* lane) {
  const std::shared_ptr<const LaneStatus> status = lane == nullptr ? nullptr : lane->status();
  return status ? *status : LaneStatus{};
}

void lane_metrics(MetricsPage& page, const std::string& job, const LaneStatus& status,
                  microseconds age) {
  const MetricLabels labels{{"job", job}};
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    page.add(name, MetricKind::kCounter, help, labels, static_cast<double>(value));
  };
  counter("weir_epochs_total", "Epochs with input that were committed.", status.epochs);
  counter("weir_input_rows_total", "Rows read, of committed epochs.", status.rows_in);
  counter("weir_output_rows_total", "Rows written, of committed epochs.", status.rows_out);
  counter("weir_input_bytes_total", "Bytes read, of committed epochs.", status.bytes_in);
  counter("weir_skipped_rows_total", "Rows left out by errors: skip.", status.rows_skipped);
  counter("weir_dlq_rows_total", "Rows sent to dead-letter sinks.", status.rows_dead);
  counter("weir_offsets_lost_total", "Offsets that were gone before they were read.",
          status.offsets_lost);
  counter("weir_doubt_total", "Commits after which a request may still be on its way.",
          status.doubts);
  counter("weir_recover_total", "Recoveries of the lane while it ran.", status.recovers);
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    page.add(name, MetricKind::kGauge, help, labels, value);
  };
  gauge("weir_commit_age_seconds",
        "How long what is read, or stands to be read, has waited for its commit; 0 when nothing "
        "does.",
        seconds(age));
  gauge("weir_epoch", "The last committed epoch.", static_cast<double>(status.epoch.value()));
  gauge("weir_outbox_bytes", "What waits for followers.", static_cast<double>(status.outbox_bytes));
  if (status.lag_records) {
    gauge("weir_lag_records", "Records between the positions and the ends of the logs.",
          static_cast<double>(*status.lag_records));
  }
  if (status.last_epoch) {
    const std::pair<std::string_view, microseconds> phases[] = {
        {"open", status.last_epoch->open},
        {"seal", status.last_epoch->seal},
        {"commit", status.last_epoch->commit}};
    for (const auto& [phase, time] : phases) {
      page.add("weir_epoch_seconds", MetricKind::kGauge, "Phases of the last epoch with rows.",
               {{"job", job}, {"phase", phase}}, seconds(time));
    }
  }
}

// Resident memory, from /proc/self/statm; nothing where it cannot be read.
double resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long size = 0;
  unsigned long resident = 0;
  const int read = std::fscanf(file, "%lu %lu", &size, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

JobApi::JobApi(JobApiOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      started_at_(clock.wall()),
      started_(clock.mono()) {}

JobApi::~JobApi() = default;

Result<> JobApi::on_open() {
  std::error_code failed;
  const std::filesystem::path directory = std::filesystem::path(options_.socket).parent_path();
  if (std::filesystem::create_directories(directory, failed)) chmod(directory.c_str(), 0700);
  auto listener = HttpListener::open_socket(options_.socket);
  if (!listener) {
    log(LogLevel::kWarn, listener.error().message() + "; the job runs without");
    return {};
  }
  auto server = HttpServer::start(std::move(*listener), {.connections_max = 16},
                                  [this](const HttpRequest& request) { return answer(request); });
  if (!server) {
    log(LogLevel::kWarn, server.error().message() + "; the job runs without an API");
    return {};
  }
  server_ = std::move(*server);
  return {};
}

void JobApi::on_marker(MarkerWatch& marker) {
  const MutexLock lock(mutex_);
  marker_ = &marker;
}

void JobApi::on_lane(Lane& lane) {
  const MutexLock lock(mutex_);
  lane_ = &lane;
}

void JobApi::on_lane_gone() {
  const MutexLock lock(mutex_);
  lane_ = nullptr;
}

void JobApi::on_end(RunEnd /*end*/, int /*exit_code*/, const std::string& /*why*/) {
  server_.reset();
}

const std::vector<RouteTo<JobApi>>& JobApi::table() {
  static const std::vector<RouteTo<JobApi>> kTable{
      {{"GET", "/livez"}, &JobApi::live},
      {{"GET", "/readyz"}, &JobApi::ready},
      {{"GET", "/metrics"}, &JobApi::metrics},
      {{"GET", "/v1/job"}, &JobApi::job},
      {{"GET", "/v1/job/offsets"}, &JobApi::offsets},
      {{"GET", "/v1/job/plan"}, &JobApi::plan},
  };
  return kTable;
}

std::vector<Route> JobApi::routes() { return {table().begin(), table().end()}; }

HttpResponse JobApi::answer(const HttpRequest& request) {
  return answer_by(std::span(table()), *this, request);
}

HttpResponse JobApi::live(const HttpRequest& /*request*/, const std::string& /*none*/) {
  return text_response("ok\n");
}

HttpResponse JobApi::ready(const HttpRequest& /*request*/, const std::string& /*none*/) {
  const MutexLock lock(mutex_);
  const LaneStatus status = status_of(lane_);
  if (status.state == LaneState::kRunning) return text_response("ok\n");
  HttpResponse not_ready = text_response(std::string(to_string(status.state)) + "\n");
  not_ready.status = 503;
  return not_ready;
}

HttpResponse JobApi::metrics(const HttpRequest& /*request*/, const std::string& /*none*/) {
  const MutexLock lock(mutex_);
  const LaneStatus status = status_of(lane_);
  MetricsPage page;
  lane_metrics(page, options_.job, status, commit_age(status, started_, clock_.mono()));
  if (marker_ != nullptr) {
    page.add("weir_marker_unknown_total", MetricKind::kCounter,
             "Looks at the job's marker that could not tell whether it is there.",
             {{"job", options_.job}}, static_cast<double>(marker_->unknown_total()));
  }
  page.add("weir_process_resident_bytes", MetricKind::kGauge, "Memory of the job's process.",
           {{"job", options_.job}}, resident_bytes());
  return {.content_type = std::string(kMetricsType), .body = page.render()};
}

HttpResponse JobApi::job(const HttpRequest& /*request*/, const std::string& /*none*/) {
  const MutexLock lock(mutex_);
  const LaneStatus status = status_of(lane_);
  JsonWriter out;
  out.begin_map().key("name").text(options_.job);
  out.key("state").text(to_string(status.state));
  out.key("version").text(options_.version);
  out.key("pid").number(static_cast<std::int64_t>(getpid()));
  out.key("startedAt").text(iso_time(started_at_));
  out.key("epoch").number(status.epoch.value());
  out.key("commitAgeSeconds").decimal(seconds(commit_age(status, started_, clock_.mono())));
  out.key("lagRecords");
  status.lag_records ? out.number(*status.lag_records) : out.null();
  out.key("outboxBytes").number(status.outbox_bytes);
  out.key("residentBytes").number(static_cast<std::uint64_t>(resident_bytes()));
  if (lane_ != nullptr) {
    const LanePage page(options_, *lane_, status);
    page.totals(out);
    page.progress(out);
  } else {
    out.key("totals").null().key("progress").null();
  }
  out.end_map();
  return {.body = out.take() + "\n"};
}

HttpResponse JobApi::offsets(const HttpRequest& request, const std::string& /*none*/) {
  const MutexLock lock(mutex_);
  const bool as_text = asks_for(request, "format", "text");
  if (as_text && lane_ == nullptr) return text_response("the job has no positions yet\n");
  if (as_text) return text_response(LanePage(options_, *lane_, status_of(lane_)).offsets_text());
  JsonWriter out;
  out.begin_map().key("name").text(options_.job);
  if (lane_ == nullptr) {
    out.key("splits").begin_list().end_list();
  } else {
    LanePage(options_, *lane_, status_of(lane_)).offsets(out);
  }
  out.end_map();
  return {.body = out.take() + "\n"};
}

HttpResponse JobApi::plan(const HttpRequest& /*request*/, const std::string& /*none*/) {
  return text_response(options_.plan);
}

}  // namespace weir
