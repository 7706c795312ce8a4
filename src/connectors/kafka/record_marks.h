#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "data/record.h"

namespace weir::kafka {

/// Input records as eight bytes that go through librdkafka with the rows made of them, as a
/// message's opaque, so that a delivery report can name the record of a row that was refused.
///
/// Owned by a producer. Thread: any; locks inside.
class RecordMarks {
 public:
  /// `sources`: their names in the job file, by SourceIndex.
  explicit RecordMarks(std::vector<std::string> sources) : sources_(std::move(sources)) {}

  /// A number for the split of `origin`, the same for each origin of it; 0, which marks nothing,
  /// for none and when there are too many.
  std::uint64_t number_of(const std::shared_ptr<const Origin>& origin) WEIR_EXCLUDES(mutex_);
  /// Null, which says nothing, for origin 0 and for an offset that does not fit.
  static void* mark(std::uint64_t origin, std::int64_t offset);
  /// "clicks/t/0@17"; empty for null.
  std::string record_of(const void* mark) const WEIR_EXCLUDES(mutex_);

 private:
  const std::vector<std::string> sources_;
  mutable Mutex mutex_;  // workers ask for numbers, the poller for records
  using Split = std::pair<SourceIndex, std::string_view>;  // of origins_
  std::map<Split, std::uint64_t> numbers_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Origin>> origins_ WEIR_GUARDED_BY(mutex_);  // number - 1
};

}  // namespace weir::kafka
