#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/bytes.h"
#include "base/hash.h"
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
  lane.skips[{"in", "t/0"}] = {{"a"}, {"b"}};
  lane.skips[{"in", "t/1"}] = {{"c"}};
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

// The bytes of a record with another format number, as another version of weir writes it.
std::string with_format(std::string body, char format) {
  body[0] = format;
  ByteWriter framed;
  framed.u32(crc32c(body));
  framed.raw(body);
  return framed.take();
}

TEST_CASE("lane codec: format 1, which knew no skips, still reads", "[state]") {
  LaneRecord lane = sample();
  lane.skips.clear();
  const std::string body = encode_lane(lane).substr(4);
  // Without skips and texts of ends, format 3 is format 1 and their numbers.
  CHECK(*decode_lane(with_format(body.substr(0, body.size() - 8), 1)) == lane);
  CHECK_FALSE(decode_lane(with_format(body, 1)));
}

TEST_CASE("lane codec: a newer format is refused by name, not as damage", "[state]") {
  const Result<LaneRecord> decoded = decode_lane(with_format(encode_lane(sample()).substr(4), 4));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().action() == Action::kStopJob);
  CHECK_THAT(decoded.error().message(), Catch::Contains("LANE format 4"));
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
  const auto sleep = [&](std::chrono::milliseconds) { return ++pauses > 0; };
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

// Names and sizes of everything below a folder.
std::set<std::pair<std::string, std::uintmax_t>> files_below(const std::string& path) {
  std::set<std::pair<std::string, std::uintmax_t>> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    files.emplace(entry.path(), entry.is_regular_file() ? entry.file_size() : 0);
  }
  return files;
}

TEST_CASE("store: is read without writing anything", "[state]") {
  const Folder folder;
  CHECK_FALSE(read_rocksdb_store(folder.path + "/db")->lane);
  CHECK(files_below(folder.path).empty());
  {
    auto store = open_rocksdb_store(folder.path + "/db");
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  const auto before = files_below(folder.path);
  CHECK(read_rocksdb_store(folder.path + "/db")->lane == sample());
  CHECK(files_below(folder.path) == before);
}

TEST_CASE("store: a file that is gone is damage, which no restart mends", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/db";
  {
    auto store = open_rocksdb_store(path);
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().filename().string().starts_with("MANIFEST-")) {
      std::filesystem::remove(entry.path());
    }
  }
  const auto opened = open_rocksdb_store(path);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().action() == Action::kHalt);
  CHECK(opened.error().code() == Code::kCorruptStore);
}

// Removes what `store` has of that name's beginning and end.
void remove_files(const std::string& store, std::string_view begin, std::string_view end) {
  std::size_t removed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(store)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end)) {
      std::filesystem::remove(entry.path());
      ++removed;
    }
  }
  REQUIRE(removed > 0);
}

void check_corrupt(const std::string& path, const std::string& says) {
  const auto read = read_rocksdb_store(path);
  const auto opened = open_rocksdb_store(path);
  REQUIRE_FALSE(read);
  REQUIRE_FALSE(opened);
  for (const Error& error : {read.error(), opened.error()}) {
    CHECK(error.action() == Action::kHalt);
    CHECK(error.code() == Code::kCorruptStore);
    CHECK_THAT(error.message(), Catch::Contains(says));
  }
}

TEST_CASE("store: a log that is gone is damage", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/db";
  {
    auto store = open_rocksdb_store(path);
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  remove_files(path, "", ".log");
  check_corrupt(path, "lacks its newest log");
  // One that is empty is no better.
  std::ofstream(path + "/000999.log").flush();
  check_corrupt(path, "is older than it was");
}

TEST_CASE("store: a MANIFEST that was cut short is damage", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/db";
  for (int i = 0; i < 2; ++i) {
    auto store = open_rocksdb_store(path);
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  { REQUIRE(open_rocksdb_store(path)); }
  std::vector<std::string> manifests;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("MANIFEST-")) manifests.push_back(entry.path());
  }
  REQUIRE(manifests.size() == 1);
  const auto size = std::filesystem::file_size(manifests.front());
  const Folder other;
  for (std::uintmax_t left = 0; left < size; left += 7) {
    const std::string copy = other.path + "/db";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(path, copy);
    std::filesystem::copy_file(path + ".mark", copy + ".mark",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(
        copy + "/" + std::filesystem::path(manifests.front()).filename().string(), left);
    const auto opened = open_rocksdb_store(copy);
    // Its last records may say nothing that matters.
    if (opened) {
      CHECK(*(*opened)->load()->lane == sample());
    } else {
      CHECK(opened.error().code() == Code::kCorruptStore);
    }
  }
}

TEST_CASE("store: an older copy of the store alone is damage, of all of it is not", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/weir/db";
  const auto put = [&](std::int64_t epoch) {
    auto store = open_rocksdb_store(path);
    LaneRecord lane = sample();
    lane.epoch = EpochId{epoch};
    REQUIRE((*store)->put_lane(lane, Sync::kYes));
  };
  std::filesystem::create_directories(folder.path + "/weir");
  put(1);
  const auto recursive = std::filesystem::copy_options::recursive;
  std::filesystem::copy(folder.path + "/weir", folder.path + "/copy", recursive);
  put(2);
  std::filesystem::remove_all(path);
  std::filesystem::copy(folder.path + "/copy/db", path, recursive);
  check_corrupt(path, "or an older copy of the store alone");
  std::filesystem::remove_all(folder.path + "/weir");
  std::filesystem::copy(folder.path + "/copy", folder.path + "/weir", recursive);
  CHECK((*open_rocksdb_store(path))->load()->lane->epoch == EpochId{1});
}

TEST_CASE("store: after a kill the end of its log may be torn, and its mark holds", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/db";
  {
    auto store = open_rocksdb_store(path);
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  auto running = open_rocksdb_store(path);
  LaneRecord lane = sample();
  lane.epoch = EpochId{43};
  REQUIRE((*running)->put_lane(lane, Sync::kYes));
  // What a kill leaves is what is there while it runs.
  const Folder killed;
  std::filesystem::copy(folder.path, killed.path, std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::directory_iterator(killed.path + "/db")) {
    if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
    std::filesystem::resize_file(entry.path(), entry.file_size() - 5);
  }
  {
    const auto opened = open_rocksdb_store(killed.path + "/db");
    REQUIRE(opened);
    CHECK(*(*opened)->load()->lane == sample());
  }
  // But it is there.
  const Folder cut;
  std::filesystem::copy(folder.path, cut.path, std::filesystem::copy_options::recursive);
  std::set<std::string> logs;
  for (const auto& entry : std::filesystem::directory_iterator(cut.path + "/db")) {
    if (entry.path().extension() == ".log") logs.insert(entry.path());
  }
  REQUIRE(!logs.empty());
  std::filesystem::remove(*logs.rbegin());
  check_corrupt(cut.path + "/db", "lacks its newest log");
}

TEST_CASE("store: a mark without its store says nothing", "[state]") {
  const Folder folder;
  const std::string path = folder.path + "/db";
  {
    auto store = open_rocksdb_store(path);
    REQUIRE((*store)->put_lane(sample(), Sync::kYes));
  }
  std::filesystem::rename(path, path + ".damaged");
  CHECK_FALSE((*open_rocksdb_store(path))->load()->lane);
}

TEST_CASE("job directory view: says who holds it, and makes nothing", "[state]") {
  const Folder folder;
  const auto sleep = [](std::chrono::milliseconds) { return true; };
  CHECK((*JobDirectoryView::open(folder.path + "/weir/clicks"))->is_new());
  CHECK(files_below(folder.path).empty());
  auto held = JobDirectory::open(folder.path + "/weir/clicks", std::chrono::seconds(0), sleep);
  REQUIRE(held);
  {
    const auto view = JobDirectoryView::open(folder.path + "/weir/clicks");
    CHECK_THAT((*view)->holder(), Catch::Contains("process " + std::to_string(getpid())));
  }
  held->reset();
  const auto view = JobDirectoryView::open(folder.path + "/weir/clicks");
  CHECK((*view)->holder().empty());
  CHECK_FALSE((*view)->is_new());
}

TEST_CASE("job directory: a path that cannot be made says so", "[state]") {
  const Folder folder;
  std::ofstream(folder.path + "/file") << "x";
  auto opened = JobDirectory::open(folder.path + "/file/job", std::chrono::seconds(0),
                                   [](auto) { return true; });
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code() == Code::kStateUnusable);
}

TEST_CASE("marker store: keeps its record beside the lane's until it is cleared", "[state]") {
  const Folder folder;
  const MarkerRecord record{"/srv/marker", "boot/7"};
  {
    const auto stores = open_job_stores(folder.path + "/db", 1U << 20U);
    REQUIRE(stores);
    CHECK_FALSE(*stores->marker->read());
    REQUIRE(stores->lane->put_lane(sample(), Sync::kNo));
    REQUIRE(stores->marker->put(record));
  }
  {
    auto stores = open_job_stores(folder.path + "/db", 1U << 20U);
    REQUIRE(stores);
    // The lane is told nothing of it, and its store may go first.
    CHECK(*stores->lane->load()->lane == sample());
    stores->lane.reset();
    CHECK(*stores->marker->read() == record);
    REQUIRE(stores->marker->clear());
  }
  auto stores = open_job_stores(folder.path + "/db", 1U << 20U);
  REQUIRE(stores);
  CHECK_FALSE(*stores->marker->read());
  // A job that begins anew has made no marker.
  REQUIRE(stores->marker->put(record));
  REQUIRE(stores->lane->clear());
  CHECK_FALSE(*stores->marker->read());
}

TEST_CASE("RocksDB store: one that cannot be opened is for a person", "[state]") {
  const Folder folder;
  std::ofstream(folder.path + "/file") << "no directory";
  const auto store = open_rocksdb_store(folder.path + "/file/db");
  REQUIRE_FALSE(store);
  CHECK(store.error().action() == Action::kStopJob);
  CHECK(store.error().code() == Code::kStateUnusable);
}

TEST_CASE("job directory: one that is there keeps the rights that it has", "[state]") {
  using std::filesystem::perms;
  const Folder folder;
  const auto rights = [&](const std::string& name) {
    const auto opened = JobDirectory::open(folder.path + name, std::chrono::milliseconds(0),
                                           [](auto) { return true; });
    REQUIRE(opened);
    return std::filesystem::status(folder.path + name).permissions();
  };
  CHECK(rights("/made") == perms::owner_all);
  std::filesystem::create_directory(folder.path + "/there");
  std::filesystem::permissions(folder.path + "/there", perms::owner_all | perms::group_read);
  CHECK(rights("/there") == (perms::owner_all | perms::group_read));
}

}  // namespace
}  // namespace weir
