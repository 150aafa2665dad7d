// Key sheets as FlatBuffers bytes; used by key_sheet.cc only.
#pragma once

#include "protocol/key_sheet.h"

namespace hamroh::wire {

struct SignedKeySheetParts {
  Bytes payload;
  Signature signature;
};

[[nodiscard]] Bytes encode_key_sheet(const KeySheet& sheet);
[[nodiscard]] Result<KeySheet> parse_key_sheet(ByteView payload);
[[nodiscard]] Bytes encode_signed_key_sheet(ByteView payload, const Signature& signature);
[[nodiscard]] Result<SignedKeySheetParts> parse_signed_key_sheet(ByteView file);

}  // namespace hamroh::wire
