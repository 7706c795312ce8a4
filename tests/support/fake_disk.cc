#include "support/fake_disk.h"

#include <utility>

namespace weir::test {

void FakeDisk::write(Write write, bool sync) {
  write(now_);
  if (sync) {
    durable_ = now_;
    unsynced_.clear();
  } else {
    unsynced_.push_back(std::move(write));
  }
}

void FakeDisk::lose_power(std::size_t kept) {
  for (std::size_t i = 0; i < kept && i < unsynced_.size(); ++i) unsynced_[i](durable_);
  unsynced_.clear();
  now_ = durable_;
}

}  // namespace weir::test
