// Constitutions, directories, requests, rotations and suspensions as FlatBuffers bytes; used by the
// rooms of their names only.
#pragma once

#include "protocol/directory.h"
#include "protocol/rotation.h"

namespace hamroh::wire {

[[nodiscard]] Bytes encode_signed_file(const SignedPayload& file, const char* identifier);
[[nodiscard]] Result<SignedPayload> parse_signed_file(ByteView bytes, const char* identifier,
                                                      std::size_t bytes_max);

// Several files in one, in order. Errors (peer): malformed, too_large.
[[nodiscard]] Bytes encode_files(std::span<const Bytes> files, const char* identifier);
[[nodiscard]] Result<std::vector<Bytes>> parse_files(ByteView bytes, const char* identifier,
                                                     std::size_t bytes_max, std::size_t files_max);

struct RequestParts {
  NetworkId network;
  Member member;
  Possessions possessions;
};
[[nodiscard]] Bytes encode_request(const RequestParts& request);
[[nodiscard]] Result<RequestParts> parse_request(ByteView payload);

struct RotationParts {
  Rotation rotation;
  Possessions possessions;
};
[[nodiscard]] Bytes encode_rotation(const RotationParts& parts);
[[nodiscard]] Result<RotationParts> parse_rotation(ByteView payload);

}  // namespace hamroh::wire
