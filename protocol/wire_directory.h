// Constitutions, directories, requests and suspensions as FlatBuffers bytes; used by directory.cc
// only.
#pragma once

#include "protocol/directory.h"

namespace hamroh::wire {

[[nodiscard]] Bytes encode_signed_file(const SignedPayload& file, const char* identifier);
[[nodiscard]] Result<SignedPayload> parse_signed_file(ByteView bytes, const char* identifier,
                                                      std::size_t bytes_max);

struct RequestParts {
  NetworkId network;
  Member member;
  Signature author_possession;
  Signature receipt_possession;
  Signature witness_possession;
};
[[nodiscard]] Bytes encode_request(const RequestParts& request);
[[nodiscard]] Result<RequestParts> parse_request(ByteView payload);
[[nodiscard]] Result<Suspension> parse_suspension(ByteView payload);

}  // namespace hamroh::wire
