// What local programs ask of the node, and its answers.

#include <unistd.h>

#include "daemon/log.h"
#include "daemon/runtime_state.h"
#include "protocol/api_rights.h"

namespace hamroh {
namespace {

constexpr std::size_t waiting_polls_max = 1'024;
constexpr std::size_t waiting_polls_per_session_max = 4;
constexpr std::size_t members_page = 256;
constexpr std::size_t alarm_reply_bytes_max = 4 * 1024 * 1024;
constexpr const char* version_text = HAMROH_VERSION;

template <class... Verbs>
bool is_one_of(const api::Request& request) {
  return (std::holds_alternative<Verbs>(request.ask) || ...);
}

// Whatever may write a row or a session; the others are answered after the commit, out of a turn of
// their own.
bool only_reads(const api::Request& request) {
  return !is_one_of<api::Submit, api::Install, api::Rotate, api::Unlock, api::Lock,
                    api::ConfirmClock, api::GetLedgerHead, api::Login, api::GetChallenge,
                    api::LoginWithKey, api::Logout, api::AddUser, api::ChangeUser,
                    api::SetPassphrase, api::SetFactor, api::MakeSigningKey, api::SignVote,
                    api::TakeCase, api::AssignCase, api::AskSecond, api::DecideTask,
                    api::MakeRecovery, api::Panic, api::EraseCase, api::BackupBegin,
                    api::BackupRenew, api::BackupEnd, api::PublishServices, api::ProposeDecision,
                    api::CastVote, api::AttachFile, api::AttachPart, api::AttachDone>(request);
}

// Programs that watch the node are nobody at work.
bool is_watching(const api::Request& request) {
  return std::holds_alternative<api::GetStatus>(request.ask) ||
         std::holds_alternative<api::NextEvents>(request.ask) ||
         std::holds_alternative<api::BackupRenew>(request.ask) ||
         std::holds_alternative<api::BackupEnd>(request.ask);
}

constexpr Error read_only_error{Code::store_corrupt, Blame::environment,
                                "this node was started read-only, to look at a damaged store"};

constexpr Error session_ended{Code::not_authenticated, Blame::caller,
                              "this session has ended: log in again"};

}  // namespace

Status Runtime::State::take_requests(std::size_t budget, Turn& turn) {
  auto frames = api->receive(budget);
  if (!frames) {
    return {};  // the socket's own trouble is not the store's
  }
  inputs += frames->size();
  for (const ApiFrame& frame : *frames) {
    auto request = api::parse_request(frame.frame);
    if (!request) {
      replies.emplace_back(frame.client, api::Reply{0, failure(request.error())});
      continue;
    }
    if (const Status admitted = admit(*request); !admitted) {
      api::wipe_passphrases(*request);
      replies.emplace_back(frame.client, api::Reply{request->id, failure(admitted.error())});
      continue;
    }
    if (std::holds_alternative<api::Panic>(request->ask)) {
      ask_panic(frame.client, *request);
      if (panic_asked) {
        return {};
      }
      continue;
    }
    last_request = is_watching(*request) ? last_request : turn.monotonic;
    HAMROH_TRY(answer(frame.client, *request, turn));
  }
  return {};
}

void Runtime::State::ask_panic(const Bytes& client, const api::Request& request) {
  const Status may = may_panic(options.home, std::get<api::Panic>(request.ask).without_recovery);
  if (may) {
    panic_asked.emplace(client, request);
  } else {
    replies.emplace_back(client, api::Reply{request.id, failure(may.error())});
  }
}

void Runtime::State::take_questions_only() {
  auto frames = api->receive(options.configuration.inputs_max);
  for (const ApiFrame& frame : frames.value_or(std::vector<ApiFrame>{})) {
    auto request = api::parse_request(frame.frame);
    if (!request) {
      replies.emplace_back(frame.client, api::Reply{0, failure(request.error())});
    } else if (const Status admitted = admit(*request); !admitted && !users_trouble && !trouble) {
      replies.emplace_back(frame.client, api::Reply{request->id, failure(admitted.error())});
    } else if (admitted && std::holds_alternative<api::Panic>(request->ask)) {
      ask_panic(frame.client, *request);
      if (panic_asked) {
        return;
      }
    } else if (trouble || !admitted) {
      refuse(frame.client, *request);
    } else {
      answer_read_only(frame.client, *request);
    }
    if (request) {
      api::wipe_passphrases(*request);
    }
  }
  inputs += options.read_only && frames ? frames->size() : 0;
  if (trouble) {
    drop_passphrases(*trouble);
  }
  send_replies();
  if (options.read_only && !trouble) {
    answer_questions();
    answer_polls();
  }
}

void Runtime::State::answer_read_only(const Bytes& client, api::Request& request) {
  const auto* login = std::get_if<api::Login>(&request.ask);
  if (const auto* poll = std::get_if<api::NextEvents>(&request.ask)) {
    wait_for_events(client, request.id, *poll);
  } else if ((login != nullptr && login->new_passphrase.empty()) ||
             (is_one_of<api::Unlock>(request) && needs_passphrase(request))) {
    begin_passphrase(client, std::move(request));
  } else if (only_reads(request) ||
             is_one_of<api::GetLedgerHead, api::GetChallenge, api::LoginWithKey, api::Logout,
                       api::Unlock>(request)) {
    questions.push_back({client, std::move(request), session.value_or(SessionId{}), actor});
  } else {
    replies.emplace_back(client, api::Reply{request.id, failure(read_only_error)});
  }
}

void Runtime::State::refuse(const Bytes& client, const api::Request& request) {
  if (std::holds_alternative<api::GetStatus>(request.ask)) {
    replies.emplace_back(client, api::Reply{request.id, shown_status()});
  } else {
    replies.emplace_back(client,
                         api::Reply{request.id, failure(trouble ? *trouble : *users_trouble)});
  }
}

void Runtime::State::answer_questions() {
  std::unique_ptr<Transaction> transaction;
  std::vector<Reading> readings;
  for (auto& [client, request, asked_in, asked_by] : std::exchange(questions, {})) {
    actor = asked_by;
    session = asked_in == SessionId{} ? std::nullopt : std::optional(asked_in);
    if (session && sessions.find(*session, monotonic_now()) == nullptr) {
      replies.emplace_back(client, api::Reply{request.id, failure(session_ended)});  // in this turn
      continue;
    }
    if (std::holds_alternative<api::GetStatus>(request.ask)) {
      replies.emplace_back(client, api::Reply{request.id, shown_status()});  // needs no store
      continue;
    }
    if (!transaction) {
      auto begun = keeper.store().begin();
      if (!begun) {
        replies.emplace_back(client, api::Reply{request.id, failure(begun.error())});
        continue;
      }
      transaction = std::move(*begun);
    }
    Effects effects;
    Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
    opened_case.reset();
    exported = false;
    auto answered = std::visit([&](auto& ask) { return reply_to(ask, turn); }, request.ask);
    if (!answered && answered.error().blame == Blame::environment) {
      transaction.reset();
      note_damage(answered.error());
    }
    api::Reply reply{request.id,
                     answered ? std::move(*answered) : Answer(failure(answered.error()))};
    if (answered && opened_case) {
      readings.push_back({client, std::move(reply), actor, *opened_case, exported});
    } else {
      replies.emplace_back(client, std::move(reply));
    }
  }
  transaction.reset();
  enter_readings(std::move(readings));
  send_replies();
}

void Runtime::State::note_damage(const Error& error) {
  log::warn("read.failed",
            {log::text("code", code_name(error.code)), log::text("why", error.text)});
  if (error.code == Code::store_corrupt && damage.empty()) {
    damage = std::string(error.text) + "; what is not damaged can be read";
  }
}

Status Runtime::State::answer(const Bytes& client, api::Request& request, Turn& turn) {
  if (const auto* events = std::get_if<api::NextEvents>(&request.ask)) {
    wait_for_events(client, request.id, *events);
    return {};
  }
  if (needs_passphrase(request)) {
    if (users_trouble) {
      api::wipe_passphrases(request);
      replies.emplace_back(client, api::Reply{request.id, failure(*users_trouble)});
    } else {
      begin_passphrase(client, std::move(request));
    }
    return {};
  }
  if (only_reads(request)) {
    questions.push_back({client, std::move(request), session.value_or(SessionId{}), actor});
    return {};
  }
  auto answered = std::visit([&](auto& ask) { return reply_to(ask, turn); }, request.ask);
  if (answered) {
    replies.emplace_back(client, api::Reply{request.id, std::move(*answered)});
    return {};
  }
  replies.emplace_back(client, api::Reply{request.id, failure(answered.error())});
  const bool fatal = answered.error().blame == Blame::environment;
  return fatal ? Status(tl::unexpected(answered.error())) : Status{};
}

Result<Answer> Runtime::State::reply_to(const api::Submit& ask, Turn& turn) {
  if (free_disk_bytes(options.home.path()) < disk_reserve_bytes) {
    // Refused before anything is written, so that receipts still find room.
    return caller_error(Code::full, "the disk is nearly full: free some space and send again");
  }
  HAMROH_ASSIGN(
      const hamroh::Accepted accepted,
      keeper.node().submit({ask.message, ask.case_id, ask.kind, ask.to, ask.body, ask.lifetime},
                           actor, turn));
  return api::Accepted{accepted.message, accepted.case_id, accepted.duplicate};
}

Result<Answer> Runtime::State::reply_to(const api::GetStatus&, Turn&) {
  return shown_status();
}

Result<Answer> Runtime::State::reply_to(const api::GetMessage& ask, Turn& turn) {
  HAMROH_ASSIGN(MessageView message, keeper.node().message(ask.message, actor, turn));
  return api::Message{std::move(message)};
}

Result<Answer> Runtime::State::reply_to(const api::NextEvents&, Turn&) {
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::GetReceipt& ask, Turn& turn) {
  HAMROH_ASSIGN(std::string text, keeper.node().receipt(ask.message, ask.recipient, actor, turn));
  return api::Receipt{std::move(text)};
}

Result<Answer> Runtime::State::reply_to(const api::GetLedger& ask, Turn& turn) {
  api::LedgerPage page{ask.from, {}, ledger_size()};
  HAMROH_TRY(keeper.node().ledger().scan(turn.store, ask.from, [&](const LedgerRecord& record) {
    if (record.index >= page.size) {
      return false;
    }
    const auto entry = record.entry.encode();
    page.entries.emplace_back(entry.begin(), entry.end());
    return page.entries.size() < ask.max;
  }));
  return page;
}

std::uint64_t Runtime::State::ledger_size() const {
  return options.read_only ? keeper.node().view().session_first : keeper.node().ledger().size();
}

Result<Answer> Runtime::State::reply_to(const api::GetLedgerHead&, Turn& turn) {
  if (options.read_only) {
    HAMROH_ASSIGN(const CompactRange range,
                  keeper.node().ledger().range_at(turn.store, ledger_size()));
    return api::LedgerHead{range.size, range.root(), {}, {}, 1};
  }
  HAMROH_ASSIGN(const std::optional<Note> note, keeper.node().head(turn));
  const Ledger& ledger = keeper.node().ledger();
  api::LedgerHead head{ledger.size(), ledger.root(), {}, {}, 1};
  if (note) {
    head.signed_note = to_signed_note(keeper.node().origin(), *note);
    head.key.assign(note->key.bytes.begin(), note->key.bytes.end());
    head.role = static_cast<std::uint8_t>(note->role);
  }
  return head;
}

Result<Answer> Runtime::State::reply_to(const api::GetMembers& ask, Turn&) {
  const VerifiedDirectory* directory = keeper.node().directory();
  if (directory == nullptr) {
    return caller_error(Code::not_ready, "this node has not been admitted yet");
  }
  api::Members page{directory->value().network, keeper.node().id(), {}, {}, std::nullopt};
  for (const ActiveSuspension& suspension : keeper.node().suspensions()) {
    page.suspended.emplace_back(suspension.member, suspension.until);
  }
  for (const Member& listed : directory->value().members) {
    const Member& member = *keeper.node().membership().find(listed.id);
    if (ask.after && member.id <= *ask.after) {
      continue;
    }
    if (page.members.size() == members_page) {
      page.next = page.members.back().id;
      break;
    }
    page.members.push_back(member);
  }
  return page;
}

Result<Answer> Runtime::State::reply_to(api::Unlock& ask, Turn& turn) {
  const bool locked = options.read_only ? !keeper.unlocked() : keeper.node().locked();
  api::Done done;
  if (!locked) {
    return done;
  }
  crypto::wipe(ask.passphrase);
  HAMROH_TRY(keeper.unlock_store({}));  // by its credential file; a passphrase takes another way
  if (!options.read_only) {
    HAMROH_TRY(keeper.node().unlock(turn));
  }
  log::info("vault.unlocked");
  return done;
}

Result<Answer> Runtime::State::reply_to(const api::Lock&, Turn& turn) {
  HAMROH_TRY(keeper.node().lock(turn));
  lock_after_turn = true;
  log::info("vault.locked");
  return api::Done{};
}

// A statement is a FlatBuffers file, which begins with an offset below 2^24, so its fourth byte is
// zero; no text has such a byte.
Result<Answer> Runtime::State::reply_to(const api::Install& ask, Turn& turn) {
  const bool is_text = ask.file.size() > 3 && ask.file[3] != 0;
  HAMROH_TRY(is_text ? keeper.node().install_pack(ask.file, turn)
                     : keeper.node().install(ask.file, turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::GetPack& ask, Turn& turn) {
  const Digest sha256 = ask.sha256.is_zero() ? keeper.node().pack_named() : ask.sha256;
  HAMROH_ASSIGN(Bytes file, keeper.node().pack_file(sha256, turn));
  return api::PackFile{sha256, std::move(file)};
}

Result<Answer> Runtime::State::reply_to(const api::Rotate& ask, Turn& turn) {
  HAMROH_ASSIGN(
      RotationOutcome outcome,
      keeper.node().rotate(
          {ask.author, ask.receipt, ask.witness, ask.transport, ask.epoch, ask.endpoint}, turn));
  log::info("keys.rotated", {log::count("serial", outcome.serial),
                             log::text("state", outcome.waits ? "waits" : "in use")});
  return api::Rotated{std::move(outcome.statement), outcome.serial, outcome.waits};
}

Result<Answer> Runtime::State::reply_to(const api::GetAlarms&, Turn& turn) {
  HAMROH_ASSIGN(const std::vector<AlarmRecord> alarms, keeper.node().alarms(turn));
  api::Alarms reply;
  std::size_t bytes = 0;
  for (const AlarmRecord& alarm : alarms) {
    bytes += alarm.here.size() + alarm.there.size();
    if (bytes > alarm_reply_bytes_max) {
      break;  // the rest stays in the store, and in `hamroh status`
    }
    reply.alarms.push_back({{alarm.kind, alarm.member, alarm.version, alarm.seen,
                             crypto::sha256({alarm.here}), crypto::sha256({alarm.there})},
                            alarm.here,
                            alarm.there});
  }
  return reply;
}

Result<Answer> Runtime::State::reply_to(const api::MakeRecovery& ask, Turn&) {
  if (!ask.keep.empty()) {
    const Status kept = keeper.keep_recovery(ask.keep);
    if (!kept && kept.error().blame == Blame::environment) {
      // The vault file is as it was, and the store is well.
      return caller_error(kept.error().code, kept.error().text);
    }
    HAMROH_TRY(kept);
    renew_keyring();
    log::info("recovery.made");
    return api::Done{};
  }
  const Node& node = keeper.node();
  auto drawn = keeper.draw_recovery({ask.threshold, ask.shares}, node.view().network, node.id());
  if (!drawn) {
    return caller_error(drawn.error().code, drawn.error().text);
  }
  return api::RecoveryShares{std::move(*drawn)};
}

// Answered between turns, so that what the accounts say stands on disk.
Result<Answer> Runtime::State::reply_to(const api::ChangeVault& ask, Turn&) {
  if (options.read_only) {
    return tl::unexpected(read_only_error);
  }
  const bool by_file = ask.opening == api::VaultOpening::key_file;
  const auto opens_it = [](const auto& item) {
    return item.second.role == Role::operator_ && opens_vault(item.second);
  };
  if (!by_file && std::ranges::none_of(users.all(), opens_it)) {
    return caller_error(Code::conflict,
                        "no operator has a passphrase that opens the vault: hamroh user password");
  }
  const Status changed = by_file ? keeper.open_vault_by_file() : keeper.leave_vault_to_users();
  if (!changed) {
    // The vault file is as it was, and the store is well.
    return caller_error(changed.error().code, changed.error().text);
  }
  log::info(by_file ? "vault.opens_by_file" : "vault.opens_by_users");
  return api::Done{};
}

// A vault's own passphrase is what the first operator had once. Whoever changes hers, or is
// disabled, must not open the vault with it any more. One that lies in a file is the
// organisation's, and stays.
void Runtime::State::leave_vault_passphrase() {
  if (keeper.vault().mode() != Vault::Mode::passphrase ||
      !options.configuration.passphrase_file.empty() || keeper.reader_key() == nullptr ||
      std::ranges::none_of(users.all(),
                           [](const auto& item) { return opens_vault(item.second); })) {
    return;
  }
  if (const Status left = keeper.leave_vault_to_users(); !left) {
    log::warn("vault.old_passphrase_opens", {log::text("error", left.error().text)});
    return;
  }
  log::info("vault.opens_by_users");
}

Result<Answer> Runtime::State::reply_to(const api::Panic&, Turn&) {
  return api::Done{};  // taken out before, by ask_panic
}

Result<Answer> Runtime::State::reply_to(const api::ConfirmClock&, Turn& turn) {
  HAMROH_TRY(keeper.node().confirm_clock(turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::EraseCase& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().check_may_erase(ask.case_id, actor, turn));
  HAMROH_ASSIGN(Erasing erased,
                keeper.node().erase_case(ask.case_id, ask.reason, ask.ask_others, turn));
  if (!erased.before) {
    // Without the case, so that who erased stays on record when the case is gone.
    HAMROH_TRY(keeper.node().enter_access(EntryKind::reviewed, actor, {}, {},
                                          std::string("erased: ") + erasure_reason_name(ask.reason),
                                          turn));
  }
  HAMROH_ASSIGN(const auto until, keeper.node().backups_open_until(turn));
  log::info("case.erased", {log::text("reason", erasure_reason_name(ask.reason)),
                            log::count("asked", erased.asked)});
  return api::Erased{std::move(erased.certificate), erased.asked, erased.before, until};
}

Result<Answer> Runtime::State::reply_to(const api::ListErasures& ask, Turn& turn) {
  HAMROH_ASSIGN(Node::ErasurePage page, keeper.node().erasures(ask.after, ask.limit, turn));
  return api::Erasures{std::move(page.erasures), page.next};
}

Result<Answer> Runtime::State::reply_to(const api::GetErasure& ask, Turn& turn) {
  HAMROH_ASSIGN(ErasedRecord record, keeper.node().erasure(ask.case_id, turn));
  api::Erasures reply;
  reply.erasures.emplace_back(ask.case_id, std::move(record));
  return reply;
}

api::NodeStatus Runtime::State::status() {
  api::NodeStatus shown = last_status;
  if (!trouble || keeper.has_node()) {
    shown.node = keeper.node().view();
    shown.store.health = damage.empty() ? keeper.disk().health() : damage;
    shown.store.file_bytes = keeper.disk().file_bytes();
    shown.store.log_bytes = keeper.disk().wal_bytes();
  }
  if (trouble) {
    shown.store.health = std::string("not open: ") + trouble->text + "; it is being opened again" +
                         (damage.empty() ? "" : " (" + damage + ")");
  }
  if (options.read_only) {
    shown.node.ledger_size = ledger_size();
    shown.node.locked = !keeper.unlocked();
    shown.node.outbox_depth = 0;
  }
  shown.link = {link_ready,
                static_cast<std::uint64_t>(std::max<pid_t>(link.process(), 0)),
                link.restarts(),
                link_statistics.bytes_in,
                link_statistics.bytes_out,
                link_statistics.frames_in,
                link_statistics.frames_out,
                link_statistics.refused,
                link_statistics.dropped};
  shown.store.free_bytes = free_disk_bytes(options.home.path());
  if (shown.store.free_bytes < disk_reserve_bytes && shown.store.health == "ok") {
    shown.store.health = "the disk is nearly full; nothing new is accepted";
  }
  shown.memory = options.memory_locked          ? api::MemoryState::locked
                 : crypto::memory_lock().locked ? api::MemoryState::secrets_only
                                                : api::MemoryState::not_locked;
  shown.version = version_text;
  shown.process = static_cast<std::uint64_t>(::getpid());
  shown.turns = turns;
  shown.inputs = inputs;
  return shown;
}

api::NodeStatus Runtime::State::shown_status() {
  api::NodeStatus shown = status();
  if (session && actor.may(Operation::see_status)) {
    return shown;
  }
  // Who and how the node is, which its directory and its files tell anyway; nothing that moves.
  NodeView bare;
  bare.network = shown.node.network;
  bare.member = shown.node.member;
  bare.name = shown.node.name;
  bare.kind = shown.node.kind;
  bare.phase = shown.node.phase;
  bare.locked = shown.node.locked;
  bare.staleness = shown.node.staleness;
  bare.standing = shown.node.standing;
  api::NodeStatus little;
  little.node = std::move(bare);
  little.store.health = std::move(shown.store.health);
  little.version = std::move(shown.version);
  return little;
}

void Runtime::State::wait_for_events(const Bytes& client, std::uint64_t request,
                                     const api::NextEvents& ask) {
  std::erase_if(polls, [&](const WaitingPoll& poll) { return poll.client == client; });
  if (ask.cursor == api::cursor_now) {
    replies.emplace_back(client, api::Reply{request, api::Events{{}, ledger_size()}});
    return;
  }
  const auto of_session = [&](const WaitingPoll& poll) { return poll.session == *session; };
  if (std::ranges::count_if(polls, of_session) >=
      static_cast<std::ptrdiff_t>(waiting_polls_per_session_max)) {
    const auto oldest = std::ranges::find_if(polls, of_session);
    replies.emplace_back(oldest->client,
                         api::Reply{oldest->request, api::Events{{}, oldest->cursor}});
    polls.erase(oldest);
  }
  if (polls.size() == waiting_polls_max) {
    replies.emplace_back(client, api::Reply{request, api::Failure{Code::full, "too many wait"}});
    return;
  }
  polls.push_back({client, request, ask.cursor, ask.max, monotonic_now() + Duration{ask.wait_ms},
                   *session, actor});
}

Result<std::vector<Event>> Runtime::State::events_from(std::uint64_t cursor, std::size_t max) {
  std::vector<Event> events;
  if (!recent.empty() && cursor >= recent.front().index) {
    for (std::size_t at = cursor - recent.front().index; at < recent.size() && events.size() < max;
         ++at) {
      events.push_back(recent[at]);
    }
    return events;
  }
  HAMROH_ASSIGN(auto transaction, keeper.store().begin());
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
  return keeper.node().events(cursor, std::min<std::uint64_t>(max, ledger_size() - cursor), turn);
}

void Runtime::State::answer_polls() {
  const Duration now = monotonic_now();
  std::vector<WaitingPoll> left;
  for (WaitingPoll& poll : polls) {
    if (sessions.find(poll.session, now) == nullptr) {
      (void)api->send(poll.client, api::encode(api::Reply{poll.request, failure(session_ended)}));
      continue;
    }
    std::vector<Event> events;
    if (keeper.has_node() && poll.cursor < ledger_size()) {
      auto found = events_from(poll.cursor, poll.max);
      const std::size_t all = found ? found->size() : 0;
      if (found) {
        found = seen_events(poll, std::move(*found));
      }
      if (!found) {
        if (found.error().blame == Blame::environment) {
          note_damage(found.error());
        }
        (void)api->send(poll.client, api::encode(api::Reply{poll.request, failure(found.error())}));
        continue;
      }
      poll.cursor += all;
      events = std::move(*found);
    }
    if (events.empty() && now < poll.deadline) {
      left.push_back(std::move(poll));
      continue;
    }
    (void)api->send(poll.client, api::encode(api::Reply{
                                     poll.request, api::Events{std::move(events), poll.cursor}}));
  }
  polls = std::move(left);
}

void Runtime::State::send_replies() {
  for (const auto& [client, reply] : replies) {
    (void)api->send(client, api::encode(reply));
  }
  replies.clear();
}

}  // namespace hamroh
