#include "contract/cluster_rig.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "connectors/kafka/position.h"
#include "support/text_batch.h"

namespace weir::test {

using namespace std::chrono_literals;

Cell LaneUnderTest::cell(std::int64_t epoch, std::uint64_t attempt) const {
  Cell cell;
  cell.id = id;
  cell.epoch = EpochId{epoch};
  cell.attempt = AttemptId{attempt};
  cell.owner = OwnerId{77};
  cell.plan = PlanHash{5};
  cell.host = "test";
  cell.claimed_at = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  return cell;
}

std::unique_ptr<Decider> ready_decider(ClusterRig& rig, const LaneUnderTest& lane) {
  Result<std::unique_ptr<Decider>> decider = lane.make_decider();
  REQUIRE(decider);
  REQUIRE((*decider)->ensure_cell_place(rig.within(20s)));
  const Result<> fenced = (*decider)->fence(rig.within(20s));
  INFO((fenced ? "" : fenced.error().message()));
  REQUIRE(fenced);
  return std::move(*decider);
}

void write_rows(SinkWriter& writer, const std::vector<std::string>& values) {
  const Batch batch = text_batch(values);
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> written = writer.write(batch, 0, errors, bytes);
  REQUIRE(written);
  REQUIRE(*written == values.size());
  REQUIRE(errors.empty());
}

std::vector<std::string> values_of(const std::vector<Message>& messages) {
  std::vector<std::string> values;
  for (const Message& message : messages) values.push_back(message.value.value_or("NULL"));
  std::sort(values.begin(), values.end());
  return values;
}

SplitId split_of(const std::string& topic, int partition) {
  return {"in", kafka::split_name({topic, partition})};
}
Position position_at(std::int64_t next, std::uint64_t tail_fp) {
  return kafka::encode_position({.next = next, .tail_offset = next - 1, .tail_fp = tail_fp});
}
std::int64_t next_of(const Position& position) {
  const auto decoded = kafka::decode_position(position);
  REQUIRE(decoded);
  return decoded->next;
}

}  // namespace weir::test
