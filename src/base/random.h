#pragma once

#include <cstdint>

namespace weir {

/// Where randomness comes in; the simulator brings a seeded one.
///
/// Thread: the owner's; not shared.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  /// Uniform in [0, bound); bound > 0. The bias of the modulus is irrelevant to its uses.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

/// From the kernel's getrandom(2). Thread: any.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace weir
