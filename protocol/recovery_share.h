// Recovery shares: what each officer of an organisation keeps on paper, so that enough of them
// together can open the vault again when its keys are lost or were destroyed.
//
// A share is 80 bytes:
//   version u8 (1) ‖ network[8] (its first bytes) ‖ member[16] ‖ split[8] ‖
//   threshold u8 ‖ shares u8 ‖ index u8 ‖ value[32] ‖
//   check[12] = the first bytes of SHA-256(L(recovery) ‖ 1 u8 ‖ the 68 bytes before)
// `split` = the first 8 bytes of SHA-256(L(recovery) ‖ 3 u8 ‖ recovery key): it names one split,
// and shows that shares have led back to the right key.
//
// On paper it is eight lines of 10 bytes each, in Crockford's base32 (no I, L, O, U), which are
// read and typed in groups of four:
//   3  8N5J-2RTW-0C4K-QMZV  7HDG
// The last group is the first 20 bits of SHA-256(L(recovery) ‖ 2 u8 ‖ line u8 ‖ the 10 bytes): it
// finds the line that was mistyped. A QR code has "HAMROH-SHARE-1:" and the 128 letters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/shamir.h"

namespace hamroh {

using SplitId = FixedBytes<struct SplitIdTag, 8>;
using NetworkStart = FixedBytes<struct NetworkStartTag, 8>;

inline constexpr std::size_t recovery_share_bytes = 80;
inline constexpr std::size_t recovery_share_lines = 8;
inline constexpr std::size_t recovery_share_file_bytes_max = 64 * 1024;
// With a threshold of one each officer alone could open everything.
inline constexpr std::uint8_t recovery_threshold_min = 2;
inline constexpr std::uint8_t recovery_shares_max = 16;
[[nodiscard]] inline bool is_allowed(ShareCount count) {
  return count.threshold >= recovery_threshold_min && count.threshold <= count.shares &&
         count.shares <= recovery_shares_max;
}

// What all shares of one split have in common.
struct RecoverySplit {
  NetworkStart network;
  MemberId member;
  SplitId id;
  ShareCount count;
  auto operator<=>(const RecoverySplit&) const = default;
};

struct RecoveryShare {
  RecoverySplit split;
  KeyShare share;
};

[[nodiscard]] NetworkStart start_of(const NetworkId& network);
[[nodiscard]] SplitId split_id_of(const SymmetricKey& recovery_key);

// recovery_share_bytes. Whoever gets them wipes them.
[[nodiscard]] Bytes encode(const RecoveryShare& share);
// Errors (caller): malformed, unsupported_version.
[[nodiscard]] Result<RecoveryShare> parse_recovery_share(ByteView bytes);

// The eight lines, each with its newline; and the text of the QR code.
[[nodiscard]] std::string recovery_share_text(ByteView encoded);
[[nodiscard]] std::string recovery_share_code(ByteView encoded);
// Finds the eight lines in a text in which other lines may stand as well, in any order; upper and
// lower case, O for 0, I and L for 1, and blanks for hyphens are taken. Or the text of a QR code.
// Errors (caller): malformed; the text says which line.
[[nodiscard]] Result<RecoveryShare> read_recovery_share(std::string_view text);

// Why some shares do not lead to the key. `which` counts from 0.
struct ShareFault {
  Code code = Code::none;
  const char* text = "";
  std::optional<std::size_t> which;
};
// Shares of one split, as many as it takes or more, each once; and that they lead to its key.
[[nodiscard]] tl::expected<SymmetricKey, ShareFault> recover_key(
    const std::vector<RecoveryShare>& shares);

}  // namespace hamroh
