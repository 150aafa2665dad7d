// Multiproofs: whatever a peer puts in, the verifier neither crashes nor accepts another tree.

#include "protocol/proof.h"
#include "protocol/ledger.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

constexpr std::uint64_t tree_size = 21;
constexpr std::uint64_t base_size = 13;

Digest leaf_at(std::uint64_t index) {
  return leaf_hash(key_u64(index));
}

CompactRange range_of(std::uint64_t size) {
  CompactRange range;
  for (std::uint64_t i = 0; i < size; ++i) {
    range.append(leaf_at(i));
  }
  return range;
}

Result<Digest> subtree(unsigned level, std::uint64_t index) {
  CompactRange range;
  const std::uint64_t width = std::uint64_t{1} << level;
  for (std::uint64_t i = index * width; i < (index + 1) * width; ++i) {
    range.append(leaf_at(i));
  }
  return range.root();
}

// size u64 ‖ base u64 ‖ leaves u8 ‖ (index u64 ‖ leaf) … ‖ hashes …
Bytes encode(std::span<const std::uint64_t> indices) {
  const auto hashes = make_multiproof(tree_size, base_size, indices, subtree);
  CHECK(hashes);
  Bytes out;
  put_u64(out, tree_size);
  put_u64(out, base_size);
  put_u8(out, static_cast<std::uint8_t>(indices.size()));
  for (const std::uint64_t index : indices) {
    put_u64(out, index);
    append(out, leaf_at(index).view());
  }
  for (const Digest& hash : *hashes) {
    append(out, hash.view());
  }
  return out;
}

void run_multiproof(ByteView input) {
  ByteReader reader(input);
  const std::uint64_t size = reader.u64();
  const std::uint64_t base = reader.u64() % (tree_size + 1);
  std::vector<ProvenLeaf> leaves(reader.u8());
  for (ProvenLeaf& leaf : leaves) {
    leaf.index = reader.u64();
    leaf.leaf = reader.fixed<Digest>();
  }
  std::vector<Digest> hashes;
  while (reader.remaining() >= Digest::size && hashes.size() < 64) {
    hashes.push_back(reader.fixed<Digest>());
  }
  const Digest root = range_of(tree_size).root();
  const auto verified = verify_multiproof(size, root, range_of(base), leaves, hashes);
  if (!verified) {
    return;
  }
  // Finding another tree with this root would be finding a collision of SHA-256.
  CHECK(size == tree_size && *verified == range_of(tree_size));
  for (const ProvenLeaf& leaf : leaves) {
    CHECK(leaf.index < tree_size && leaf.leaf == leaf_at(leaf.index));
  }
}

}  // namespace

std::vector<Bytes> seeds() {
  const std::vector<std::uint64_t> none;
  const std::vector<std::uint64_t> some{2, 13, 20};
  Entry entry;
  entry.kind = EntryKind::opened;
  const auto raw = entry.encode();
  return {chosen(0, encode(none)), chosen(0, encode(some)), chosen(1, range_of(21).encode()),
          chosen(2, raw)};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  switch (parser) {
    case 0:
      return run_multiproof(rest);
    case 1:
      return check_round_trip(rest, CompactRange::parse,
                              [](const CompactRange& range) { return range.encode(); });
    default:
      return check_round_trip(rest, Entry::parse, [](const Entry& entry) {
        const auto raw = entry.encode();
        return Bytes(raw.begin(), raw.end());
      });
  }
}

}  // namespace hamroh::fuzz
