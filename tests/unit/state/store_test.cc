#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "contract/store_contract.h"
#include "state/job_directory.h"
#include "state/lane_codec.h"
#include "state/rocksdb_store.h"

namespace weir {
namespace {

LaneRecord sample() {
  LaneRecord lane;
  lane.id = {"weir", "clicks", "0"};
  lane.owner = OwnerId{5};
  lane.owner_next = OwnerId{6};
  lane.epoch = EpochId{42};
  lane.attempt = AttemptId{77};
  lane.clean_stop = true;
  lane.plan = PlanHash{8};
  lane.decider = {DeciderKind::kKafka, "id", "main", "k1:9092", "weir-epochs", "weir.clicks.0"};
  lane.sources["in"] = {"id", {{"t/0", {"end"}}}};
  lane.splits[{"in", "t/0"}] = {{"bytes"}, WallTime(std::chrono::microseconds(5)), true};
  lane.splits[{"in", "t/1"}].position = {"more"};
  return lane;
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-store-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("lane codec: a record reads back", "[state]") {
  CHECK(*decode_lane(encode_lane(sample())) == sample());
}

TEST_CASE("lane codec: every flipped bit is found", "[state]") {
  const std::string good = encode_lane(sample());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ static_cast<char>(1U << (i % 8)));
    const Result<LaneRecord> decoded = decode_lane(bad);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code() == Code::kCorruptStore);
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(decode_lane(good.substr(0, size)));
}

class RocksDbRig final : public test::StoreRig {
 public:
  std::unique_ptr<EpochStore> open() override {
    auto store = open_rocksdb_store(folder_.path + "/db");
    REQUIRE(store);
    return std::move(*store);
  }

 private:
  const Folder folder_;
};

TEST_CASE("store: keeps the contract of EpochStore", "[state]") {
  for (const auto& contract : {test::lane_store_contract(), test::epoch_store_contract()}) {
    for (const auto& clause : contract) {
      DYNAMIC_SECTION(clause.says) {
        RocksDbRig rig;
        clause.check(rig);
      }
    }
  }
}

TEST_CASE("job directory: a second holder is refused and told who holds it", "[state]") {
  const Folder folder;
  int pauses = 0;
  const auto sleep = [&](std::chrono::milliseconds) { ++pauses; };
  auto first = JobDirectory::open(folder.path + "/weir/clicks", std::chrono::seconds(10), sleep);
  REQUIRE(first);
  auto second = JobDirectory::open(folder.path + "/weir/clicks", std::chrono::seconds(10), sleep);
  REQUIRE_FALSE(second);
  CHECK(pauses == 100);
  CHECK(second.error().code() == Code::kStateInUse);
  CHECK_THAT(second.error().message(), Catch::Contains("process " + std::to_string(getpid())));
  first->reset();
  CHECK(JobDirectory::open(folder.path + "/weir/clicks", std::chrono::seconds(10), sleep));
}

TEST_CASE("job directory: a path that cannot be made says so", "[state]") {
  const Folder folder;
  std::ofstream(folder.path + "/file") << "x";
  auto opened = JobDirectory::open(folder.path + "/file/job", std::chrono::seconds(0), [](auto) {});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code() == Code::kStateUnusable);
}

}  // namespace
}  // namespace weir
