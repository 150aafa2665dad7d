// What operators do with the node itself: make it, let it join, look at it, lock and unlock it.

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/identity.h"
#include "admin/passphrase.h"
#include "admin/report.h"
#include "admin/views.h"
#include "protocol/crypto.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

void print_line(const std::string& text) {
  std::puts(text.c_str());
}

// Out of the file that was named, or asked for. Wiped by the caller.
Result<Bytes> passphrase_for(const Arguments& arguments, const std::string& prompt) {
  return arguments.passphrase_file.empty() ? Result<Bytes>(ask_passphrase(prompt))
                                           : read_passphrase_file(arguments.passphrase_file);
}

int done(const Arguments& arguments, const std::string& words) {
  print_line(arguments.json ? "{\"done\": true}" : words);
  return exit_done;
}

// Runs one request that is answered with nothing but success.
int simply(const Arguments& arguments, const std::function<Status(Client&)>& ask,
           const std::string& words) {
  return with_node(arguments, [&](Client& client) {
    const Status asked = ask(client);
    return asked ? done(arguments, words) : fail(arguments, arguments.home, asked.error(), client);
  });
}

}  // namespace

int become_daemon(const Arguments& arguments, std::vector<std::string> words) {
  std::error_code fault;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", fault);
  const std::string program = (self.parent_path() / "hamrohd").string();
  words.insert(words.begin(), program);
  if (arguments.json) {
    words.emplace_back("--json");
  }
  std::vector<char*> values;
  for (std::string& word : words) {
    values.push_back(word.data());
  }
  values.push_back(nullptr);
  std::fflush(nullptr);
  ::execv(program.c_str(), values.data());
  return refuse(arguments.json, program, Code::not_found, "the daemon's program cannot be started",
                "Install hamrohd in the same directory as hamroh.");
}

int node_init(const Arguments& arguments) {
  const bool again = !arguments.again.empty();
  if (again && arguments.directory.empty()) {
    return usage(arguments, "--again needs --directory FILE, where the member stands");
  }
  if (!again && arguments.name.empty()) {
    return usage(arguments,
                 "--name and --kind are needed (or --again for a member that lost its keys)");
  }
  if (!again && !parse_member_kind(arguments.kind)) {
    return usage(arguments,
                 "--kind is ngo, provider, clinic, commission, ministry, appeal_body, relief_fund, "
                 "oversight or relay, not " +
                     arguments.kind);
  }
  std::vector<std::string> words{"init",          "--home",          arguments.home,
                                 "--network",     arguments.network, "--listen",
                                 arguments.listen};
  if (again) {
    words.insert(words.end(), {"--again", arguments.again, "--directory", arguments.directory});
  } else {
    words.insert(words.end(), {"--name", arguments.name, "--kind", arguments.kind});
  }
  if (!arguments.passphrase_file.empty()) {
    words.insert(words.end(), {"--passphrase-file", arguments.passphrase_file});
  }
  if (arguments.passphrase_prompt) {
    words.emplace_back("--passphrase-prompt");
  }
  if (!arguments.operator_name.empty()) {
    words.insert(words.end(), {"--operator", arguments.operator_name});
  }
  return become_daemon(arguments, std::move(words));
}

int node_join(const Arguments& arguments) {
  auto client = Client::connect(arguments.home);
  if (!client) {
    // Nobody is at home: the daemon's program puts the directory into the store itself.
    return become_daemon(arguments,
                         {"join", "--home", arguments.home, "--directory", arguments.directory});
  }
  const auto file = read_input(arguments.directory, limits::directory_bytes_max);
  if (!file) {
    return fail(arguments, arguments.directory, file.error());
  }
  if (const auto known = identify(*client, {arguments.home, arguments.as, arguments.key_file});
      !known) {
    return fail(arguments, arguments.home, known.error(), *client);
  }
  const Status installed = client->install(*file);
  if (!installed) {
    return fail(arguments, arguments.directory, installed.error(), *client);
  }
  const auto shown = client->status();
  if (!shown) {
    return fail(arguments, arguments.home, shown.error(), *client);
  }
  const NodeView& node = shown->node;
  if (arguments.json) {
    std::printf("{\"member\": \"%s\", \"directory_version\": %llu}\n", to_uuid(node.member).c_str(),
                static_cast<unsigned long long>(node.directory_version));
  } else {
    std::printf("The running node has directory version %llu.\n",
                static_cast<unsigned long long>(node.directory_version));
  }
  return exit_done;
}

int node_show(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto shown = client.status();
    if (!shown) {
      return fail(arguments, arguments.home, shown.error(), client);
    }
    const NodeView& node = shown->node;
    if (arguments.json) {
      std::printf(
          "{\"member\": \"%s\", \"name\": %s, \"kind\": \"%s\", \"network\": \"%s\", \"phase\": "
          "\"%s\"}\n",
          to_uuid(node.member).c_str(), json_string(node.name).c_str(), member_kind_name(node.kind),
          node.network.hex().c_str(), phase_name(node.phase));
    } else {
      std::printf("%s (%s)\n  member   %s\n  network  %s\n  phase    %s\n",
                  escape_for_terminal(node.name).c_str(), member_kind_name(node.kind),
                  to_uuid(node.member).c_str(), node.network.hex().c_str(), phase_name(node.phase));
    }
    return exit_done;
  });
}

int status(const Arguments& arguments) {
  return with_any_node(arguments, [&](Client& client) {
    const auto shown = client.status();
    if (!shown) {
      return fail(arguments, arguments.home, shown.error(), client);
    }
    if (arguments.json) {
      print_line(status_json(*shown));
    } else {
      std::fputs(status_text(*shown, wall_now()).c_str(), stdout);
    }
    return exit_done;
  });
}

int events(const Arguments& arguments) {
  constexpr Duration patience = seconds(60);
  return with_node(arguments, [&](Client& client) {
    const auto end = client.cursor_now();
    if (!end) {
      return fail(arguments, arguments.home, end.error(), client);
    }
    const Names names = names_of(client);
    const std::uint64_t from = arguments.has_from ? arguments.from : (arguments.follow ? *end : 0);
    EventStream stream(client, from);
    while (arguments.follow || stream.cursor() < *end) {
      const auto event = stream.next(patience);
      if (!event) {
        return fail(arguments, arguments.home, event.error(), client);
      }
      if (!*event) {
        if (arguments.follow) {
          continue;
        }
        return fail(arguments, arguments.home,
                    Error{Code::timed_out, Blame::environment, "the node stopped answering"});
      }
      if (!arguments.follow && (*event)->index >= *end) {
        break;
      }
      print_line(arguments.json ? event_json(**event, names) : event_text(**event, names));
      if (arguments.follow) {
        std::fflush(stdout);
      }
    }
    return exit_done;
  });
}

namespace {

// With a user's passphrase: a login whose session ends at once, unless it is to be kept.
int unlock_as(const Arguments& arguments, const std::string& name, Client& client) {
  auto passphrase = passphrase_for(arguments, "Passphrase of " + escape_for_terminal(name) + ": ");
  if (!passphrase) {
    return fail(arguments, arguments.passphrase_file, passphrase.error());
  }
  auto logged = client.login(name, *passphrase, arguments.code);
  if (!logged && logged.error().code == Code::not_authenticated && arguments.code.empty() &&
      ::isatty(STDIN_FILENO) == 1) {
    logged = client.login(name, *passphrase, ask_line("Code of the second factor: ").value_or(""));
  }
  crypto::wipe(*passphrase);
  if (!logged) {
    return fail(arguments, arguments.home, logged.error(), client);
  }
  if (arguments.keep_session) {
    const Status kept =
        keep_session({arguments.home, {}, {}}, logged->user.name, *client.session());
    if (!kept) {
      return fail(arguments, arguments.home + "/run", kept.error());
    }
  } else {
    (void)client.logout();
  }
  const auto shown = client.status();
  return shown && !shown->node.locked
             ? done(arguments, "The vault is unlocked.")
             : refuse(arguments.json, arguments.home, Code::locked,
                      "the passphrase is right, but this user cannot open the vault",
                      "Another user can; after that this one can as well.");
}

// With the vault's own passphrase or credential file, as who is logged in.
int unlock_vault(const Arguments& arguments, Client& client) {
  Status opened = client.unlock({});
  if (!opened && opened.error().code == Code::bad_passphrase) {
    auto passphrase = passphrase_for(arguments, "Passphrase of this node: ");
    if (!passphrase) {
      return fail(arguments, arguments.passphrase_file, passphrase.error());
    }
    opened = client.unlock(*passphrase);
    crypto::wipe(*passphrase);
  }
  return opened ? done(arguments, "The vault is unlocked.")
                : fail(arguments, arguments.home, opened.error(), client);
}

}  // namespace

int unlock(const Arguments& arguments) {
  auto client = Client::connect(arguments.home);
  if (!client) {
    return fail(arguments, arguments.home, client.error());
  }
  client->set_deadline(login_patience);
  const auto shown = client->status();
  if (!shown) {
    return fail(arguments, arguments.home, shown.error(), *client);
  }
  if (!shown->node.locked) {
    print_line(arguments.json ? "{\"done\": true, \"was_open\": true}"
                              : "The vault was open already; no passphrase was looked at.");
    return exit_done;
  }
  if (!arguments.user.empty()) {
    return unlock_as(arguments, arguments.user, *client);
  }
  const auto known = identify(*client, {arguments.home, arguments.as, arguments.key_file});
  if (known && client->session() && client->who_am_i()) {
    return unlock_vault(arguments, *client);
  }
  const auto name = ::isatty(STDIN_FILENO) == 1 ? ask_line("Name: ") : std::nullopt;
  return unlock_as(arguments, name && !name->empty() ? *name : "operator", *client);
}

int lock(const Arguments& arguments) {
  return simply(
      arguments, [](Client& client) { return client.lock(); },
      "The vault is locked: the node keeps what comes, sealed, until hamroh unlock.");
}

int vault_users(const Arguments& arguments) {
  return simply(
      arguments, [](Client& client) { return client.change_vault(api::VaultOpening::users); },
      "The vault opens with passphrases of users, and with nothing else but recovery shares. From "
      "its next start on the node is locked until somebody logs in.");
}

int vault_key_file(const Arguments& arguments) {
  return simply(
      arguments, [](Client& client) { return client.change_vault(api::VaultOpening::key_file); },
      "The vault opens by itself with reader.key in the home of the node: whoever reads that "
      "directory reads everything. To keep the file elsewhere, name it in hamroh.toml, [vault].");
}

int clock_confirm(const Arguments& arguments) {
  return simply(
      arguments, [](Client& client) { return client.confirm_clock(); },
      "The clock is confirmed: expiry goes on by it.");
}

}  // namespace hamroh
