// Who acts, and who may: login and logout, the users of the organisation, their passphrases and
// keys.

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "admin/commands.h"
#include "admin/files.h"
#include "admin/identity.h"
#include "admin/passphrase.h"
#include "admin/qr.h"
#include "admin/report.h"
#include "protocol/crypto.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

// A passphrase that is wiped when it goes.
class Typed {
 public:
  Typed() = default;
  explicit Typed(Bytes bytes) : bytes_(std::move(bytes)) {}
  Typed(Typed&&) noexcept = default;
  Typed& operator=(Typed&&) noexcept = default;
  ~Typed() { crypto::wipe(bytes_); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

bool at_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

Result<Typed> passphrase_from(const std::string& file, const std::string& prompt) {
  if (file.empty()) {
    return Typed(ask_passphrase(prompt));
  }
  HAMROH_ASSIGN(Bytes read, read_passphrase_file(file));
  return Typed(std::move(read));
}

// One that is to be set: typed twice, so that nobody sets what she did not mean.
Result<Typed> new_passphrase_from(const std::string& file) {
  HAMROH_ASSIGN(Typed typed, passphrase_from(file, "New passphrase (8 characters or more): "));
  if (file.empty() && at_terminal()) {
    const Typed again(ask_passphrase("Again: "));
    if (again.bytes() != typed.bytes()) {
      return caller_error(Code::invalid_argument, "these were two different passphrases");
    }
  }
  return typed;
}

IdentityChoice choice_of(const Arguments& arguments) {
  return {arguments.home, arguments.as, arguments.key_file};
}

std::string shown(const std::string& typed) {
  return escape_for_terminal(typed);
}

std::vector<std::string> names_of(Grants grants) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < operations; ++i) {
    if (grants.has(operation_at(i))) {
      names.emplace_back(operation_name(operation_at(i)));
    }
  }
  return names;
}

std::string json_list(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) {
    all += (all.empty() ? "" : ", ") + json_string(word);
  }
  return "[" + all + "]";
}

std::string user_json(const api::UserView& user) {
  return "{\"user\": \"" + to_uuid(user.id) + "\", \"name\": " + json_string(user.name) +
         ", \"role\": \"" + role_name(user.role) + "\", \"teams\": " + json_list(user.teams) +
         ", \"grants\": " + json_list(names_of(user.grants)) +
         ", \"active\": " + (user.active ? "true" : "false") +
         ", \"must_change\": " + (user.must_change ? "true" : "false") + ", \"login\": \"" +
         (user.has_key      ? "key"
          : user.has_factor ? "passphrase+factor"
                            : "passphrase") +
         "\", \"signs\": " + (user.signs ? "true" : "false") + ", \"created\": \"" +
         to_iso8601(user.created) + "\", \"failures\": " + std::to_string(user.failures) +
         ", \"sessions\": " + std::to_string(user.sessions) + "}";
}

std::string user_text(const api::UserView& user) {
  std::string line = shown(user.name) + "\n  role     " + role_name(user.role) +
                     (user.active ? "" : " (disabled)") + "\n";
  if (!user.teams.empty()) {
    line += "  teams    " + joined(user.teams) + "\n";
  }
  if (user.role == Role::integration) {
    line += "  may      " + joined(names_of(user.grants)) + "\n";
  }
  line += std::string("  login    ") +
          (user.has_key      ? "key file"
           : user.has_factor ? "passphrase and code"
                             : "passphrase") +
          (user.must_change ? ", to be changed at the next login" : "") + "\n";
  if (user.signs) {
    line += "  signs    has a signing key\n";
  }
  if (user.failures > 0) {
    line += "  failures " + std::to_string(user.failures) + " wrong passphrases in a row\n";
  }
  return line + "  sessions " + std::to_string(user.sessions) + "\n  id       " + to_uuid(user.id) +
         "\n";
}

int with_user(const Arguments& arguments,
              const std::function<int(Client&, const api::UserView&)>& use) {
  return with_node(arguments, [&](Client& client) {
    client.set_deadline(login_patience);
    const auto user = find_user(client, arguments.user);
    return user ? use(client, *user) : fail(arguments, shown(arguments.user), user.error(), client);
  });
}

// What is wrong with what was typed of grants; else the set.
std::optional<Grants> parse_grants(const std::vector<std::string>& names, std::string& fault) {
  Grants grants;
  for (const std::string& name : names) {
    const auto operation = parse_operation(name);
    if (!operation || !rights_of(Role::integration).has(*operation)) {
      fault =
          "--grant " + shown(name) + ": can be " + joined(names_of(rights_of(Role::integration)));
      return std::nullopt;
    }
    grants.give(*operation);
  }
  return grants;
}

std::string roles_there_are() {
  std::vector<std::string> names;
  for (const Role role : all_roles) {
    names.emplace_back(role_name(role));
  }
  return joined(names);
}

std::vector<std::string> teams_of(const Arguments& arguments, Role role) {
  std::vector<std::string> teams = arguments.teams;
  std::ranges::sort(teams);
  if (teams.empty() && role != Role::integration && rights_of(role).has(Operation::see_cases)) {
    teams = {std::string(intake_team)};
  }
  return teams;
}

int add_program(const Arguments& arguments, Client& client, api::AddUser user) {
  if (arguments.key_out.empty()) {
    return usage(arguments, "a program needs --key-out FILE, where its key file goes");
  }
  if (path_exists(arguments.key_out)) {
    return refuse(arguments.json, shown(arguments.key_out), Code::conflict,
                  "the file exists already", "Name another one, or remove it.");
  }
  const auto status = client.status();
  if (!status) {
    return fail(arguments, arguments.home, status.error(), client);
  }
  const UserKeyFile key{{status->node.network, status->node.member},
                        user.user,
                        Seed::make([](auto raw) { crypto::system_random(raw); })};
  user.key = crypto::SigningKey::from_seed(key.seed).public_key();
  // The file first: an account whose key is nowhere would be of no use.
  Bytes file = key.encode();
  const Status written = write_output(arguments.key_out, file, private_mode);
  crypto::wipe(file);
  if (!written) {
    return fail(arguments, shown(arguments.key_out), written.error());
  }
  if (const Status added = client.add_user(user); !added) {
    (void)::unlink(arguments.key_out.c_str());
    return fail(arguments, shown(user.name), added.error(), client);
  }
  if (arguments.json) {
    std::printf("{\"user\": \"%s\", \"key_file\": %s}\n", to_uuid(user.user).c_str(),
                json_string(arguments.key_out).c_str());
  } else {
    std::printf("%s is a user now. Its key is in %s: whoever has that file is this program.\n",
                shown(user.name).c_str(), shown(arguments.key_out).c_str());
  }
  return exit_done;
}

int add_person(const Arguments& arguments, Client& client, api::AddUser user) {
  if (!arguments.key_out.empty()) {
    return usage(arguments, "--key-out is for programs: --role integration");
  }
  const auto passphrase = new_passphrase_from(arguments.passphrase_file);
  if (!passphrase) {
    return fail(arguments, shown(arguments.passphrase_file), passphrase.error());
  }
  user.passphrase = passphrase->bytes();
  const Status added = client.add_user(user);
  crypto::wipe(user.passphrase);
  if (!added) {
    return fail(arguments, shown(user.name), added.error(), client);
  }
  if (arguments.json) {
    std::printf("{\"user\": \"%s\"}\n", to_uuid(user.user).c_str());
  } else {
    std::printf(
        "%s is a user now. At the first login a passphrase of her own takes the place "
        "of this one.\n",
        shown(user.name).c_str());
  }
  return exit_done;
}

void print_login(const Arguments& arguments, const api::LoggedIn& logged) {
  if (arguments.json) {
    std::printf("{\"user\": %s, \"unlocked\": %s}\n", user_json(logged.user).c_str(),
                logged.unlocked ? "true" : "false");
    return;
  }
  std::printf("Logged in as %s (%s), for %llu hours at most, or until %llu minutes pass idle.%s\n",
              shown(logged.user.name).c_str(), role_name(logged.user.role),
              static_cast<unsigned long long>(logged.absolute.ms / 3'600'000),
              static_cast<unsigned long long>(logged.idle.ms / 60'000),
              logged.unlocked ? "\nThe vault is unlocked." : "");
}

// Asks at the terminal for what the node says is missing, once each.
Result<api::LoggedIn> log_in(const Arguments& arguments, Client& client, const Typed& passphrase) {
  Typed fresh;
  if (!arguments.new_passphrase_file.empty()) {
    HAMROH_ASSIGN(fresh, new_passphrase_from(arguments.new_passphrase_file));
  }
  auto logged = client.login(arguments.user, passphrase.bytes(), arguments.code, fresh.bytes());
  std::string code = arguments.code;
  if (!logged && logged.error().code == Code::not_authenticated && code.empty() && at_terminal()) {
    code = ask_line("Code of the second factor: ").value_or("");
    logged = client.login(arguments.user, passphrase.bytes(), code, fresh.bytes());
  }
  if (!logged && logged.error().code == Code::not_permitted && fresh.bytes().empty() &&
      arguments.passphrase_file.empty() && at_terminal()) {
    std::fprintf(stderr, "%s\n", client.words_for(logged.error()).c_str());
    HAMROH_ASSIGN(fresh, new_passphrase_from({}));
    logged = client.login(arguments.user, passphrase.bytes(), code, fresh.bytes());
  }
  return logged;
}

int connected(const Arguments& arguments, const std::function<int(Client&)>& use) {
  auto client = Client::connect(arguments.home);
  if (!client) {
    return fail(arguments, arguments.home, client.error());
  }
  client->set_deadline(login_patience);
  return use(*client);
}

}  // namespace

Result<api::UserView> find_user(Client& client, const std::string& typed) {
  HAMROH_ASSIGN(const auto users, client.users());
  const auto id = parse_uuid(typed);
  for (const api::UserView& user : users) {
    if (user.name == typed || (id && UserId::from(*id) == user.id)) {
      return user;
    }
  }
  return caller_error(Code::not_found, "no user has that name or id: see hamroh user list");
}

int login(const Arguments& arguments) {
  return connected(arguments, [&](Client& client) {
    if (!arguments.key_file.empty()) {
      const auto known = identify(client, choice_of(arguments));
      if (!known) {
        return fail(arguments, shown(arguments.key_file), known.error(), client);
      }
      const auto me = client.who_am_i();
      const Status kept = me ? keep_session(choice_of(arguments), me->name, *client.session())
                             : Status(tl::unexpected(me.error()));
      return kept ? said(arguments, "Logged in as " + shown(me->name) + ".")
                  : fail(arguments, arguments.home, kept.error(), client);
    }
    if (arguments.user.empty()) {
      return usage(arguments, "login needs the user's NAME (or --key FILE)");
    }
    const auto passphrase =
        passphrase_from(arguments.passphrase_file, "Passphrase of " + shown(arguments.user) + ": ");
    if (!passphrase) {
      return fail(arguments, shown(arguments.passphrase_file), passphrase.error());
    }
    const auto logged = log_in(arguments, client, *passphrase);
    if (!logged && logged.error().code == Code::not_permitted) {
      return refuse(arguments.json, shown(arguments.user), logged.error().code,
                    client.words_for(logged.error()));
    }
    if (!logged) {
      return fail(arguments, shown(arguments.user), logged.error(), client);
    }
    const Status kept = keep_session(choice_of(arguments), logged->user.name, logged->token);
    if (!kept) {
      (void)client.logout();
      return fail(arguments, arguments.home + "/run", kept.error());
    }
    print_login(arguments, *logged);
    return exit_done;
  });
}

int logout(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto token = client.session();
    if (!token) {
      return said(arguments, "Nobody was logged in.");
    }
    const Status ended = client.logout();
    // A session that the node does not know any more has ended all the same.
    if (!ended && ended.error().code != Code::not_authenticated) {
      return fail(arguments, arguments.home, ended.error(), client);
    }
    drop_session(choice_of(arguments), *token);
    return said(arguments, "Logged out.");
  });
}

int whoami(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    const auto me = client.who_am_i();
    if (!me) {
      return fail(arguments, arguments.home, me.error(), client);
    }
    std::fputs(arguments.json ? (user_json(*me) + "\n").c_str() : user_text(*me).c_str(), stdout);
    return exit_done;
  });
}

int user_add(const Arguments& arguments) {
  const auto role = parse_role(arguments.role);
  if (!role) {
    return usage(arguments, "--role " + shown(arguments.role) + ": is one of " + roles_there_are());
  }
  std::string fault;
  const auto grants = parse_grants(arguments.grants, fault);
  if (!grants) {
    return usage(arguments, fault);
  }
  return with_node(arguments, [&](Client& client) {
    client.set_deadline(login_patience);
    api::AddUser user;
    crypto::system_random(user.user.bytes);
    user.name = arguments.user;
    user.role = *role;
    user.teams = teams_of(arguments, *role);
    user.grants = *grants;
    return *role == Role::integration ? add_program(arguments, client, std::move(user))
                                      : add_person(arguments, client, std::move(user));
  });
}

int user_role(const Arguments& arguments) {
  const auto role = parse_role(arguments.role);
  if (!role) {
    return usage(arguments, shown(arguments.role) + ": a role is one of " + roles_there_are());
  }
  std::string fault;
  const auto grants = parse_grants(arguments.grants, fault);
  if (!grants) {
    return usage(arguments, fault);
  }
  return with_user(arguments, [&](Client& client, const api::UserView& user) {
    api::ChangeUser change;
    change.user = user.id;
    change.role = *role;
    if (!arguments.teams.empty()) {
      change.teams = teams_of(arguments, *role);
    }
    if (!arguments.grants.empty()) {
      change.grants = *grants;
    }
    const Status changed = client.change_user(change);
    return changed ? said(arguments, shown(user.name) + " is " + role_name(*role) +
                                         " now. Sessions of before have ended.")
                   : fail(arguments, shown(user.name), changed.error(), client);
  });
}

namespace {

int set_active(const Arguments& arguments, bool active, const std::string& words) {
  return with_user(arguments, [&](Client& client, const api::UserView& user) {
    const Status changed = client.change_user({user.id, {}, {}, {}, active});
    return changed ? said(arguments, shown(user.name) + words)
                   : fail(arguments, shown(user.name), changed.error(), client);
  });
}

}  // namespace

int user_disable(const Arguments& arguments) {
  return set_active(arguments, false,
                    " is disabled: nobody logs in so, and sessions have ended. What the ledger "
                    "says of this user stays.");
}

int user_enable(const Arguments& arguments) {
  return set_active(arguments, true, " may log in again.");
}

int user_list(const Arguments& arguments) {
  return with_node(arguments, [&](Client& client) {
    auto users = client.users();
    if (!users) {
      return fail(arguments, arguments.home, users.error(), client);
    }
    std::ranges::sort(*users, {}, &api::UserView::name);
    std::string all;
    for (const api::UserView& user : *users) {
      all += arguments.json ? (all.empty() ? "" : ", ") + user_json(user)
                            : (all.empty() ? "" : "\n") + user_text(user);
    }
    std::fputs(arguments.json ? ("{\"users\": [" + all + "]}\n").c_str() : all.c_str(), stdout);
    return exit_done;
  });
}

int user_password(const Arguments& arguments) {
  const auto set = [&](Client& client, std::optional<UserId> user, const Typed& before) {
    const auto fresh = new_passphrase_from(arguments.new_passphrase_file);
    if (!fresh) {
      return fail(arguments, shown(arguments.new_passphrase_file), fresh.error());
    }
    const Status changed = client.set_passphrase({user, before.bytes(), fresh->bytes()});
    return changed ? said(arguments,
                          user ? "The passphrase is set, to be changed at the next login. Second "
                                 "factor and signing key of before are gone."
                               : "The passphrase is changed.")
                   : fail(arguments, arguments.home, changed.error(), client);
  };
  if (!arguments.user.empty()) {
    return with_user(arguments, [&](Client& client, const api::UserView& user) {
      return set(client, user.id, {});
    });
  }
  return with_node(arguments, [&](Client& client) {
    client.set_deadline(login_patience);
    const auto me = client.who_am_i();
    if (!me) {
      return fail(arguments, arguments.home, me.error(), client);
    }
    Typed before;
    if (!me->has_key) {
      auto typed = passphrase_from(arguments.passphrase_file, "Present passphrase: ");
      if (!typed) {
        return fail(arguments, shown(arguments.passphrase_file), typed.error());
      }
      before = std::move(*typed);
    }
    return set(client, std::nullopt, before);
  });
}

namespace {

int show_factor(const Arguments& arguments, const std::string& uri) {
  if (!arguments.png.empty()) {
    const auto picture = qr_as_png(uri);
    const Status written = picture ? write_output(arguments.png, *picture, private_mode)
                                   : Status(tl::unexpected(picture.error()));
    if (!written) {
      return fail(arguments, shown(arguments.png), written.error());
    }
  }
  if (arguments.json) {
    std::printf("{\"uri\": %s}\n", json_string(uri).c_str());
    return exit_done;
  }
  std::printf(
      "%s%s\n\nScan it with the telephone, then: hamroh user totp confirm --code NUMBER\n"
      "It counts from then on. Show it to nobody.\n",
      qr_for_terminal(uri).value_or("").c_str(), uri.c_str());
  return exit_done;
}

}  // namespace

int user_totp(const Arguments& arguments) {
  const bool begins = arguments.step == "begin";
  if (!begins && arguments.step != "confirm" && arguments.step != "remove") {
    return usage(arguments, "the step is begin, confirm or remove");
  }
  return with_node(arguments, [&](Client& client) {
    client.set_deadline(login_patience);
    if (arguments.step == "confirm") {
      const Status confirmed = client.confirm_factor(arguments.code);
      return confirmed ? said(arguments, "From now on a login needs a code of that telephone.")
                       : fail(arguments, arguments.home, confirmed.error(), client);
    }
    const auto passphrase = passphrase_from(arguments.passphrase_file, "Your passphrase: ");
    if (!passphrase) {
      return fail(arguments, shown(arguments.passphrase_file), passphrase.error());
    }
    if (begins) {
      const auto uri = client.enrol_factor(passphrase->bytes(), arguments.code);
      return uri ? show_factor(arguments, *uri)
                 : fail(arguments, arguments.home, uri.error(), client);
    }
    const Status removed = client.remove_factor(passphrase->bytes(), arguments.code);
    return removed ? said(arguments, "The second factor is gone.")
                   : fail(arguments, arguments.home, removed.error(), client);
  });
}

namespace {

std::string key_json(const std::string& name, const UserCertificate& key) {
  return "{\"name\": " + json_string(name) + ", \"user\": \"" + to_uuid(key.user) +
         "\", \"role\": \"" + role_name(key.role) + "\", \"key\": \"" + key.key.hex() +
         "\", \"serial\": " + std::to_string(key.serial) + ", \"time\": \"" + to_iso8601(key.time) +
         "\", \"author\": \"" + key.author.hex() +
         "\", \"valid\": " + (key.verify() ? "true" : "false") + ", \"certificate\": \"" +
         to_hex(key.encode()) + "\"}";
}

std::string key_text(const std::string& name, const UserCertificate& key) {
  return shown(name) + " (" + role_name(key.role) + ")\n  key      " + key.key.hex() +
         "\n  made     " + to_iso8601(key.time) + ", serial " + std::to_string(key.serial) +
         "\n  by       " + (key.verify() ? "" : "NOT VALIDLY SIGNED by ") + "author key " +
         key.author.hex() + "\n";
}

int make_key(const Arguments& arguments, Client& client) {
  const auto passphrase = passphrase_from(arguments.passphrase_file, "Your passphrase: ");
  if (!passphrase) {
    return fail(arguments, shown(arguments.passphrase_file), passphrase.error());
  }
  const auto made = client.make_signing_key(passphrase->bytes());
  if (!made) {
    return fail(arguments, arguments.home, made.error(), client);
  }
  std::fputs(arguments.json
                 ? (key_json("", *made) + "\n").c_str()
                 : ("The signing key is made. Only your passphrase opens it.\n  key      " +
                    made->key.hex() + "\n")
                       .c_str(),
             stdout);
  return exit_done;
}

}  // namespace

int user_key(const Arguments& arguments) {
  if (arguments.step != "make" && arguments.step != "show") {
    return usage(arguments, "it is user key make, or user key show");
  }
  return with_node(arguments, [&](Client& client) {
    client.set_deadline(login_patience);
    if (arguments.step == "make") {
      return make_key(arguments, client);
    }
    const auto keys = client.user_keys();
    if (!keys) {
      return fail(arguments, arguments.home, keys.error(), client);
    }
    std::string all;
    for (const api::UserKey& key : *keys) {
      all += arguments.json ? (all.empty() ? "" : ", ") + key_json(key.name, key.certificate)
                            : key_text(key.name, key.certificate);
    }
    std::fputs(arguments.json ? ("{\"keys\": [" + all + "]}\n").c_str() : all.c_str(), stdout);
    return exit_done;
  });
}

}  // namespace hamroh
