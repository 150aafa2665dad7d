#include "sdk/include/hamroh/client.h"

#include <utility>

#include "protocol/wire_form.h"
#include "sdk/connection.h"

namespace hamroh {

using Clock = std::chrono::steady_clock;

Client::Client(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const std::string& home, Duration timeout) {
  HAMROH_ASSIGN(auto connection, Connection::open(home));
  const Clock::duration usual = connection->patience().deadline.value() - Clock::now();
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
  using Reply = Result<decltype(api::Reply::answer)>;
  std::optional<Reply> reply;
  connection_->ask(std::move(ask), connection_->patience(),
                   [&reply](Reply answer) { reply = std::move(answer); });
  while (!reply) {
    connection_->poll(Clock::time_point::max());  // the deadline ends it
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

Result<MessageView> Client::wait(const MessageId& message, Level level, Duration timeout) {
  const Clock::time_point until = Clock::now() + std::chrono::milliseconds(timeout.ms);
  // The cursor first: what happens between the two questions is then in the stream.
  HAMROH_ASSIGN(const std::uint64_t cursor, cursor_now());
  EventStream events(*this, cursor);
  for (;;) {
    HAMROH_ASSIGN(MessageView shown, this->message(message));
    if (shown.level() >= level || is_settled(shown.level())) {
      return shown;
    }
    for (bool about_it = false; !about_it;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
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

Result<CaseView> Client::case_view(const CaseId& case_id) {
  HAMROH_ASSIGN(auto reply, call<api::Case>(api::GetCase{case_id}));
  return std::move(reply.shown);
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

Status Client::install(ByteView file) {
  HAMROH_TRY(call<api::Done>(api::Install{Bytes(file.begin(), file.end())}));
  return {};
}

Result<api::Rotated> Client::rotate(const api::Rotate& ask) {
  return call<api::Rotated>(ask);
}

Result<api::Alarms> Client::alarms() {
  return call<api::Alarms>(api::GetAlarms{});
}

Status Client::confirm_clock() {
  HAMROH_TRY(call<api::Done>(api::ConfirmClock{}));
  return {};
}

Status Client::submit_async(const api::Submit& submission, Callback callback) {
  if (connection_->outstanding() >= outstanding_max) {
    return caller_error(Code::full, "too many submissions are unanswered: poll first");
  }
  connection_->ask(submission, connection_->patience(),
                   [callback = std::move(callback)](Result<decltype(api::Reply::answer)> reply) {
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
  return connection_->poll(Clock::now() + std::chrono::milliseconds(std::min(timeout.ms, day_ms)));
}

}  // namespace hamroh
