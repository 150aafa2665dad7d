// hamrohd: the node of one member organisation.
//
// What it does    Holds vault, cases, ledger and store; serves the programs of this machine over
//                 HOME/run/api.sock; speaks with other members through its child hamroh-link. It
//                 opens no network socket of its own.
// What it trusts  Its own home directory and whoever may read it; the administrators named in the
//                 constitution that it was made with. Not its link, not its peers, not its clients'
//                 bytes.
// Damage          A damaged page fails the requests that need it, and no others. If the node cannot
//                 start for it, --read-only shows what can still be read: cases, messages and
//                 ledger; it writes, signs and sends nothing. Not even that works if the first page
//                 of the file is damaged, or the root of one of the tables meta, node_secret,
//                 ledger and ledger_node: then there is a backup, or expert hands on a copy.
// Files           See daemon/home.h. HOME/hamroh.toml is read at start.
// Signals         SIGTERM, SIGINT: finish the turn, sign the head, stop. Any other death loses
//                 nothing.
// Exit codes      0 stopped as asked; 1 refused or failed, with the reason on standard error;
//                 2 usage.

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <utility>

#include "daemon/log.h"
#include "daemon/runtime.h"
#include "daemon/setup.h"

namespace {

using namespace hamroh;

constexpr int exit_refused = 1;
constexpr int exit_usage = 2;

struct Arguments {
  std::string home;
  std::string network;
  std::string name;
  std::string kind;
  std::string listen;
  std::string directory;
  std::string again;
  std::string passphrase_file;
  std::string log_level;
  bool passphrase_prompt = false;
  bool read_only = false;
  bool json = false;
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
  auto runtime =
      Runtime::open({home, *configuration, own_directory() + "/hamroh-link", arguments.read_only});
  if (!runtime) {
    if (const auto missing = missing_key_file(home, *configuration);
        missing && runtime.error().code == Code::not_found) {
      return refuse(arguments, *missing, runtime.error(), missing_key_remedy);
    }
    const bool beyond = arguments.read_only && runtime.error().code == Code::store_corrupt;
    return refuse(arguments, "cannot start the node in " + arguments.home, runtime.error(),
                  beyond
                      ? "The damage is where nothing can be read without it (the first page, or "
                        "the tables meta, node_secret,\n  ledger, ledger_node). Keep a copy; use "
                        "a backup."
                      : remedy_for(runtime.error().code));
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
  if (!arguments.passphrase_file.empty()) {
    auto passphrase = read_file(arguments.passphrase_file, 1024);
    if (!passphrase) {
      return refuse(arguments, arguments.passphrase_file, passphrase.error(), {});
    }
    while (!passphrase->empty() && (passphrase->back() == '\n' || passphrase->back() == '\r')) {
      passphrase->pop_back();
    }
    options.passphrase = std::move(*passphrase);
  } else if (arguments.passphrase_prompt) {
    options.passphrase = prompt_passphrase();
  }
  if (options.passphrase && options.passphrase->empty()) {
    std::fputs("hamrohd: the passphrase is empty\n", stderr);
    return exit_usage;
  }
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
          : "  vault       opens with the passphrase. The node starts locked: it receives and "
            "keeps what\n              comes, and opens it after `hamroh unlock`. A lost "
            "passphrase "
            "cannot be replaced.");
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

// Keys live in this process: no core, no debugger, no swap file of ours to worry about later.
void confine() {
  ::umask(0077);
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
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
  making->add_flag("--passphrase-prompt", arguments.passphrase_prompt, "Ask for a passphrase");
  making->add_flag("--json", arguments.json, "Print JSON");
  CLI::App* joining =
      app.add_subcommand("join", "Install a directory (used by `hamroh node join`)");
  joining->add_option("--home", arguments.home, "The node's home directory")->required();
  joining->add_option("--directory", arguments.directory, "The directory file")->required();
  joining->add_flag("--json", arguments.json, "Print JSON");
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    const int shown = app.exit(error);
    return shown == 0 ? 0 : exit_usage;
  }
  if (arguments.home.empty()) {
    std::fputs("hamrohd: --home DIR is needed\n", stderr);
    return exit_usage;
  }
  confine();
  if (!crypto::start()) {
    std::fputs("hamrohd: libsodium cannot start\n", stderr);
    return exit_refused;
  }
  if (making->parsed()) {
    return init(arguments);
  }
  if (joining->parsed()) {
    return join(arguments);
  }
  return serve(arguments);
}
