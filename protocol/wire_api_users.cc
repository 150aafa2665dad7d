#include "protocol/wire_api_users.h"

#include "protocol/constants.h"
#include "protocol/text.h"
#include "protocol/wire_buffer.h"

namespace hamroh::api {
namespace {

using Words = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;
using wire::bytes_of;
using wire::fixed_of;

constexpr std::uint64_t part_role = 1;
constexpr std::uint64_t part_teams = 2;
constexpr std::uint64_t part_grants = 4;
constexpr std::uint64_t part_active = 8;
constexpr std::uint8_t state_active = 1;
constexpr std::uint8_t state_must_change = 2;
constexpr std::uint8_t state_key = 4;
constexpr std::uint8_t state_factor = 8;
constexpr std::uint8_t state_signs = 16;

// Texts of users are short; whatever is wrong with a name is said by the account (account.h).
Result<std::string> text_of(const flatbuffers::String* string, std::size_t bytes_max) {
  const std::string_view found =
      string == nullptr ? std::string_view{} : std::string_view{string->c_str(), string->size()};
  if (found.size() > bytes_max) {
    return caller_error(Code::too_large, "a text is over its bound");
  }
  if (!is_valid_utf8(view(found))) {
    return caller_error(Code::malformed, "a text is not UTF-8");
  }
  return std::string(found);
}

Result<std::vector<std::string>> words_of(const Words* list, std::size_t words_max) {
  std::vector<std::string> words;
  if (list == nullptr) {
    return words;
  }
  if (list->size() > words_max) {
    return caller_error(Code::too_large, "a list of texts is over its bound");
  }
  for (const auto* one : *list) {
    HAMROH_ASSIGN(std::string word, text_of(one, hamroh::limits::user_name_bytes_max));
    words.push_back(std::move(word));
  }
  return words;
}

Result<std::string> code_of(const Words* list) {
  HAMROH_ASSIGN(auto words, words_of(list, 1));
  if (words.empty()) {
    return std::string();
  }
  if (words[0].size() > limits::code_bytes_max) {
    return caller_error(Code::too_large, "a code has six digits");
  }
  return std::move(words[0]);
}

Result<Bytes> passphrase_of(const flatbuffers::Vector<std::uint8_t>* list) {
  const ByteView bytes = bytes_of(list);
  if (bytes.size() > limits::passphrase_bytes_max) {
    return caller_error(Code::too_large, "a passphrase is at most 1,024 bytes");
  }
  return Bytes(bytes.begin(), bytes.end());
}

Result<std::optional<UserId>> optional_user(const flatbuffers::Vector<std::uint8_t>* list) {
  if (bytes_of(list).empty()) {
    return std::optional<UserId>{};
  }
  HAMROH_ASSIGN(const UserId user, fixed_of<UserId>(list));
  return std::optional<UserId>(user);
}

Result<Role> role_of(std::uint8_t value) {
  if (value < 1 || value > all_roles.size()) {
    return caller_error(Code::malformed, "there is no such role");
  }
  return static_cast<Role>(value);
}

Result<Ask> parse_login(const wire::RequestMessage& table) {
  Login ask;
  HAMROH_ASSIGN(ask.name, text_of(table.name(), hamroh::limits::string_bytes_max));
  HAMROH_ASSIGN(ask.passphrase, passphrase_of(table.bytes()));
  HAMROH_ASSIGN(ask.new_passphrase, passphrase_of(table.more()));
  HAMROH_ASSIGN(ask.code, code_of(table.words()));
  return ask;
}

Result<Ask> parse_login_with_key(const wire::RequestMessage& table) {
  LoginWithKey ask;
  HAMROH_ASSIGN(ask.user, fixed_of<UserId>(table.user()));
  HAMROH_ASSIGN(ask.challenge, fixed_of<LoginChallenge>(table.bytes()));
  HAMROH_ASSIGN(ask.signature, fixed_of<Signature>(table.more()));
  return ask;
}

Result<Ask> parse_add_user(const wire::RequestMessage& table) {
  AddUser ask;
  HAMROH_ASSIGN(ask.user, fixed_of<UserId>(table.user()));
  HAMROH_ASSIGN(ask.name, text_of(table.name(), hamroh::limits::string_bytes_max));
  HAMROH_ASSIGN(ask.role, role_of(table.role()));
  HAMROH_ASSIGN(ask.teams, words_of(table.words(), hamroh::limits::teams_max));
  ask.grants.bits = table.number();
  HAMROH_ASSIGN(ask.passphrase, passphrase_of(table.bytes()));
  if (!bytes_of(table.more()).empty()) {
    HAMROH_ASSIGN(ask.key, fixed_of<SigningPublicKey>(table.more()));
  }
  return ask;
}

Result<Ask> parse_change_user(const wire::RequestMessage& table) {
  ChangeUser ask;
  HAMROH_ASSIGN(ask.user, fixed_of<UserId>(table.user()));
  const std::uint64_t parts = table.parts();
  if ((parts & ~(part_role | part_teams | part_grants | part_active)) != 0) {
    return caller_error(Code::malformed, "a change of a user with an unknown part");
  }
  if ((parts & part_role) != 0) {
    HAMROH_ASSIGN(ask.role, role_of(table.role()));
  }
  if ((parts & part_teams) != 0) {
    HAMROH_ASSIGN(ask.teams, words_of(table.words(), hamroh::limits::teams_max));
  }
  if ((parts & part_grants) != 0) {
    ask.grants = Grants{table.number()};
  }
  if ((parts & part_active) != 0) {
    ask.active = table.flag();
  }
  return ask;
}

Result<Ask> parse_set_passphrase(const wire::RequestMessage& table) {
  SetPassphrase ask;
  HAMROH_ASSIGN(ask.user, optional_user(table.user()));
  HAMROH_ASSIGN(ask.old_passphrase, passphrase_of(table.bytes()));
  HAMROH_ASSIGN(ask.new_passphrase, passphrase_of(table.more()));
  return ask;
}

Result<Ask> parse_set_factor(const wire::RequestMessage& table) {
  SetFactor ask;
  if (table.role() < 1 || table.role() > 3) {
    return caller_error(Code::malformed, "there is no such step");
  }
  ask.step = static_cast<FactorStep>(table.role());
  HAMROH_ASSIGN(ask.passphrase, passphrase_of(table.bytes()));
  HAMROH_ASSIGN(ask.code, code_of(table.words()));
  return ask;
}

void put_code(UserFields& out, const std::string& code) {
  if (!code.empty()) {
    out.words = {code};
  }
}

Bytes raw(const UserId& user) {
  return {user.bytes.begin(), user.bytes.end()};
}

}  // namespace

void FillUserFields::operator()(const Login& ask) const {
  out.name = ask.name;
  out.bytes = ask.passphrase;
  out.more = ask.new_passphrase;
  put_code(out, ask.code);
}

void FillUserFields::operator()(const LoginWithKey& ask) const {
  out.user = raw(ask.user);
  out.bytes = ask.challenge.view();
  out.more = ask.signature.view();
}

void FillUserFields::operator()(const AddUser& ask) const {
  out.user = raw(ask.user);
  out.name = ask.name;
  out.role = static_cast<std::uint8_t>(ask.role);
  out.words = ask.teams;
  out.number = ask.grants.bits;
  out.bytes = ask.passphrase;
  out.more = ask.key ? ask.key->view() : ByteView{};
}

void FillUserFields::operator()(const ChangeUser& ask) const {
  out.user = raw(ask.user);
  out.role = static_cast<std::uint8_t>(ask.role.value_or(Role{}));
  out.words = ask.teams.value_or(std::vector<std::string>{});
  out.number = ask.grants.value_or(Grants{}).bits;
  out.flag = ask.active.value_or(false);
  out.parts = (ask.role ? part_role : 0) | (ask.teams ? part_teams : 0) |
              (ask.grants ? part_grants : 0) | (ask.active ? part_active : 0);
}

void FillUserFields::operator()(const ListUsers& ask) const {
  out.user = ask.after ? raw(*ask.after) : Bytes{};
}

void FillUserFields::operator()(const SetPassphrase& ask) const {
  out.user = ask.user ? raw(*ask.user) : Bytes{};
  out.bytes = ask.old_passphrase;
  out.more = ask.new_passphrase;
}

void FillUserFields::operator()(const SetFactor& ask) const {
  out.role = static_cast<std::uint8_t>(ask.step);
  out.bytes = ask.passphrase;
  put_code(out, ask.code);
}

void FillUserFields::operator()(const MakeSigningKey& ask) const {
  out.bytes = ask.passphrase;
}

void FillUserFields::operator()(const SignVote& ask) const {
  out.more = ask.digest.view();
  out.bytes = ask.passphrase;
}

Result<Ask> parse_user_verb(std::size_t verb, const wire::RequestMessage& table) {
  switch (verb) {
    case verb_of<Login>:
      return parse_login(table);
    case verb_of<GetChallenge>:
      return GetChallenge{};
    case verb_of<LoginWithKey>:
      return parse_login_with_key(table);
    case verb_of<Logout>:
      return Logout{};
    case verb_of<WhoAmI>:
      return WhoAmI{};
    case verb_of<AddUser>:
      return parse_add_user(table);
    case verb_of<ChangeUser>:
      return parse_change_user(table);
    case verb_of<ListUsers>: {
      HAMROH_ASSIGN(const auto after, optional_user(table.user()));
      return ListUsers{after};
    }
    case verb_of<SetPassphrase>:
      return parse_set_passphrase(table);
    case verb_of<SetFactor>:
      return parse_set_factor(table);
    case verb_of<MakeSigningKey>: {
      HAMROH_ASSIGN(Bytes passphrase, passphrase_of(table.bytes()));
      return MakeSigningKey{std::move(passphrase)};
    }
    case verb_of<GetUserKeys>:
      return GetUserKeys{};
    case verb_of<SignVote>: {
      HAMROH_ASSIGN(const Digest digest, fixed_of<Digest>(table.more()));
      HAMROH_ASSIGN(Bytes passphrase, passphrase_of(table.bytes()));
      return SignVote{digest, std::move(passphrase)};
    }
    default:
      return caller_error(Code::unsupported_version, "this node does not know that request");
  }
}

flatbuffers::Offset<wire::UserTable> put_user(flatbuffers::FlatBufferBuilder& builder,
                                              const UserView& user, ByteView certificate) {
  const auto id = builder.CreateVector(user.id.bytes.data(), UserId::size);
  const auto name = builder.CreateString(user.name);
  const auto teams = builder.CreateVectorOfStrings(user.teams);
  const auto certified = certificate.empty()
                             ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>{}
                             : builder.CreateVector(certificate.data(), certificate.size());
  const auto state = static_cast<std::uint8_t>(
      (user.active ? state_active : 0) | (user.must_change ? state_must_change : 0) |
      (user.has_key ? state_key : 0) | (user.has_factor ? state_factor : 0) |
      (user.signs ? state_signs : 0));
  return wire::CreateUserTable(builder, id, name, static_cast<std::uint8_t>(user.role), teams,
                               user.grants.bits, state, user.created.ms, user.failures,
                               user.sessions, certified);
}

Result<UserView> user_of(const wire::UserTable& table) {
  UserView user;
  HAMROH_ASSIGN(user.id, fixed_of<UserId>(table.id()));
  HAMROH_ASSIGN(user.name, text_of(table.name(), hamroh::limits::user_name_bytes_max));
  HAMROH_ASSIGN(user.role, role_of(table.role()));
  HAMROH_ASSIGN(user.teams, words_of(table.teams(), hamroh::limits::teams_max));
  user.grants.bits = table.grants();
  user.active = (table.state() & state_active) != 0;
  user.must_change = (table.state() & state_must_change) != 0;
  user.has_key = (table.state() & state_key) != 0;
  user.has_factor = (table.state() & state_factor) != 0;
  user.signs = (table.state() & state_signs) != 0;
  user.created = {table.created()};
  user.failures = table.failures();
  user.sessions = table.sessions();
  return user;
}

}  // namespace hamroh::api
