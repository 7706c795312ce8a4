#include "job/pipeline.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "spec/parse.h"

namespace weir {
namespace {

std::string job_of(const std::string& steps) {
  return R"(version: 1
job: lines
sources:
  orders:
    file: { path: "in/*.json" }
    format: json
    schema: "note text, lines jsonb"
steps:
)" + steps +
         R"(
sinks:
  out: { file: { path: out }, format: json }
limits: { memory: 32MiB }
)";
}
constexpr const char* kExplode = "  - { id: lines, explode: lines AS line }\n";

// A record whose note has `note` bytes and whose array has `lines` elements.
std::string order(std::size_t note, std::size_t lines) {
  std::string text = "{\"note\":\"" + std::string(note, 'x') + "\",\"lines\":[";
  for (std::size_t i = 0; i < lines; ++i) text += i == 0 ? "1" : ",1";
  return text + "]}";
}

struct Kept final : PipelineOut {
  void rows(SinkIndex /*sink*/, BatchPtr batch) override {
    for (const RowIndex row : batch->selection) offsets.push_back(batch->records[row].offset);
    held = std::max(held, batch->arena->bytes_held());
  }
  Result<> reject(RowErrorKind kind, std::string_view step, const Batch& batch,
                  const RowError& error) override {
    rejected.push_back((kind == RowErrorKind::kEval ? "eval " : "decode ") + std::string(step) +
                       " " + std::to_string(batch.records[error.row].offset) + ": " +
                       error.message);
    return fails ? Result<>(Error{Action::kHalt, Code::kPoisonRecord, error.message}) : Result<>();
  }
  void start_over() override {
    offsets.clear();
    rejected.clear();
  }
  std::size_t rows_of(std::int64_t offset) const {
    return static_cast<std::size_t>(std::count(offsets.begin(), offsets.end(), offset));
  }
  bool fails = false;
  std::vector<std::int64_t> offsets;
  std::vector<std::string> rejected;
  std::size_t held = 0;
};

Result<> run(const std::string& steps, const std::vector<std::string>& values, Kept& out) {
  Diagnostics diagnostics;
  const auto job = parse_job("job.yaml", job_of(steps), {}, diagnostics, {});
  INFO(diagnostics.render());
  REQUIRE(job);
  const auto plan = make_plan(*job, diagnostics);
  REQUIRE(plan);
  const auto pipeline = make_pipeline(*job, *plan, 0, {SinkIndex{0}});
  REQUIRE(pipeline);
  RecordBatch records;
  records.origin = std::make_shared<const Origin>();
  for (const std::string& value : values) {
    Record record;
    record.offset = static_cast<std::int64_t>(records.records.size());
    record.value = records.arena->copy(value, kValuePadding);
    records.records.push_back(record);
  }
  return (*pipeline)->process(std::move(records), EpochContext{}, out);
}

TEST_CASE("pipeline: a record whose rows take too much is its error, and no other's", "[job]") {
  Kept out;
  // 20,000 times 1 MiB, where all that memory is for is 32 MiB.
  REQUIRE(run(kExplode, {order(10, 3), order(1U << 20U, 20'000), "no json", order(20, 2)}, out));
  CHECK(out.rows_of(0) == 3);
  CHECK(out.rows_of(1) == 0);
  CHECK(out.rows_of(3) == 2);
  REQUIRE(out.rejected.size() == 2);
  CHECK(out.rejected[0].starts_with("decode orders 2: "));
  CHECK(out.rejected[1].starts_with("eval lines 1: its rows take more than "));
}

TEST_CASE("pipeline: what a step makes of exploded rows is bounded too", "[job]") {
  for (const char* const last : {"  - { id: big, select: \"upper(note) AS note\" }\n"
                                 "  - { id: none, filter: \"note = ''\" }\n",
                                 "  - { id: big, select: \"upper(note) AS note\" }\n"}) {
    Kept out;
    REQUIRE(run(std::string(kExplode) + last, {order(1U << 20U, 20'000), order(3, 1)}, out));
    CHECK(out.rows_of(0) == 0);
    REQUIRE(out.rejected.size() == 1);
    CHECK(out.rejected[0].starts_with("eval lines 0: "));
    CHECK(out.held < (64U << 20U));
  }
}

TEST_CASE("pipeline: a long text that is left out again costs nothing", "[job]") {
  Kept out;
  REQUIRE(run(std::string(kExplode) + "  - { id: line, select: line }\n",
              {order(1U << 20U, 20'000)}, out));
  CHECK(out.rows_of(0) == 20'000);
  CHECK(out.rejected.empty());
}

TEST_CASE("pipeline: many records may take together what one may not", "[job]") {
  Kept out;
  REQUIRE(run(kExplode, std::vector<std::string>(8, order(20'000, 200)), out));
  CHECK(out.offsets.size() == 1'600);
  CHECK(out.rejected.empty());
}

TEST_CASE("pipeline: with the rule `fail` such a record ends it", "[job]") {
  Kept out;
  out.fails = true;
  const auto done = run(kExplode, {order(1U << 20U, 20'000)}, out);
  REQUIRE(!done);
  CHECK(done.error().code() == Code::kPoisonRecord);
}

}  // namespace
}  // namespace weir
