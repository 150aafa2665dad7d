// What a node keeps, as somebody who holds all its keys would read it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/case_keys.h"
#include "protocol/ports.h"

namespace hamroh {

// Every row as it is stored, and what those of the first case say under its key.
inline std::string everything_of_first_case(Turn& turn) {
  std::string all;
  const CaseKeys keys = CaseKeys::load(turn).value();
  for (const Table table : all_tables) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    EXPECT_TRUE(turn.store.scan(
        table, {}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
          rows.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
          return true;
        }));
    for (const auto& [key, value] : rows) {
      all += text(value);
      if (CaseKeys::is_sealed(value) && keys.place_in(value) == 0u) {
        if (const auto opened = keys.open(table, key, value, turn)) {
          all += text(opened->content);
        }
      }
    }
  }
  return all;
}

}  // namespace hamroh
