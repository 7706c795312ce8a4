#include "engine/worker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir {
namespace {

// Enough to recognise a record; the rest is where the message says.
constexpr std::size_t kShownBytes = 400;

std::string shown(const Record& record) {
  std::string text;
  for (const char c : record.value.substr(0, kShownBytes)) {
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    text += printable ? c : '?';
  }
  if (record.value.size() > kShownBytes) {
    text += "... (" + std::to_string(record.value.size()) + " bytes)";
  }
  return text;
}

// As `weir offsets JOB skip` takes it.
std::string place_of(const SplitId& split, const Record& record) {
  return split.text() + "@" + std::to_string(record.offset);
}

// What a job file calls the errors of a kind, and its rule for them.
struct ErrorClass {
  std::string_view word;
  const RowErrorRule& rule;
};
ErrorClass class_of(const LaneOptions& options, RowErrorKind kind) {
  switch (kind) {
    case RowErrorKind::kDecode:
      return {"decode", options.decode_errors};
    case RowErrorKind::kEval:
      return {"eval", options.eval_errors};
    case RowErrorKind::kSink:
      break;
  }
  return {"sink", options.sink_errors};
}

}  // namespace

// Once per kind: what is left out is counted, and may be every record.
template <class Text>
void Worker::tell_skip(std::string_view source, std::string_view step, std::string_view rule,
                       Text text) {
  const auto same = [&](const SkipKind& told) {
    return told.source == source && told.step == step && told.rule == rule;
  };
  if (std::any_of(skips_told_.begin(), skips_told_.end(), same)) return;
  const SkipKind kind{std::string(source), std::string(step), std::string(rule)};
  skips_told_.push_back(kind);
  say(RowSkipped{kind, text() + " (step \"" + kind.step + "\"); more like it are counted only"});
}

class Worker::Out final : public PipelineOut {
 public:
  Out(Worker& worker, const Task& task)
      : worker_(worker),
        task_(task),
        skipped_before_(worker.rows_skipped_),
        dead_before_(worker.rows_dead_) {}

  void rows(SinkIndex sink, BatchPtr batch) override {
    if (batch->selection.empty()) return;
    const std::size_t sinks = worker_.parts_.sinks.size();
    const std::size_t follower = sink.value() - sinks;
    if (sink.value() >= sinks && follower < worker_.diverted_.size() &&
        worker_.diverted_[follower]) {
      return worker_.divert(follower, *batch, task_);
    }
    worker_.pending_.push_back({sink, std::move(batch), 0});
  }

  Result<> reject(RowErrorKind kind, std::string_view step, const Batch& batch,
                  const RowError& error) override {
    const LaneOptions& options = worker_.parts_.options;
    const auto& [word, rule] = class_of(options, kind);
    const Record& record = batch.records[error.row];
    // A letter that its sink does not take has nowhere else to go.
    const bool letter = batch.schema == dead_letter_schema();
    if (!letter && rule.kind == RowErrorRule::Kind::kSkip) {
      ++worker_.rows_skipped_;
      worker_.tell_skip(task_.split.source, step, word, [&, rule_name = word] {
        return "record " + place_of(task_.split, record) + " is left out by `errors: { " +
               std::string(rule_name) + ": skip }`: " + error.message;
      });
      return {};
    }
    const std::string place = place_of(task_.split, record);
    if (!letter && rule.kind == RowErrorRule::Kind::kDeadLetter) {
      ++worker_.rows_dead_;
      worker_.dead_letters_.add(rule.dead_letters, batch, error.row,
                                {error.message, step, place, options.job});
      return {};
    }
    const std::string cure =
        letter ? "sink " + std::string(step) +
                     " does not take its dead letter, not even one "
                     "without key and value"
               : "errors: { " + std::string(word) +
                     ": skip } in the job file leaves such records out and counts them, and { dlq: "
                     "NAME } sends them to a sink of errors.sinks";
    return Error{Action::kHalt, Code::kPoisonRecord,
                 "record " + place + ": " + error.message + "\n  " + shown(record) + "\n  " + cure +
                     "\n  weir offsets " + options.job_file + " skip " + place +
                     "   leaves this one out"};
  }

  // Nothing is left from before: a worker processes when everything is written.
  void start_over() override {
    worker_.pending_.clear();
    worker_.dead_letters_.take();
    worker_.rows_skipped_ = skipped_before_;
    worker_.rows_dead_ = dead_before_;
  }

 private:
  Worker& worker_;
  const Task& task_;
  const std::uint64_t skipped_before_, dead_before_;
};

Worker::Step Worker::step() {
  for (WorkerCommand& command : commands_.take_all()) handle(std::move(command));
  if (quit_) return Step::kQuit;
  if (failed_) return Step::kIdle;
  if (Result<> written = write_pending(); !written) {
    fail_writing(std::move(written.error()));
    return Step::kIdle;
  }
  if (!pending_.empty()) return Step::kIdle;  // the sink is full; it wakes us
  if (sealing_) {
    answer_seal();
    return Step::kIdle;
  }
  Result<bool> moved = take_turn();
  if (!moved) {
    fail_writing(std::move(moved.error()));
    return Step::kIdle;
  }
  return *moved ? Step::kBusy : Step::kIdle;
}

void Worker::handle(WorkerCommand command) {
  std::visit(
      [this](auto& each) {
        if constexpr (std::is_same_v<std::decay_t<decltype(each)>, Quit>) {
          quit_ = true;
        } else {
          on(each);
        }
      },
      command);
}

void Worker::on(OpenEpoch& command) {
  if (failed_ || command.epoch.assignment != assignment_) return;
  open_ = command.epoch;
  diverted_ = std::move(command.diverted);
  full_said_ = false;
  for (Task& task : tasks_) {
    task.first = task.next;
    task.records = 0;
  }
  for (const auto& writer : writers_) {
    if (Result<> begun = writer->begin(open_->epoch); !begun) return fail(std::move(begun.error()));
  }
}

void Worker::on(SealEpoch& /*command*/) { sealing_ = open_.has_value(); }

void Worker::on(Discard& /*command*/) {
  Discarded discarded;
  if (open_) discarded.taken = taken();
  forget();
  failed_ = false;
  say(std::move(discarded));
}

void Worker::on(Assign& command) {
  forget();
  assignment_ = command.assignment;
  for (TaskSetup& setup : command.tasks) {
    Task task;
    task.source = setup.source;
    task.split = setup.assignment.split;
    task.reader = std::move(setup.reader);
    task.first = task.next = setup.assignment.position;
    tasks_.push_back(std::move(task));
    std::unique_ptr<Pipeline>& pipeline = pipelines_[setup.source];
    if (pipeline) continue;
    Result<std::unique_ptr<Pipeline>> made = parts_.make_pipeline(setup.source);
    if (!made) return fail(std::move(made.error()));
    pipeline = std::move(*made);
  }
  for (const auto& sink : parts_.sinks) {
    Result<std::unique_ptr<SinkWriter>> writer = sink->open_writer(&waker_);
    if (!writer) return fail(std::move(writer.error()));
    writers_.push_back(std::move(*writer));
  }
  for (const auto& follower : parts_.followers) {
    auto outbox = std::make_unique<OutboxWriter>(*follower);
    outboxes_.push_back(outbox.get());
    writers_.push_back(std::move(outbox));
  }
}

void Worker::on(ReadTo& command) {
  for (Task& task : tasks_) {
    const auto end = command.ends.find(task.split);
    if (end == command.ends.end()) continue;
    task.reader->read_to(end->second);
    task.ended = false;
  }
}

void Worker::forget() {
  tasks_.clear();
  pipelines_.clear();
  writers_.clear();
  outboxes_.clear();
  pending_.clear();
  open_.reset();
  sealing_ = announced_ = full_said_ = false;
  turn_ = 0;
  dead_letters_.take();
  rows_in_ = rows_out_ = rows_skipped_ = rows_dead_ = dropped_ = offsets_lost_ = 0;
}

void Worker::fail(Error error, std::optional<SplitId> split) {
  failed_ = true;
  say(WorkerFailed{std::move(error), std::move(split)});
}

// What could not be written stands first.
void Worker::fail_writing(Error error) {
  std::optional<SplitId> split;
  const bool refused = error.code() == Code::kRowsRefused || error.code() == Code::kRowTooLarge;
  if (refused && !pending_.empty()) split = task_of(*pending_.front().batch).split;
  fail(std::move(error), std::move(split));
}

const Worker::Task& Worker::task_of(const Batch& batch) const {
  const auto task = std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& each) {
    return each.source == batch.origin->source.value() && each.split.split == batch.origin->split;
  });
  WEIR_CHECK(task != tasks_.end(), "batches come from this worker's splits");
  return *task;
}

// `when_full: { dlq: ... }`.
void Worker::divert(std::size_t follower, const Batch& batch, const Task& task) {
  const OutboxBound& bound = parts_.outbox_bounds[follower];
  const std::string error =
      "the outbox of the sink is full: " + std::to_string(bound.bytes_max) + " bytes wait for it";
  for (const RowIndex row : batch.selection) {
    dead_letters_.add(
        *bound.dead_letters, batch, row,
        {error, bound.follower, place_of(task.split, batch.records[row]), parts_.options.job});
  }
  rows_dead_ += batch.selection.size();
}

// Rows that the sink cannot take.
Result<> Worker::reject_written(const PendingWrite& write, const std::vector<RowError>& errors) {
  const bool letters = write.batch->schema == dead_letter_schema();
  for (const RowError& error : errors) {
    if (letters && dead_letters_.add_shortened(write.sink, *write.batch, error)) continue;
    Out out(*this, task_of(*write.batch));
    WEIR_TRY(out.reject(RowErrorKind::kSink, name_of(write.sink), *write.batch, error));
  }
  return {};
}

Result<> Worker::write_pending() {
  while (!pending_.empty()) {
    PendingWrite& write = pending_.front();
    std::vector<RowError> errors;
    std::uint64_t bytes = 0;
    const std::size_t before = write.from;
    const Result<std::size_t> written =
        writers_[write.sink.value()]->write(*write.batch, write.from, errors, bytes);
    if (!written) return written.error();
    write.from = *written;
    budget_.bytes_out += bytes;
    rows_out_ += write.from - before - errors.size();
    WEIR_TRY(reject_written(write, errors));
    if (write.from < write.batch->selection.size()) return {};
    pending_.pop_front();
    send_dead_letters();
  }
  return {};
}

void Worker::send_dead_letters() {
  for (auto& [sink, batch] : dead_letters_.take()) {
    pending_.push_back({sink, std::move(batch), 0});
  }
}

const std::string& Worker::name_of(SinkIndex sink) const {
  const std::size_t i = sink.value();
  return i < parts_.sinks.size() ? parts_.sinks[i]->name()
                                 : parts_.followers[i - parts_.sinks.size()]->name();
}

// One batch of one split. True when something was done.
Result<bool> Worker::take_turn() {
  if (open_ && budget_.full()) {
    if (!full_said_) say(BudgetFull{});
    full_said_ = true;
    return false;
  }
  bool any = false;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[(turn_ + i) % tasks_.size()];
    if (!task.holds && !task.ended) {
      WEIR_ASSIGN(const bool moved, fetch(task));
      any = any || moved;
    }
    if (!task.holds) continue;
    if (open_ && waits_for_next_epoch(task)) continue;
    if (!open_) {
      if (!announced_) say(HasRecords{});
      announced_ = true;
      continue;
    }
    turn_ = (turn_ + i + 1) % tasks_.size();
    WEIR_TRY(process(task));
    return true;
  }
  // A queue that was not emptied writes to no waker: ask again until it says kNothing.
  return any;
}

// A loss begins its split's part of an epoch: the records before it are committed with the
// positions that they end at.
bool Worker::waits_for_next_epoch(const Task& task) {
  return task.held_fetch.state == FetchState::kLost && task.records > 0;
}

// No more than the epoch takes still, or the next one, where none is open: what other workers and
// splits hold already comes on top.
std::size_t Worker::rows_wanted() const {
  const std::uint64_t taken = open_ ? budget_.records.load() : 0;
  const std::uint64_t left = budget_.records_max > taken ? budget_.records_max - taken : 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(left, kBatchRowsMax));
}

// True when the split should be asked again at once.
Result<bool> Worker::fetch(Task& task) {
  RecordBatch batch;
  WEIR_ASSIGN(Fetch fetched, task.reader->fetch(batch, rows_wanted(), kBatchBytesMax));
  task.lag_records = fetched.lag_records;
  dropped_ += fetched.dropped;
  rows_skipped_ += fetched.skipped;
  if (!batch.records.empty() || fetched.state == FetchState::kLost) {
    task.held = std::move(batch);
    task.held_fetch = fetched;
    task.holds = true;
    return true;
  }
  if (fetched.state == FetchState::kEnd) {
    // The end can lie behind control records: the position moves without a record.
    task.next = fetched.next;
    task.ended = true;
    say(SplitEnded{task.split});
    return false;
  }
  if (open_) task.next = fetched.next;
  return fetched.state != FetchState::kNothing;
}

Result<> Worker::process(Task& task) {
  const std::size_t records = task.held.records.size();
  budget_.records += records;
  budget_.bytes_in += task.held.payload_bytes;
  rows_in_ += records;
  task.records += records;
  task.holds = false;
  if (task.held_fetch.state == FetchState::kLost) {
    task.lost = true;
    task.next = task.held_fetch.next;
    offsets_lost_ += task.held_fetch.lost;
    return {};
  }
  Out out(*this, task);
  WEIR_TRY(pipelines_[task.source]->process(std::move(task.held), *open_, out));
  task.held = RecordBatch{};
  task.next = task.held_fetch.next;
  send_dead_letters();
  return write_pending();
}

// How far each split has moved in the open epoch.
std::vector<SplitRange> Worker::taken() const {
  std::vector<SplitRange> ranges;
  for (const Task& task : tasks_) {
    if (task.next == task.first) continue;
    ranges.push_back({task.split, task.first, task.next, task.records});
  }
  return ranges;
}

void Worker::answer_seal() {
  Sealed sealed;
  sealed.moved = taken();
  for (const Task& task : tasks_) {
    sealed.readers_are_done = sealed.readers_are_done || task.lost;
    if (task.lag_records) sealed.lags.push_back({task.split, *task.lag_records});
  }
  for (OutboxWriter* const outbox : outboxes_) outbox->take(sealed.outbox);
  sealed.rows_in = std::exchange(rows_in_, 0);
  sealed.rows_out = std::exchange(rows_out_, 0);
  sealed.rows_skipped = std::exchange(rows_skipped_, 0);
  sealed.rows_dead = std::exchange(rows_dead_, 0);
  sealed.dropped = std::exchange(dropped_, 0);
  sealed.offsets_lost = std::exchange(offsets_lost_, 0);
  open_.reset();
  sealing_ = announced_ = false;
  say(std::move(sealed));
  // Records may be held already, and nothing else would wake us to say so.
  waker_.wake();
}

}  // namespace weir
