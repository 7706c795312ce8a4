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
  /// As text; that it is one of `type`, plan/ checks. Not `given`: the command line's, which wins
  /// over the default.
  Located<std::string> value;
};

/// Where a `kafka:` source or sink connects: `cluster:` resolved through weir.yaml, or `brokers:`.
struct KafkaEndpoint {
  ClusterConfig cluster;
  Place at;  ///< of `cluster:` or `brokers:`
};

enum class StartKind : unsigned char { kLatest, kEarliest, kCommitted, kTimestamp, kOffsets };
enum class EndKind : unsigned char { kNone, kLatest, kTimestamp, kOffsets };
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
  /// Exactly one of the two is there.
  std::vector<Located<std::string>> topics;
  std::map<std::string, std::vector<std::int32_t>> assign;
  std::string group;         ///< given, or `<instance>.<job>[.g<n>]`
  Place group_at;            ///< length 0 when it is the default
  Located<StartSpec> start;  ///< `given`: written in the file (T3)
  Located<EndSpec> end;
  std::map<std::string, SecretText> properties;
};

enum class FormatKind : unsigned char { kJson, kRaw };
std::string_view to_string(FormatKind format);

struct SourceSpec {
  Located<std::string> name;
  KafkaSourceSpec kafka;
  Located<FormatKind> format;
  SqlText schema;  ///< column list; given for json, not for raw
};

/// One step; exactly one of filter and select is given.
struct StepSpec {
  Located<std::string> id;
  Located<std::string> from;  ///< a source or an earlier step; not given: plan/ finds it
  SqlText filter;
  SqlText select;
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
  SqlText key;  ///< not given: records without a key
  Partitioner partitioner = Partitioner::kMurmur2Random;
  Compression compression = Compression::kNone;
  std::map<std::string, SecretText> properties;
};

struct SinkSpec {
  Located<std::string> name;
  Located<std::string> from;  ///< a source or step; not given: plan/ finds it
  KafkaSinkSpec kafka;
  Located<FormatKind> format;
};

/// The epoch is sealed by whichever comes first.
struct CommitSpec {
  std::chrono::microseconds every = std::chrono::seconds(1);
  std::uint64_t records = 200'000;
  std::uint64_t bytes = 64ULL * 1024 * 1024;
};

enum class Takeover : unsigned char { kAsk, kAuto };
enum class TriggerKind : unsigned char { kContinuous, kEvery, kAvailableNow };
enum class OnError : unsigned char { kFail, kSkip };

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

  CommitSpec commit;
  Takeover takeover = Takeover::kAsk;
  Located<TriggerSpec> trigger;
  OnError on_decode_error = OnError::kFail;
  OnError on_eval_error = OnError::kFail;
  std::chrono::microseconds drain_timeout = std::chrono::seconds(60);
  LimitsSpec limits;

  /// `<job>`, or `<job>.g<n>` for generation n > 1: what ids, groups and directories are made of.
  std::string identity() const;
};

}  // namespace weir
