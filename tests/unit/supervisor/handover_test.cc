#include "supervisor/handover.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "support/temp_dir.h"

namespace weir {

TEST_CASE("handover: what is written is read") {
  const std::vector<HandedChild> children{
      {"a", WallTime(std::chrono::microseconds(1'700'000'000'000'001)), "0.1.0", "12 5 6 7 8", ""},
      {"b", WallTime(std::chrono::microseconds(1)), "0.2.0", "13 9 10 11", "half a\tline"}};
  const std::vector<HandedChild> read = decode_handover(encode_handover(children));
  REQUIRE(read.size() == 2);
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].job == children[i].job);
    CHECK(read[i].started_at == children[i].started_at);
    CHECK(read[i].version == children[i].version);
    CHECK(read[i].saved == children[i].saved);
    CHECK(read[i].log_rest == children[i].log_rest);
  }
}

TEST_CASE("handover: a line that cannot be read is left out") {
  CHECK(decode_handover("").empty());
  CHECK(decode_handover("a\t1\t0.1.0\t1 2 3 4\nb\tx\t0.1.0\t1 2 3 4\t\n\nc").empty());
}

TEST_CASE("handover: a program that does not run is not what the daemon becomes") {
  using std::chrono::milliseconds;
  const test::TempDir folder;
  const std::string path = folder.path() + "/weir";
  CHECK_THAT(try_program(path, milliseconds(60'000)).error().message(),
             Catch::Contains("No such file"));
  const auto script = [&](const std::string& text) {
    std::ofstream(path) << "#!/bin/sh\n" << text;
    chmod(path.c_str(), 0700);
  };
  script("test \"$*\" = version\n");
  CHECK(try_program(path, milliseconds(60'000)));
  script("exit 127\n");
  CHECK_THAT(try_program(path, milliseconds(60'000)).error().message(),
             Catch::Contains("exit 127"));
  script("kill -11 $$\n");
  CHECK_THAT(try_program(path, milliseconds(60'000)).error().message(),
             Catch::Contains("signal 11"));
  script("exec sleep 1000\n");
  CHECK_THAT(try_program(path, milliseconds(0)).error().message(),
             Catch::Contains("does not say its version"));
}

}  // namespace weir
