#include "connectors/kafka/cell.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace weir::kafka {
namespace {

Cell some_cell() {
  Cell cell;
  cell.id = {"prod", "clicks.g2", "0"};
  cell.epoch = EpochId{4711};
  cell.attempt = AttemptId{0x0123456789abcdefU};
  cell.owner = OwnerId{0xfedcba9876543210U};
  cell.digest = Digest{0x1U};
  cell.plan = PlanHash{0xabcU};
  cell.host = "node-7.example.org";
  cell.claimed_at = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  return cell;
}

TEST_CASE("encode_cell: writes the fields of epochs.md in their order", "[kafka]") {
  CHECK(encode_cell(some_cell()) ==
        "w2;prod;clicks.g2;0;4711;0123456789abcdef;fedcba9876543210;0000000000000001;"
        "0000000000000abc;node-7.example.org;1790000000");
}

TEST_CASE("encode_cell: writes a light epoch's digest as a dash", "[kafka]") {
  Cell cell = some_cell();
  cell.digest.reset();
  const std::string text = encode_cell(cell);
  CHECK(text.find(";-;") != std::string::npos);
  CHECK(parse_cell(text) == cell);
}

TEST_CASE("parse_cell: reads back what encode_cell wrote", "[kafka]") {
  CHECK(parse_cell(encode_cell(some_cell())) == some_cell());
}

TEST_CASE("encode_cell: cuts and cleans the host", "[kafka]") {
  Cell cell = some_cell();
  cell.host = "b\xc3\xbcro;1 " + std::string(60, 'x');
  const std::optional<Cell> read = parse_cell(encode_cell(cell));
  REQUIRE(read);
  CHECK(read->host.size() == 40);
  CHECK(read->host.substr(0, 9) == "b__ro_1_x");
}

TEST_CASE("encode_cell: stays printable ASCII within 256 bytes for the longest names", "[kafka]") {
  Cell cell = some_cell();
  cell.id = {std::string(48, 'i'), std::string(48, 'j') + ".g1234567890", std::string(12, '9')};
  cell.epoch = EpochId{INT64_MAX};
  cell.host = std::string(300, 'h');
  const std::string text = encode_cell(cell);
  CHECK(text.size() <= 256);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; }));
  const std::optional<Cell> read = parse_cell(text);
  REQUIRE(read);
  CHECK(read->id == cell.id);
  CHECK(read->claimed_at == cell.claimed_at);
}

TEST_CASE("parse_cell: refuses text that is not weir's", "[kafka]") {
  const std::string good = encode_cell(some_cell());
  CHECK_FALSE(parse_cell(""));
  CHECK_FALSE(parse_cell("hello"));
  CHECK_FALSE(parse_cell("w2"));
  CHECK_FALSE(parse_cell("w1" + good.substr(2)));
  CHECK_FALSE(parse_cell("w2m;prod;clicks;7;0000000000000001"));
  CHECK_FALSE(parse_cell(good + ";more"));
  CHECK_FALSE(parse_cell(good.substr(0, good.rfind(';'))));
  CHECK_FALSE(parse_cell(good + " "));
}

TEST_CASE("parse_cell: refuses numbers that are none", "[kafka]") {
  const std::string head = "w2;prod;clicks;0;";
  const std::string tail = ";0123456789abcdef;fedcba9876543210;-;0000000000000abc;host;1790000000";
  CHECK(parse_cell(head + "7" + tail));
  CHECK_FALSE(parse_cell(head + "" + tail));
  CHECK_FALSE(parse_cell(head + "-7" + tail));
  CHECK_FALSE(parse_cell(head + "7x" + tail));
  CHECK_FALSE(parse_cell(head + "99999999999999999999" + tail));
  CHECK_FALSE(parse_cell(head + "7;0123456789ABCDEF;fedcba9876543210;-;0000000000000abc;h;1"));
  CHECK_FALSE(parse_cell(head + "7;123;fedcba9876543210;-;0000000000000abc;h;1"));
  CHECK_FALSE(parse_cell(head + "7;0123456789abcdef;fedcba9876543210;;0000000000000abc;h;1"));
}

TEST_CASE("encode_mirror: writes and reads back whose epoch an offset is", "[kafka]") {
  const MirrorMetadata mirror{{"prod", "clicks", EpochId{12}}, 0xffU};
  const std::string text = encode_mirror(mirror);
  CHECK(text == "w2m;prod;clicks;12;00000000000000ff");
  const std::optional<MirrorMetadata> read = parse_mirror(text);
  REQUIRE(read);
  CHECK(read->mark == mirror.mark);
  CHECK(read->tail_fp == mirror.tail_fp);
}

TEST_CASE("parse_mirror: refuses text that is not weir's", "[kafka]") {
  CHECK_FALSE(parse_mirror(""));
  CHECK_FALSE(parse_mirror("w2m;prod;clicks;12"));
  CHECK_FALSE(parse_mirror("w2m;prod;clicks;12;00000000000000ff;"));
  CHECK_FALSE(parse_mirror("w2m;prod;clicks;x;00000000000000ff"));
  CHECK_FALSE(parse_mirror("w2m;prod;clicks;12;ff"));
  CHECK_FALSE(parse_mirror("w3m;prod;clicks;12;00000000000000ff"));
}

}  // namespace
}  // namespace weir::kafka
