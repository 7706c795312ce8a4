#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "connectors/kafka/position.h"
#include "flow/decider.h"
#include "support/fake_cluster.h"

namespace weir::test {

/// A decider around another one that does all as it does; mutants override what they get wrong.
/// Each is a mistake that the tests must find.
class ForwardingDecider : public Decider {
 public:
  explicit ForwardingDecider(std::unique_ptr<Decider> real) : real_(std::move(real)) {}

  Result<DeciderRecord> identify(MonoTime deadline) override { return real_->identify(deadline); }
  Result<> ensure_cell_place(MonoTime deadline) override {
    return real_->ensure_cell_place(deadline);
  }
  CellReading peek(MonoTime deadline) override { return real_->peek(deadline); }
  Result<> fence(MonoTime deadline) override { return real_->fence(deadline); }
  CellReading read_stable(MonoTime deadline) override { return real_->read_stable(deadline); }
  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members,
                                    MonoTime deadline) override {
    return real_->read_mirror(splits, with_members, deadline);
  }
  bool mirror_is_transactional() const override { return real_->mirror_is_transactional(); }
  Result<> begin(EpochId epoch) override { return real_->begin(epoch); }
  Result<Verdict> commit(const Commit& commit) override { return real_->commit(commit); }
  void abort(MonoTime deadline) override { real_->abort(deadline); }
  std::uint64_t doubts() const override { return real_->doubts(); }

 private:
  const std::unique_ptr<Decider> real_;
};

/// Takes a stable read that timed out for "there is none": a running job would begin anew.
class TimeoutIsAbsent final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  CellReading read_stable(MonoTime deadline) override {
    CellReading reading = ForwardingDecider::read_stable(deadline);
    if (reading.state == ReadState::kUnknown) reading.state = ReadState::kAbsent;
    return reading;
  }
  Result<MirrorReading> read_mirror(const std::vector<SplitId>& splits, bool with_members,
                                    MonoTime deadline) override {
    auto reading = ForwardingDecider::read_mirror(splits, with_members, deadline);
    if (!reading) return reading;
    for (MirrorEntry& entry : reading->entries) {
      if (entry.state == ReadState::kUnknown) entry.state = ReadState::kAbsent;
    }
    return reading;
  }
};

/// Goes on with the same producer after a commit, doubt or not.
class NoRotation final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  Result<Verdict> commit(const Commit& commit) override {
    Result<Verdict> verdict = ForwardingDecider::commit(commit);
    decided_ = verdict.has_value();
    return verdict;
  }
  Result<> begin(EpochId epoch) override {
    decided_ = false;
    return ForwardingDecider::begin(epoch);
  }
  Result<> fence(MonoTime deadline) override {
    if (std::exchange(decided_, false)) return {};
    return ForwardingDecider::fence(deadline);
  }

 private:
  bool decided_ = false;  // and nothing has begun since
};

/// Shows the owner of before the fence after it, as a recovery that does not look again would see.
class NoOwnerRecheck final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  CellReading peek(MonoTime deadline) override {
    CellReading reading = ForwardingDecider::peek(deadline);
    peeked_ = reading.cell;
    fenced_ = false;
    return reading;
  }
  Result<> fence(MonoTime deadline) override {
    fenced_ = true;
    return ForwardingDecider::fence(deadline);
  }
  CellReading read_stable(MonoTime deadline) override {
    CellReading reading = ForwardingDecider::read_stable(deadline);
    if (peeked_ && reading.cell && fenced_) reading.cell->owner = peeked_->owner;
    if (fenced_) peeked_.reset();
    return reading;
  }

 private:
  std::optional<Cell> peeked_;
  bool fenced_ = false;  // since the peek
};

/// Takes what it committed for what the cell holds behind the rotation, without looking.
class NoRotationCheck final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  Result<Verdict> commit(const Commit& commit) override {
    Result<Verdict> verdict = ForwardingDecider::commit(commit);
    decided_.reset();
    if (verdict) decided_ = commit.cell;
    return verdict;
  }
  CellReading read_stable(MonoTime deadline) override {
    CellReading reading = ForwardingDecider::read_stable(deadline);
    if (decided_ && reading.state == ReadState::kValue) reading.cell = decided_;
    decided_.reset();
    return reading;
  }
  CellReading peek(MonoTime deadline) override {
    decided_.reset();  // a recovery
    return ForwardingDecider::peek(deadline);
  }

 private:
  std::optional<Cell> decided_;  // and not read back yet
};

/// Epochs carry the owner that the claim found, not the claim's own.
class OldOwner final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  CellReading read_stable(MonoTime deadline) override {
    CellReading reading = ForwardingDecider::read_stable(deadline);
    if (!claimed_) found_ = reading.cell ? reading.cell->owner : OwnerId{};
    return reading;
  }
  CellReading peek(MonoTime deadline) override {
    claimed_ = false;
    return ForwardingDecider::peek(deadline);
  }
  Result<Verdict> commit(const Commit& commit) override {
    Commit sent = commit;
    if (claimed_) sent.cell.owner = found_;
    claimed_ = true;
    return ForwardingDecider::commit(sent);
  }

 private:
  OwnerId found_;
  bool claimed_ = false;  // since the peek
};

/// Cell and rows in one transaction, the mirror in another one (M3).
class MirrorApart final : public ForwardingDecider {
 public:
  using ForwardingDecider::ForwardingDecider;

  Result<Verdict> commit(const Commit& commit) override {
    Result<Verdict> verdict = ForwardingDecider::commit({commit.cell, {}});
    return verdict ? ForwardingDecider::commit(commit) : verdict;
  }
};

/// The mirror holds how far the consumer has fetched, as librdkafka's own store does (M6).
class FetchedPositions final : public ForwardingDecider {
 public:
  FetchedPositions(std::unique_ptr<Decider> real, FakeCluster& cluster)
      : ForwardingDecider(std::move(real)), cluster_(cluster) {}

  Result<Verdict> commit(const Commit& commit) override {
    Commit sent = commit;
    for (auto& [split, position] : sent.mirror) {
      auto decoded = kafka::decode_position(position);
      const FakeLog* log = cluster_.log(*kafka::parse_split(split.split));
      if (!decoded || log == nullptr) continue;
      decoded->next = std::max(decoded->next, log->stable_end());
      position = kafka::encode_position(*decoded);
    }
    return ForwardingDecider::commit(sent);
  }

 private:
  FakeCluster& cluster_;
};

}  // namespace weir::test
