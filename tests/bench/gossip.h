// `hamroh-bench gossip`: how many rounds a new directory version needs to reach every node.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hamroh::bench {

struct GossipOptions {
  std::size_t nodes = 0;  // 0: the table of 10, 30, 100, 300 and 1,000
  std::size_t links = 4;  // random neighbours of each node, at least
  unsigned loss_percent = 5;
  std::uint64_t seeds = 5;
  bool json = false;
};
int run_gossip(const GossipOptions& options);

}  // namespace hamroh::bench
