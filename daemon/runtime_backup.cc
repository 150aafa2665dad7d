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
BackupPassphrase passphrase_in(ByteView bytes) {
  BackupPassphrase read;
  ByteReader reader(bytes);
  read.root = SymmetricKey(reader.take(32).first<32>());
  const ByteView salt = reader.take(read.salt.size());
  std::copy(salt.begin(), salt.end(), read.salt.begin());
  read.cost.operations = reader.u64();
  read.cost.memory_bytes = reader.u64();
  return read;
}

}  // namespace

BackupPolicy Runtime::State::backup_policy() const {
  return {options.configuration.backup_key_days, options.configuration.backup_keys};
}

Result<BackupKeys> Runtime::State::open_backup_keys() const {
  HAMROH_ASSIGN(const SymmetricKey node_tier, keeper.node_tier());
  const Origin origin = keeper.node().origin();
  return BackupKeys::open(options.home, origin.network, origin.member, node_tier);
}

Status Runtime::State::check_may_back_up(const api::BackupBegin& ask) const {
  const bool shares = keeper.vault().recovery().has_value();
  if (!shares && ask.passphrase.empty()) {
    return caller_error(Code::not_found, no_shares);
  }
  if (shares && !ask.passphrase.empty()) {
    return caller_error(Code::conflict,
                        "officers hold recovery shares, and nobody passes them by with a "
                        "passphrase: leave out --without-recovery");
  }
  if (keeper.node().view().clock_suspect) {
    return caller_error(Code::not_ready,
                        "the key of a backup ends by the clock, which is in doubt: set it, then "
                        "hamroh clock confirm");
  }
  return {};
}

Result<Answer> Runtime::State::reply_to(const api::BackupBegin& ask, Turn& turn) {
  HAMROH_TRY(check_may_back_up(ask));
  // A fault of the keyring or a key file is none of the store: the turn goes on.
  const auto as_refusal = [](const Error& error) {
    return tl::unexpected(Error{error.code, Blame::caller, error.text});
  };
  const auto tier = keeper.node_tier();
  auto keys = open_backup_keys();
  if (!tier || !keys) {
    return as_refusal(tier ? keys.error() : tier.error());
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
  const Timestamp ends = key.ends;
  // On disk before anything is sealed with it. If the turn fails, it is there for nothing.
  auto keyring = keys->write(options.home, *tier, turn.now, keeper.entropy());
  if (keyring && !ask.passphrase.empty()) {
    HAMROH_ASSIGN(SymmetricKey reader_tier, keeper.reader_tier());
    const VaultTiers tiers{tier->copy(), std::move(reader_tier)};
    keyring = keys->copy_for(passphrase_in(ask.passphrase), options.home, tiers, turn.now,
                             keeper.entropy());
  }
  auto vault = read_file(options.home.vault(), backup_vault_bytes_max);
  if (!keyring || !vault) {
    return as_refusal(keyring ? vault.error() : keyring.error());
  }
  begun.keyring = std::move(*keyring);
  begun.vault = std::move(*vault);
  begun.policy = backup_policy();
  if (const auto& recovery = keeper.vault().recovery()) {
    begun.threshold = recovery->count.threshold;
    begun.shares = recovery->count.shares;
  }
  HAMROH_TRY(keeper.node().enter_backup(begun.statement, ends, turn));
  if (backup) {
    backup_ended = {Code::timed_out, Blame::caller, "another backup was begun"};
    backup_over = false;  // whichever it was, it is over
  }
  backup = BackupHold{begun.statement.id, turn.monotonic + api::limits::backup_lease};
  backup_begun = true;
  return begun;
}

void Runtime::State::settle_backup() {
  if (std::exchange(backup_over, false)) {
    end_backup({Code::timed_out, "the backup was ended"});
  }
  if (!std::exchange(backup_begun, false)) {
    return;
  }
  // The same turn may have ended it again, by an erasure for one: then nothing is held.
  if (backup) {
    keeper.disk().hold(false);  // if there was one before
    const auto moved = keeper.disk().checkpoint(true);
    if (moved) {
      keeper.disk().hold(true);
    } else if (moved.error().code == Code::full) {
      end_backup({Code::full, "the disk of the node is full"});
    } else {
      fall(moved.error());
      return;
    }
  }
  for (auto& [client, reply] : replies) {
    if (auto* begun = std::get_if<api::BackupBegun>(&reply.answer)) {
      if (backup && backup->id == begun->statement.id) {
        begun->database_bytes = keeper.disk().file_bytes();
      } else {
        crypto::wipe(begun->file_key);
        reply.answer = failure(backup_ended);
      }
    }
  }
  if (backup) {
    log::info("backup.began", {log::count("bytes", keeper.disk().file_bytes())});
  }
}

Result<Answer> Runtime::State::reply_to(const api::BackupRenew& ask, Turn& turn) {
  if (!backup || backup->id != ask.backup) {
    return tl::unexpected(backup_ended);
  }
  backup->until = turn.monotonic + api::limits::backup_lease;
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::BackupEnd& ask, Turn&) {
  if (!backup || backup->id != ask.backup) {
    return tl::unexpected(backup_ended);
  }
  backup_over = true;  // the log may move only after the commit
  return api::Done{};
}

void Runtime::State::watch_backup() {
  if (!backup || trouble) {
    return;
  }
  if (monotonic_now() > backup->until) {
    end_backup({Code::timed_out, "the program that made it was not heard of for 30 seconds"});
  } else if (keeper.disk().wal_bytes() > options.configuration.backup_log_bytes_max) {
    end_backup({Code::timed_out,
                "so much was written meanwhile that the log has reached backup.log_bytes_max"});
  } else if (free_disk_bytes(options.home.path()) < disk_reserve_bytes) {
    end_backup({Code::full, "the disk of the node is nearly full"});
  }
}

void Runtime::State::end_backup(const BackupEnded& why) {
  if (!backup) {
    return;
  }
  backup.reset();
  backup_ended = {why.code, Blame::caller, why.text};
  if (!keeper.disk().held()) {
    return;  // it was to begin in this turn
  }
  keeper.disk().hold(false);
  log::info("backup.ended",
            {log::text("why", why.text), log::count("log_bytes", keeper.disk().wal_bytes())});
  // What was erased meanwhile shall not stay in the log.
  if (const auto moved = keeper.disk().checkpoint(true);
      !moved && moved.error().code != Code::full) {
    fall(moved.error());
  }
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
  backup_keys_over = keys->over(backup_policy(), turn.now);
  for (const BackupKeyId& key : backup_keys_over) {
    if (backup_keys_entered.insert(key).second) {
      keeper.node().enter_backup_key_destroyed(key, turn);
    }
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
  if (const auto written = keys->write(options.home, *node_tier, wall_now(), keeper.entropy());
      !written) {
    log::warn("backup.keyring", {log::text("why", written.error().text)});
  }
}

}  // namespace hamroh
