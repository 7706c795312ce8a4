#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace weir {

/// A number that cannot be mistaken for another kind of number.
template <class Tag, class Rep>
class NamedId {
 public:
  using rep = Rep;
  constexpr NamedId() = default;
  constexpr explicit NamedId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr NamedId next() const { return NamedId(static_cast<Rep>(value_ + 1)); }
  constexpr auto operator<=>(const NamedId&) const = default;

 private:
  Rep value_{};
};

/// N of a lane: 1, 2, 3, ...; 0 is the first claim. Stored as a Kafka offset, hence signed.
using EpochId = NamedId<struct EpochIdTag, std::int64_t>;
/// One try of an epoch, random; 0 is epoch 0's.
using AttemptId = NamedId<struct AttemptIdTag, std::uint64_t>;
/// Made anew, at random, at every claim; 0 is "none".
using OwnerId = NamedId<struct OwnerIdTag, std::uint64_t>;
/// XXH3-64 of an encoded epoch record and its outbox rows.
using Digest = NamedId<struct DigestTag, std::uint64_t>;
/// XXH3-64 of the canonical text of a plan.
using PlanHash = NamedId<struct PlanHashTag, std::uint64_t>;
/// Counts the assignments of one process; batches of an older one are dropped.
using AssignmentId = NamedId<struct AssignmentIdTag, std::uint64_t>;
/// Index of a source in its plan.
using SourceIndex = NamedId<struct SourceIndexTag, std::uint32_t>;
/// Index of a sink in its plan.
using SinkIndex = NamedId<struct SinkIndexTag, std::uint32_t>;
/// Index of a task within its stage: a split's in stage 0, a shard's after it.
using TaskIndex = NamedId<struct TaskIndexTag, std::uint32_t>;

}  // namespace weir

template <class Tag, class Rep>
struct std::hash<weir::NamedId<Tag, Rep>> {
  std::size_t operator()(const weir::NamedId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
