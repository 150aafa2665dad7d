#include "protocol/account.h"

#include <algorithm>

#include "protocol/constants.h"
#include "protocol/text.h"
#include "protocol/user_keys.h"

namespace hamroh {
namespace {

constexpr std::uint8_t row_version = 1;
constexpr std::uint8_t flag_active = 1;
constexpr std::uint8_t flag_must_change = 2;
constexpr std::uint8_t credential_passphrase = 1;
constexpr std::uint8_t credential_key = 2;
constexpr std::uint8_t present_slot = 1;
constexpr std::uint8_t present_factor = 2;
constexpr std::uint8_t present_seed = 4;
constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t wrapped_key_bytes = nonce_bytes + 32 + crypto::tag_bytes;
constexpr std::size_t wrapped_factor_bytes = nonce_bytes + 20 + crypto::tag_bytes;
constexpr std::size_t key_digits_shown = 32;
constexpr std::uint64_t cost_operations_max = 64;
constexpr std::uint64_t cost_memory_bytes_max = 4ULL << 30U;

enum class Purpose : std::uint8_t { secret = 1, slot = 2, factor = 3, seed = 4 };

Bytes context(Purpose purpose) {
  Bytes out;
  append(out, view(labels::account));
  put_u8(out, static_cast<std::uint8_t>(purpose));
  return out;
}

Bytes associated(Purpose purpose, const UserId& user) {
  Bytes out = context(purpose);
  append(out, user.view());
  return out;
}

SymmetricKey key_under(const UserSecret& secret, Purpose purpose) {
  return SymmetricKey::make([&](auto out) {
    secret.expose([&](auto raw) { CHECK(crypto::hkdf_expand(raw, context(purpose), out)); });
  });
}

template <std::size_t N>
Bytes wrap(const SymmetricKey& key, Purpose purpose, const UserId& user, const Secret<N>& what,
           Entropy& entropy) {
  std::array<std::uint8_t, nonce_bytes> nonce{};
  entropy.fill(nonce);
  Bytes out(nonce.begin(), nonce.end());
  what.expose([&](auto raw) {
    append(out, crypto::xchacha_seal(key, nonce, associated(purpose, user), raw));
  });
  return out;
}

template <std::size_t N>
std::optional<Secret<N>> unwrap(const SymmetricKey& key, Purpose purpose, const UserId& user,
                                ByteView wrapped) {
  if (wrapped.size() != nonce_bytes + N + crypto::tag_bytes) {
    return std::nullopt;
  }
  auto raw = crypto::xchacha_open(key, wrapped.first<nonce_bytes>(), associated(purpose, user),
                                  wrapped.subspan(nonce_bytes));
  if (!raw || raw->size() != N) {
    return std::nullopt;
  }
  Secret<N> opened(ByteView(*raw).first<N>());
  crypto::wipe(*raw);
  return opened;
}

bool has_cases(Role role) {
  return rights_of(role).has(Operation::see_cases);
}

std::optional<const char*> fault_of_teams(const Account& account) {
  const auto& teams = account.teams;
  if (teams.size() > limits::teams_max) {
    return "a user is in at most 8 teams";
  }
  if (!std::ranges::all_of(teams, [](const std::string& team) { return is_team_name(team); })) {
    return "a team's name is 1 to 32 of a-z, 0-9 and -";
  }
  if (!std::ranges::is_sorted(teams) || std::ranges::adjacent_find(teams) != teams.end()) {
    return "teams are sorted and each stands once";
  }
  // A program without a team acts for the whole organisation.
  if (teams.empty() && has_cases(account.role) && account.role != Role::integration) {
    return "this role needs a team";
  }
  if (!teams.empty() && !has_cases(account.role)) {
    return "this role has no team: it sees no cases";
  }
  return std::nullopt;
}

std::optional<const char*> fault_of_credential(const Account& account) {
  const bool program = account.role == Role::integration;
  if (account.passphrase.has_value() == account.key.has_value()) {
    return "a user has a passphrase, or a key";
  }
  if (account.passphrase && program) {
    return "a program has a key and no passphrase";
  }
  if (account.key && !program && account.role != Role::operator_) {
    return "a person has a passphrase and no key file";
  }
  if (account.must_change && account.key) {
    return "there is no passphrase to be changed";
  }
  if (account.grants.bits != 0 && !program) {
    return "only a program has grants";
  }
  if ((account.grants.bits & ~rights_of(Role::integration).bits) != 0) {
    return "a program cannot be granted that";
  }
  return std::nullopt;
}

void put_text(Bytes& out, std::string_view text) {
  put_u8(out, static_cast<std::uint8_t>(text.size()));
  append(out, view(text));
}

std::string read_text(ByteReader& reader) {
  const std::uint8_t length = reader.u8();
  return std::string(text(reader.take(length)));
}

Bytes read_bytes(ByteReader& reader, std::size_t length) {
  const ByteView bytes = reader.take(length);
  return {bytes.begin(), bytes.end()};
}

void put_passphrase(Bytes& out, const Account::Passphrase& part) {
  append(out, part.salt.view());
  put_u64(out, part.cost.operations);
  put_u64(out, part.cost.memory_bytes);
  append(out, part.secret);
  put_u8(out, static_cast<std::uint8_t>((part.slot.empty() ? 0 : present_slot) |
                                        (part.factor.empty() ? 0 : present_factor) |
                                        (part.seed.empty() ? 0 : present_seed)));
  append(out, part.slot);
  append(out, part.factor);
  append(out, part.seed);
  append(out, part.certificate);
}

// Nothing if its bytes are not what they should be; a short read shows at the reader's end.
std::optional<Account::Passphrase> read_passphrase(ByteReader& reader) {
  Account::Passphrase part;
  part.salt = reader.fixed<Salt>();
  part.cost.operations = reader.u64();
  part.cost.memory_bytes = reader.u64();
  part.secret = read_bytes(reader, wrapped_key_bytes);
  const std::uint8_t present = reader.u8();
  if ((present & ~(present_slot | present_factor | present_seed)) != 0 ||
      part.cost.operations < 1 || part.cost.operations > cost_operations_max ||
      part.cost.memory_bytes > cost_memory_bytes_max || part.cost.memory_bytes % 1024 != 0) {
    return std::nullopt;
  }
  if ((present & present_slot) != 0) {
    part.slot = read_bytes(reader, wrapped_key_bytes);
  }
  if ((present & present_factor) != 0) {
    part.factor = read_bytes(reader, wrapped_factor_bytes);
  }
  if ((present & present_seed) != 0) {
    part.seed = read_bytes(reader, wrapped_key_bytes);
    part.certificate = read_bytes(reader, UserCertificate::encoded_size);
    if (!UserCertificate::parse(part.certificate)) {
      return std::nullopt;
    }
  }
  return part;
}

}  // namespace

bool Account::Passphrase::operator==(const Passphrase& other) const {
  return salt == other.salt && cost.operations == other.cost.operations &&
         cost.memory_bytes == other.cost.memory_bytes && secret == other.secret &&
         slot == other.slot && factor == other.factor && seed == other.seed &&
         certificate == other.certificate;
}

Actor Account::actor() const {
  return {id, role, teams, grants};
}

std::optional<const char*> Account::find_fault() const {
  if (name.empty() || name.size() > limits::user_name_bytes_max) {
    return "a user's name is 1 to 64 bytes";
  }
  if (!is_plain_text(name) || name.front() == ' ' || name.back() == ' ') {
    return "a user's name is plain text without control or invisible characters";
  }
  if (static_cast<std::uint8_t>(role) < 1 || static_cast<std::uint8_t>(role) > all_roles.size()) {
    return "there is no such role";
  }
  if (const auto fault = fault_of_teams(*this)) {
    return fault;
  }
  return fault_of_credential(*this);
}

Bytes Account::encode() const {
  CHECK(!find_fault());
  Bytes out{
      row_version, static_cast<std::uint8_t>(role),
      static_cast<std::uint8_t>((active ? flag_active : 0) | (must_change ? flag_must_change : 0))};
  put_u64(out, created.ms);
  put_u32(out, generation);
  put_u32(out, failures);
  put_u64(out, factor_step);
  put_u64(out, grants.bits);
  put_text(out, name);
  put_u8(out, static_cast<std::uint8_t>(teams.size()));
  for (const std::string& team : teams) {
    put_text(out, team);
  }
  put_u8(out, passphrase ? credential_passphrase : credential_key);
  if (passphrase) {
    put_passphrase(out, *passphrase);
  } else {
    append(out, key->view());
  }
  return out;
}

Result<Account> Account::parse(const UserId& id, ByteView bytes) {
  ByteReader reader(bytes);
  Account account;
  account.id = id;
  const std::uint8_t version = reader.u8();
  account.role = static_cast<Role>(reader.u8());
  const std::uint8_t flags = reader.u8();
  account.active = (flags & flag_active) != 0;
  account.must_change = (flags & flag_must_change) != 0;
  account.created.ms = reader.u64();
  account.generation = reader.u32();
  account.failures = reader.u32();
  account.factor_step = reader.u64();
  account.grants.bits = reader.u64();
  account.name = read_text(reader);
  const std::uint8_t teams = reader.u8();
  for (std::uint8_t i = 0; i < teams && reader.ok(); ++i) {
    account.teams.push_back(read_text(reader));
  }
  const std::uint8_t credential = reader.u8();
  if (credential == credential_passphrase) {
    account.passphrase = read_passphrase(reader);
  } else if (credential == credential_key) {
    account.key = reader.fixed<SigningPublicKey>();
  }
  if (!reader.finished() || version != row_version ||
      (flags & ~(flag_active | flag_must_change)) != 0 || account.find_fault()) {
    return environment_error(Code::store_corrupt, "the record of a user does not parse");
  }
  return account;
}

std::string Account::summary() const {
  std::string words = std::string("role=") + role_name(role);
  words += " name=" + name;
  for (const std::string& team : teams) {
    words += " team=" + team;
  }
  if (role == Role::integration) {
    words += " grants=" + std::to_string(grants.bits);
  }
  words += active ? " active" : " disabled";
  words += must_change ? " must-change" : "";
  words += " generation=" + std::to_string(generation);
  if (key) {
    words += " key=" + key->hex().substr(0, key_digits_shown);
  } else if (passphrase) {
    words += passphrase->factor.empty() ? " passphrase" : " passphrase+factor";
    if (const auto signing = UserCertificate::parse(passphrase->certificate)) {
      words += " signs=" + signing->key.hex().substr(0, key_digits_shown);
    }
  }
  return words;
}

Status check_passphrase(ByteView passphrase) {
  if (passphrase.size() > limits::passphrase_bytes_max) {
    return caller_error(Code::too_large, "a passphrase is at most 1,024 bytes");
  }
  const std::size_t characters = is_valid_utf8(passphrase) ? count_characters(text(passphrase)) : 0;
  if (characters < limits::passphrase_characters_min) {
    return caller_error(Code::invalid_argument, "a passphrase has at least 8 characters (UTF-8)");
  }
  return {};
}

void make_passphrase(Account& account, const SymmetricKey& key, const Salt& salt,
                     const crypto::PassphraseCost& cost, const SymmetricKey* reader_key,
                     Entropy& entropy) {
  const UserSecret secret = UserSecret::make([&](auto raw) { entropy.fill(raw); });
  account.key.reset();
  account.factor_step = 0;
  account.passphrase.emplace();
  change_passphrase(account, secret, key, salt, cost, entropy);
  if (reader_key != nullptr) {
    put_slot(account, secret, *reader_key, entropy);
  }
}

void change_passphrase(Account& account, const UserSecret& secret, const SymmetricKey& key,
                       const Salt& salt, const crypto::PassphraseCost& cost, Entropy& entropy) {
  account.passphrase->salt = salt;
  account.passphrase->cost = cost;
  account.passphrase->secret = wrap(key, Purpose::secret, account.id, secret, entropy);
  account.failures = 0;
}

Result<UserSecret> open_secret(const Account& account, const SymmetricKey& key) {
  if (account.passphrase) {
    if (auto secret = unwrap<32>(key, Purpose::secret, account.id, account.passphrase->secret)) {
      return std::move(*secret);
    }
  }
  return caller_error(Code::bad_passphrase, "no user of that name has that passphrase");
}

void put_slot(Account& account, const UserSecret& secret, const SymmetricKey& reader_key,
              Entropy& entropy) {
  account.passphrase->slot =
      wrap(key_under(secret, Purpose::slot), Purpose::slot, account.id, reader_key, entropy);
}

std::optional<SymmetricKey> open_slot(const Account& account, const UserSecret& secret) {
  return unwrap<32>(key_under(secret, Purpose::slot), Purpose::slot, account.id,
                    account.passphrase->slot);
}

bool opens_vault(const Account& account) {
  return account.active && account.passphrase && !account.passphrase->slot.empty();
}

Bytes wrap_factor(const Account& account, const UserSecret& secret, const FactorSecret& factor,
                  Entropy& entropy) {
  return wrap(key_under(secret, Purpose::factor), Purpose::factor, account.id, factor, entropy);
}

std::optional<FactorSecret> open_factor(const Account& account, const UserSecret& secret) {
  return unwrap<20>(key_under(secret, Purpose::factor), Purpose::factor, account.id,
                    account.passphrase->factor);
}

void put_seed(Account& account, const UserSecret& secret, const Seed& seed, Bytes certificate,
              Entropy& entropy) {
  account.passphrase->seed =
      wrap(key_under(secret, Purpose::seed), Purpose::seed, account.id, seed, entropy);
  account.passphrase->certificate = std::move(certificate);
}

std::optional<Seed> open_seed(const Account& account, const UserSecret& secret) {
  return unwrap<32>(key_under(secret, Purpose::seed), Purpose::seed, account.id,
                    account.passphrase->seed);
}

}  // namespace hamroh
