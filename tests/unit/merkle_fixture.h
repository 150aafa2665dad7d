// A Merkle tree written straight from the definitions of RFC 6962 section 2.1, slow and without any
// code of the product, against which the product's trees and proofs are held.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

#include "protocol/proof.h"

namespace hamroh::merkle_fixture {

inline Digest plain_node(const Digest& left, const Digest& right) {
  constexpr std::array<std::uint8_t, 1> prefix{0x01};
  return crypto::sha256({prefix, left.view(), right.view()});
}

class ReferenceTree {
 public:
  explicit ReferenceTree(std::vector<Digest> leaves) : leaves_(std::move(leaves)) {}

  [[nodiscard]] const Digest& leaf(std::uint64_t index) const { return leaves_[index]; }
  [[nodiscard]] Digest root(std::uint64_t size) const { return hash(0, size); }

  // MTH of the leaves [lo, hi).
  [[nodiscard]] Digest hash(std::uint64_t lo, std::uint64_t hi) const {
    if (lo == hi) {
      return crypto::sha256({});
    }
    if (hi - lo == 1) {
      return leaves_[lo];
    }
    const std::uint64_t middle = lo + split(hi - lo);
    return plain_node(hash(lo, middle), hash(middle, hi));
  }

  // PATH(index, D[size]), section 2.1.1.
  [[nodiscard]] std::vector<Digest> path(std::uint64_t index, std::uint64_t size) const {
    std::vector<Digest> out;
    add_path(index, 0, size, out);
    return out;
  }

  // PROOF(size1, D[size2]), section 2.1.2.
  [[nodiscard]] std::vector<Digest> consistency(std::uint64_t size1, std::uint64_t size2) const {
    std::vector<Digest> out;
    add_consistency(size1, 0, size2, true, out);
    return out;
  }

  [[nodiscard]] CompactRange range(std::uint64_t size) const {
    CompactRange range;
    for (unsigned level = 64; level-- > 0;) {
      if (((size >> level) & 1U) != 0) {
        const std::uint64_t end = range.size + (std::uint64_t{1} << level);
        range.roots.push_back(hash(range.size, end));
        range.size = end;
      }
    }
    return range;
  }

  [[nodiscard]] SubtreeHash subtree() const {
    return [this](unsigned level, std::uint64_t index) -> Result<Digest> {
      return hash(index << level, (index + 1) << level);
    };
  }

 private:
  static std::uint64_t split(std::uint64_t count) {
    std::uint64_t half = 1;
    while (half * 2 < count) {
      half *= 2;
    }
    return half;
  }
  void add_path(std::uint64_t index, std::uint64_t lo, std::uint64_t hi,
                std::vector<Digest>& out) const {
    if (hi - lo == 1) {
      return;
    }
    const std::uint64_t middle = lo + split(hi - lo);
    if (index < middle) {
      add_path(index, lo, middle, out);
      out.push_back(hash(middle, hi));
    } else {
      add_path(index, middle, hi, out);
      out.push_back(hash(lo, middle));
    }
  }
  void add_consistency(std::uint64_t size1, std::uint64_t lo, std::uint64_t hi, bool whole,
                       std::vector<Digest>& out) const {
    if (size1 == hi) {
      if (!whole) {
        out.push_back(hash(lo, hi));
      }
      return;
    }
    const std::uint64_t middle = lo + split(hi - lo);
    if (size1 <= middle) {
      add_consistency(size1, lo, middle, whole, out);
      out.push_back(hash(middle, hi));
    } else {
      add_consistency(size1, middle, hi, false, out);
      out.push_back(hash(lo, middle));
    }
  }

  std::vector<Digest> leaves_;
};

inline std::vector<Digest> numbered_leaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(leaf_hash(key_u64(i)));
  }
  return leaves;
}

inline Digest flipped(Digest digest) {
  digest.bytes[7] ^= 0x10;
  return digest;
}

}  // namespace hamroh::merkle_fixture
