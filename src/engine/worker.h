#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mailbox.h"
#include "engine/dead_letters.h"
#include "engine/lane.h"
#include "engine/messages.h"
#include "engine/outbox.h"

namespace weir {

/// Limits of the open epoch, shared by all workers: intake stops at the bound.
struct EpochBudget {
  std::uint64_t records_max = 0;
  std::uint64_t bytes_max = 0;
  std::atomic<std::uint64_t> records = 0;
  std::atomic<std::uint64_t> bytes_in = 0;
  std::atomic<std::uint64_t> bytes_out = 0;

  bool full() const {
    return records >= records_max || bytes_in >= bytes_max || bytes_out >= bytes_max;
  }
  void reset() { records = bytes_in = bytes_out = 0; }
};

/// Reads its splits, runs their pipelines and writes the rows, while an epoch is open. step() does
/// a bounded piece of work and never blocks, so the simulator can drive it.
///
/// Owned by the lane. Thread: its own, which sleeps on `waker`.
class Worker {
 public:
  Worker(std::size_t index, LaneParts& parts, EpochBudget& budget, const Waker& waker,
         Mailbox<LaneEvent>& events)
      : index_(index),
        parts_(parts),
        budget_(budget),
        waker_(waker),
        events_(events),
        commands_(&waker) {}

  Mailbox<WorkerCommand>& commands() { return commands_; }

  enum class Step : unsigned char { kBusy, kIdle, kQuit };
  Step step();

 private:
  struct Task {
    std::size_t source = 0;
    SplitId split;
    std::unique_ptr<SplitReader> reader;
    RecordBatch held;  // fetched, not yet processed
    Fetch held_fetch;
    bool holds = false;
    bool ended = false;    // said SplitEnded
    bool lost = false;     // moved over a loss; its reader gives nothing more
    Position first, next;  // of the open epoch
    std::uint64_t records = 0;
    std::optional<std::int64_t> lag_records;
  };
  struct PendingWrite {
    SinkIndex sink;
    BatchPtr batch;
    std::size_t from = 0;
  };
  class Out;

  void handle(WorkerCommand command);
  void on(OpenEpoch& command);
  void on(SealEpoch& command);
  void on(Discard& command);
  void on(Assign& command);
  void on(ReadTo& command);
  void fail(Error error, std::optional<SplitId> split = {});
  void fail_writing(Error error);
  template <class Event>
  void say(Event event) {
    events_.send(FromWorker{index_, assignment_, std::move(event)});
  }
  Result<> write_pending();
  template <class Text>
  void tell_skip(std::string_view source, std::string_view step, std::string_view rule, Text text);
  void send_dead_letters();
  const Task& task_of(const Batch& batch) const;
  const std::string& name_of(SinkIndex sink) const;
  void divert(std::size_t follower, const Batch& batch, const Task& task);
  Result<> reject_written(const PendingWrite& write, const std::vector<RowError>& errors);
  Result<bool> take_turn();
  static bool waits_for_next_epoch(const Task& task);
  std::size_t rows_wanted() const;
  Result<bool> fetch(Task& task);
  Result<> process(Task& task);
  void answer_seal();
  std::vector<SplitRange> taken() const;
  void forget();

  const std::size_t index_;
  LaneParts& parts_;
  EpochBudget& budget_;
  const Waker& waker_;
  Mailbox<LaneEvent>& events_;
  Mailbox<WorkerCommand> commands_;

  AssignmentId assignment_;
  std::vector<Task> tasks_;
  std::map<std::size_t, std::unique_ptr<Pipeline>> pipelines_;  // by source
  std::vector<std::unique_ptr<SinkWriter>> writers_;            // by SinkIndex; the outboxes' last
  std::vector<OutboxWriter*> outboxes_;                         // those of writers_
  std::optional<EpochContext> open_;
  std::vector<bool> diverted_;  // per follower, in the open epoch
  bool sealing_ = false;
  bool failed_ = false;     // until discarded
  bool announced_ = false;  // HasRecords was sent since the last seal
  bool full_said_ = false;
  bool quit_ = false;
  std::size_t turn_ = 0;
  std::deque<PendingWrite> pending_;
  DeadLetters dead_letters_;
  std::vector<SkipKind> skips_told_;  // for the worker's whole life
  std::uint64_t rows_in_ = 0, rows_out_ = 0, rows_skipped_ = 0, rows_dead_ = 0, dropped_ = 0;
  std::uint64_t offsets_lost_ = 0;
};

}  // namespace weir
