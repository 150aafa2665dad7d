// What a node shows of itself: plain values, made by Node's queries, carried by the local API,
// printed by commands. No bodies: those are fetched one by one, because each reading will be on
// record.
#pragma once

#include <string>
#include <vector>

#include "protocol/case_clocks.h"
#include "protocol/membership.h"
#include "protocol/ports.h"
#include "protocol/rights.h"

namespace hamroh {

// How far a message has come at one recipient. The first two are no ends; the others settle it.
enum class Level : std::uint8_t {
  accepted = 1,  // this node has it durably
  stored = 2,    // the recipient's node holds it sealed; its vault is locked
  opened = 3,    // the recipient's node has opened, verified and applied it
  refused = 4,
  expired = 5,
  unsupported = 6,
};
[[nodiscard]] const char* level_name(Level level);
[[nodiscard]] constexpr bool is_settled(Level level) {
  return level >= Level::opened;
}

struct Delivery {
  MemberId recipient;
  Level level = Level::accepted;
  Code code = Code::none;  // why refused
  Timestamp changed;
  std::uint64_t settled_index = 0;  // own ledger index of the settling; 0 with an unsettled level
  bool operator==(const Delivery&) const = default;
};

struct MessageView {
  MessageId message;
  CaseId case_id;
  MemberId author;
  EventKind kind{};
  Timestamp created;
  Timestamp expires;
  std::uint64_t index = 0;           // own ledger index of its sent or outcome entry
  std::vector<Delivery> deliveries;  // own messages: one a recipient; received ones: one, this node
  // In a case: who of the author's organisation did it, under her pseudonym in this case.
  Pseudonym actor;
  std::uint8_t actor_role = 0;    // Role; zero if the author does not say
  UserId user;                    // that is whom, if it is this organisation; else zero
  Digest digest;                  // what later events name it by
  Code void_reason = Code::none;  // in a case: why it changes nothing
  bool corrected = false;         // its author has said it anew
  bool operator==(const MessageView&) const = default;
  // The level at the slowest recipient; but if it has failed at one, that.
  [[nodiscard]] Level level() const;
};

struct CaseView {
  CaseId id;
  Timestamp opened;
  MemberId author;            // of the event that opened it
  State state = State::none;  // of the referral that matters most; none without one
  std::vector<MemberId> participants;
  std::vector<MessageView> events;  // in the order of the fold
  bool incomplete = false;          // an event names a head that this node has not got
  std::vector<Digest> gaps;         // these; at most limits::vector_items_max of them
  // As they stand: the case first. Of more than limits::vector_items_max the newest.
  std::vector<TrackState> tracks;
  std::string team;  // to whom it is given in this organisation
  std::vector<UserId> assigned;
  Digest pack;                    // under which jurisdiction pack; zero: none, so no clock runs
  bool pack_here = false;         // else its clocks are not known here
  std::vector<CaseClock> clocks;  // those that run, the first due first
  bool operator==(const CaseView&) const = default;
};

// Evidence that something which may exist once was signed twice.
enum class AlarmKind : std::uint8_t {
  constitution = 1,
  directory = 2,
  rotation = 3,  // a member signed two different changes of its keys
  ledger = 4,    // a member signed two ledgers that exclude one another
};
[[nodiscard]] const char* alarm_kind_name(AlarmKind kind);

// An alarm as people see it; the evidence itself is two signed files.
struct AlarmView {
  AlarmKind kind{};
  MemberId member;            // zero for constitution and directory
  std::uint64_t version = 0;  // of constitution or directory; size of the ledger; serial
  Timestamp seen;
  Digest here;  // SHA-256 of the signed file that this node holds
  Digest there;
  bool operator==(const AlarmView&) const = default;
};

// What this node is in the network, by its own membership.
enum class Standing : std::uint8_t {
  not_listed = 1,
  member = 2,
  suspended = 3,
  revoked = 4,
  superseded = 5,  // another incarnation has taken its place: these keys are dead
};
[[nodiscard]] const char* standing_name(Standing standing);

struct PeerView {
  MemberId member;
  std::string name;
  bool connected = false;
  std::uint64_t queued = 0;     // messages not yet settled at this peer
  std::uint64_t in_flight = 0;  // of these, sent and awaiting a receipt
  std::uint64_t held = 0;       // envelopes of this peer kept while locked
  std::optional<Timestamp> suspended_until;
  bool revoked = false;
  Timestamp heard;  // last verified traffic; 0 if never
  bool operator==(const PeerView&) const = default;
};

enum class Phase : std::uint8_t {
  not_joined = 1,  // no directory yet
  starting = 2,    // waiting for peers before it signs
  ready = 3,
  stopped = 4,  // signs nothing: this ledger is behind what was seen elsewhere
};
[[nodiscard]] const char* phase_name(Phase phase);

struct NodeView {
  NetworkId network;
  MemberId member;
  std::string name;
  MemberKind kind{};
  Phase phase = Phase::not_joined;
  bool locked = false;
  bool clock_suspect = false;
  Staleness staleness = Staleness::fresh;
  Standing standing = Standing::not_listed;
  std::uint64_t constitution_version = 0;
  std::uint64_t key_serial = 0;   // own rotations in this incarnation
  bool rotation_waits = false;    // for the administrators to agree
  std::vector<AlarmView> alarms;  // the first 64
  std::uint64_t directory_version = 0;
  Timestamp directory_expires;
  std::uint64_t ledger_size = 0;
  Digest ledger_root;
  std::uint64_t session_first = 0;
  std::uint64_t outbox_depth = 0;
  std::vector<PeerView> peers;
  Digest pack;          // which jurisdiction pack the directory names; zero: none
  std::string pack_id;  // empty: it is not here
  std::string pack_jurisdiction;
  // Clocks that it leaves unset for some urgency: nothing is ever due by them. Bit n is clock n.
  std::uint32_t pack_unset = 0;
  bool operator==(const NodeView&) const = default;
};

}  // namespace hamroh
