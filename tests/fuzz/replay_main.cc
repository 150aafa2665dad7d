// Runs one fuzz target without libFuzzer: its seeds, everything cut short or changed in one place,
// and then random mixtures, always the same ones. With file names it runs those files instead, for
// example a crash that libFuzzer kept.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "protocol/crypto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/random.h"

namespace {

using namespace hamroh;

Bytes mutated(const std::vector<Bytes>& seeds, sim::Random& random) {
  Bytes out = seeds[random.below(seeds.size())];
  for (std::uint64_t change = 0; change <= random.below(4); ++change) {
    const auto at = [&] { return static_cast<std::ptrdiff_t>(random.below(out.size() + 1)); };
    switch (random.below(5)) {
      case 0:
        out.insert(out.begin() + at(), static_cast<std::uint8_t>(random.next()));
        break;
      case 1:
        out.resize(static_cast<std::size_t>(at()));
        break;
      case 2: {  // part of another seed in the middle
        const Bytes& other = seeds[random.below(seeds.size())];
        const auto from = static_cast<std::ptrdiff_t>(random.below(other.size() + 1));
        out.insert(out.begin() + at(), other.begin() + from, other.end());
        break;
      }
      case 3:
        if (!out.empty()) {
          out[random.below(out.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
        }
        break;
      default:
        if (!out.empty()) {
          constexpr std::array<std::uint8_t, 5> edges{0, 1, 0x7F, 0x80, 0xFF};
          out[random.below(out.size())] = edges[random.below(edges.size())];
        }
    }
  }
  return out;
}

int replay_files(int count, char** names) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", names[i]);
      return 2;
    }
    const std::vector<char> raw{std::istreambuf_iterator<char>(file), {}};
    fuzz::run({reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
  }
  return 0;
}

}  // namespace

int main(int count, char** values) {
  CHECK(crypto::start());
  if (count > 1) {
    return replay_files(count, values);
  }
  const std::vector<Bytes> seeds = fuzz::seeds();
  CHECK(!seeds.empty());
  const char* wanted = std::getenv("HAMROH_FUZZ_RUNS");  // fewer, for a slow target
  const std::uint64_t mixtures = wanted == nullptr ? 5'000 : std::strtoull(wanted, nullptr, 10);
  std::uint64_t runs = 0;
  for (const Bytes& seed : seeds) {
    fuzz::run(seed);
    const std::size_t stride = 1 + seed.size() / (mixtures + 1);
    for (std::size_t at = 0; at < seed.size(); at += stride) {
      fuzz::run(ByteView(seed).first(at));
      Bytes changed = seed;
      changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
      fuzz::run(changed);
      runs += 2;
    }
  }
  sim::Random random(1);
  for (std::uint64_t i = 0; i < mixtures; ++i) {
    fuzz::run(mutated(seeds, random));
  }
  std::printf("%zu seeds, %llu runs\n", seeds.size(),
              static_cast<unsigned long long>(runs + mixtures));
  return 0;
}
