// Rows of users, key files of programs, and certificates of signing keys.

#include "protocol/account.h"
#include "protocol/user_keys.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

class SomeEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, ++last_); }

 private:
  std::uint8_t last_ = 0;
};
SymmetricKey key_of(std::uint8_t byte) {
  return SymmetricKey::make([&](auto raw) { std::fill(raw.begin(), raw.end(), byte); });
}
const UserId user = filled<UserId>(1);

Bytes sample_person() {
  SomeEntropy entropy;
  Account account;
  account.id = user;
  account.name = "Madina";
  account.role = Role::case_worker;
  account.teams = {"intake", "north"};
  const SymmetricKey reader = key_of(2);
  make_passphrase(account, key_of(3), filled<Salt>(4), {1, 8192}, &reader, entropy);
  return account.encode();
}
Bytes sample_program() {
  Account account;
  account.id = user;
  account.name = "case system";
  account.role = Role::integration;
  account.grants.give(Operation::refer);
  account.key = filled<SigningPublicKey>(5);
  return account.encode();
}
Bytes sample_key_file() {
  const UserKeyFile file{{filled<NetworkId>(1), filled<MemberId>(2)},
                         user,
                         Seed::make([](auto raw) { std::fill(raw.begin(), raw.end(), 3); })};
  return file.encode();
}
Bytes sample_certificate() {
  UserCertificate certificate;
  certificate.user = user;
  certificate.role = Role::commissioner;
  certificate.serial = 1;
  return certificate.encode();
}

}  // namespace

std::vector<Bytes> seeds() {
  return {chosen(0, sample_person()), chosen(0, sample_program()), chosen(1, sample_key_file()),
          chosen(2, sample_certificate())};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  if (parser == 0) {
    const auto account = Account::parse(user, rest);
    CHECK(!account || (!account->find_fault() && std::ranges::equal(account->encode(), rest)));
  } else if (parser == 1) {
    const auto file = UserKeyFile::parse(rest);
    CHECK(!file || std::ranges::equal(file->encode(), rest));
  } else {
    const auto certificate = UserCertificate::parse(rest);
    CHECK(!certificate || std::ranges::equal(certificate->encode(), rest));
  }
}

}  // namespace hamroh::fuzz
