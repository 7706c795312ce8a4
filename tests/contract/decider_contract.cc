#include <catch2/catch.hpp>

#include "connectors/kafka/cell.h"
#include "connectors/kafka/position.h"
#include "contract/cluster_rig.h"
#include "support/text_batch.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Values = std::vector<std::string>;

void appears_together(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  const std::string out = rig.unique("out");
  rig.create_topic(in, 2);
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(writer);

  CHECK(decider->read_stable(rig.within(10s)).state == ReadState::kAbsent);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"a", "b", ""});
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  CHECK(rig.read_committed(out).empty());
  CHECK(decider->peek(rig.within(10s)).state == ReadState::kAbsent);

  const Commit commit{lane.cell(1, 11),
                      {{split_of(in, 0), position_at(5, 99)}, {split_of(in, 1), position_at(7)}}};
  const Result<Verdict> verdict = decider->commit(commit);
  INFO((verdict ? "" : verdict.error().message()));
  REQUIRE(verdict);
  CHECK(*verdict == Verdict::kDecided);
  CHECK(decider->doubts() == 0);

  const CellReading reading = decider->read_stable(rig.within(10s));
  REQUIRE(reading.state == ReadState::kValue);
  CHECK(reading.cell == commit.cell);
  const auto mirror = decider->read_mirror({split_of(in, 0), split_of(in, 1), split_of(in, 7)},
                                           false, rig.within(10s));
  REQUIRE(mirror);
  REQUIRE(mirror->entries.size() == 3);
  CHECK(next_of(mirror->entries[0].position) == 5);
  CHECK(kafka::decode_position(mirror->entries[0].position)->tail_fp == 99);
  CHECK(mirror->entries[0].mark == MirrorMark{lane.id.instance, lane.id.job, EpochId{1}});
  CHECK(next_of(mirror->entries[1].position) == 7);
  CHECK(mirror->entries[2].state == ReadState::kAbsent);
  CHECK(values_of(rig.read_committed(out)) == Values{"", "a", "b"});
}

void claims_without_begin(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 2);
  const LaneUnderTest lane = rig.lane(in);
  const auto decider = ready_decider(rig, lane);
  REQUIRE(decider->commit(
      {lane.cell(0, 0), {{split_of(in, 0), position_at(1)}, {split_of(in, 1), position_at(2)}}}));
  // A later epoch that moved one split leaves the other's offset as it is.
  REQUIRE(decider->fence(rig.within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 9), {{split_of(in, 1), position_at(3)}}}));
  CHECK(decider->read_stable(rig.within(10s)).cell == lane.cell(1, 9));
  const auto mirror =
      decider->read_mirror({split_of(in, 0), split_of(in, 1)}, false, rig.within(10s));
  REQUIRE(mirror);
  CHECK(next_of(mirror->entries[0].position) == 1);
  CHECK(mirror->entries[0].mark->epoch == EpochId{0});
  CHECK(next_of(mirror->entries[1].position) == 3);
  CHECK(mirror->entries[1].mark->epoch == EpochId{1});
}

void fence_is_final(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest old_lane = rig.lane(out);
  const auto old = ready_decider(rig, old_lane);
  const auto writer = old_lane.sink->open_writer(nullptr);
  REQUIRE(old->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"never"});
  REQUIRE(old_lane.sink->flush(EpochId{1}, rig.within(10s)));

  const LaneUnderTest new_lane = rig.another_process(old_lane);
  const auto young = ready_decider(rig, new_lane);
  CHECK(young->read_stable(rig.within(10s)).state == ReadState::kAbsent);

  const Result<Verdict> verdict = old->commit({old_lane.cell(1, 11), {}});
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().action() == Action::kRecover);
  CHECK(verdict.error().code() == Code::kFenced);
  CHECK(young->read_stable(rig.within(10s)).state == ReadState::kAbsent);
  CHECK(rig.read_committed(out).empty());

  REQUIRE(young->commit({new_lane.cell(1, 12), {}}));
  CHECK(young->read_stable(rig.within(10s)).cell == new_lane.cell(1, 12));
}

void reading_fences_nobody(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto running = ready_decider(rig, lane);
  REQUIRE(running->begin(EpochId{1}));
  const auto curious = rig.another_process(lane).make_decider();
  REQUIRE(curious);
  CHECK((*curious)->peek(rig.within(10s)).state == ReadState::kAbsent);
  CHECK((*curious)->read_stable(rig.within(10s)).state == ReadState::kAbsent);
  REQUIRE(running->commit({lane.cell(1, 11), {}}));
  CHECK((*curious)->read_stable(rig.within(10s)).cell == lane.cell(1, 11));
}

void pending_is_not_absent(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto stranger = rig.stranger();
  stranger->begin();
  stranger->send_offset(lane.id.dotted(), lane.epoch_topic, 3, kafka::encode_cell(lane.cell(3, 1)));

  const CellReading pending = decider->read_stable(rig.within(1500ms));
  CHECK(pending.state == ReadState::kUnknown);
  CHECK_FALSE(pending.text.empty());
  CHECK(decider->peek(rig.within(10s)).state == ReadState::kAbsent);

  CellReading settled;
  rig.run([&] { settled = decider->read_stable(rig.within(10s)); }, 300ms,
          [&] { stranger->commit(); });
  REQUIRE(settled.state == ReadState::kValue);
  CHECK(settled.cell == lane.cell(3, 1));
}

void mirror_pending_is_not_absent(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  const LaneUnderTest lane = rig.lane(in);
  const auto decider = ready_decider(rig, lane);
  const auto stranger = rig.stranger();
  stranger->begin();
  stranger->send_offset(lane.group, in, 3, "w2m;test;x;1;0000000000000000");
  const auto pending = decider->read_mirror({split_of(in, 0)}, false, rig.within(1500ms));
  REQUIRE(pending);
  CHECK(pending->entries[0].state == ReadState::kUnknown);
  stranger->abort();
  const auto settled = decider->read_mirror({split_of(in, 0)}, false, rig.within(10s));
  REQUIRE(settled);
  CHECK(settled->entries[0].state == ReadState::kAbsent);
}

void no_broker_is_unknown(ClusterRig& rig) {
  const LaneUnderTest lane = rig.unreachable_lane();
  const auto decider = lane.make_decider();
  REQUIRE(decider);
  CHECK((*decider)->peek(rig.within(500ms)).state == ReadState::kUnknown);
  CHECK((*decider)->read_stable(rig.within(500ms)).state == ReadState::kUnknown);
  const auto identity = (*decider)->identify(rig.within(500ms));
  REQUIRE_FALSE(identity);
  CHECK(identity.error().action() == Action::kRetry);
  CHECK(identity.error().code() == Code::kBrokersUnreachable);
  const auto fenced = (*decider)->fence(rig.within(500ms));
  REQUIRE_FALSE(fenced);
  CHECK(fenced.error().action() == Action::kRetry);
}

void foreign_text_is_no_cell(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  rig.commit_plainly(lane.id.dotted(), lane.epoch_topic, 9, "hello");
  CellReading reading = decider->read_stable(rig.within(10s));
  CHECK(reading.state == ReadState::kValue);
  CHECK_FALSE(reading.cell);
  CHECK(reading.text == "hello");
  // A cell's text under another epoch's offset is nobody's cell either.
  rig.commit_plainly(lane.id.dotted(), lane.epoch_topic, 9, kafka::encode_cell(lane.cell(8, 1)));
  reading = decider->read_stable(rig.within(10s));
  CHECK(reading.state == ReadState::kValue);
  CHECK_FALSE(reading.cell);
}

void foreign_offset_has_no_mark(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  const LaneUnderTest lane = rig.lane(in);
  const auto decider = ready_decider(rig, lane);
  rig.commit_plainly(lane.group, in, 9, "");
  const auto mirror = decider->read_mirror({split_of(in, 0)}, false, rig.within(10s));
  REQUIRE(mirror);
  CHECK(mirror->entries[0].state == ReadState::kValue);
  CHECK(next_of(mirror->entries[0].position) == 9);
  CHECK_FALSE(mirror->entries[0].mark);
}

void members_are_named(ClusterRig& rig) {
  const std::string in = rig.unique("in");
  rig.create_topic(in, 1);
  const LaneUnderTest lane = rig.lane(in);
  const auto decider = ready_decider(rig, lane);
  auto mirror = decider->read_mirror({split_of(in, 0)}, true, rig.within(10s));
  REQUIRE(mirror);
  CHECK(mirror->groups_with_members.empty());
  const auto member = rig.join(lane.group, in);
  mirror = decider->read_mirror({split_of(in, 0)}, true, rig.within(10s));
  REQUIRE(mirror);
  CHECK(mirror->groups_with_members == Values{lane.group});
}

void abort_leaves_nothing(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"dropped"});
  decider->abort(rig.within(5s));
  REQUIRE(decider->fence(rig.within(10s)));
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"kept"});
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  REQUIRE(decider->commit({lane.cell(1, 2), {}}));
  CHECK(values_of(rig.read_committed(out)) == Values{"kept"});
}

void doubt_is_told(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  const auto decider = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(decider->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"a"});
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  rig.break_connections();
  const Result<Verdict> verdict = decider->commit({lane.cell(1, 2), {}});
  INFO((verdict ? "" : verdict.error().message()));
  REQUIRE(verdict);
  CHECK(*verdict == Verdict::kDecidedWithDoubt);
  CHECK(decider->doubts() == 1);
  REQUIRE(decider->fence(rig.within(10s)));
  REQUIRE(decider->commit({lane.cell(2, 3), {}}).value() == Verdict::kDecided);
  CHECK(decider->read_stable(rig.within(10s)).cell == lane.cell(2, 3));
  CHECK(values_of(rig.read_committed(out)) == Values{"a"});
}

void abandoned_is_harmless(ClusterRig& rig) {
  const std::string out = rig.unique("out");
  rig.create_topic(out, 1);
  const LaneUnderTest lane = rig.lane(out);
  auto abandoned = ready_decider(rig, lane);
  const auto writer = lane.sink->open_writer(nullptr);
  REQUIRE(abandoned->begin(EpochId{1}));
  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"old"});

  const auto young = ready_decider(rig, lane);  // the same process
  for (const Error& error :
       {abandoned->commit({lane.cell(1, 11), {}}).error(), abandoned->fence(rig.within(5s)).error(),
        abandoned->begin(EpochId{1}).error()}) {
    CHECK(error.action() == Action::kRecover);
  }
  REQUIRE(young->begin(EpochId{1}));
  abandoned.reset();

  // Its writer still holds the old producer: told, not crashed.
  const Batch batch = text_batch({"late"});
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  const Result<std::size_t> late = (*writer)->write(batch, 0, errors, bytes);
  REQUIRE_FALSE(late);
  CHECK(late.error().action() == Action::kRecover);

  REQUIRE((*writer)->begin(EpochId{1}));
  write_rows(**writer, {"new"});
  REQUIRE(lane.sink->flush(EpochId{1}, rig.within(10s)));
  REQUIRE(young->commit({lane.cell(1, 12), {}}));
  CHECK(young->read_stable(rig.within(10s)).cell == lane.cell(1, 12));
  CHECK(values_of(rig.read_committed(out)) == Values{"new"});
}

void gone_partition_is_left_out(ClusterRig& rig) {
  const std::string kept = rig.unique("kept");
  const std::string gone = rig.unique("gone");
  rig.create_topic(kept, 1);
  const LaneUnderTest lane = rig.lane(kept);
  const auto decider = ready_decider(rig, lane);
  REQUIRE(decider->commit(
      {lane.cell(1, 1),
       {{split_of(gone, 0), position_at(4)}, {split_of(kept, 0), position_at(5)}}}));
  const auto mirror =
      decider->read_mirror({split_of(gone, 0), split_of(kept, 0)}, false, rig.within(10s));
  REQUIRE(mirror);
  CHECK(mirror->entries[0].state == ReadState::kAbsent);
  CHECK(next_of(mirror->entries[1].position) == 5);
}

}  // namespace

Contract<ClusterRig> decider_contract() {
  return {
      {"rows, cell and mirror of an epoch appear together", &appears_together},
      {"a claim needs no begin, and splits that did not move keep their offsets",
       &claims_without_begin},
      {"a fence makes the earlier writer harmless", &fence_is_final},
      {"peek and stable read fence nobody", &reading_fences_nobody},
      {"a stable read that times out is unknown, never absent", &pending_is_not_absent},
      {"the mirror is read as stably as the cell", &mirror_pending_is_not_absent},
      {"no broker means unknown, and a retry that says so", &no_broker_is_unknown},
      {"somebody else's commit is a value without a cell", &foreign_text_is_no_cell},
      {"somebody else's offset has no mark", &foreign_offset_has_no_mark},
      {"groups that have members are named", &members_are_named},
      {"an abort leaves nothing, and the next epoch is whole", &abort_leaves_nothing},
      {"a connection given up during the epoch is doubt", &doubt_is_told},
      {"an abandoned one can neither fence, begin nor commit", &abandoned_is_harmless},
      {"a partition that is gone is left out of the mirror", &gone_partition_is_left_out},
  };
}

}  // namespace weir::test
