#include <catch2/catch.hpp>

#include "connectors/kafka/position.h"
#include "contract/cluster_rig.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

std::vector<Message> numbered(int count) {
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) messages.push_back({std::to_string(i % 3), std::to_string(i)});
  return messages;
}

// Two records, two of an aborted transaction, one of a committed one: offsets 0 1 | 2 3 marker 4 |
// 5 marker 6. The log ends at 7.
std::string topic_with_gaps(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  rig.produce(in, 0, numbered(2));
  const auto stranger = rig.stranger();
  stranger->begin();
  stranger->produce(in, "aborted");
  stranger->produce(in, "aborted too");
  stranger->abort();
  stranger->begin();
  stranger->produce(in, "committed");
  stranger->commit();
  return in;
}

struct Reading {
  std::vector<std::int64_t> offsets;
  std::vector<std::string> values;
  Fetch last;
  std::uint64_t skipped = 0;
  std::size_t payload_most = 0;  // of one batch
};

/// One split of a source, read by the test's own thread.
class OneSplit {
 public:
  OneSplit(Source& source, const SplitAssignment& assignment) : source_(source) {
    Result<Waker> waker = Waker::open();
    REQUIRE(waker);
    waker_.emplace(std::move(*waker));
    auto readers = source_.assign({assignment}, {&*waker_});
    REQUIRE(readers);
    REQUIRE(readers->size() == 1);
    reader_ = std::move(readers->front());
  }
  ~OneSplit() {
    reader_.reset();
    source_.unassign();
  }

  // Until the end is reached, or until `enough` records are there.
  Reading read(std::size_t enough = SIZE_MAX, std::size_t rows_max = 2) {
    Reading reading;
    while (true) {
      const Result<Fetch> fetched = fetch(reading, rows_max);
      INFO((fetched ? "" : fetched.error().message()));
      REQUIRE(fetched);
      reading.last = *fetched;
      reading.skipped += fetched->skipped;
      if (reading.offsets.size() >= enough) return reading;
      if (fetched->state == FetchState::kCaughtUp || fetched->state == FetchState::kEnd ||
          fetched->state == FetchState::kLost) {
        return reading;
      }
      if (fetched->state == FetchState::kNothing) REQUIRE(waker_->wait(20s));
    }
  }

  std::size_t bytes_max = 1'000'000;

  Fetch fetch_once() {
    Reading reading;
    const Result<Fetch> fetched = fetch(reading, 10);
    REQUIRE(fetched);
    REQUIRE(reading.offsets.empty());
    return *fetched;
  }

  void read_to(std::int64_t end) { reader_->read_to(position_at(end)); }

  // Until it fails.
  Error read_to_error() {
    Reading reading;
    while (true) {
      const Result<Fetch> fetched = fetch(reading, 10);
      if (!fetched) return fetched.error();
      REQUIRE(reading.offsets.empty());
      if (fetched->state == FetchState::kNothing) REQUIRE(waker_->wait(20s));
    }
  }

 private:
  Result<Fetch> fetch(Reading& reading, std::size_t rows_max) {
    RecordBatch batch;
    Result<Fetch> fetched = reader_->fetch(batch, rows_max, bytes_max);
    reading.payload_most = std::max(reading.payload_most, batch.payload_bytes);
    REQUIRE(batch.records.size() <= rows_max);
    for (const Record& record : batch.records) {
      reading.offsets.push_back(record.offset);
      reading.values.emplace_back(record.value);
    }
    return fetched;
  }

  Source& source_;
  std::optional<Waker> waker_;
  std::unique_ptr<SplitReader> reader_;
};

SplitAssignment from(const std::string& topic, const Position& position) {
  return {split_of(topic, 0), position, {}};
}

void finds_all_partitions(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  const auto source = rig.source(in, StartAt::kEarliest);
  const auto missing = source->discover(rig.within(10s));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().action() == Action::kStopJob);
  CHECK(missing.error().code() == Code::kTopicMissing);

  rig.create_topic(in, 3);
  const auto found = source->discover(rig.within(10s));
  REQUIRE(found);
  REQUIRE(found->size() == 3);
  for (int i = 0; i < 3; ++i) {
    const SplitListing& listing = (*found)[static_cast<std::size_t>(i)];
    CHECK(listing.split == in + "/" + std::to_string(i));
    CHECK(listing.origin->topic == in);
    CHECK(listing.origin->partition == i);
  }
  CHECK(source->covers(in + "/0"));
  CHECK(source->covers(in + "/7"));  // named, there or not
  CHECK_FALSE(source->covers("not-" + in + "/0"));
  const auto identity = source->identity(rig.within(10s));
  REQUIRE(identity);
  CHECK_FALSE(identity->empty());
}

void stops_at_bytes(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  std::vector<Message> large;
  for (int i = 0; i < 40; ++i) large.push_back({"k", std::string(1000, 'x')});
  rig.produce(in, 0, large);
  const auto source = rig.source(in, StartAt::kEarliest);
  OneSplit split(*source, from(in, position_at(0)));
  split.bytes_max = 3000;
  const Reading reading = split.read(SIZE_MAX, 100);
  CHECK(reading.offsets.size() == 40);
  // The record that reaches the bound is still given.
  CHECK(reading.payload_most <= 3000 + 1001);
}

void knows_its_edges(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const std::string split = split_of(in, 0).split;
  rig.delete_records(in, 1);
  const auto earliest = rig.source(in, StartAt::kEarliest);
  const auto latest = rig.source(in, StartAt::kLatest);
  CHECK(next_of(earliest->first_positions({split}, rig.within(10s))->at(split)) == 1);
  CHECK(next_of(latest->first_positions({split}, rig.within(10s))->at(split)) == 7);
  CHECK(next_of(latest->beginnings({split}, rig.within(10s))->at(split)) == 1);
  CHECK(next_of(earliest->ends_now({split}, rig.within(10s))->at(split)) == 7);
  CHECK_FALSE(earliest->bounded());
}

void reads_what_is_committed(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.source(in, StartAt::kEarliest);
  OneSplit split(*source, from(in, position_at(0)));
  const Reading reading = split.read();
  CHECK(reading.offsets == std::vector<std::int64_t>{0, 1, 5});
  CHECK(reading.values == std::vector<std::string>{"0", "1", "committed"});
  CHECK(reading.last.state == FetchState::kCaughtUp);
  // Behind the marker, though the last record is before it.
  CHECK(next_of(reading.last.next) == 7);
}

void goes_on_where_it_was(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  rig.produce(in, 0, numbered(9));
  const auto source = rig.source(in, StartAt::kEarliest);
  Reading reading;
  {
    OneSplit split(*source, from(in, position_at(2)));
    reading = split.read(3);
  }
  OneSplit split(*source, from(in, reading.last.next));
  const Reading rest = split.read();
  std::vector<std::int64_t> offsets = reading.offsets;
  offsets.insert(offsets.end(), rest.offsets.begin(), rest.offsets.end());
  CHECK(offsets == std::vector<std::int64_t>{2, 3, 4, 5, 6, 7, 8});
}

void stops_at_its_end(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.source(in, StartAt::kEarliest);
  for (const auto& [end, offsets] : std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>>{
           {1, {0}}, {5, {0, 1}}, {6, {0, 1, 5}}, {7, {0, 1, 5}}}) {
    SplitAssignment assignment = from(in, position_at(0));
    assignment.end = position_at(end);
    OneSplit split(*source, assignment);
    const Reading reading = split.read();
    CHECK(reading.offsets == offsets);
    CHECK(reading.last.state == FetchState::kEnd);
    CHECK(next_of(reading.last.next) == end);
  }
}

void moves_its_end(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.source(in, StartAt::kEarliest);
  SplitAssignment assignment = from(in, position_at(0));
  assignment.end = position_at(0);
  OneSplit split(*source, assignment);
  CHECK(split.read().last.state == FetchState::kEnd);
  split.read_to(1);
  CHECK(split.read().offsets == std::vector<std::int64_t>{0});
  split.read_to(7);
  split.read_to(2);  // never back
  const Reading rest = split.read();
  CHECK(rest.offsets == std::vector<std::int64_t>{1, 5});
  CHECK(rest.last.state == FetchState::kEnd);
  CHECK(next_of(rest.last.next) == 7);
}

void wakes_for_what_comes_later(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  const auto source = rig.source(in, StartAt::kEarliest);
  OneSplit split(*source, from(in, position_at(0)));
  CHECK(split.read().offsets.empty());
  Reading later;
  rig.produce(in, 0, {{std::nullopt, "late"}});
  later = split.read(1);
  CHECK(later.values == std::vector<std::string>{"late"});
}

void names_what_is_out_of_range(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  rig.produce(in, 0, numbered(6));
  rig.delete_records(in, 4);
  const auto source = rig.source(in, StartAt::kEarliest);
  {
    OneSplit split(*source, from(in, position_at(2)));
    const Error error = split.read_to_error();
    CHECK(error.action() == Action::kHalt);
    CHECK(error.code() == Code::kDataLoss);
  }
  OneSplit split(*source, from(in, position_at(50)));
  const Error error = split.read_to_error();
  CHECK(error.action() == Action::kHalt);
  CHECK(error.code() == Code::kSourceRewritten);
}

void reads_what_matches(ClusterRig& rig) {
  const std::string prefix = rig.unique("pattern");
  const auto source = rig.make_source({.matches = [prefix](const std::string& topic) {
    return topic.starts_with(prefix) && !topic.ends_with("never");
  }});
  const auto nothing = source->discover(rig.within(10s));
  REQUIRE(nothing);
  CHECK(nothing->empty());
  rig.create_topic(prefix + "-b", 2);
  rig.create_topic(prefix + "-a", 1);
  rig.create_topic(prefix + "-never", 1);
  const auto names = [&] {
    std::vector<std::string> found;
    const auto listings = source->discover(rig.within(10s));
    REQUIRE(listings);
    for (const SplitListing& each : *listings) found.push_back(each.split.substr(prefix.size()));
    return found;
  };
  CHECK(names() == std::vector<std::string>{"-a/0", "-b/0", "-b/1"});
  rig.delete_topic(prefix + "-b");
  // Gone before a discover() said so, it is none that was rewritten.
  const auto gone = source->verify_tails({from(prefix + "-b", position_at(3, 7))}, rig.within(20s));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().action() == Action::kRetry);
  CHECK(names() == std::vector<std::string>{"-a/0"});
  CHECK(source->covers(prefix + "-b/1"));
  CHECK_FALSE(source->covers(prefix + "-never/0"));
}

// What a source that has read `records` of a topic says of `position` when the topic is deleted.
Result<Missed> missed_after(ClusterRig& rig, OnDataLoss rule, std::size_t records,
                            std::int64_t position) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.make_source(
      {.matches = [in](const std::string& topic) { return topic == in; }, .on_data_loss = rule});
  if (records > 0) {
    OneSplit split(*source, from(in, position_at(0)));
    split.read(records);
  }
  rig.delete_topic(in);
  return source->miss(split_of(in, 0).split, position_at(position));
}

void knows_what_went_unread(ClusterRig& rig) {
  const auto lost = [&](std::size_t records, std::int64_t position) {
    const Result<Missed> missed = missed_after(rig, OnDataLoss::kEarliest, records, position);
    REQUIRE(missed);
    CHECK(missed->let_go);
    CHECK_FALSE(missed->detail.empty());
    return missed->lost;
  };
  // To the end, behind which a marker stands that is no record.
  CHECK(lost(SIZE_MAX, 7) == 0);
  CHECK(lost(SIZE_MAX, 6) == 0);
  // Given, and not committed.
  CHECK(lost(SIZE_MAX, 1) == 5);
  // Not given yet; how much of it is records is not known.
  CHECK(lost(2, 2) == 5);
  // By another process.
  CHECK(lost(0, 2) == 0);

  const Result<Missed> halted = missed_after(rig, OnDataLoss::kFail, 2, 2);
  REQUIRE_FALSE(halted);
  CHECK(halted.error().action() == Action::kHalt);
  CHECK(halted.error().code() == Code::kDataLoss);
  const Result<Missed> read = missed_after(rig, OnDataLoss::kFail, SIZE_MAX, 6);
  REQUIRE(read);
  CHECK(read->let_go);
  // A topic that is named is not let go.
  const auto named = rig.source(rig.unique("in"), StartAt::kEarliest);
  CHECK_FALSE(named->miss("in/0", position_at(0))->let_go);
}

TailState tail_of(ClusterRig& rig, Source& source, const SplitAssignment& assignment) {
  const auto checks = source.verify_tails({assignment}, rig.within(20s));
  REQUIRE(checks);
  REQUIRE(checks->size() == 1);
  CHECK(checks->front().split == assignment.split);
  return checks->front().state;
}

// Offset 2 of a log that holds 4 to 6; then a position behind its end, as of another log.
void goes_on_after_a_loss(ClusterRig& rig) {
  struct Case {
    OnDataLoss rule;
    std::int64_t from, next;
    std::uint64_t lost;
    std::vector<std::int64_t> rest;
  };
  for (const Case& of :
       {Case{OnDataLoss::kEarliest, 2, 4, 2, {4, 5}}, Case{OnDataLoss::kLatest, 2, 6, 4, {}},
        Case{OnDataLoss::kEarliest, 50, 4, 0, {4, 5}}, Case{OnDataLoss::kLatest, 50, 6, 2, {}}}) {
    const std::string in = rig.unique("in");
    rig.create_topic(in, 1);
    rig.produce(in, 0, numbered(6));
    rig.delete_records(in, 4);
    const auto source = rig.make_source({.topics = {in}, .on_data_loss = of.rule});
    CHECK(source->goes_on_after_loss());
    Position next;
    {
      OneSplit split(*source, from(in, position_at(of.from, 7)));
      const Reading reading = split.read();
      CHECK(reading.last.state == FetchState::kLost);
      CHECK(reading.offsets.empty());
      CHECK(reading.last.lost == of.lost);
      next = reading.last.next;
      CHECK(next_of(next) == of.next);
      // It is not for this reader to go on.
      CHECK(split.fetch_once().state == FetchState::kNothing);
    }
    CHECK(tail_of(rig, *source, from(in, next)) == TailState::kUnverified);
    OneSplit split(*source, from(in, next));
    CHECK(split.read().offsets == of.rest);
  }
}

void a_loss_ends_at_the_end(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  rig.produce(in, 0, numbered(6));
  rig.delete_records(in, 5);
  const auto source = rig.make_source({.topics = {in}, .on_data_loss = OnDataLoss::kEarliest});
  SplitAssignment assignment = from(in, position_at(1));
  assignment.end = position_at(3);
  OneSplit split(*source, assignment);
  const Fetch last = split.read().last;
  CHECK(last.state == FetchState::kLost);
  CHECK(last.lost == 2);
  CHECK(next_of(last.next) == 3);
  CHECK(split.read().last.state == FetchState::kEnd);
}

// Told to read up to where the log ends now, it would be at its end without a look.
void a_shorter_log_is_no_end(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  rig.produce(in, 0, numbered(6));
  const auto source = rig.make_source({.topics = {in}, .on_data_loss = OnDataLoss::kEarliest});
  SplitAssignment assignment = from(in, position_at(50));
  CHECK(tail_of(rig, *source, assignment) == TailState::kOutside);
  for (const int end : {6, 50}) {
    assignment.end = position_at(end);
    OneSplit split(*source, assignment);
    if (end == 50) {
      CHECK(split.read().last.state == FetchState::kEnd);
      split.read_to(6);
    }
    const Fetch last = split.read().last;
    CHECK(last.state == FetchState::kLost);
    CHECK(next_of(last.next) == 0);
  }
}

// The position as the mirror gives it back: without the offset of the last record.
Position from_mirror(const Position& position) {
  kafka::PartitionPosition decoded = *kafka::decode_position(position);
  decoded.tail_offset = -1;
  return kafka::encode_position(decoded);
}

void tells_another_record(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.source(in, StartAt::kEarliest);
  Position end;
  {
    OneSplit split(*source, from(in, position_at(0)));
    end = split.read().last.next;
  }
  CHECK(tail_of(rig, *source, from(in, position_at(0))) == TailState::kUnverified);
  CHECK(tail_of(rig, *source, from(in, end)) == TailState::kSame);
  CHECK(tail_of(rig, *source, from(in, from_mirror(end))) == TailState::kSame);

  rig.delete_records(in, 6);
  CHECK(tail_of(rig, *source, from(in, end)) == TailState::kUnverified);

  rig.delete_topic(in);
  CHECK(tail_of(rig, *source, from(in, end)) == TailState::kRewritten);
  rig.create_topic(in, 1);
  CHECK(tail_of(rig, *source, from(in, end)) == TailState::kRewritten);
  const auto lenient = rig.make_source({.topics = {in}, .on_data_loss = OnDataLoss::kEarliest});
  CHECK(tail_of(rig, *lenient, from(in, end)) == TailState::kOutside);
  rig.produce(in, 0, numbered(20));
  CHECK(tail_of(rig, *lenient, from(in, end)) == TailState::kRewritten);
  CHECK(tail_of(rig, *source, from(in, end)) == TailState::kRewritten);
  CHECK(tail_of(rig, *source, from(in, from_mirror(end))) == TailState::kRewritten);
}

// One of each kind, in one question.
void compares_many_tails(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 4);
  const auto source = rig.source(in, StartAt::kEarliest);
  rig.produce(in, 1, numbered(3));
  rig.produce(in, 3, numbered(3));
  Position read;
  {
    OneSplit split(*source, {split_of(in, 1), position_at(0), {}});
    read = split.read().last.next;
  }
  const auto at = [&](int partition, std::int64_t next) {
    return SplitAssignment{
        split_of(in, partition), kafka::encode_position({next, next - 1, 7}), {}};
  };
  const std::vector<std::pair<SplitAssignment, TailState>> expected = {
      {at(3, 2), TailState::kRewritten},  // another record
      {{split_of(in, 0), position_at(0), {}}, TailState::kUnverified},
      {at(2, 5), TailState::kRewritten},  // a shorter log
      {{split_of(in, 1), read, {}}, TailState::kSame},
      {at(4, 1), TailState::kRewritten},  // no such partition
  };
  std::vector<SplitAssignment> assignments;
  for (const auto& [assignment, state] : expected) assignments.push_back(assignment);
  const auto checks = source->verify_tails(assignments, rig.within(20s));
  REQUIRE(checks);
  REQUIRE(checks->size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO((*checks)[i].split.text() << ": " << (*checks)[i].detail);
    CHECK((*checks)[i].split == expected[i].first.split);
    CHECK((*checks)[i].state == expected[i].second);
  }
}

void leaves_out_what_skips_name(ClusterRig& rig) {
  const std::string in = topic_with_gaps(rig);
  const auto source = rig.source(in, StartAt::kEarliest);
  SplitAssignment assignment = from(in, position_at(0));
  for (const int skip : {1, 4, 5, 99}) assignment.skips.push_back(position_at(skip));
  Reading reading;
  {
    OneSplit split(*source, assignment);
    reading = split.read();
  }
  CHECK(reading.offsets == std::vector<std::int64_t>{0});
  CHECK(reading.skipped == 2);
  // The last one was left out, and passed all the same: the tail is compared with it.
  CHECK(next_of(reading.last.next) == 7);
  CHECK(tail_of(rig, *source, from(in, reading.last.next)) == TailState::kSame);
  CHECK(tail_of(rig, *source, from(in, from_mirror(reading.last.next))) == TailState::kSame);
  CHECK(*source->distance(position_at(2), reading.last.next) == 5);
  CHECK(*source->distance(reading.last.next, position_at(2)) == -5);
}

void positions_have_a_text(ClusterRig& rig) {
  const auto source = rig.source(rig.unique("in"), StartAt::kEarliest);
  const auto position = source->parse_position("17");
  REQUIRE(position);
  CHECK(source->describe(*position) == "17");
  for (const char* bad : {"", "-1", "x", "1 "}) {
    CHECK_FALSE(source->parse_position(bad));
  }
}

void no_broker_is_tried_again(ClusterRig& rig) {
  const auto source = rig.unreachable_source();
  const auto found = source->discover(rig.within(500ms));
  REQUIRE_FALSE(found);
  CHECK(found.error().action() == Action::kRetry);
  const auto identity = source->identity(rig.within(500ms));
  REQUIRE_FALSE(identity);
  CHECK(identity.error().action() == Action::kRetry);
}

}  // namespace

Contract<ClusterRig> source_contract() {
  return {
      {"all partitions are found, in order, and a missing topic stops the job",
       &finds_all_partitions},
      {"a batch stops at its bytes", &stops_at_bytes},
      {"edges are the first record kept and the end of what is committed", &knows_its_edges},
      {"committed records come once, in order, and the end is behind the last marker",
       &reads_what_is_committed},
      {"the next assignment goes on where the last fetch ended", &goes_on_where_it_was},
      {"an assigned end is reached even where no record stands", &stops_at_its_end},
      {"the end moves forward, and what lies before it is given after all", &moves_its_end},
      {"a reader that found nothing is woken", &wakes_for_what_comes_later},
      {"a position outside of the log halts by name", &names_what_is_out_of_range},
      {"a position outside of the log goes on where on_data_loss says, with the offsets lost",
       &goes_on_after_a_loss},
      {"a loss that reaches the assigned end is counted up to it", &a_loss_ends_at_the_end},
      {"a log that is shorter than the position is not taken for one that was read",
       &a_shorter_log_is_no_end},
      {"a pattern finds what is there now, and nothing is no mistake", &reads_what_matches},
      {"what a pattern does not find any more is let go, with what is known to be unread",
       &knows_what_went_unread},
      {"tails tell the same record from another and from none", &tells_another_record},
      {"tails of many splits are told apart", &compares_many_tails},
      {"records that skips name are left out, counted, and passed", &leaves_out_what_skips_name},
      {"positions have a text and read it back", &positions_have_a_text},
      {"no broker is tried again", &no_broker_is_tried_again},
  };
}

}  // namespace weir::test
