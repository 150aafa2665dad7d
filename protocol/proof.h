// Merkle trees of RFC 6962 / RFC 9162: hashes, inclusion, consistency, compact ranges and
// multiproofs.
//
// Pure functions over hashes; no storage. The multiproof is ours; SPEC.md section "Multiproof"
// defines it. It proves, in one canonical depth-first list of hashes, that
//   (1) each given leaf lies at its index in the tree of `size` leaves with the given root, and
//   (2) that tree extends the tree of `base.size` leaves whose compact range the verifier holds.
// An empty leaf list makes it a consistency proof; base size 0 makes it an inclusion proof of many.
#pragma once

#include <span>
#include <vector>

#include "protocol/crypto.h"

namespace hamroh {

// leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖ left ‖ right), empty tree = SHA-256("").
[[nodiscard]] Digest leaf_hash(ByteView data);
[[nodiscard]] Digest node_hash(const Digest& left, const Digest& right);
[[nodiscard]] Digest empty_root();

// The roots of the maximal perfect subtrees that make up the first `size` leaves, left to right:
// one for each 1 bit of `size`, so at most 64 hashes stand for a tree of any size.
struct CompactRange {
  std::uint64_t size = 0;
  std::vector<Digest> roots;
  bool operator==(const CompactRange&) const = default;

  void append(const Digest& leaf);
  [[nodiscard]] Digest root() const;
  // size u64 ‖ roots; parse refuses a count of roots that does not fit the size.
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<CompactRange> parse(ByteView bytes);
};

struct ProvenLeaf {
  std::uint64_t index = 0;
  Digest leaf;
  bool operator==(const ProvenLeaf&) const = default;
};

// Verifies and returns the compact range of the tree of `size`. `leaves` must be sorted by strictly
// rising index below `size`, base.size <= size, and every hash of the proof must be used.
// Errors (peer): bad_proof; fork if the leaves and root agree only with another base is not told
// apart here: a wrong base is bad_proof.
[[nodiscard]] Result<CompactRange> verify_multiproof(std::uint64_t size, const Digest& root,
                                                     const CompactRange& base,
                                                     std::span<const ProvenLeaf> leaves,
                                                     std::span<const Digest> hashes);

// The RFC 9162 inclusion path (bottom up) of leaves[which], rebuilt from a multiproof that
// verifies.
[[nodiscard]] Result<std::vector<Digest>> inclusion_path(std::uint64_t size, const Digest& root,
                                                         const CompactRange& base,
                                                         std::span<const ProvenLeaf> leaves,
                                                         std::span<const Digest> hashes,
                                                         std::size_t which);

// The prover's side: asks `subtree(level, index)` for the root of the perfect subtree of 2^level
// leaves that begins at leaf index·2^level, for the hashes that the multiproof needs, in order.
using SubtreeHash = std::function<Result<Digest>(unsigned level, std::uint64_t index)>;
[[nodiscard]] Result<std::vector<Digest>> make_multiproof(std::uint64_t size,
                                                          std::uint64_t base_size,
                                                          std::span<const std::uint64_t> indices,
                                                          const SubtreeHash& subtree);
[[nodiscard]] Result<CompactRange> make_compact_range(std::uint64_t size,
                                                      const SubtreeHash& subtree);

// RFC 9162 sections 2.1.3.2 and 2.1.4.2. Consistency from size 0 is refused.
[[nodiscard]] Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                                      std::span<const Digest> path, const Digest& root);
[[nodiscard]] Status verify_consistency(std::uint64_t size1, std::uint64_t size2,
                                        const Digest& root1, const Digest& root2,
                                        std::span<const Digest> path);

}  // namespace hamroh
