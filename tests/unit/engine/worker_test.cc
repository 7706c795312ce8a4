#include "engine/worker.h"

#include <catch2/catch.hpp>

#include "support/text_batch.h"

namespace weir {
namespace {

using test::text_batch;
using test::text_of;

const SplitId kSplit{"in", "t/0"};

Position at(std::size_t offset) { return {std::to_string(offset)}; }

// Records of one split; their offsets are their places.
struct Log {
  std::vector<std::string> values;
  std::optional<std::size_t> end;          // of the assignment
  std::string key;                         // of each
  bool read = false;                       // somebody holds a reader
  std::optional<std::size_t> lost_before;  // records below are gone; its readers go on there
};

class LogReader final : public SplitReader {
 public:
  explicit LogReader(Log& log) : log_(log) { log_.read = true; }
  ~LogReader() override { log_.read = false; }

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t /*bytes_max*/) override {
    Fetch fetched;
    static const auto origin = std::make_shared<const Origin>(
        Origin{.source = {}, .split = "t/0", .topic = "t", .partition = 0, .id_prefix = "t:0:"});
    into.origin = origin;
    if (log_.lost_before && next_ < *log_.lost_before) {
      fetched.lost = *log_.lost_before - next_;
      next_ = *log_.lost_before;
      lost_ = true;
      fetched.state = FetchState::kLost;
      fetched.next = at(next_);
      return fetched;
    }
    const std::size_t until = std::min(log_.values.size(), log_.end.value_or(~std::size_t{0}));
    for (; !lost_ && next_ < until && into.records.size() < rows_max; ++next_) {
      Record& record = into.records.emplace_back();
      record.value = into.arena->copy(log_.values[next_], kValuePadding);
      record.value_null = false;
      record.key = into.arena->copy(log_.key);
      record.key_null = log_.key.empty();
      record.offset = static_cast<std::int64_t>(next_);
      into.payload_bytes += record.value.size();
    }
    fetched.next = at(next_);
    const bool ended = log_.end && next_ >= *log_.end;
    fetched.state = !into.records.empty() ? FetchState::kRecords
                    : ended               ? FetchState::kEnd
                                          : FetchState::kNothing;
    return fetched;
  }
  void read_to(const Position& end) override { log_.end = std::stoul(end.bytes); }

 private:
  Log& log_;
  std::size_t next_ = 0;
  bool lost_ = false;
};

// A row for each record; "bad" cannot be decoded.
class Rows final : public Pipeline {
 public:
  explicit Rows(SinkIndex to) : to_(to) {}
  Result<> process(RecordBatch&& records, const EpochContext& /*epoch*/,
                   PipelineOut& out) override {
    std::vector<std::string> values;
    for (const Record& record : records.records) values.emplace_back(record.value);
    auto batch = std::make_unique<Batch>(text_batch(values));
    batch->origin = records.origin;
    batch->records = records.records;
    std::erase_if(batch->selection, [&](RowIndex row) { return values[row] == "bad"; });
    for (RowIndex row = 0; row < values.size(); ++row) {
      if (values[row] != "bad") continue;
      WEIR_TRY(out.reject(RowErrorKind::kDecode, "in", *batch, {row, "it is bad"}));
    }
    out.rows(to_, std::move(batch));
    records_ = std::move(records);  // the batch's records look into its arena
    return {};
  }

 private:
  const SinkIndex to_;
  RecordBatch records_;
};

struct Shelf {
  std::vector<std::string> rows;
  std::size_t room = 1000;
};

// Takes rows while there is room; "odd" cannot be rendered, "huge" breaks the epoch.
class ShelfWriter final : public SinkWriter {
 public:
  explicit ShelfWriter(Shelf& shelf) : shelf_(shelf) {}
  Result<> begin(EpochId /*epoch*/) override { return {}; }
  Result<std::size_t> write(const Batch& batch, std::size_t from, std::vector<RowError>& errors,
                            std::uint64_t& bytes) override {
    for (; from < batch.selection.size() && shelf_.rows.size() < shelf_.room; ++from) {
      const std::string row(text_of(batch, batch.selection[from]));
      const bool odd = row.starts_with("odd");
      if (odd) errors.push_back({batch.selection[from], "it is odd"});
      if (row == "huge") return Error{Action::kRecover, Code::kRowsRefused, "a row is too large"};
      if (odd) continue;
      shelf_.rows.push_back(row);
      bytes += row.size();
    }
    return from;
  }

 private:
  Shelf& shelf_;
};

class ShelfSink final : public Sink {
 public:
  explicit ShelfSink(Shelf& shelf) : shelf_(shelf) {}
  const std::string& name() const override { return name_; }
  Result<> check(MonoTime /*deadline*/) override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* /*room*/) override {
    return std::unique_ptr<SinkWriter>(std::make_unique<ShelfWriter>(shelf_));
  }
  Result<> flush(EpochId /*epoch*/, MonoTime /*deadline*/) override { return {}; }

 private:
  Shelf& shelf_;
  const std::string name_ = "out";
};

// A worker with one split, whose coordinator is the test.
struct Rig {
  explicit Rig(std::vector<std::string> values) : log{std::move(values), {}, {}, false, {}} {
    budget.records_max = 100;
    budget.bytes_max = 1000;
    parts.options.job_file = "clicks.yaml";
    parts.sinks.push_back(std::make_unique<ShelfSink>(shelf));
    parts.make_pipeline = [this](std::size_t) -> Result<std::unique_ptr<Pipeline>> {
      return std::unique_ptr<Pipeline>(std::make_unique<Rows>(to));
    };
  }

  void assign() {
    Assign assign;
    assign.assignment = assignment;
    assign.tasks.push_back({0, {kSplit, at(0), {}}, std::make_unique<LogReader>(log)});
    tell(std::move(assign));
  }
  void open() { tell(OpenEpoch{{EpochId{1}, {}, assignment}}); }
  void tell(WorkerCommand command) {
    worker.commands().send(std::move(command));
    run();
  }
  void run() {
    while (worker.step() == Worker::Step::kBusy) {
    }
    for (LaneEvent& event : events.take_all())
      said.push_back(std::move(std::get<FromWorker>(event)));
  }
  // The first event of that kind, taken out.
  template <class Event>
  std::optional<Event> heard() {
    for (auto each = said.begin(); each != said.end(); ++each) {
      if (!std::holds_alternative<Event>(each->event)) continue;
      std::optional<Event> event = std::move(std::get<Event>(each->event));
      said.erase(each);
      return event;
    }
    return std::nullopt;
  }

  Log log;
  Shelf shelf;
  SinkIndex to;  // of the rows
  LaneParts parts;
  EpochBudget budget;
  const Waker waker = *Waker::open();
  Mailbox<LaneEvent> events;
  AssignmentId assignment{1};
  Worker worker{0, parts, budget, waker, events};
  std::vector<FromWorker> said;
};

TEST_CASE("Worker: takes records while an epoch is open, and says at the seal how far",
          "[engine]") {
  Rig rig({"a", "b", "c"});
  rig.assign();
  CHECK(rig.heard<HasRecords>());
  CHECK(rig.shelf.rows.empty());
  rig.open();
  CHECK(rig.shelf.rows == std::vector<std::string>{"a", "b", "c"});
  rig.tell(SealEpoch{});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->moved == std::vector<SplitRange>{{kSplit, at(0), at(3), 3}});
  CHECK(sealed->rows_in == 3);
  CHECK(sealed->rows_out == 3);
  CHECK(rig.budget.records == 3);
  CHECK_FALSE(rig.heard<HasRecords>());
}

TEST_CASE("Worker: a loss is an epoch's position though no record comes", "[engine]") {
  Rig rig({"a", "b", "c"});
  rig.log.lost_before = 2;
  rig.assign();
  CHECK(rig.heard<HasRecords>());
  rig.open();
  rig.tell(SealEpoch{});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->moved == std::vector<SplitRange>{{kSplit, at(0), at(2), 0}});
  CHECK(sealed->offsets_lost == 2);
  CHECK(sealed->readers_are_done);
  CHECK(rig.shelf.rows.empty());
}

TEST_CASE("Worker: a loss waits until the records before it are committed", "[engine]") {
  Rig rig({"a", "b"});
  rig.assign();
  rig.open();
  rig.log.values.resize(9);
  rig.log.lost_before = 9;
  rig.run();
  rig.tell(SealEpoch{});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->moved == std::vector<SplitRange>{{kSplit, at(0), at(2), 2}});
  CHECK(sealed->offsets_lost == 0);
  CHECK_FALSE(sealed->readers_are_done);
  rig.run();
  rig.open();
  rig.tell(SealEpoch{});
  const auto loss = rig.heard<Sealed>();
  REQUIRE(loss);
  CHECK(loss->moved == std::vector<SplitRange>{{kSplit, at(2), at(9), 0}});
  CHECK(loss->offsets_lost == 7);
}

TEST_CASE("Worker: what a full sink does not take is written when there is room, before the seal",
          "[engine]") {
  Rig rig({"a", "b", "c"});
  rig.shelf.room = 2;
  rig.assign();
  rig.open();
  rig.tell(SealEpoch{});
  CHECK_FALSE(rig.heard<Sealed>());
  rig.shelf.room = 1000;
  rig.run();
  CHECK(rig.shelf.rows == std::vector<std::string>{"a", "b", "c"});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->rows_out == 3);
}

TEST_CASE("Worker: an epoch that is refused for its rows names the split that is written",
          "[engine]") {
  Rig rig({"a", "huge"});
  rig.assign();
  rig.open();
  const auto failed = rig.heard<WorkerFailed>();
  REQUIRE(failed);
  CHECK(failed->error.code() == Code::kRowsRefused);
  CHECK(failed->split == kSplit);
}

TEST_CASE("Worker: records and rows that are bad halt, or are counted where the job says skip",
          "[engine]") {
  const std::string bad = GENERATE("bad", "odd");
  Rig rig({"a", bad, "c"});
  SECTION("fail") {
    rig.assign();
    rig.open();
    const auto failed = rig.heard<WorkerFailed>();
    REQUIRE(failed);
    CHECK(failed->error.action() == Action::kHalt);
    CHECK(failed->error.code() == Code::kPoisonRecord);
    CHECK_THAT(
        failed->error.message(),
        Catch::Contains("in/t/0@1") && Catch::Contains(bad) &&
            Catch::Contains(bad == "odd" ? "errors: { sink: skip }" : "errors: { decode: skip }") &&
            Catch::Contains("weir offsets clicks.yaml skip in/t/0@1"));
  }
  SECTION("skip") {
    rig.parts.options.decode_errors.kind = RowErrorRule::Kind::kSkip;
    rig.parts.options.sink_errors.kind = RowErrorRule::Kind::kSkip;
    rig.assign();
    rig.open();
    rig.tell(SealEpoch{});
    const auto sealed = rig.heard<Sealed>();
    REQUIRE(sealed);
    CHECK(sealed->rows_in == 3);
    CHECK(sealed->rows_out == 2);
    CHECK(sealed->rows_skipped == 1);
    CHECK(rig.shelf.rows == std::vector<std::string>{"a", "c"});
    const auto told = rig.heard<RowSkipped>();
    REQUIRE(told);
    CHECK(told->kind.source == "in");
    CHECK_THAT(told->text, Catch::Contains("record in/t/0@1 is left out") &&
                               Catch::Contains("it is " + bad) &&
                               Catch::Contains("errors: { " + told->kind.rule + ": skip }"));
    // The next one of its kind is counted only.
    rig.log.values.insert(rig.log.values.end(), {bad, bad});
    rig.run();
    rig.open();
    rig.tell(SealEpoch{});
    CHECK(rig.heard<Sealed>()->rows_skipped == 2);
    CHECK_FALSE(rig.heard<RowSkipped>());
  }
}

// A sink of dead letters, which keeps their value, key and error.
class DeadSink final : public Sink {
 public:
  using Letter = std::vector<std::optional<std::string>>;

  // None: it takes nothing.
  DeadSink(std::optional<std::size_t> bytes_max, std::vector<Letter>& letters)
      : bytes_max_(bytes_max), letters_(letters) {}
  const std::string& name() const override { return name_; }
  Result<> check(MonoTime /*deadline*/) override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open_writer(const Waker* /*room*/) override {
    return std::unique_ptr<SinkWriter>(std::make_unique<Writer>(*this));
  }
  Result<> flush(EpochId /*epoch*/, MonoTime /*deadline*/) override { return {}; }

 private:
  class Writer final : public SinkWriter {
   public:
    explicit Writer(DeadSink& sink) : sink_(sink) {}
    Result<> begin(EpochId /*epoch*/) override { return {}; }
    Result<std::size_t> write(const Batch& batch, std::size_t /*from*/,
                              std::vector<RowError>& errors, std::uint64_t& /*bytes*/) override {
      for (const RowIndex row : batch.selection) {
        Letter letter;
        std::size_t bytes = 0;
        for (std::size_t column = 0; column < 3; ++column) {
          const Column& from = batch.columns[column];
          letter.emplace_back();
          if (!from.is_null(row)) letter.back() = from.values<std::string_view>()[row];
          bytes += column < 2 ? letter.back().value_or("").size() : 0;
        }
        if (!sink_.bytes_max_ || bytes > *sink_.bytes_max_) {
          errors.push_back({row, "it is too large"});
        } else {
          sink_.letters_.push_back(letter);
        }
      }
      return batch.selection.size();
    }

   private:
    DeadSink& sink_;
  };

  const std::optional<std::size_t> bytes_max_;
  std::vector<Letter>& letters_;
  const std::string name_ = "dead";
};

TEST_CASE("Worker: a dead letter that its sink does not take comes without what is too large",
          "[engine]") {
  const auto [key, value, expected_key, expected_value, says] =
      GENERATE(table<std::string, std::string, std::optional<std::string>,
                     std::optional<std::string>, std::string>({
          {"k", "odd", "k", "odd", "it is odd"},
          {"k", "odd, and very long", "k", std::nullopt,
           "it is odd; its value of 18 bytes is left out: it is too large"},
          {"a long key", "odd, and very long", std::nullopt, std::nullopt,
           "it is odd; its value of 18 bytes is left out: it is too large; its key of 10 bytes is "
           "left out: it is too large"},
          {"a very very long key", "odd", std::nullopt, "odd",
           "it is odd; its key of 20 bytes is left out: it is too large"},
      }));
  Rig rig({"a", value});
  rig.log.key = key;
  std::vector<DeadSink::Letter> letters;
  rig.parts.sinks.push_back(std::make_unique<DeadSink>(8, letters));
  rig.parts.options.sink_errors = {RowErrorRule::Kind::kDeadLetter, SinkIndex{1}};
  rig.assign();
  rig.open();
  rig.tell(SealEpoch{});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->rows_dead == 1);
  CHECK(rig.shelf.rows == std::vector<std::string>{"a"});
  CHECK(letters == std::vector<DeadSink::Letter>{{expected_value, expected_key, says}});
}

TEST_CASE("Worker: a dead letter that its sink never takes halts", "[engine]") {
  Rig rig({"odd"});
  std::vector<DeadSink::Letter> letters;
  rig.parts.sinks.push_back(std::make_unique<DeadSink>(std::nullopt, letters));
  rig.parts.options.sink_errors = {RowErrorRule::Kind::kDeadLetter, SinkIndex{1}};
  rig.assign();
  rig.open();
  const auto failed = rig.heard<WorkerFailed>();
  REQUIRE(failed);
  CHECK(failed->error.code() == Code::kPoisonRecord);
  CHECK_THAT(failed->error.message(), Catch::Contains("does not take its dead letter"));
}

// A follower that takes what it gets.
class Mail final : public FollowerSink {
 public:
  const std::string& name() const override { return name_; }
  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& /*errors*/) const override {
    for (const RowIndex row : batch.selection) rows.emplace_back(text_of(batch, row));
    return {};
  }
  Result<> deliver(EpochId /*epoch*/, std::span<const std::string> /*rows*/,
                   MonoTime /*deadline*/) override {
    return {};
  }

 private:
  const std::string name_ = "mail";
};

TEST_CASE("Worker: rows for a full outbox are dead letters, in that epoch", "[engine]") {
  const bool full = GENERATE(true, false);
  Rig rig({"a", "b"});
  std::vector<DeadSink::Letter> letters;
  rig.parts.sinks.clear();
  rig.parts.sinks.push_back(std::make_unique<DeadSink>(100, letters));
  rig.parts.followers.push_back(std::make_unique<Mail>());
  rig.parts.outbox_bounds = {{.follower = "mail", .bytes_max = 7, .dead_letters = SinkIndex{0}}};
  rig.to = SinkIndex{1};
  rig.assign();
  rig.tell(OpenEpoch{{EpochId{1}, {}, rig.assignment}, {full}});
  rig.tell(SealEpoch{});
  const auto sealed = rig.heard<Sealed>();
  REQUIRE(sealed);
  CHECK(sealed->rows_dead == (full ? 2U : 0U));
  CHECK(sealed->outbox.size() == (full ? 0U : 2U));
  REQUIRE(letters.size() == (full ? 2U : 0U));
  if (full) CHECK(letters[1][0] == "b");
}

TEST_CASE("Worker: at the epoch's bound it takes nothing more and says so once", "[engine]") {
  Rig rig({"a", "b"});
  rig.budget.records_max = 2;
  rig.assign();
  rig.open();
  rig.log.values.push_back("c");
  rig.run();
  rig.run();
  CHECK(rig.heard<BudgetFull>());
  CHECK_FALSE(rig.heard<BudgetFull>());
  CHECK(rig.shelf.rows.size() == 2);
  rig.heard<HasRecords>();
  rig.tell(SealEpoch{});
  CHECK(rig.heard<Sealed>());
  rig.budget.reset();
  rig.run();
  CHECK(rig.heard<HasRecords>());
}

TEST_CASE("Worker: a split's batches end at the epoch's bound of records", "[engine]") {
  Rig rig(std::vector<std::string>(25, "a"));
  rig.budget.records_max = 10;
  rig.assign();
  std::vector<std::uint64_t> epochs;
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
    REQUIRE(rig.heard<HasRecords>());
    rig.budget.reset();
    rig.tell(OpenEpoch{{EpochId{epoch}, {}, rig.assignment}});
    rig.tell(SealEpoch{});
    epochs.push_back(rig.heard<Sealed>()->rows_in);
    rig.run();
  }
  CHECK(epochs == std::vector<std::uint64_t>{10, 10, 5});
}

TEST_CASE("Worker: an end is said once, and a later one goes on", "[engine]") {
  Rig rig({"a", "b", "c"});
  rig.log.end = 1;
  rig.assign();
  rig.open();
  const auto ended = rig.heard<SplitEnded>();
  REQUIRE(ended);
  CHECK(ended->split == kSplit);
  rig.tell(SealEpoch{});
  rig.heard<Sealed>();
  rig.run();
  CHECK_FALSE(rig.heard<SplitEnded>());
  rig.said.clear();
  rig.tell(ReadTo{{{kSplit, at(3)}}});
  CHECK(rig.heard<HasRecords>());
  rig.open();
  CHECK(rig.shelf.rows == std::vector<std::string>{"a", "b", "c"});
  CHECK(rig.heard<SplitEnded>());
}

TEST_CASE("Worker: a discard forgets epoch, readers and failure, and older epochs do not open",
          "[engine]") {
  Rig rig({"a", "huge"});
  rig.assign();
  rig.open();
  CHECK(rig.heard<WorkerFailed>());
  rig.tell(Discard{});
  const auto discarded = rig.heard<Discarded>();
  REQUIRE(discarded);
  REQUIRE(discarded->taken.size() == 1);
  CHECK(discarded->taken[0].split == kSplit);
  CHECK(discarded->taken[0].first == at(0));
  CHECK(discarded->taken[0].next == at(2));
  CHECK_FALSE(rig.log.read);
  rig.log.values = {"a"};
  rig.shelf.rows.clear();
  const AssignmentId before = rig.assignment;
  rig.assignment = rig.assignment.next();
  rig.assign();
  rig.tell(OpenEpoch{{EpochId{1}, {}, before}});
  CHECK(rig.shelf.rows.empty());
  rig.open();
  CHECK(rig.shelf.rows == std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace weir
