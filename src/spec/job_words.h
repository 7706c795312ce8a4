#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "spec/job_spec.h"
#include "spec/yaml.h"

namespace weir {

// The words of a job file and what they stand for; the same as in the field table.

template <class T, std::size_t N>
using Words = std::array<std::pair<std::string_view, T>, N>;

inline constexpr Words<StartKind, 3> kStarts{{{"latest", StartKind::kLatest},
                                              {"earliest", StartKind::kEarliest},
                                              {"committed", StartKind::kCommitted}}};
inline constexpr Words<EndKind, 2> kEnds{{{"none", EndKind::kNone}, {"latest", EndKind::kLatest}}};
inline constexpr Words<OnDataLoss, 3> kOnDataLoss{{{"fail", OnDataLoss::kFail},
                                                   {"earliest", OnDataLoss::kEarliest},
                                                   {"latest", OnDataLoss::kLatest}}};
inline constexpr Words<FormatKind, 4> kFormats{{{"json", FormatKind::kJson},
                                                {"csv", FormatKind::kCsv},
                                                {"text", FormatKind::kText},
                                                {"raw", FormatKind::kRaw}}};
inline constexpr Words<Partitioner, 7> kPartitioners{
    {{"murmur2_random", Partitioner::kMurmur2Random},
     {"murmur2", Partitioner::kMurmur2},
     {"consistent_random", Partitioner::kConsistentRandom},
     {"consistent", Partitioner::kConsistent},
     {"fnv1a_random", Partitioner::kFnv1aRandom},
     {"fnv1a", Partitioner::kFnv1a},
     {"random", Partitioner::kRandom}}};
inline constexpr Words<Compression, 5> kCompressions{{{"none", Compression::kNone},
                                                      {"gzip", Compression::kGzip},
                                                      {"snappy", Compression::kSnappy},
                                                      {"lz4", Compression::kLz4},
                                                      {"zstd", Compression::kZstd}}};
inline constexpr Words<Rotate, 2> kRotates{
    {{"on_doubt", Rotate::kOnDoubt}, {"always", Rotate::kAlways}}};
inline constexpr Words<Takeover, 2> kTakeovers{
    {{"ask", Takeover::kAsk}, {"auto", Takeover::kAuto}}};
inline constexpr Words<OnError, 2> kOnErrors{{{"fail", OnError::kFail}, {"skip", OnError::kSkip}}};
inline constexpr Words<TriggerKind, 2> kTriggers{
    {{"continuous", TriggerKind::kContinuous}, {"available_now", TriggerKind::kAvailableNow}}};

inline constexpr Words<Guarantee, 2> kGuarantees{
    {{"exactly_once", Guarantee::kExactlyOnce}, {"at_least_once", Guarantee::kAtLeastOnce}}};
inline constexpr Words<DecidedBy, 3> kDeciders{{{"sink", DecidedBy::kSink},
                                                {"kafka", DecidedBy::kKafka},
                                                {"checkpoint", DecidedBy::kCheckpoint}}};
inline constexpr Words<SourceKind, 3> kSourceKinds{{{"kafka", SourceKind::kKafka},
                                                    {"file", SourceKind::kFile},
                                                    {"generate", SourceKind::kGenerate}}};
inline constexpr Words<StepKind, 5> kStepKinds{{{"filter", StepKind::kFilter},
                                                {"select", StepKind::kSelect},
                                                {"explode", StepKind::kExplode},
                                                {"route", StepKind::kRoute},
                                                {"union", StepKind::kUnion}}};
inline constexpr Words<SinkKind, 3> kSinkKinds{
    {{"kafka", SinkKind::kKafka}, {"file", SinkKind::kFile}, {"stdout", SinkKind::kStdout}}};

template <class T, std::size_t N>
std::string_view word_of(const Words<T, N>& words, T wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  return "?";
}

/// A key of a part of the design that this version lacks, or one that is not there at all, is in
/// `map`, which stands at `path` of the field table.
bool has_later_key(const YamlNode& map, std::string_view path);

}  // namespace weir
