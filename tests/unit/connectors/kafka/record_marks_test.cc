#include "connectors/kafka/record_marks.h"

#include <catch2/catch.hpp>

namespace weir::kafka {
namespace {

std::shared_ptr<const Origin> origin(std::uint32_t source, const std::string& split) {
  auto made = std::make_shared<Origin>();
  made->source = SourceIndex{source};
  made->split = split;
  return made;
}

TEST_CASE("RecordMarks: a mark names its record", "[kafka]") {
  RecordMarks marks({"clicks", "orders"});
  const auto first = origin(0, "t/0");
  const auto second = origin(1, "u/7");
  const std::uint64_t one = marks.number_of(first);
  const std::uint64_t two = marks.number_of(second);
  CHECK(one != two);
  CHECK(marks.number_of(first) == one);
  // Each assignment of a lane makes its origins anew, under one producer.
  for (int i = 0; i < 100'000; ++i) {
    if (marks.number_of(origin(0, "t/0")) != one) FAIL("a split has two numbers");
  }
  CHECK(marks.number_of(origin(1, "t/0")) == two + 1);
  CHECK(marks.record_of(RecordMarks::mark(one, 0)) == "clicks/t/0@0");
  CHECK(marks.record_of(RecordMarks::mark(two, 281'474'976'710'655)) ==
        "orders/u/7@281474976710655");
}

TEST_CASE("RecordMarks: what cannot be marked says nothing", "[kafka]") {
  RecordMarks marks({"clicks"});
  CHECK(marks.number_of(nullptr) == 0);
  CHECK(RecordMarks::mark(0, 17) == nullptr);
  CHECK(RecordMarks::mark(marks.number_of(origin(0, "t/0")), std::int64_t{1} << 48) == nullptr);
  CHECK(marks.record_of(nullptr).empty());
}

}  // namespace
}  // namespace weir::kafka
