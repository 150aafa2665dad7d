// A key for each case, so that a case can be erased for good: what is sealed under its key goes
// with the key, wherever a copy of the row has stayed.
//
//   erasure key → group keys → case keys → what tells of the person
//
// Each case has a *place*: a number that rises in the order in which this node first heard of the
// cases. Neighbours share a group key, so that destroying one key means wrapping at most 255
// others again, and no key lies behind a random index.
//
// Rows, hand-laid, big-endian; W = nonce[24] ‖ XChaCha20-Poly1305(key above, nonce, AAD, keys):
//   Table::reader_secret 'g'             version u8 (1) ‖ erasure key[32]
//   Table::reader_secret 'g' ‖ block u32 version u8 (1) ‖ W of up to 128 group keys of 32 bytes,
//                                        AAD = L(case-key) ‖ 'g' ‖ block
//   Table::case_key place u64            version u8 (1) ‖ case id[16] ‖ W of the case key,
//                                        AAD = L(case-key) ‖ 'k' ‖ case id ‖ place u64
// What is sealed for a case, in any table, is
//   version u8 (193) ‖ place u64 ‖ nonce[24] ‖ XChaCha20-Poly1305(case key, nonce, AAD, content),
//   AAD = L(case-key) ‖ 's' ‖ table u8 ‖ version u8 ‖ place u64 ‖ row key
// and the SealedStore seals it once more. No row of before began with 193.
//
// `destroy` erases the key's row, rolls its group's key and the erasure key, and wraps all that
// survives again, in the caller's transaction: so an old wrap that has stayed anywhere opens with
// nothing that is left. If the transaction then fails, the object is ahead of the disk and must be
// thrown away, like every part of a Node.
//
// Errors: environment (store_corrupt) for rows that do not open; Code::erased (caller) for what is
// sealed under a key that is gone; Code::full (caller) past groups_max groups.
#pragma once

#include "protocol/constants.h"
#include "protocol/crypto.h"
#include "protocol/ports.h"

namespace hamroh {

class CaseKeys {
 public:
  static constexpr std::uint64_t group_cases = 256;
  static constexpr std::size_t block_groups = 128;
  static constexpr std::size_t groups_max = 65'536;  // 16 million cases, 2 MiB of keys in memory
  static constexpr std::uint8_t sealed_version = 193;

  // Reads the erasure key and the group keys; makes the first in a store that has none. Needs the
  // reader tier.
  [[nodiscard]] static Result<CaseKeys> load(Turn& turn);

  // Gives a new case a place and a key. Nothing was written if it fails with Code::full.
  [[nodiscard]] Result<std::uint64_t> make(const CaseId& id, Turn& turn);
  [[nodiscard]] bool full() const { return next_place_ >= groups_max * group_cases; }
  [[nodiscard]] Status destroy(std::uint64_t place, Turn& turn);

  // What a row of that table and key holds for the case at that place.
  [[nodiscard]] Result<Bytes> seal(std::uint64_t place, Table table, ByteView row, ByteView content,
                                   Turn& turn) const;
  struct Opened {
    std::uint64_t place = 0;
    Bytes content;
  };
  [[nodiscard]] Result<Opened> open(Table table, ByteView row, ByteView stored, Turn& turn) const;
  [[nodiscard]] static bool is_sealed(ByteView stored) {
    return !stored.empty() && stored[0] == sealed_version;
  }
  // Under whose key it is sealed; nothing if it is not.
  [[nodiscard]] static std::optional<std::uint64_t> place_in(ByteView stored);

 private:
  // The keys used last: a small table in which a place has one slot only.
  struct Slot {
    std::optional<std::uint64_t> place;
    SymmetricKey key;
  };
  static constexpr std::size_t slots = 256;

  CaseKeys();
  [[nodiscard]] Result<const SymmetricKey*> key_of(std::uint64_t place, Turn& turn) const;
  [[nodiscard]] Status add_group(Turn& turn);
  [[nodiscard]] Status put_erasure_key(Turn& turn) const;
  [[nodiscard]] Status put_block(std::size_t block, Turn& turn) const;
  [[nodiscard]] Status take_block(std::size_t block, ByteView row);
  [[nodiscard]] Bytes wrapped(std::uint64_t place, const CaseId& id, const SymmetricKey& key,
                              Turn& turn) const;

  SymmetricKey erasure_;
  std::vector<SymmetricKey> groups_;
  std::uint64_t next_place_ = 0;
  mutable std::vector<Slot> recent_;
};

}  // namespace hamroh
