// A request for admission: the new member's own statement. FlatBuffers root SignedFile, identifier
// HREQ; payload HRQP; one signature, by the author key that stands in it.
#pragma once

#include "protocol/constitution.h"
#include "protocol/member.h"

namespace hamroh {

struct JoinRequest {
  NetworkId network;
  // As it wishes to stand in the directory. A member that lost its keys asks under its old id, with
  // the next incarnation.
  Member member;
  Bytes payload;  // what its fingerprint is taken of
};
[[nodiscard]] Bytes make_join_request(const NetworkId& network, const Member& member,
                                      const crypto::SigningKey& author,
                                      const crypto::SigningKey& receipt,
                                      const crypto::SigningKey& witness);
// Verifies every proof in it. Errors (peer): malformed, too_large, bad_signature.
[[nodiscard]] Result<JoinRequest> parse_join_request(ByteView bytes);

}  // namespace hamroh
