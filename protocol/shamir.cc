#include "protocol/shamir.h"

namespace hamroh {
namespace {

using Element = std::uint8_t;
using Row = std::span<std::uint8_t, 32>;
using ConstantRow = std::span<const std::uint8_t, 32>;

// No branch and no table index depends on a or b.
Element multiply(Element a, Element b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (unsigned bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0U - (static_cast<unsigned>(b) >> bit & 1U));
    shifted = (shifted << 1U ^ (0x11BU & (0U - (shifted >> 7U & 1U)))) & 0xFFU;
  }
  return static_cast<Element>(product);
}

// a^254, which is the inverse of every a but 0.
Element inverse(Element a) {
  Element result = 1;
  Element square = a;
  for (unsigned bit = 1; bit < 8; ++bit) {
    square = multiply(square, square);
    result = multiply(result, square);
  }
  return result;
}

void multiply_and_add(Row row, Element by, ConstantRow added) {
  for (std::size_t at = 0; at < row.size(); ++at) {
    row[at] = static_cast<Element>(multiply(row[at], by) ^ added[at]);
  }
}

// The Lagrange coefficient of shares[which] at 0; minus is plus in this field.
Element weight(std::span<const KeyShare> shares, std::size_t which) {
  Element above = 1;
  Element below = 1;
  for (std::size_t other = 0; other < shares.size(); ++other) {
    if (other != which) {
      above = multiply(above, shares[other].index);
      below = multiply(below, static_cast<Element>(shares[other].index ^ shares[which].index));
    }
  }
  return multiply(above, inverse(below));
}

}  // namespace

std::vector<KeyShare> split_key(const SymmetricKey& key, ShareCount count, Entropy& entropy) {
  CHECK(count.threshold >= 1 && count.threshold <= count.shares);
  std::vector<SymmetricKey> coefficients;  // of x, x², …
  for (unsigned power = 1; power < count.threshold; ++power) {
    coefficients.push_back(SymmetricKey::make([&](Row out) { entropy.fill(out); }));
  }
  std::vector<KeyShare> shares;
  for (unsigned index = 1; index <= count.shares; ++index) {
    const auto x = static_cast<Element>(index);
    SymmetricKey value = SymmetricKey::make([&](Row row) {  // Horner, from the highest power down
      for (std::size_t at = coefficients.size(); at > 0; --at) {
        coefficients[at - 1].expose([&](ConstantRow raw) { multiply_and_add(row, x, raw); });
      }
      key.expose([&](ConstantRow raw) { multiply_and_add(row, x, raw); });
    });
    shares.push_back({x, std::move(value)});
  }
  return shares;
}

Result<SymmetricKey> combine_key(std::span<const KeyShare> shares) {
  std::array<bool, 256> seen{};
  for (const KeyShare& share : shares) {
    if (share.index == 0 || std::exchange(seen[share.index], true)) {
      return caller_error(Code::invalid_argument, "a share stands twice, or is none");
    }
  }
  if (shares.empty()) {
    return caller_error(Code::invalid_argument, "there are no shares");
  }
  return SymmetricKey::make([&](Row row) {
    for (std::size_t which = 0; which < shares.size(); ++which) {
      const Element by = weight(shares, which);
      shares[which].value.expose([&](ConstantRow raw) {
        for (std::size_t at = 0; at < row.size(); ++at) {
          row[at] ^= multiply(raw[at], by);
        }
      });
    }
  });
}

}  // namespace hamroh
