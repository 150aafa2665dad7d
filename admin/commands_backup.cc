// Backups: made beside the running node, checked and restored by hamrohd's program.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "admin/backup_file.h"
#include "admin/commands.h"
#include "admin/files.h"
#include "admin/passphrase.h"
#include "admin/report.h"
#include "protocol/constants.h"

namespace hamroh {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto renew_every = std::chrono::seconds(8);
constexpr unsigned tries_max = 3;                 // a case may be erased at any time
constexpr Duration begin_patience = seconds(60);  // the log is moved first
static_assert(std::chrono::milliseconds(api::limits::backup_lease.ms) > 3 * renew_every);

volatile std::sig_atomic_t interrupted = 0;

// A backup that is broken off leaves nothing behind.
void notice_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { interrupted = 1; });
  }
}

// How far it is, on standard error, and keeps the lease.
class Progress {
 public:
  Progress(Client& client, BackupId backup, std::uint64_t bytes, unsigned megabytes_per_second)
      : client_(client),
        backup_(backup),
        bytes_(bytes),
        rate_(megabytes_per_second),
        shown_(::isatty(STDERR_FILENO) != 0) {}

  Status renew(std::size_t bytes) {
    if (SteadyClock::now() >= renew_at_) {
      renew_at_ = SteadyClock::now() + renew_every;
      HAMROH_TRY(client_.backup_renew(backup_));
    }
    return advance(bytes);
  }
  Status advance(std::size_t bytes) {
    done_ += bytes;
    keep_pace();
    if (interrupted != 0) {
      return caller_error(Code::invalid_argument, "the backup was interrupted");
    }
    if (shown_ && SteadyClock::now() >= show_at_) {
      show_at_ = SteadyClock::now() + std::chrono::seconds(1);
      std::fprintf(
          stderr, "\r%s %3llu %% of %llu MB ", what_,
          static_cast<unsigned long long>(done_ * 100 / std::max<std::uint64_t>(bytes_, 1)),
          static_cast<unsigned long long>(bytes_ / 1'000'000));
    }
    return {};
  }
  void begin(const char* what) {
    what_ = what;
    done_ = 0;
    began_ = SteadyClock::now();
  }
  void end() const {
    if (shown_) {
      std::fputs("\r                                        \r", stderr);
    }
  }

 private:
  Client& client_;
  BackupId backup_;
  // So that the disk has time for the node as well.
  void keep_pace() const {
    if (rate_ != 0) {
      std::this_thread::sleep_until(began_ + std::chrono::microseconds(done_ / rate_));
    }
  }

  std::uint64_t bytes_;
  unsigned rate_;  // bytes in a microsecond; 0: as fast as it goes
  SteadyClock::time_point began_ = SteadyClock::now();
  bool shown_;
  const char* what_ = "copying  ";
  std::uint64_t done_ = 0;
  SteadyClock::time_point renew_at_ = SteadyClock::now() + renew_every;
  SteadyClock::time_point show_at_ = SteadyClock::now();
};

// What opens the keyring where there are no recovery shares. Wiped by the caller.
Result<Bytes> passphrase_root(const Arguments& arguments) {
  Bytes passphrase;
  if (arguments.passphrase_file.empty()) {
    passphrase = ask_passphrase("A passphrase that opens this backup: ");
    Bytes again = ask_passphrase("The same again: ");
    const bool same = crypto::equal(passphrase, again);
    crypto::wipe(again);
    if (!same) {
      crypto::wipe(passphrase);
      return caller_error(Code::bad_passphrase, "the two were not the same");
    }
  } else {
    HAMROH_ASSIGN(passphrase, read_passphrase_file(arguments.passphrase_file));
  }
  if (passphrase.size() < limits::passphrase_characters_min ||
      passphrase.size() > limits::passphrase_bytes_max) {
    crypto::wipe(passphrase);
    return caller_error(Code::bad_passphrase, "a passphrase has at least 8 characters");
  }
  std::array<std::uint8_t, 16> salt{};
  crypto::system_random(salt);
  const crypto::PassphraseCost cost;
  const auto root = crypto::passphrase_key(passphrase, salt, cost);
  crypto::wipe(passphrase);
  if (!root) {
    return tl::unexpected(root.error());
  }
  Bytes laid;
  laid.reserve(api::limits::backup_passphrase_bytes);
  root->expose([&](auto raw) { append(laid, raw); });
  append(laid, salt);
  put_u64(laid, cost.operations);
  put_u64(laid, cost.memory_bytes);
  return laid;
}

struct Wiped {
  Bytes bytes;
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { crypto::wipe(bytes); }
};

// A mistyped name must not replace what it was to save.
const char* fault_of_targets(const Arguments& arguments) {
  const auto place = [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(path, ignored);
  };
  const auto home = place(arguments.home);
  for (const std::string& file : {arguments.out, arguments.keys_out}) {
    if (!file.empty() && place(file).parent_path() == home) {
      return "a backup and its keyring lie elsewhere than in the home of the node";
    }
  }
  return place(arguments.out) == place(arguments.keys_out)
             ? "--out and --keys-out are one file: keep them apart from one another"
             : nullptr;
}

std::string remedy_for_backup(const Arguments& arguments, Code code) {
  switch (code) {
    case Code::not_found:
      return "Make recovery shares first: hamroh recovery make --shares 5 --threshold 3 --out DIR\n"
             "  or seal the backup's keys under a passphrase: hamroh backup --out FILE "
             "--without-recovery";
    case Code::locked:
      return "With --without-recovery the vault has to be open: hamroh unlock";
    case Code::store_corrupt:
      return "No backup was made, and the one before was left as it is. See hamroh status; keep a "
             "copy of the home.";
    case Code::full:
      return "Nothing was left behind. Make room: where " + arguments.out +
             " shall lie, or in the home of the node.";
    case Code::erased:
      return "Nothing was left behind. Cases are being erased, one after another: try it later.";
    case Code::not_ready:
      return "Nothing was left behind.";
    default:
      return "Nothing was left behind.";
  }
}

int refuse_backup(const Arguments& arguments, const Error& error, const Client& client) {
  return refuse(arguments.json, arguments.out, error.code, client.words_for(error),
                remedy_for_backup(arguments, error.code));
}

Status copy_database(const Arguments& arguments, const BackupHead& head, ByteView vault,
                     ByteView configuration, BackupWriter& writer, Progress& progress) {
  HAMROH_TRY(writer.add(vault));
  HAMROH_TRY(writer.add(configuration));
  HAMROH_ASSIGN(PageReader pages,
                PageReader::open(arguments.home + "/node.db", head.database_bytes));
  for (;;) {
    HAMROH_ASSIGN(const ByteView block, pages.next());
    if (block.empty()) {
      return {};
    }
    HAMROH_TRY(writer.add(block));
    HAMROH_TRY(progress.renew(block.size()));
  }
}

Status make_backup(const Arguments& arguments, Client& client, const api::BackupBegun& begun,
                   BackupHead& head) {
  Bytes configuration;
  const std::string file = arguments.home + "/hamroh.toml";
  if (path_exists(file)) {
    HAMROH_ASSIGN(configuration, read_input(file, backup_configuration_bytes_max));
  }
  head.statement = begun.statement;
  head.database_bytes = begun.database_bytes;
  head.vault_bytes = static_cast<std::uint32_t>(begun.vault.size());
  head.configuration_bytes = static_cast<std::uint32_t>(configuration.size());
  if (begun.file_key.size() != 32 || !BackupHead::parse(head.encode())) {
    return peer_error(Code::malformed, "the node answered something that is no backup");
  }
  Progress progress(client, begun.statement.id, head.stream_bytes(), arguments.rate);
  HAMROH_ASSIGN(BackupWriter writer,
                BackupWriter::create(arguments.out, head,
                                     SymmetricKey(ByteView(begun.file_key).first<32>())));
  Status copied = copy_database(arguments, head, begun.vault, configuration, writer, progress);
  // The node says whether the file stood still until now. What is left needs the node no more.
  const Status ended = client.backup_end(begun.statement.id);
  if (copied) {
    copied = ended;
  }
  if (copied) {
    progress.begin("verifying");
    if (!arguments.keys_out.empty()) {
      copied = write_output(arguments.keys_out, begun.keyring, 0600);
    }
  }
  if (copied) {
    copied = writer.finish([&](std::size_t bytes) { return progress.advance(bytes); });
  }
  progress.end();
  return copied;
}

struct MadeBackup {
  api::BackupBegun begun;
  BackupHead head;
};

Result<MadeBackup> try_backup(const Arguments& arguments, Client& client, const Bytes& root) {
  MadeBackup made;
  HAMROH_ASSIGN(made.begun, client.backup_begin(root));
  const Status copied = make_backup(arguments, client, made.begun, made.head);
  crypto::wipe(made.begun.file_key);
  if (!copied) {
    (void)client.backup_end(made.begun.statement.id);
    return tl::unexpected(copied.error());
  }
  return made;
}

std::string time_text(Timestamp time) {
  return to_iso8601(time).substr(0, 16) + "Z";
}

void print_backup(const Arguments& arguments, const MadeBackup& made, double elapsed) {
  const auto& [begun, head] = made;
  const unsigned days_bound = begun.policy.bound_days();
  if (arguments.json) {
    std::printf(
        "{\"file\": %s, \"backup\": \"%s\", \"member\": \"%s\", \"created\": \"%s\", "
        "\"ledger_size\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"key\": \"%s\", "
        "\"bound_days\": %u, \"keyring\": %s, \"threshold\": %u, \"shares\": %u}\n",
        json_string(arguments.out).c_str(), begun.statement.id.hex().c_str(),
        to_uuid(begun.statement.member).c_str(), to_iso8601(begun.statement.created).c_str(),
        static_cast<unsigned long long>(begun.statement.ledger_size),
        static_cast<unsigned long long>(head.file_bytes()), elapsed,
        begun.statement.key.hex().c_str(), days_bound,
        json_string(arguments.keys_out.empty() ? arguments.home + "/backup-keys.hamroh"
                                               : arguments.keys_out)
            .c_str(),
        unsigned{begun.threshold}, unsigned{begun.shares});
    return;
  }
  std::printf(
      "Made a backup of %s, %llu MB in %.1f s, and read it back: the checksum of each page "
      "agrees.\n"
      "  file       %s\n"
      "  ledger     the first %llu entries, and the one that names this backup\n",
      time_text(begun.statement.created).c_str(),
      static_cast<unsigned long long>((head.file_bytes() + 999'999) / 1'000'000), elapsed,
      arguments.out.c_str(), static_cast<unsigned long long>(begun.statement.ledger_size));
  std::printf("  opens with the keyring %s\n",
              arguments.keys_out.empty()
                  ? "backup-keys.hamroh in the home of the node: keep a copy apart from both, by\n"
                    "             --keys-out FILE, always the same file, so that old keys leave it"
                  : arguments.keys_out.c_str());
  if (begun.threshold != 0) {
    std::printf("             and %u of the %u recovery shares\n", unsigned{begun.threshold},
                unsigned{begun.shares});
  } else {
    std::puts("             and the passphrase");
  }
  std::printf(
      "  bound      its key is destroyed at most %u days from now; then nobody opens it, unless "
      "somebody\n             kept a copy of the keyring elsewhere\n"
      "Try it: hamroh restore --rehearse --from %s --keys KEYRING SHARE...\n",
      days_bound, arguments.out.c_str());
}

void add_opening_words(const Arguments& arguments, std::vector<std::string>& words) {
  words.insert(words.end(), {"--from", arguments.from_file, "--keys", arguments.keys});
  if (!arguments.keys_passphrase_file.empty()) {
    words.insert(words.end(), {"--keys-passphrase-file", arguments.keys_passphrase_file});
  }
  words.insert(words.end(), arguments.share_files.begin(), arguments.share_files.end());
}

}  // namespace

int backup(const Arguments& arguments) {
  if (arguments.out.empty()) {
    return usage(arguments, "hamroh backup needs --out FILE");
  }
  if (arguments.without_recovery && arguments.keys_out.empty()) {
    return usage(arguments,
                 "with --without-recovery the keyring lies outside the home: --keys-out FILE");
  }
  if (const char* fault = fault_of_targets(arguments)) {
    return usage(arguments, fault);
  }
  Wiped wiped;
  Bytes& root = wiped.bytes;
  if (arguments.without_recovery) {
    auto made = passphrase_root(arguments);
    if (!made) {
      return refuse(arguments.json, "--without-recovery", made.error());
    }
    root = std::move(*made);
  }
  return with_node(arguments, [&](Client& client) {
    // One at a time, so that whatever the node still thinks of is a backup whose program is gone.
    const auto lock = DirectoryLock::take(arguments.home);
    if (!lock) {
      return refuse(arguments.json, arguments.home, lock.error().code,
                    "another backup of this node is being made", "Wait until it has ended.");
    }
    notice_interrupts();
    yield_to_others();
    client.set_deadline(begin_patience);
    const SteadyClock::time_point began = SteadyClock::now();
    auto begun = try_backup(arguments, client, root);
    for (unsigned tries = 1; !begun && begun.error().code == Code::erased && tries < tries_max;
         ++tries) {
      std::fputs("A case was erased meanwhile: the backup begins again.\n", stderr);
      begun = try_backup(arguments, client, root);
    }
    if (!begun) {
      return refuse_backup(arguments, begun.error(), client);
    }
    print_backup(arguments, *begun,
                 std::chrono::duration<double>(SteadyClock::now() - began).count());
    return exit_done;
  });
}

int backup_verify(const Arguments& arguments) {
  std::vector<std::string> words{"verify-backup"};
  add_opening_words(arguments, words);
  return become_daemon(arguments, std::move(words));
}

int restore(const Arguments& arguments) {
  std::vector<std::string> words{"restore"};
  if (arguments.rehearse) {
    words.emplace_back("--rehearse");
  } else {
    words.insert(words.end(), {"--home", arguments.home});
  }
  if (!arguments.passphrase_file.empty()) {
    words.insert(words.end(), {"--passphrase-file", arguments.passphrase_file});
  }
  if (arguments.passphrase_prompt) {
    words.emplace_back("--passphrase-prompt");
  }
  if (arguments.by_key_file) {
    words.emplace_back("--key-file");
  }
  add_opening_words(arguments, words);
  return become_daemon(arguments, std::move(words));
}

int node_return(const Arguments& arguments) {
  std::vector<std::string> words{"return", "--home", arguments.home};
  if (!arguments.directory.empty()) {
    words.insert(words.end(), {"--directory", arguments.directory});
  }
  if (!arguments.listen.empty()) {
    words.insert(words.end(), {"--listen", arguments.listen});
  }
  if (!arguments.passphrase_file.empty()) {
    words.insert(words.end(), {"--passphrase-file", arguments.passphrase_file});
  }
  if (arguments.passphrase_prompt) {
    words.emplace_back("--passphrase-prompt");
  }
  if (!arguments.user.empty()) {
    words.insert(words.end(), {"--user", arguments.user});
  }
  return become_daemon(arguments, std::move(words));
}

}  // namespace hamroh
