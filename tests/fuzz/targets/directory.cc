// Constitutions, directories, requests for admission and their signed files.

#include "protocol/directory.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

crypto::SigningKey key_of(std::uint8_t byte) {
  return crypto::SigningKey::from_seed(Seed::make([&](auto raw) { std::ranges::fill(raw, byte); }));
}

Member sample_member(std::uint8_t byte) {
  Member member;
  member.id = filled<MemberId>(byte);
  member.name = "member " + std::to_string(byte);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(member.kind);
  member.author = *AuthorKey::from(key_of(byte).public_key().view());
  member.receipt = *ReceiptKey::from(key_of(byte + 1).public_key().view());
  member.witness = *WitnessKey::from(key_of(byte + 2).public_key().view());
  member.transport = filled<TransportKey>(byte + 3);
  member.endpoint = "tcp://127.0.0.1:7311";
  return member;
}

SignedPayload sample_constitution() {
  Constitution constitution;
  constitution.network_name = "fuzz";
  constitution.created = {1'790'000'000'000};
  constitution.threshold = 1;
  constitution.administrators.push_back({"admin-1", *AdminKey::from(key_of(1).public_key().view()),
                                         prove_founder("fuzz", "admin-1", key_of(1))});
  SignedPayload file{encode_constitution(constitution), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  file.signatures.push_back(sign_constitution(file.payload, network, key_of(1)));
  return file;
}

const VerifiedConstitution& verified_constitution() {
  static const VerifiedConstitution verified = *verify_founding(sample_constitution());
  return verified;
}

SignedPayload sample_directory() {
  Directory directory;
  directory.network = verified_constitution().network();
  directory.constitution = verified_constitution().hash();
  directory.version = 1;
  directory.created = {1'790'000'000'000};
  directory.expires = {1'890'000'000'000};
  directory.members = {sample_member(10), sample_member(20)};
  SignedPayload file{encode_directory(directory), {}};
  file.signatures.push_back(sign_directory(file.payload, directory.network, key_of(1)));
  return file;
}

}  // namespace

std::vector<Bytes> seeds() {
  const SignedPayload constitution = sample_constitution();
  const SignedPayload directory = sample_directory();
  return {chosen(0, encode_signed_constitution(constitution)),
          chosen(1, encode_signed_directory(directory)),
          chosen(2, make_join_request(verified_constitution().network(), sample_member(10),
                                      key_of(10), key_of(11), key_of(12))),
          chosen(3, constitution.payload), chosen(4, directory.payload)};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 5);
  switch (parser) {
    case 0:
      if (const auto file = parse_signed_constitution(rest)) {
        (void)verify_founding(*file);
        (void)verify_successor(verified_constitution(), *file);
      }
      return;
    case 1:
      if (const auto file = parse_signed_directory(rest)) {
        (void)verify_directory(verified_constitution(), *file);
      }
      return;
    case 2:
      (void)parse_join_request(rest);
      return;
    case 3:
      return check_round_trip(rest, parse_constitution, encode_constitution);
    default:
      return check_round_trip(rest, parse_directory, encode_directory);
  }
}

}  // namespace hamroh::fuzz
