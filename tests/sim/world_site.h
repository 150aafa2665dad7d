// What world.cc and world_checks.cc share: one member's machine, and how it is asked.
#pragma once

#include <utility>

#include "tests/sim/world.h"

namespace hamroh::sim {

// Stands in every body; no byte of a disk or of a wire may show it.
inline constexpr std::string_view canary_prefix = "CANARY-";

// Queries need a turn of their own, which is thrown away.
template <class Value, class Ask>
Result<Value> ask(Store& store, Timestamp now, Duration monotonic, Entropy& entropy, Ask&& query) {
  auto transaction = store.begin();
  if (!transaction) {
    return tl::unexpected(transaction.error());
  }
  Effects effects;
  Turn turn{now, monotonic, **transaction, entropy, effects};
  return query(turn);
}

struct World::Site {
  explicit Site(Random random)
      : entropy(random.fork()),
        nonces(random.fork()),
        node_key(SymmetricKey::make([&](auto raw) { entropy.fill(raw); })),
        reader_key(SymmetricKey::make([&](auto raw) { entropy.fill(raw); })) {}

  std::string name;
  MemberKind kind{};
  MemberId id;
  MemoryStore disk;
  SeededEntropy entropy;
  SeededEntropy nonces;
  SymmetricKey node_key;
  SymmetricKey reader_key;
  std::unique_ptr<SealedStore> store;
  std::optional<Node> node;
  std::optional<WriteAnchor> anchor;
  std::int64_t wall_offset_ms = 0;
  bool locked = false;
  bool stays_down = false;   // its disk is beyond use
  bool rolled_back = false;  // an old image was restored: it must notice by itself
  bool lied = false;
  std::optional<MemoryStore::Rows> image;
  std::uint64_t image_size = 0;  // of its ledger
  bool lost_entries = false;     // the old image did not have all of them
  std::uint64_t committed_size = 0;
  Digest committed_root;
  std::uint64_t directory_version = 0;
  // What its ledger says of messages, read from its entries as they come: author and id to the
  // time of `opened`.
  std::map<std::pair<MemberId, MessageId>, Timestamp> opened;
  std::uint64_t examined = 0;  // entries
  std::optional<std::uint64_t> too_many_keys_since;
  std::optional<std::uint64_t> next_tick;
};

}  // namespace hamroh::sim
