#include "supervisor/job_store.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace weir {
namespace {

JobRecord full_record() {
  JobRecord record;
  record.desired_running = false;
  record.rest = JobRest::kHalted;
  record.why = "HALT other_owner\nthe ways out";
  record.last_exit = "exit 78";
  record.history = {{WallTime(std::chrono::hours(3)), WallTime(std::chrono::hours(4))}, 7};
  record.process = ProcessId{4711, 12345, "a boot"};
  record.file = "jobs.d/a.yaml";
  record.text = "job: a\n";
  return record;
}

}  // namespace

TEST_CASE("job store: what was put is read by the next daemon") {
  const test::TempDir directory;
  {
    auto store = JobStore::open(directory.path() + "/jobs");
    REQUIRE(store);
    REQUIRE((*store)->put("a", full_record()));
    REQUIRE((*store)->put("b.g2", JobRecord{}));
    REQUIRE((*store)->put("c", JobRecord{}));
    REQUIRE((*store)->remove("c"));
    REQUIRE((*store)->remove("never"));
  }
  auto store = JobStore::open(directory.path() + "/jobs");
  REQUIRE(store);
  const auto records = (*store)->read_all();
  REQUIRE(records.size() == 2);
  CHECK(records.at("a") == full_record());
  CHECK(records.at("b.g2") == JobRecord{});
}

TEST_CASE("job store: a damaged record is put aside") {
  const test::TempDir directory;
  auto store = JobStore::open(directory.path());
  REQUIRE(store);
  REQUIRE((*store)->put("a", full_record()));
  REQUIRE((*store)->put("b", full_record()));
  std::filesystem::resize_file(directory.path() + "/a", 20);
  std::ofstream(directory.path() + "/b.new") << "half";
  const auto records = (*store)->read_all();
  CHECK(records.size() == 1);
  CHECK(records.contains("b"));
  CHECK(std::filesystem::exists(directory.path() + "/a.damaged"));
}

TEST_CASE("job store: every cut and every flipped bit is found") {
  const std::string bytes = encode_job_record(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_job_record(std::string_view(bytes).substr(0, size)));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ 1U);
    CHECK_FALSE(decode_job_record(damaged));
  }
}

}  // namespace weir
