#include "engine/mend_words.h"

#include <catch2/catch.hpp>

#include "unit/engine/mend_world.h"

namespace weir::mend_test {
namespace {

LaneParts parts_of(const World& world) {
  LaneParts parts;
  parts.sources.push_back(std::make_unique<WorldSource>(world));
  return parts;
}

template <class T>
void check_says(const Result<T>& read, const std::string& what) {
  REQUIRE_FALSE(read);
  INFO(read.error().message());
  CHECK(read.error().message().find(what) != std::string::npos);
}

TEST_CASE("parse_seeks: reads where partitions go on", "[engine]") {
  const World world;
  const LaneParts parts = parts_of(world);
  const auto seeks = parse_seeks(parts, {"in/t/0=earliest", "in/t/1=latest", "in/odd=topic/2=17"});
  REQUIRE(seeks);
  REQUIRE(seeks->size() == 3);
  CHECK((*seeks)[0].split == split(0));
  CHECK((*seeks)[0].to == SeekTo::kEarliest);
  CHECK((*seeks)[1].to == SeekTo::kLatest);
  CHECK((*seeks)[2].split == SplitId{"in", "odd=topic/2"});
  CHECK((*seeks)[2].offset == at(17));
}

TEST_CASE("parse_seeks: says which word is wrong and how it is written", "[engine]") {
  const World world;
  const LaneParts parts = parts_of(world);
  check_says(parse_seeks(parts, {"in/t/0"}), "SOURCE/TOPIC/PARTITION=earliest");
  check_says(parse_seeks(parts, {"in/t/0="}), "\"in/t/0=\"");
  check_says(parse_seeks(parts, {"=earliest"}), "SOURCE/TOPIC/PARTITION=earliest");
  check_says(parse_seeks(parts, {"out/t/0=earliest"}), "no source \"out\"; its sources are: in");
  check_says(parse_seeks(parts, {"in/t/0=1", "in/t/0=2"}), "named twice");
}

TEST_CASE("parse_skips: reads records", "[engine]") {
  const World world;
  const LaneParts parts = parts_of(world);
  const auto skips = parse_skips(parts, {"in/t/0@17", "in/t/0@18"});
  REQUIRE(skips);
  CHECK(skips->at(1) == std::pair(split(0), at(18)));
  check_says(parse_skips(parts, {"in/t/0=17"}), "SOURCE/TOPIC/PARTITION@OFFSET");
}

}  // namespace
}  // namespace weir::mend_test
