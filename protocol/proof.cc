#include "protocol/proof.h"

#include <bit>
#include <utility>

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint64_t size_max = std::uint64_t{1} << 63;  // integer keys of the store end there

std::uint64_t split_of(std::uint64_t count) {
  return std::bit_floor(count - 1);
}

tl::unexpected<Error> bad_proof() {
  return peer_error(Code::bad_proof, "a Merkle proof does not lead to the signed root");
}

struct Span {
  std::uint64_t lo = 0;
  std::uint64_t hi = 0;
  [[nodiscard]] std::uint64_t count() const { return hi - lo; }
};

// The recursion that prover and verifier share. It begins with [0, size), splits a node at the
// largest power of two below its count and goes left first. A node is perfect if its count is a
// power of two. For each node, the first rule that fits says what its hash is:
//   1. A perfect node with hi <= base, met outside any other such node, is one of the perfect
//   subtrees
//      of the base's compact range. Without proven leaf its hash is the known one and nothing is
//      taken from the proof (`known`). With proven leaves it is opened by the rules below, now
//      inside the base, and what comes out must equal the known hash (`checked`).
//   2. A proven leaf has its leaf hash (`leaf`).
//   3. A perfect node without proven leaf that begins at or behind the base, or lies inside an
//   opened
//      node of the base, has the next hash of the proof (`taken`).
//   4. Every other node is split and its hash is that of its children's (`join`): it straddles the
//   base,
//      holds proven leaves or is not perfect.
// Since nodes that are not perfect are always split, every root of the compact range of `size` is
// met, left to right (`root`), and the verifier can keep that range as its next base. The depth is
// at most 64, and each proven leaf, the base's edge and the right spine open at most one node of
// each level: no hashes can make it longer.
template <class Visitor>
class Walk {
 public:
  using Hash = typename Visitor::Hash;
  Walk(Visitor& visitor, std::uint64_t base_size, std::span<const std::uint64_t> indices)
      : visitor_(visitor), base_size_(base_size), indices_(indices) {}

  // `spine`: the node is the tree itself or, from there down, a child of a node that is not
  // perfect. The perfect ones among these are the roots of the compact range of `size`.
  Result<Hash> visit(Span span, bool inside_base, bool spine) {
    const bool perfect = std::has_single_bit(span.count());
    HAMROH_ASSIGN(Hash hash, hash_of(span, inside_base, spine && !perfect));
    if (spine && perfect) {
      visitor_.root(span, hash);
    }
    return hash;
  }

 private:
  Result<Hash> hash_of(Span span, bool inside_base, bool children_on_spine) {
    const bool proven = next_ < indices_.size() && indices_[next_] < span.hi;
    const bool perfect = std::has_single_bit(span.count());
    const bool enters_base = !inside_base && perfect && span.hi <= base_size_;
    if (enters_base && !proven) {
      return visitor_.known(span);
    }
    if (span.count() == 1 && proven) {
      ++next_;
      HAMROH_ASSIGN(Hash hash, visitor_.leaf(next_ - 1));
      HAMROH_TRY(enters_base ? visitor_.checked(span, hash) : Status{});
      return hash;
    }
    if (!proven && perfect && (inside_base || span.lo >= base_size_)) {
      return visitor_.taken(span);
    }
    const std::uint64_t middle = span.lo + split_of(span.count());
    const bool inside = inside_base || enters_base;
    HAMROH_ASSIGN(Hash left, visit({span.lo, middle}, inside, children_on_spine));
    HAMROH_ASSIGN(Hash right, visit({middle, span.hi}, inside, children_on_spine));
    HAMROH_ASSIGN(Hash hash, visitor_.join(left, right, span));
    HAMROH_TRY(enters_base ? visitor_.checked(span, hash) : Status{});
    return hash;
  }

  Visitor& visitor_;
  std::uint64_t base_size_;
  std::span<const std::uint64_t> indices_;
  std::size_t next_ = 0;
};

// Position of the base's perfect subtree that begins at `lo` among its roots.
std::size_t root_position(std::uint64_t size, std::uint64_t lo) {
  std::size_t position = 0;
  std::uint64_t at = 0;
  while (at < lo) {
    const std::uint64_t step = std::bit_floor(size - at);
    at += step;
    ++position;
  }
  return position;
}

struct Verifier {
  using Hash = Digest;
  const CompactRange& base;
  std::span<const ProvenLeaf> leaves;
  std::span<const Digest> hashes;
  CompactRange range;  // collected on the way
  std::size_t used = 0;
  // For inclusion paths: which leaf, and the siblings met on the way up from it.
  std::optional<std::uint64_t> target;
  std::vector<Digest> path;

  void root(Span span, const Digest& hash) {
    range.roots.push_back(hash);
    range.size = span.hi;
  }
  Result<Digest> known(Span span) { return base.roots[root_position(base.size, span.lo)]; }
  Status checked(Span span, const Digest& hash) {
    if (base.roots[root_position(base.size, span.lo)] != hash) {
      return bad_proof();
    }
    return {};
  }
  Result<Digest> taken(Span) {
    if (used == hashes.size()) {
      return bad_proof();
    }
    return hashes[used++];
  }
  Result<Digest> leaf(std::size_t which) { return leaves[which].leaf; }
  Result<Digest> join(const Digest& left, const Digest& right, Span span) {
    const Digest hash = node_hash(left, right);
    if (target && *target >= span.lo && *target < span.hi) {
      const std::uint64_t middle = span.lo + split_of(span.count());
      path.push_back(*target < middle ? right : left);
    }
    return hash;
  }
};

struct Prover {
  struct Nothing {};
  using Hash = Nothing;
  const SubtreeHash& subtree;
  std::vector<Digest> hashes;

  Result<Nothing> known(Span) { return Nothing{}; }
  Status checked(Span, Nothing) { return {}; }
  Result<Nothing> taken(Span span) {
    const auto level = static_cast<unsigned>(std::countr_zero(span.count()));
    HAMROH_ASSIGN(const Digest hash, subtree(level, span.lo >> level));
    hashes.push_back(hash);
    return Nothing{};
  }
  Result<Nothing> leaf(std::size_t) { return Nothing{}; }
  Result<Nothing> join(Nothing, Nothing, Span) { return Nothing{}; }
  void root(Span, Nothing) {}
};

Result<Verifier> run_verifier(std::uint64_t size, const Digest& root, const CompactRange& base,
                              std::span<const ProvenLeaf> leaves, std::span<const Digest> hashes,
                              std::optional<std::uint64_t> target) {
  if (size > size_max || base.size > size || leaves.size() > limits::proof_leaves_max ||
      hashes.size() > limits::proof_hashes_max ||
      base.roots.size() != static_cast<std::size_t>(std::popcount(base.size))) {
    return bad_proof();
  }
  std::vector<std::uint64_t> indices;
  indices.reserve(leaves.size());
  for (const ProvenLeaf& leaf : leaves) {
    if (leaf.index >= size || (!indices.empty() && indices.back() >= leaf.index)) {
      return bad_proof();
    }
    indices.push_back(leaf.index);
  }
  Verifier verifier{base, leaves, hashes, {}, 0, target, {}};
  if (size == 0) {
    if (!hashes.empty() || root != empty_root()) {
      return bad_proof();
    }
    return verifier;
  }
  Walk<Verifier> walk(verifier, base.size, indices);
  HAMROH_ASSIGN(const Digest computed, walk.visit({0, size}, false, true));
  if (computed != root || verifier.used != hashes.size()) {
    return bad_proof();
  }
  CHECK(verifier.range.size == size);
  return verifier;
}

}  // namespace

Digest leaf_hash(ByteView data) {
  constexpr std::uint8_t prefix = 0x00;
  return crypto::sha256({ByteView(&prefix, 1), data});
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> block;
  block[0] = 0x01;
  std::memcpy(block.data() + 1, left.bytes.data(), 32);
  std::memcpy(block.data() + 33, right.bytes.data(), 32);
  return crypto::sha256({block});
}

Digest empty_root() {
  return crypto::sha256({});
}

void CompactRange::append(const Digest& leaf) {
  Digest hash = leaf;
  for (std::uint64_t carry = size; (carry & 1U) != 0; carry >>= 1U) {
    hash = node_hash(roots.back(), hash);
    roots.pop_back();
  }
  roots.push_back(hash);
  ++size;
}

Digest CompactRange::root() const {
  if (roots.empty()) {
    return empty_root();
  }
  Digest hash = roots.back();
  for (std::size_t i = roots.size() - 1; i > 0; --i) {
    hash = node_hash(roots[i - 1], hash);
  }
  return hash;
}

Bytes CompactRange::encode() const {
  Bytes out;
  put_u64(out, size);
  for (const Digest& root : roots) {
    hamroh::append(out, root.view());
  }
  return out;
}

Result<CompactRange> CompactRange::parse(ByteView bytes) {
  ByteReader reader(bytes);
  CompactRange range;
  range.size = reader.u64();
  const int count = std::popcount(range.size);
  for (int i = 0; i < count && reader.ok(); ++i) {
    range.roots.push_back(reader.fixed<Digest>());
  }
  if (!reader.finished()) {
    return peer_error(Code::malformed, "a compact range has a wrong length");
  }
  return range;
}

Result<CompactRange> verify_multiproof(std::uint64_t size, const Digest& root,
                                       const CompactRange& base, std::span<const ProvenLeaf> leaves,
                                       std::span<const Digest> hashes) {
  HAMROH_ASSIGN(Verifier verifier, run_verifier(size, root, base, leaves, hashes, std::nullopt));
  return std::move(verifier.range);
}

Result<std::vector<Digest>> inclusion_path(std::uint64_t size, const Digest& root,
                                           const CompactRange& base,
                                           std::span<const ProvenLeaf> leaves,
                                           std::span<const Digest> hashes, std::size_t which) {
  CHECK(which < leaves.size());
  HAMROH_ASSIGN(Verifier verifier,
                run_verifier(size, root, base, leaves, hashes, leaves[which].index));
  return std::move(verifier.path);
}

Result<std::vector<Digest>> make_multiproof(std::uint64_t size, std::uint64_t base_size,
                                            std::span<const std::uint64_t> indices,
                                            const SubtreeHash& subtree) {
  CHECK(base_size <= size && size <= size_max);
  CHECK(std::ranges::adjacent_find(indices, std::ranges::greater_equal{}) == indices.end());
  CHECK(indices.empty() || indices.back() < size);
  Prover prover{subtree, {}};
  if (size > 0) {
    Walk<Prover> walk(prover, base_size, indices);
    HAMROH_TRY(walk.visit({0, size}, false, true));
  }
  return std::move(prover.hashes);
}

Result<CompactRange> make_compact_range(std::uint64_t size, const SubtreeHash& subtree) {
  CompactRange range;
  while (range.size < size) {
    const std::uint64_t step = std::bit_floor(size - range.size);
    const auto level = static_cast<unsigned>(std::countr_zero(step));
    HAMROH_ASSIGN(const Digest root, subtree(level, range.size >> level));
    range.roots.push_back(root);
    range.size += step;
  }
  return range;
}

Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                        std::span<const Digest> path, const Digest& root) {
  if (index >= size) {
    return bad_proof();
  }
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : path) {
    if (sn == 0) {
      return bad_proof();
    }
    if ((fn & 1U) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && hash == root ? Status{} : bad_proof();
}

Status verify_consistency(std::uint64_t size1, std::uint64_t size2, const Digest& root1,
                          const Digest& root2, std::span<const Digest> path) {
  if (size1 == 0 || size1 > size2) {
    return bad_proof();
  }
  if (size1 == size2) {
    return path.empty() && root1 == root2 ? Status{} : bad_proof();
  }
  if (path.empty()) {
    return bad_proof();
  }
  std::uint64_t fn = size1 - 1;
  std::uint64_t sn = size2 - 1;
  while ((fn & 1U) != 0) {
    fn >>= 1U;
    sn >>= 1U;
  }
  std::size_t at = 0;
  // RFC 9162 section 2.1.4.2: if size1 is a power of two, root1 itself begins the path.
  const Digest begin = std::has_single_bit(size1) ? root1 : path[at++];
  Digest first = begin;
  Digest second = begin;
  for (; at < path.size(); ++at) {
    if (sn == 0) {
      return bad_proof();
    }
    if ((fn & 1U) != 0 || fn == sn) {
      first = node_hash(path[at], first);
      second = node_hash(path[at], second);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      second = node_hash(second, path[at]);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && first == root1 && second == root2 ? Status{} : bad_proof();
}

}  // namespace hamroh
