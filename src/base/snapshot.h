#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace weir {

/// The other way threads meet: status comes out, whole and consistent.
///
/// Thread: any; the last published value wins.
template <class T>
class Snapshot {
 public:
  void publish(T value) { value_.store(std::make_shared<const T>(std::move(value))); }
  /// Null before the first publish.
  std::shared_ptr<const T> read() const { return value_.load(); }

 private:
  std::atomic<std::shared_ptr<const T>> value_;
};

}  // namespace weir
