// A small network made of numbered keys: administrators 1 … n, and members of any number.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "protocol/join_request.h"
#include "protocol/membership.h"

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
  directory.warns = today + days(60);
  directory.constitution = constitution.hash();
  directory.created = today;
  directory.expires = today + days(90);
  directory.members = {member(1), member(2)};
  return directory;
}

inline DirectoryFile signed_by(DirectoryFile file, const NetworkId& network,
                               const std::vector<unsigned>& signers) {
  for (const unsigned signer : signers) {
    file.head.signatures.push_back(sign_directory(file.head.payload, network, key(signer)));
  }
  return file;
}

// Complete.
inline DirectoryFile directory_file(const Directory& directory, const NetworkId& network,
                                    const std::vector<unsigned>& signers) {
  return signed_by(complete_file(directory), network, signers);
}

// Version 1, complete and signed by two.
inline DirectoryFile first_file(const VerifiedConstitution& constitution = founded()) {
  return directory_file(directory(constitution), constitution.network(), {1, 2});
}

// The step to the next version, changed and signed as told.
inline DirectoryFile next_file(const VerifiedDirectory& current,
                               const std::function<void(Directory&)>& change,
                               const std::vector<unsigned>& signers = {1, 2}) {
  Directory next = current.successor(today, days(90));
  change(next);
  return signed_by(delta_file(current.value(), next), current.value().network, signers);
}

// Constitution 2: administrators 2 and 3 are replaced by 4, 5 and 6, of whom with 1 three agree.
inline Constitution replaced(const VerifiedConstitution& first = founded(),
                             std::uint64_t directory_from = 2) {
  Constitution next = constitution(1, 3);
  for (const unsigned number : {4U, 5U, 6U}) {
    next.administrators.push_back(administrator(number));
  }
  next.version = first.value().version + 1;
  next.previous = first.hash();
  next.directory_from = directory_from;
  return next;
}

inline SignedPayload successor_file(const Constitution& next, const NetworkId& network,
                                    const std::vector<unsigned>& signers = {1, 2, 4, 5}) {
  SignedPayload file{encode_constitution(next), {}};
  for (const unsigned signer : signers) {
    file.signatures.push_back(sign_constitution(file.payload, network, key(signer)));
  }
  return file;
}

inline Suspension suspension(unsigned of, Timestamp from = today, bool lift = false) {
  return {founded().network(),           member(of).id, from, from + hours(72),
          SuspensionReason::device_lost, lift};
}

inline Bytes suspension_file(const Suspension& suspension, const std::vector<unsigned>& signers) {
  SignedPayload file{encode_suspension(suspension), {}};
  for (const unsigned signer : signers) {
    file.signatures.push_back(sign_suspension(file.payload, suspension.network, key(signer)));
  }
  return encode_signed_suspension(file);
}

// The n-th rotation of member(of): from serial n - 1 to n; the keys of serial 0 are member's own.
inline unsigned rotated_key(unsigned of, std::uint64_t serial, unsigned which) {
  return serial == 0 ? of * 100 + which : of * 100'000 + static_cast<unsigned>(serial) * 10 + which;
}
inline Rotation rotation(unsigned of, std::uint64_t serial = 1) {
  return {founded().network(),
          member(of).id,
          1,
          serial,
          today,
          public_of<AuthorKey>(rotated_key(of, serial, 0)),
          public_of<ReceiptKey>(rotated_key(of, serial, 1)),
          public_of<WitnessKey>(rotated_key(of, serial, 2)),
          public_of<TransportKey>(rotated_key(of, serial, 3)),
          member(of).endpoint};
}
inline Bytes rotation_file(const Rotation& rotation, unsigned of, unsigned signer) {
  const auto author = key(rotated_key(of, rotation.serial, 0));
  const auto receipt = key(rotated_key(of, rotation.serial, 1));
  const auto witness = key(rotated_key(of, rotation.serial, 2));
  return make_rotation(rotation, key(signer), {author, receipt, witness});
}
inline Bytes rotation_file(unsigned of, std::uint64_t serial = 1) {
  return rotation_file(rotation(of, serial), of, rotated_key(of, serial - 1, 0));
}

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::none : result.error().code;
}

}  // namespace hamroh::directory_fixture
