// What world.cc and world_checks.cc share: one member's machine, and how it is asked.
#pragma once

#include <utility>

#include "tests/sim/world.h"

namespace hamroh::sim {

// Stands in every body; no byte of a disk or of a wire may show it.
inline constexpr std::string_view canary_prefix = "CANARY-";
// Stands in a field of a later tier; a number of fixed length follows.
inline constexpr std::string_view field_canary_prefix = "CANARY-FIELD-";
inline constexpr std::size_t field_canary_digits = 16;

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
  std::uint64_t clock_moved = 0;  // when
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
  std::uint64_t constitution_version = 0;
  // What its ledger says of messages, read from its entries as they come, by author and id: where
  // `opened` stands first, and where last (under a newer signature).
  struct Places {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  using Key = std::pair<MemberId, MessageId>;
  std::map<Key, Places> opened;
  std::set<CaseId> erased;                            // as its ledger says
  std::set<CaseId> erased_before;                     // in ledgers of lost incarnations
  std::set<Key> opened_before;                        // in ledgers of lost incarnations
  std::set<Key> judged;                               // with any outcome
  std::set<std::pair<MemberId, MessageId>> returned;  // own messages, by the revoked recipient
  std::uint64_t examined = 0;                         // entries
  std::uint32_t incarnation = 1;
  std::set<AuthorKey> author_keys;            // all that were ever its own
  TransportKey transport;                     // with which its link runs
  bool superseded = false;                    // its keys were not the listed ones, and it stopped
  std::optional<Bytes> newest_rotation;       // not in the directory yet
  std::vector<std::uint64_t> epochs_retired;  // when it made all its epoch keys anew
  std::set<MemberId> suspended;               // as it knew before this turn, and knows
  Digest membership;                          // what `replayed` was made of
  std::optional<Membership> replayed;
  std::optional<std::uint64_t> suspensions_differ_since;
  std::optional<Digest> side;  // of a split network
  std::optional<std::uint64_t> too_many_keys_since;
  std::optional<std::uint64_t> next_tick;
  // The model of its people: to whom which case is given, who has left, and what was looked at.
  struct People {
    struct Given {
      std::string team = "intake";
      std::set<UserId> to;
    };
    std::map<CaseId, Given> given;
    std::set<UserId> gone;
    std::map<std::pair<UserId, CaseId>, std::uint64_t> looked;  // when that was to be entered last
    std::uint64_t readings = 0;
    std::uint64_t entered = 0;  // in its ledger
  };
  People people;
  People image_people;            // as they were when the image was kept
  std::uint64_t bodies_read = 0;  // rows of Table::body below that were looked at for canaries
  std::set<Digest> chunks_checked;
  std::map<std::uint64_t, Bytes> said_of_services;     // by serial
  std::map<MemberId, std::uint64_t> services_serials;  // the newest that it knew
  // The last statement about consent that it has made or opened, by case.
  std::map<CaseId, std::pair<EventKind, MessageId>> heard_of_consent;
  std::set<Key> spoken;  // messages whose first entry was looked at
};

}  // namespace hamroh::sim
