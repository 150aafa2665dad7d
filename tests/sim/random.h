// The simulator's only source of chance: splitmix64 (Steele, Lea, Flood 2014), so that a seed gives
// the same run on every machine.
#pragma once

#include "protocol/ports.h"

namespace hamroh::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // In [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // True once in `times`; never for 0.
  bool once_in(std::uint64_t times) { return times != 0 && below(times) == 0; }
  template <class Item>
  const Item& pick(const std::vector<Item>& items) {
    return items[below(items.size())];
  }
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(Random random) : random_(random) {}
  void fill(std::span<std::uint8_t> out) override {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      word = i % 8 == 0 ? random_.next() : word >> 8U;
      out[i] = static_cast<std::uint8_t>(word);
    }
  }

 private:
  Random random_;
};

}  // namespace hamroh::sim
