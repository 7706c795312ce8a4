#include "marker/local_place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace weir {
namespace {

constexpr PathFacts kFile{.mode = S_IFREG | 0644, .device = 1};
constexpr PathFacts kDirectory{.mode = S_IFDIR | 0755, .device = 1};
constexpr PathFacts kLink{.mode = S_IFLNK | 0777, .device = 1};
constexpr PathFacts kMissing{.error = ENOENT};

TEST_CASE("local_verdict: what the system says, and what that means", "[marker]") {
  constexpr auto kExists = MarkerVerdict::kExists;
  constexpr auto kGone = MarkerVerdict::kGone;
  constexpr auto kUnknown = MarkerVerdict::kUnknown;
  struct Row {
    LocalFacts facts;
    MarkerVerdict verdict;
    std::string why;
  };
  const Row table[] = {
      {{kFile, {}, {}}, kExists, ""},
      {{kDirectory, {}, {}}, kExists, ""},
      {{kLink, kFile, {}}, kExists, ""},
      {{kLink, kMissing, {}},
       kUnknown,
       "it is a link that leads nowhere: No such file or directory"},
      {{kMissing, {}, kDirectory}, kGone, ""},
      // As of an unmounted file system, or one that was removed with everything in it.
      {{kMissing, {}, kMissing}, kUnknown, "its directory: No such file or directory"},
      {{kMissing, {}, PathFacts{.mode = S_IFDIR, .device = 2}},
       kUnknown,
       "its directory is on another file system than before; is one not mounted?"},
      {{kMissing, {}, PathFacts{.error = EIO}}, kUnknown, "its directory: Input/output error"},
      {{kMissing, {}, kFile}, kUnknown, "its directory is none"},
      {{{.error = EACCES}, {}, {}}, kUnknown, "Permission denied"},
      {{{.error = ENOTDIR}, {}, {}}, kUnknown, "Not a directory"},
      {{{.error = ESTALE}, {}, {}}, kUnknown, "Stale file handle"},
      {{{.error = ELOOP}, {}, {}}, kUnknown, "Too many levels of symbolic links"},
  };
  for (const Row& row : table) {
    const MarkerCheck check = local_verdict(row.facts, 1);
    CAPTURE(row.why);
    CHECK(check.verdict == row.verdict);
    CHECK(check.why == row.why);
    CHECK_FALSE(check.unusable);
  }
  CHECK(local_verdict({kMissing, {}, PathFacts{.mode = S_IFDIR, .device = 2}}, {}).verdict ==
        kGone);
}

TEST_CASE("local_verdict: what is there and no file is refused", "[marker]") {
  for (const mode_t kind : std::array<mode_t, 4>{S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK}) {
    const PathFacts odd{.mode = static_cast<mode_t>(kind | 0644)};
    CHECK(local_verdict({odd, {}, {}}, {}).unusable);
    CHECK(local_verdict({odd, {}, {}}, {}).verdict == MarkerVerdict::kUnknown);
    CHECK(local_verdict({kLink, odd, {}}, {}).unusable);
  }
}

TEST_CASE("local place: made, found, removed, as a file and as a directory", "[marker]") {
  const test::TempDir dir;
  for (const bool directory : {false, true}) {
    const auto place = make_local_place(dir.path() + "/marker", directory);
    CHECK(place->check().verdict == MarkerVerdict::kGone);
    CHECK(place->create());
    CHECK(place->create());
    CHECK(std::filesystem::is_directory(dir.path() + "/marker") == directory);
    CHECK(place->check().verdict == MarkerVerdict::kExists);
    CHECK(*place->remove());
    CHECK_FALSE(*place->remove());
    CHECK(place->check().verdict == MarkerVerdict::kGone);
  }
}

TEST_CASE("local place: no directory to be in, a FIFO, a file in the way", "[marker]") {
  const test::TempDir dir;
  const auto nowhere = make_local_place(dir.path() + "/none/marker", false);
  CHECK(nowhere->check().verdict == MarkerVerdict::kUnknown);
  CHECK(nowhere->create().error().message() ==
        "the directory " + dir.path() + "/none does not exist");

  // Opening a FIFO would wait for somebody to write.
  REQUIRE(mkfifo((dir.path() + "/fifo").c_str(), 0600) == 0);
  const auto fifo = make_local_place(dir.path() + "/fifo", false);
  CHECK(fifo->check().unusable);
  CHECK(fifo->create().error().message() == "it is a FIFO, not a file or directory");

  std::ofstream(dir.path() + "/file") << "x";
  const auto below = make_local_place(dir.path() + "/file/marker", false);
  CHECK(below->check().verdict == MarkerVerdict::kUnknown);
  CHECK_FALSE(below->create());
}

TEST_CASE("local place: the device of its directory is remembered from run to run", "[marker]") {
  const test::TempDir dir;
  const auto place = make_local_place(dir.path() + "/marker", false);
  REQUIRE(place->create());
  const std::string surroundings = place->surroundings();
  REQUIRE_FALSE(surroundings.empty());
  REQUIRE(*place->remove());

  const auto same = make_local_place(dir.path() + "/marker", false);
  same->remember(surroundings);
  CHECK(same->check().verdict == MarkerVerdict::kGone);
  // Another file system lies there now, as when one is not mounted.
  const auto other = make_local_place(dir.path() + "/marker", false);
  other->remember(surroundings + "0");
  CHECK(other->check().verdict == MarkerVerdict::kUnknown);
  // Of before the machine was started anew, when devices had other numbers.
  const auto rebooted = make_local_place(dir.path() + "/marker", false);
  rebooted->remember("another-boot/12345");
  CHECK(rebooted->check().verdict == MarkerVerdict::kGone);
}

}  // namespace
}  // namespace weir
