// What Node keeps in the store, row by row, and how each row is laid. Hand-laid, big-endian, each
// with a version byte; SPEC.md section "Store" has the tables. Parsing treats the disk as fallible:
// a row that does not parse is Code::store_corrupt (environment).
#pragma once

#include <vector>

#include "protocol/disclosure.h"
#include "protocol/inbox.h"
#include "protocol/rights.h"
#include "protocol/view.h"

namespace hamroh {

// Rows of which there is one: Table::meta, and the secrets of the two tiers.
namespace row {
inline const Bytes identity{'i', 'd'};
inline const Bytes clock{'c', 'l', 'o', 'c', 'k'};
inline const Bytes backups{'b', 'a', 'c', 'k', 'u', 'p', 's'};  // until when one may open, u64
// This store came out of a backup, whose statement stands here: no node starts on it before it has
// come back as the next incarnation.
inline const Bytes restored{'r', 'e', 's', 't', 'o', 'r', 'e', 'd'};
// version u8 (1) ‖ u64: the position of the last return. Until the new incarnation is admitted, the
// member may return once more, as if the last time had not been.
inline const Bytes returned{'r', 'e', 't', 'u', 'r', 'n', 'e', 'd'};
inline const Bytes own_sheet{'s', 'h', 'e', 'e', 't'};
inline const Bytes waiting_rotation{'w', 'a', 'i', 't', 's'};
inline const Bytes transport{'t', 'r', 'a', 'n', 's', 'p', 'o', 'r', 't'};
inline const Bytes receipt{'r', 'e', 'c', 'e', 'i', 'p', 't'};
inline const Bytes witness{'w', 'i', 't', 'n', 'e', 's', 's'};
inline const Bytes pseudonyms{'p', 's', 'e', 'u', 'd', 'o', 'n', 'y', 'm', 's'};
inline const Bytes author{'a', 'u', 't', 'h', 'o', 'r'};
// Table::meta: how far cases have keys of their own; see LayoutRecord.
// Table::meta: from which case on clocks are to be set, because a pack has come; else no such row.
inline const Bytes clocks{'c', 'l', 'o', 'c', 'k', 's'};
inline const Bytes layout{'l', 'a', 'y', 'o', 'u', 't'};
// The same while a rotation waits for its turn.
[[nodiscard]] inline Bytes next(Bytes key) {
  key.push_back('+');
  return key;
}
// Table::meta: a public key of this node that signed notes before the present ones.
[[nodiscard]] Bytes past_key(ByteView key);
}  // namespace row

// Table::message, key author[16] ‖ message id[16]: guard against doubles, and the state of the
// message. Of an erased case only the guard is left: digest, index and outcome.
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

  [[nodiscard]] bool erased() const { return case_id.is_zero(); }
  void shrink_to_guard();

  [[nodiscard]] static Bytes key(const MemberId& author, const MessageId& message);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<MessageRecord> parse(ByteView bytes);
  [[nodiscard]] MessageView view(const MemberId& author, const MessageId& message,
                                 const MemberId& self) const;
};

// What one case may grow to; below what a store takes, because what is sealed is longer.
inline constexpr std::size_t case_record_bytes_max = 1024 * 1024 - 1024;

// What an event says that the fold needs (case_fold.h).
struct EventFacts {
  Digest about;
  MemberId member;
  std::uint8_t service = 0;  // of deadline.missed: which clock
  State outcome{};
  Timestamp until;
  std::uint8_t urgency = 0;  // of a referral
  bool operator==(const EventFacts&) const = default;
};

// Table::case_event, key case id[16] ‖ chunk u16 (0): everything known of one case, ids only;
// sealed under the case's own key (case_keys.h).
struct CaseRecord {
  // A set of participants: bit n is the n-th of them.
  using Audience = std::uint64_t;
  struct CaseEvent {
    MemberId author;
    MessageId message;
    Digest digest;
    std::uint16_t kind = 0;
    Timestamp created;
    std::vector<Digest> heads;  // what it names
    Audience audience = 0;      // author and recipients
    EventFacts facts;
    Pseudonym actor;  // as the inner says
    std::uint8_t actor_role = 0;
    UserId user;                   // who that is, if it is one of this organisation's
    Timestamp happened;            // `created`, but not later than it was heard of here
    std::vector<OpenedAt> opened;  // of a referral: at whom, as receipts say
    bool operator==(const CaseEvent&) const = default;
  };
  MemberId opener;  // zero while the opening event is missing
  Timestamp opened;
  std::vector<MemberId> participants;  // sorted, distinct, at most limits::case_participants_max
  std::vector<CaseEvent> events;       // in the order of arrival
  std::vector<Digest> missing;         // named as heads, not here; sorted
  // Who of this organisation may see it: the users to whom it is given, or while it is given to
  // nobody, their team.
  std::string team{intake_team};
  std::vector<UserId> assigned;  // sorted, distinct, at most limits::assigned_users_max
  Digest pack;  // under which jurisdiction pack it was opened; zero: none, or not known yet
  // How far clocks were when something was last done about them.
  struct Mark {
    Clock clock{};
    Digest about;
    MemberId owes;
    ClockStage stage{};
    bool operator==(const Mark&) const = default;
  };
  std::vector<Mark> marks;  // at most limits::case_marks_max, of clocks that run
  Timestamp due;            // under which it stands in Table::due; zero: it does not
  bool operator==(const CaseRecord&) const = default;

  [[nodiscard]] static Bytes key(const CaseId& id);
  [[nodiscard]] Bytes encode() const;
  // Rows of versions 1 and 2 as well: of their events nobody knows the audience, so referrals were
  // addressed to whom there was one, and everything else to all.
  [[nodiscard]] static Result<CaseRecord> parse(ByteView bytes);

  [[nodiscard]] bool has(const MemberId& member) const;
  void join(const MemberId& member);
  [[nodiscard]] Audience audience_of(std::span<const MemberId> members) const;
  [[nodiscard]] std::vector<MemberId> members_of(Audience audience) const;
  // Who hears of an event of that kind if its author names nobody: how the consent stands,
  // everybody; else everybody who heard of what it is about; else of its track; else, of the
  // referrals and transfers of the case.
  [[nodiscard]] Audience usual_audience(EventKind kind, const EventFacts& facts) const;
  // The maximal events among those whose audience includes that one; sorted, at most heads_max.
  [[nodiscard]] std::vector<Digest> heads(Audience audience) const;
  // Adds an event and what follows for gaps and participants. `user`: who of this organisation did
  // it. `heard`: when it was heard of here.
  void apply(const Inner& inner, const Digest& digest, const EventFacts& facts = {},
             const UserId& user = {}, Timestamp heard = {UINT64_MAX});
  void assign(const UserId& user);  // one more
  // When an event that follows all of these was written, if the clock says `now`: clocks of others
  // may be a day ahead, the own one may have been set back.
  [[nodiscard]] Timestamp created_after(const MemberId& self, Timestamp now) const;
  [[nodiscard]] CaseState fold(const CaseId& id) const;
  [[nodiscard]] std::vector<CaseClock> clocks(const CaseId& id, const CaseState& state,
                                              const Pack& rules) const;

 private:
  [[nodiscard]] FoldInput fold_input(const CaseId& id) const;  // borrows from this
};

// Table::due, key time u64 ‖ case id[16]: where clocks run. The time is when the next of them comes
// to its next stage; the end of time if all that is due has been missed and told.
struct DueKey {
  Timestamp time;
  CaseId id;
  auto operator<=>(const DueKey&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static std::optional<DueKey> parse(ByteView key);
};

// Table::escalation, integer keyed by own ledger index: what the oversight body was told.
struct EscalationRecord {
  MemberId member;  // who says so
  Timestamp received;
  Bytes body;  // wire_form.h: parse_deadline
  bool operator==(const EscalationRecord&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<EscalationRecord> parse(ByteView bytes);
};

// Table::tier, key 't' ‖ message id[16] of an own referral: the form as it was submitted, and what
// opens the commitments that went in its place; sealed under the case's own key.
struct TierRecord {
  TierSeeds seeds{};
  Bytes form;
  bool operator==(const TierRecord&) const = default;

  [[nodiscard]] static Bytes key(const MessageId& referral);
  // 'd' ‖ case id[16], without a value: something of that case could not be disclosed yet.
  [[nodiscard]] static Bytes due_key(const CaseId& id);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<TierRecord> parse(ByteView bytes);
};

// Table::tier, key 'u' ‖ case id[16] ‖ commitment[32]: a status file of this node's own, and what
// opens its commitment; sealed under the case's own key.
struct StatusFileRecord {
  TierSeed seed;
  StatusFile file;
  bool operator==(const StatusFileRecord&) const = default;

  [[nodiscard]] static Bytes key(const CaseId& id, const Digest& commitment);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<StatusFileRecord> parse(ByteView bytes);
};

// Table::meta: what membership is made of, one row for each signed file; a peer that was away is
// brought up to date from them.
[[nodiscard]] Bytes constitution_key(std::uint64_t version);
// The step to that version, or what else was taken for it: see DirectoryForm.
[[nodiscard]] Bytes directory_version_key(std::uint64_t version);
[[nodiscard]] Bytes suspension_key(ByteView file);
[[nodiscard]] Bytes rotation_key(const MemberId& member, std::uint64_t serial);

// Table::meta: evidence that something was signed twice, for people to see.
struct AlarmRecord {
  AlarmKind kind{};
  MemberId member;            // whose ledger or keys; zero for constitution and directory
  std::uint64_t version = 0;  // of constitution or directory; size of the ledger; serial
  Timestamp seen;
  Bytes here;   // what this node holds
  Bytes there;  // what excludes it
  bool operator==(const AlarmRecord&) const = default;

  [[nodiscard]] Bytes key() const;
  [[nodiscard]] static Bytes prefix();
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<AlarmRecord> parse(ByteView bytes);
};

// Table::pack, key SHA-256 of the pack: what is known of one jurisdiction pack.
struct PackRecord {
  std::uint64_t directory_version = 0;  // the first known here that named it; 0: none did
  bool pinned = false;                  // a case here was opened under it
  Bytes file;                           // empty: not here yet
  bool operator==(const PackRecord&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<PackRecord> parse(ByteView bytes);
};

// Table::meta: a member came back as a new incarnation; what it had opened in the old one from
// `position` on goes to it again. `cursor` is where in Table::proof to go on. One row for each
// incarnation that was lost: a member may come back twice before a peer has heard of the first.
struct RedeliveryRecord {
  std::uint32_t incarnation = 0;  // the old one
  std::uint64_t position = 0;
  std::uint64_t cursor = 0;
  bool operator==(const RedeliveryRecord&) const = default;

  [[nodiscard]] static Bytes key(const MemberId& member, std::uint32_t incarnation);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<RedeliveryRecord> parse(ByteView bytes);
};

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

// Table::meta, key row::layout. A store in which cases have no keys of their own yet has no such
// row; until `done` the upgrade goes on at that event of the first case from `next` on.
struct LayoutRecord {
  bool done = false;
  CaseId next;
  std::uint32_t event = 0;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<LayoutRecord> parse(ByteView bytes);
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

// Table::service, key member id[16]: what a member says it gives.
struct ServiceRecord {
  Timestamp received;  // of the own: when it was published
  std::uint64_t serial = 0;
  Bytes statement;  // as it came: the body of service.publish
  // Of the own only: whom it was told, sorted, and by which messages.
  std::vector<MemberId> told;
  std::vector<MessageId> messages;
  bool operator==(const ServiceRecord&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<ServiceRecord> parse(ByteView bytes);
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
