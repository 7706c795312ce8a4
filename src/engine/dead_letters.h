#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "data/batch.h"

namespace weir {

/// The columns of dead letters, in this order: `value`, `key` (bytea, as they came), and as text
/// `error` (what is wrong), `step` (where), `source` ("flights/flights/0@23") and `job`.
std::shared_ptr<const Schema> dead_letter_schema();

/// What a dead letter says beside its record.
struct DeadLetterText {
  std::string_view error, step, source, job;
};

/// Collects rows that failed, and whose rule is a dead-letter sink, into batches for those sinks.
///
/// Owned by a worker. Thread: that worker.
class DeadLetters {
 public:
  /// Copies everything: the batch may go at once. Long errors are cut, so that no letter is too
  /// large for what it says.
  void add(SinkIndex sink, const Batch& batch, RowIndex row, const DeadLetterText& text);
  /// A letter of `batch`, which take() had made, that `sink` does not take: once more without the
  /// larger of key and value, then without both; its error says so. False when both were gone.
  bool add_shortened(SinkIndex sink, const Batch& batch, const RowError& error);
  /// One batch per sink; nothing is left.
  std::vector<std::pair<SinkIndex, BatchPtr>> take();

 private:
  struct Letter {
    Record record;
    std::string_view error, step, source, job;
  };
  struct Pending {
    std::shared_ptr<Arena> arena = std::make_shared<Arena>();
    std::shared_ptr<const Origin> origin;
    std::vector<Letter> letters;
  };
  std::map<SinkIndex, Pending> pending_;
};

}  // namespace weir
