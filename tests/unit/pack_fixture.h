// The jurisdiction pack of deploy/packs/example: every clock set, three of five votes on a status,
// two of three on an appeal; a fund with one holder up to 500.00, two up to 2,000.00, and 1,500.00
// in a day for each.
#pragma once

#include <fstream>
#include <sstream>

#include "protocol/types.h"

namespace hamroh::pack_fixture {

inline Bytes example_pack() {
  std::ifstream file(HAMROH_SOURCE "/deploy/packs/example/pack.toml");
  std::ostringstream words;
  words << file.rdbuf();
  const std::string all = words.str();
  return {all.begin(), all.end()};
}

}  // namespace hamroh::pack_fixture
