// libhamroh: a program's way to the node on its machine.
//
//   auto client = hamroh::Client::connect("/var/lib/hamroh");
//   auto accepted = client->refer(commission, form);
//   auto shown = client->wait(accepted->message, hamroh::Level::opened, hamroh::seconds(10));
//
// Blocking calls answer or fail within the client's deadline. Pipelined ones return at once; `poll`
// runs their callbacks. A daemon that restarts in between is no failure: whatever has not been
// answered is asked again under the same ids until its deadline, and a submission that comes twice
// is accepted once, because its message id names it. So after a timeout: submit again with the same
// id.
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

  // ---- blocking calls: api.h says what each one means

  [[nodiscard]] Result<api::Accepted> submit(const api::Submit& submission);
  // Opens a case with a referral to one member. invalid_form if find_fault finds one.
  [[nodiscard]] Result<api::Accepted> refer(const MemberId& to, const ReferralForm& form,
                                            const MessageId& message = new_message_id());
  [[nodiscard]] Result<api::Accepted> decide(const CaseId& case_id, const Decision& decision,
                                             const MessageId& message = new_message_id());
  [[nodiscard]] Result<api::Accepted> note(const CaseId& case_id, const NoteText& note,
                                           const MessageId& message = new_message_id());
  // Until the message has come as far as `level` at every recipient, or is settled otherwise: look
  // at the level of what is returned. Code::timed_out if it takes longer.
  [[nodiscard]] Result<MessageView> wait(const MessageId& message, Level level, Duration timeout);

  [[nodiscard]] Result<api::NodeStatus> status();
  [[nodiscard]] Result<MessageView> message(const MessageId& message);
  [[nodiscard]] Result<api::Cases> cases(const api::ListCases& page);
  [[nodiscard]] Result<CaseView> case_view(const CaseId& case_id);
  [[nodiscard]] Result<api::Body> body(const MemberId& author, const MessageId& message);
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
  [[nodiscard]] Result<api::Rotated> rotate(const api::Rotate& ask);
  [[nodiscard]] Result<api::Alarms> alarms();
  [[nodiscard]] Status confirm_clock();

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
