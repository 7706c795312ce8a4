#include "connectors/kafka/record_marks.h"

namespace weir::kafka {
namespace {

// Of the 64 bits: 65,535 splits, and offsets for 8,900 years at a thousand a second.
constexpr unsigned kOffsetBits = 48;
constexpr std::uint64_t kOffsetsMax = std::uint64_t{1} << kOffsetBits;
constexpr std::uint64_t kOriginsMax = (std::uint64_t{1} << (64 - kOffsetBits)) - 1;
static_assert(sizeof(void*) == sizeof(std::uint64_t));

}  // namespace

std::uint64_t RecordMarks::number_of(const std::shared_ptr<const Origin>& origin) {
  if (!origin) return 0;
  const MutexLock lock(mutex_);
  const Split split{origin->source, origin->split};
  if (const auto known = numbers_.find(split); known != numbers_.end()) return known->second;
  if (origins_.size() >= kOriginsMax) return 0;
  origins_.push_back(origin);
  return numbers_[split] = origins_.size();
}

void* RecordMarks::mark(std::uint64_t origin, std::int64_t offset) {
  const auto place = static_cast<std::uint64_t>(offset);
  if (origin == 0 || place >= kOffsetsMax) return nullptr;
  return reinterpret_cast<void*>(origin << kOffsetBits | place);
}

std::string RecordMarks::record_of(const void* mark) const {
  const auto bits = reinterpret_cast<std::uint64_t>(mark);
  const MutexLock lock(mutex_);
  const std::uint64_t number = bits >> kOffsetBits;
  if (number == 0 || number > origins_.size()) return {};
  const Origin& origin = *origins_[number - 1];
  const std::size_t source = origin.source.value();
  return (source < sources_.size() ? sources_[source] + "/" : std::string()) + origin.split + "@" +
         std::to_string(bits % kOffsetsMax);
}

}  // namespace weir::kafka
