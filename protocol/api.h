// The local API: what programs on the same machine ask of a node, and its answers. One request and
// one reply are one FlatBuffers root each (identifiers HAPQ, HAPR), one ZeroMQ frame each.
//
// Both directions are parsed as hostile. Requests carry an id that the client chooses; the reply
// repeats it. Submitting is idempotent by message id, so a client may send any request again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/view.h"

namespace hamroh::api {

namespace limits {
inline constexpr std::size_t page_items_max = 256;
inline constexpr std::size_t events_max = 1'024;
inline constexpr std::size_t ledger_entries_max = 512;
inline constexpr std::uint64_t wait_ms_max = 60'000;
inline constexpr std::size_t directory_chunk_max = 9 * 1024 * 1024;
inline constexpr std::size_t passphrase_bytes_max = 1'024;
}  // namespace limits

// A cursor that means: from what comes next.
inline constexpr std::uint64_t cursor_now = UINT64_MAX;

struct Submit {
  MessageId message;
  std::optional<CaseId> case_id;  // absent: opens a case, whose id is the message id
  EventKind kind{};
  std::vector<MemberId> to;  // may be empty with a case_id: all other participants
  Bytes body;
  Duration lifetime;  // zero: the node's default
  bool operator==(const Submit&) const = default;
};
struct GetStatus {
  bool operator==(const GetStatus&) const = default;
};
struct GetMessage {
  MessageId message;
  bool operator==(const GetMessage&) const = default;
};
struct ListCases {
  std::optional<CaseId> before;
  std::uint32_t limit = 64;
  bool awaiting_decision = false;
  bool operator==(const ListCases&) const = default;
};
struct GetCase {
  CaseId case_id;
  bool operator==(const GetCase&) const = default;
};
struct GetBody {
  MemberId author;
  MessageId message;
  bool operator==(const GetBody&) const = default;
};
// A long poll: answered when there is an event at or after the cursor, or empty when wait_ms
// passed.
struct NextEvents {
  std::uint64_t cursor = 0;
  std::uint32_t max = 256;
  std::uint64_t wait_ms = 0;
  bool operator==(const NextEvents&) const = default;
};
struct GetReceipt {
  MessageId message;
  std::optional<MemberId> recipient;
  bool operator==(const GetReceipt&) const = default;
};
struct GetLedger {
  std::uint64_t from = 0;
  std::uint32_t max = 512;
  bool operator==(const GetLedger&) const = default;
};
struct GetLedgerHead {
  bool operator==(const GetLedgerHead&) const = default;
};
struct GetMembers {
  std::optional<MemberId> after;
  bool operator==(const GetMembers&) const = default;
};
struct Unlock {
  Bytes passphrase;
  bool operator==(const Unlock&) const = default;
};
struct Lock {
  bool operator==(const Lock&) const = default;
};
// Any signed statement about membership, or a history or network file: see Node::install.
struct Install {
  Bytes file;
  bool operator==(const Install&) const = default;
};
struct Rotate {
  bool author = false;
  bool receipt = false;
  bool witness = false;
  bool transport = false;
  bool epoch = false;
  std::string endpoint;  // empty: as before
  bool operator==(const Rotate&) const = default;
};
// The signed files of every alarm.
struct GetAlarms {
  bool operator==(const GetAlarms&) const = default;
};
struct ConfirmClock {
  bool operator==(const ConfirmClock&) const = default;
};

struct Request {
  std::uint64_t id = 0;
  std::variant<Submit, GetStatus, GetMessage, ListCases, GetCase, GetBody, NextEvents, GetReceipt,
               GetLedger, GetLedgerHead, GetMembers, Unlock, Lock, Install, ConfirmClock, Rotate,
               GetAlarms>
      ask;
  bool operator==(const Request&) const = default;
};

struct Failure {
  Code code = Code::none;
  std::string text;
  bool operator==(const Failure&) const = default;
};
struct Accepted {
  MessageId message;
  CaseId case_id;
  bool duplicate = false;
  bool operator==(const Accepted&) const = default;
};
struct LinkStatus {
  bool up = false;
  std::uint64_t process = 0;  // id
  std::uint64_t restarts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t refused = 0;  // strangers turned away
  std::uint64_t dropped = 0;  // frames given up; they are sent again
  bool operator==(const LinkStatus&) const = default;
};
struct StoreStatus {
  std::string health;  // "good", or what is wrong
  std::uint64_t file_bytes = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t free_bytes = 0;
  bool operator==(const StoreStatus&) const = default;
};
struct NodeStatus {
  NodeView node;
  LinkStatus link;
  StoreStatus store;
  std::string version;
  std::uint64_t process = 0;
  std::uint64_t turns = 0;
  std::uint64_t inputs = 0;
  bool operator==(const NodeStatus&) const = default;
};
struct Message {
  MessageView message;
  bool operator==(const Message&) const = default;
};
struct Cases {
  std::vector<CaseView> cases;
  std::optional<CaseId> next;
  bool operator==(const Cases&) const = default;
};
struct Case {
  CaseView shown;
  bool operator==(const Case&) const = default;
};
struct Body {
  EventKind kind{};
  Bytes bytes;
  bool operator==(const Body&) const = default;
};
struct Events {
  std::vector<hamroh::Event> events;
  std::uint64_t next_cursor = 0;
  bool operator==(const Events&) const = default;
};
struct Receipt {
  std::string text;  // C2SP tlog-proof
  bool operator==(const Receipt&) const = default;
};
struct LedgerPage {
  std::uint64_t from = 0;
  std::vector<Bytes> entries;  // of Entry::encoded_size bytes
  std::uint64_t size = 0;      // of the whole ledger
  bool operator==(const LedgerPage&) const = default;
};
struct LedgerHead {
  std::uint64_t size = 0;
  Digest root;
  std::string signed_note;  // empty if nothing has been signed yet
  Bytes key;                // the public key that signed it
  std::uint8_t role = 1;    // NoteRole
  bool operator==(const LedgerHead&) const = default;
};
struct Members {
  NetworkId network;
  MemberId self;
  std::vector<Member> members;                            // with their present keys
  std::vector<std::pair<MemberId, Timestamp>> suspended;  // of these, until when
  std::optional<MemberId> next;
  bool operator==(const Members&) const = default;
};
struct Rotated {
  Bytes statement;  // empty if only epoch keys changed
  std::uint64_t serial = 0;
  bool waits = false;  // until the administrators have put it into the directory
  bool operator==(const Rotated&) const = default;
};
struct AlarmFiles {
  AlarmView alarm;
  Bytes here;
  Bytes there;
  bool operator==(const AlarmFiles&) const = default;
};
struct Alarms {
  std::vector<AlarmFiles> alarms;
  bool operator==(const Alarms&) const = default;
};
struct Done {
  bool operator==(const Done&) const = default;
};

struct Reply {
  std::uint64_t id = 0;
  std::variant<Failure, Accepted, NodeStatus, Message, Cases, Case, Body, Events, Receipt,
               LedgerPage, LedgerHead, Members, Done, Rotated, Alarms>
      answer;
  bool operator==(const Reply&) const = default;
};

[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Reply& reply);
// Errors (caller): malformed, too_large.
[[nodiscard]] Result<Request> parse_request(ByteView frame);
[[nodiscard]] Result<Reply> parse_reply(ByteView frame);

}  // namespace hamroh::api
