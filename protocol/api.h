// The local API: what programs on the same machine ask of a node, and its answers. One request and
// one reply are one FlatBuffers root each (identifiers HAPQ, HAPR), one ZeroMQ frame each.
//
// Both directions are parsed as hostile. Requests carry an id that the client chooses; the reply
// repeats it. Submitting is idempotent by message id, so a client may send any request again.
//
// A request names its session by the token that a login was answered with; api_rights.h says which
// verb needs what. Without a session there are logins, and a status without peers and counts.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/access.h"
#include "protocol/attachment.h"
#include "protocol/backup.h"
#include "protocol/erasure.h"
#include "protocol/fund_totals.h"
#include "protocol/recovery_share.h"
#include "protocol/task.h"
#include "protocol/user_keys.h"
#include "protocol/view.h"

namespace hamroh::api {

namespace limits {
inline constexpr std::size_t page_items_max = 256;
inline constexpr std::size_t erasures_max = 64;      // on a page; one may have 16 KiB
inline constexpr std::size_t services_max = 64;      // on a page; one may have 16 KiB
inline constexpr std::size_t due_cases_max = 64;     // on a page
inline constexpr std::size_t clocks_max = 64;        // of one case that are told
inline constexpr std::size_t escalations_max = 256;  // on a page
inline constexpr std::size_t events_max = 1'024;
inline constexpr std::size_t ledger_entries_max = 512;
inline constexpr std::uint64_t wait_ms_max = 60'000;
inline constexpr std::size_t directory_chunk_max = 9 * 1024 * 1024;
inline constexpr std::size_t passphrase_bytes_max = 1'024;
inline constexpr std::size_t given_users_max = 32;  // in one assignment
inline constexpr std::size_t code_bytes_max = 16;   // of a second factor
inline constexpr std::size_t users_page_max = 256;
inline constexpr Duration backup_lease = seconds(30);
inline constexpr std::size_t backup_passphrase_bytes = 32 + 16 + 8 + 8;
inline constexpr std::size_t names_max = 1'024;                    // in one reply
inline constexpr std::size_t attachment_part_bytes = 1024 * 1024;  // sixteen chunks
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
// Any signed statement about membership, or a history or network file: see Node::install; or the
// jurisdiction pack that the directory names.
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
// A case that is given to nobody, for oneself.
struct TakeCase {
  CaseId case_id;
  bool operator==(const TakeCase&) const = default;
};
struct AssignCase {
  CaseId case_id;
  std::string team;  // empty: as before
  std::vector<UserId> give;
  std::vector<UserId> withdraw;
  bool operator==(const AssignCase&) const = default;
};
// For a second person's agreement; break_glass opens the case at once.
struct AskSecond {
  TaskKind kind{};
  CaseId case_id;
  std::string reason;
  bool operator==(const AskSecond&) const = default;
};
struct DecideTask {
  TaskId task;
  bool agrees = false;
  bool operator==(const DecideTask&) const = default;
};
struct ListTasks {
  bool operator==(const ListTasks&) const = default;
};
struct GetAccesses {
  CaseId case_id;
  bool operator==(const GetAccesses&) const = default;
};
// Ids of messages, of cases that the user may see, that begin so; opens none of them.
struct FindMessages {
  std::string beginning;  // hex digits, with or without hyphens
  bool operator==(const FindMessages&) const = default;
};
// In parts: `from` counts the events of the case.
struct ExportCase {
  CaseId case_id;
  std::uint32_t from = 0;
  bool operator==(const ExportCase&) const = default;
};

// Draws recovery shares, or keeps those drawn last, named by their split: older shares open nothing
// from then on. A client keeps them only when all of them are safely on paper or in files.
struct MakeRecovery {
  std::uint8_t shares = 0;
  std::uint8_t threshold = 0;
  Bytes keep;  // a split id: shares and threshold mean nothing then
  bool operator==(const MakeRecovery&) const = default;
};
// Locks the node and destroys its keys; answered before the daemon ends. Refused if there are no
// recovery shares, unless that is meant.
struct Panic {
  bool without_recovery = false;
  bool operator==(const Panic&) const = default;
};

// Destroys what this node holds of a case: see Node::erase_case.
struct EraseCase {
  CaseId case_id;
  ErasureReason reason{};
  bool ask_others = true;
  bool operator==(const EraseCase&) const = default;
};
struct ListErasures {
  std::optional<CaseId> after;
  std::uint32_t limit = 64;
  bool operator==(const ListErasures&) const = default;
};
struct GetErasure {  // answered by Erasures with one
  CaseId case_id;
  bool operator==(const GetErasure&) const = default;
};

// ---- users. Passphrases are wiped once they have been used.

// Answered with a session; unlocks the vault if it is locked. With a new passphrase it takes the
// place of the old one, which some must do before they get a session.
struct Login {
  std::string name;
  Bytes passphrase;
  std::string code;      // of the second factor, if there is one
  Bytes new_passphrase;  // empty: the same goes on
  bool operator==(const Login&) const = default;
};
// For programs: what LoginWithKey has to sign. Good once, for a minute.
struct GetChallenge {
  bool operator==(const GetChallenge&) const = default;
};
struct LoginWithKey {
  UserId user;
  LoginChallenge challenge;
  Signature signature;  // user_keys.h: sign_login
  bool operator==(const LoginWithKey&) const = default;
};
struct Logout {
  bool operator==(const Logout&) const = default;
};
struct WhoAmI {
  bool operator==(const WhoAmI&) const = default;
};
// The client makes the id, so that asking again adds nobody twice.
struct AddUser {
  UserId user;
  std::string name;
  Role role{};
  std::vector<std::string> teams;  // sorted
  Grants grants;                   // of an integration
  Bytes passphrase;                // which the user must change, or
  std::optional<SigningPublicKey> key;
  bool operator==(const AddUser&) const = default;
};
struct ChangeUser {
  UserId user;
  std::optional<Role> role;
  std::optional<std::vector<std::string>> teams;
  std::optional<Grants> grants;
  std::optional<bool> active;
  bool operator==(const ChangeUser&) const = default;
};
struct ListUsers {
  std::optional<UserId> after;
  bool operator==(const ListUsers&) const = default;
};
// The own one, under the old one; or, by an operator, somebody else's: her second factor and her
// signing key are then gone.
struct SetPassphrase {
  std::optional<UserId> user;  // absent: the own
  Bytes old_passphrase;        // of the own; an account with a key file has none
  Bytes new_passphrase;
  bool operator==(const SetPassphrase&) const = default;
};
// The own second factor. `enrol` is answered with what a telephone reads; it counts once `confirm`
// has come with a code of it, within ten minutes.
enum class FactorStep : std::uint8_t { enrol = 1, confirm = 2, remove = 3 };
struct SetFactor {
  FactorStep step{};
  Bytes passphrase;  // not for confirm
  std::string code;  // of the new one for confirm, of the present one for enrol and remove
  bool operator==(const SetFactor&) const = default;
};
// A new signing key of one's own, certified by the member's author key.
struct MakeSigningKey {
  Bytes passphrase;
  bool operator==(const MakeSigningKey&) const = default;
};
struct GetUserKeys {
  bool operator==(const GetUserKeys&) const = default;
};
struct SignVote {
  Digest digest;
  Bytes passphrase;
  bool operator==(const SignVote&) const = default;
};

// Begins a backup: from the answer on the database file stands still, until the backup ends or is
// not renewed for limits::backup_lease. One at a time: another one ends it.
struct BackupBegin {
  // Where there are no recovery shares: what opens the keyring, Argon2id's result[32] ‖ salt[16] ‖
  // operations u64 ‖ memory u64. Empty: the recovery shares open it.
  Bytes passphrase;
  bool operator==(const BackupBegin&) const = default;
};
struct BackupRenew {
  BackupId backup;
  bool operator==(const BackupRenew&) const = default;
};
// Answered with success only if the file has stood still all the time.
struct BackupEnd {
  BackupId backup;
  bool operator==(const BackupEnd&) const = default;
};

// How the reader tier opens: with the passphrase of any user, or with a key file in the home too,
// at every start. Errors (caller): locked; conflict (no operator has a passphrase for it).
enum class VaultOpening : std::uint8_t { users = 1, key_file = 2 };
struct ChangeVault {
  VaultOpening opening{};
  bool operator==(const ChangeVault&) const = default;
};
// The file of a jurisdiction pack, answered by a PackFile.
struct GetPack {
  Digest sha256;  // zero: the one in force
  bool operator==(const GetPack&) const = default;
};
// The services that this member gives: wire_form.h, serial zero. See Node::publish_services.
struct PublishServices {
  Bytes statement;
  bool operator==(const PublishServices&) const = default;
};
struct ListServices {
  std::optional<MemberId> after;
  std::uint32_t limit = 64;
  bool operator==(const ListServices&) const = default;
};

// A decision on a status or an appeal, to be voted on: see Node::propose_decision.
struct ProposeDecision {
  CaseId case_id;
  EventKind kind{};
  Bytes body;  // particulars without a ballot
  bool operator==(const ProposeDecision&) const = default;
};
// What SignVote was answered with. See Node::cast_vote.
struct CastVote {
  TaskId task;
  UserCertificate certificate;
  Signature signature;
  bool operator==(const CastVote&) const = default;
};

// Cases in which clocks run, in the order in which something comes to its next stage.
struct DuePlace {
  Timestamp time;
  CaseId case_id;
  bool operator==(const DuePlace&) const = default;
};
struct ListDue {
  std::optional<DuePlace> after;
  std::uint32_t limit = 64;
  bool operator==(const ListDue&) const = default;
};
// What an oversight body was told, newest first.
struct ListEscalations {
  std::optional<std::uint64_t> before;
  std::uint32_t limit = 64;
  bool operator==(const ListEscalations&) const = default;
};
// Brings a file: see Node::begin_attachment. Answered with what of it is here already.
struct AttachFile {
  MessageId message;
  CaseId case_id;
  std::vector<MemberId> to;
  std::uint64_t bytes = 0;
  Digest sha256;
  MediaType media = MediaType::other;
  std::string name;
  bool operator==(const AttachFile&) const = default;
};
struct AttachPart {  // whole chunks from `first` on
  MessageId message;
  CaseId case_id;
  std::uint16_t first = 0;
  Bytes bytes;
  bool operator==(const AttachPart&) const = default;
};
struct AttachDone {  // all parts are there: announce it. Answered by Accepted
  MessageId message;
  CaseId case_id;
  bool operator==(const AttachDone&) const = default;
};
struct ListAttachments {
  CaseId case_id;
  bool operator==(const ListAttachments&) const = default;
};
struct GetAttachment {  // a part, from chunk `first` on
  CaseId case_id;
  MemberId author;
  MessageId message;
  std::uint16_t first = 0;
  bool operator==(const GetAttachment&) const = default;
};

// The status file of a decision, answered by a Body (HSTF). See Node::status_file.
struct GetStatusFile {
  CaseId case_id;
  Digest commitment;
  bool operator==(const GetStatusFile&) const = default;
};
// What relief funds came to, over all cases that this node knows: see Node::count_fund. Answered
// with how far the count has come; asked again it goes on, and in the end it is told. A user has
// one count at a time: another period begins another.
struct CountFund {
  FundPeriod period;  // ends after it begins
  bool operator==(const CountFund&) const = default;
};

// A variant of so many is copied, moved and destroyed in many places: api.cc is the one that is
// compiled for it.
struct Ask
    : std::variant<Submit, GetStatus, GetMessage, ListCases, GetCase, GetBody, NextEvents,
                   GetReceipt, GetLedger, GetLedgerHead, GetMembers, Unlock, Lock, Install,
                   ConfirmClock, Rotate, GetAlarms, TakeCase, AssignCase, AskSecond, DecideTask,
                   ListTasks, GetAccesses, ExportCase, FindMessages, MakeRecovery, Panic, EraseCase,
                   ListErasures, GetErasure, Login, GetChallenge, LoginWithKey, Logout, WhoAmI,
                   AddUser, ChangeUser, ListUsers, SetPassphrase, SetFactor, MakeSigningKey,
                   GetUserKeys, SignVote, BackupBegin, BackupRenew, BackupEnd, ChangeVault, GetPack,
                   PublishServices, ListServices, ProposeDecision, CastVote, ListDue,
                   ListEscalations, AttachFile, AttachPart, AttachDone, ListAttachments,
                   GetAttachment, CountFund, GetStatusFile> {
  using variant::variant;
  using variant::operator=;
  Ask();
  Ask(const Ask&);
  Ask(Ask&&) noexcept;
  Ask& operator=(const Ask&);
  Ask& operator=(Ask&&) noexcept;
  ~Ask();
};

struct Request {
  std::uint64_t id = 0;
  Ask ask;
  std::optional<SessionToken> session = std::nullopt;
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
// Whether the operating system can write the daemon's memory to swap. Values appear in replies.
enum class MemoryState : std::uint8_t {
  locked = 1,        // nothing of it
  secrets_only = 2,  // keys stay in memory, what is read and written with them may not
  not_locked = 3,
};
[[nodiscard]] const char* memory_state_name(MemoryState state);

struct NodeStatus {
  NodeView node;
  LinkStatus link;
  StoreStatus store;
  std::string version;
  std::uint64_t process = 0;
  std::uint64_t turns = 0;
  std::uint64_t inputs = 0;
  MemoryState memory = MemoryState::not_locked;
  bool operator==(const NodeStatus&) const = default;
};
struct Message {
  MessageView message;
  bool operator==(const Message&) const = default;
};
// What the users of this organisation are called who are named beside.
using Names = std::vector<std::pair<UserId, std::string>>;

struct Cases {
  std::vector<CaseView> cases;
  std::optional<CaseId> next;
  Names names;
  bool operator==(const Cases&) const = default;
};
struct Case {
  CaseView shown;
  Names names;
  bool operator==(const Case&) const = default;
};
struct Body {
  EventKind kind{};
  Bytes bytes;
  bool withheld = false;  // the sealed tier was taken out: it needs a second person
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
struct RecoveryShares {
  std::vector<Bytes> shares;  // of recovery_share_bytes each; wiped by whoever reads them
  bool operator==(const RecoveryShares&) const = default;
};
struct Destroyed {
  bool recoverable = false;
  std::uint8_t threshold = 0;  // how many shares it takes
  std::uint8_t shares = 0;
  std::string outside;  // key files outside the home, one a line: to be destroyed by hand
  bool operator==(const Destroyed&) const = default;
};

struct Erased {
  Bytes certificate;
  std::uint64_t asked = 0;  // other members
  bool before = false;      // it had been erased already
  // Until when backups that were made before may still be opened; absent: there are none.
  std::optional<Timestamp> backups_until;
  bool operator==(const Erased&) const = default;
};
struct Erasures {
  std::vector<std::pair<CaseId, ErasedRecord>> erasures;
  std::optional<CaseId> next;
  bool operator==(const Erasures&) const = default;
};

struct UserView {
  UserId id;
  std::string name;
  Role role{};
  std::vector<std::string> teams;
  Grants grants;
  bool active = false;
  bool must_change = false;
  bool has_key = false;  // a key file instead of a passphrase
  bool has_factor = false;
  bool signs = false;  // has a signing key
  Timestamp created;
  std::uint64_t failures = 0;
  std::uint64_t sessions = 0;
  bool operator==(const UserView&) const = default;
};
struct LoggedIn {
  SessionToken token;
  UserView user;
  Duration idle;          // the session ends when it was not used for so long
  Duration absolute;      // and at the latest after this
  bool unlocked = false;  // the vault, by this login
  bool operator==(const LoggedIn&) const = default;
};
struct Challenge {
  LoginChallenge challenge;
  UserHome home;
  bool operator==(const Challenge&) const = default;
};
struct Me {
  UserView user;
  bool operator==(const Me&) const = default;
};
struct Users {
  std::vector<UserView> users;  // by id
  std::optional<UserId> next;
  bool operator==(const Users&) const = default;
};
struct Factor {
  std::string uri;  // otpauth://…: secret, to be shown once as a QR code
  bool operator==(const Factor&) const = default;
};
struct UserKey {
  std::string name;
  UserCertificate certificate;
  bool operator==(const UserKey&) const = default;
};
struct UserKeys {
  std::vector<UserKey> keys;
  bool operator==(const UserKeys&) const = default;
};
struct Vote {
  UserCertificate certificate;
  Signature signature;  // user_keys.h: verify_vote
  bool operator==(const Vote&) const = default;
};
struct Done {
  bool operator==(const Done&) const = default;
};
struct Asked {
  TaskId task;
  bool operator==(const Asked&) const = default;
};
struct Found {
  std::vector<MessageId> messages;  // at most limits::page_items_max
  bool operator==(const Found&) const = default;
};
struct Tasks {
  std::vector<Task> tasks;
  Names names;
  bool operator==(const Tasks&) const = default;
};
struct Accesses {
  std::vector<AccessRecord> accesses;
  Names names;
  bool operator==(const Accesses&) const = default;
};
struct Exported {
  CaseView shown;
  std::vector<Body> bodies;
  std::uint64_t next = 0;  // where to go on; the number of events at the end
  Names names;
  bool operator==(const Exported&) const = default;
};
// What is needed to make one backup, and how long it can be opened.
struct BackupBegun {
  BackupStatement statement;
  Bytes file_key;  // 32 bytes: of this backup only; whoever gets it wipes it
  std::uint64_t database_bytes = 0;
  Bytes vault;
  Bytes keyring;
  BackupPolicy policy;
  std::uint8_t threshold = 0;  // of the recovery shares that open the keyring; 0: a passphrase
  std::uint8_t shares = 0;
  bool operator==(const BackupBegun&) const = default;
};

struct PackFile {
  Digest sha256;
  Bytes file;
  bool operator==(const PackFile&) const = default;
};
struct Published {
  std::uint64_t serial = 0;
  std::uint64_t members = 0;  // whom it goes to
  bool operator==(const Published&) const = default;
};
struct MemberServices {
  MemberId member;
  Timestamp received;
  Bytes statement;  // wire_form.h: parse_services
  bool operator==(const MemberServices&) const = default;
};
struct Services {
  std::vector<MemberServices> known;  // by member
  std::optional<MemberId> next;
  bool operator==(const Services&) const = default;
};

// `needed` 0: the jurisdiction pack does not say, so one vote is enough.
struct Proposed {
  TaskId task;
  Digest decision;  // for SignVote
  std::uint64_t votes = 0;
  std::uint64_t needed = 0;
  bool operator==(const Proposed&) const = default;
};
struct Counted {
  std::uint64_t votes = 0;
  std::uint64_t needed = 0;
  std::optional<Accepted> sent;  // there were enough
  bool operator==(const Counted&) const = default;
};

struct DueCase {
  CaseId case_id;
  std::vector<CaseClock> clocks;  // the first due first
  bool operator==(const DueCase&) const = default;
};
struct Due {
  std::vector<DueCase> cases;
  std::optional<DuePlace> next;
  bool operator==(const Due&) const = default;
};
struct Escalation {
  std::uint64_t index = 0;  // own ledger index
  MemberId member;          // who says so
  Timestamp received;
  Bytes statement;  // wire_form.h: parse_deadline
  bool operator==(const Escalation&) const = default;
};
struct Escalations {
  std::vector<Escalation> known;
  std::optional<std::uint64_t> next;
  bool operator==(const Escalations&) const = default;
};
struct Attaching {
  AttachmentView attachment;
  std::vector<std::uint16_t> missing;  // chunks, rising
  bool operator==(const Attaching&) const = default;
};
struct Attachments {
  std::vector<AttachmentView> attachments;
  bool operator==(const Attachments&) const = default;
};
struct AttachmentPart {
  Bytes bytes;  // none: the end
  bool operator==(const AttachmentPart&) const = default;
};
struct FundCounted {
  bool done = false;             // else there are no totals yet
  std::uint64_t cases = 0;       // looked at
  std::uint64_t damaged = 0;     // cases of which nothing can be read
  std::uint64_t unreadable = 0;  // events about money that cannot be read
  std::uint64_t erased = 0;      // cases that were erased here
  FundTotals totals;
  bool operator==(const FundCounted&) const = default;
};

struct Answer : std::variant<Failure, Accepted, NodeStatus, Message, Cases, Case, Body, Events,
                             Receipt, LedgerPage, LedgerHead, Members, Done, Rotated, Alarms, Asked,
                             Tasks, Accesses, Exported, Found, RecoveryShares, Destroyed, Erased,
                             Erasures, LoggedIn, Challenge, Me, Users, Factor, UserKeys, Vote,
                             BackupBegun, PackFile, Published, Services, Proposed, Counted, Due,
                             Escalations, Attaching, Attachments, AttachmentPart, FundCounted> {
  using variant::variant;
  using variant::operator=;
  Answer();
  Answer(const Answer&);
  Answer(Answer&&) noexcept;
  Answer& operator=(const Answer&);
  Answer& operator=(Answer&&) noexcept;
  ~Answer();
};

struct Reply {
  std::uint64_t id = 0;
  Answer answer;
  bool operator==(const Reply&) const = default;
};

// May hold passphrases: wiped by whoever asked for it.
[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Reply& reply);
// Errors (caller): malformed, too_large.
[[nodiscard]] Result<Request> parse_request(ByteView frame);
[[nodiscard]] Result<Reply> parse_reply(ByteView frame);

// Every passphrase that a request holds, for wiping.
void wipe_passphrases(Request& request);
[[nodiscard]] bool holds_passphrase(const Request& request);

}  // namespace hamroh::api
