#include "supervisor/cgroup_limits.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

LimitsSpec limits(std::uint64_t memory_mib, std::optional<std::uint64_t> cpu = {}) {
  LimitsSpec limits;
  limits.memory_bytes = memory_mib << 20U;
  limits.cpu_percent = cpu;
  return limits;
}

using Files = std::vector<CgroupFile>;

}  // namespace

TEST_CASE("cgroup: limits become the files of the controllers that are there") {
  CHECK(cgroup_files(limits(512, 150), {"cpu", "memory"}) ==
        Files{{"memory.max", "1207959552"}, {"cpu.max", "150000 100000"}});
  CHECK(cgroup_files(limits(512, 150), {"memory"}) == Files{{"memory.max", "1207959552"}});
  CHECK(cgroup_files(limits(512, 1), {"cpu"}) == Files{{"cpu.max", "1000 100000"}});
  CHECK(cgroup_files(limits(512, 150), {}).empty());
}

TEST_CASE("cgroup: no limit of cpu takes back the one of before") {
  CHECK(cgroup_files(limits(512), {"cpu"}) == Files{{"cpu.max", "max 100000"}});
}

TEST_CASE("cgroup: of the controllers that are listed, memory and cpu are used") {
  CHECK(usable_controllers("cpuset cpu io memory hugetlb pids\n") ==
        CgroupControllers{"cpu", "memory"});
  CHECK(usable_controllers("").empty());
  CHECK(enabling({"cpu", "memory"}) == "+cpu +memory");
}

TEST_CASE("cgroup: the path of cgroup v2 is found beside those of v1") {
  CHECK(unified_path("4:memory:/x\n0::/system.slice/weir.service\n") ==
        "/system.slice/weir.service");
  CHECK(unified_path("0::/\n") == "/");
  CHECK_FALSE(unified_path("4:memory:/x\n"));
}

TEST_CASE("cgroup: memory.events is read by name") {
  const MemoryEvents events =
      read_memory_events("low 0\nhigh 3\nmax 12\noom 1\noom_kill 2\noom_group_kill 7\n");
  CHECK(events.limit_hits == 1);
  CHECK(events.kills == 2);
  CHECK(read_memory_events("").kills == 0);
}

TEST_CASE("cgroup: who was out of memory is told apart") {
  const MemoryEvents before{.limit_hits = 3, .kills = 1};
  CHECK(oom_words(limits(64), before, before).empty());
  // The limit was hit, and reclaiming sufficed.
  CHECK(oom_words(limits(64), before, {.limit_hits = 4, .kills = 1}).empty());
  CHECK(oom_words(limits(64), before, {.limit_hits = 4, .kills = 2}).find("more than 256MiB") !=
        std::string::npos);
  CHECK(oom_words(limits(64), before, {.limit_hits = 3, .kills = 2}).find("the machine") !=
        std::string::npos);
}

}  // namespace weir
