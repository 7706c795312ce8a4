#include "supervisor/open_files.h"

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("open files: the daemon takes all that it may have") {
  CHECK(open_files_of_daemon({1024, 524288}) == OpenFiles{524288, 524288});
}

TEST_CASE("open files: a job has enough for its partitions, and not the daemon's") {
  CHECK(open_files_of_job({524288, 524288}, true) == OpenFiles{65536, 524288});
  CHECK(open_files_of_job({4096, 4096}, true) == OpenFiles{4096, 4096});
  CHECK(open_files_of_job({1024, 524288}, false) == OpenFiles{65536, 524288});
  CHECK(open_files_of_job({200000, 524288}, false) == OpenFiles{200000, 524288});
  CHECK(open_files_of_job({1024, 4096}, false) == OpenFiles{4096, 4096});
}

TEST_CASE("open files: a limit with no room for every job is named with the one that has") {
  CHECK(open_files_shortage({1400, 1400}, 200).empty());
  CHECK(processes_max({1400, 1400}) == 200);
  const std::string why = open_files_shortage({1399, 1399}, 200);
  CHECK(why.find("room for 199 processes of 200 jobs") != std::string::npos);
  CHECK(why.find("raise the hard limit to 1400") != std::string::npos);
  CHECK(processes_max({100, 100}) == 0);
}

TEST_CASE("open files: what is set is what the process has") {
  const OpenFiles before = open_files();
  set_open_files({before.soft - 1, before.hard});
  CHECK(open_files() == OpenFiles{before.soft - 1, before.hard});
  set_open_files(before);
  CHECK(open_files() == before);
}

}  // namespace weir
