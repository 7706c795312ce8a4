#include "engine/decisions.h"

#include <algorithm>

namespace weir {

std::chrono::seconds backoff(std::uint64_t failures) {
  // 2^6 is over the bound already.
  const std::uint64_t doubled = std::uint64_t{1} << std::min<std::uint64_t>(failures, 6);
  return std::chrono::seconds(std::min<std::uint64_t>(60, doubled));
}

bool is_outage(Code code) {
  return code == Code::kBrokersUnreachable || code == Code::kClusterNotReady;
}

std::string recovering_text(const Error& error) {
  if (!is_outage(error.code())) return "recovering: " + error.message();
  const bool answers = error.code() == Code::kClusterNotReady;
  return "waiting_for_kafka (" + to_string(error.code()) + "): " + error.message() +
         (answers
              ? "; brokers answer, and it is tried again until they can do it. Look for replicas "
                "that are not in sync and partitions without a leader"
              : "; it is tried again until a broker answers. Check `brokers` and that the "
                "cluster is up");
}

MonoTime next_seal(const EpochProgress& progress, const EpochLimits& limits) {
  const bool full = progress.records >= limits.records || progress.bytes_in >= limits.bytes ||
                    progress.bytes_out >= limits.bytes;
  if (full || progress.input_ended || progress.stopping) return progress.opened;
  return progress.opened + limits.every;
}

AfterCommit on_commit_result(const Result<Verdict>& result, bool rotate_always) {
  if (!result) return AfterCommit::kRecover;
  const bool doubt = *result == Verdict::kDecidedWithDoubt;
  return doubt || rotate_always ? AfterCommit::kRotate : AfterCommit::kGoOn;
}

AfterRefusal after_refusal(std::uint64_t attempts) {
  // An attempt hears of what was under way when the first row was refused, five batches to each
  // broker: a hundred rows are known by then.
  constexpr std::uint64_t kAtOnce = 20;
  // Behind it, ten pauses of 1 s to 60 s.
  constexpr std::uint64_t kAttempts = kAtOnce + 10;
  if (attempts >= kAttempts) return AfterRefusal::kHalt;
  return attempts > kAtOnce ? AfterRefusal::kBackOff : AfterRefusal::kAtOnce;
}

Error refused_for_ever(std::uint64_t attempts, const Error& last) {
  return {Action::kHalt, Code::kPoisonEpoch,
          std::to_string(attempts) +
              " attempts of one epoch were refused, each for a row that those before had not "
              "shown. Either a row is made anew each time, as one with a time in it is, or more "
              "are too large than can be found one by one: " +
              last.message() +
              "\n  `properties: { message.max.bytes: N }` of the sink, at the topic's limit, finds "
              "such rows before they are sent\n  `compression: none` of the sink lets one refusal "
              "name all that are too large"};
}

std::uint64_t PoisonCounter::failed(const Error& error, const SplitProgressMap& positions,
                                    const std::vector<SplitId>& splits) {
  if (error.code() != code_) return 0;
  std::uint64_t most = 0;
  for (const SplitId& split : splits) {
    const auto found = positions.find(split);
    const Position at = found == positions.end() ? Position{} : found->second.position;
    const auto [known, first] = failures_.try_emplace(split);
    Failures& failures = known->second;
    const bool again = !first && (same_ == nullptr ? failures.at == at : same_(failures.at, at));
    failures = {at, again ? failures.count + 1 : 1};
    most = std::max(most, failures.count);
  }
  return most;
}

void PoisonCounter::decided(const std::vector<SplitRange>& moved) {
  for (const SplitRange& range : moved) failures_.erase(range.split);
}

}  // namespace weir
