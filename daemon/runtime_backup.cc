// Backups: the database file stands still while another process copies it; and the keys by which
// backups open, which end after their time.

#include "daemon/log.h"
#include "daemon/runtime_state.h"

namespace hamroh {
namespace {

constexpr Duration upkeep_interval = minutes(10);
constexpr const char* no_shares =
    "there are no recovery shares to open a backup with: hamroh recovery make, or "
    "--without-recovery";

// What api::BackupBegin::passphrase holds.
struct PassphraseRoot {
  SymmetricKey root;
  std::array<std::uint8_t, 16> salt{};
  crypto::PassphraseCost cost;

  explicit PassphraseRoot(ByteView bytes) {
    ByteReader reader(bytes);
    root = SymmetricKey(reader.take(32).first<32>());
    const ByteView given = reader.take(salt.size());
    std::copy(given.begin(), given.end(), salt.begin());
    cost.operations = reader.u64();
    cost.memory_bytes = reader.u64();
  }
};

}  // namespace

BackupPolicy Runtime::State::backup_policy() const {
  return {options.configuration.backup_key_days, options.configuration.backup_keys};
}

Result<BackupKeys> Runtime::State::open_backup_keys() const {
  HAMROH_ASSIGN(const SymmetricKey node_tier, keeper.node_tier());
  const Origin origin = keeper.node().origin();
  return BackupKeys::open(options.home, origin.network, origin.member, node_tier);
}

Result<Answer> Runtime::State::reply_to(const api::BackupBegin& ask, Turn& turn) {
  const std::optional<RecoverySplit>& recovery = keeper.vault().recovery();
  if (!recovery && ask.passphrase.empty()) {
    return caller_error(Code::not_found, no_shares);
  }
  // A fault of the keyring or a key file is none of the store: the turn goes on.
  const auto as_refusal = [](const Error& error) {
    return tl::unexpected(Error{error.code, Blame::caller, error.text});
  };
  const auto tier = keeper.node_tier();
  auto keys = open_backup_keys();
  if (!tier || !keys) {
    return as_refusal(tier ? keys.error() : tier.error());
  }
  const SymmetricKey& node_tier = *tier;
  if (ask.passphrase.empty()) {
    keys->open_by_shares();
  } else {
    const PassphraseRoot given(ask.passphrase);
    HAMROH_ASSIGN(SymmetricKey reader_tier, keeper.reader_tier());
    keys->open_by_passphrase(given.cost, given.salt, given.root,
                             {node_tier.copy(), std::move(reader_tier)}, keeper.entropy());
  }
  const Node& node = keeper.node();
  const BackupKey& key = keys->present(backup_policy(), turn.now, keeper.entropy());
  const Origin origin = node.origin();
  api::BackupBegun begun;
  begun.statement = {origin.network,
                     origin.member,
                     origin.incarnation,
                     turn.now,
                     node.ledger().size(),
                     node.ledger().root(),
                     key.id,
                     turn.entropy.draw<BackupId>()};
  const SymmetricKey file_key = backup_file_key(key.key, begun.statement);
  file_key.expose([&](auto raw) { begun.file_key.assign(raw.begin(), raw.end()); });
  // On disk before anything is sealed with it. If the turn fails, it is there for nothing.
  auto written = keys->write(options.home, node_tier, turn.now, keeper.entropy());
  auto vault = read_file(options.home.vault(), backup_vault_bytes_max);
  if (!written || !vault) {
    return as_refusal(written ? vault.error() : written.error());
  }
  begun.keyring = std::move(*written);
  begun.vault = std::move(*vault);
  begun.policy = backup_policy();
  if (recovery && ask.passphrase.empty()) {
    begun.threshold = recovery->count.threshold;
    begun.shares = recovery->count.shares;
  }
  keeper.node().enter_backup(begun.statement, turn);
  if (backup) {
    backup_ended = "another backup was begun";
  }
  backup = BackupHold{begun.statement.id, turn.monotonic + api::limits::backup_lease};
  backup_begun = true;
  return begun;
}

void Runtime::State::settle_backup() {
  if (std::exchange(backup_over, false)) {
    end_backup("the backup was ended");
  }
  if (!std::exchange(backup_begun, false)) {
    return;
  }
  keeper.disk().hold(false);  // if another one was being made: its program is told
  const auto moved = keeper.disk().checkpoint(true);
  if (!moved) {
    fall(moved.error());
    return;
  }
  keeper.disk().hold(true);
  for (auto& [client, reply] : replies) {
    if (auto* begun = std::get_if<api::BackupBegun>(&reply.answer)) {
      begun->database_bytes = keeper.disk().file_bytes();
    }
  }
  log::info("backup.began", {log::count("bytes", keeper.disk().file_bytes())});
}

Result<Answer> Runtime::State::reply_to(const api::BackupRenew& ask, Turn& turn) {
  if (!backup || backup->id != ask.backup) {
    return caller_error(Code::timed_out, backup_ended);
  }
  backup->until = turn.monotonic + api::limits::backup_lease;
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::BackupEnd& ask, Turn&) {
  if (!backup || backup->id != ask.backup) {
    return caller_error(Code::timed_out, backup_ended);
  }
  backup_over = true;  // the log may move only after the commit
  return api::Done{};
}

void Runtime::State::watch_backup() {
  if (!backup || trouble) {
    return;
  }
  if (monotonic_now() > backup->until) {
    end_backup("the program that made it was not heard of for 30 seconds");
  } else if (keeper.disk().wal_bytes() > options.configuration.backup_log_bytes_max) {
    end_backup("so much was written meanwhile that the log has reached backup.log_bytes_max");
  } else if (free_disk_bytes(options.home.path()) < disk_reserve_bytes) {
    end_backup("the disk is nearly full");
  }
}

void Runtime::State::end_backup(const char* why) {
  if (!backup) {
    return;
  }
  backup.reset();
  backup_ended = why;
  keeper.disk().hold(false);
  log::info("backup.ended",
            {log::text("why", why), log::count("log_bytes", keeper.disk().wal_bytes())});
  // What was erased meanwhile shall not stay in the log.
  if (const auto moved = keeper.disk().checkpoint(true);
      !moved && moved.error().code != Code::full) {
    fall(moved.error());
  }
}

std::optional<Timestamp> Runtime::State::backups_until() const {
  if (!file_exists(backup_keys_file(options.home))) {
    return std::nullopt;
  }
  const auto keys = open_backup_keys();
  if (!keys || keys->keys().empty()) {
    return std::nullopt;
  }
  const auto newest = std::ranges::max_element(keys->keys(), {},
                                               [](const BackupKey& key) { return key.created.ms; });
  return newest->created + days(backup_policy().bound_days());
}

Status Runtime::State::enter_backup_keys_over(Turn& turn) {
  if (turn.monotonic < next_backup_upkeep) {
    return {};
  }
  // By a clock in doubt no key is destroyed.
  if (keeper.node().view().clock_suspect) {
    return {};
  }
  next_backup_upkeep = turn.monotonic + upkeep_interval;
  if (!file_exists(backup_keys_file(options.home))) {
    return {};
  }
  const auto keys = open_backup_keys();
  if (!keys) {
    log::warn("backup.keyring", {log::text("why", keys.error().text)});
    return {};
  }
  for (const BackupKeyId& key : keys->over(backup_policy(), turn.now)) {
    keeper.node().enter_backup_key_destroyed(key, turn);
    backup_keys_over.push_back(key);
  }
  return {};
}

// A crash before this leaves keys whose destruction is entered already: the next start finds that
// their time is over, and enters it again.
void Runtime::State::destroy_backup_keys() {
  if (backup_keys_over.empty()) {
    return;
  }
  const std::vector<BackupKeyId> over = std::exchange(backup_keys_over, {});
  const auto node_tier = keeper.node_tier();
  auto keys = open_backup_keys();
  if (!node_tier || !keys) {
    return;
  }
  keys->forget(over);
  const auto written = keys->write(options.home, *node_tier, wall_now(), keeper.entropy());
  if (written) {
    log::info("backup.keys_destroyed", {log::count("keys", over.size())});
  } else {
    log::warn("backup.keyring", {log::text("why", written.error().text)});
    next_backup_upkeep = {};  // again at once
  }
}

void Runtime::State::renew_keyring() {
  if (!file_exists(backup_keys_file(options.home))) {
    return;
  }
  const auto node_tier = keeper.node_tier();
  auto keys = open_backup_keys();
  if (!node_tier || !keys) {
    return;
  }
  keys->open_by_shares();
  if (const auto written = keys->write(options.home, *node_tier, wall_now(), keeper.entropy());
      !written) {
    log::warn("backup.keyring", {log::text("why", written.error().text)});
  }
}

}  // namespace hamroh
