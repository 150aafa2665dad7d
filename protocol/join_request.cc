#include "protocol/join_request.h"

#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char request_file[] = "HREQ";

}  // namespace

Bytes make_join_request(const NetworkId& network, const Member& member,
                        const crypto::SigningKey& author, const crypto::SigningKey& receipt,
                        const crypto::SigningKey& witness) {
  const Bytes payload = wire::encode_request(
      {network, member, prove_possessions(network, member.id, author, receipt, witness)});
  // The whole statement under the author key: it vouches for name, endpoint and transport key.
  return wire::encode_signed_file(
      {payload, {sign_as(labels::join_request, payload, network, author)}}, request_file);
}

Result<JoinRequest> parse_join_request(ByteView bytes) {
  HAMROH_ASSIGN(SignedPayload file,
                wire::parse_signed_file(bytes, request_file, limits::statement_bytes_max));
  HAMROH_ASSIGN(const wire::RequestParts parts, wire::parse_request(file.payload));
  HAMROH_TRY(check_distinct({&parts.member, 1}));
  HAMROH_TRY(check_possessions(parts.network, parts.member, parts.possessions));
  const bool stated =
      file.signatures.size() == 1 &&
      std::ranges::equal(file.signatures[0].key.view(), parts.member.author.view()) &&
      crypto::verify(*SigningPublicKey::from(parts.member.author.view()),
                     signed_bytes(labels::join_request, parts.network, file.payload),
                     file.signatures[0].signature);
  if (!stated) {
    return peer_error(Code::bad_signature, "a request is not signed with its author key");
  }
  return JoinRequest{parts.network, parts.member, std::move(file.payload)};
}

}  // namespace hamroh
