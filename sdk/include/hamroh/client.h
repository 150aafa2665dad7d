// libhamroh: a program's way to the node on its machine.
//
//   auto client = hamroh::Client::connect("/var/lib/hamroh");
//   client->login_with_key(key_file);   // of an account that an operator made for this program
//   auto accepted = client->refer(commission, form);
//   auto shown = client->wait(accepted->message, hamroh::Level::opened, hamroh::seconds(10));
//
// Blocking calls answer or fail within the client's deadline. Pipelined ones return at once; `poll`
// runs their callbacks. A daemon that restarts in between is no failure: whatever has not been
// answered is asked again under the same ids until its deadline, and a submission that comes twice
// is accepted once, because its message id names it. So after a timeout: submit again with the same
// id.
//
// A client acts as a user: `login` with a passphrase, `login_with_key` for programs, `use_session`
// with a token that somebody else's login brought. Whoever logged in with a key is logged in again
// by itself when the daemon has restarted or the session has ended.
//
// A Client belongs to one thread. Errors: Code::unavailable if no node listens, Code::timed_out if
// no answer came in time (then a submission may or may not have been accepted), or what the node
// says, in whose own words `refusal` is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/api.h"
#include "protocol/form.h"

namespace hamroh {

// A new UUIDv7 (RFC 9562, section 5.7): rises within this process, whatever the clock does.
[[nodiscard]] MessageId new_message_id();

class EventStream;

class Client {
 public:
  static constexpr std::size_t outstanding_max = 4'096;  // unanswered pipelined requests

  // `home` is the node's home directory.
  [[nodiscard]] static Result<Client> connect(const std::string& home,
                                              Duration timeout = seconds(5));

  // How long a call may take; 10 s unless told otherwise.
  void set_deadline(Duration deadline);
  // What the node said when it last refused something; empty if it never did.
  [[nodiscard]] const std::string& refusal() const;
  // The words for an error of this client: the node's own if it refused, else the error's.
  [[nodiscard]] std::string words_for(const Error& error) const;

  // ---- who this client is

  // A code if the user has a second factor; a new passphrase takes the place of the old one. If the
  // vault is locked, this unlocks it. Argon2id is slow on purpose: set a deadline of a minute.
  [[nodiscard]] Result<api::LoggedIn> login(const std::string& name, ByteView passphrase,
                                            const std::string& code = {},
                                            ByteView new_passphrase = {});
  // With the content of a key file. Errors (caller): malformed, invalid_argument if it belongs to
  // another node, and what the node says.
  [[nodiscard]] Result<api::LoggedIn> login_with_key(ByteView key_file);
  [[nodiscard]] Status logout();
  void use_session(const SessionToken& token);
  // Absent if this client is nobody.
  [[nodiscard]] std::optional<SessionToken> session() const;

  // ---- blocking calls: api.h says what each one means

  [[nodiscard]] Result<api::Accepted> submit(const api::Submit& submission);
  // Opens a case with a referral to one member. invalid_form if find_fault finds one.
  [[nodiscard]] Result<api::Accepted> refer(const MemberId& to, const ReferralForm& form,
                                            const MessageId& message = new_message_id());
  [[nodiscard]] Result<api::Accepted> decide(const CaseId& case_id, const Decision& decision,
                                             const MessageId& message = new_message_id());
  [[nodiscard]] Result<api::Accepted> note(const CaseId& case_id, const NoteText& note,
                                           const MessageId& message = new_message_id());
  // Any event that has particulars. `to`: nobody is everybody who usually hears of it.
  [[nodiscard]] Result<api::Accepted> event(const CaseId& case_id, EventKind kind,
                                            const Particulars& particulars,
                                            const std::vector<MemberId>& to = {},
                                            const MessageId& message = new_message_id());
  // Discloses to a recipient of a referral, which has accepted it, what it has not got by itself.
  // The node refuses what the consent or the rules of disclosure do not open to that member.
  [[nodiscard]] Result<api::Accepted> disclose(const CaseId& case_id, const MemberId& to,
                                               const DisclosedFields& fields,
                                               const MessageId& message = new_message_id());
  // How the consent stands from now on: consent.give, change or withdraw. It goes to everybody in
  // the case, and their nodes answer by themselves. The first two name the statement that they take
  // the place of: the `about` of the case's consent track.
  [[nodiscard]] Result<api::Accepted> state_consent(const CaseId& case_id, EventKind kind,
                                                    const ConsentStatement& statement,
                                                    const MessageId& message = new_message_id());
  // That this organisation keeps what it holds after a withdrawal, on a ground of the pack.
  [[nodiscard]] Result<api::Accepted> apply_consent(const CaseId& case_id,
                                                    const ConsentApplied& applied,
                                                    const MessageId& message = new_message_id());
  // Until the message has come as far as `level` at every recipient, or is settled otherwise: look
  // at the level of what is returned. Code::timed_out if it takes longer.
  [[nodiscard]] Result<MessageView> wait(const MessageId& message, Level level, Duration timeout);

  [[nodiscard]] Result<api::NodeStatus> status();
  [[nodiscard]] Result<MessageView> message(const MessageId& message);
  [[nodiscard]] Result<api::Cases> cases(const api::ListCases& page);
  [[nodiscard]] Result<api::Case> case_view(const CaseId& case_id);
  [[nodiscard]] Result<api::Body> body(const MemberId& author, const MessageId& message);
  // Ids of messages that begin so: hex digits, with or without hyphens.
  [[nodiscard]] Result<std::vector<MessageId>> find_messages(const std::string& beginning);
  [[nodiscard]] Status take_case(const CaseId& case_id);
  [[nodiscard]] Status assign_case(const api::AssignCase& assignment);
  [[nodiscard]] Result<TaskId> ask_second(const api::AskSecond& question);
  [[nodiscard]] Status decide_task(const TaskId& task, bool agrees);
  [[nodiscard]] Result<api::Tasks> tasks();
  [[nodiscard]] Result<api::Accesses> accesses(const CaseId& case_id);
  // All parts in one.
  [[nodiscard]] Result<api::Exported> export_case(const CaseId& case_id);
  [[nodiscard]] Result<std::string> receipt(const MessageId& message,
                                            std::optional<MemberId> recipient = std::nullopt);
  [[nodiscard]] Result<api::LedgerPage> ledger(const api::GetLedger& page);
  [[nodiscard]] Result<api::LedgerHead> ledger_head();
  // All pages in one.
  [[nodiscard]] Result<api::Members> members();
  // The cursor after everything that has happened.
  [[nodiscard]] Result<std::uint64_t> cursor_now();
  [[nodiscard]] Status unlock(ByteView passphrase);
  [[nodiscard]] Status lock();
  // A directory, or any other signed statement about membership; also a history or network file.
  [[nodiscard]] Status install(ByteView file);
  // The jurisdiction pack of that SHA-256; zero: the one in force.
  [[nodiscard]] Result<api::PackFile> pack(const Digest& sha256);
  [[nodiscard]] Result<api::Rotated> rotate(const api::Rotate& ask);
  [[nodiscard]] Result<api::Alarms> alarms();
  [[nodiscard]] Status confirm_clock();
  [[nodiscard]] Status change_vault(api::VaultOpening opening);
  // Shares open nothing until they are kept, by the id of their split.
  [[nodiscard]] Result<api::RecoveryShares> draw_recovery(ShareCount count);
  [[nodiscard]] Status keep_recovery(const SplitId& split);
  [[nodiscard]] Result<api::Destroyed> panic(bool without_recovery);
  [[nodiscard]] Result<api::Erased> erase_case(const CaseId& case_id, ErasureReason reason,
                                               bool ask_others = true);
  [[nodiscard]] Result<api::Erasures> erasures(const api::ListErasures& page);
  [[nodiscard]] Result<ErasedRecord> erasure(const CaseId& case_id);

  [[nodiscard]] Result<api::UserView> who_am_i();
  [[nodiscard]] Status add_user(const api::AddUser& user);
  [[nodiscard]] Status change_user(const api::ChangeUser& change);
  // All pages in one.
  [[nodiscard]] Result<std::vector<api::UserView>> users();
  [[nodiscard]] Status set_passphrase(const api::SetPassphrase& ask);
  // The URI for the telephone.
  [[nodiscard]] Result<std::string> enrol_factor(ByteView passphrase, const std::string& code);
  [[nodiscard]] Status confirm_factor(const std::string& code);
  [[nodiscard]] Status remove_factor(ByteView passphrase, const std::string& code);
  [[nodiscard]] Result<UserCertificate> make_signing_key(ByteView passphrase);
  [[nodiscard]] Result<std::vector<api::UserKey>> user_keys();
  [[nodiscard]] Result<api::Vote> sign_vote(const Digest& digest, ByteView passphrase);

  // One backup at a time: see api::BackupBegin.
  [[nodiscard]] Result<api::BackupBegun> backup_begin(ByteView passphrase);
  [[nodiscard]] Status backup_renew(const BackupId& backup);
  [[nodiscard]] Status backup_end(const BackupId& backup);

  // A decision to be voted on; then sign_vote over what it answers, and cast_vote.
  [[nodiscard]] Result<api::Proposed> propose_decision(const CaseId& case_id, EventKind kind,
                                                       const Particulars& particulars);
  // A status file, by what a decision committed to (Particulars::file).
  [[nodiscard]] Result<StatusFile> status_file(const CaseId& case_id, const Digest& commitment);
  [[nodiscard]] Result<api::Counted> cast_vote(const TaskId& task, const api::Vote& vote);

  // What this member gives; the node counts the serial.
  [[nodiscard]] Result<api::Published> publish_services(const ServiceStatement& statement);
  struct KnownStatement {
    MemberId member;
    Timestamp received;
    ServiceStatement statement;
  };
  [[nodiscard]] Result<std::optional<KnownStatement>> services_of(const MemberId& member);
  // What active members say that they give, also what has expired. All pages in one.
  [[nodiscard]] Result<std::vector<KnownStatement>> services();

  // Cases in which something is due, as far as this user sees them; the first due first. All pages
  // in one, at most limits::members_max cases.
  [[nodiscard]] Result<std::vector<api::DueCase>> due();
  // What this member was told as an oversight body, newest first.
  struct KnownEscalation {
    MemberId member;
    Timestamp received;
    DeadlineStatement statement;
  };
  [[nodiscard]] Result<std::vector<KnownEscalation>> escalations();
  // What relief funds came to in that period, over all cases that the node knows. `progress` hears
  // how many it has looked at. Errors besides those of asking: conflict (another program asks in
  // the name of the same user).
  [[nodiscard]] Result<api::FundCounted> fund_totals(
      const FundPeriod& period, const std::function<void(std::uint64_t)>& progress);
  // ---- files with a case

  // Brings a file to the node, from where it stood if that was begun before under the same message
  // id, and has it announced to its recipients, whose nodes then fetch it. `progress` hears how
  // many bytes are there. Only for recipients that the consent opens T4 to: not_granted.
  using Progress = std::function<void(std::uint64_t bytes)>;
  [[nodiscard]] Result<api::Accepted> attach(const api::AttachFile& file, ByteView content,
                                             const Progress& progress = {});
  // Of a case, oldest first.
  [[nodiscard]] Result<std::vector<AttachmentView>> attachments(const CaseId& case_id);
  // The whole of one, compared with what its author said of it. A second person has to have agreed.
  // Errors (caller): second_person, attachment_not_whole, attachment_gone, attachment_damaged.
  [[nodiscard]] Result<Bytes> read_attachment(const CaseId& case_id,
                                              const AttachmentView& attachment,
                                              const Progress& progress = {});

  // ---- pipelined

  using Callback = std::function<void(Result<api::Accepted>)>;
  // Code::full when outstanding_max requests are unanswered: poll first. The callback runs once, in
  // a later `poll` or blocking call; it may submit, and must not block.
  [[nodiscard]] Status submit_async(const api::Submit& submission, Callback callback);
  [[nodiscard]] std::size_t outstanding() const;
  // Runs what has been answered; waits for the first answer at most `timeout`. Returns how many.
  std::size_t poll(Duration timeout);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();  // forgets what has not been answered; its callbacks do not run

 private:
  friend class EventStream;
  class Connection;
  explicit Client(std::unique_ptr<Connection> connection);
  template <class Answer, class Ask>
  [[nodiscard]] Result<Answer> call(Ask ask);

  std::unique_ptr<Connection> connection_;
};

// Everything that happens at the node, in order and without a gap, from a cursor on. A program that
// keeps `cursor()` and gives it again later misses nothing that happened while it was away; neither
// does a stream while the daemon restarts. The client must outlive the stream and stay where it is.
class EventStream {
 public:
  // From Client::cursor_now(), a cursor that was kept, or 0 for everything there ever was.
  EventStream(Client& client, std::uint64_t cursor);

  // The next event, or none when the timeout has passed.
  [[nodiscard]] Result<std::optional<Event>> next(Duration timeout);
  // Where to go on after the last event that `next` returned.
  [[nodiscard]] std::uint64_t cursor() const;

  EventStream(EventStream&&) noexcept;
  EventStream& operator=(EventStream&&) = delete;
  ~EventStream();

 private:
  struct State;
  void ask();
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
