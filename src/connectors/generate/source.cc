#include "connectors/generate/source.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "connectors/generate/alarm.h"

namespace weir::generate {
namespace {

// A worker is woken at most this often: faster paces come as batches.
constexpr std::chrono::milliseconds kWakeEvery{10};
// As an end: as many as `count` says at that start, so that a raised count is taken up.
constexpr std::int64_t kCount = std::numeric_limits<std::int64_t>::max();

Position encode(std::int64_t next) {
  ByteWriter out;
  out.u8(1);
  out.i64(next);
  return {out.take()};
}

std::int64_t decode(const Position& position) {
  ByteReader in(position.bytes);
  const bool known = in.u8() == 1;
  const std::int64_t next = in.i64();
  WEIR_CHECK(known && in.done() && next >= 0, "positions of a generate source come from it");
  return next;
}

class Reader final : public SplitReader {
 public:
  Reader(std::shared_ptr<const Origin> origin, const GenerateSourceOptions& options,
         const SplitAssignment& assignment, const Clock& clock, std::unique_ptr<Alarm> alarm)
      : origin_(std::move(origin)),
        pace_(options.pace),
        count_(options.count.value_or(kCount)),
        clock_(clock),
        alarm_(std::move(alarm)),
        started_(clock.mono()),
        first_(decode(assignment.position)),
        next_(first_),
        end_(std::min(count_, assignment.end ? decode(*assignment.end) : kCount)) {
    for (const Position& skip : assignment.skips) skips_.insert(decode(skip));
  }

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) override {
    if (next_ >= end_) return answer(FetchState::kEnd);
    const MonoTime now = clock_.mono();
    const std::int64_t rows =
        std::min({pace_.due(now - started_) - (next_ - first_), end_ - next_,
                  static_cast<std::int64_t>(std::min(rows_max, bytes_max / kDigitsMax + 1))});
    if (rows <= 0) {
      alarm_->set(std::max(started_ + pace_.due_at(next_ - first_), given_at_ + kWakeEvery));
      return answer(FetchState::kNothing);
    }
    given_at_ = now;
    into.origin = origin_;
    const std::int64_t timestamp_us = clock_.wall().time_since_epoch().count();
    const std::int64_t behind = next_ + rows;
    Fetch fetched = answer(FetchState::kRecords);
    for (; next_ < behind; ++next_) {
      if (skips_.contains(next_)) {
        ++fetched.skipped;
      } else {
        give(next_, timestamp_us, into);
      }
    }
    fetched.next = encode(next_);
    return fetched;
  }

  void read_to(const Position& end) override {
    end_ = std::max(end_, std::min(count_, decode(end)));
  }

 private:
  static constexpr std::size_t kDigitsMax = 20;

  static void give(std::int64_t number, std::int64_t timestamp_us, RecordBatch& into) {
    char digits[kDigitsMax];
    const auto end = std::to_chars(digits, digits + kDigitsMax, number).ptr;
    Record& record = into.records.emplace_back();
    record.value = into.arena->copy({digits, end}, kValuePadding);
    record.offset = number;
    record.timestamp_us = timestamp_us;
    into.payload_bytes += record.value.size();
  }

  Fetch answer(FetchState state) const {
    return {.state = state, .next = encode(next_), .dropped = 0, .lag_records = {}};
  }

  const std::shared_ptr<const Origin> origin_;
  const Pace pace_;
  const std::int64_t count_;
  const Clock& clock_;
  const std::unique_ptr<Alarm> alarm_;
  const MonoTime started_;
  const std::int64_t first_;
  std::int64_t next_;
  std::int64_t end_;
  std::set<std::int64_t> skips_;  // numbers to leave out
  MonoTime given_at_{};
};

class GenerateSource final : public Source {
 public:
  GenerateSource(GenerateSourceOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {
    auto origin = std::make_shared<Origin>();
    origin->source = options_.index;
    origin->split = "0";
    origin->topic = options_.name;
    origin->id_prefix = options_.name + ":";
    origin_ = std::move(origin);
  }

  const std::string& name() const override { return options_.name; }
  Result<std::string> identity(MonoTime /*deadline*/) override { return std::string("generate"); }
  Result<std::vector<SplitListing>> discover(MonoTime /*deadline*/) override {
    return std::vector<SplitListing>{{origin_->split, origin_}};
  }

  bool starts_at_committed() const override { return false; }
  bool start_is_explicit() const override { return false; }
  Result<std::map<std::string, Position>> first_positions(const std::vector<std::string>& splits,
                                                          MonoTime /*deadline*/) override {
    return all_at(splits, 0);
  }
  Result<std::map<std::string, Position>> beginnings(const std::vector<std::string>& splits,
                                                     MonoTime /*deadline*/) override {
    return all_at(splits, 0);
  }

  bool bounded() const override { return options_.count.has_value(); }
  Result<std::map<std::string, Position>> ends(const std::vector<std::string>& splits,
                                               MonoTime /*deadline*/) override {
    return all_at(splits, kCount);
  }
  // Without a count: what is due by now.
  Result<std::map<std::string, Position>> ends_now(const std::vector<std::string>& splits,
                                                   MonoTime /*deadline*/) override {
    if (options_.count) return all_at(splits, *options_.count);
    if (started_) return all_at(splits, first_ + options_.pace.due(clock_.mono() - *started_));
    return Error{Action::kStopJob, Code::kBadValue,
                 "source \"" + options_.name +
                     "\": without `count` nothing is there at a start, so "
                     "`trigger: available_now` has nothing to read; give it a `count`"};
  }

  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime /*deadline*/) override {
    std::vector<TailCheck> checks;
    for (const SplitAssignment& each : assignments) {
      checks.push_back({each.split, TailState::kSame, {}});
    }
    return checks;
  }

  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments,
      const std::vector<const Waker*>& wakers) override {
    std::vector<std::unique_ptr<SplitReader>> readers;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      WEIR_ASSIGN(auto alarm, Alarm::start(*wakers[i]));
      started_ = clock_.mono();
      first_ = decode(assignments[i].position);
      readers.push_back(
          std::make_unique<Reader>(origin_, options_, assignments[i], clock_, std::move(alarm)));
    }
    return readers;
  }
  void unassign() override { started_.reset(); }
  Result<> health() override { return {}; }

  std::string describe(const Position& position) const override {
    return std::to_string(decode(position));
  }
  Result<Position> parse_position(std::string_view text) const override {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
      return Error{Action::kStopJob, "\"" + std::string(text) + "\" is not a number of a record"};
    }
    return encode(number);
  }
  std::optional<std::int64_t> distance(const Position& from, const Position& to) const override {
    return decode(to) - decode(from);
  }

 private:
  static std::map<std::string, Position> all_at(const std::vector<std::string>& splits,
                                                std::int64_t next) {
    std::map<std::string, Position> positions;
    for (const std::string& split : splits) positions[split] = encode(next);
    return positions;
  }

  const GenerateSourceOptions options_;
  const Clock& clock_;
  std::shared_ptr<const Origin> origin_;
  std::optional<MonoTime> started_;  // of the assignment
  std::int64_t first_ = 0;           // its position
};

}  // namespace

std::unique_ptr<Source> make_generate_source(GenerateSourceOptions options, const Clock& clock) {
  return std::make_unique<GenerateSource>(std::move(options), clock);
}

}  // namespace weir::generate
