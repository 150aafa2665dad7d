#include "sdk/include/hamroh/client.h"

#include <utility>

#include "protocol/wire_form.h"
#include "sdk/connection.h"

namespace hamroh {

using SteadyClock = std::chrono::steady_clock;

Client::Client(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const std::string& home, Duration timeout) {
  HAMROH_ASSIGN(auto connection, Connection::open(home));
  const SteadyClock::duration usual = connection->patience().deadline.value() - SteadyClock::now();
  Client client(std::move(connection));
  client.set_deadline(timeout);
  if (auto status = client.status(); !status && status.error().code == Code::timed_out) {
    return environment_error(Code::unavailable, "the node in this home does not answer");
  }
  const auto usual_ms = std::chrono::ceil<std::chrono::milliseconds>(usual).count();
  client.set_deadline(milliseconds(static_cast<std::uint64_t>(usual_ms)));
  return client;
}

void Client::set_deadline(Duration deadline) {
  connection_->set_deadline(deadline);
}

const std::string& Client::refusal() const {
  return connection_->refusal();
}

std::string Client::words_for(const Error& error) const {
  return error.text == Connection::refused && !refusal().empty() ? refusal() : error.text;
}

template <class Answer, class Ask>
Result<Answer> Client::call(Ask ask) {
  using Reply = Result<api::Answer>;
  std::optional<Reply> reply;
  connection_->ask(std::move(ask), connection_->patience(),
                   [&reply](Reply answer) { reply = std::move(answer); });
  while (!reply) {
    connection_->poll(SteadyClock::time_point::max());  // the deadline ends it
  }
  HAMROH_TRY(*reply);
  if (auto* answer = std::get_if<Answer>(&**reply)) {
    return std::move(*answer);
  }
  return peer_error(Code::malformed, "the node answered something else");
}

Result<api::Accepted> Client::submit(const api::Submit& submission) {
  return call<api::Accepted>(submission);
}

Result<api::Accepted> Client::refer(const MemberId& to, const ReferralForm& form,
                                    const MessageId& message) {
  if (find_fault(form)) {
    return caller_error(Code::invalid_form, "the form is not valid: find_fault says where");
  }
  return submit({message, std::nullopt, EventKind::referral_send, {to}, encode(form), {}});
}

Result<api::Accepted> Client::decide(const CaseId& case_id, const Decision& decision,
                                     const MessageId& message) {
  if (find_fault(decision)) {
    return caller_error(Code::invalid_form, "the decision is not valid: find_fault says where");
  }
  const EventKind kind = decision.reason ? EventKind::referral_decline : EventKind::referral_accept;
  return submit({message, case_id, kind, {}, encode(decision), {}});
}

Result<api::Accepted> Client::note(const CaseId& case_id, const NoteText& note,
                                   const MessageId& message) {
  if (find_fault(note)) {
    return caller_error(Code::invalid_form, "the note is not valid: find_fault says where");
  }
  return submit({message, case_id, EventKind::case_note, {}, encode(note), {}});
}

Result<api::Accepted> Client::event(const CaseId& case_id, EventKind kind,
                                    const Particulars& particulars, const std::vector<MemberId>& to,
                                    const MessageId& message) {
  if (find_fault(particulars, kind)) {
    return caller_error(Code::invalid_form, "the event is not valid: find_fault says where");
  }
  return submit({message, case_id, kind, to, encode(particulars), {}});
}

Result<api::Accepted> Client::disclose(const CaseId& case_id, const MemberId& to,
                                       const DisclosedFields& fields, const MessageId& message) {
  if (find_fault(fields)) {
    return caller_error(Code::invalid_form, "a disclosure names a referral and some of its fields");
  }
  return submit({message, case_id, EventKind::tier_disclose, {to}, encode(fields), {}});
}

Result<api::Accepted> Client::state_consent(const CaseId& case_id, EventKind kind,
                                            const ConsentStatement& statement,
                                            const MessageId& message) {
  if (find_fault(statement, kind)) {
    return caller_error(Code::invalid_form, "the statement is not valid: find_fault says where");
  }
  return submit({message, case_id, kind, {}, encode(statement), {}});
}

Result<api::Accepted> Client::apply_consent(const CaseId& case_id, const ConsentApplied& applied,
                                            const MessageId& message) {
  if (find_fault(applied)) {
    return caller_error(Code::invalid_form, "the answer is not valid: find_fault says where");
  }
  return submit({message, case_id, EventKind::consent_applied, {}, encode(applied), {}});
}

Result<MessageView> Client::wait(const MessageId& message, Level level, Duration timeout) {
  const SteadyClock::time_point until = SteadyClock::now() + std::chrono::milliseconds(timeout.ms);
  // The cursor first: what happens between the two questions is then in the stream.
  HAMROH_ASSIGN(const std::uint64_t cursor, cursor_now());
  EventStream events(*this, cursor);
  for (;;) {
    HAMROH_ASSIGN(MessageView shown, this->message(message));
    if (shown.level() >= level || is_settled(shown.level())) {
      return shown;
    }
    for (bool about_it = false; !about_it;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0) {
        return environment_error(Code::timed_out, "the message has not come that far in time");
      }
      HAMROH_ASSIGN(const auto event,
                    events.next(milliseconds(static_cast<std::uint64_t>(left.count()))));
      about_it = event && event->message == message;
    }
  }
}

Result<api::NodeStatus> Client::status() {
  return call<api::NodeStatus>(api::GetStatus{});
}

Result<MessageView> Client::message(const MessageId& message) {
  HAMROH_ASSIGN(auto reply, call<api::Message>(api::GetMessage{message}));
  return std::move(reply.message);
}

Result<api::Cases> Client::cases(const api::ListCases& page) {
  return call<api::Cases>(page);
}

Result<api::Case> Client::case_view(const CaseId& case_id) {
  return call<api::Case>(api::GetCase{case_id});
}

Result<std::vector<MessageId>> Client::find_messages(const std::string& beginning) {
  HAMROH_ASSIGN(auto reply, call<api::Found>(api::FindMessages{beginning}));
  return std::move(reply.messages);
}

Status Client::take_case(const CaseId& case_id) {
  HAMROH_TRY(call<api::Done>(api::TakeCase{case_id}));
  return {};
}

Status Client::assign_case(const api::AssignCase& assignment) {
  HAMROH_TRY(call<api::Done>(assignment));
  return {};
}

Result<TaskId> Client::ask_second(const api::AskSecond& question) {
  HAMROH_ASSIGN(const auto reply, call<api::Asked>(question));
  return reply.task;
}

Status Client::decide_task(const TaskId& task, bool agrees) {
  HAMROH_TRY(call<api::Done>(api::DecideTask{task, agrees}));
  return {};
}

Result<api::Tasks> Client::tasks() {
  return call<api::Tasks>(api::ListTasks{});
}

Result<api::Accesses> Client::accesses(const CaseId& case_id) {
  return call<api::Accesses>(api::GetAccesses{case_id});
}

Result<api::Exported> Client::export_case(const CaseId& case_id) {
  HAMROH_ASSIGN(api::Exported all, call<api::Exported>(api::ExportCase{case_id, 0}));
  while (all.next < all.shown.events.size()) {
    HAMROH_ASSIGN(api::Exported page, call<api::Exported>(api::ExportCase{
                                          case_id, static_cast<std::uint32_t>(all.next)}));
    if (page.next <= all.next) {
      return peer_error(Code::malformed, "the node's export does not go on");
    }
    all.bodies.insert(all.bodies.end(), std::make_move_iterator(page.bodies.begin()),
                      std::make_move_iterator(page.bodies.end()));
    all.next = page.next;
  }
  return all;
}

Result<api::Body> Client::body(const MemberId& author, const MessageId& message) {
  return call<api::Body>(api::GetBody{author, message});
}

Result<std::string> Client::receipt(const MessageId& message, std::optional<MemberId> recipient) {
  HAMROH_ASSIGN(auto reply, call<api::Receipt>(api::GetReceipt{message, recipient}));
  return std::move(reply.text);
}

Result<api::LedgerPage> Client::ledger(const api::GetLedger& page) {
  return call<api::LedgerPage>(page);
}

Result<api::LedgerHead> Client::ledger_head() {
  return call<api::LedgerHead>(api::GetLedgerHead{});
}

Result<api::Members> Client::members() {
  HAMROH_ASSIGN(api::Members all, call<api::Members>(api::GetMembers{}));
  while (all.next && all.members.size() < limits::members_max) {
    HAMROH_ASSIGN(api::Members page, call<api::Members>(api::GetMembers{all.next}));
    if (page.next && *page.next <= *all.next) {
      return peer_error(Code::malformed, "the node's list of members does not go on");
    }
    all.members.insert(all.members.end(), std::make_move_iterator(page.members.begin()),
                       std::make_move_iterator(page.members.end()));
    all.suspended.insert(all.suspended.end(), page.suspended.begin(), page.suspended.end());
    all.next = page.next;
  }
  return all;
}

Result<std::uint64_t> Client::cursor_now() {
  HAMROH_ASSIGN(const auto reply, call<api::Events>(api::NextEvents{api::cursor_now, 1, 0}));
  return reply.next_cursor;
}

Status Client::unlock(ByteView passphrase) {
  HAMROH_TRY(call<api::Done>(api::Unlock{Bytes(passphrase.begin(), passphrase.end())}));
  return {};
}

Status Client::lock() {
  HAMROH_TRY(call<api::Done>(api::Lock{}));
  return {};
}

Result<api::PackFile> Client::pack(const Digest& sha256) {
  return call<api::PackFile>(api::GetPack{sha256});
}

Status Client::install(ByteView file) {
  HAMROH_TRY(call<api::Done>(api::Install{Bytes(file.begin(), file.end())}));
  return {};
}

Result<api::Rotated> Client::rotate(const api::Rotate& ask) {
  return call<api::Rotated>(ask);
}

Result<api::BackupBegun> Client::backup_begin(ByteView passphrase) {
  return call<api::BackupBegun>(api::BackupBegin{Bytes(passphrase.begin(), passphrase.end())});
}

Status Client::backup_renew(const BackupId& backup) {
  HAMROH_TRY(call<api::Done>(api::BackupRenew{backup}));
  return {};
}

Status Client::backup_end(const BackupId& backup) {
  HAMROH_TRY(call<api::Done>(api::BackupEnd{backup}));
  return {};
}

Result<StatusFile> Client::status_file(const CaseId& case_id, const Digest& commitment) {
  HAMROH_ASSIGN(const auto found, call<api::Body>(api::GetStatusFile{case_id, commitment}));
  return parse_status_file(found.bytes);
}

Result<api::Proposed> Client::propose_decision(const CaseId& case_id, EventKind kind,
                                               const Particulars& particulars) {
  return call<api::Proposed>(api::ProposeDecision{case_id, kind, encode(particulars)});
}

Result<api::Counted> Client::cast_vote(const TaskId& task, const api::Vote& vote) {
  return call<api::Counted>(api::CastVote{task, vote.certificate, vote.signature});
}

Result<api::Published> Client::publish_services(const ServiceStatement& statement) {
  return call<api::Published>(api::PublishServices{encode(statement)});
}

Result<std::optional<Client::KnownStatement>> Client::services_of(const MemberId& member) {
  // A page begins behind a member: this one begins behind the last that could stand before it.
  MemberId before = member;
  for (std::size_t i = before.bytes.size(); i > 0 && before.bytes[i - 1]-- == 0; --i) {
  }
  HAMROH_ASSIGN(const api::Services reply, call<api::Services>(api::ListServices{before, 1}));
  if (reply.known.empty() || reply.known.front().member != member) {
    return std::optional<KnownStatement>{};
  }
  const api::MemberServices& found = reply.known.front();
  HAMROH_ASSIGN(ServiceStatement statement, parse_services(found.statement));
  return std::optional(KnownStatement{member, found.received, std::move(statement)});
}

Result<std::vector<Client::KnownStatement>> Client::services() {
  std::vector<KnownStatement> all;
  api::ListServices page{std::nullopt, api::limits::services_max};
  do {
    HAMROH_ASSIGN(const api::Services reply, call<api::Services>(page));
    for (const api::MemberServices& one : reply.known) {
      HAMROH_ASSIGN(ServiceStatement statement, parse_services(one.statement));
      all.push_back({one.member, one.received, std::move(statement)});
    }
    if (reply.next && page.after && *reply.next <= *page.after) {
      return peer_error(Code::malformed, "the node's list of services does not go on");
    }
    page.after = reply.next;
  } while (page.after && all.size() < limits::members_max);
  return all;
}

Result<std::vector<api::DueCase>> Client::due() {
  std::vector<api::DueCase> all;
  api::ListDue page{std::nullopt, api::limits::due_cases_max};
  do {
    HAMROH_ASSIGN(api::Due reply, call<api::Due>(page));
    std::ranges::move(reply.cases, std::back_inserter(all));
    page.after = reply.next;
  } while (page.after && all.size() < limits::members_max);
  std::erase_if(all, [](const api::DueCase& one) { return one.clocks.empty(); });
  std::ranges::sort(all, {}, [](const api::DueCase& one) {
    return std::pair(one.clocks.front().deadline.due, one.case_id);
  });
  return all;
}

Result<std::vector<Client::KnownEscalation>> Client::escalations() {
  std::vector<KnownEscalation> all;
  api::ListEscalations page{std::nullopt, api::limits::escalations_max};
  do {
    HAMROH_ASSIGN(const api::Escalations reply, call<api::Escalations>(page));
    for (const api::Escalation& one : reply.known) {
      HAMROH_ASSIGN(const DeadlineStatement statement, parse_deadline(one.statement));
      all.push_back({one.member, one.received, statement});
    }
    if (reply.next && page.before && *reply.next >= *page.before) {
      return peer_error(Code::malformed, "the node's list of escalations does not go on");
    }
    page.before = reply.next;
  } while (page.before && all.size() < limits::escalations_max);
  return all;
}

Result<api::FundCounted> Client::fund_totals(const FundPeriod& period,
                                             const std::function<void(std::uint64_t)>& progress) {
  constexpr unsigned beginnings_max = 8;  // it begins again when the daemon does
  std::uint64_t cases = 0;
  for (unsigned beginnings = 0; beginnings < beginnings_max;) {
    HAMROH_ASSIGN(api::FundCounted counted, call<api::FundCounted>(api::CountFund{period}));
    if (counted.done) {
      return counted;
    }
    beginnings += counted.cases < cases ? 1 : 0;
    cases = counted.cases;
    progress(cases);
  }
  return caller_error(Code::conflict,
                      "the count begins again and again: another program asks in your name");
}

Result<api::Alarms> Client::alarms() {
  return call<api::Alarms>(api::GetAlarms{});
}

Status Client::confirm_clock() {
  HAMROH_TRY(call<api::Done>(api::ConfirmClock{}));
  return {};
}

Status Client::change_vault(api::VaultOpening opening) {
  HAMROH_TRY(call<api::Done>(api::ChangeVault{opening}));
  return {};
}

Result<api::RecoveryShares> Client::draw_recovery(ShareCount count) {
  return call<api::RecoveryShares>(api::MakeRecovery{count.shares, count.threshold, {}});
}

Status Client::keep_recovery(const SplitId& split) {
  HAMROH_TRY(call<api::Done>(api::MakeRecovery{0, 0, {split.bytes.begin(), split.bytes.end()}}));
  return {};
}

Result<api::Destroyed> Client::panic(bool without_recovery) {
  return call<api::Destroyed>(api::Panic{without_recovery});
}

Result<api::Erased> Client::erase_case(const CaseId& case_id, ErasureReason reason,
                                       bool ask_others) {
  return call<api::Erased>(api::EraseCase{case_id, reason, ask_others});
}

Result<api::Erasures> Client::erasures(const api::ListErasures& page) {
  return call<api::Erasures>(page);
}

Result<ErasedRecord> Client::erasure(const CaseId& case_id) {
  HAMROH_ASSIGN(auto reply, call<api::Erasures>(api::GetErasure{case_id}));
  if (reply.erasures.size() != 1) {
    return peer_error(Code::malformed, "a reply should hold one erasure");
  }
  return std::move(reply.erasures.front().second);
}

// ---- users

namespace {

Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<api::LoggedIn> Client::login(const std::string& name, ByteView passphrase,
                                    const std::string& code, ByteView new_passphrase) {
  connection_->forget_key();
  HAMROH_ASSIGN(api::LoggedIn reply, call<api::LoggedIn>(api::Login{name, copy_of(passphrase), code,
                                                                    copy_of(new_passphrase)}));
  connection_->use_session(reply.token);
  return reply;
}

Result<api::LoggedIn> Client::login_with_key(ByteView key_file) {
  HAMROH_ASSIGN(UserKeyFile key, UserKeyFile::parse(key_file));
  connection_->forget_key();
  HAMROH_ASSIGN(const api::Challenge challenge, call<api::Challenge>(api::GetChallenge{}));
  if (challenge.home != key.home) {
    return caller_error(Code::invalid_argument, "this key file belongs to another node");
  }
  HAMROH_ASSIGN(api::LoggedIn reply,
                call<api::LoggedIn>(api::LoginWithKey{
                    key.user, challenge.challenge,
                    sign_login(key.seed, key.home, key.user, challenge.challenge)}));
  connection_->use_session(reply.token);
  connection_->keep_key(std::move(key));
  return reply;
}

Status Client::logout() {
  connection_->forget_key();
  const auto done = call<api::Done>(api::Logout{});
  connection_->use_session(std::nullopt);
  HAMROH_TRY(done);
  return {};
}

void Client::use_session(const SessionToken& token) {
  connection_->forget_key();
  connection_->use_session(token);
}

std::optional<SessionToken> Client::session() const {
  return connection_->session();
}

Result<api::UserView> Client::who_am_i() {
  HAMROH_ASSIGN(auto reply, call<api::Me>(api::WhoAmI{}));
  return std::move(reply.user);
}

Status Client::add_user(const api::AddUser& user) {
  HAMROH_TRY(call<api::Done>(user));
  return {};
}

Status Client::change_user(const api::ChangeUser& change) {
  HAMROH_TRY(call<api::Done>(change));
  return {};
}

Result<std::vector<api::UserView>> Client::users() {
  HAMROH_ASSIGN(api::Users all, call<api::Users>(api::ListUsers{}));
  while (all.next && all.users.size() < limits::users_max) {
    HAMROH_ASSIGN(api::Users page, call<api::Users>(api::ListUsers{all.next}));
    if (page.next && *page.next <= *all.next) {
      return peer_error(Code::malformed, "the node's list of users does not go on");
    }
    all.users.insert(all.users.end(), std::make_move_iterator(page.users.begin()),
                     std::make_move_iterator(page.users.end()));
    all.next = page.next;
  }
  return std::move(all.users);
}

Status Client::set_passphrase(const api::SetPassphrase& ask) {
  HAMROH_TRY(call<api::Done>(ask));
  return {};
}

Result<std::string> Client::enrol_factor(ByteView passphrase, const std::string& code) {
  HAMROH_ASSIGN(auto reply, call<api::Factor>(
                                api::SetFactor{api::FactorStep::enrol, copy_of(passphrase), code}));
  return std::move(reply.uri);
}

Status Client::confirm_factor(const std::string& code) {
  HAMROH_TRY(call<api::Done>(api::SetFactor{api::FactorStep::confirm, {}, code}));
  return {};
}

Status Client::remove_factor(ByteView passphrase, const std::string& code) {
  HAMROH_TRY(call<api::Done>(api::SetFactor{api::FactorStep::remove, copy_of(passphrase), code}));
  return {};
}

Result<UserCertificate> Client::make_signing_key(ByteView passphrase) {
  HAMROH_ASSIGN(const auto reply, call<api::UserKeys>(api::MakeSigningKey{copy_of(passphrase)}));
  if (reply.keys.size() != 1) {
    return peer_error(Code::malformed, "the node answered something else");
  }
  return reply.keys.front().certificate;
}

Result<std::vector<api::UserKey>> Client::user_keys() {
  HAMROH_ASSIGN(auto reply, call<api::UserKeys>(api::GetUserKeys{}));
  return std::move(reply.keys);
}

Result<api::Vote> Client::sign_vote(const Digest& digest, ByteView passphrase) {
  return call<api::Vote>(api::SignVote{digest, copy_of(passphrase)});
}

// ---- files with a case

Result<api::Accepted> Client::attach(const api::AttachFile& file, ByteView content,
                                     const Progress& progress) {
  const auto shape = AttachmentShape::of(content.size());
  if (!shape || file.bytes != content.size()) {
    return caller_error(Code::too_large, "an attachment has 1 byte to 64 MiB");
  }
  HAMROH_ASSIGN(const api::Attaching begun, call<api::Attaching>(file));
  std::uint64_t there = content.size();
  for (const std::uint16_t index : begun.missing) {
    there -= index < shape->count() ? shape->plain_bytes(index) : 0;
  }
  // Each request brings as many of the missing chunks as lie side by side and fit it.
  for (auto next = begun.missing.begin(); next != begun.missing.end();) {
    api::AttachPart part{file.message, file.case_id, *next, {}};
    for (std::size_t index = *next;
         next != begun.missing.end() && *next == index && index < shape->count() &&
         part.bytes.size() < api::limits::attachment_part_bytes;
         ++index, ++next) {
      append(part.bytes,
             content.subspan(index * limits::attachment_chunk_bytes, shape->plain_bytes(index)));
    }
    if (part.bytes.empty()) {
      return peer_error(Code::malformed, "the node asks for a chunk that there is not");
    }
    there += part.bytes.size();
    HAMROH_TRY(call<api::Done>(std::move(part)));
    if (progress) {
      progress(there);
    }
  }
  return call<api::Accepted>(api::AttachDone{file.message, file.case_id});
}

Result<std::vector<AttachmentView>> Client::attachments(const CaseId& case_id) {
  HAMROH_ASSIGN(auto reply, call<api::Attachments>(api::ListAttachments{case_id}));
  return std::move(reply.attachments);
}

Result<Bytes> Client::read_attachment(const CaseId& case_id, const AttachmentView& attachment,
                                      const Progress& progress) {
  const auto shape = AttachmentShape::of(attachment.bytes);
  if (!shape) {
    return peer_error(Code::malformed, "an attachment has 1 byte to 64 MiB");
  }
  Bytes content;
  content.reserve(attachment.bytes);
  for (std::size_t index = 0; content.size() < attachment.bytes;) {
    HAMROH_ASSIGN(const auto part, call<api::AttachmentPart>(api::GetAttachment{
                                       case_id, attachment.author, attachment.message,
                                       static_cast<std::uint16_t>(index)}));
    if (part.bytes.empty() || content.size() + part.bytes.size() > attachment.bytes) {
      return peer_error(Code::malformed, "the node's parts of a file do not make it up");
    }
    append(content, part.bytes);
    index = content.size() / limits::attachment_chunk_bytes;
    if (progress) {
      progress(content.size());
    }
  }
  if (crypto::sha256({content}) != attachment.sha256) {
    return caller_error(Code::attachment_damaged, "the file is not what its author said it was");
  }
  return content;
}

// ---- pipelined

Status Client::submit_async(const api::Submit& submission, Callback callback) {
  if (connection_->outstanding() >= outstanding_max) {
    return caller_error(Code::full, "too many submissions are unanswered: poll first");
  }
  connection_->ask(submission, connection_->patience(),
                   [callback = std::move(callback)](Result<api::Answer> reply) {
                     if (!reply) {
                       callback(tl::unexpected(reply.error()));
                     } else if (const auto* accepted = std::get_if<api::Accepted>(&*reply)) {
                       callback(*accepted);
                     } else {
                       callback(peer_error(Code::malformed, "the node answered something else"));
                     }
                   });
  return {};
}

std::size_t Client::outstanding() const {
  return connection_->outstanding();
}

std::size_t Client::poll(Duration timeout) {
  constexpr std::uint64_t day_ms = 86'400'000;  // so that the sum below cannot overflow
  return connection_->poll(SteadyClock::now() +
                           std::chrono::milliseconds(std::min(timeout.ms, day_ms)));
}

}  // namespace hamroh
