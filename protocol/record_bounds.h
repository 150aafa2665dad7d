// The bounds that every Store keeps alike, so that code proven over one store works over another.
//
// Keys of integer-keyed tables are exactly key_u64(n) with n < 2^63 (SQLite's row ids are signed);
// others have 1 to 64 bytes. A value has at most 1 MiB where it is written; what a SealedStore adds
// to a value counts.
#pragma once

#include "protocol/ports.h"

namespace hamroh {

inline constexpr std::size_t key_bytes_max = 64;
inline constexpr std::size_t record_bytes_max = 1024 * 1024;

[[nodiscard]] inline Status check_key(Table table, ByteView key) {
  if (is_integer_keyed(table)) {
    if (key.size() != 8 || (key[0] & 0x80) != 0) {
      return caller_error(Code::invalid_argument, "an integer key is eight bytes below 2^63");
    }
    return {};
  }
  if (key.empty() || key.size() > key_bytes_max) {
    return caller_error(Code::invalid_argument, "a key is 1 to 64 bytes");
  }
  return {};
}

[[nodiscard]] inline Status check_record(Table table, ByteView key, ByteView value) {
  if (value.size() > record_bytes_max) {
    return caller_error(Code::too_large, "a record is at most 1 MiB");
  }
  return check_key(table, key);
}

}  // namespace hamroh
