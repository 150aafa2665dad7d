// Shamir's secret sharing ("How to share a secret", CACM 1979) of a 32-byte key, byte by byte over
// GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1. Fewer shares than the threshold say nothing
// at all about the key.
//
// Written here, in constant time and in few lines, instead of taking Debian's libgfshare: that one
// looks logarithms up in tables by secret bytes, keeps coefficients in memory that is neither
// locked nor wiped, and draws them from rand() unless told otherwise (SPEC.md, section 15).
#pragma once

#include <span>
#include <vector>

#include "protocol/crypto.h"
#include "protocol/ports.h"

namespace hamroh {

struct KeyShare {
  std::uint8_t index = 0;  // where the polynomials were evaluated; never 0, where the key lies
  SymmetricKey value;
};

// Shares with the indices 1 to `shares`. 1 <= threshold <= shares <= 255 (else it is a bug).
struct ShareCount {
  std::uint8_t threshold = 0;
  std::uint8_t shares = 0;
  auto operator<=>(const ShareCount&) const = default;
};
[[nodiscard]] std::vector<KeyShare> split_key(const SymmetricKey& key, ShareCount count,
                                              Entropy& entropy);

// What as many shares as the threshold, of one split, were made from; out of fewer, or of several
// splits, comes some other key. Errors (caller): invalid_argument if an index is 0 or stands twice,
// or there are none.
[[nodiscard]] Result<SymmetricKey> combine_key(std::span<const KeyShare> shares);

}  // namespace hamroh
