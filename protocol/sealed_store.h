// A Store in which every record is sealed under the vault's keys, over any other Store.
//
// value on disk = version u8 (1) ‖ nonce[24] ‖ XChaCha20-Poly1305(record key, nonce, AAD, value),
// where AAD = table u8 ‖ key ‖ version: a flipped bit is found, and a record cannot be moved to
// another key or table. The record key of a table is HKDF(tier key, label ‖ table). Keys of rows
// are left as they are: they hold random ids, hashes and positions only.
//
// Tables of the reader tier answer Code::locked (caller) while the reader key is absent. A record
// that does not open is Code::store_corrupt (environment) for that record alone: others stay
// readable.
#pragma once

#include "protocol/crypto.h"
#include "protocol/ports.h"

namespace hamroh {

enum class Tier : std::uint8_t { node = 1, reader = 2 };
[[nodiscard]] constexpr Tier tier_of(Table table) {
  switch (table) {
    case Table::reader_secret:
    case Table::message:
    case Table::body:
    case Table::case_event:
    case Table::proof:
    case Table::conflict:
    case Table::case_key:
    case Table::access:
    case Table::erased:
    case Table::task:
    case Table::tier:
    case Table::service:
    case Table::due:
    case Table::escalation:
    case Table::chunk:
    case Table::attachment:
    case Table::chunk_leaf:
      return Tier::reader;
    default:
      return Tier::node;
  }
}

class SealedStore final : public Store {
 public:
  // `nonces` draws the nonces; both borrowed objects must outlive this one. A value may have at
  // most 1 MiB less 41 bytes (record_bounds.h).
  SealedStore(Store& inner, Entropy& nonces, const SymmetricKey& node_key);
  ~SealedStore() override;
  void unlock(const SymmetricKey& reader_key);
  void lock();  // wipes the reader tier's keys
  [[nodiscard]] bool unlocked() const;
  [[nodiscard]] Result<std::unique_ptr<Transaction>> begin() override;

 private:
  friend class SealedTransaction;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
