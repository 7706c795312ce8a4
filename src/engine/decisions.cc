#include "engine/decisions.h"

#include <algorithm>

namespace weir {

std::chrono::seconds backoff(std::uint64_t failures) {
  // 2^6 is over the bound already.
  const std::uint64_t doubled = std::uint64_t{1} << std::min<std::uint64_t>(failures, 6);
  return std::chrono::seconds(std::min<std::uint64_t>(60, doubled));
}

std::string recovering_text(const Error& error) {
  if (error.code() != Code::kBrokersUnreachable) return "recovering: " + error.message();
  return "waiting_for_kafka (" + to_string(error.code()) + "): " + error.message() +
         "; it is tried again until a broker answers. Check `brokers` and that the cluster is up";
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

bool PoisonCounter::failed(const Error& error, const SplitProgressMap& positions,
                           const std::vector<SplitId>& splits) {
  if (error.code() != Code::kRowsRefused) return false;
  bool poison = false;
  for (const SplitId& split : splits) {
    const auto found = positions.find(split);
    const Position at = found == positions.end() ? Position{} : found->second.position;
    const auto [known, first] = failures_.try_emplace(split);
    Failures& failures = known->second;
    const bool again = !first && (same_ == nullptr ? failures.at == at : same_(failures.at, at));
    failures = {at, again ? failures.count + 1 : 1};
    poison = poison || failures.count >= kAttempts;
  }
  return poison;
}

void PoisonCounter::decided(const std::vector<SplitRange>& moved) {
  for (const SplitRange& range : moved) failures_.erase(range.split);
}

}  // namespace weir
