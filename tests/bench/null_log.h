#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/null_wire.h"

namespace weir::bench {

/// One partition of the null broker: keeps the record batches that are produced to it and then
/// gives them again and again, `repeat` times, or only counts them, when `repeat` is 0.
///
/// A batch is given as it came, compressed, with its first offset written over: that is outside of
/// what its checksum covers.
///
/// Thread: any that holds the broker's lock; fetching from a log that is not written to any more
/// needs none.
class NullLog {
 public:
  explicit NullLog(std::int64_t repeat) : repeat_(repeat) {}

  /// The records' first offset.
  std::int64_t append(std::string_view batches) {
    const std::int64_t first = held_;
    while (batches.size() > kHeaderBytes) {
      WireReader reader(batches);
      reader.i64();
      const auto size = static_cast<std::size_t>(reader.i32()) + 12;
      WireReader header(batches.substr(kLastDeltaAt, 4));
      if (size > batches.size()) break;
      if (repeat_ > 0) batches_.push_back({held_, std::string(batches.substr(0, size))});
      held_ += header.i32() + 1;
      batches.remove_prefix(size);
    }
    return first;
  }

  std::int64_t end() const { return held_ * std::max<std::int64_t>(repeat_, 1); }

  /// Appends whole batches from the one that holds `offset`, at least one and about `bytes_max`.
  void fetch(std::int64_t offset, std::size_t bytes_max, WireWriter& out) const {
    if (repeat_ == 0 || offset >= end()) return;
    const std::int64_t in_turn = offset % held_;
    auto batch = std::upper_bound(
        batches_.begin(), batches_.end(), in_turn,
        [](std::int64_t wanted, const Batch& each) { return wanted < each.first; });
    --batch;
    std::int64_t turn_begin = offset - in_turn;
    const std::size_t from = out.size();
    do {
      const std::size_t at = out.size();
      out.raw(batch->bytes);
      out.fill(at, turn_begin + batch->first, 8);
      if (++batch == batches_.end()) {
        batch = batches_.begin();
        turn_begin += held_;
      }
    } while (turn_begin + batch->first < end() &&
             out.size() - from + batch->bytes.size() < bytes_max);
  }

 private:
  struct Batch {
    std::int64_t first;  // offset of its first record in the first turn
    std::string bytes;
  };
  // Of a record batch, Kafka's format 2.
  static constexpr std::size_t kLastDeltaAt = 23;
  static constexpr std::size_t kHeaderBytes = 61;

  const std::int64_t repeat_;
  std::int64_t held_ = 0;  // records
  std::vector<Batch> batches_;
};

}  // namespace weir::bench
