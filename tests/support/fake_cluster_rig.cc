#include "support/fake_cluster_rig.h"

#include <catch2/catch.hpp>

#include "support/fake_decider.h"
#include "support/fake_sink.h"
#include "support/fake_source.h"

namespace weir::test {
namespace {

class FakeStranger final : public Stranger {
 public:
  FakeStranger(FakeCluster& cluster, const std::string& id)
      : cluster_(cluster), id_(*cluster.init(id)) {}
  void begin() override {}
  void produce(const std::string& topic, const std::string& value) override {
    REQUIRE(cluster_.add_partition(id_, {topic, 0}) == Answer::kOk);
    REQUIRE(cluster_.produce(id_, {topic, 0}, {.key = {}, .value = value}) == Answer::kOk);
  }
  void send_offset(const std::string& group, const std::string& topic, std::int64_t offset,
                   const std::string& metadata) override {
    REQUIRE(cluster_.add_group(id_, group) == Answer::kOk);
    request({Request::Kind::kOffsets, id_, group, {{{topic, 0}, {offset, metadata}}}});
  }
  void commit() override { request({Request::Kind::kCommit, id_, {}, {}}); }
  void abort() override { request({Request::Kind::kAbort, id_, {}, {}}); }

 private:
  void request(Request request) {
    REQUIRE(cluster_.arrive(cluster_.send(std::move(request))) == Answer::kOk);
  }
  FakeCluster& cluster_;
  const ProducerId id_;
};

}  // namespace

bool FakeClusterRig::Scripted::wait(const char* where, MonoTime until) {
  if (!later || later->first > until) return Interrupts::wait(where, until);
  clock_.advance_to(later->first);
  const auto action = std::move(later->second);
  later.reset();
  action();
  return true;
}

Fault FakeClusterRig::Scripted::fault(const char* where) {
  const std::string_view place(where);
  if (place != "offsets" && place != "commit") return Fault::kNone;
  return std::exchange(next, Fault::kNone);
}

FakeClusterRig::FakeClusterRig() {
  // As on a broker that has run a weir before.
  cluster_.create_topic("weir-epochs", 1);
  nowhere_.set_reachable(false);
}

std::string FakeClusterRig::unique(const std::string& prefix) {
  return prefix + "-" + std::to_string(++names_);
}

void FakeClusterRig::create_topic(const std::string& topic, int partitions,
                                  std::size_t value_bytes_max) {
  cluster_.create_topic(topic, partitions, value_bytes_max == 0 ? 1'000'000 : value_bytes_max);
}

void FakeClusterRig::produce(const std::string& topic, std::int32_t partition,
                             const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    FakeRecord record{.key = message.key, .value = message.value, .timestamp_ms = 1};
    REQUIRE(cluster_.produce_plainly({topic, partition}, record) == Answer::kOk);
  }
}

std::vector<Message> FakeClusterRig::read_committed(const std::string& topic, int /*partitions*/) {
  std::vector<Message> messages;
  for (const FakeRecord& record : cluster_.read_committed(topic)) {
    messages.push_back({record.key, record.value});
  }
  return messages;
}

std::unique_ptr<Stranger> FakeClusterRig::stranger() {
  return std::make_unique<FakeStranger>(cluster_, unique("stranger"));
}

std::shared_ptr<void> FakeClusterRig::join(const std::string& group, const std::string& /*topic*/) {
  cluster_.groups_with_members.insert(group);
  return {nullptr, [this, group](void*) { cluster_.groups_with_members.erase(group); }};
}

void FakeClusterRig::run(const std::function<void()>& call, milliseconds after,
                         const std::function<void()>& meanwhile) {
  interrupts_.later = {within(after), meanwhile};
  call();
  if (interrupts_.later) interrupts_.wait("run", interrupts_.later->first);
}

LaneUnderTest FakeClusterRig::make_lane(LaneId id, const std::string& topic, FakeCluster& cluster) {
  FakeSlot& slot = slots_.emplace_back();
  const std::string group = id.instance + "." + id.job;
  return {.id = id,
          .topic = topic,
          .group = group,
          .epoch_topic = "weir-epochs",
          .sink = make_fake_sink("out", topic, cluster, interrupts_, slot),
          .make_decider = fake_decider_factory({.lane = id, .mirror_groups = {{"in", group}}},
                                               cluster, interrupts_, slot)};
}

LaneUnderTest FakeClusterRig::lane(const std::string& topic) {
  return make_lane({"test", unique("job"), "0"}, topic, cluster_);
}
LaneUnderTest FakeClusterRig::another_process(const LaneUnderTest& lane) {
  return make_lane(lane.id, lane.topic, cluster_);
}
LaneUnderTest FakeClusterRig::unreachable_lane() {
  return make_lane({"test", unique("job"), "0"}, "out", nowhere_);
}

std::unique_ptr<Source> FakeClusterRig::make_source(const SourceSetup& setup) {
  const FakeStart at = setup.start == StartAt::kLatest ? FakeStart::kLatest : FakeStart::kEarliest;
  return make_fake_source({.index = {},
                           .name = "in",
                           .topics = setup.topics,
                           .matches = setup.matches,
                           .start = at,
                           .on_data_loss = setup.on_data_loss},
                          cluster_, interrupts_);
}
std::unique_ptr<Source> FakeClusterRig::unreachable_source() {
  return make_fake_source({.index = {}, .name = "in", .topics = {"in"}}, nowhere_, interrupts_);
}

}  // namespace weir::test
