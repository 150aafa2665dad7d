#include "daemon/first_operator.h"

#include "daemon/users.h"

namespace hamroh {
namespace {

// The key file that stands in the home, or a new one.
Result<UserKeyFile> key_file(const Home& home, const UserHome& belongs,
                             const std::optional<UserId>& user, Entropy& entropy) {
  if (file_exists(home.operator_key())) {
    HAMROH_ASSIGN(Bytes file, read_file(home.operator_key(), UserKeyFile::encoded_size));
    auto parsed = UserKeyFile::parse(file);
    crypto::wipe(file);
    if (parsed && parsed->home == belongs && parsed->user == user.value_or(parsed->user)) {
      return std::move(*parsed);
    }
  }
  UserKeyFile made{belongs, user ? *user : entropy.draw<UserId>(),
                   Seed::make([&](auto raw) { entropy.fill(raw); })};
  Bytes file = made.encode();
  const Status written = write_file(home.operator_key(), file);
  crypto::wipe(file);
  HAMROH_TRY(written);
  return made;
}

}  // namespace

Result<Account> make_first_operator(const FirstOperator& wanted, const Home& home,
                                    const UserHome& belongs, const SymmetricKey* reader_key,
                                    Turn& turn) {
  Account account;
  account.name = wanted.name;
  account.role = Role::operator_;
  account.created = turn.now;
  if (wanted.passphrase) {
    HAMROH_TRY(check_passphrase(*wanted.passphrase));
    account.id = turn.entropy.draw<UserId>();
    const auto salt = turn.entropy.draw<Salt>();
    HAMROH_ASSIGN(const SymmetricKey key,
                  crypto::passphrase_key(*wanted.passphrase, salt.bytes, wanted.cost));
    make_passphrase(account, key, salt, wanted.cost, reader_key, turn.entropy);
  } else {
    HAMROH_ASSIGN(const UserKeyFile file, key_file(home, belongs, std::nullopt, turn.entropy));
    account.id = file.user;
    account.key = crypto::SigningKey::from_seed(file.seed).public_key();
  }
  if (const auto fault = account.find_fault()) {
    return caller_error(Code::invalid_argument, *fault);
  }
  HAMROH_TRY(turn.store.put(Table::user, account.row_key(), account.encode()));
  return account;
}

Result<std::string> renew_operator_key(const Home& home, const UserHome& belongs, Turn& turn) {
  std::optional<Account> renewed;
  HAMROH_TRY(visit_accounts(turn.store, [&](Account& account) {
    if (account.active && account.key && account.role == Role::operator_) {
      renewed = std::move(account);
    }
    return !renewed;
  }));
  if (!renewed) {
    return std::string();
  }
  HAMROH_ASSIGN(const UserKeyFile file, key_file(home, belongs, renewed->id, turn.entropy));
  renewed->key = crypto::SigningKey::from_seed(file.seed).public_key();
  renewed->generation = 0;  // so that the change is entered into the ledger when the node starts
  HAMROH_TRY(turn.store.put(Table::user, renewed->row_key(), renewed->encode()));
  return renewed->name;
}

}  // namespace hamroh
