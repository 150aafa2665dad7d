// How hostile FlatBuffers bytes are opened. Included by wire*.cc only.
//
// Bound the length, copy to aligned memory, check the identifier, run the Verifier with depth 8 and
// 256 tables (its defaults let a 332-byte message cost a million visits). What it cannot check
// (enums, absent fields, UTF-8, order, duplicates, lengths) is the caller's validator's business,
// which returns a plain struct; nothing else touches the buffer.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <vector>

#include "protocol/constants.h"
#include "protocol/types.h"

namespace hamroh::wire {

template <class Root>
class Buffer {
 public:
  // Errors (peer): too_large, malformed.
  [[nodiscard]] static Result<Buffer> open(ByteView bytes, const char* identifier,
                                           std::size_t bytes_max,
                                           unsigned tables_max = limits::verifier_tables_max) {
    if (bytes.size() > bytes_max) {
      return peer_error(Code::too_large, "a wire structure is over its bound");
    }
    if (bytes.size() < 12) {
      return peer_error(Code::malformed, "a wire structure is too short");
    }
    Buffer buffer(bytes);
    flatbuffers::Verifier verifier(buffer.data(), bytes.size(), limits::verifier_depth_max,
                                   tables_max);
    if (!flatbuffers::BufferHasIdentifier(buffer.data(), identifier) ||
        !verifier.VerifyBuffer<Root>(identifier)) {
      return peer_error(Code::malformed, "a wire structure does not verify");
    }
    return buffer;
  }
  [[nodiscard]] const Root* operator->() const { return flatbuffers::GetRoot<Root>(data()); }
  [[nodiscard]] const Root& operator*() const { return *flatbuffers::GetRoot<Root>(data()); }

 private:
  struct alignas(16) Block {
    std::uint8_t bytes[16];
  };
  explicit Buffer(ByteView bytes) : blocks_((bytes.size() + 15) / 16) {
    std::memcpy(blocks_.data(), bytes.data(), bytes.size());
  }
  [[nodiscard]] const std::uint8_t* data() const {
    return reinterpret_cast<const std::uint8_t*>(blocks_.data());
  }
  std::vector<Block> blocks_;
};

// The bytes of a vector field; empty if absent.
[[nodiscard]] inline ByteView bytes_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  return vector == nullptr ? ByteView{} : ByteView{vector->data(), vector->size()};
}
// A field that must hold exactly as many bytes as Fixed.
template <class Fixed>
[[nodiscard]] Result<Fixed> fixed_of(const flatbuffers::Vector<std::uint8_t>* vector) {
  auto value = Fixed::from(bytes_of(vector));
  if (!value) {
    return peer_error(Code::malformed, "an identifier, key or hash has a wrong length");
  }
  return *value;
}
[[nodiscard]] inline Bytes finished(const flatbuffers::FlatBufferBuilder& builder) {
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace hamroh::wire
