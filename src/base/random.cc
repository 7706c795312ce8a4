#include "base/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace weir {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  // Eight bytes are never returned in part once the pool is initialised (getrandom(2)).
  const ssize_t got = getrandom(&value, sizeof value, 0);
  WEIR_CHECK(got == static_cast<ssize_t>(sizeof value), "getrandom(2) gives up to 256 bytes whole");
  return value;
}

}  // namespace weir
