// make-request: what an organisation's node would hand to the administrators, without a node.
//
//   make-request NETWORK-FILE NAME KIND NUMBER INCARNATION OUT
//   make-request --rotation NETWORK-FILE NUMBER SERIAL OUT
//
// For end-to-end tests of the authority alone. All keys follow from NUMBER and INCARNATION (or
// SERIAL, which changes the author key), so that a test can make a later request of one member.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "protocol/constitution.h"
#include "protocol/join_request.h"
#include "protocol/rotation.h"

namespace {

using namespace hamroh;

crypto::SigningKey key_of(const std::string& what) {
  const Digest seed = crypto::sha256({view("a member's key of a test"), view(what)});
  return crypto::SigningKey::from_seed(Seed(std::span<const std::uint8_t, 32>(seed.bytes)));
}

NetworkId read_network(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> raw{std::istreambuf_iterator<char>(file), {}};
  const auto chain =
      parse_constitution_chain({reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
  CHECK(chain);
  const auto verified = verify_constitution_chain(*chain);
  CHECK(verified);
  return verified->front().network();
}

MemberId id_of(const std::string& number) {
  return *MemberId::from(
      crypto::sha256({view("a member of a test"), view(number)}).view().first(MemberId::size));
}

int write(const char* path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return file.good() ? 0 : 1;
}

int make_request(char** values) {
  const std::string number = values[4];
  const std::string keys = number + "/" + values[5];
  const auto author = key_of(keys + "/author/0");
  const auto receipt = key_of(keys + "/receipt");
  const auto witness = key_of(keys + "/witness");
  Member member;
  member.id = id_of(number);
  member.name = values[2];
  member.kind = parse_member_kind(values[3]).value();
  member.capabilities = default_capabilities(member.kind);
  member.incarnation = static_cast<std::uint32_t>(std::strtoul(values[5], nullptr, 10));
  member.author = *AuthorKey::from(author.public_key().view());
  member.receipt = *ReceiptKey::from(receipt.public_key().view());
  member.witness = *WitnessKey::from(witness.public_key().view());
  member.transport = *TransportKey::from(key_of(keys + "/transport").public_key().view());
  member.endpoint = "tcp://127.0.0.1:" + std::to_string(7000 + std::atoi(values[4]));
  return write(values[6],
               make_join_request(read_network(values[1]), member, author, receipt, witness));
}

int make_rotation_of(char** values) {
  const std::string number = values[3];
  const std::string keys = number + "/1";
  Rotation rotation;
  rotation.network = read_network(values[2]);
  rotation.member = id_of(number);
  rotation.serial = std::strtoull(values[4], nullptr, 10);
  rotation.created = {1'800'000'000'000};
  const auto present = key_of(keys + "/author/" + std::to_string(rotation.serial - 1));
  const auto author = key_of(keys + "/author/" + std::to_string(rotation.serial));
  const auto receipt = key_of(keys + "/receipt");
  const auto witness = key_of(keys + "/witness");
  rotation.author = *AuthorKey::from(author.public_key().view());
  rotation.receipt = *ReceiptKey::from(receipt.public_key().view());
  rotation.witness = *WitnessKey::from(witness.public_key().view());
  rotation.transport = *TransportKey::from(key_of(keys + "/transport").public_key().view());
  rotation.endpoint = "tcp://127.0.0.1:" + std::to_string(7000 + std::atoi(values[3]));
  return write(values[5], make_rotation(rotation, present, {author, receipt, witness}));
}

}  // namespace

int main(int count, char** values) {
  CHECK(hamroh::crypto::start());
  if (count == 7) {
    return make_request(values);
  }
  if (count == 6 && std::string(values[1]) == "--rotation") {
    return make_rotation_of(values);
  }
  std::fputs("see the first lines of tests/e2e/request_main.cc\n", stderr);
  return 2;
}
