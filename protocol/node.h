// Node: the whole of a member's part in the network, as a deterministic state machine.
//
// Inputs come with a Turn; everything durable goes through the Turn's transaction; everything said
// to peers and clients goes into the Turn's effects, which the runtime performs after the commit.
// One turn is: any number of submit / receive / peer_up / peer_down / tick calls, then `finish`
// once, then the commit, then the effects. finish signs at most one note, over the whole ledger,
// for everything that the turn says to anybody.
//
// Errors. Blame::caller and Blame::peer: that one input was refused, nothing of it was written, the
// turn goes on. Blame::environment: the store failed; the turn must be rolled back, this Node
// thrown away and opened again from the store, because its memory may be ahead of the disk.
//
// Where things stand: node.cc (opening, epoch keys, time), node_membership.cc (who is a member),
// node_keys.cc (this node's own keys), node_cases.cc (rows under the keys of cases), node_pack.cc
// (jurisdiction packs), node_erasure.cc (what goes for good), node_services.cc (who can take a
// person), node_redelivery.cc (what a member lost), node_return.cc (coming back from a backup),
// node_submit.cc (what clients ask), node_receive.cc (what peers say), node_disclosure.cc
// (referrals tier by tier), node_status_file.cc (what decisions rest on), node_consent.cc (what
// consent allows, and who heard of its end), node_clocks.cc (what is due when), node_attachment.cc
// (files with a case), node_transfer.cc (their way from node to node), node_votes.cc (decisions by
// several), node_fund.cc (what a relief fund came to), node_send.cc (the end of a turn),
// node_view.cc (what is shown), node_access.cc (to whom).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "protocol/access.h"
#include "protocol/attachment_record.h"
#include "protocol/backup.h"
#include "protocol/ballot.h"
#include "protocol/case_keys.h"
#include "protocol/erasure.h"
#include "protocol/form.h"
#include "protocol/fund_totals.h"
#include "protocol/join_request.h"
#include "protocol/membership.h"
#include "protocol/outbox.h"
#include "protocol/pack.h"
#include "protocol/records.h"
#include "protocol/task.h"
#include "protocol/user_keys.h"
#include "protocol/view.h"

namespace hamroh {

struct NewMember {
  Bytes network_file;  // a constitution, or the chain of them
  std::string name;
  MemberKind kind{};
  std::string endpoint;
  // A member that lost its keys comes back under its id, with the incarnation after the lost one.
  std::optional<MemberId> again;
  std::uint32_t incarnation = 1;
};

// How a member comes back whose disk is lost or whose store is an old copy.
struct Return {
  // The newest, or a history that leads to it from the store's: where the lost incarnation stands.
  // Empty: the store's.
  Bytes directory;
  std::string endpoint;   // empty: as before
  bool old_copy = false;  // something outside the store shows that it is one
};
struct ReturnedMember {
  Bytes request;  // for the administrators
  MemberId member;
  std::string name;
  std::uint32_t incarnation = 0;  // the new one
  // What peers have receipts for from here on in the lost ledger, they deliver again.
  std::uint64_t position = 0;
};

// Which of its keys a member changes, and where it is reached from now on.
struct RotationAsk {
  bool author = false;
  bool receipt = false;
  bool witness = false;
  bool transport = false;
  bool epoch = false;    // what others seal to; needs no statement but a new key sheet
  std::string endpoint;  // empty: as before
};
struct RotationOutcome {
  Bytes statement;  // the signed file; empty if only epoch keys changed
  std::uint64_t serial = 0;
  bool waits = false;  // until the administrators have put it into the directory
};

struct PeerAddress {
  MemberId member;
  TransportKey transport;
  std::string endpoint;
};

struct NodeOptions {
  Duration message_lifetime = tuning::message_lifetime;
  std::optional<WriteAnchor> anchor;  // what the file outside the database says, if it can be read
  // A case whose newest event came this long ago is erased; zero: never.
  Duration retention;
  // Erase when the member that opened a case asks for it; else that waits for people.
  bool erase_on_request = false;
};

struct Submission {
  MessageId message;
  std::optional<CaseId> case_id;  // absent: opens a case, whose id is the message id
  EventKind kind{};
  std::vector<MemberId> to;  // empty: all other participants of the case
  Bytes body;
  Duration lifetime;  // zero: the default
  // Of attachment.add, which only the node itself submits: see Node::finish_attachment.
  std::vector<AttachmentReference> attachments = {};
};

// What rights need to know of a user.
struct UserFacts {
  std::string name;
  Role role{};
  std::vector<std::string> teams;  // sorted
  bool active = true;
};

// To whom a case is given, and from whom it is taken.
struct Assignment {
  std::optional<std::string> team;
  std::vector<UserId> give;
  std::vector<UserId> withdraw;
};

struct Accepted {
  MessageId message;
  CaseId case_id;
  bool duplicate = false;  // the same submission had been accepted before
};

struct Erasing {
  Bytes certificate;
  std::size_t asked = 0;  // other participants
  bool before = false;    // it had been erased already
};

struct PublishedServices {
  std::uint64_t serial = 0;
  std::size_t members = 0;  // whom it goes to
  std::size_t messages = 0;
};
struct KnownServices {
  MemberId member;
  Timestamp received;
  Bytes statement;  // wire_form.h: parse_services
};

struct BodyFacts;
// A file to be attached to a case. The program makes the id of the message that will announce it.
struct AttachmentAsk {
  MessageId message;
  CaseId case_id;
  std::vector<MemberId> to;  // empty: whoever usually hears of such an event
  std::uint64_t bytes = 0;
  Digest sha256;
  MediaType media{};
  std::string name;
};
struct AttachmentBegun {
  AttachmentView attachment;
  std::vector<std::uint16_t> missing;  // chunks to be brought yet, rising
};

class Node {
 public:
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;
  ~Node();

  // Makes a member's keys and identity in an empty store and returns the join request to be
  // admitted. Needs the reader tier.
  [[nodiscard]] static Result<Bytes> initialise(const NewMember& member, Turn& turn);

  // Makes the next incarnation of a member out of a store that a backup or an old copy left: new
  // keys, the ledger, messages and cases as they stand. Needs the reader tier. Errors (caller):
  // not_found (no node), conflict (it was not restored and is no old copy), unknown_member (the
  // directory has it not), locked, and what a directory may have.
  [[nodiscard]] static Result<ReturnedMember> come_back(const Return& how, Turn& turn);

  // Opens a node from its store; `turn` is finished and committed by the caller like any other. If
  // the reader tier is locked, the node starts locked.
  [[nodiscard]] static Result<Node> open(const NodeOptions& options, Turn& turn);

  // Takes over a jurisdiction pack: its bytes must be those that a directory known here names, or
  // that a case here was opened under. Errors (caller): pack_not_named, malformed (hamroh pack
  // check says why), not_ready (not joined yet).
  [[nodiscard]] Status install_pack(ByteView file, Turn& turn);
  // By the SHA-256 of its bytes; null if it is not here.
  [[nodiscard]] const Pack* pack(const Digest& sha256) const;
  [[nodiscard]] const Pack* pack_in_force() const;
  [[nodiscard]] Digest pack_named() const;  // by the directory; zero: none
  // Its bytes. Errors (caller): not_found.
  [[nodiscard]] Result<Bytes> pack_file(const Digest& sha256, Turn& turn) const;

  // Takes over a signed statement about membership: a complete directory (the first one, or the
  // next), the step to the next version, a constitution, a suspension, a rotation; or a history or
  // network file with any number of them, of which those that are known are skipped.
  [[nodiscard]] Status install(ByteView file, Turn& turn);
  // Makes new keys and says so to everybody. Unsettled messages are proven anew under them.
  [[nodiscard]] Result<RotationOutcome> rotate(const RotationAsk& ask, Turn& turn);
  // The reader tier's keys have become readable, or are about to be taken away.
  [[nodiscard]] Status unlock(Turn& turn);
  [[nodiscard]] Status lock(Turn& turn);
  // Signs whose a user's signing key is: fills in where she belongs, the author key and its
  // signature. Errors (caller): locked.
  [[nodiscard]] Status certify(UserCertificate& certificate) const;
  // An operator says that the wall clock is right.
  [[nodiscard]] Status confirm_clock(Turn& turn);

  // In the name of a user: what she may not do, or not see, is refused with not_permitted.
  [[nodiscard]] Result<Accepted> submit(const Submission& submission, const Actor& actor,
                                        Turn& turn);
  [[nodiscard]] Status receive(const MemberId& peer, ByteView frame, Turn& turn);
  // Destroys everything that this node holds of a case but the proofs that it existed, in this
  // turn; what was not delivered yet is returned to its author. The runtime empties the log
  // afterwards.
  // Only a supervisor of the case's team erases it. Errors (caller): not_permitted.
  [[nodiscard]] Status check_may_erase(const CaseId& id, const Actor& actor, Turn& turn) const;
  [[nodiscard]] Result<Erasing> erase_case(const CaseId& id, ErasureReason reason, bool ask_others,
                                           Turn& turn);
  void peer_up(const MemberId& peer, Turn& turn);
  void peer_down(const MemberId& peer);
  [[nodiscard]] Status tick(Turn& turn);
  [[nodiscard]] Status finish(Turn& turn);
  // When tick has something to do next, on the monotonic clock.
  [[nodiscard]] Duration next_wakeup(Duration monotonic) const;

  // Says to every active member that may refer what services this one gives; the node counts the
  // serial. Who joins later is told by the node itself. Errors (caller): not_permitted, locked,
  // not_capable, invalid_form, too_large, full, and what standing forbids.
  [[nodiscard]] Result<PublishedServices> publish_services(ServiceStatement statement,
                                                           const Actor& actor, Turn& turn);
  struct ServicesPage {
    std::vector<KnownServices> known;
    std::optional<MemberId> next;
  };
  // What active members have said last, the own words among them, by member id from behind `after`;
  // also what has expired since. Errors (caller): locked.
  [[nodiscard]] Result<ServicesPage> services(std::optional<MemberId> after, std::size_t limit,
                                              Turn& turn) const;

  struct DueCase {
    CaseId id;
    std::vector<CaseClock> clocks;  // the first due first
  };
  struct DuePage {
    std::vector<DueCase> cases;  // where clocks run
    std::optional<DueKey> next;  // where to go on, if there may be more
  };
  // In the order in which something comes to its next stage, from behind `after`. Errors (caller):
  // locked.
  [[nodiscard]] Result<DuePage> due(std::optional<DueKey> after, std::size_t limit,
                                    const Actor& actor, Turn& turn) const;
  struct EscalationPage {
    std::vector<std::pair<std::uint64_t, EscalationRecord>> known;  // by own ledger index
    std::optional<std::uint64_t> next;
  };
  // What this member was told as an oversight body, newest first, below `before`. Errors (caller):
  // locked.
  [[nodiscard]] Result<EscalationPage> escalations(std::optional<std::uint64_t> before,
                                                   std::size_t limit, Turn& turn) const;
  // ---- attachments: node_attachment.cc
  // Begins to bring one, or goes on with it. Errors (caller): not_granted, not_permitted,
  // too_large, invalid_argument, no_standing, full, conflict, locked.
  [[nodiscard]] Result<AttachmentBegun> begin_attachment(const AttachmentAsk& ask,
                                                         const Actor& actor, Turn& turn);
  // Whole chunks from that one on, in any order; those that are here already are passed over.
  [[nodiscard]] Status add_chunks(const CaseId& id, const MessageId& message, std::size_t first,
                                  ByteView plain, const Actor& actor, Turn& turn);
  // Announces it to its recipients, whose nodes then fetch it. Errors (caller):
  // attachment_not_whole, and those of submitting.
  [[nodiscard]] Result<Accepted> finish_attachment(const CaseId& id, const MessageId& message,
                                                   const Actor& actor, Turn& turn);
  // Of a case, in the order in which they were made.
  [[nodiscard]] Result<std::vector<AttachmentView>> attachments(const CaseId& id,
                                                                const Actor& actor,
                                                                Turn& turn) const;
  // At most 1 MiB of one, beginning with that chunk; nothing behind the last. Errors (caller):
  // second_person, attachment_not_whole, attachment_gone, attachment_damaged.
  [[nodiscard]] Result<Bytes> attachment_part(const CaseId& id, const MemberId& author,
                                              const MessageId& message, std::size_t first,
                                              const Actor& actor, Turn& turn) const;
  // Whether the disk has room for what others send; nothing is asked for while it has not.
  void allow_attachments(bool room) { transfers_.room = room; }

  // What is shown, to whom: only cases that the user may see, and what belongs to them.
  [[nodiscard]] NodeView view() const;
  [[nodiscard]] Result<MessageView> message(const MessageId& message, const Actor& actor,
                                            Turn& turn) const;
  [[nodiscard]] Result<CaseView> case_view(const CaseId& id, const Actor& actor, Turn& turn) const;
  struct CasePage {
    std::vector<CaseView> cases;  // without their events, tracks and gaps
    std::optional<CaseId> next;   // where to go on, if there may be more
  };
  // Newest first, below `before`. awaiting_decision: only those where this node may still decide.
  [[nodiscard]] Result<CasePage> cases(std::optional<CaseId> before, std::size_t limit,
                                       bool awaiting_decision, const Actor& actor,
                                       Turn& turn) const;
  // Of the newest 4,096 cases; at most `limit`. `beginning`: hex digits, hyphens are skipped.
  [[nodiscard]] Result<std::vector<MessageId>> find_messages(const std::string& beginning,
                                                             std::size_t limit, const Actor& actor,
                                                             Turn& turn) const;
  struct StoredBody {
    EventKind kind{};
    Bytes body;
    CaseId case_id;
    bool withheld = false;  // the sealed tier was taken out: it needs a second person
  };
  [[nodiscard]] Result<StoredBody> body(const MemberId& author, const MessageId& message,
                                        const Actor& actor, Turn& turn) const;
  struct ErasurePage {
    std::vector<std::pair<CaseId, ErasedRecord>> erasures;
    std::optional<CaseId> next;
  };
  // What was erased here, and what others want to be erased, by case id from behind `after`.
  [[nodiscard]] Result<ErasurePage> erasures(std::optional<CaseId> after, std::size_t limit,
                                             Turn& turn) const;
  [[nodiscard]] Result<ErasedRecord> erasure(const CaseId& id, Turn& turn) const;
  // Events from ledger index `from` on; at most `limit`.
  [[nodiscard]] Result<std::vector<Event>> events(std::uint64_t from, std::size_t limit,
                                                  Turn& turn) const;
  [[nodiscard]] Result<bool> may_see_event(const Event& event, const Actor& actor,
                                           Turn& turn) const;
  // The receipt of an own message at one recipient (any settled one if absent) as a C2SP
  // tlog-proof.
  [[nodiscard]] Result<std::string> receipt(const MessageId& message,
                                            std::optional<MemberId> recipient, const Actor& actor,
                                            Turn& turn) const;

  // ---- people of this organisation: node_access.cc
  // From the accounts: at every start, and whenever one has changed.
  void know_user(const UserId& user, UserFacts facts);
  [[nodiscard]] const std::map<UserId, UserFacts>& users() const { return users_; }
  // Before content of a case is shown: may the user see it, and is she not too fast? Counts the
  // reading. Errors (caller): not_permitted, too_early.
  [[nodiscard]] Status admit_reading(const CaseId& id, const Actor& actor, Turn& turn);
  // Puts it on record; to be committed before anything is shown. The same case again within five
  // minutes is the same reading.
  [[nodiscard]] Status enter_reading(const CaseId& id, const Actor& actor, Turn& turn);
  [[nodiscard]] Status take_case(const CaseId& id, const Actor& actor, Turn& turn);
  [[nodiscard]] Status assign_case(const CaseId& id, const Assignment& assignment,
                                   const Actor& actor, Turn& turn);
  // Asks for a second person's agreement; break_glass opens the case at once, for four hours.
  [[nodiscard]] Result<TaskId> ask(TaskKind kind, const CaseId& id, const std::string& reason,
                                   const Actor& actor, Turn& turn);
  [[nodiscard]] Status decide_task(const TaskId& id, bool agrees, const Actor& actor, Turn& turn);
  // What this user has asked, and what she may decide; newest first.
  [[nodiscard]] Result<std::vector<Task>> tasks(const Actor& actor, Turn& turn) const;
  // ---- decisions by votes: node_votes.cc
  struct Proposed {
    TaskId task;
    Digest decision;  // what commissioners sign: user_keys.h, sign_vote
    std::size_t votes = 0;
    std::optional<std::size_t> needed;  // nothing: the pack does not say, so one is enough
  };
  // Proposes a decision on a status or an appeal, or finds the same one that waits. `body`:
  // particulars without a ballot. Errors (caller): as those of submitting it.
  [[nodiscard]] Result<Proposed> propose_decision(const CaseId& id, EventKind kind, ByteView body,
                                                  const Actor& actor, Turn& turn);
  // A status file that this node keeps or was shown, by what a decision committed to. Errors
  // (caller): not_found, not_permitted, not_granted (the consent stopped it).
  [[nodiscard]] Result<StatusFile> status_file(const CaseId& id, const Digest& commitment,
                                               const Actor& actor, Turn& turn) const;
  struct Counted {
    std::size_t votes = 0;
    std::optional<std::size_t> needed;
    std::optional<Accepted> sent;  // there were enough
  };
  // Her own; it takes the place of one for another decision about the same. With enough of them the
  // decision is sent. Errors (caller): not_found, not_permitted, bad_signature, conflict (decided),
  // and those of submitting.
  [[nodiscard]] Result<Counted> cast_vote(const TaskId& id, const Vote& vote, const Actor& actor,
                                          Turn& turn);
  // ---- what a relief fund came to: node_fund.cc
  // Goes on with a count over all cases, a few of them at a time, until it is done. It tells of
  // cases that the asking user need not see, and names none. What is damaged is counted as that.
  // Errors (caller): locked, not_permitted.
  [[nodiscard]] Status count_fund(FundCount& count, const Actor& actor, Turn& turn) const;
  // Who saw the case, and what else was done about it inside this organisation.
  [[nodiscard]] Result<std::vector<AccessRecord>> accesses(const CaseId& id, const Actor& actor,
                                                           Turn& turn) const;
  struct ExportedCase {
    CaseView shown;
    std::vector<StoredBody> bodies;  // of shown.events from `from` on
    std::size_t next = 0;            // where to go on; the number of events at the end
  };
  // Needs the agreement of a second person; bodies of at most 4 MiB at a time.
  [[nodiscard]] Result<ExportedCase> export_case(const CaseId& id, std::size_t from,
                                                 const Actor& actor, Turn& turn) const;
  [[nodiscard]] Status enter_export(const CaseId& id, const Actor& actor, Turn& turn);
  // Something that a user did, committed to in the ledger. While the vault is locked its opening is
  // not kept.
  [[nodiscard]] Status enter_access(EntryKind kind, const Actor& actor, const CaseId& id,
                                    const UserId& other, const std::string& words, Turn& turn);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // The newest own note; signs one if the ledger has grown since and signing is possible.
  [[nodiscard]] Result<std::optional<Note>> head(Turn& turn);
  [[nodiscard]] Origin origin() const;
  [[nodiscard]] const MemberId& id() const { return identity_.member; }
  [[nodiscard]] const std::string& name() const { return identity_.name; }
  [[nodiscard]] const std::string& endpoint() const { return identity_.endpoint; }
  [[nodiscard]] const VerifiedDirectory* directory() const { return membership_->directory(); }
  [[nodiscard]] const Membership& membership() const { return *membership_; }
  // Whom the link may talk to, and where.
  [[nodiscard]] std::vector<PeerAddress> addresses() const;
  [[nodiscard]] std::vector<ActiveSuspension> suspensions() const;
  // The signed files of one alarm, for outsiders to judge.
  [[nodiscard]] Result<std::vector<AlarmRecord>> alarms(Turn& turn) const;
  [[nodiscard]] bool locked() const { return !author_.has_value(); }
  // Backups: entered before one is made, and when a key that opened some was destroyed.
  [[nodiscard]] Status enter_backup(const BackupStatement& statement, Timestamp ends, Turn& turn);
  // Until when a backup that was ever made may be opened; nothing if none opens any more.
  [[nodiscard]] Result<std::optional<Timestamp>> backups_open_until(Turn& turn) const;
  void enter_backup_key_destroyed(const BackupKeyId& key, Turn& turn);
  // The private transport key, for the link.
  [[nodiscard]] Result<AgreementKey> transport_secret(Turn& turn) const;

  // Everything that must always hold between memory and itself; for tests and the simulator.
  void check_invariants() const;

 private:
  struct Identity {
    NetworkId network;
    MemberId member;
    std::string name;
    MemberKind kind{};
    std::string endpoint;
    std::uint32_t incarnation = 1;
    Bytes network_file;
    [[nodiscard]] Bytes encode() const;
    [[nodiscard]] static Result<Identity> parse(ByteView bytes);
  };
  // A receipt that a peer has a right to.
  struct Owed {
    MessageId message;
    std::uint64_t index = 0;
    Entry entry;
  };
  struct Peer {
    PeerRecord record;
    std::optional<VerifiedKeySheet> sheet;
    Outbox outbox;
    std::vector<Owed> owed;
    bool loaded = false;            // record and held come from the store
    bool connected = false;         // our outbound connection stands
    bool greeted = false;           // its hello has come since
    bool told_what_it_has = false;  // of membership, if not more: see note_peer_membership
    bool locked = false;            // it said so
    bool wants_proof = false;       // it should see that our ledger extends what it knows
    // What it has of membership, as far as its last hello says.
    std::uint64_t constitution_version = 0;
    std::uint64_t directory_version = 0;
    Digest directory_hash;
    Digest standing;
    std::optional<std::uint64_t> shows_head;  // our head of that version is another one than its
    // Our head of a version for which an alarm was raised, for this peer to compare; a few times,
    // because a hello may be lost.
    std::uint64_t evidence_of = 0;
    unsigned evidence_left = 0;
    Duration push_at;  // when to tell it again what it lacks
    Duration push_delay = tuning::hello_retry;
    std::size_t standing_from = 0;  // which suspension or rotation it is told first next time
    std::uint64_t known_base = 0;   // size of our note that it holds, as far as we know
    std::optional<Duration> hello_sent;
    std::optional<HelloPurpose> hello_due;  // to be sent when the rate allows
    Duration up_since;
    std::size_t useless_statements = 0;  // as of useless_since; fewer with every second
    Duration useless_since;
    std::size_t unproven = 0;  // envelopes in a row that did not show their note to extend ours
    std::size_t held_bytes = 0;
    std::map<Digest, std::uint64_t> held;  // envelope digest -> own ledger index
    std::uint64_t held_next = 0;
    // While the peer is locked: which messages went in which envelope.
    std::map<Digest, std::vector<MessageId>> envelopes;
    std::uint64_t conflicts_today = 0;
    std::uint64_t conflicts_day = 0;
    Digest lacks_pack;   // as its last hello says; zero once it was sent
    Duration pack_next;  // not before
    Duration pack_ask_at;
    Duration pack_ask_delay = tuning::pack_interval;
  };
  struct KnownPack {
    std::uint64_t directory_version = 0;
    bool pinned = false;
    std::unique_ptr<const Pack> pack;  // null: not here
  };
  using Leaf = std::variant<MessageSection, ReceiptSection>;
  // What goes to one peer in this turn.
  struct Plan {
    Peer* peer = nullptr;
    MemberId member;
    std::vector<OutboxItem> messages;
    std::vector<Owed> receipts;
    std::map<std::uint64_t, std::pair<Note, std::vector<Owed>>> old_receipts;  // by session
    Bytes pack;  // a file; empty: none
  };

  struct Verdict {
    EntryKind outcome{};
    Code code = Code::none;
    EventFacts facts = {};
    std::optional<MessageId> evidence_of = {};  // against which referral it is to be kept
  };

  Node();

  // node.cc
  [[nodiscard]] Status load(const NodeOptions& options, Turn& turn);
  struct MemberKeys {
    crypto::SigningKey author;
    crypto::SigningKey receipt;
    crypto::SigningKey witness;
    TransportKey transport;
  };
  [[nodiscard]] static Result<MemberKeys> draw_member_keys(Turn& turn);
  [[nodiscard]] static Result<Bytes> request_of(const Identity& identity, const MemberKeys& keys);
  [[nodiscard]] Status load_keys(Turn& turn);
  [[nodiscard]] Status load_epochs(Turn& turn);
  [[nodiscard]] Status load_peers(Turn& turn);
  [[nodiscard]] Status load_peer(const Member& member, Peer& peer, Turn& turn);
  [[nodiscard]] Status load_held(const MemberId& member, Peer& peer, Turn& turn);
  [[nodiscard]] Status load_outbox(Turn& turn);
  [[nodiscard]] Status check_anchor(Turn& turn);
  [[nodiscard]] Status begin_session(Turn& turn);
  enum class EpochKeys : std::uint8_t { as_needed, signed_again, all_new };
  [[nodiscard]] Status keep_key_sheet(Turn& turn, EpochKeys how = EpochKeys::as_needed);
  [[nodiscard]] Status destroy_old_keys(Turn& turn);
  [[nodiscard]] Status check_clock(Turn& turn);
  // Wall time as far as it may be trusted: suspensions and staleness go by it.
  [[nodiscard]] Timestamp trusted_now(const Turn& turn) const;
  void check_start(Turn& turn);
  [[nodiscard]] bool may_sign() const;
  [[nodiscard]] Status expire_messages(Turn& turn);
  [[nodiscard]] Status send_hello(const MemberId& member, Peer& peer, HelloPurpose purpose,
                                  Turn& turn);
  // Settles one delivery by an entry of this node's own: expired or returned.
  [[nodiscard]] Status settle_alone(const MemberId& member, Peer& peer, const OutboxItem& item,
                                    EntryKind kind, Delivery outcome, Turn& turn);
  void stop_signing();
  [[nodiscard]] Status follow_standing(Turn& turn);

  // node_membership.cc
  [[nodiscard]] Status load_membership(Turn& turn);
  [[nodiscard]] Status load_statements(Turn& turn);
  [[nodiscard]] static Result<std::vector<Bytes>> statements_in(ByteView file);
  // Why a statement of a history was not taken, if that is no fault of the history.
  [[nodiscard]] static bool is_passed_over(ByteView statement, const Error& error);
  [[nodiscard]] Status check_first_directory(ByteView file) const;
  [[nodiscard]] Status take_statement(ByteView file, Turn& turn);
  [[nodiscard]] Status take_head(const DirectoryFile& file, ByteView bytes, Turn& turn);
  [[nodiscard]] Status take_statements(const MemberId& from, std::span<const Bytes> files,
                                       Turn& turn);
  [[nodiscard]] bool may_bother(const MemberId& peer, std::size_t useless, Turn& turn);
  [[nodiscard]] Status keep_statement(const Taken& taken, ByteView file,
                                      const std::optional<Directory>& before, Turn& turn);
  [[nodiscard]] Status keep_suspensions(Turn& turn);
  [[nodiscard]] Status keep_directory(ByteView file, const std::optional<Directory>& before,
                                      Turn& turn);
  [[nodiscard]] Status membership_changed(const Taken& taken,
                                          const std::map<MemberId, std::uint32_t>& incarnations,
                                          Turn& turn);
  [[nodiscard]] Status raise_alarm(const AlarmRecord& alarm, Turn& turn);
  void meet_members(Turn& turn);
  void review_suspensions(Turn& turn);
  void count_standing();
  [[nodiscard]] Status return_mail(Turn& turn);
  [[nodiscard]] bool lacks(const Peer& peer) const;
  [[nodiscard]] Result<std::vector<Bytes>> statements_for(Peer& peer, Turn& turn) const;
  [[nodiscard]] Result<std::optional<Bytes>> own_head(std::uint64_t version, Turn& turn) const;
  [[nodiscard]] Status note_peer_membership(Peer& peer, const Hello& hello, Turn& turn);

  // node_cases.cc
  [[nodiscard]] Status open_case_keys(Turn& turn);
  // Nothing if the case is not here, or is a row of before.
  [[nodiscard]] Result<std::optional<std::uint64_t>> place_of(const CaseId& id, Turn& turn) const;
  void remember_place(const CaseId& id, std::uint64_t place) const;
  // Under the case's key, if the case is here; else as it is.
  [[nodiscard]] Status keep_for_case(Table table, ByteView key, const CaseId& id, ByteView content,
                                     Turn& turn) const;
  // What was kept, sealed or not; nothing if its key is gone.
  [[nodiscard]] Result<std::optional<Bytes>> open_for_case(Table table, ByteView key, Bytes stored,
                                                           Turn& turn) const;
  [[nodiscard]] Result<CaseRecord> open_case(const CaseId& id, Bytes stored, Turn& turn) const;
  // In the order of their ids, a few at a time, because opening one needs the store.
  using CaseVisitor = std::function<Result<bool>(const CaseId&, CaseRecord&)>;
  [[nodiscard]] Status visit_cases(Bytes from, Bytes until, Transaction::Order order,
                                   const CaseVisitor& visit, Turn& turn) const;
  [[nodiscard]] Status keep_conflict(const MemberId& member, const Inner& inner,
                                     const VerifiedMessage& message, const MessageRecord& known,
                                     Turn& turn);
  // Gives cases of before keys of their own, a few rows in each turn.
  [[nodiscard]] Status upgrade_layout(Turn& turn);
  [[nodiscard]] Result<bool> upgrade_case(const CaseId& id, CaseRecord& record, std::size_t& budget,
                                          Turn& turn);

  // node_pack.cc
  [[nodiscard]] Status load_packs(Turn& turn);
  [[nodiscard]] Status know_pack_of_directory(Turn& turn);
  [[nodiscard]] Status know_pack(const Digest& sha256, bool pinned, Turn& turn);
  [[nodiscard]] Status make_room_for_pack(Turn& turn);
  [[nodiscard]] Status keep_pack(const Digest& sha256, Pack pack, ByteView file, Turn& turn);
  [[nodiscard]] Status take_packs(std::span<const Bytes> files, Turn& turn);
  [[nodiscard]] Digest lacked_pack() const;
  [[nodiscard]] bool owes_pack(const Peer& peer) const;
  void ask_for_pack(Peer& peer, Duration monotonic) const;

  // node_erasure.cc
  [[nodiscard]] Result<std::optional<ErasedRecord>> read_erased(const CaseId& id, Turn& turn) const;
  [[nodiscard]] Status keep_erased(const CaseId& id, const ErasedRecord& record, Turn& turn);
  [[nodiscard]] Result<bool> was_erased(const CaseId& id, Turn& turn) const;
  [[nodiscard]] Result<std::vector<Digest>> erase_events(const CaseRecord& record, Turn& turn);
  [[nodiscard]] Status return_deliveries(const MessageId& message, const MessageRecord& record,
                                         Code why, Turn& turn);
  [[nodiscard]] Status erase_rows(const CaseId& id, std::uint64_t place, Turn& turn);
  [[nodiscard]] Status ask_others(const CaseId& id, const CaseRecord& record, ErasedRecord& erased,
                                  Turn& turn);
  [[nodiscard]] Status answer_askers(const CaseId& id, ErasedRecord& erased, Turn& turn);
  // Those who could not be answered when their case was erased, once they can be.
  [[nodiscard]] Status answer_late(Turn& turn);
  [[nodiscard]] Status take_back_answer(const MemberId& member, const MessageId& message,
                                        Turn& turn);
  [[nodiscard]] bool has_room_for(const MemberId& member) const;
  // A message that is part of no case, or about none (`id` zero: it has its own), to sorted
  // members. It expires with what it says, at the latest when others do. Zero if a queue is full.
  [[nodiscard]] Result<MessageId> tell(EventKind kind, const CaseId& id, std::vector<MemberId> to,
                                       const Bytes& body, Timestamp expires, Turn& turn);
  [[nodiscard]] Status take_erasure(const MemberId& member, const Inner& inner, Turn& turn);
  [[nodiscard]] Status load_erasures(Turn& turn);
  [[nodiscard]] Status note_request(const CaseId& id, Turn& turn);
  [[nodiscard]] Result<bool> opener_asks(const CaseId& id, Turn& turn) const;
  [[nodiscard]] bool erases_by_itself() const;
  [[nodiscard]] Status erase_what_is_due(Turn& turn);
  [[nodiscard]] Status sweep_retention(Turn& turn);

  // node_services.cc
  [[nodiscard]] Status check_may_publish(const ServiceStatement& statement, const Actor& actor,
                                         const Turn& turn) const;
  [[nodiscard]] Result<std::optional<ServiceRecord>> read_services(const MemberId& member,
                                                                   Turn& turn) const;
  // What nobody has received of the statement before need not be delivered any more.
  [[nodiscard]] Status replace_statement(const ServiceRecord& old, Turn& turn);
  [[nodiscard]] Status tell_services(ServiceRecord& record, const ServiceStatement& statement,
                                     Turn& turn);
  // To members that came after it was published.
  [[nodiscard]] Status tell_newcomers(Turn& turn);
  [[nodiscard]] Result<Verdict> judge_services(const MemberId& member, const Inner& inner,
                                               Turn& turn) const;
  [[nodiscard]] Status take_services(const MemberId& member, const Inner& inner, Turn& turn);

  // node_votes.cc
  // How many votes of commissioners a decision in that case needs by its pack; nothing: one person
  // decides. More than there can be: nobody may decide so. Errors (peer): not_ready, not_found, if
  // the request for money is not here (yet) that it is about.
  [[nodiscard]] Result<std::optional<std::size_t>> votes_needed(EventKind kind,
                                                                const Digest& subject,
                                                                const CaseRecord* record,
                                                                Turn& turn) const;
  [[nodiscard]] Result<std::optional<std::size_t>> holders_needed(const Fund& fund,
                                                                  const Digest& request,
                                                                  const CaseRecord* record,
                                                                  Turn& turn) const;
  // What a request asks for.
  [[nodiscard]] Result<Particulars> requested_money(const CaseRecord& record, const Digest& request,
                                                    Turn& turn) const;
  // Nobody approves more in a day than the fund lets one holder.
  [[nodiscard]] Status check_day_limit(const Task& task, const Proposal& proposal,
                                       const CaseRecord& record, const UserId& user,
                                       Turn& turn) const;
  // Whether a decision of `member` has the votes that it needs, as far as is known here, and none
  // that do not count. Errors (peer): threshold_not_met, bad_signature, duplicate_signer,
  // no_standing, unknown_member.
  [[nodiscard]] Status check_ballot(const MemberId& member, EventKind kind, ByteView body,
                                    const CaseId& id, const std::optional<CaseRecord>& record,
                                    Turn& turn) const;
  // Who decided before may not decide on the appeal.
  [[nodiscard]] Status check_fresh_voters(std::span<const Vote> votes, const CaseRecord& record,
                                          Turn& turn) const;
  [[nodiscard]] Status check_may_vote(EventKind kind, const Actor& actor) const;
  // Errors as those of submitting it.
  [[nodiscard]] Status check_would_happen(const CaseRecord& record, const CaseId& id,
                                          EventKind kind, ByteView body, Turn& turn) const;
  [[nodiscard]] Status withdraw_other_votes(const Task& task, const Proposal& proposal,
                                            const UserId& user, Turn& turn);
  [[nodiscard]] std::vector<Vote> counting_votes(const Proposal& proposal) const;

  // node_clocks.cc
  // The pack of the case, if it is under one that is here.
  [[nodiscard]] const Pack* rules_of(const CaseRecord& record) const;
  [[nodiscard]] std::vector<CaseClock> clocks_of(const CaseId& id, const CaseRecord& record,
                                                 const CaseState& state) const;
  [[nodiscard]] Status set_clocks(const CaseId& id, CaseRecord& record, Turn& turn);
  [[nodiscard]] Status set_clocks(const CaseId& id, CaseRecord& record, Timestamp not_before,
                                  Turn& turn);
  // When something happened elsewhere, as far as its clock can be believed.
  [[nodiscard]] Timestamp heard_at(Timestamp said, const Turn& turn) const;
  [[nodiscard]] Timestamp latest_now(const Turn& turn) const;
  [[nodiscard]] Status note_opened(const CaseId& id, const Digest& referral, const OpenedAt& opened,
                                   Turn& turn);
  [[nodiscard]] Status check_may_close(const CaseId& id, const CaseRecord& record,
                                       const Turn& turn) const;
  // Nobody else is asked for the same while somebody who was asked still has time to answer.
  [[nodiscard]] Status check_in_parallel(const CaseId& id, const ReferralForm& form,
                                         const CaseRecord& record, Turn& turn) const;
  [[nodiscard]] Status load_clocks(Turn& turn);
  [[nodiscard]] Status find_next_due(Turn& turn);
  [[nodiscard]] bool clocks_act() const;
  [[nodiscard]] std::optional<Duration> next_clocks_wakeup() const;
  [[nodiscard]] Status run_clocks(Turn& turn);
  [[nodiscard]] Status act_on_clocks(const CaseId& id, CaseRecord& record, Turn& turn);
  struct Stages {
    ClockStage before{};
    ClockStage now{};
  };
  [[nodiscard]] Result<bool> reach_stage(const CaseId& id, const CaseClock& clock,
                                         const Stages& stages, CaseRecord& record, Turn& turn);
  [[nodiscard]] Result<bool> say_missed(const CaseId& id, const CaseClock& clock,
                                        CaseRecord& record, Turn& turn);
  [[nodiscard]] Result<MemberId> oversight_of(const CaseRecord& record, Turn& turn) const;
  [[nodiscard]] Result<bool> escalate(const CaseClock& clock, const CaseRecord& record, Turn& turn);
  [[nodiscard]] Status begin_clocks_sweep(Turn& turn);
  [[nodiscard]] Status sweep_clocks(Turn& turn);
  [[nodiscard]] Verdict judge_escalation(const Inner& inner) const;
  [[nodiscard]] Status take_escalation(const MemberId& member, const Inner& inner,
                                       std::uint64_t index, Turn& turn);

  // node_redelivery.cc
  [[nodiscard]] bool may_redeliver(const MemberId& member) const;
  [[nodiscard]] Status redeliver(Turn& turn);
  [[nodiscard]] Result<std::vector<MessageId>> lost_by(const MemberId& member,
                                                       RedeliveryRecord& from, Turn& turn) const;
  [[nodiscard]] Status send_again(const MemberId& member, const MessageId& message, Turn& turn);

  // node_keys.cc
  [[nodiscard]] Result<bool> adopt_own_keys(Turn& turn);
  [[nodiscard]] Status use_new_keys(Turn& turn);
  [[nodiscard]] Standing standing() const;

  // node_send.cc
  [[nodiscard]] Status sign_head(Turn& turn);
  std::uint64_t append_entry(EntryKind kind, Code code, const Digest& subject, const Digest& detail,
                             const EntryReference& reference, Turn& turn);
  [[nodiscard]] Result<std::vector<Plan>> make_plans(Turn& turn);
  // Whether a note is signed with the present key of its role, as far as that can be told.
  [[nodiscard]] bool is_own_key(const Note& note) const;
  [[nodiscard]] Status plan_receipts(Plan& plan, Turn& turn);
  [[nodiscard]] Status plan_messages(Plan& plan, Turn& turn);
  [[nodiscard]] Status send_plan(Plan& plan, Turn& turn);
  [[nodiscard]] Status send_leaves(Plan& plan, const Note& note, std::uint64_t base,
                                   std::vector<Leaf> leaves, Turn& turn);
  [[nodiscard]] Status flush_ledger(Turn& turn);
  [[nodiscard]] Result<Bytes> inner_of(const OutboxItem& item, Turn& turn);

  // node_submit.cc
  [[nodiscard]] Result<Accepted> known_submission(const Submission& submission,
                                                  const MessageRecord& record, Turn& turn) const;
  [[nodiscard]] Status check_recipients(const Submission& submission, bool new_contact,
                                        bool emergency, Turn& turn) const;
  // To whom it goes if nobody was named. Who is no member any more cannot be told, and must not
  // keep the others from being told.
  [[nodiscard]] std::vector<MemberId> usual_recipients(const CaseRecord& record, EventKind kind,
                                                       const EventFacts& facts) const;
  // An emergency, or something disclosed of one.
  [[nodiscard]] Result<bool> goes_first(const Inner& inner, Turn& turn) const;
  // Enters a message of this node's own, keeps it, and queues it for its recipients, who have room.
  // Its body goes under the key of its case, if there is one.
  [[nodiscard]] Status keep_sent(const Inner& inner, Bytes bytes, const Digest& digest, Turn& turn);
  [[nodiscard]] Result<bool> says_the_same(const Inner& inner, const Bytes& submitted,
                                           Turn& turn) const;
  [[nodiscard]] Status check_by_pack(const CaseId& id, const ReferralForm& form,
                                     const CaseRecord& record, Turn& turn) const;
  [[nodiscard]] Status keep_referral(Submission submission, const ReferralForm& form,
                                     CaseRecord& record, const Actor& actor, Turn& turn);
  // An actor without a user: this node by itself.
  [[nodiscard]] Status keep_submission(const Submission& submission, const EventFacts& facts,
                                       std::vector<Commitment> commitments, CaseRecord& record,
                                       const Actor& actor, Turn& turn);

  // An event of this node by itself, in a case. Where it is refused, as in a case that holds all
  // that it may, it is not said, and that is no error: later it would be refused as well.
  [[nodiscard]] Status say_by_itself(Submission submission, const EventFacts& facts,
                                     CaseRecord& record, Turn& turn);

  // node_disclosure.cc
  [[nodiscard]] Status keep_tiers(const MessageId& referral, const CaseId& id,
                                  const TierRecord& tiers, Turn& turn) const;
  [[nodiscard]] Result<std::optional<TierRecord>> read_tiers(const MessageId& referral,
                                                             Turn& turn) const;
  [[nodiscard]] Result<std::vector<Disclosure>> disclosures_of(
      const CaseRecord& record, const CaseRecord::CaseEvent& referral,
      CaseRecord::Audience audience, Turn& turn) const;
  [[nodiscard]] Result<FormFields> disclosed_to(const CaseRecord& record,
                                                const CaseRecord::CaseEvent& referral,
                                                const MemberId& recipient, Turn& turn) const;
  [[nodiscard]] Result<FormFields> owed_fields(const CaseRecord& record,
                                               const CaseRecord::CaseEvent& referral,
                                               const ReferralForm& form,
                                               const std::optional<Consent>& consent,
                                               const TrackState& track, Turn& turn) const;
  [[nodiscard]] FormFields granted_to(const MemberId& member, const std::optional<Consent>& consent,
                                      Occasion occasion, const Turn& turn) const;
  [[nodiscard]] bool may_disclose_to(const MemberId& recipient) const;
  [[nodiscard]] Status send_disclosure(EventKind kind, const CaseId& id,
                                       const CaseRecord::CaseEvent& about,
                                       const MemberId& recipient, Disclosure disclosure,
                                       CaseRecord& record, Turn& turn);
  [[nodiscard]] Result<bool> disclose_referral(const CaseId& id,
                                               const CaseRecord::CaseEvent& referral,
                                               CaseRecord& record, Turn& turn);
  // Discloses by itself what recipients of own referrals may have by now, and who decides after an
  // own decision.
  [[nodiscard]] Status disclose_in_case(const CaseId& id, CaseRecord& record, Turn& turn);
  [[nodiscard]] Status load_disclosures(Turn& turn);
  [[nodiscard]] Status disclose_what_is_due(Turn& turn);
  [[nodiscard]] Result<Disclosure> disclosure_by_hand(const DisclosedFields& asked,
                                                      std::span<const MemberId> to,
                                                      const CaseId& id, const CaseRecord& record,
                                                      Turn& turn) const;
  [[nodiscard]] Status keep_mismatch(const MemberId& member, const MessageId& referral,
                                     const CaseId& id, ByteView inner, Turn& turn) const;
  [[nodiscard]] Result<ReferralForm> known_form(const Inner& inner, const Digest& digest,
                                                Turn& turn) const;
  [[nodiscard]] Result<StoredBody> shown_body(const Inner& inner, const Digest& digest,
                                              bool sealed_tier, Turn& turn) const;

  // node_status_file.cc
  struct NamedFile {
    Bytes body;  // of the decision, with the commitment in the file's place
    Digest commitment;
    std::optional<std::pair<Digest, StatusFileRecord>> fresh;  // not kept yet
  };
  [[nodiscard]] Result<std::optional<StatusFileRecord>> read_status_file(const CaseId& id,
                                                                         const Digest& commitment,
                                                                         Turn& turn) const;
  [[nodiscard]] Result<std::vector<Digest>> status_files_kept(const CaseId& id, Turn& turn) const;
  [[nodiscard]] Status keep_status_file(const CaseId& id, const NamedFile& named, Turn& turn) const;
  [[nodiscard]] Status erase_status_files(const CaseId& id, Turn& turn);
  [[nodiscard]] Result<NamedFile> commit_to_file(const CaseId& id, StatusFile file,
                                                 Turn& turn) const;
  [[nodiscard]] Result<std::optional<Digest>> file_named_in(const CaseRecord::CaseEvent& event,
                                                            Turn& turn) const;
  // A decision with its status file, as it travels. Of another kind: the same body.
  [[nodiscard]] Result<NamedFile> name_status_file(const CaseId& id, EventKind kind, Bytes body,
                                                   Turn& turn) const;
  [[nodiscard]] Result<bool> says_the_same_file(const Inner& inner, ByteView submitted,
                                                Turn& turn) const;
  [[nodiscard]] std::vector<MemberId> file_readers(const CaseRecord& record, const CaseState& state,
                                                   const CaseRecord::CaseEvent& decision) const;
  [[nodiscard]] Result<bool> disclose_status_files(const CaseId& id, CaseRecord& record,
                                                   Turn& turn);
  [[nodiscard]] static bool carries_status_file(EventKind kind, ByteView body);
  [[nodiscard]] Result<Verdict> judge_status_disclosure(const MemberId& member, const Inner& inner,
                                                        const Disclosure& disclosure,
                                                        const std::optional<CaseRecord>& record,
                                                        Turn& turn) const;

  // node_consent.cc
  [[nodiscard]] static bool has_statement(const CaseRecord& record);
  // What a statement says; nothing if it is a withdrawal.
  [[nodiscard]] Result<std::optional<Consent>> stated_consent(
      const CaseRecord::CaseEvent& statement, Turn& turn) const;
  [[nodiscard]] Result<std::vector<Consent>> standing_consents(const CaseRecord& record,
                                                               const CaseState& state,
                                                               Turn& turn) const;
  [[nodiscard]] Status check_may_apply(const Submission& submission, const CaseRecord& record,
                                       Turn& turn) const;
  [[nodiscard]] Result<bool> opens_status_file(const CaseId& id, const CaseRecord& record,
                                               const CaseState& state, const MemberId& member,
                                               Turn& turn) const;
  [[nodiscard]] Result<bool> is_kept(const CaseRecord& record, const CaseState& state,
                                     Turn& turn) const;
  [[nodiscard]] Result<bool> stops_status_file(const CaseId& id, const CaseRecord& record,
                                               Turn& turn) const;
  // What counts of a referral's consent by now; nothing if it was withdrawn.
  [[nodiscard]] Result<std::optional<Consent>> standing_consent(
      const CaseRecord& record, const CaseState& state, const CaseRecord::CaseEvent& referral,
      const Consent& of_form, Turn& turn) const;
  // By which consent the later tiers of a form may go anywhere now.
  [[nodiscard]] Result<std::optional<Consent>> consent_to_disclose(
      const CaseId& id, const CaseRecord& record, const CaseState& state,
      const CaseRecord::CaseEvent& referral, const ReferralForm& form, Turn& turn) const;
  [[nodiscard]] Result<bool> exception_stands(const CaseId& id, bool emergency, Turn& turn) const;
  [[nodiscard]] Result<std::vector<Consent>> barring_consents(const CaseId& id,
                                                              const CaseRecord& record,
                                                              Turn& turn) const;
  [[nodiscard]] ConsentRecipient as_recipient(const MemberId& member) const;
  // Whether the consent lets this go to all of them; `usual`: they were not named, and those that
  // it bars are left out. Errors (caller): consent_missing, barred_by_consent, consent_unanswered,
  // unknown_code, invalid_argument.
  [[nodiscard]] Status hold_to_consent(Submission& submission, bool usual, const BodyFacts& facts,
                                       const std::optional<CaseRecord>& record, Turn& turn) const;
  [[nodiscard]] Status check_referral_allowed(const Submission& submission,
                                              const ReferralForm& form,
                                              const std::optional<CaseRecord>& record,
                                              Turn& turn) const;
  [[nodiscard]] Status check_consent_event(const Submission& submission, bool usual,
                                           const BodyFacts& facts, const CaseRecord& record,
                                           Turn& turn) const;
  [[nodiscard]] Status ask_for_review(const CaseId& id, ConsentException exception,
                                      const Actor& actor, Turn& turn);
  [[nodiscard]] Result<std::vector<MemberId>> unanswered(const CaseRecord& record,
                                                         const CaseState& state, Turn& turn) const;
  [[nodiscard]] bool owes_answer(const CaseRecord& record) const;
  [[nodiscard]] std::optional<CaseRecord::CaseEvent> own_answer(const CaseRecord& record,
                                                                const Digest& statement) const;
  // Says what this node does about each change or withdrawal; true if it has to wait.
  [[nodiscard]] Result<bool> answer_statements(const CaseId& id, CaseRecord& record, Turn& turn);
  [[nodiscard]] Result<bool> send_answer(const CaseId& id, const ConsentApplied& applied,
                                         CaseRecord& record, Turn& turn);
  struct ErasedAnswer {
    std::vector<MemberId> to;
    Bytes body;
  };
  [[nodiscard]] Result<std::optional<ErasedAnswer>> erased_answer(const CaseId& id,
                                                                  const CaseRecord& record) const;
  [[nodiscard]] Result<FormFields> stopped_fields(const CaseId& id, const CaseRecord& record,
                                                  const CaseRecord::CaseEvent& referral,
                                                  const ReferralForm& form, Turn& turn) const;
  // node_fund.cc
  [[nodiscard]] Status count_case(const CaseId& id, Bytes row, FundCount& count,
                                  std::size_t& events_left, Turn& turn) const;
  [[nodiscard]] Status count_erased(FundCount& count, Turn& turn) const;
  struct SaidOfMoney {
    std::string purpose;
    FundMoney money;
  };
  [[nodiscard]] Result<SaidOfMoney> money_of(const CaseRecord::CaseEvent& event, Turn& turn) const;
  // node_attachment.cc
  [[nodiscard]] Result<std::optional<AttachmentRecord>> read_attachment(const CaseId& id,
                                                                        const MemberId& author,
                                                                        const MessageId& message,
                                                                        Turn& turn) const;
  [[nodiscard]] Status keep_attachment(const CaseId& id, const MemberId& author,
                                       const MessageId& message, const AttachmentRecord& record,
                                       Turn& turn) const;
  [[nodiscard]] Result<std::uint64_t> new_attachment_number(Turn& turn) const;
  [[nodiscard]] Result<bool> take_attachment_room(const MemberId& member, std::uint64_t bytes,
                                                  Turn& turn) const;
  // How much of files one member may send another in a day, by the pack of the case.
  [[nodiscard]] std::uint64_t attachment_quota(const CaseRecord& record) const;
  [[nodiscard]] Result<std::uint64_t> attachment_quota(const CaseId& id, Turn& turn) const;
  // Which chunks are here, by their leaves.
  [[nodiscard]] Result<std::vector<std::optional<Digest>>> chunk_leaves(std::uint64_t number,
                                                                        std::size_t count,
                                                                        Turn& turn) const;
  [[nodiscard]] Status keep_chunk(std::uint64_t number, std::size_t index, ByteView chunk,
                                  const Digest& leaf, Turn& turn) const;
  [[nodiscard]] Status check_attachment_recipients(const CaseRecord& record, const CaseId& id,
                                                   std::span<const MemberId> to, Turn& turn) const;
  [[nodiscard]] Status check_may_attach(const AttachmentAsk& ask, const CaseRecord& record,
                                        std::span<const MemberId> to, Turn& turn) const;
  [[nodiscard]] Result<AttachmentBegun> begun(const AttachmentRecord& record,
                                              const MessageId& message, Turn& turn) const;
  [[nodiscard]] Result<AttachmentRecord> own_upload(const CaseId& id, const MessageId& message,
                                                    const Actor& actor, Turn& turn) const;
  [[nodiscard]] Status remove_attachment(const CaseId& id, const MemberId& author,
                                         const MessageId& message, Turn& turn);
  [[nodiscard]] Status remove_chunks(const MemberId& author, const AttachmentRecord& record,
                                     Turn& turn);
  [[nodiscard]] Status erase_attachments(const CaseId& id, Turn& turn);
  [[nodiscard]] Status sweep_removed_chunks(Turn& turn);
  [[nodiscard]] Status drop_old_uploads(Turn& turn);

  // node_transfer.cc
  using Coming = AttachmentWork::Coming;
  [[nodiscard]] Status load_attachments(Turn& turn);
  [[nodiscard]] Status load_coming(Turn& turn);
  // An event that was opened announces one.
  [[nodiscard]] Status expect_attachment(const MemberId& member, const Inner& inner, Turn& turn);
  [[nodiscard]] Status receive_want(const MemberId& member, ByteView frame, Turn& turn);
  [[nodiscard]] Status note_whole(const MemberId& member, const CaseId& id,
                                  const MessageId& message, AttachmentRecord& record, Turn& turn);
  [[nodiscard]] Status receive_chunk(const MemberId& member, ByteView frame, Turn& turn);
  [[nodiscard]] Status take_chunk(const MemberId& member, const ChunkFrame& frame, Coming& coming,
                                  Turn& turn);
  [[nodiscard]] Status end_coming(const MemberId& member, const MessageId& message,
                                  AttachmentState state, Turn& turn);
  [[nodiscard]] Status serve_chunks(Turn& turn);
  [[nodiscard]] Status serve_chunk(const MemberId& member, const AttachmentWork::Asked& asked,
                                   Turn& turn);
  [[nodiscard]] Status ask_for_chunks(Turn& turn);
  [[nodiscard]] Status ask_peer_for_chunks(const MemberId& member, Turn& turn);
  [[nodiscard]] Status give_waiting_room(Turn& turn);
  [[nodiscard]] bool may_transfer_with(const MemberId& member) const;
  [[nodiscard]] std::optional<Duration> next_transfer() const;
  void forget_transfers_with(const MemberId& member);

  // node_receive.cc
  [[nodiscard]] Status receive_hello(const MemberId& member, ByteView frame, Turn& turn);
  [[nodiscard]] Status receive_envelope(const MemberId& member, Peer& peer, ByteView frame,
                                        Turn& turn);
  [[nodiscard]] Status receive_rekey(const MemberId& member, Peer& peer, ByteView frame,
                                     Turn& turn);
  [[nodiscard]] Status hold(const MemberId& member, Peer& peer, ByteView frame, Turn& turn);
  [[nodiscard]] Status open_held(Turn& turn);
  [[nodiscard]] Status open_frame(const MemberId& member, Peer& peer, ByteView frame, Turn& turn);
  [[nodiscard]] Status take_key_sheet(const MemberId& member, Peer& peer, ByteView file,
                                      Turn& turn);
  [[nodiscard]] Status take_seen_note(Peer& peer, const Hello& hello, Turn& turn);
  [[nodiscard]] Status apply_receipts(const MemberId& member, Peer& peer,
                                      const VerifiedEnvelope& envelope, Turn& turn);
  [[nodiscard]] Result<bool> apply_receipt(const MemberId& member, Peer& peer,
                                           const VerifiedReceipt& receipt, Turn& turn);
  [[nodiscard]] Status apply_held_receipt(const MemberId& member, Peer& peer,
                                          const VerifiedReceipt& receipt, Turn& turn);
  [[nodiscard]] Status apply_message(const MemberId& member, Peer& peer,
                                     const VerifiedMessage& message, Turn& turn);
  [[nodiscard]] Result<Verdict> judge_disclosure(const MemberId& member, const Inner& inner,
                                                 const Disclosure& disclosure,
                                                 const std::optional<CaseRecord>& record,
                                                 Turn& turn) const;
  [[nodiscard]] Result<Verdict> judge(const MemberId& member, const Inner& inner,
                                      const VerifiedMessage& message,
                                      const std::optional<CaseRecord>& record, Turn& turn) const;
  [[nodiscard]] Result<Verdict> judge_erasure(const MemberId& member, const Inner& inner,
                                              const std::optional<CaseRecord>& record,
                                              Turn& turn) const;
  [[nodiscard]] Status keep_message(const MemberId& member, Peer& peer, const Inner& inner,
                                    const VerifiedMessage& message, Verdict verdict,
                                    std::optional<CaseRecord>& record, Turn& turn);
  [[nodiscard]] Status answer_duplicate(const MemberId& member, Peer& peer, const Inner& inner,
                                        const VerifiedMessage& message, const MessageRecord& known,
                                        Turn& turn);
  [[nodiscard]] Status remember_note(const MemberId& member, Peer& peer,
                                     const VerifiedEnvelope& envelope, Turn& turn);
  [[nodiscard]] Status record_fork(const MemberId& member, const Peer& peer, const Note& note,
                                   Turn& turn);
  void owe(Peer& peer, const MessageId& message, std::uint64_t index, const Entry& entry);
  [[nodiscard]] Status settle_pending(std::uint64_t sent_sequence, Turn& turn);

  // shared
  [[nodiscard]] const Member* active_member(const MemberId& member) const {
    return membership_->active(member);
  }
  [[nodiscard]] bool is_suspended(const MemberId& member) const {
    return !suspended_.empty() && suspended_.contains(member);
  }
  [[nodiscard]] Result<std::optional<MessageRecord>> read_message(const MemberId& author,
                                                                  const MessageId& message,
                                                                  Turn& turn) const;
  [[nodiscard]] Result<std::optional<CaseRecord>> read_case(const CaseId& id, Turn& turn) const;
  [[nodiscard]] Status keep_case(const CaseId& id, ByteView row, Turn& turn);
  [[nodiscard]] Result<std::optional<Bytes>> read_body(const MessageRecord& record,
                                                       Turn& turn) const;
  [[nodiscard]] Result<Inner> read_inner(const MessageRecord& record, Turn& turn) const;
  // What an event of a case says; nothing if that is not kept here.
  [[nodiscard]] Result<std::optional<Inner>> read_event(const CaseRecord::CaseEvent& event,
                                                        Turn& turn) const;
  [[nodiscard]] Status keep_body(std::uint64_t key, const CaseId& id, ByteView inner, Turn& turn);

  // node_access.cc
  [[nodiscard]] bool sees(const Actor& actor, const CaseId& id, const CaseRecord& record,
                          const Turn& turn) const;
  [[nodiscard]] bool has_broken_glass(const UserId& user, const CaseId& id, const Turn& turn) const;
  [[nodiscard]] bool is_given_to_somebody(const CaseRecord& record) const;
  // The case, if the user may see it. Errors (caller): not_found, not_permitted.
  [[nodiscard]] Result<CaseRecord> seen_case(const CaseId& id, const Actor& actor,
                                             Turn& turn) const;
  [[nodiscard]] Status check_message_seen(const MessageRecord& message, const Actor& actor,
                                          Turn& turn) const;
  [[nodiscard]] Result<CaseRecord> case_to_give(const CaseId& id, const Actor& actor,
                                                Turn& turn) const;
  [[nodiscard]] bool may_decide(const Task& task, const Actor& actor,
                                const std::optional<CaseRecord>& record) const;
  [[nodiscard]] Result<bool> has_agreement(TaskKind kind, const CaseId& id, const Actor& actor,
                                           Turn& turn) const;
  [[nodiscard]] Status keep_task(const Task& task, Turn& turn) const;
  [[nodiscard]] Status make_room_for_task(Turn& turn);
  [[nodiscard]] Result<std::vector<Task>> all_tasks(Turn& turn) const;
  [[nodiscard]] Status load_pseudonyms(Turn& turn);

  // How fast one user opens cases.
  struct Pace {
    std::map<CaseId, Duration> opened;   // of the last hour, when first
    std::map<CaseId, Duration> entered;  // of the last minutes
    Duration last;
    std::optional<Duration> reported;
  };

  Identity identity_;
  NodeOptions options_;
  std::optional<Membership> membership_;  // always there but while it is loaded
  std::map<MemberId, ActiveSuspension> suspended_;
  std::optional<Timestamp> next_suspension_change_;
  Digest standing_;  // over suspensions and rotations in force
  std::vector<AlarmView> alarms_;
  // By member and lost incarnation.
  std::map<std::pair<MemberId, std::uint32_t>, RedeliveryRecord> redeliveries_;
  std::set<Bytes> past_keys_;  // own public keys that signed notes before the present ones
  std::optional<VerifiedRotation> waiting_rotation_;
  std::optional<crypto::SigningKey> author_;  // absent while locked
  std::optional<crypto::SigningKey> receipt_;
  std::map<EpochKeyId, EpochSecret> epochs_;  // empty while locked
  std::optional<SymmetricKey> pseudonyms_;    // absent while locked
  std::map<UserId, UserFacts> users_;
  std::map<UserId, Pace> paces_;                                // at most one a user
  std::map<std::pair<UserId, CaseId>, Duration> broken_glass_;  // until when, monotonic
  std::optional<CaseKeys> case_keys_;                           // absent while locked
  mutable std::map<CaseId, std::uint64_t> places_;  // of the cases used last, to find their keys
  mutable std::optional<CaseId> absent_case_;       // of which read_case has found no row
  std::optional<LayoutRecord> upgrade_;  // while cases of before have no keys of their own
  bool disclosures_wait_ = false;        // Table::tier has a row of what is due
  CaseId due_from_;                      // where to go on with them
  Duration next_disclosure_;
  Timestamp next_due_{UINT64_MAX};        // of the first row of Table::due
  Duration next_clocks_;                  // not before
  std::optional<CaseId> clocks_sweep_;    // where to go on
  std::size_t escalations_ = 0;           // rows
  bool any_erased_ = false;               // Table::erased has a row
  std::set<CaseId> asked_for_;            // to be erased on request, a few of them
  bool more_asked_for_ = false;           // in the store
  std::set<MemberId> unanswered_;         // asked for a case that is erased, and were not told yet
  std::optional<CaseId> answers_from_;    // where the sweep for them goes on
  std::optional<CaseId> retention_from_;  // where the sweep goes on
  Duration next_erasure_;
  bool newcomers_ = false;  // somebody can perhaps be told what it has not been: services, erasures
  AttachmentWork transfers_;
  std::size_t uploads_ = 0;                // begun here and not sent
  std::optional<VerifiedKeySheet> sheet_;  // own
  Ledger ledger_;
  std::uint64_t session_first_ = 0;
  std::optional<Note> note_;  // newest own, of this session
  std::map<MemberId, Peer> peers_;
  std::map<Digest, KnownPack> packs_;
  std::size_t outbox_size_ = 0;
  std::map<std::uint64_t, std::size_t> pending_;  // pending row -> messages × recipients unsettled
  std::vector<std::pair<std::uint64_t, MessageId>> fresh_;  // submitted in this turn, by sequence
  std::map<MessageId, Bytes> fresh_inners_;
  Phase phase_ = Phase::not_joined;
  bool stopped_as_superseded_ = false;  // and for no other reason
  Duration started_;
  Duration next_start_check_;
  bool held_waits_ = false;  // unlocked, and there are held envelopes to open
  bool clock_suspect_ = false;
  Timestamp clock_wall_;  // at clock_monotonic_
  Duration clock_monotonic_;
  Duration next_clock_;
  Duration next_expiry_;
  Duration next_upkeep_;
  Duration rekey_minute_;
  std::size_t rekeys_this_minute_ = 0;
};

struct BodyFacts {
  bool emergency = false;
  EventFacts event;
  std::optional<ReferralForm> referral = {};
  std::optional<Disclosure> disclosure = {};
};
// Validates a body against its kind. Errors (caller): invalid_form, too_large, malformed.
[[nodiscard]] Result<BodyFacts> check_body(EventKind kind, ByteView body);
// Whether it is the first part of a referral in an emergency.
[[nodiscard]] bool is_emergency(const Inner& inner);
// The ids of messages are UUIDv7 by custom; those that a node makes by itself are, too.
[[nodiscard]] MessageId draw_message_id(Turn& turn);

}  // namespace hamroh
