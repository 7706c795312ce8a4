#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/type.h"
#include "spec/secret.h"
#include "spec/source_text.h"
#include "spec/weir_config.h"

namespace weir {

/// `params:` entry, for `${param:NAME}`, and `params.NAME` in SQL.
struct ParamSpec {
  Located<std::string> name;
  Type type;
  bool type_is_wrong = false;  ///< reported; nothing is known about its values
  /// As text; that it is one of `type`, plan/ checks. Not `given`: the command line's, which wins
  /// over the default.
  Located<std::string> value;
};

/// Where a `kafka:` source or sink connects: `cluster:` resolved through weir.yaml, or `brokers:`.
struct KafkaEndpoint {
  ClusterConfig cluster;
  Place at;  ///< of `cluster:` or `brokers:`
};

/// By name, or by brokers as written: only the brokers themselves know more.
bool same_cluster(const KafkaEndpoint& a, const KafkaEndpoint& b);

enum class StartKind : unsigned char { kLatest, kEarliest, kCommitted, kTimestamp, kOffsets };
enum class EndKind : unsigned char { kNone, kLatest, kTimestamp, kOffsets };
enum class OnDataLoss : unsigned char { kFail, kEarliest, kLatest };
/// topic -> partition -> offset
using OffsetsByTopic = std::map<std::string, std::map<std::int32_t, std::int64_t>>;

struct StartSpec {
  StartKind kind = StartKind::kLatest;
  std::int64_t timestamp_us = 0;  ///< kTimestamp
  OffsetsByTopic offsets;         ///< kOffsets
};
struct EndSpec {
  EndKind kind = EndKind::kNone;
  std::int64_t timestamp_us = 0;
  OffsetsByTopic offsets;
};

struct KafkaSourceSpec {
  KafkaEndpoint endpoint;
  /// Exactly one of the three is there.
  std::vector<Located<std::string>> topics;
  Located<std::string> pattern;  ///< of RE2; plan/ compiles it
  std::map<std::string, std::vector<std::int32_t>> assign;
  std::string group;         ///< given, or `<instance>.<job>[.g<n>]`
  Place group_at;            ///< length 0 when it is the default
  Located<StartSpec> start;  ///< `given`: written in the file (T3)
  Located<EndSpec> end;
  OnDataLoss on_data_loss = OnDataLoss::kFail;
  std::chrono::microseconds refresh = std::chrono::seconds(60);
  KafkaProperties properties;
};

struct FileSourceSpec {
  Located<std::string> path;     ///< a file or a pattern; relative to the job file's directory
  bool last_line_waits = false;  ///< `last_line: wait`
  std::uint64_t row_bytes_max = 16ULL * 1024 * 1024;
};

/// Exactly one of every and rate is there.
struct GenerateSourceSpec {
  std::chrono::microseconds every{};
  double per_second = 0;
  std::optional<std::int64_t> count;
  SqlText row;  ///< a select list over `i`; not given: `i` alone
};

enum class FormatKind : unsigned char { kJson, kRaw, kCsv, kText };
std::string_view to_string(FormatKind format);

struct CsvSpec {
  char delimiter = ',';
  bool header = true;
  std::string null_text;
};

enum class SourceKind : unsigned char { kNone, kKafka, kFile, kGenerate };
std::string_view to_string(SourceKind kind);

struct SourceSpec {
  Located<std::string> name;
  SourceKind kind = SourceKind::kNone;  ///< kNone: a mistake that was reported
  KafkaSourceSpec kafka;
  FileSourceSpec file;
  GenerateSourceSpec generate;
  Located<FormatKind> format;  ///< not of kGenerate
  CsvSpec csv;
  SqlText schema;  ///< column list; given for json and csv only
};

enum class StepKind : unsigned char { kNone, kFilter, kSelect, kExplode, kRoute, kUnion };
std::string_view to_string(StepKind kind);

/// One entry of a `route`. Each stands alone: a row goes to all whose condition is TRUE.
struct RouteSpec {
  SqlText when;  ///< not given: every row, or with `otherwise` those that no entry took
  bool otherwise = false;
  Located<std::string> to;  ///< a sink or a later step
};

struct StepSpec {
  Located<std::string> id;
  StepKind kind = StepKind::kNone;  ///< kNone: a mistake that was reported
  Located<std::string> from;        ///< a source or an earlier step; not given: plan/ finds it
  SqlText sql;                      ///< of kFilter, kSelect and kExplode
  std::vector<RouteSpec> route;
  std::vector<Located<std::string>> inputs;  ///< of kUnion
};

/// Names are librdkafka's, value by value.
enum class Partitioner : unsigned char {
  kMurmur2Random,  ///< the default; what Java clients do
  kMurmur2,
  kConsistentRandom,
  kConsistent,
  kFnv1aRandom,
  kFnv1a,
  kRandom,
};
std::string_view to_string(Partitioner partitioner);
enum class Compression : unsigned char { kNone, kGzip, kSnappy, kLz4, kZstd };
std::string_view to_string(Compression compression);

struct KafkaSinkSpec {
  KafkaEndpoint endpoint;
  Located<std::string> topic;
  SqlText key;                                           ///< not given: records without a key
  std::vector<std::pair<std::string, SqlText>> headers;  ///< in the file's order
  SqlText partition;       ///< not given, or NULL for a row: the partitioner chooses
  SqlText tombstone_when;  ///< TRUE: the record's value is null
  Partitioner partitioner = Partitioner::kMurmur2Random;
  Compression compression = Compression::kNone;
  KafkaProperties properties;
};

enum class SinkKind : unsigned char { kNone, kKafka, kFile, kStdout };
std::string_view to_string(SinkKind kind);

struct SinkSpec {
  Located<std::string> name;
  SinkKind kind = SinkKind::kNone;  ///< kNone: a mistake that was reported
  Place kind_at;
  Located<std::string> from;  ///< a source or step; not given: a route names it, or plan/ finds it
  KafkaSinkSpec kafka;
  Located<std::string> path;  ///< kFile: the directory of the parts
  Located<FormatKind> format;
  CsvSpec csv;
  std::uint64_t outbox_bytes_max = 10ULL << 30U;
  Located<std::string> when_full_dlq;  ///< not given: intake waits
};

/// The epoch is sealed by whichever comes first.
struct CommitSpec {
  std::chrono::microseconds every = std::chrono::seconds(1);
  std::uint64_t records = 200'000;
  std::uint64_t bytes = 64ULL * 1024 * 1024;
};

enum class Rotate : unsigned char { kOnDoubt, kAlways };
enum class Takeover : unsigned char { kAsk, kAuto };
enum class TriggerKind : unsigned char { kContinuous, kEvery, kAvailableNow };
enum class OnError : unsigned char { kFail, kSkip, kDlq };
enum class Guarantee : unsigned char { kExactlyOnce, kAtLeastOnce };
/// Who decides an epoch: `delivery.offsets`.
enum class DecidedBy : unsigned char { kSink, kKafka, kCheckpoint };
std::string_view to_string(DecidedBy by);

struct ErrorRule {
  OnError rule = OnError::kFail;
  Located<std::string> dlq;  ///< kDlq: one of JobSpec::dlqs
};

struct TriggerSpec {
  TriggerKind kind = TriggerKind::kContinuous;
  std::chrono::microseconds every{};  ///< kEvery
};

/// A job file as written: every value checked for its own shape and range, nothing resolved
/// against servers. Names in `from` and everything inside SQL are plan/'s to check.
///
/// Thread: any, immutable.
struct JobSpec {
  std::shared_ptr<const SourceText> source;
  Located<std::string> job;
  std::uint32_t generation = 1;
  std::string description;
  std::vector<ParamSpec> params;    ///< in the file's order, like all lists here
  std::vector<SourceSpec> sources;  ///< at least one
  std::vector<StepSpec> steps;
  std::vector<SinkSpec> sinks;  ///< at least one

  Located<Guarantee> guarantee;
  Located<DecidedBy> offsets;  ///< not given: plan/ chooses
  CommitSpec commit;
  Located<Rotate> rotate;
  Located<Takeover> takeover;
  Located<TriggerSpec> trigger;
  ErrorRule on_decode_error;
  ErrorRule on_eval_error;
  ErrorRule on_sink_error;
  std::vector<SinkSpec> dlqs;  ///< of `errors.sinks`
  std::chrono::microseconds drain_timeout = std::chrono::seconds(60);
  MarkerSpec marker;
  RestartSpec restart;
  LimitsSpec limits;

  /// `<job>`, or `<job>.g<n>` for generation n > 1: what ids, groups and directories are made of.
  std::string identity() const;
};

}  // namespace weir
