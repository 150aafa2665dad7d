#include "daemon/runtime.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/runtime_state.h"

namespace hamroh {
namespace {

constexpr Duration poll_longest = seconds(1);
constexpr Duration reopen_delay = seconds(1);
constexpr Duration verify_interval = minutes(10);  // it reads the whole store
constexpr Duration anchor_sync_interval = seconds(5);
constexpr Duration log_emptying_interval = seconds(5);  // while the disk is full

constexpr Duration panic_answer_wait = seconds(3);  // at most, for sending it

constexpr int exit_good = 0;
constexpr int exit_failed = 1;

}  // namespace

Status Runtime::State::open() {
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
    HAMROH_ASSIGN(worker, PassphraseWorker::start());
    HAMROH_TRY(open_users());
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
  HAMROH_ASSIGN(worker, PassphraseWorker::start());
  HAMROH_TRY(open_users());
  HAMROH_ASSIGN(api, ApiSocket::open(options.home.path()));
  perform(keeper.take_effects());
  return {};
}

void Runtime::State::find_damage() {
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

void Runtime::State::reopen_if_due() {
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
    opened = open_users();
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

void Runtime::State::fall(const Error& error) {
  log::warn("turn.failed",
            {log::text("code", code_name(error.code)), log::text("why", error.text)});
  operator_key_gone = false;
  passphrase_gone = false;
  trouble = error;
  reopen_at = monotonic_now() + reopen_delay;
  last_status = status();
  for (auto& [client, reply] : replies) {
    reply.answer = failure(error);
  }
  for (const Question& question : questions) {
    actor = question.actor;
    session = question.session;
    refuse(question.client, question.request);
  }
  questions.clear();
  send_replies();
  backup.reset();
  backup_begun = false;
  backup_over = false;
  backup_keys_over.clear();
  backup_ended = {Code::timed_out, Blame::caller, "the store had to be opened again"};
  keeper.close();
}

void Runtime::State::work() {
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
  if (panic_asked) {
    return;  // the turn has not happened, and nobody was told that it had
  }
  if (done) {
    done = lock_if_idle(turn);
  }
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
  if (std::exchange(operator_key_gone, false)) {
    (void)::unlink(options.home.operator_key().c_str());
  }
  if (std::exchange(passphrase_gone, false)) {
    leave_vault_passphrase();
  }
  perform(std::move(effects));
  destroy_backup_keys();
  settle_backup();
  if (trouble) {
    return;
  }
  send_replies();
  answer_questions();
  answer_polls();
  if (lock_after_turn) {
    lock_after_turn = false;
    fund_counts.clear();
    keeper.lock_store();
    wipe_leftovers();
  }
}

Status Runtime::State::lock_if_idle(Turn& turn) {
  const Duration delay = lock_delay(options.configuration);
  if (delay.ms == 0 || keeper.node().locked() || turn.monotonic < last_request + delay) {
    return {};
  }
  HAMROH_TRY(keeper.node().lock(turn));
  lock_after_turn = true;
  log::info("vault.locked", {log::text("why", "nobody asked for anything")});
  return {};
}

void Runtime::State::panic() {
  const Duration began = monotonic_now();
  const auto& [client, request] = *panic_asked;
  const bool without_recovery = std::get<api::Panic>(request.ask).without_recovery;
  // Memory first: whatever the disk does, this process opens nothing any more.
  link.stop();
  keeper.forget();
  replies.clear();
  questions.clear();
  recent.clear();
  wipe_leftovers();
  const auto destroyed = destroy_keys(options.home, options.configuration, without_recovery);
  api::Reply reply{request.id, {}};
  if (destroyed) {
    api::Destroyed told{destroyed->recovery.has_value(), 0, 0, {}};
    if (destroyed->recovery) {
      told.threshold = destroyed->recovery->count.threshold;
      told.shares = destroyed->recovery->count.shares;
    }
    for (const std::string& file : destroyed->outside) {
      told.outside += file + "\n";
    }
    reply.answer = std::move(told);
    log::warn("vault.destroyed", {log::count("milliseconds", monotonic_now().ms - began.ms)});
  } else {
    reply.answer = failure(destroyed.error());
    log::write(log::Level::error, "vault.not_destroyed",
               {log::text("why", destroyed.error().text)});
  }
  (void)api->send(client, api::encode(reply));
  api->finish_sending(panic_answer_wait);
  // A good end either way, so that nobody starts this node again before people have looked.
  ending = true;
}

Status Runtime::State::take_inputs(Turn& turn) {
  Node& node = keeper.node();
  node.allow_attachments(has_room_for_files());
  if (turn.monotonic >= node.next_wakeup(turn.monotonic)) {
    HAMROH_TRY(node.tick(turn));
  }
  HAMROH_TRY(finish_passphrases(turn));
  HAMROH_TRY(enter_backup_keys_over(turn));
  std::size_t budget = options.configuration.inputs_max;
  HAMROH_TRY(take_link_frames(budget, turn));
  return take_requests(std::max<std::size_t>(budget, 1), turn);
}

void Runtime::State::perform(Effects effects) {
  if (effects.truncate_log) {
    end_backup({Code::erased,
                "a case was erased meanwhile, and its traces must leave the log: begin it again"});
    log_to_empty = true;
    next_emptying = {};
    (void)empty_log();  // else keep_house does, or the store says at the next turn that it is dead
  }
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

int Runtime::State::wait_ms() const {
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

void Runtime::State::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
      ending = true;
    }
  }
}

Status Runtime::State::empty_log() {
  const Duration now = monotonic_now();
  if (!log_to_empty || now < next_emptying) {
    return {};
  }
  const auto emptied = keeper.disk().checkpoint(true);
  if (!emptied && emptied.error().code != Code::full) {
    return tl::unexpected(emptied.error());
  }
  log_to_empty = !emptied;
  if (!emptied) {
    next_emptying = now + log_emptying_interval;
    log::warn("store.log_not_emptied", {log::text("why", emptied.error().text)});
  }
  return {};
}

void Runtime::State::keep_house() {
  if (trouble || options.read_only) {
    return;
  }
  if (const Status emptied = empty_log(); !emptied) {
    fall(emptied.error());
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

void Runtime::State::loop() {
  while (!ending && !exit_code) {
    std::array<pollfd, 4> watched{};
    watched[0] = {signals, POLLIN, 0};
    watched[1] = {api->descriptor(), POLLIN, 0};
    const short link_events = static_cast<short>(POLLIN | (link.wants_to_write() ? POLLOUT : 0));
    watched[2] = {link.running() ? link.descriptor() : -1, link_events, 0};
    watched[3] = {worker->descriptor(), POLLIN, 0};
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
    if (panic_asked) {
      panic();
      return;
    }
    watch_backup();
    busy = inputs != before;  // there may be more: the API's descriptor is edge-triggered
    if (!busy) {
      keep_house();
    } else if (!trouble &&
               keeper.disk().wal_bytes() > 4 * options.configuration.log_bytes_checkpoint) {
      keep_house();  // under steady load there is no quiet moment
    }
  }
}

void Runtime::State::end() {
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
  keeper.disk().hold(false);
  keeper.anchor().sync();
  (void)keeper.disk().checkpoint(true);
  log::info("node.stopped", {log::count("turns", turns), log::count("inputs", inputs)});
}

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
