// A network of one administrator and two members, made of keys of one repeated byte, for the
// targets that take statements about membership.
#pragma once

#include "protocol/join_request.h"
#include "protocol/membership.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

inline constexpr Timestamp sample_time{1'790'000'000'000};

inline crypto::SigningKey key_of(std::uint8_t byte) {
  return crypto::SigningKey::from_seed(Seed::make([&](auto raw) { std::ranges::fill(raw, byte); }));
}
template <class Key>
Key public_of(std::uint8_t byte) {
  return *Key::from(key_of(byte).public_key().view());
}

inline Member sample_member(std::uint8_t byte) {
  Member member;
  member.id = filled<MemberId>(byte);
  member.name = "member " + std::to_string(byte);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(member.kind);
  member.author = public_of<AuthorKey>(byte);
  member.receipt = public_of<ReceiptKey>(byte + 1);
  member.witness = public_of<WitnessKey>(byte + 2);
  member.transport = filled<TransportKey>(byte + 3);
  member.endpoint = "tcp://127.0.0.1:7311";
  return member;
}

inline Constitution sample_constitution(std::uint8_t administrator) {
  Constitution constitution;
  constitution.network_name = "fuzz";
  constitution.created = sample_time;
  constitution.threshold = 1;
  constitution.administrators.push_back({"admin", public_of<AdminKey>(administrator),
                                         prove_founder("fuzz", "admin", key_of(administrator))});
  return constitution;
}

inline SignedPayload sample_founding() {
  SignedPayload file{encode_constitution(sample_constitution(1)), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  file.signatures.push_back(sign_constitution(file.payload, network, key_of(1)));
  return file;
}

inline const VerifiedConstitution& sample_founded() {
  static const VerifiedConstitution founded = *verify_founding(sample_founding());
  return founded;
}

// Administrator 1 is replaced by 2 from version 3 on.
inline SignedPayload sample_successor() {
  Constitution next = sample_constitution(2);
  next.version = 2;
  next.previous = sample_founded().hash();
  next.directory_from = 3;
  SignedPayload file{encode_constitution(next), {}};
  for (const std::uint8_t byte : Bytes{1, 2}) {
    file.signatures.push_back(
        sign_constitution(file.payload, sample_founded().network(), key_of(byte)));
  }
  return file;
}

inline DirectoryFile signed_by_one(DirectoryFile file) {
  file.head.signatures.push_back(
      sign_directory(file.head.payload, sample_founded().network(), key_of(1)));
  return file;
}

inline DirectoryFile sample_directory() {
  Directory directory;
  directory.network = sample_founded().network();
  directory.constitution = sample_founded().hash();
  directory.version = 1;
  directory.created = sample_time;
  directory.warns = {1'880'000'000'000};
  directory.expires = {1'890'000'000'000};
  directory.members = {sample_member(10), sample_member(20)};
  return signed_by_one(complete_file(directory));
}

inline const VerifiedDirectory& sample_verified() {
  static const VerifiedDirectory verified = *verify_directory(sample_founded(), sample_directory());
  return verified;
}

inline DirectoryFile sample_step() {
  Directory next = sample_verified().successor(sample_time, days(90));
  next.members.push_back(sample_member(30));
  return signed_by_one(delta_file(sample_verified().value(), next));
}

inline Bytes sample_suspension() {
  const Suspension suspension{sample_founded().network(), filled<MemberId>(20),     sample_time,
                              sample_time + hours(72),    SuspensionReason::misuse, false};
  SignedPayload file{encode_suspension(suspension), {}};
  file.signatures.push_back(sign_suspension(file.payload, suspension.network, key_of(1)));
  return encode_signed_suspension(file);
}

inline Bytes sample_rotation() {
  const Rotation rotation{sample_founded().network(),
                          filled<MemberId>(10),
                          1,
                          1,
                          sample_time,
                          public_of<AuthorKey>(40),
                          public_of<ReceiptKey>(41),
                          public_of<WitnessKey>(42),
                          filled<TransportKey>(43),
                          "tcp://127.0.0.1:7312"};
  return make_rotation(rotation, key_of(10), {key_of(40), key_of(41), key_of(42)});
}

}  // namespace hamroh::fuzz
