#include "daemon/restore.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "daemon/backup_keys.h"
#include "daemon/keeper.h"
#include "protocol/page_sum.h"

namespace hamroh {
namespace {

tl::unexpected<RestoreFault> fault(Code code, const char* text) {
  return tl::unexpected(RestoreFault{code, text, std::nullopt});
}
tl::unexpected<RestoreFault> fault(const Error& error) {
  return fault(error.code, error.text);
}

// A descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int get() const { return descriptor_; }

  [[nodiscard]] bool read_at(std::span<std::uint8_t> out, std::uint64_t at) const {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        return false;
      }
      out = out.subspan(static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
    }
    return true;
  }
  [[nodiscard]] Status append(ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        return environment_error(errno == ENOSPC || errno == EDQUOT ? Code::full : Code::io_failed,
                                 "the restored database cannot be written");
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

 private:
  int descriptor_;
};

// ---- opening ----------------------------------------------------------------------------------

// A backup file with everything that opens it.
struct OpenedBackup {
  File file;
  Keyring keyring;
  VaultTiers tiers;
  Vault vault;  // of the keyring: what recovery shares open
  std::vector<BackupKey> keys;
  BackupCipher cipher;
};

Restored<VaultTiers> open_tiers(const RestoreRequest& request, const Keyring& keyring,
                                const Vault& vault) {
  if (request.shares.empty() && keyring.passphrase) {
    const auto root = crypto::passphrase_key(request.keyring_passphrase, keyring.passphrase->salt,
                                             keyring.passphrase->cost);
    if (!root) {
      return fault(root.error());
    }
    auto tiers = keyring.open_tiers(*root);
    return tiers ? Restored<VaultTiers>(std::move(*tiers)) : fault(tiers.error());
  }
  const auto key = recover_key(request.shares);
  if (!key) {
    return tl::unexpected(key.error());
  }
  const RecoverySplit& given = request.shares.front().split;
  if (!vault.recovery() || given.member != vault.recovery()->member ||
      given.network != vault.recovery()->network) {
    return fault(Code::unknown_member, "these are the shares of another organisation's node");
  }
  if (given != *vault.recovery()) {
    return fault(Code::stale_version,
                 "these shares and this keyring do not belong together: the keyring opens with "
                 "the shares that were the newest when it was written");
  }
  auto tiers = vault.tiers_from_recovery(*key);
  if (!tiers) {
    return fault(tiers.error());
  }
  return VaultTiers{std::move(tiers->node), std::move(tiers->reader)};
}

Restored<BackupHead> read_head(const File& file) {
  if (!file.is_open()) {
    return fault(Code::not_found, "the backup cannot be opened");
  }
  Bytes bytes(BackupHead::encoded_size);
  if (!file.read_at(bytes, 0)) {
    return fault(Code::malformed, "the file is too short for a backup");
  }
  const auto head = BackupHead::parse(bytes);
  if (!head) {
    return fault(head.error());
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 ||
      static_cast<std::uint64_t>(info.st_size) != head->file_bytes()) {
    return fault(Code::malformed, "the backup is not whole: its length is not what its head says");
  }
  return *head;
}

Restored<OpenedBackup> open_backup(const RestoreRequest& request) {
  File file(request.backup_file, O_RDONLY);
  const auto head = read_head(file);
  if (!head) {
    return tl::unexpected(head.error());
  }
  const auto bytes = read_file(request.keyring_file, keyring_bytes_max);
  if (!bytes) {
    return fault(bytes.error().code, "the keyring cannot be read");
  }
  auto keyring = Keyring::parse(*bytes);
  if (!keyring) {
    return fault(keyring.error());
  }
  const BackupStatement& statement = head->statement;
  if (keyring->network != statement.network || keyring->member != statement.member) {
    return fault(Code::unknown_member, "the backup and the keyring are of two different nodes");
  }
  auto vault = Vault::parse(keyring->vault);
  if (!vault) {
    return fault(Code::malformed, "the vault in the keyring is damaged");
  }
  auto tiers = open_tiers(request, *keyring, *vault);
  if (!tiers) {
    return tl::unexpected(tiers.error());
  }
  auto keys = keyring->open_keys(tiers->node);
  if (!keys) {
    return fault(keys.error());
  }
  const auto key = std::ranges::find(*keys, statement.key, &BackupKey::id);
  if (key == keys->end()) {
    return fault(Code::expired,
                 "the keyring has no key for this backup: its time was over and it was destroyed, "
                 "or the keyring is older than the backup");
  }
  BackupCipher cipher(*head, backup_file_key(key->key, statement));
  return OpenedBackup{std::move(file),   std::move(*keyring), std::move(*tiers),
                      std::move(*vault), std::move(*keys),    std::move(cipher)};
}

// Takes the stream apart: what comes before the pages is kept, the pages are checked and go on.
class Unpacker {
 public:
  Unpacker(const BackupHead& head, const File* database) : head_(head), database_(database) {}

  Status take(ByteView bytes) {
    const std::size_t before = std::size_t{head_.vault_bytes} + head_.configuration_bytes;
    const std::size_t front = std::min(bytes.size(), before - front_.size());
    append(front_, bytes.first(front));
    append(pages_, bytes.subspan(front));
    const std::size_t whole = pages_.size() - pages_.size() % page_bytes;
    for (std::size_t at = 0; at < whole; at += page_bytes) {
      if (!is_page_sound(at_ + at, ByteView(pages_).subspan(at).first<page_bytes>())) {
        return caller_error(Code::malformed, "a page in the backup is damaged");
      }
    }
    if (database_ != nullptr) {
      HAMROH_TRY(database_->append(ByteView(pages_).first(whole)));
    }
    at_ += whole;
    pages_.erase(pages_.begin(), pages_.begin() + static_cast<std::ptrdiff_t>(whole));
    return {};
  }
  [[nodiscard]] ByteView configuration() const {
    return ByteView(front_).subspan(head_.vault_bytes);
  }

 private:
  const BackupHead& head_;
  const File* database_;
  Bytes front_;
  Bytes pages_;
  std::uint64_t at_ = 0;
};

Status unpack(const OpenedBackup& backup, Unpacker& unpacker) {
  const BackupHead& head = backup.cipher.head();
  (void)::posix_fadvise(backup.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::uint64_t at = BackupHead::encoded_size;
  Bytes sealed;
  for (std::uint64_t number = 0; number < head.chunks(); ++number) {
    sealed.resize(head.chunk_bytes(number) + crypto::tag_bytes);
    if (!backup.file.read_at(sealed, at)) {
      return environment_error(Code::io_failed, "the backup cannot be read");
    }
    at += sealed.size();
    HAMROH_ASSIGN(const Bytes content, backup.cipher.open(number, sealed));
    HAMROH_TRY(unpacker.take(content));
  }
  return {};
}

// ---- looking at what was restored -------------------------------------------------------------

const char* table_words(Table table) {
  switch (table) {
    case Table::message:
      return "messages";
    case Table::body:
      return "bodies of messages";
    case Table::case_event:
      return "cases";
    case Table::ledger:
    case Table::ledger_node:
    case Table::session_note:
      return "ledger";
    case Table::user:
      return "users";
    case Table::reader_secret:
    case Table::node_secret:
      return "keys";
    default:
      return "other rows";
  }
}

void count_row(Table table, ByteView key, ByteView value, RestoreReport& report) {
  ++report.rows;
  report.users += table == Table::user ? 1 : 0;
  report.cases += table == Table::case_event ? 1 : 0;
  if (table != Table::message) {
    return;
  }
  const bool own =
      std::ranges::equal(key.first(MemberId::size), report.head.statement.member.view());
  (own ? report.messages_sent : report.messages_received) += 1;
  if (const auto record = MessageRecord::parse(value); own && record) {
    const bool settled = std::ranges::all_of(
        record->deliveries, [](const Delivery& delivery) { return is_settled(delivery.level); });
    report.unsettled += settled ? 0 : 1;
  }
}

Status examine(Transaction& store, RestoreReport& report) {
  for (const Table table : all_tables) {
    const Status read =
        store.scan(table, {}, {}, Transaction::Order::ascending, [&](ByteView key, ByteView value) {
          count_row(table, key, value, report);
          return true;
        });
    if (!read) {
      const char* words = table_words(table);
      if (std::ranges::find(report.damaged, words) == report.damaged.end()) {
        report.damaged.push_back(words);
      }
    }
  }
  const BackupStatement& statement = report.head.statement;
  HAMROH_ASSIGN(const Ledger ledger, Ledger::load(store));
  const bool sound = ledger.verify(store).has_value();
  report.ledger_size = ledger.size();
  if (statement.ledger_size >= ledger.size()) {
    return {};
  }
  HAMROH_ASSIGN(const CompactRange range, ledger.range_at(store, statement.ledger_size));
  report.root_agrees = sound && range.root() == statement.ledger_root;
  HAMROH_ASSIGN(const auto own, ledger.read(store, statement.ledger_size));
  report.names_itself =
      own && own->entry.kind == EntryKind::backup_made && own->entry.subject == statement.digest();
  return {};
}

// Opens the database at `path`, examines it and, if it is to be kept, marks it as restored.
Result<RestoreReport> open_and_examine(const std::string& path, const OpenedBackup& backup,
                                       bool keep) {
  RestoreReport report;
  report.head = backup.cipher.head();
  SystemEntropy entropy;
  SqliteOptions options;
  options.create = false;
  HAMROH_ASSIGN(const auto disk, SqliteStore::open(path, options));
  HAMROH_TRY(disk->verify());
  SealedStore sealed(*disk, entropy, backup.tiers.node);
  sealed.unlock(backup.tiers.reader);
  HAMROH_ASSIGN(auto transaction, sealed.begin());
  HAMROH_TRY(examine(*transaction, report));
  if (keep) {
    HAMROH_TRY(transaction->put(Table::meta, row::restored, report.head.statement.encode()));
    HAMROH_TRY(transaction->commit());
    transaction.reset();
    // Into the file itself, because the log is left behind: without that row a node would start.
    HAMROH_TRY(disk->checkpoint(true));
  }
  return report;
}

// ---- the home ---------------------------------------------------------------------------------

std::string marker_of(const Home& home) {
  return home.file("restoring");
}

// What a restore makes, in no order that matters; the lock stays where it is.
std::vector<std::string> files_of(const Home& home) {
  const std::string pages = home.database() + ".new";
  return {home.vault(),
          home.vault() + ".new",
          home.node_key(),
          home.node_key() + ".new",
          home.reader_key(),
          home.reader_key() + ".new",
          home.database(),
          home.database() + "-wal",
          pages,
          pages + "-wal",
          pages + "-journal",
          home.configuration(),
          home.configuration() + ".new",
          backup_keys_file(home),
          backup_keys_file(home) + ".new",
          marker_of(home),
          marker_of(home) + ".new"};
}

void remove_all(const Home& home) {
  for (const std::string& file : files_of(home)) {
    (void)::unlink(file.c_str());
  }
}

// A lock alone is nothing: whoever tried to start a node there, or began to restore, left it.
Result<bool> is_empty(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    return errno == ENOENT ? Result<bool>(true)
                           : environment_error(Code::io_failed, "the new home cannot be read");
  }
  bool empty = true;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    empty = empty && (name == "." || name == ".." || name == "lost+found" || name == "lock" ||
                      name == "restoring.new");
  }
  ::closedir(directory);
  return empty;
}

// Makes the home, or takes one that nobody needs.
Result<HomeLock> claim(const Home& home) {
  const auto is_free = [&]() -> Result<bool> {
    HAMROH_ASSIGN(const bool empty, is_empty(home.path()));
    return empty || (file_exists(marker_of(home)) && !file_exists(home.vault()));
  };
  HAMROH_ASSIGN(const bool free, is_free());
  if (!free) {
    const auto lock = file_exists(home.file("lock"))
                          ? HomeLock::take(home)
                          : Result<HomeLock>(caller_error(Code::none, ""));
    return !lock && lock.error().code == Code::busy
               ? caller_error(Code::busy, "a node is running on that home")
               : caller_error(Code::conflict, "that home is not empty");
  }
  HAMROH_TRY(make_directory(home.path()));
  HAMROH_ASSIGN(HomeLock lock, HomeLock::take(home));
  HAMROH_ASSIGN(const bool still_free, is_free());  // another restore may have been faster
  if (!still_free) {
    return caller_error(Code::conflict, "that home is not empty");
  }
  remove_all(home);  // of one that was interrupted
  HAMROH_TRY(write_file(marker_of(home), {}));
  return lock;
}

Status write_key(const std::string& path, const SymmetricKey& key) {
  return key.expose([&](auto raw) { return write_file(path, raw); });
}

// New roots: the old key files may be in other hands.
Result<Vault::Mode> renew_vault(const RestoreRequest& request, const Home& home,
                                OpenedBackup& backup) {
  Vault& vault = backup.vault;
  const Vault::Mode mode = request.mode.value_or(vault.mode());
  HAMROH_TRY(write_key(home.node_key(), vault.renew_node_root(backup.tiers.node)));
  if (mode == Vault::Mode::credential) {
    HAMROH_TRY(write_key(home.reader_key(), vault.renew_reader_root(backup.tiers.reader)));
  } else if (mode == Vault::Mode::passphrase) {
    HAMROH_TRY(vault.wrap_reader(backup.tiers.reader, request.passphrase));
  } else {
    vault.leave_reader_to_users();
  }
  HAMROH_TRY(vault.write(home));
  return mode;
}

// Without the passphrase that may have opened it: nothing in a home opens with less than the vault.
Status write_keyring(const Home& home, OpenedBackup& backup) {
  std::array<std::uint8_t, 24> nonce{};
  crypto::system_random(nonce);
  backup.keyring.passphrase.reset();
  backup.keyring.seal_keys(backup.tiers.node, backup.keys, nonce);
  return write_file(backup_keys_file(home), backup.keyring.encode());
}

Result<RestoreReport> fill_home(const RestoreRequest& request, const Home& home,
                                OpenedBackup& backup) {
  const std::string pages = home.database() + ".new";
  std::optional<File> database(std::in_place, pages, O_WRONLY | O_CREAT | O_TRUNC);
  if (!database->is_open()) {
    return environment_error(Code::io_failed, "the restored database cannot be made");
  }
  Unpacker unpacker(backup.cipher.head(), &*database);
  HAMROH_TRY(unpack(backup, unpacker));
  if (::fsync(database->get()) != 0) {
    return environment_error(Code::io_failed, "the restored database cannot be synced");
  }
  database.reset();  // before SQLite locks the file: closing it later would drop the lock
  HAMROH_ASSIGN(RestoreReport report, open_and_examine(pages, backup, true));
  (void)::unlink((pages + "-wal").c_str());  // closing has moved it all
  if (::rename(pages.c_str(), home.database().c_str()) != 0) {
    return environment_error(Code::io_failed, "the restored database cannot be given its name");
  }
  HAMROH_TRY(write_file(home.configuration(), unpacker.configuration()));
  HAMROH_TRY(write_keyring(home, backup));
  HAMROH_ASSIGN(report.mode, renew_vault(request, home, backup));
  // Commit point: the home is whole.
  (void)::unlink(marker_of(home).c_str());
  return report;
}

// Where a rehearsal lies until it is over, also if it is broken off: what is unpacked is sealed by
// the vault's keys only, so no end of a backup's key would reach it.
class RehearsalRoom {
 public:
  RehearsalRoom() = default;
  RehearsalRoom(const RehearsalRoom&) = delete;
  RehearsalRoom& operator=(const RehearsalRoom&) = delete;
  ~RehearsalRoom() { remove(); }

  bool make(const std::string& place) {
    std::string directory = place + "/hamroh-rehearsal.XXXXXX";
    if (directory.size() + 16 > path_max || ::mkdtemp(directory.data()) == nullptr) {
      return false;
    }
    for (std::size_t i = 0; i < endings.size(); ++i) {
      (directory + endings[i]).copy(paths_[i].data(), path_max);
    }
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      std::signal(signal, [](int number) {
        remove();
        ::_exit(128 + number);
      });
    }
    return true;
  }
  [[nodiscard]] static std::string pages() { return paths_[0].data(); }

 private:
  static constexpr std::size_t path_max = 1024;
  static constexpr std::array endings{"/node.db", "/node.db-wal", "/node.db-journal", ""};

  static void remove() {
    for (std::size_t i = 0; i + 1 < paths_.size(); ++i) {
      (void)::unlink(paths_[i].data());
    }
    (void)::rmdir(paths_.back().data());
  }
  // Of the process, because a signal may have to find them.
  inline static std::array<std::array<char, path_max>, endings.size()> paths_{};
};

}  // namespace

Restored<BackupHead> verify_backup(const RestoreRequest& request) {
  const auto backup = open_backup(request);
  if (!backup) {
    return tl::unexpected(backup.error());
  }
  Unpacker unpacker(backup->cipher.head(), nullptr);
  const Status unpacked = unpack(*backup, unpacker);
  return unpacked ? Restored<BackupHead>(backup->cipher.head()) : fault(unpacked.error());
}

Restored<RestoreReport> rehearse_restore(const RestoreRequest& request, const std::string& place) {
  auto backup = open_backup(request);
  if (!backup) {
    return tl::unexpected(backup.error());
  }
  RehearsalRoom room;
  if (!room.make(place)) {
    return fault(Code::io_failed, "no temporary directory can be made there: see $TMPDIR");
  }
  const auto rehearsed = [&]() -> Result<RestoreReport> {
    {
      const File database(room.pages(), O_WRONLY | O_CREAT | O_TRUNC);
      if (!database.is_open()) {
        return environment_error(Code::io_failed, "the restored database cannot be made");
      }
      Unpacker unpacker(backup->cipher.head(), &database);
      HAMROH_TRY(unpack(*backup, unpacker));
    }
    HAMROH_ASSIGN(RestoreReport report, open_and_examine(room.pages(), *backup, false));
    report.mode = request.mode.value_or(backup->vault.mode());
    return report;
  }();
  return rehearsed ? Restored<RestoreReport>(*rehearsed) : fault(rehearsed.error());
}

Restored<RestoreReport> restore_home(const RestoreRequest& request, const Home& home) {
  auto backup = open_backup(request);
  if (!backup) {
    return tl::unexpected(backup.error());
  }
  if (request.mode.value_or(backup->vault.mode()) == Vault::Mode::passphrase &&
      request.passphrase.empty()) {
    return fault(Code::invalid_argument, "this vault opens with a passphrase: give a new one");
  }
  const bool made_directory = !file_exists(home.path());
  const auto lock = claim(home);
  if (!lock) {
    return fault(lock.error());
  }
  const auto filled = fill_home(request, home, *backup);
  if (!filled) {
    remove_all(home);
    (void)::unlink(home.file("lock").c_str());
    if (made_directory) {
      (void)::rmdir(home.path().c_str());
    }
    return fault(filled.error());
  }
  return *filled;
}

}  // namespace hamroh
