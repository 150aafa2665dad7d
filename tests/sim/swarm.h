// One run of the simulator from one seed: first anything may happen, then everything heals and
// every message must come to its end.
//
// The seed draws the options as well: which faults there are at all (a swarm of different mixes
// finds more than one mix of everything), how many members, how often each thing happens.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace hamroh::sim {

struct Mix {
  std::uint64_t seed = 0;
  std::uint64_t steps = 0;
  WorldOptions world;
  std::vector<std::string> faults;  // names of what may happen, beside people's work
  [[nodiscard]] std::string describe() const;
};
[[nodiscard]] Mix draw_mix(std::uint64_t seed, std::uint64_t steps);

struct Outcome {
  std::string broken;  // empty: every check held
  Digest trace;
  std::uint64_t steps = 0;
  std::uint64_t submitted = 0;
  std::uint64_t opened = 0;
};
[[nodiscard]] Outcome run(const Mix& mix);

}  // namespace hamroh::sim
