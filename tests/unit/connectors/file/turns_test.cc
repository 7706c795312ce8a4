#include "connectors/file/turns.h"

#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "start_rig.h"

namespace weir::file::test {
namespace {

TEST_CASE("Turns: who waits is woken when a turn is given back", "[file]") {
  const Waker first = std::move(*Waker::open());
  const Waker second = std::move(*Waker::open());
  Turns turns(1);
  CHECK(turns.take(first));
  CHECK_FALSE(turns.take(second));
  CHECK_FALSE(second.wait(std::chrono::milliseconds(0)));
  turns.give_back();
  CHECK(second.wait(std::chrono::milliseconds(0)));
  CHECK(turns.take(second));
  CHECK_FALSE(turns.take(first));
}

// How many records two workers read, each its own files.
std::size_t read_by_workers(std::vector<std::unique_ptr<SplitReader>> readers,
                            const std::array<Waker, 2>& wakers) {
  std::array<std::size_t, 2> rows{};
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    workers.emplace_back([&, worker] {
      while (true) {
        bool ended = true;
        bool any = false;
        for (std::size_t i = worker; i < readers.size(); i += 2) {
          RecordBatch batch;
          const auto fetched = readers[i]->fetch(batch, 3, 1000);
          if (!fetched) return;
          rows[worker] += batch.records.size();
          ended = ended && fetched->state == FetchState::kEnd;
          any = any || fetched->state == FetchState::kRecords;
        }
        if (ended) return;
        if (!any && !wakers[worker].wait(std::chrono::seconds(20))) return;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  return rows[0] + rows[1];
}

TEST_CASE("file: two workers share the turns of their files", "[file]") {
  const Folder folder;
  for (int i = 0; i < 40; ++i) folder.write(std::to_string(i), "1\n2\n3\n4\n5\n");
  Job job({.index = {},
           .name = "in",
           .path = "*",
           .directory = folder.path(),
           .framing = framing_of(Format::kText, {}),
           .files_max = 1});
  REQUIRE(job.start());
  const std::array<Waker, 2> wakers{std::move(*Waker::open()), std::move(*Waker::open())};
  std::vector<SplitAssignment> assignments;
  std::vector<const Waker*> woken;
  for (const auto& [split, position] : job.positions()) {
    woken.push_back(&wakers[assignments.size() % 2]);
    assignments.push_back({{"in", split}, position, {}});
  }
  auto readers = job.source().assign(assignments, woken);
  REQUIRE(readers);
  CHECK(read_by_workers(std::move(*readers), wakers) == 200);
}

}  // namespace
}  // namespace weir::file::test
