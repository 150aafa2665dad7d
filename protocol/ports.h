// The outside world of the protocol: a transactional store, entropy and effects.
//
// The protocol reads no clock, file, socket or environment. All it knows of the world it gets
// through a Turn, and all it does to the world it says through a Turn's effects, which the runtime
// performs only after the transaction has been committed and synced.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocol/types.h"

namespace hamroh {

// Tables of the store. Values appear on disk: explicit, never reused. "Integer keyed" tables take
// eight-byte big-endian keys (key_u64) only; the others take 1 to 64 bytes. Keys are ordered
// bytewise.
enum class Table : std::uint8_t {
  meta = 1,           // node tier: singletons by short name
  node_secret = 2,    // node tier: transport, receipt and witness keys
  reader_secret = 3,  // reader tier: author key, epoch private keys
  peer = 4,           // node tier: member id -> what is known of that peer
  ledger = 5,         // node tier, integer keyed: first index of a turn -> its packed entries
  ledger_node = 6,    // node tier: level u8 ‖ index u64 -> root of a full subtree
  session_note = 7,   // node tier, integer keyed: first index of a session -> its newest own note
  pending = 8,        // node tier, integer keyed: turns with messages not yet settled
  held = 9,           // node tier: peer ‖ envelope digest -> envelope kept while locked
  message = 10,       // reader tier: author ‖ message id -> guard and state
  body = 11,          // reader tier, integer keyed: inner bytes
  case_event = 12,    // reader tier: case id ‖ chunk u16 -> packed events
  proof = 13,     // reader tier, integer keyed: proofs received, by the ledger index of settling
  conflict = 14,  // reader tier: author ‖ message id -> the other inner, as evidence
  user = 15,      // node tier: user id -> account
  case_key = 16,  // reader tier, integer keyed: place of a case -> its wrapped key
  access = 17,    // reader tier: case id ‖ own ledger index -> who saw it, opening a commitment
  erased = 18,    // reader tier: case id -> what is left of an erased case
  task = 19,      // reader tier: task id -> what waits for a second person
  pack = 20,      // node tier: SHA-256 -> jurisdiction pack
  tier = 21,      // reader tier: what of own referrals is disclosed later, and where that is due
  // Reader tier: member id -> the services that it gives. No word of a person, but where shelters
  // are is what somebody looks for who takes the machine away.
  service = 22,
  chunk = 23,       // reader tier, integer keyed: sealed chunks of attachments
  attachment = 24,  // reader tier: what is known of attachments, and what is still to do for them
  chunk_leaf = 25,  // reader tier, integer keyed: the leaf of each chunk that is here
};
inline constexpr std::array all_tables{
    Table::meta,      Table::node_secret, Table::reader_secret, Table::peer,
    Table::ledger,    Table::ledger_node, Table::session_note,  Table::pending,
    Table::held,      Table::message,     Table::body,          Table::case_event,
    Table::proof,     Table::conflict,    Table::user,          Table::case_key,
    Table::access,    Table::erased,      Table::task,          Table::pack,
    Table::tier,      Table::service,     Table::chunk,         Table::attachment,
    Table::chunk_leaf};

[[nodiscard]] constexpr bool is_integer_keyed(Table table) {
  return table == Table::ledger || table == Table::session_note || table == Table::pending ||
         table == Table::body || table == Table::proof || table == Table::case_key ||
         table == Table::chunk || table == Table::chunk_leaf;
}

class Transaction {
 public:
  virtual ~Transaction() = default;  // rolls back what was not committed

  [[nodiscard]] virtual Result<std::optional<Bytes>> get(Table table, ByteView key) = 0;
  // Inserts or replaces.
  [[nodiscard]] virtual Status put(Table table, ByteView key, ByteView value) = 0;
  // Erasing what is absent is no error.
  [[nodiscard]] virtual Status erase(Table table, ByteView key) = 0;
  // Visits keys in [from, until) in order, or in reverse order; an empty `until` means no upper
  // end. The visitor returns false to stop. It must not use the transaction; the views end with the
  // call.
  enum class Order : std::uint8_t { ascending, descending };
  using Visitor = std::function<bool(ByteView key, ByteView value)>;
  [[nodiscard]] virtual Status scan(Table table, ByteView from, ByteView until, Order order,
                                    const Visitor& visit) = 0;
  // Durable when it returns. After an error nothing of the transaction has happened.
  [[nodiscard]] virtual Status commit() = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // One transaction at a time; beginning a second one is a bug.
  [[nodiscard]] virtual Result<std::unique_ptr<Transaction>> begin() = 0;
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  template <class Fixed>
  [[nodiscard]] Fixed draw() {
    Fixed value;
    fill(value.bytes);
    return value;
  }
};

// Something a client may want to hear of: one ledger entry of this node, with what it is about.
// `index` is the ledger index and thereby the cursor of the event stream.
struct Event {
  std::uint64_t index = 0;
  std::uint8_t kind = 0;  // EntryKind
  Code code = Code::none;
  Timestamp time;
  MemberId peer;  // the other side; zero if none
  MemberId author;
  MessageId message;  // zero if none
  bool operator==(const Event&) const = default;
};

// What a turn wants done once it is durable, in order.
struct SendFrame {
  MemberId peer;
  Bytes frame;
};
struct Notify {
  Event event;
};
struct EndSessions {  // the link shall close every connection of this peer
  MemberId peer;
};
struct WriteAnchor {  // outside the database, after the commit
  std::uint64_t size = 0;
  Digest root;
};

struct Effects {
  std::vector<SendFrame> frames;
  std::vector<Notify> notices;
  std::vector<EndSessions> ended;
  bool peers_changed = false;      // who may be reached, or where: the link must be told
  bool transport_changed = false;  // the link must begin again with the new transport key
  std::optional<WriteAnchor> anchor;
  // Something was erased: the store's log must be emptied before anybody is told, because it holds
  // the rows of before.
  bool truncate_log = false;
};

// One step of a node. `monotonic` never goes back while the process lives and starts anywhere.
struct Turn {
  Timestamp now;
  Duration monotonic;
  Transaction& store;
  Entropy& entropy;
  Effects& effects;
};

}  // namespace hamroh
