// A small network made of numbered keys: administrators 1 … n, and members of any number.
#pragma once

#include <gtest/gtest.h>

#include "protocol/directory.h"

namespace hamroh::directory_fixture {

inline constexpr Timestamp today{1'800'000'000'000};

// The signing key of a number; another number, another key.
inline crypto::SigningKey key(unsigned number) {
  EXPECT_TRUE(crypto::start());
  const Digest seed = crypto::sha256({view("key of a test"), view(std::to_string(number))});
  return crypto::SigningKey::from_seed(Seed(std::span<const std::uint8_t, 32>(seed.bytes)));
}

template <class Key>
Key public_of(unsigned number) {
  return *Key::from(key(number).public_key().view());
}

inline Administrator administrator(unsigned number) {
  const std::string name = "admin-" + std::to_string(number);
  return {name, public_of<AdminKey>(number), prove_founder("Test", name, key(number))};
}

inline Constitution constitution(unsigned administrators, std::uint32_t threshold) {
  Constitution constitution;
  constitution.network_name = "Test";
  constitution.created = today;
  constitution.threshold = threshold;
  for (unsigned number = 1; number <= administrators; ++number) {
    constitution.administrators.push_back(administrator(number));
  }
  return constitution;
}

inline SignedPayload founding_file(const Constitution& constitution,
                                   const std::vector<unsigned>& signers) {
  SignedPayload file{encode_constitution(constitution), {}};
  const auto network = *NetworkId::from(constitution_hash(file.payload).view());
  for (const unsigned signer : signers) {
    file.signatures.push_back(sign_constitution(file.payload, network, key(signer)));
  }
  return file;
}

// Three administrators, two of whom must agree.
inline VerifiedConstitution founded() {
  return verify_founding(founding_file(constitution(3, 2), {1, 2, 3})).value();
}

inline Member member(unsigned number) {
  Member member;
  member.id.bytes[0] = static_cast<std::uint8_t>(number);
  member.name = "Member " + std::to_string(number);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(MemberKind::ngo);
  member.author = public_of<AuthorKey>(number * 100);
  member.receipt = public_of<ReceiptKey>(number * 100 + 1);
  member.witness = public_of<WitnessKey>(number * 100 + 2);
  member.transport = public_of<TransportKey>(number * 100 + 3);
  member.endpoint = "tcp://127.0.0.1:" + std::to_string(7000 + number);
  return member;
}

inline Directory directory(const VerifiedConstitution& constitution, std::uint64_t version = 1,
                           const Digest& previous = {}) {
  Directory directory;
  directory.network = constitution.network();
  directory.version = version;
  directory.previous = previous;
  directory.constitution = constitution.hash();
  directory.created = today;
  directory.expires = today + days(90);
  directory.members = {member(1), member(2)};
  return directory;
}

inline SignedPayload directory_file(const Directory& directory, const NetworkId& network,
                                    const std::vector<unsigned>& signers) {
  SignedPayload file{encode_directory(directory), {}};
  for (const unsigned signer : signers) {
    file.signatures.push_back(sign_directory(file.payload, network, key(signer)));
  }
  return file;
}

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::none : result.error().code;
}

}  // namespace hamroh::directory_fixture
