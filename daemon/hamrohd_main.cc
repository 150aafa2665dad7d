// hamrohd: the node of one member organisation.
//
// What it does    Holds vault, cases, ledger and store; serves the programs of this machine over
//                 HOME/run/api.sock; speaks with other members through its child hamroh-link. It
//                 opens no network socket of its own.
// What it trusts  Its own home directory; users as far as their roles go; the administrators named
//                 in the constitution that it was made with. Not its link, not its peers, not its
//                 clients' bytes.
// Damage          A damaged page fails the requests that need it, and no others. If the node cannot
//                 start for it, --read-only shows what can still be read: cases, messages and
//                 ledger; it writes, signs and sends nothing. Not even that works if the first page
//                 of the file is damaged, or the root of one of the tables meta, node_secret,
//                 ledger and ledger_node: then there is a backup, or expert hands on a copy.
//                 Without the table user nobody can log in, and only a bare status is shown;
//                 without reader_secret, which has the keys of cases, only the ledger.
// Files           See daemon/home.h. HOME/hamroh.toml is read at start.
// Signals         SIGTERM, SIGINT: finish the turn, sign the head, stop. Any other death loses
//                 nothing.
// Exit codes      0 stopped as asked; 1 refused or failed, with the reason on standard error;
//                 2 usage; 3 the keys of this node were destroyed (hamroh panic), or its home was
//                 restored from a backup and has not come back: starting it again is of no use.

#include <malloc.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <utility>

#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/panic.h"
#include "daemon/recovery.h"
#include "daemon/restore.h"
#include "daemon/runtime.h"
#include "daemon/setup.h"
#include "protocol/text.h"

namespace {

using namespace hamroh;

constexpr int exit_refused = 1;
constexpr int exit_usage = 2;
constexpr int exit_useless = 3;

struct Arguments {
  std::string home;
  std::string network;
  std::string name;
  std::string kind;
  std::string listen;
  std::string directory;
  std::string again;
  std::string passphrase_file;
  std::string operator_name;
  std::string user;
  std::string log_level;
  bool passphrase_prompt = false;
  std::vector<std::string> shares;
  bool key_file = false;
  bool without_recovery = false;
  bool read_only = false;
  bool json = false;
  std::string from;
  std::string keys;
  std::string keys_passphrase_file;
  bool rehearse = false;
};

int refuse(const Arguments& arguments, const std::string& doing, const Error& error,
           const std::string& remedy) {
  if (arguments.json) {
    std::printf("{\"error\": \"%s\", \"text\": \"%s\"}\n", code_name(error.code), error.text);
  }
  std::fprintf(stderr, "hamrohd: %s: %s (%s)\n", doing.c_str(), error.text, code_name(error.code));
  if (!remedy.empty()) {
    std::fprintf(stderr, "  %s\n", remedy.c_str());
  }
  return exit_refused;
}

std::string remedy_for(Code code) {
  switch (code) {
    case Code::busy:
      return "A node is running on this home: stop it first, or use another home.";
    case Code::not_found:
      return "Make the node with: hamroh node init --home DIR --network FILE --name NAME "
             "--kind KIND "
             "--listen tcp://HOST:PORT";
    case Code::store_corrupt:
      return "The store is damaged and has been left as it is. Do not delete it: keep a copy. "
             "What can still\n  be read is shown after: hamrohd --home DIR --read-only";
    case Code::store_newer:
      return "This home was used by a newer version: install that version.";
    case Code::locked:
      return "As many officers as it takes bring them back with their recovery shares:\n"
             "    hamroh recovery use --home DIR SHARE...";
    case Code::signing_stopped:
      return "If that node is lost for good: hamroh node return --home DIR\n"
             "  To look at what is here: hamrohd --home DIR --read-only";
    case Code::broken_chain:
      return "There are others between what this node knows and this one: take the "
             "administrators' history.hamroh.";
    case Code::full:
      return "Free some disk space and start again; nothing that was accepted is lost.";
    default:
      return {};
  }
}

std::string own_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

Bytes prompt_passphrase() {
  std::fputs("Passphrase for this node: ", stderr);
  termios before{};
  const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputs("\n", stderr);
  }
  Bytes passphrase(line.begin(), line.end());
  crypto::wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
  return passphrase;
}

// The passphrase that --passphrase-file or --passphrase-prompt gives; absent without either, or an
// exit code.
tl::expected<std::optional<Bytes>, int> read_passphrase(const Arguments& arguments) {
  std::optional<Bytes> passphrase;
  if (!arguments.passphrase_file.empty()) {
    auto file = read_file(arguments.passphrase_file, 1024);
    if (!file) {
      return tl::unexpected(refuse(arguments, arguments.passphrase_file, file.error(), {}));
    }
    while (!file->empty() && (file->back() == '\n' || file->back() == '\r')) {
      file->pop_back();
    }
    passphrase = std::move(*file);
  } else if (arguments.passphrase_prompt) {
    passphrase = prompt_passphrase();
  }
  if (passphrase && passphrase->empty()) {
    std::fputs("hamrohd: the passphrase is empty\n", stderr);
    return tl::unexpected(exit_usage);
  }
  return passphrase;
}

int refuse_configuration(const Home& home, const ConfigurationFault& fault) {
  std::fprintf(stderr, "hamrohd: %s: %s\n  Correct that line and start again.\n",
               home.configuration().c_str(), fault.text.c_str());
  return exit_refused;
}

constexpr const char* missing_key_remedy =
    "The vault does not open without this file: put it back, or correct [vault] in hamroh.toml.";

int serve(const Arguments& arguments) {
  const Home home(arguments.home);
  auto configuration = read_configuration(home);
  if (!configuration) {
    return refuse_configuration(home, configuration.error());
  }
  if (!arguments.log_level.empty()) {
    configuration->log_level = arguments.log_level;
  }
  log::start(configuration->log_level, configuration->log_format == "json");
  auto runtime = Runtime::open({home, *configuration, own_directory() + "/hamroh-link",
                                arguments.read_only, lock_all_memory()});
  if (!runtime) {
    if (const auto missing = missing_key_file(home, *configuration);
        missing && runtime.error().code == Code::not_found) {
      return refuse(arguments, *missing, runtime.error(), missing_key_remedy);
    }
    const Code code = runtime.error().code;
    const bool beyond = arguments.read_only && code == Code::store_corrupt;
    const int refused = refuse(
        arguments, "cannot start the node in " + arguments.home, runtime.error(),
        beyond ? "The damage is where nothing can be read without it (the first page, or "
                 "the tables meta, node_secret,\n  ledger, ledger_node). Keep a copy; use a backup."
               : remedy_for(code));
    const bool useless = code == Code::locked || code == Code::signing_stopped;
    return useless ? exit_useless : refused;
  }
  return (*runtime)->run();
}

int init(const Arguments& arguments) {
  const bool again = !arguments.again.empty();
  const auto kind = parse_member_kind(again ? "ngo" : arguments.kind);
  if (again && arguments.directory.empty()) {
    std::fputs("hamrohd: --again needs --directory FILE, where the member stands\n", stderr);
    return exit_usage;
  }
  if (!again && arguments.name.empty()) {
    std::fputs("hamrohd: --name NAME is needed\n", stderr);
    return exit_usage;
  }
  if (!kind) {
    std::fprintf(stderr, "hamrohd: --kind %s: must be ngo, provider, commission or ministry\n",
                 arguments.kind.c_str());
    return exit_usage;
  }
  InitOptions options{
      Home(arguments.home), arguments.network, arguments.name,  *kind,
      arguments.listen,     std::nullopt,      arguments.again, arguments.directory};
  if (!arguments.operator_name.empty()) {
    options.operator_name = arguments.operator_name;
  }
  auto passphrase = read_passphrase(arguments);
  if (!passphrase) {
    return passphrase.error();
  }
  options.passphrase = std::move(*passphrase);
  const bool by_credential = !options.passphrase;
  const auto member = initialise_home(options);
  if (!member) {
    const Code code = member.error().code;
    return refuse(arguments, "cannot make a node in " + arguments.home, member.error(),
                  code == Code::not_found
                      ? "Ask an administrator for the network file: " + arguments.network
                  : code == Code::busy || code == Code::conflict
                      ? "It was left as it is. Use another home: --home DIR"
                      : "Nothing was left behind.");
  }
  if (arguments.json) {
    std::printf("{\"member\": \"%s\", \"request\": \"%s\", \"vault\": \"%s\"}\n",
                to_uuid(*member).c_str(), options.home.request().c_str(),
                by_credential ? "credential" : "passphrase");
    return 0;
  }
  std::printf("Made a node in %s\n  member id   %s\n  request     %s\n", arguments.home.c_str(),
              to_uuid(*member).c_str(), options.home.request().c_str());
  std::puts(
      by_credential
          ? "  vault       opens with node.key and reader.key in that directory, readable by you "
            "only.\n              They protect a stolen copy of the database, but not against "
            "somebody who\n              reads the whole directory. For that: --passphrase-file "
            "or --passphrase-prompt."
          : "  vault       opens with the operator's passphrase, and with those of the users that "
            "she adds.\n              The node starts locked: it receives and keeps what comes, "
            "and "
            "opens it\n              after `hamroh unlock NAME`. If nobody remembers hers, only "
            "recovery shares\n              open it: hamroh recovery make.");
  std::puts(
      "Next: give the request to the administrators, and read its fingerprint to them:\n"
      "  hamroh node request --home DIR\n"
      "when they answer with a directory:\n"
      "  hamroh node join --home DIR --directory FILE");
  return 0;
}

int join(const Arguments& arguments) {
  const Home home(arguments.home);
  const auto configuration = read_configuration(home);
  if (!configuration) {
    return refuse_configuration(home, configuration.error());
  }
  const auto joined = join_network(home, *configuration, arguments.directory);
  if (!joined) {
    const Code code = joined.error().code;
    if (const auto missing = missing_key_file(home, *configuration);
        missing && code == Code::not_found && file_exists(arguments.directory)) {
      return refuse(arguments, *missing, joined.error(), missing_key_remedy);
    }
    return refuse(arguments, "cannot join with " + arguments.directory, joined.error(),
                  code == Code::unknown_member
                      ? "The administrators have not admitted this node's request yet."
                  : code == Code::not_found ? ""
                                            : remedy_for(code));
  }
  if (arguments.json) {
    std::printf("{\"member\": \"%s\", \"directory_version\": %llu, \"members\": %zu}\n",
                to_uuid(joined->member).c_str(), static_cast<unsigned long long>(joined->version),
                joined->members);
    return 0;
  }
  std::printf(
      "Joined: directory version %llu with %zu members.\nStart the node with: hamrohd --home %s\n",
      static_cast<unsigned long long>(joined->version), joined->members, arguments.home.c_str());
  return 0;
}

// Of a fault that names one share: which file it came from.
std::string where_of(const Arguments& arguments, const ShareFault& fault) {
  return fault.which ? arguments.shares[*fault.which] : "cannot recover " + arguments.home;
}

std::string recovery_remedy(Code code) {
  switch (code) {
    case Code::busy:
      return "A node is running on this home: stop it first.";
    case Code::threshold_not_met:
      return "Ask another officer for a share. How many it takes stands on each of them.";
    case Code::invalid_argument:
      return "Add --passphrase-prompt or --passphrase-file FILE, or --key-file to use a key file "
             "instead.";
    case Code::not_found:
      return "Is this the right home? Its vault.hamroh belongs into it, from a backup if need be.";
    case Code::malformed:
      return "Look at that share again: hamroh recovery check FILE";
    case Code::full:
    case Code::io_failed:
      return "Make room, see that the key files can be written where hamroh.toml says, and do it "
             "again with the same shares.";
    default:
      return "Nothing has been changed.";
  }
}

// The shares of the files, or an exit code.
tl::expected<std::vector<RecoveryShare>, int> read_shares(const Arguments& arguments) {
  std::vector<RecoveryShare> shares;
  for (const std::string& file : arguments.shares) {
    auto text = read_file(file, recovery_share_file_bytes_max);
    if (!text) {
      return tl::unexpected(refuse(arguments, file, text.error(), {}));
    }
    auto share = read_recovery_share(hamroh::text(*text));
    crypto::wipe(*text);
    if (!share) {
      return tl::unexpected(
          refuse(arguments, file, share.error(), recovery_remedy(share.error().code)));
    }
    shares.push_back(std::move(*share));
  }
  return shares;
}

int recover(const Arguments& arguments) {
  auto shares = read_shares(arguments);
  if (!shares) {
    return shares.error();
  }
  RecoveryRequest request{Home(arguments.home), std::move(*shares), std::nullopt, {}};
  const auto configuration = read_configuration(request.home);
  if (!configuration) {
    return refuse_configuration(request.home, configuration.error());
  }
  auto passphrase = read_passphrase(arguments);
  if (!passphrase) {
    return passphrase.error();
  }
  if (*passphrase) {
    request.mode = Vault::Mode::passphrase;
    request.passphrase = std::move(**passphrase);
  } else if (arguments.key_file) {
    request.mode = Vault::Mode::credential;
  }
  const auto mode = use_recovery(request, *configuration);
  crypto::wipe(request.passphrase);
  if (!mode) {
    const Error error{mode.error().code, Blame::caller, mode.error().text};
    return refuse(arguments, where_of(arguments, mode.error()), error, recovery_remedy(error.code));
  }
  const char* name = *mode == Vault::Mode::credential   ? "credential"
                     : *mode == Vault::Mode::passphrase ? "passphrase"
                                                        : "users";
  if (arguments.json) {
    std::printf("{\"recovered\": true, \"vault\": \"%s\"}\n", name);
    return 0;
  }
  std::printf(
      "The keys of %s are back; the vault opens by %s.\n"
      "Start the node with: hamrohd --home %s\n"
      "Then make new shares, because these have been seen together:\n"
      "  hamroh recovery make --shares 5 --threshold 3 --out DIR\n",
      arguments.home.c_str(),
      *mode == Vault::Mode::credential   ? "its new key files"
      : *mode == Vault::Mode::passphrase ? "the new passphrase"
                                         : "the passphrases of its users, as before",
      arguments.home.c_str());
  return 0;
}

// ---- backups ----------------------------------------------------------------------------------

std::string restore_remedy(Code code) {
  switch (code) {
    case Code::busy:
    case Code::conflict:
      return "It was left as it is. Name a new directory: --home NEW";
    case Code::threshold_not_met:
      return "Name the files with the officers' shares behind the options; how many it takes "
             "stands "
             "on each.";
    case Code::expired:
      return "Use the keyring that was written with this backup or later, or a newer backup.";
    case Code::bad_passphrase:
      return "Without recovery shares: --keys-passphrase-file FILE";
    case Code::invalid_argument:
      return "Add --passphrase-prompt or --passphrase-file FILE, or --key-file to use a key file "
             "instead.";
    case Code::full:
      return "Nothing was left behind. Make room, and do it again.";
    default:
      return "Nothing was changed.";
  }
}

int refuse_restore(const Arguments& arguments, const ShareFault& fault) {
  return refuse(arguments, fault.which ? arguments.shares[*fault.which] : arguments.from,
                Error{fault.code, Blame::caller, fault.text}, restore_remedy(fault.code));
}

const char* vault_mode_name(Vault::Mode mode) {
  return mode == Vault::Mode::credential   ? "credential"
         : mode == Vault::Mode::passphrase ? "passphrase"
                                           : "users";
}

tl::expected<RestoreRequest, int> restore_request(const Arguments& arguments) {
  auto shares = read_shares(arguments);
  if (!shares) {
    return tl::unexpected(shares.error());
  }
  RestoreRequest request{arguments.from, arguments.keys, std::move(*shares), {}, {}, {}};
  if (!arguments.keys_passphrase_file.empty()) {
    Arguments asked;
    asked.json = arguments.json;
    asked.passphrase_file = arguments.keys_passphrase_file;
    auto passphrase = read_passphrase(asked);
    if (!passphrase) {
      return tl::unexpected(passphrase.error());
    }
    request.keyring_passphrase = std::move(**passphrase);
  }
  auto passphrase = read_passphrase(arguments);
  if (!passphrase) {
    return tl::unexpected(passphrase.error());
  }
  if (*passphrase) {
    request.mode = Vault::Mode::passphrase;
    request.passphrase = std::move(**passphrase);
  } else if (arguments.key_file) {
    request.mode = Vault::Mode::credential;
  }
  return request;
}

int verify(const Arguments& arguments) {
  const auto request = restore_request(arguments);
  if (!request) {
    return request.error();
  }
  const auto head = verify_backup(*request);
  if (!head) {
    return refuse_restore(arguments, head.error());
  }
  const std::string created = to_iso8601(head->statement.created);
  const auto pages = static_cast<unsigned long long>(head->database_bytes / page_bytes);
  if (arguments.json) {
    std::printf("{\"verified\": true, \"created\": \"%s\", \"pages\": %llu}\n", created.c_str(),
                pages);
  } else {
    std::printf("This backup of %s is whole: all %llu pages open, and their checksums agree.\n",
                created.c_str(), pages);
  }
  return 0;
}

void print_report_json(const Arguments& arguments, const RestoreReport& report) {
  const auto n = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::string damaged;
  for (const char* table : report.damaged) {
    damaged += std::string(damaged.empty() ? "" : ", ") + "\"" + table + "\"";
  }
  std::printf(
      "{\"good\": %s, \"rehearsed\": %s, \"member\": \"%s\", \"incarnation\": %u, \"created\": "
      "\"%s\", \"ledger_size\": %llu, \"root_agrees\": %s, \"rows\": %llu, \"cases\": %llu, "
      "\"messages_sent\": %llu, \"messages_received\": %llu, \"unsettled\": %llu, \"users\": %llu, "
      "\"vault\": \"%s\", \"damaged\": [%s]}\n",
      report.good() ? "true" : "false", arguments.rehearse ? "true" : "false",
      to_uuid(report.head.statement.member).c_str(), report.head.statement.incarnation,
      to_iso8601(report.head.statement.created).c_str(), n(report.ledger_size),
      report.root_agrees && report.names_itself ? "true" : "false", n(report.rows), n(report.cases),
      n(report.messages_sent), n(report.messages_received), n(report.unsettled), n(report.users),
      vault_mode_name(report.mode), damaged.c_str());
}

void print_report(const Arguments& arguments, const RestoreReport& report) {
  if (arguments.json) {
    print_report_json(arguments, report);
    return;
  }
  const auto n = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%s the backup of %s of member %s\n"
      "  cases      %llu\n"
      "  messages   %llu sent (%llu of them not settled then), %llu received\n"
      "  users      %llu\n"
      "  rows       %llu, of which each opened its outer seal%s\n"
      "  ledger     %llu entries; %s\n"
      "  missing    whatever happened after that time; so cases that were erased since are back,\n"
      "             and so are users, roles and passphrases of that time\n",
      arguments.rehearse ? "Rehearsed and removed again:" : "Restored",
      to_iso8601(report.head.statement.created).c_str(),
      to_uuid(report.head.statement.member).c_str(), n(report.cases), n(report.messages_sent),
      n(report.unsettled), n(report.messages_received), n(report.users), n(report.rows),
      report.damaged.empty() ? "" : ", but for damage (below)", n(report.ledger_size),
      report.root_agrees && report.names_itself
          ? "recomputed, and the backup's own entry stands in it"
          : "IT IS NOT THE ONE THAT THE BACKUP WAS MADE OF");
  for (const char* table : report.damaged) {
    std::printf("  DAMAGED    %s\n", table);
  }
  if (arguments.rehearse) {
    return;
  }
  std::printf(
      "No node starts on %s yet, because the lost one may still run. If it is lost for good:\n"
      "  hamroh node return --home %s --directory history.hamroh\n"
      "Only to look at it: hamrohd --home %s --read-only\n",
      arguments.home.c_str(), arguments.home.c_str(), arguments.home.c_str());
}

int restore(const Arguments& arguments) {
  auto request = restore_request(arguments);
  if (!request) {
    return request.error();
  }
  const char* temporary = std::getenv("TMPDIR");
  const auto report =
      arguments.rehearse
          ? rehearse_restore(*request,
                             temporary != nullptr && *temporary != '\0' ? temporary : "/var/tmp")
          : restore_home(*request, Home(arguments.home));
  crypto::wipe(request->passphrase);
  crypto::wipe(request->keyring_passphrase);
  if (!report) {
    return refuse_restore(arguments, report.error());
  }
  print_report(arguments, *report);
  if (const auto configuration = read_configuration(Home(arguments.home));
      !arguments.rehearse && configuration &&
      !(configuration->node_key_file + configuration->reader_key_file +
        configuration->passphrase_file)
           .empty()) {
    std::fprintf(stderr,
                 "hamrohd: %s/hamroh.toml names files elsewhere that open the vault, and the new "
                 "ones lie in this home: correct [vault]\n",
                 arguments.home.c_str());
  }
  return report->good() ? 0 : exit_refused;
}

int come_back(const Arguments& arguments) {
  ReturnOptions options{
      Home(arguments.home), arguments.directory, arguments.listen, {}, arguments.user};
  const auto configuration = read_configuration(options.home);
  if (!configuration) {
    return refuse_configuration(options.home, configuration.error());
  }
  auto passphrase = read_passphrase(arguments);
  if (!passphrase) {
    return passphrase.error();
  }
  options.passphrase = std::move(*passphrase).value_or(Bytes{});
  const auto returned = return_home(options, *configuration);
  crypto::wipe(options.passphrase);
  if (!returned) {
    const Code code = returned.error().code;
    return refuse(arguments, arguments.home, returned.error(),
                  code == Code::bad_passphrase
                      ? "Give an operator's passphrase, or with --user NAME somebody else's: "
                        "--passphrase-prompt or --passphrase-file FILE"
                  : code == Code::conflict ? "To make a member anew whose store is lost: hamroh "
                                             "node init --again"
                                           : remedy_for(code));
  }
  const ReturnedMember& member = returned->member;
  const auto position = static_cast<unsigned long long>(member.position);
  if (arguments.json) {
    std::printf(
        "{\"member\": \"%s\", \"incarnation\": %u, \"position\": %llu, \"request\": \"%s\"}\n",
        to_uuid(member.member).c_str(), member.incarnation, position,
        options.home.request().c_str());
    return 0;
  }
  std::printf(
      "Member %s is ready to come back as its incarnation %u, with new keys.\n"
      "  1. Give %s to the administrators and read its fingerprint to them:\n"
      "       hamroh node request --home %s\n"
      "  2. They type, and as many as it takes agree:\n"
      "       hamroh-authority propose keys %s --request request.hamroh --position %llu\n"
      "  3. With the history that comes of it:\n"
      "       hamroh node join --home %s --directory FILE\n"
      "       hamrohd --home %s\n"
      "  4. Peers then deliver again what they have receipts for from entry %llu on.\n",
      to_uuid(member.member).c_str(), member.incarnation, options.home.request().c_str(),
      arguments.home.c_str(), to_uuid(member.member).c_str(), position, arguments.home.c_str(),
      arguments.home.c_str(), position);
  if (!returned->operator_name.empty()) {
    std::printf("User %s is operator without a passphrase, and has a new key: %s\n",
                escape_for_terminal(returned->operator_name).c_str(),
                options.home.operator_key().c_str());
  }
  return 0;
}

void opens_backup(CLI::App* verb, Arguments& arguments) {
  verb->add_option("--from", arguments.from, "The backup")->required();
  verb->add_option("--keys", arguments.keys, "Its keyring")->required();
  verb->add_option("--keys-passphrase-file", arguments.keys_passphrase_file,
                   "File with the passphrase of a keyring without recovery shares");
  verb->add_option("share", arguments.shares, "Files with recovery shares");
  verb->add_flag("--json", arguments.json, "Print JSON");
}

// Adds the verbs; which of them was typed runs.
struct BackupVerbs {
  CLI::App* verifying;
  CLI::App* restoring;
  CLI::App* returning;

  BackupVerbs(CLI::App& app, Arguments& arguments) {
    verifying = app.add_subcommand("verify-backup", "Used by `hamroh backup verify`");
    opens_backup(verifying, arguments);
    restoring = app.add_subcommand("restore", "Used by `hamroh restore`");
    opens_backup(restoring, arguments);
    restoring->add_option("--home", arguments.home, "The new home");
    restoring->add_flag("--rehearse", arguments.rehearse, "Leave nothing behind");
    restoring->add_option("--passphrase-file", arguments.passphrase_file, "A new passphrase");
    restoring->add_flag("--passphrase-prompt", arguments.passphrase_prompt, "Ask for it");
    restoring->add_flag("--key-file", arguments.key_file, "Open the vault with a key file");
    returning = app.add_subcommand("return", "Used by `hamroh node return`");
    returning->add_option("--home", arguments.home, "The home")->required();
    returning->add_option("--directory", arguments.directory, "The newest directory");
    returning->add_option("--listen", arguments.listen, "tcp://HOST:PORT");
    returning->add_option("--passphrase-file", arguments.passphrase_file, "A passphrase");
    returning->add_option("--user", arguments.user, "Whose it is");
    returning->add_flag("--passphrase-prompt", arguments.passphrase_prompt, "Ask for it");
    returning->add_flag("--json", arguments.json, "Print JSON");
  }
  [[nodiscard]] std::optional<int> run(const Arguments& arguments) const {
    return verifying->parsed()   ? std::optional(verify(arguments))
           : restoring->parsed() ? std::optional(restore(arguments))
           : returning->parsed() ? std::optional(come_back(arguments))
                                 : std::nullopt;
  }
};

// For a node that does not run; a running one does it itself, asked over its local API.
int panic(const Arguments& arguments) {
  const Home home(arguments.home);
  // Whatever the configuration says: no fault in it may be in the way now.
  const Configuration configuration = read_configuration(home).value_or(Configuration{});
  const auto lock = HomeLock::take(home);
  if (!lock) {
    return refuse(arguments, arguments.home, lock.error(), remedy_for(lock.error().code));
  }
  const auto destroyed = destroy_keys(home, configuration, arguments.without_recovery);
  if (!destroyed) {
    return refuse(arguments, arguments.home, destroyed.error(),
                  destroyed.error().code == Code::not_found
                      ? "To destroy them for ever all the same: --without-recovery"
                      : "");
  }
  if (arguments.json) {
    std::printf("{\"destroyed\": true, \"recoverable\": %s}\n",
                destroyed->recovery ? "true" : "false");
  } else {
    std::printf("The keys of %s are destroyed.\n", arguments.home.c_str());
    if (destroyed->recovery) {
      const ShareCount count = destroyed->recovery->count;
      std::printf(
          "%d of the %d officers bring them back: hamroh recovery use --home DIR SHARE...\n",
          count.threshold, count.shares);
    } else {
      std::puts("Nothing will ever open this node again.");
    }
  }
  for (const std::string& file : destroyed->outside) {
    std::fprintf(stderr,
                 "  %s lies outside the home: destroy it by hand, and what it is made from\n",
                 file.c_str());
  }
  return 0;
}

// Keys live in this process.
void confine() {
  forbid_dumps();
  mallopt(M_ARENA_MAX, 2);
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  CLI::App app(
      "hamrohd: the node of one member organisation\n\n"
      "Example: hamrohd --home /var/lib/hamroh");
  app.add_option("--home", arguments.home, "The node's home directory");
  app.add_option("--log-level", arguments.log_level, "trace, debug, info, warn or error");
  app.add_flag(
      "--read-only", arguments.read_only,
      "Only show what can be read of a damaged store: no link, no signing, no submissions");
  app.set_version_flag("--version", HAMROH_VERSION);
  CLI::App* making = app.add_subcommand("init", "Make a node (used by `hamroh node init`)");
  making->add_option("--home", arguments.home, "Directory to make")->required();
  making->add_option("--network", arguments.network, "The network file")->required();
  making->add_option("--name", arguments.name, "The organisation's name");
  making->add_option("--kind", arguments.kind, "ngo, provider, commission or ministry");
  making->add_option("--again", arguments.again, "The member (id or name) that lost its keys");
  making->add_option("--directory", arguments.directory, "With --again: where it stands");
  making->add_option("--listen", arguments.listen, "tcp://HOST:PORT that others can reach")
      ->required();
  making->add_option("--passphrase-file", arguments.passphrase_file, "File with the passphrase");
  making->add_option("--operator", arguments.operator_name, "Name of the first operator");
  making->add_flag("--passphrase-prompt", arguments.passphrase_prompt, "Ask for a passphrase");
  making->add_flag("--json", arguments.json, "Print JSON");
  CLI::App* recovering =
      app.add_subcommand("recover", "Draw new keys (used by `hamroh recovery use`)");
  recovering->add_option("--home", arguments.home, "The node's home directory")->required();
  recovering->add_option("share", arguments.shares, "Files with recovery shares")->required();
  recovering->add_option("--passphrase-file", arguments.passphrase_file,
                         "File with the new passphrase");
  recovering->add_flag("--passphrase-prompt", arguments.passphrase_prompt,
                       "Ask for a new passphrase");
  recovering->add_flag("--key-file", arguments.key_file, "Open with a key file from now on");
  recovering->add_flag("--json", arguments.json, "Print JSON");
  CLI::App* panicking =
      app.add_subcommand("panic",
                         "Destroy the keys of a home whose node does not run (used by "
                         "`hamroh panic`)");
  panicking->add_option("--home", arguments.home, "The node's home directory")->required();
  panicking->add_flag("--without-recovery", arguments.without_recovery,
                      "Even if nothing will ever open it again");
  panicking->add_flag("--json", arguments.json, "Print JSON");
  CLI::App* joining =
      app.add_subcommand("join", "Install a directory (used by `hamroh node join`)");
  joining->add_option("--home", arguments.home, "The node's home directory")->required();
  joining->add_option("--directory", arguments.directory, "The directory file")->required();
  joining->add_flag("--json", arguments.json, "Print JSON");
  const BackupVerbs backups(app, arguments);
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    const int shown = app.exit(error);
    return shown == 0 ? 0 : exit_usage;
  }
  const bool homeless = backups.verifying->parsed() || arguments.rehearse;
  if (arguments.home.empty() && !homeless) {
    std::fputs("hamrohd: --home DIR is needed\n", stderr);
    return exit_usage;
  }
  confine();
  if (!crypto::start()) {
    std::fputs("hamrohd: libsodium cannot start\n", stderr);
    return exit_refused;
  }
  if (const auto done = backups.run(arguments)) {
    return *done;
  }
  if (making->parsed()) {
    return init(arguments);
  }
  if (recovering->parsed()) {
    return recover(arguments);
  }
  if (panicking->parsed()) {
    return panic(arguments);
  }
  if (joining->parsed()) {
    return join(arguments);
  }
  return serve(arguments);
}
