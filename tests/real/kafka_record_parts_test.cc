#include <catch2/catch.hpp>

#include "connectors/kafka/plain_sink.h"
#include "formats/encoder.h"
#include "real/kafka_rig.h"

namespace weir::kafka::test {
namespace {

using namespace std::chrono_literals;

struct Parts {
  std::optional<std::string> key = {};
  std::optional<std::int32_t> partition = {};
  std::vector<RecordHeader> headers = {};
  bool tombstone = false;
  bool bad = false;
};

// The parts of row i are table[i].
class TableParts final : public RecordParts {
 public:
  explicit TableParts(std::vector<Parts> table) : table_(std::move(table)) {}

  Result<> prepare(const Batch& batch, std::vector<RowError>& errors) override {
    for (const RowIndex row : batch.selection) {
      if (table_[row].bad) errors.push_back({row, "a bad row"});
    }
    return {};
  }
  std::optional<std::string_view> key(const Batch& /*batch*/, RowIndex row) override {
    return table_[row].key;
  }
  std::optional<std::int32_t> partition(const Batch& /*batch*/, RowIndex row) override {
    return table_[row].partition;
  }
  std::span<const RecordHeader> headers(const Batch& /*batch*/, RowIndex row) override {
    return table_[row].headers;
  }
  bool tombstone(const Batch& /*batch*/, RowIndex row) override { return table_[row].tombstone; }

 private:
  const std::vector<Parts> table_;
};

// Writes the values with their parts in one epoch of a new lane; the errors of the rows.
std::vector<RowError> write_parts(const std::string& topic, const std::vector<std::string>& values,
                                  const std::vector<Parts>& table) {
  TestLane lane = test_lane(topic);
  lane.slot = std::make_shared<ProducerSlot>(ProducerOptions{
      .topics = {{.topic = topic, .properties = {}, .rows_choose_partition = true}}});
  auto encoder = make_encoder(Format::kRaw, Schema({{"value", {TypeKind::kText}, false}}));
  REQUIRE(encoder);
  lane.sink = make_kafka_sink({.name = "out",
                               .cluster = cluster(),
                               .topic = topic,
                               .encoder = std::move(*encoder),
                               .make_parts = [&] { return std::make_unique<TableParts>(table); }},
                              lane.slot);
  lane.make_decider = kafka_decider_factory(
      {.cluster = cluster(), .lane = lane.id, .mirror_groups = {}}, lane.slot);
  const auto decider = ready_decider(lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(lane.sink->open(within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  const Batch batch = text_batch(values);
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> written = (*writer)->write(batch, 0, errors, bytes);
  INFO((written ? "" : written.error().message()));
  REQUIRE(written);
  CHECK(*written == values.size());
  const Result<> flushed = lane.sink->flush(EpochId{1}, within(10s));
  INFO((flushed ? "" : flushed.error().message()));
  REQUIRE(flushed);
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  return errors;
}

TEST_CASE("RecordParts: key, headers and tombstones arrive as they were given", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const RecordHeader a{"a", "1", false};
  const RecordHeader null{"null", "", true};
  const RecordHeader empty{"", "", false};
  const std::vector<RowError> errors =
      write_parts(out, {"plain", "keyed", "empty key", "headers", "gone", "bare gone", "bad"},
                  {{},
                   {.key = "k"},
                   {.key = ""},
                   {.headers = {a, null, empty, a}},
                   {.key = "k", .headers = {a}, .tombstone = true},
                   {.tombstone = true},
                   {.bad = true}});
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].row == 6);
  CHECK(errors[0].message == "a bad row");
  const std::vector<Arrived> expected = {
      {0, {std::nullopt, "plain"}, {}},
      {0, {"k", "keyed"}, {}},
      {0, {"", "empty key"}, {}},
      {0, {std::nullopt, "headers"}, {{"a", "1"}, {"null", std::nullopt}, {"", ""}, {"a", "1"}}},
      {0, {"k", std::nullopt}, {{"a", "1"}}},
      {0, {std::nullopt, std::nullopt}, {}}};
  CHECK(read_arrived(out) == expected);
}

TEST_CASE("RecordParts: a partition is taken, and one that is not there is the row's", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 3);
  const RecordHeader a{"a", "1", false};
  const std::vector<RowError> errors =
      write_parts(out, {"two", "three", "none", "minus", "zero", "two with header"},
                  {{.partition = 2},
                   {.partition = 3},
                   {.partition = 70'000, .headers = {a}},
                   {.partition = -1},
                   {.key = "k", .partition = 0},
                   {.partition = 2, .headers = {a}}});
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].row == 1);
  CHECK(errors[0].message == "topic \"" + out + "\" has 3 partitions, there is no partition 3");
  CHECK(errors[1].row == 2);
  CHECK(errors[2].row == 3);
  CHECK(errors[2].message == "topic \"" + out + "\" has 3 partitions, there is no partition -1");
  const std::vector<Arrived> seen = read_arrived(out, 3);
  REQUIRE(seen.size() == 3);
  std::map<std::string, std::int32_t> where;
  for (const Arrived& each : seen) where[*each.message.value] = each.partition;
  CHECK(where ==
        std::map<std::string, std::int32_t>{{"two", 2}, {"zero", 0}, {"two with header", 2}});
}

// One row of an epoch; true when it was written.
bool write_to(Sink& sink, SinkWriter& writer, EpochId epoch, const std::string& value) {
  REQUIRE(sink.open(within(10s)));
  REQUIRE(writer.begin(epoch));
  const Batch batch = text_batch({value});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  REQUIRE(writer.write(batch, 0, errors, bytes) == std::size_t{1});
  REQUIRE(sink.flush(epoch, within(10s)));
  return errors.empty();
}

TEST_CASE("RecordParts: a partition that was added is known to the next epoch", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 1);
  const std::vector<OutputTopic> topics = {
      {.topic = out, .properties = {}, .rows_choose_partition = true}};
  auto encoder = make_encoder(Format::kRaw, Schema({{"value", {TypeKind::kText}, false}}));
  REQUIRE(encoder);
  const KafkaSinkOptions options{
      .name = "out",
      .cluster = cluster(),
      .topic = out,
      .encoder = std::move(*encoder),
      .make_parts = [] {
        return std::make_unique<TableParts>(std::vector<Parts>{{.partition = 1}});
      }};
  const std::string kind = GENERATE("plain", "transactional");
  TestLane lane = test_lane(out);
  std::unique_ptr<Decider> decider;
  if (kind == "plain") {
    lane.sink = make_kafka_plain_sink(
        options, std::make_shared<PlainProducer>(cluster(), ProducerOptions{.topics = topics}));
  } else {
    lane.slot = std::make_shared<ProducerSlot>(ProducerOptions{.topics = topics});
    lane.sink = make_kafka_sink(options, lane.slot);
    lane.make_decider = kafka_decider_factory(
        {.cluster = cluster(), .lane = lane.id, .mirror_groups = {}, .rotate_always = false},
        lane.slot);
    decider = ready_decider(lane);
  }
  const auto writer = lane.sink->open_writer(nullptr);
  const auto write_one = [&](std::int64_t epoch, const std::string& value) {
    if (decider) REQUIRE(decider->begin(EpochId{epoch}));
    const bool written = write_to(*lane.sink, **writer, EpochId{epoch}, value);
    if (decider) {
      const auto attempt = static_cast<std::uint64_t>(epoch);
      REQUIRE(decider->commit({lane.cell(epoch, attempt), {}}));
    }
    return written;
  };
  CHECK_FALSE(write_one(1, "before"));
  add_partitions(out, 2);
  // Not every broker knows at once.
  std::int64_t epoch = 2;
  while (!write_one(epoch, "behind") && epoch < 100) ++epoch;
  CHECK(epoch < 100);
  const std::vector<Arrived> seen = read_arrived(out, 2);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].partition == 1);
  CHECK(seen[0].message.value == "behind");
}

TEST_CASE("RecordParts: the murmur2 partitioner places a key as Java clients do", "[real]") {
  const std::string out = unique("out");
  create_topic(out, 3);
  // Utils.murmur2 of Kafka's own client: "21" is -973932308 and "foobar" -790332482.
  write_parts(out, {"21", "foobar"}, {{.key = "21"}, {.key = "foobar"}});
  for (const Arrived& each : read_arrived(out, 3)) {
    const std::uint32_t hash = *each.message.key == "21" ? 0xC5F2F8ECU : 0xD0E47BBEU;
    CHECK(each.partition == static_cast<std::int32_t>((hash & 0x7fffffffU) % 3));
  }
}

}  // namespace
}  // namespace weir::kafka::test
