#include "engine/follower.h"

#include <catch2/catch.hpp>

#include "engine/outbox.h"
#include "support/fake_disk.h"
#include "support/fake_epoch_store.h"
#include "support/interrupts.h"
#include "support/text_batch.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

// Takes what it is given, or answers an error.
class Box final : public FollowerSink {
 public:
  const std::string& name() const override { return name_; }
  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& /*errors*/) const override {
    for (const RowIndex row : batch.selection) rows.emplace_back(text_of(batch, row));
    return {};
  }
  Result<> deliver(EpochId epoch, std::span<const std::string> rows,
                   MonoTime /*deadline*/) override {
    ++calls;
    if (answer) return *answer;
    for (const std::string& row : rows) {
      delivered.push_back(std::to_string(epoch.value()) + ":" + row);
    }
    return {};
  }

  std::optional<Error> answer;
  std::vector<std::string> delivered;
  int calls = 0;

 private:
  const std::string name_ = "mail";
};

// A store in which epochs with one row each were decided.
struct Rig {
  void decide(std::int64_t epoch, const std::vector<OutboxRow>& rows) {
    LaneRecord lane;
    lane.epoch = EpochId{epoch - 1};
    REQUIRE(store->put_lane(lane, Sync::kYes));
    EpochRecord record;
    record.epoch = EpochId{epoch};
    REQUIRE(store->put_epoch(record, rows));
    lane.epoch = EpochId{epoch};
    REQUIRE(store->put_lane(lane, Sync::kYes));
  }
  void run() {
    while (task.step() == FollowerTask::Step::kBusy) {
    }
  }
  FollowerAt last_word() {
    FollowerAt at;
    for (LaneEvent& event : events.take_all()) {
      at = std::get<FollowerAt>(std::get<FromFollower>(event).event);
    }
    return at;
  }

  ManualClock clock;
  Interrupts interrupts{clock};
  FakeDisk disk;
  std::unique_ptr<EpochStore> store = open_fake_store(disk, interrupts);
  Box box;
  Mailbox<LaneEvent> events;
  FollowerTask task{0, box, *store, clock, events};
};

TEST_CASE("FollowerTask: delivers decided epochs in order, and says how far it is", "[engine]") {
  Rig rig;
  rig.decide(1, {{"mail", "a"}});
  rig.decide(2, {});
  rig.decide(3, {{"mail", "c"}, {"other", "x"}});
  rig.run();
  CHECK(rig.box.calls == 0);  // nobody has told it of a decision
  rig.task.decided(EpochId{2});
  rig.run();
  CHECK(rig.box.delivered == std::vector<std::string>{"1:a"});
  CHECK(rig.last_word().epoch == EpochId{2});
  rig.task.decided(EpochId{3});
  rig.run();
  CHECK(rig.box.delivered == std::vector<std::string>{"1:a", "3:c"});
  CHECK(*rig.store->acknowledged("mail") == EpochId{3});
  CHECK(rig.last_word().outbox_bytes == 0);
}

TEST_CASE("FollowerTask: a sink that is down is tried again, later each time", "[engine]") {
  Rig rig;
  rig.decide(1, {{"mail", "a"}});
  rig.task.decided(EpochId{1});
  rig.box.answer = Error{Action::kRetry, Code::kBrokersUnreachable, "it is down"};
  for (const int pause : {1, 2, 4}) {
    const int calls = rig.box.calls;
    rig.run();
    rig.run();
    CHECK(rig.box.calls == calls + 1);
    CHECK(rig.task.wake_at() == rig.clock.mono() + seconds(pause));
    rig.clock.advance(seconds(pause));
  }
  rig.box.answer.reset();
  rig.run();
  CHECK(rig.box.delivered == std::vector<std::string>{"1:a"});
  CHECK(rig.task.wake_at() == MonoTime::max());
}

TEST_CASE("FollowerTask: what needs a person is said once", "[engine]") {
  Rig rig;
  rig.decide(1, {{"mail", "a"}});
  rig.task.decided(EpochId{1});
  rig.box.answer = Error{Action::kHalt, Code::kFileRefused, "no"};
  rig.run();
  rig.run();
  CHECK(rig.box.calls == 1);
  int failures = 0;
  for (LaneEvent& event : rig.events.take_all()) {
    const auto& what = std::get<FromFollower>(event).event;
    failures += std::holds_alternative<FollowerFailed>(what) ? 1 : 0;
  }
  CHECK(failures == 1);
}

TEST_CASE("OutboxWriter: keeps an epoch's rows in order, and forgets them at the next",
          "[engine]") {
  const Box box;
  OutboxWriter writer(box);
  std::vector<RowError> errors;
  std::uint64_t bytes = 0;
  REQUIRE(writer.begin(EpochId{1}));
  CHECK(*writer.write(text_batch({"a", "bb"}), 0, errors, bytes) == 2);
  CHECK(*writer.write(text_batch({"c"}), 0, errors, bytes) == 1);
  CHECK(bytes == 4);
  std::vector<OutboxRow> rows;
  writer.take(rows);
  CHECK(rows == std::vector<OutboxRow>{{"mail", "a"}, {"mail", "bb"}, {"mail", "c"}});
  CHECK(*writer.write(text_batch({"given up"}), 0, errors, bytes) == 1);
  REQUIRE(writer.begin(EpochId{2}));
  rows.clear();
  writer.take(rows);
  CHECK(rows.empty());
}

}  // namespace
}  // namespace weir::test
