#include "connectors/kafka/record_limits.h"

#include <catch2/catch.hpp>

namespace weir::kafka {
namespace {

OutputRecord record(std::string_view value) { return {.key = "k", .value = value, .headers = {}}; }

TEST_CASE("batch_of_one_bytes: counts as the broker does", "[kafka]") {
  // As kafka-dump-log shows the batches of such records.
  CHECK(batch_of_one_bytes({}) == 68);
  CHECK(batch_of_one_bytes({.key = {}, .value = "abc", .headers = {}}) == 71);
  CHECK(batch_of_one_bytes({.key = "k", .value = "abc", .headers = {}}) == 72);
  CHECK(batch_of_one_bytes({.key = "", .value = "", .headers = {}}) == 68);
  const RecordHeader headers[] = {{"a", "1", false}, {"null", "", true}};
  CHECK(batch_of_one_bytes({.key = {}, .value = {}, .headers = headers}) == 78);
  // The lengths take two bytes from 64 on, and three from 8192 on.
  const std::string text(100, 'x');
  CHECK(batch_of_one_bytes({.key = {}, .value = text, .headers = {}}) ==
        61 + 2 + 3 + 1 + 2 + 100 + 1);
  const std::string large(9000, 'x');
  CHECK(batch_of_one_bytes({.key = {}, .value = large, .headers = {}}) ==
        61 + 3 + 3 + 1 + 3 + 9000 + 1);
}

TEST_CASE("RecordLimits: a refused record is known by its bytes until the next epoch", "[kafka]") {
  const std::string large(1000, 'x');
  const std::string other(1000, 'y');
  RecordLimits limits;
  limits.begin(EpochId{7});
  CHECK_FALSE(limits.note("t", record(large), true));  // the limit is not known
  limits.learn("t", 500);
  CHECK_FALSE(limits.note("t", record("small"), true));  // not its fault
  CHECK_FALSE(limits.any("t"));
  CHECK_FALSE(limits.refuses("t", record(large)));
  CHECK(limits.note("t", record(large), true));
  CHECK_FALSE(limits.note("t", record(large), true));
  CHECK(limits.any("t"));
  CHECK_FALSE(limits.any("u"));
  CHECK(limits.refuses("t", record(large)));
  // Compressed, another one may fit.
  CHECK_FALSE(limits.refuses("t", record(other)));
  limits.begin(EpochId{7});
  CHECK(limits.refuses("t", record(large)));
  limits.begin(EpochId{8});
  CHECK_FALSE(limits.any("t"));
  CHECK_FALSE(limits.refuses("t", record(large)));
  CHECK(limits.batch_bytes_max("t") == 500);
}

TEST_CASE("RecordLimits: uncompressed, what is above the limit is refused with the first",
          "[kafka]") {
  const std::string large(1000, 'x');
  const std::string other(1000, 'y');
  RecordLimits limits;
  limits.learn("t", 500);
  CHECK(limits.note("t", record(large), false));
  CHECK(limits.refuses("t", record(other)));
  CHECK_FALSE(limits.refuses("t", record("small")));
  // As a person has raised it meanwhile.
  // A question that nobody answered changes nothing.
  limits.learn("t", std::nullopt);
  CHECK(limits.batch_bytes_max("t") == 500);
  CHECK(limits.refuses("t", record(other)));
  limits.learn("t", 5000);
  CHECK_FALSE(limits.refuses("t", record(large)));
}

TEST_CASE("RecordLimits: the smallest limit bounds batches of several records", "[kafka]") {
  RecordLimits limits;
  CHECK_FALSE(limits.batch_bytes_max());
  limits.learn("a", 500);
  limits.learn("b", std::nullopt);
  limits.learn("c", 400);
  CHECK(limits.batch_bytes_max() == 400);
}

}  // namespace
}  // namespace weir::kafka
