// The ledger of a node: what an entry is, and the append-only Merkle log that keeps them.
//
// An entry is laid by hand, fixed size, big-endian, and holds no personal data:
//   label "hamroh/entry/1\0" ‖ kind u8 ‖ code u16 ‖ time u64 ‖ directory version u64 ‖ salt[16] ‖
//   subject[32] ‖ detail[32]
// Its RFC 6962 leaf hash is its place in the tree.
//
// On disk (tables ledger, ledger_node): one packed row per turn, keyed by its first index, and the
// roots of full subtrees of 256, 65,536, … leaves. Appending costs O(log n) time, and memory does
// not grow with the ledger: the newest tile of each level and a bounded cache of recent tiles stay.
//
// A turn appends with `append`, then calls `flush` once before the commit. If the transaction then
// fails, the object is ahead of the disk and must be thrown away and loaded again.
#pragma once

#include <map>

#include "protocol/ports.h"
#include "protocol/proof.h"

namespace hamroh {

enum class EntryKind : std::uint8_t {
  sent = 1,         // subject: message digest; detail: zero. Author key only
  opened = 2,       // subject: message digest; opened, verified and applied
  refused = 3,      // subject: message digest (or envelope digest while locked); code says why
  expired = 4,      // subject: message digest
  unsupported = 5,  // subject: message digest
  held = 6,         // subject: envelope digest; kept sealed while the vault is locked
  settled = 7,      // own message settled; code: outcome; detail: leaf hash of the peer's receipt
  session = 8,      // start, lock or unlock; subject: public key that signs from here on
  directory = 9,    // a directory was accepted; subject: its hash
  key_sheet = 10,   // own key sheet published; subject: its hash
  keys_destroyed = 11,  // an epoch's private half was destroyed; subject: hash of the key id
  conflict = 12,        // evidence kept; subject: digest of the conflicting message
  fork_seen = 13,       // two signed statements exclude one another; detail: hash of the evidence
  stored = 14,    // own message; the peer holds it sealed; detail: leaf hash of its `held` receipt
  returned = 15,  // own message for a member that was revoked; code says why
  redelivered = 16,   // own message again to a new incarnation; detail: leaf of the old receipt
  constitution = 17,  // taken over; subject: its hash
  suspension = 18,    // a statement taken over; subject: SHA-256 of the file
  rotation = 19,      // a member's new keys taken over; subject: SHA-256 of the file
  // What people of this organisation did; subject: a salted commitment (protocol/access.h), which
  // only the organisation can open, and nobody once the case is erased.
  read = 20,         // somebody opened a case
  break_glass = 21,  // somebody opened a case that is not hers, with a reason
  reviewed = 22,     // a second person has looked at that, or agreed to something; code: how
  exported = 23,     // a case left the system as a file
  unusual_reading = 24,
  assigned = 25,      // a case was given to users or a team
  erased = 26,        // a case; subject: SHA-256 of the certificate
  erasure_told = 27,  // another member's certificate; subject: SHA-256 of it
  user_changed = 28,  // an account; subject: commitment to the account's new state
  backup_made = 29,   // subject: SHA-256 of its statement, see backup.h
  upgraded = 30,      // the store's format; code: zero
  voted = 33,         // a commissioner signed a decision on a status; commitment as above
  reminded = 36,  // half of a clock's time is over; subject: digest of the event that started it
  // Reserved, so that later nodes can use them without a new wire version.
  dummy = 240,
  witness = 241,
};
[[nodiscard]] const char* entry_kind_name(EntryKind kind);  // "unknown" for unlisted values

struct Entry {
  static constexpr std::size_t encoded_size = 15 + 1 + 2 + 8 + 8 + 16 + 32 + 32;  // 114 bytes

  EntryKind kind{};
  Code code = Code::none;
  Timestamp time;
  std::uint64_t directory_version = 0;
  Salt salt;
  Digest subject;
  Digest detail;
  bool operator==(const Entry&) const = default;

  [[nodiscard]] std::array<std::uint8_t, encoded_size> encode() const;
  // Exactly encoded_size bytes with the label; an unlisted kind is kept as it is.
  [[nodiscard]] static Result<Entry> parse(ByteView bytes);
  [[nodiscard]] Digest leaf() const;
};

// What an entry is about, kept beside it and never hashed: ids only.
struct EntryReference {
  MemberId peer;    // the other side; zero if none
  MemberId author;  // of the message; zero if none
  MessageId message;
  bool operator==(const EntryReference&) const = default;
};

struct LedgerRecord {
  std::uint64_t index = 0;
  Entry entry;
  EntryReference reference;
};

class Ledger {
 public:
  // Reads O(256 · levels) rows, whatever the size. Errors: environment (store_corrupt) if the rows
  // do not join without gap.
  [[nodiscard]] static Result<Ledger> load(Transaction& store);

  [[nodiscard]] std::uint64_t size() const;  // with what was appended in this turn
  [[nodiscard]] Digest root() const;
  [[nodiscard]] const CompactRange& compact_range() const;

  std::uint64_t append(const Entry& entry, const EntryReference& reference);  // returns its index
  // Records appended since the last flush, oldest first.
  [[nodiscard]] std::span<const LedgerRecord> unflushed() const;
  [[nodiscard]] Status flush(Transaction& store);

  // Works for unflushed entries too. Absent beyond the end.
  [[nodiscard]] Result<std::optional<LedgerRecord>> read(Transaction& store,
                                                         std::uint64_t index) const;
  // Visits [from, size) of the flushed and unflushed records until the visitor returns false.
  [[nodiscard]] Status scan(Transaction& store, std::uint64_t from,
                            const std::function<bool(const LedgerRecord&)>& visit) const;
  // Root of the first `size` leaves. size <= size().
  [[nodiscard]] Result<CompactRange> range_at(Transaction& store, std::uint64_t size) const;
  // Multiproof hashes (proof.h) for sorted, distinct indices in the tree of `size` over
  // `base_size`.
  [[nodiscard]] Result<std::vector<Digest>> prove(Transaction& store, std::uint64_t size,
                                                  std::uint64_t base_size,
                                                  std::span<const std::uint64_t> indices) const;
  // Recomputes everything from the entries; environment (store_corrupt) with the first bad row.
  [[nodiscard]] Status verify(Transaction& store) const;

 private:
  struct State;
  std::unique_ptr<State> state_;

 public:
  Ledger();
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();
};

}  // namespace hamroh
