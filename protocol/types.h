// Typed identifiers, keys, digests and times.
//
// Every identifier is a fixed-size array of bytes with a type of its own, so that a member id
// cannot be passed where a message id is meant. Comparison is bytewise, hex is lower case, and a
// time is a plain count of milliseconds since 1970 (UTC), because wall time is for people and
// deadlines only.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.h"

namespace hamroh {

using Bytes = std::vector<std::uint8_t>;
// Borrowed bytes; never outlives the call that receives it.
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view hex);
// Standard base64 with padding (RFC 4648 section 4), strict: decoding refuses what would not be
// encoded identically.
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view base64);

template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t size = N;
  std::array<std::uint8_t, N> bytes{};

  [[nodiscard]] ByteView view() const { return {bytes.data(), N}; }
  [[nodiscard]] std::string hex() const { return to_hex(view()); }
  [[nodiscard]] bool is_zero() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  }
  auto operator<=>(const FixedBytes&) const = default;

  // Copies exactly N bytes; nothing if `from` has another length.
  [[nodiscard]] static std::optional<FixedBytes> from(ByteView from) {
    if (from.size() != N) {
      return std::nullopt;
    }
    FixedBytes value;
    std::memcpy(value.bytes.data(), from.data(), N);
    return value;
  }
  [[nodiscard]] static std::optional<FixedBytes> parse_hex(std::string_view hex) {
    auto raw = from_hex(hex);
    return raw ? from(*raw) : std::nullopt;
  }
};

using NetworkId = FixedBytes<struct NetworkIdTag, 32>;  // hash of the founding constitution
using MemberId = FixedBytes<struct MemberIdTag, 16>;    // random; independent of all keys
using MessageId = FixedBytes<struct MessageIdTag, 16>;  // UUIDv7 made by the client
using CaseId = FixedBytes<struct CaseIdTag, 16>;        // the id of the message that opened it
using UserId = FixedBytes<struct UserIdTag, 16>;        // a person or program of this organisation
// How a user stands in the messages of one case; only the user's organisation can tell who it is.
using Pseudonym = FixedBytes<struct PseudonymTag, 16>;
using TaskId = FixedBytes<struct TaskIdTag, 16>;          // of what waits for a second person
using EpochKeyId = FixedBytes<struct EpochKeyIdTag, 16>;  // first half of a hash of the public key
using Digest = FixedBytes<struct DigestTag, 32>;          // SHA-256
using Salt = FixedBytes<struct SaltTag, 16>;
using AuthorKey = FixedBytes<struct AuthorKeyTag, 32>;  // Ed25519 public keys, one per purpose
using ReceiptKey = FixedBytes<struct ReceiptKeyTag, 32>;
using WitnessKey = FixedBytes<struct WitnessKeyTag, 32>;
using AdminKey = FixedBytes<struct AdminKeyTag, 32>;
using TransportKey = FixedBytes<struct TransportKeyTag, 32>;          // CURVE (X25519) public key
using EpochKey = FixedBytes<struct EpochKeyTag, 32>;                  // X25519 public key
using SigningPublicKey = FixedBytes<struct SigningPublicKeyTag, 32>;  // any Ed25519 key, to verify
using Signature = FixedBytes<struct SignatureTag, 64>;

// 8-4-4-4-12 form of a 16-byte id, lower case.
template <class Tag>
[[nodiscard]] std::string to_uuid(const FixedBytes<Tag, 16>& id) {
  std::string hex = id.hex();
  for (std::size_t at : {20U, 16U, 12U, 8U}) {
    hex.insert(at, 1, '-');
  }
  return hex;
}
// Accepts 32 hex digits with or without the four hyphens in their places.
[[nodiscard]] std::optional<Bytes> parse_uuid(std::string_view text);

struct Timestamp {
  std::uint64_t ms = 0;  // milliseconds since 1970-01-01T00:00:00Z
  auto operator<=>(const Timestamp&) const = default;
};
struct Duration {
  std::uint64_t ms = 0;
  auto operator<=>(const Duration&) const = default;
};
// Saturating, so that a clock at either end of time cannot wrap.
[[nodiscard]] inline Timestamp operator+(Timestamp t, Duration d) {
  return {t.ms > UINT64_MAX - d.ms ? UINT64_MAX : t.ms + d.ms};
}
[[nodiscard]] inline Duration operator-(Timestamp a, Timestamp b) {
  return {a.ms > b.ms ? a.ms - b.ms : 0};
}
inline constexpr Duration milliseconds(std::uint64_t n) {
  return {n};
}
inline constexpr Duration seconds(std::uint64_t n) {
  return {n * 1000};
}
inline constexpr Duration minutes(std::uint64_t n) {
  return {n * 60'000};
}
inline constexpr Duration hours(std::uint64_t n) {
  return {n * 3'600'000};
}
inline constexpr Duration days(std::uint64_t n) {
  return {n * 86'400'000};
}

// "2026-11-20T08:15:30.123Z"; years past 9999 are printed as "9999-12-31T23:59:59.999Z".
[[nodiscard]] std::string to_iso8601(Timestamp t);

// Big-endian integers, the only integer form in hand-laid bytes.
void put_u8(Bytes& out, std::uint8_t v);
void put_u16(Bytes& out, std::uint16_t v);
void put_u32(Bytes& out, std::uint32_t v);
void put_u64(Bytes& out, std::uint64_t v);
[[nodiscard]] Bytes key_u64(std::uint64_t v);  // eight bytes, ordered like the number

// Reads hand-laid bytes front to back. After the first short read `ok()` is false for ever and
// every further value is zero or empty, so a parser checks once, at its end.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint16_t u16();
  [[nodiscard]] std::uint32_t u32();
  [[nodiscard]] std::uint64_t u64();
  [[nodiscard]] ByteView take(std::size_t length);
  template <class Fixed>
  [[nodiscard]] Fixed fixed() {
    Fixed value;
    ByteView raw = take(Fixed::size);
    if (raw.size() == Fixed::size) {
      std::memcpy(value.bytes.data(), raw.data(), Fixed::size);
    }
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  // True if everything was read, nothing is left over and nothing was short.
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace hamroh
