// What Node keeps in the store, row by row, and how each row is laid. Hand-laid, big-endian, each
// with a version byte; SPEC.md section "Store" has the tables. Parsing treats the disk as fallible:
// a row that does not parse is Code::store_corrupt (environment).
#pragma once

#include <vector>

#include "protocol/inbox.h"
#include "protocol/view.h"

namespace hamroh {

// Table::message, key author[16] ‖ message id[16]: guard against doubles, and the state of the
// message.
struct MessageRecord {
  Digest digest;
  CaseId case_id;
  std::uint16_t kind = 0;
  Timestamp created;
  Timestamp expires;
  std::uint64_t index = 0;  // own ledger index of its first `sent` entry, or of its outcome
  EntryKind outcome{};      // sent for own messages; opened, refused … for received ones
  Code code = Code::none;   // why refused
  std::optional<std::uint64_t> body;  // key in Table::body; absent where no inner is kept
  std::vector<Delivery> deliveries;   // own messages only, in the order of the inner's recipients
  bool operator==(const MessageRecord&) const = default;

  [[nodiscard]] static Bytes key(const MemberId& author, const MessageId& message);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<MessageRecord> parse(ByteView bytes);
  [[nodiscard]] MessageView view(const MemberId& author, const MessageId& message,
                                 const MemberId& self) const;
};

enum class CaseDecision : std::uint8_t { none = 0, accepted = 1, declined = 2 };

// Table::case_event, key case id[16] ‖ chunk u16 (0): everything known of one case, ids only.
struct CaseRecord {
  struct Participant {
    MemberId member;
    bool referred_to = false;  // a referral of this case is addressed to it: it may decide
    CaseDecision decision = CaseDecision::none;
    bool operator==(const Participant&) const = default;
  };
  struct CaseEvent {
    MemberId author;
    MessageId message;
    Digest digest;
    std::uint16_t kind = 0;
    Timestamp created;
    bool head = true;           // no known event names it
    std::vector<Digest> heads;  // what it names
    bool operator==(const CaseEvent&) const = default;
  };
  MemberId opener;  // zero while the opening event is missing
  Timestamp opened;
  std::vector<Participant> participants;  // sorted by member
  std::vector<CaseEvent> events;          // in the order of arrival
  std::vector<Digest> missing;            // named as heads, not here; sorted
  bool operator==(const CaseRecord&) const = default;

  [[nodiscard]] static Bytes key(const CaseId& id);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<CaseRecord> parse(ByteView bytes);

  [[nodiscard]] Participant* find(const MemberId& member);
  [[nodiscard]] const Participant* find(const MemberId& member) const;
  Participant& join(const MemberId& member);        // finds or inserts
  [[nodiscard]] std::vector<Digest> heads() const;  // sorted, at most heads_max
  // Adds an event and what follows for heads, gaps, participants and decisions.
  void apply(const Inner& inner, const Digest& digest);
  [[nodiscard]] ReferralState state(const MemberId& self) const;
  // Indices into `events` in topological order of their heads; concurrent ones by time, then
  // digest. The same on every node that has the same events.
  [[nodiscard]] std::vector<std::size_t> order() const;
};

// Table::meta: one row for each directory version that may be passed on, so that a peer that was
// away can be brought up to date.
[[nodiscard]] Bytes directory_version_key(std::uint64_t version);

// Table::peer, key member[16] ‖ 'n'.
struct PeerRecord {
  std::uint32_t incarnation = 0;
  std::optional<Note> note;  // the largest verified
  CompactRange range;        // of note
  Timestamp heard;
  bool operator==(const PeerRecord&) const = default;

  [[nodiscard]] static Bytes key(const MemberId& member);
  [[nodiscard]] static Bytes key_sheet_key(
      const MemberId& member);  // member ‖ 'k': the signed file
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<PeerRecord> parse(ByteView bytes);
};

// Table::pending, key: ledger index of the first message of a turn.
struct PendingRecord {
  std::vector<MessageId> messages;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<PendingRecord> parse(ByteView bytes);
};

// Table::held, key peer[16] ‖ sequence u64.
struct HeldRecord {
  std::uint64_t index = 0;  // own ledger index of the `held` entry
  Digest digest;
  Bytes frame;
  [[nodiscard]] static Bytes key(const MemberId& peer, std::uint64_t sequence);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<HeldRecord> parse(ByteView bytes);
};

// Table::proof, key: own ledger index of the first receipt settled out of one envelope. Enough to
// export every one of them as a proof of its own.
struct ProofRecord {
  Origin origin;
  Note note;
  CompactRange base;
  std::vector<Digest> hashes;
  std::vector<ProvenLeaf> leaves;
  std::vector<std::pair<std::uint64_t, Entry>> receipts;  // index, entry
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<ProofRecord> parse(ByteView bytes);
};

// Table::reader_secret, key 'e' ‖ epoch key id: one epoch key pair of this node.
struct EpochSecret {
  AgreementKey secret;
  EpochKey key;
  Timestamp begins;
  Timestamp ends;
  [[nodiscard]] static Bytes key_of(const EpochKeyId& id);
  [[nodiscard]] Bytes encode() const;  // secret bytes: seal at once
  [[nodiscard]] static Result<EpochSecret> parse(ByteView bytes);
};

}  // namespace hamroh
