#include "daemon/runtime.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <deque>
#include <utility>

#include "daemon/api_socket.h"
#include "daemon/keeper.h"
#include "daemon/link_process.h"
#include "daemon/log.h"

namespace hamroh {
namespace {

constexpr std::size_t recent_events_max = 16'384;
constexpr std::size_t waiting_polls_max = 1'024;
constexpr Duration poll_longest = seconds(1);
constexpr Duration reopen_delay = seconds(1);
constexpr Duration verify_interval = minutes(10);  // it reads the whole store
constexpr Duration anchor_sync_interval = seconds(5);
constexpr std::uint64_t disk_reserve_bytes = 4 * 1024 * 1024;
constexpr std::size_t members_page = 256;
constexpr std::size_t alarm_reply_bytes_max = 4 * 1024 * 1024;
// After a change of the transport key, so that peers hear of it over the connections that stand.
constexpr Duration transport_change_delay = seconds(2);
constexpr const char* version_text = HAMROH_VERSION;

constexpr int exit_good = 0;
constexpr int exit_failed = 1;

struct WaitingPoll {
  Bytes client;
  std::uint64_t request = 0;
  std::uint64_t cursor = 0;
  std::size_t max = 0;
  Duration deadline;
};

Duration operator+(Duration a, Duration b) {
  return {a.ms + b.ms};
}

api::Failure failure(const Error& error) {
  return {error.code, error.text};
}

// Whatever may write a row; the others are answered after the commit, out of a turn of their own.
bool only_reads(const api::Request& request) {
  return !(std::holds_alternative<api::Submit>(request.ask) ||
           std::holds_alternative<api::Install>(request.ask) ||
           std::holds_alternative<api::Rotate>(request.ask) ||
           std::holds_alternative<api::Unlock>(request.ask) ||
           std::holds_alternative<api::Lock>(request.ask) ||
           std::holds_alternative<api::ConfirmClock>(request.ask) ||
           std::holds_alternative<api::GetLedgerHead>(request.ask));
}

constexpr Error read_only_error{Code::store_corrupt, Blame::environment,
                                "this node was started read-only, to look at a damaged store"};

}  // namespace

struct Runtime::State {
  explicit State(RuntimeOptions given)
      : options(std::move(given)),
        keeper(options.home, options.configuration),
        link(options.link_program) {}

  RuntimeOptions options;
  std::optional<HomeLock> lock;
  Keeper keeper;
  LinkProcess link;
  std::optional<ApiSocket> api;
  int signals = -1;
  bool ending = false;
  std::optional<int> exit_code;

  bool link_configured = false;
  std::optional<Duration> new_transport_at;
  bool link_ready = false;
  std::string link_fault;
  pair::Statistics link_statistics;
  std::map<MemberId, std::pair<TransportKey, std::string>> told_peers;

  std::vector<std::pair<Bytes, api::Reply>> replies;      // of this turn, sent after the commit
  std::vector<std::pair<Bytes, api::Request>> questions;  // that only read
  std::vector<WaitingPoll> polls;
  std::deque<Event> recent;      // the newest events, without gap
  std::optional<Error> trouble;  // why there is no node at the moment
  api::NodeStatus last_status;   // before it came to that
  std::string damage;            // that was found in the store, for people; empty if none
  std::optional<Duration> verified;
  Duration reopen_at;
  Duration next_anchor_sync;
  bool anchor_dirty = false;
  std::uint64_t turns = 0;
  std::uint64_t inputs = 0;
  bool lock_after_turn = false;
  bool busy = false;

  ~State() {
    link.stop();
    if (signals >= 0) {
      ::close(signals);
    }
  }

  // ---- opening --------------------------------------------------------------------------------

  Status open() {
    HAMROH_ASSIGN(lock, HomeLock::take(options.home));
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
      sigaddset(&set, signal);
    }
    sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (options.read_only) {
      HAMROH_TRY(keeper.open_read_only());
      HAMROH_ASSIGN(api, ApiSocket::open(options.home.path()));
      damage = "READ-ONLY: nothing is taken, signed or sent, and the outbox is not shown";
      find_damage();
      return {};
    }
    // Before the vault is opened, so that no key is in the memory that the child begins with.
    (void)link.start_if_due(monotonic_now());
    HAMROH_TRY(keeper.open_store(false));
    if (const Status opened = keeper.open_node(); !opened) {
      if (opened.error().code == Code::store_corrupt) {
        find_damage();
      }
      return opened;
    }
    HAMROH_ASSIGN(api, ApiSocket::open(options.home.path()));
    perform(keeper.take_effects());
    return {};
  }

  // Which tables have a damaged page: for the log and for status.
  void find_damage() {
    verified = monotonic_now();
    const auto tables = keeper.disk().damaged_tables();
    if (!tables || tables->empty()) {
      return;
    }
    for (const char* table : *tables) {
      log::write(log::Level::error, "store.damaged", {log::text("table", table)});
      damage += (damage.empty()             ? "damaged: "
                 : table == tables->front() ? "; damaged: "
                                            : ", ") +
                std::string(table);
    }
    damage += "; what is not damaged can be read";
  }

  // The store or the node failed. Nothing of the failed turn has happened, so it is all opened
  // again.
  void reopen_if_due() {
    const Duration now = monotonic_now();
    if (!trouble || now < reopen_at) {
      return;
    }
    keeper.close();
    Status opened = keeper.open_store(false);
    if (opened && trouble->code == Code::store_corrupt &&
        (!verified || now > *verified + verify_interval)) {
      damage.clear();
      find_damage();
    }
    if (opened) {
      opened = keeper.open_node();
    }
    if (opened) {
      log::info("node.reopened", {log::text("after", code_name(trouble->code))});
      trouble.reset();
      told_peers.clear();
      link_configured = false;
      if (link.running()) {
        link.restart(now);  // its peers' state belongs to the node that is gone
      }
      perform(keeper.take_effects());
      return;
    }
    reopen_at = now + reopen_delay;
    if (opened.error().code == Code::store_corrupt || opened.error().code == Code::store_newer) {
      log::write(log::Level::error, "store.unusable",
                 {log::text("why", opened.error().text),
                  log::text("remedy", "hamrohd --home DIR --read-only shows what can be read")});
      exit_code = exit_failed;
    }
    trouble = opened.error();
  }

  void fall(const Error& error) {
    log::warn("turn.failed",
              {log::text("code", code_name(error.code)), log::text("why", error.text)});
    trouble = error;
    reopen_at = monotonic_now() + reopen_delay;
    last_status = status();
    for (auto& [client, reply] : replies) {
      reply.answer = failure(error);
    }
    for (const auto& [client, request] : questions) {
      refuse(client, request);
    }
    questions.clear();
    send_replies();
    keeper.close();
  }

  // ---- one turn -------------------------------------------------------------------------------

  void work() {
    if (trouble || options.read_only) {
      take_questions_only();
      return;
    }
    auto transaction = keeper.store().begin();
    if (!transaction) {
      fall(transaction.error());
      return;
    }
    Effects effects;
    Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
    Status done = take_inputs(turn);
    if (done) {
      done = keeper.node().finish(turn);
    }
    if (done) {
      done = (*transaction)->commit();
    }
    transaction->reset();
    if (!done) {
      fall(done.error());
      return;
    }
    // Commit point: everything of this turn is durable. A crash from here on loses only what is
    // derived again: peers send again, clients ask again.
    ++turns;
    perform(std::move(effects));
    send_replies();
    answer_questions();
    answer_polls();
    if (lock_after_turn) {
      lock_after_turn = false;
      keeper.lock_store();
    }
  }

  Status take_inputs(Turn& turn) {
    Node& node = keeper.node();
    if (turn.monotonic >= node.next_wakeup(turn.monotonic)) {
      HAMROH_TRY(node.tick(turn));
    }
    std::size_t budget = options.configuration.inputs_max;
    HAMROH_TRY(take_link_frames(budget, turn));
    return take_requests(std::max<std::size_t>(budget, 1), turn);
  }

  Status take_link_frames(std::size_t& budget, Turn& turn) {
    // Half of the turn for peers at most, so that people here are not kept waiting by them.
    for (std::size_t left = std::max<std::size_t>(budget / 2, 1); left > 0; --left) {
      auto frame = link.receive(turn.monotonic);
      if (!frame) {
        link_died();
        return {};
      }
      if (!*frame) {
        return {};
      }
      --budget;
      ++inputs;
      HAMROH_TRY(take_link_frame(**frame, turn));
    }
    return {};
  }

  Status take_link_frame(const pair::Frame& frame, Turn& turn) {
    Node& node = keeper.node();
    if (const auto* received = std::get_if<pair::Received>(&frame)) {
      const Status taken = node.receive(received->member, received->frame, turn);
      if (!taken && taken.error().blame == Blame::environment) {
        return taken;
      }
      if (!taken) {
        log::debug("peer.refused", {log::id("member", received->member),
                                    log::text("code", code_name(taken.error().code)),
                                    log::text("why", taken.error().text)});
      }
    } else if (const auto* up = std::get_if<pair::PeerUp>(&frame)) {
      log::info("peer.up", {log::id("member", up->member)});
      node.peer_up(up->member, turn);
    } else if (const auto* down = std::get_if<pair::PeerDown>(&frame)) {
      log::info("peer.down", {log::id("member", down->member)});
      node.peer_down(down->member);
    } else if (std::holds_alternative<pair::Ready>(frame)) {
      log::info("link.ready", {log::count("process", static_cast<std::uint64_t>(link.process()))});
      link_ready = true;
      link_fault.clear();
      link.settled();
    } else if (const auto* failed = std::get_if<pair::Failed>(&frame)) {
      link_fault = failed->code == Code::busy ? "cannot listen: is the port in use?"
                                              : "cannot open its sockets";
      log::warn("link.failed", {log::text("code", code_name(failed->code))});
    } else if (const auto* statistics = std::get_if<pair::Statistics>(&frame)) {
      link_statistics = *statistics;
    }
    return {};
  }

  void link_died() {
    log::warn("link.died", {log::count("restarts", link.restarts())});
    link_configured = false;
    link_ready = false;
    told_peers.clear();
    if (keeper.has_node() && keeper.node().directory() != nullptr) {
      for (const Member& member : keeper.node().directory()->value().members) {
        keeper.node().peer_down(member.id);
      }
    }
  }

  Status take_requests(std::size_t budget, Turn& turn) {
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
      HAMROH_TRY(answer(frame.client, *request, turn));
    }
    return {};
  }

  // In trouble, and read-only.
  void take_questions_only() {
    auto frames = api->receive(options.configuration.inputs_max);
    for (const ApiFrame& frame : frames.value_or(std::vector<ApiFrame>{})) {
      auto request = api::parse_request(frame.frame);
      if (!request) {
        replies.emplace_back(frame.client, api::Reply{0, failure(request.error())});
      } else if (trouble) {
        refuse(frame.client, *request);
      } else if (std::holds_alternative<api::NextEvents>(request->ask)) {
        wait_for_events(frame.client, request->id, std::get<api::NextEvents>(request->ask));
      } else if (auto* unlock = std::get_if<api::Unlock>(&request->ask)) {
        const Status opened = keeper.unlock_store(unlock->passphrase);
        crypto::wipe(unlock->passphrase);
        replies.emplace_back(frame.client,
                             api::Reply{request->id, opened ? Answer(api::Done{})
                                                            : Answer(failure(opened.error()))});
      } else if (only_reads(*request) || std::holds_alternative<api::GetLedgerHead>(request->ask)) {
        questions.emplace_back(frame.client, std::move(*request));
      } else {
        replies.emplace_back(frame.client, api::Reply{request->id, failure(read_only_error)});
      }
    }
    inputs += options.read_only && frames ? frames->size() : 0;
    send_replies();
    if (options.read_only) {
      answer_questions();
      answer_polls();
    }
  }

  // Status is answered from memory: it has to say what the trouble is.
  void refuse(const Bytes& client, const api::Request& request) {
    if (std::holds_alternative<api::GetStatus>(request.ask)) {
      replies.emplace_back(client, api::Reply{request.id, status()});
    } else {
      replies.emplace_back(client, api::Reply{request.id, failure(*trouble)});
    }
  }

  // One transaction for as many as it stands; a read that fails ends it, and the next question gets
  // another one.
  void answer_questions() {
    std::unique_ptr<Transaction> transaction;
    for (auto& [client, request] : std::exchange(questions, {})) {
      if (std::holds_alternative<api::GetStatus>(request.ask)) {
        replies.emplace_back(client, api::Reply{request.id, status()});  // needs no store
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
      auto answered = std::visit([&](auto& ask) { return reply_to(ask, turn); }, request.ask);
      if (!answered && answered.error().blame == Blame::environment) {
        transaction.reset();
        note_damage(answered.error());
      }
      replies.emplace_back(
          client, api::Reply{request.id,
                             answered ? std::move(*answered) : Answer(failure(answered.error()))});
    }
    transaction.reset();
    send_replies();
  }

  void note_damage(const Error& error) {
    log::warn("read.failed",
              {log::text("code", code_name(error.code)), log::text("why", error.text)});
    if (error.code == Code::store_corrupt && damage.empty()) {
      damage = std::string(error.text) + "; what is not damaged can be read";
    }
  }

  // ---- requests -------------------------------------------------------------------------------

  // A refusal is an answer; only a store failure of something that may write ends the turn.
  Status answer(const Bytes& client, api::Request& request, Turn& turn) {
    if (const auto* events = std::get_if<api::NextEvents>(&request.ask)) {
      wait_for_events(client, request.id, *events);
      return {};
    }
    if (only_reads(request)) {
      questions.emplace_back(client, std::move(request));
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

  using Answer = decltype(api::Reply::answer);

  Result<Answer> reply_to(const api::Submit& ask, Turn& turn) {
    if (free_disk_bytes(options.home.path()) < disk_reserve_bytes) {
      // Refused before anything is written, so that receipts still find room.
      return caller_error(Code::full, "the disk is nearly full: free some space and send again");
    }
    HAMROH_ASSIGN(const hamroh::Accepted accepted,
                  keeper.node().submit(
                      {ask.message, ask.case_id, ask.kind, ask.to, ask.body, ask.lifetime}, turn));
    return api::Accepted{accepted.message, accepted.case_id, accepted.duplicate};
  }
  Result<Answer> reply_to(const api::GetStatus&, Turn&) { return status(); }
  Result<Answer> reply_to(const api::GetMessage& ask, Turn& turn) {
    HAMROH_ASSIGN(MessageView message, keeper.node().message(ask.message, turn));
    return api::Message{std::move(message)};
  }
  Result<Answer> reply_to(const api::ListCases& ask, Turn& turn) {
    HAMROH_ASSIGN(Node::CasePage page,
                  keeper.node().cases(ask.before, ask.limit, ask.awaiting_decision, turn));
    return api::Cases{std::move(page.cases), page.next};
  }
  Result<Answer> reply_to(const api::GetCase& ask, Turn& turn) {
    HAMROH_ASSIGN(CaseView shown, keeper.node().case_view(ask.case_id, turn));
    return api::Case{std::move(shown)};
  }
  Result<Answer> reply_to(const api::GetBody& ask, Turn& turn) {
    HAMROH_ASSIGN(Node::StoredBody body, keeper.node().body(ask.author, ask.message, turn));
    return api::Body{body.kind, std::move(body.body)};
  }
  Result<Answer> reply_to(const api::NextEvents&, Turn&) { return api::Done{}; }
  Result<Answer> reply_to(const api::GetReceipt& ask, Turn& turn) {
    HAMROH_ASSIGN(std::string text, keeper.node().receipt(ask.message, ask.recipient, turn));
    return api::Receipt{std::move(text)};
  }
  Result<Answer> reply_to(const api::GetLedger& ask, Turn& turn) {
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
  // What opening a read-only node would have entered is not there.
  [[nodiscard]] std::uint64_t ledger_size() const {
    return options.read_only ? keeper.node().view().session_first : keeper.node().ledger().size();
  }
  Result<Answer> reply_to(const api::GetLedgerHead&, Turn& turn) {
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
  Result<Answer> reply_to(const api::GetMembers& ask, Turn&) {
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
  Result<Answer> reply_to(api::Unlock& ask, Turn& turn) {
    if (!keeper.node().locked()) {
      return api::Done{};
    }
    const Status opened = keeper.unlock_store(ask.passphrase);
    crypto::wipe(ask.passphrase);
    HAMROH_TRY(opened);
    HAMROH_TRY(keeper.node().unlock(turn));
    log::info("vault.unlocked");
    return api::Done{};
  }
  Result<Answer> reply_to(const api::Lock&, Turn& turn) {
    HAMROH_TRY(keeper.node().lock(turn));
    lock_after_turn = true;
    log::info("vault.locked");
    return api::Done{};
  }
  Result<Answer> reply_to(const api::Install& ask, Turn& turn) {
    HAMROH_TRY(keeper.node().install(ask.file, turn));
    return api::Done{};
  }
  Result<Answer> reply_to(const api::Rotate& ask, Turn& turn) {
    HAMROH_ASSIGN(
        RotationOutcome outcome,
        keeper.node().rotate(
            {ask.author, ask.receipt, ask.witness, ask.transport, ask.epoch, ask.endpoint}, turn));
    log::info("keys.rotated", {log::count("serial", outcome.serial),
                               log::text("state", outcome.waits ? "waits" : "in use")});
    return api::Rotated{std::move(outcome.statement), outcome.serial, outcome.waits};
  }
  Result<Answer> reply_to(const api::GetAlarms&, Turn& turn) {
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
  Result<Answer> reply_to(const api::ConfirmClock&, Turn& turn) {
    HAMROH_TRY(keeper.node().confirm_clock(turn));
    return api::Done{};
  }

  api::NodeStatus status() {
    api::NodeStatus shown = last_status;
    if (!trouble || keeper.has_node()) {
      shown.node = keeper.node().view();
      shown.store.health = damage.empty() ? keeper.disk().health() : damage;
      shown.store.file_bytes = keeper.disk().file_bytes();
      shown.store.log_bytes = keeper.disk().wal_bytes();
    }
    if (trouble) {
      shown.store.health = std::string("not open: ") + trouble->text +
                           "; it is being opened again" +
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
    shown.version = version_text;
    shown.process = static_cast<std::uint64_t>(::getpid());
    shown.turns = turns;
    shown.inputs = inputs;
    return shown;
  }

  // ---- events ---------------------------------------------------------------------------------

  void wait_for_events(const Bytes& client, std::uint64_t request, const api::NextEvents& ask) {
    std::erase_if(polls, [&](const WaitingPoll& poll) { return poll.client == client; });
    if (polls.size() == waiting_polls_max) {
      replies.emplace_back(client, api::Reply{request, api::Failure{Code::full, "too many wait"}});
      return;
    }
    const std::uint64_t size = ledger_size();
    if (ask.cursor == api::cursor_now) {
      replies.emplace_back(client, api::Reply{request, api::Events{{}, size}});
      return;
    }
    polls.push_back(
        {client, request, ask.cursor, ask.max, monotonic_now() + Duration{ask.wait_ms}});
  }

  Result<std::vector<Event>> events_from(std::uint64_t cursor, std::size_t max) {
    std::vector<Event> events;
    if (!recent.empty() && cursor >= recent.front().index) {
      for (std::size_t at = cursor - recent.front().index;
           at < recent.size() && events.size() < max; ++at) {
        events.push_back(recent[at]);
      }
      return events;
    }
    HAMROH_ASSIGN(auto transaction, keeper.store().begin());
    Effects effects;
    Turn turn{wall_now(), monotonic_now(), *transaction, keeper.entropy(), effects};
    return keeper.node().events(cursor, std::min<std::uint64_t>(max, ledger_size() - cursor), turn);
  }

  void answer_polls() {
    const Duration now = monotonic_now();
    std::vector<WaitingPoll> left;
    for (WaitingPoll& poll : polls) {
      std::vector<Event> events;
      if (keeper.has_node() && poll.cursor < ledger_size()) {
        auto found = events_from(poll.cursor, poll.max);
        if (!found) {
          note_damage(found.error());
          (void)api->send(poll.client,
                          api::encode(api::Reply{poll.request, failure(found.error())}));
          continue;
        }
        events = std::move(*found);
      }
      if (events.empty() && now < poll.deadline) {
        left.push_back(std::move(poll));
        continue;
      }
      const std::uint64_t next = events.empty() ? poll.cursor : events.back().index + 1;
      (void)api->send(poll.client,
                      api::encode(api::Reply{poll.request, api::Events{std::move(events), next}}));
    }
    polls = std::move(left);
  }

  // ---- effects --------------------------------------------------------------------------------

  void perform(Effects effects) {
    for (const EndSessions& ended : effects.ended) {
      link.send(pair::EndSessions{ended.peer});
    }
    if (effects.transport_changed) {
      new_transport_at = monotonic_now() + transport_change_delay;
    }
    for (const SendFrame& frame : effects.frames) {
      link.send(pair::Send{frame.peer, {}}, frame.frame);
    }
    if (effects.peers_changed) {
      tell_peers();
    }
    for (const Notify& notice : effects.notices) {
      if (!recent.empty() && notice.event.index != recent.back().index + 1) {
        recent.clear();
      }
      recent.push_back(notice.event);
    }
    while (recent.size() > recent_events_max) {
      recent.pop_front();
    }
    if (effects.anchor) {
      const Ledger& ledger = keeper.node().ledger();
      if (effects.anchor->size == ledger.size() && effects.anchor->root == ledger.root()) {
        keeper.anchor().write(*effects.anchor);
        anchor_dirty = true;
      } else {
        // The node has stopped signing: the next start has to know without being told again.
        keeper.anchor().replace(*effects.anchor);
      }
    }
  }

  void send_replies() {
    for (const auto& [client, reply] : replies) {
      (void)api->send(client, api::encode(reply));
    }
    replies.clear();
  }

  // A new transport key: the link is crash-only, so it begins again with it.
  void renew_link() {
    if (new_transport_at && monotonic_now() >= *new_transport_at) {
      new_transport_at.reset();
      log::info("link.renewed");
      link.restart(monotonic_now());
      link_died();
    }
  }

  void configure_link() {
    if (options.read_only) {
      return;
    }
    renew_link();
    if (link.start_if_due(monotonic_now())) {
      log::debug("link.started");
    }
    if (!link.running() || link_configured || !keeper.has_node()) {
      return;
    }
    auto transaction = keeper.store().begin();
    if (!transaction) {
      return;
    }
    Effects effects;
    Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
    auto secret = keeper.node().transport_secret(turn);
    if (!secret) {
      note_damage(secret.error());
      return;
    }
    const std::string& listen = options.configuration.listen;
    link.send(pair::Configure{std::move(*secret), keeper.node().id(),
                              listen.empty() ? keeper.node().endpoint() : listen});
    link_configured = true;
    told_peers.clear();
    tell_peers();
  }

  void tell_peers() {
    if (!link_configured || !keeper.has_node() || keeper.node().directory() == nullptr) {
      return;
    }
    std::map<MemberId, std::pair<TransportKey, std::string>> wanted;
    for (const PeerAddress& peer : keeper.node().addresses()) {
      wanted[peer.member] = {peer.transport, peer.endpoint};
    }
    for (const auto& [member, facts] : told_peers) {
      if (!wanted.contains(member)) {
        link.send(pair::PeerRemove{member});
      }
    }
    for (const auto& [member, facts] : wanted) {
      const auto told = told_peers.find(member);
      if (told == told_peers.end() || told->second != facts) {
        link.send(pair::PeerSet{member, facts.first, facts.second});
      }
    }
    told_peers = std::move(wanted);
  }

  // ---- the loop -------------------------------------------------------------------------------

  [[nodiscard]] int wait_ms() const {
    const Duration now = monotonic_now();
    Duration until = now + poll_longest;
    if (trouble) {
      until = std::min(until, reopen_at);
    } else if (keeper.has_node() && !options.read_only) {
      until = std::min(until, keeper.node().next_wakeup(now));
    }
    if (!link.running() && !options.read_only) {
      until = std::min(until, link.next_start());
    }
    if (new_transport_at) {
      until = std::min(until, *new_transport_at);
    }
    for (const WaitingPoll& poll : polls) {
      until = std::min(until, poll.deadline);
    }
    return until > now ? static_cast<int>(until.ms - now.ms) : 0;
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
        ending = true;
      }
    }
  }

  // Off the path of any commit, between turns.
  void keep_house() {
    if (trouble || options.read_only) {
      return;
    }
    if (keeper.disk().wal_bytes() > options.configuration.log_bytes_checkpoint) {
      if (const auto moved = keeper.disk().checkpoint(false); !moved) {
        fall(moved.error());
        return;
      }
    }
    const Duration now = monotonic_now();
    if (anchor_dirty && now >= next_anchor_sync) {
      anchor_dirty = false;
      next_anchor_sync = now + anchor_sync_interval;
      keeper.anchor().sync();
    }
  }

  void loop() {
    while (!ending && !exit_code) {
      std::array<pollfd, 3> watched{};
      watched[0] = {signals, POLLIN, 0};
      watched[1] = {api->descriptor(), POLLIN, 0};
      const short link_events = static_cast<short>(POLLIN | (link.wants_to_write() ? POLLOUT : 0));
      watched[2] = {link.running() ? link.descriptor() : -1, link_events, 0};
      if (!busy) {
        (void)::poll(watched.data(), watched.size(), wait_ms());
      }
      take_signals();
      reopen_if_due();
      if (exit_code) {
        return;
      }
      configure_link();
      link.write_waiting();
      const std::uint64_t before = inputs;
      work();
      busy = inputs != before;  // there may be more: the API's descriptor is edge-triggered
      if (!busy) {
        keep_house();
      } else if (!trouble &&
                 keeper.disk().wal_bytes() > 4 * options.configuration.log_bytes_checkpoint) {
        keep_house();  // under steady load there is no quiet moment
      }
    }
  }

  // In-flight work is in the store already; what is left is to sign the head and to tidy up.
  void end() {
    sd_notify(0, "STOPPING=1");
    if (trouble || !keeper.has_node() || options.read_only) {
      return;
    }
    if (auto transaction = keeper.store().begin()) {
      Effects effects;
      Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
      if (keeper.node().head(turn) && keeper.node().finish(turn) && (*transaction)->commit()) {
        perform(std::move(effects));
      }
    }
    link.stop();
    keeper.anchor().sync();
    (void)keeper.disk().checkpoint(true);
    log::info("node.stopped", {log::count("turns", turns), log::count("inputs", inputs)});
  }
};

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::open(RuntimeOptions options) {
  auto state = std::make_unique<State>(std::move(options));
  HAMROH_TRY(state->open());
  return std::unique_ptr<Runtime>(new Runtime(std::move(state)));
}

int Runtime::run() {
  log::info("node.started", {log::id("member", state_->keeper.node().id()),
                             log::text("phase", phase_name(state_->keeper.node().view().phase))});
  sd_notify(0, "READY=1");
  state_->loop();
  state_->end();
  return state_->exit_code.value_or(exit_good);
}

}  // namespace hamroh
