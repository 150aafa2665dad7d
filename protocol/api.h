// The local API: what programs on this machine may ask of hamrohd, and what it answers.
//
// One request or reply is one frame, FlatBuffers identifier HAPQ or HAPR with the schema api.fbs. A
// reply carries the number of its request; requests of one client may be answered in any order.
// Every request may be repeated: submissions by their message id, the rest because asking twice
// changes nothing. Identifiers and other items of fixed size are laid one after another in one
// vector.
//
// Parsing bounds and checks everything, so a value that was parsed keeps the limits stated here.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/constants.h"
#include "protocol/view.h"

namespace hamroh::api {

// One frame: the largest is a directory being installed.
inline constexpr std::size_t frame_bytes_max = limits::directory_bytes_max + 64 * 1024;
inline constexpr std::size_t outstanding_max = 4'096;  // unanswered requests of one client
inline constexpr std::uint32_t events_max = 1'024;
inline constexpr std::uint32_t wait_ms_max = 60'000;
inline constexpr std::uint32_t cases_max = 256;
inline constexpr std::uint32_t members_max = 128;
inline constexpr std::uint32_t ledger_entries_max = 512;
inline constexpr std::size_t ledger_entry_bytes = 114;  // Entry::encoded_size
inline constexpr std::size_t passphrase_bytes_max = 1'024;
inline constexpr std::size_t document_bytes_max = 64 * 1024;  // receipts and signed notes
inline constexpr std::uint64_t from_now = UINT64_MAX;  // the cursor after everything that happened

// ---- requests ---------------------------------------------------------------------------------

struct Submit {  // -> Accepted
  MessageId message;
  std::optional<CaseId> case_id;  // absent: opens a case, whose id is the message id
  EventKind kind{};
  std::vector<MemberId> to;  // empty: all other participants; then case_id must be given
  Bytes body;
  Duration lifetime;  // zero: the node's default
  bool operator==(const Submit&) const = default;
};
struct GetStatus {  // -> NodeStatus
  bool operator==(const GetStatus&) const = default;
};
struct GetMessage {  // -> MessageView
  MessageId message;
  bool operator==(const GetMessage&) const = default;
};
struct ListCases {  // -> Cases, newest first
  std::optional<CaseId> before;
  std::uint32_t limit = cases_max;
  bool awaiting_decision = false;
  bool operator==(const ListCases&) const = default;
};
struct GetCase {  // -> CaseView
  CaseId case_id;
  bool operator==(const GetCase&) const = default;
};
struct GetBody {  // -> Body
  MemberId author;
  MessageId message;
  bool operator==(const GetBody&) const = default;
};
// A long poll: answered when there is an event at or after the cursor, or empty when wait_ms have
// passed. `from_now` is answered at once, empty, with the size of the ledger as the next cursor.
struct NextEvents {  // -> Events
  std::uint64_t cursor = 0;
  std::uint32_t max = events_max;
  std::uint32_t wait_ms = 0;
  bool operator==(const NextEvents&) const = default;
};
struct GetReceipt {  // -> Receipt
  MessageId message;
  std::optional<MemberId> recipient;  // absent: any recipient at which it is settled
  bool operator==(const GetReceipt&) const = default;
};
struct GetLedger {  // -> LedgerPage
  std::uint64_t from = 0;
  std::uint32_t max = ledger_entries_max;
  bool operator==(const GetLedger&) const = default;
};
struct GetLedgerHead {  // -> LedgerHead
  bool operator==(const GetLedgerHead&) const = default;
};
struct GetMembers {  // -> Members, by rising id
  std::optional<MemberId> after;
  std::uint32_t limit = members_max;
  bool operator==(const GetMembers&) const = default;
};
struct Unlock {  // -> Done. Whoever holds one wipes it as soon as it has served
  Bytes passphrase;
  bool operator==(const Unlock&) const = default;
};
struct Lock {  // -> Done
  bool operator==(const Lock&) const = default;
};
struct InstallDirectory {  // -> Done
  Bytes directory;         // the signed file
  bool operator==(const InstallDirectory&) const = default;
};
struct ConfirmClock {  // -> Done
  bool operator==(const ConfirmClock&) const = default;
};

struct Request {
  std::uint64_t id = 0;  // made by the client
  std::variant<Submit, GetStatus, GetMessage, ListCases, GetCase, GetBody, NextEvents, GetReceipt,
               GetLedger, GetLedgerHead, GetMembers, Unlock, Lock, InstallDirectory, ConfirmClock>
      what;
  bool operator==(const Request&) const = default;
};

// ---- replies ----------------------------------------------------------------------------------

struct Failure {
  Code code = Code::none;
  Blame blame = Blame::caller;
  std::string text;  // what happened, for people
  bool operator==(const Failure&) const = default;
};
struct Accepted {
  MessageId message;
  CaseId case_id;
  bool duplicate = false;  // the same submission had been accepted before
  bool operator==(const Accepted&) const = default;
};
struct LinkStatus {
  bool up = false;
  std::uint32_t pid = 0;
  std::uint64_t restarts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t strangers_refused = 0;
  bool operator==(const LinkStatus&) const = default;
};
struct StoreStatus {
  std::string health;  // "ok", or what is wrong
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
  bool operator==(const StoreStatus&) const = default;
};
struct BatchStatus {  // since the start
  std::uint64_t turns = 0;
  std::uint64_t inputs = 0;
  std::uint64_t inputs_max = 0;  // of one turn
  std::uint64_t turn_us = 0;     // spent in turns, commits included
  std::uint64_t commit_us = 0;
  bool operator==(const BatchStatus&) const = default;
};
struct NodeStatus {
  NodeView node;
  LinkStatus link;
  StoreStatus store;
  BatchStatus batch;
  std::string version;  // of the daemon
  std::uint32_t pid = 0;
  Timestamp started;
  bool operator==(const NodeStatus&) const = default;
};
struct Cases {
  std::vector<CaseView> cases;  // without their events
  std::optional<CaseId> next;   // where to go on, if there may be more
  bool operator==(const Cases&) const = default;
};
struct Body {
  EventKind kind{};
  Bytes bytes;
  bool operator==(const Body&) const = default;
};
struct Events {
  std::vector<Event> events;
  std::uint64_t next_cursor = 0;
  bool operator==(const Events&) const = default;
};
struct Receipt {
  std::string text;  // a C2SP tlog-proof
  bool operator==(const Receipt&) const = default;
};
struct LedgerPage {
  std::uint64_t from = 0;
  Bytes entries;           // those at from, from + 1 …: ledger_entry_bytes each
  std::uint64_t size = 0;  // of the whole ledger
  bool operator==(const LedgerPage&) const = default;
};
struct LedgerHead {
  std::uint64_t size = 0;
  Digest root;
  std::optional<std::string> signed_note;  // absent while the node signs nothing
  SigningPublicKey key;                    // that signed it
  std::string origin;
  bool operator==(const LedgerHead&) const = default;
};
struct Members {
  std::vector<Member> members;
  std::optional<MemberId> next;  // where to go on, if there may be more
  NetworkId network;
  MemberId self;
  bool operator==(const Members&) const = default;
};
struct Done {
  bool operator==(const Done&) const = default;
};

struct Reply {
  std::uint64_t id = 0;  // of the request
  std::variant<Failure, Accepted, NodeStatus, MessageView, Cases, CaseView, Body, Events, Receipt,
               LedgerPage, LedgerHead, Members, Done>
      what;
  bool operator==(const Reply&) const = default;
};

// ---- bytes ------------------------------------------------------------------------------------

[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Reply& reply);
// Errors (peer): too_large, malformed.
[[nodiscard]] Result<Request> parse_request(ByteView frame);
[[nodiscard]] Result<Reply> parse_reply(ByteView frame);
// The number of a request whose frame may not parse otherwise, so that its refusal finds its way;
// zero if it has none.
[[nodiscard]] std::uint64_t request_id(ByteView frame);

[[nodiscard]] Failure failure_of(const Error& error);

}  // namespace hamroh::api
