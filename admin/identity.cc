#include "admin/identity.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "admin/files.h"
#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh {
namespace {

constexpr std::size_t session_file_bytes = SessionToken::size * 2 + 1;

std::string environment(const char* name) {
  const char* set = std::getenv(name);
  return set == nullptr ? "" : set;
}

std::string session_file(const std::string& home, const std::string& name) {
  const std::string own = home + "/run/session-" + std::to_string(::getuid());
  // A name has at most 64 bytes, and a file's 255.
  const auto shortened = std::string_view(name).substr(0, limits::user_name_bytes_max);
  return name.empty() ? own : own + "-" + to_hex(view(shortened));
}

std::string default_session_file(const IdentityChoice& choice) {
  const std::string set = environment("HAMROH_SESSION");
  return !choice.as.empty() || set.empty() ? session_file(choice.home, choice.as) : set;
}

Result<SessionToken> read_session(const std::string& path) {
  HAMROH_ASSIGN(Bytes file, read_input(path, session_file_bytes));
  const auto token = SessionToken::parse_hex(text(file).substr(0, SessionToken::size * 2));
  const bool whole = file.size() == session_file_bytes && file.back() == '\n';
  crypto::wipe(file);
  if (!token || !whole) {
    return caller_error(Code::malformed, "that file holds no session");
  }
  return *token;
}

Result<Identity> use_key(Client& client, const std::string& path) {
  HAMROH_ASSIGN(Bytes file, read_input(path, UserKeyFile::encoded_size));
  const auto logged = client.login_with_key(file);
  crypto::wipe(file);
  HAMROH_TRY(logged);
  return Identity::key;
}

Result<Identity> use_session(Client& client, const std::string& path) {
  HAMROH_ASSIGN(const SessionToken token, read_session(path));
  client.use_session(token);
  return Identity::session;
}

}  // namespace

Result<Identity> identify(Client& client, const IdentityChoice& choice) {
  if (!choice.key_file.empty()) {
    return use_key(client, choice.key_file);
  }
  if (!choice.as.empty()) {
    auto used = use_session(client, session_file(choice.home, choice.as));
    if (!used && used.error().code == Code::not_found) {
      return caller_error(Code::not_authenticated,
                          "nobody of that name is logged in here: hamroh login NAME");
    }
    return used;
  }
  if (!environment("HAMROH_SESSION").empty()) {
    return use_session(client, environment("HAMROH_SESSION"));
  }
  if (!environment("HAMROH_KEY").empty()) {
    return use_key(client, environment("HAMROH_KEY"));
  }
  if (path_exists(session_file(choice.home, {}))) {
    return use_session(client, session_file(choice.home, {}));
  }
  const std::string operator_key = choice.home + "/operator.key";
  if (::access(operator_key.c_str(), R_OK) == 0) {
    return use_key(client, operator_key);
  }
  return Identity::nobody;
}

Status keep_session(const IdentityChoice& choice, const std::string& name,
                    const SessionToken& token) {
  const std::string line = token.hex() + "\n";
  if (!name.empty()) {
    HAMROH_TRY(write_output(session_file(choice.home, name), view(line), private_mode));
  }
  IdentityChoice here = choice;
  here.as.clear();
  return write_output(default_session_file(here), view(line), private_mode);
}

void drop_session(const IdentityChoice& choice, const SessionToken& token) {
  const auto drop = [&](const std::string& path) {
    const auto found = read_session(path);
    if (found && *found == token) {
      (void)::unlink(path.c_str());
    }
  };
  drop(default_session_file(choice));
  const std::string own = "session-" + std::to_string(::getuid());
  std::error_code fault;
  for (const auto& file : std::filesystem::directory_iterator(choice.home + "/run", fault)) {
    if (file.path().filename().string().starts_with(own)) {
      drop(file.path().string());
    }
  }
}

}  // namespace hamroh
