#include "state/ballast.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "state/rocksdb_store.h"

namespace weir {
namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-ballast-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return path + "/ballast"; }
  // On the disk, not as its length says.
  std::uint64_t bytes() const {
    struct stat found {};
    return stat(file().c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_blocks) * 512
                                             : 0;
  }
  std::string path;
};

TEST_CASE("Ballast: takes room until it is given back", "[state]") {
  const Folder folder;
  const Ballast ballast(folder.path + "/db");
  CHECK_FALSE(ballast.free());
  REQUIRE(ballast.keep());
  CHECK(folder.bytes() >= kBallastBytes);
  REQUIRE(ballast.keep());
  CHECK(ballast.free());
  CHECK_FALSE(std::filesystem::exists(folder.file()));
  CHECK_FALSE(ballast.free());
}

TEST_CASE("Ballast: a copy without its blocks is made whole", "[state]") {
  const Folder folder;
  const Ballast ballast(folder.path + "/db");
  REQUIRE(ballast.keep());
  REQUIRE(truncate(folder.file().c_str(), 0) == 0);
  REQUIRE(truncate(folder.file().c_str(), static_cast<off_t>(kBallastBytes)) == 0);
  REQUIRE(folder.bytes() < kBallastBytes);
  REQUIRE(ballast.keep());
  CHECK(folder.bytes() >= kBallastBytes);
}

TEST_CASE("Ballast: where it cannot be made nothing is left, and the reason is said", "[state]") {
  const Ballast ballast("/proc/self/db");
  const Result<> kept = ballast.keep();
  REQUIRE_FALSE(kept);
  CHECK(kept.error().action() == Action::kRetry);
  CHECK_THAT(kept.error().message(), Catch::Contains("/proc/self"));
}

TEST_CASE("room_needed: input leaves the room of a ballast that has gone to the next start",
          "[state]") {
  constexpr std::uint64_t kBytes = 1U << 20U;
  const std::uint64_t needed = room_needed(WriteFor::kUpkeep, kBytes, true);
  CHECK(needed >= 2 * kBytes);
  CHECK(room_needed(WriteFor::kUpkeep, kBytes, false) == needed);
  CHECK(room_needed(WriteFor::kInput, kBytes, true) == needed);
  CHECK(room_needed(WriteFor::kInput, kBytes, false) == needed + kBallastBytes);
}

TEST_CASE("is_time_for_ballast: a large write that does not fit takes nothing away", "[state]") {
  CHECK(is_time_for_ballast(kBallastBytes - 1));
  CHECK_FALSE(is_time_for_ballast(kBallastBytes));
}

TEST_CASE("Ballast: stands beside an open store", "[state]") {
  const Folder folder;
  const auto store = open_rocksdb_store(folder.path + "/db");
  REQUIRE(store);
  CHECK(folder.bytes() >= kBallastBytes);
}

}  // namespace
}  // namespace weir
