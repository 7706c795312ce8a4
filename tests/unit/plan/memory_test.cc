#include "plan/memory.h"

#include <catch2/catch.hpp>
#include <limits>

namespace weir {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;

TEST_CASE("share_memory: 35, 15, 10 and 25 of a hundred", "[plan]") {
  const MemoryShares shares = share_memory(500 * kMiB);
  CHECK(shares.fetch_bytes == 175 * kMiB);
  CHECK(shares.rows_bytes == 75 * kMiB);
  CHECK(shares.store_bytes == 50 * kMiB);
  CHECK(shares.record_rows_bytes == 125 * kMiB);
}

TEST_CASE("share_memory: the smallest limit of a job file leaves each part room", "[plan]") {
  const MemoryShares shares = share_memory(32 * kMiB);
  CHECK(shares.fetch_bytes == 32 * kMiB / 100 * 35);
  CHECK(shares.rows_bytes == 32 * kMiB / 100 * 15);
  CHECK(shares.store_bytes == 32 * kMiB / 100 * 10);
  CHECK(shares.store_bytes > 3 * kMiB);
}

TEST_CASE("share_memory: no part falls under 1 MiB", "[plan]") {
  const MemoryShares shares = share_memory(4 * kMiB);
  CHECK(shares.fetch_bytes == 4 * kMiB / 100 * 35);
  CHECK(shares.rows_bytes == kMiB);
  CHECK(shares.store_bytes == kMiB);
  CHECK(share_memory(0).fetch_bytes == kMiB);
}

TEST_CASE("share_memory: the parts of any limit are less than the whole", "[plan]") {
  for (const std::uint64_t limit :
       {32 * kMiB, 512 * kMiB, kMiB << 20U, std::numeric_limits<std::uint64_t>::max()}) {
    const MemoryShares shares = share_memory(limit);
    CHECK(shares.fetch_bytes / 2 + shares.rows_bytes / 2 + shares.store_bytes / 2 <
          limit / 100 * 31);
  }
}

}  // namespace
}  // namespace weir
