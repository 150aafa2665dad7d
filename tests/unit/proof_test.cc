#include "protocol/proof.h"

#include "protocol/constants.h"
#include "tests/unit/merkle_fixture.h"

namespace hamroh {
namespace {

using merkle_fixture::flipped;
using merkle_fixture::numbered_leaves;
using merkle_fixture::ReferenceTree;

// The leaves of the certificate-transparency reference tests, and the roots of their first n.
const std::vector<Bytes> known_data{
    {},
    {0x00},
    {0x10},
    {0x20, 0x21},
    {0x30, 0x31},
    {0x40, 0x41, 0x42, 0x43},
    {0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57},
    {0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
     0x6f},
};
constexpr std::array known_roots{
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

// A statement with its proof, to be spoilt part by part.
struct Case {
  std::uint64_t size = 0;
  Digest root;
  CompactRange base;
  std::vector<ProvenLeaf> leaves;
  std::vector<Digest> hashes;

  [[nodiscard]] Result<CompactRange> verify() const {
    return verify_multiproof(size, root, base, leaves, hashes);
  }
  [[nodiscard]] bool fails() const {
    auto verified = verify();
    return !verified && verified.error() == Error{Code::bad_proof, Blame::peer, ""};
  }
};

Case make_case(const ReferenceTree& tree, std::uint64_t size, std::uint64_t base,
               const std::vector<std::uint64_t>& indices) {
  Case made{size, tree.root(size), tree.range(base), {}, {}};
  for (const std::uint64_t index : indices) {
    made.leaves.push_back({index, tree.leaf(index)});
  }
  auto hashes = make_multiproof(size, base, indices, tree.subtree());
  CHECK(hashes.has_value());
  made.hashes = *hashes;
  return made;
}

// Every single leaf, nothing, everything, and either all subsets, or stretches and a few scattered
// ones.
std::vector<std::vector<std::uint64_t>> subsets_of(std::uint64_t size, std::mt19937_64& random) {
  std::vector<std::vector<std::uint64_t>> subsets;
  const auto add = [&](std::uint64_t mask) {
    std::vector<std::uint64_t> subset;
    for (std::uint64_t i = 0; i < size; ++i) {
      if (((mask >> i) & 1U) != 0) {
        subset.push_back(i);
      }
    }
    subsets.push_back(std::move(subset));
  };
  const std::uint64_t masks = std::uint64_t{1} << size;
  if (size <= 9) {
    for (std::uint64_t mask = 0; mask < masks; ++mask) {
      add(mask);
    }
    return subsets;
  }
  add(0);
  add(masks - 1);
  for (std::uint64_t i = 0; i < size; ++i) {
    add(std::uint64_t{1} << i);
    add(masks - (std::uint64_t{1} << i));  // from i to the end
  }
  for (int i = 0; i < 12; ++i) {
    add(random() % masks);
  }
  return subsets;
}

void expect_every_change_fails(const Case& good, std::mt19937_64& random) {
  const auto expect_fails = [&](const char* what, const auto& change) {
    Case bad = good;
    change(bad);
    EXPECT_TRUE(bad.fails()) << what;
  };
  expect_fails("another root", [](Case& bad) { bad.root = flipped(bad.root); });
  expect_fails("an extra hash", [](Case& bad) { bad.hashes.push_back(bad.root); });
  expect_fails("an extra hash in front",
               [](Case& bad) { bad.hashes.insert(bad.hashes.begin(), bad.root); });
  if (!good.hashes.empty()) {
    const std::size_t at = random() % good.hashes.size();
    expect_fails("another hash", [&](Case& bad) { bad.hashes[at] = flipped(bad.hashes[at]); });
    expect_fails("a missing hash", [&](Case& bad) {
      bad.hashes.erase(bad.hashes.begin() + static_cast<std::ptrdiff_t>(at));
    });
    if (at > 0) {
      expect_fails("swapped hashes",
                   [&](Case& bad) { std::swap(bad.hashes[at], bad.hashes[at - 1]); });
    }
  }
  if (!good.base.roots.empty()) {
    const std::size_t at = random() % good.base.roots.size();
    expect_fails("another base",
                 [&](Case& bad) { bad.base.roots[at] = flipped(bad.base.roots[at]); });
    expect_fails("a base without one of its roots", [&](Case& bad) { bad.base.roots.pop_back(); });
  }
  if (!good.leaves.empty()) {
    const std::size_t at = random() % good.leaves.size();
    expect_fails("another leaf",
                 [&](Case& bad) { bad.leaves[at].leaf = flipped(bad.leaves[at].leaf); });
    expect_fails("a leaf at a neighbour's place", [&](Case& bad) { ++bad.leaves[at].index; });
    expect_fails("a leaf twice", [&](Case& bad) {
      bad.leaves.insert(bad.leaves.begin() + static_cast<std::ptrdiff_t>(at), bad.leaves[at]);
    });
    expect_fails("a leaf behind the end", [&](Case& bad) { bad.leaves.back().index = bad.size; });
    if (at > 0) {
      expect_fails("leaves out of order",
                   [&](Case& bad) { std::swap(bad.leaves[at], bad.leaves[at - 1]); });
    }
  }
}

TEST(CompactRange, RootsAreThoseOfTheKnownTrees) {
  CompactRange range;
  EXPECT_EQ(range.root().hex(), known_roots[0]);
  EXPECT_EQ(empty_root().hex(), known_roots[0]);
  for (std::size_t i = 0; i < known_data.size(); ++i) {
    range.append(leaf_hash(known_data[i]));
    EXPECT_EQ(range.root().hex(), known_roots[i + 1]);
  }
}

TEST(CompactRange, AppendingMakesTheRangeOfTheDefinition) {
  const ReferenceTree tree(numbered_leaves(70));
  CompactRange range;
  for (std::uint64_t size = 0; size <= 70; ++size) {
    EXPECT_EQ(range, tree.range(size));
    EXPECT_EQ(range.root(), tree.root(size));
    EXPECT_EQ(make_compact_range(size, tree.subtree()), range);
    if (size < 70) {
      range.append(tree.leaf(size));
    }
  }
}

TEST(CompactRange, ParsesOnlyItsExactLength) {
  const ReferenceTree tree(numbered_leaves(13));
  for (std::uint64_t size = 0; size <= 13; ++size) {
    Bytes encoded = tree.range(size).encode();
    EXPECT_EQ(encoded.size(), 8 + 32 * static_cast<std::size_t>(std::popcount(size)));
    EXPECT_EQ(CompactRange::parse(encoded), tree.range(size));
    EXPECT_FALSE(CompactRange::parse(ByteView(encoded).first(encoded.size() - 1)));
    encoded.push_back(0);
    EXPECT_FALSE(CompactRange::parse(encoded));
  }
  EXPECT_EQ(to_hex(tree.range(1).encode()), "0000000000000001" + tree.leaf(0).hex());
}

TEST(Multiproof, EverySmallTreeIsProvenAndNothingElse) {
  const ReferenceTree tree(numbered_leaves(20));
  std::mt19937_64 random(20);
  for (std::uint64_t size = 0; size <= 20; ++size) {
    const CompactRange range = tree.range(size);
    for (const auto& indices : subsets_of(size, random)) {
      for (std::uint64_t base = 0; base <= size; ++base) {
        SCOPED_TRACE(testing::Message() << "size " << size << ", base " << base << ", leaves "
                                        << testing::PrintToString(indices));
        const Case good = make_case(tree, size, base, indices);
        const auto verified = good.verify();
        ASSERT_TRUE(verified.has_value());
        EXPECT_EQ(*verified, range);
        expect_every_change_fails(good, random);
      }
    }
  }
}

TEST(Multiproof, ABaseAsLargeAsTheTreeNeedsNoHashes) {
  const ReferenceTree tree(numbered_leaves(20));
  for (std::uint64_t size = 0; size <= 20; ++size) {
    EXPECT_TRUE(make_case(tree, size, size, {}).hashes.empty());
  }
}

TEST(Multiproof, NewLeavesOverTheBaseNeedNoHashes) {
  const ReferenceTree tree(numbered_leaves(20));
  EXPECT_TRUE(make_case(tree, 20, 13, {13, 14, 15, 16, 17, 18, 19}).hashes.empty());
  EXPECT_EQ(make_case(tree, 20, 13, {14, 15, 16, 17, 18, 19}).hashes,
            (std::vector<Digest>{tree.leaf(13)}));
}

TEST(Multiproof, HashesStandInDepthFirstOrder) {
  const ReferenceTree tree(numbered_leaves(13));
  // Base 6 is [0,4) and [4,6); leaf 1 opens the first, leaf 9 lies behind both.
  EXPECT_EQ(make_case(tree, 13, 6, {1, 9}).hashes,
            (std::vector<Digest>{tree.leaf(0), tree.hash(2, 4), tree.hash(6, 8), tree.leaf(8),
                                 tree.hash(10, 12), tree.leaf(12)}));
}

TEST(Multiproof, AForkedBaseIsNoBase) {
  auto leaves = numbered_leaves(16);
  const ReferenceTree tree(leaves);
  for (std::uint64_t base = 1; base <= 16; ++base) {
    for (std::uint64_t changed = 0; changed < base; ++changed) {
      auto forked = leaves;
      forked[changed] = flipped(forked[changed]);
      Case bad = make_case(tree, 16, base, {});
      bad.base = ReferenceTree(forked).range(base);
      EXPECT_TRUE(bad.fails());
      bad = make_case(tree, 16, base, {changed});
      bad.base = ReferenceTree(forked).range(base);
      EXPECT_TRUE(bad.fails());
    }
  }
}

TEST(Multiproof, AnEmptyTreeHasOnlyTheEmptyProof) {
  const Case good{0, empty_root(), {}, {}, {}};
  EXPECT_EQ(good.verify(), CompactRange{});
  Case bad = good;
  bad.root = flipped(bad.root);
  EXPECT_TRUE(bad.fails());
  bad = good;
  bad.hashes = {empty_root()};
  EXPECT_TRUE(bad.fails());
  bad = good;
  bad.leaves = {{0, empty_root()}};
  EXPECT_TRUE(bad.fails());
  bad = good;
  bad.base = {1, {empty_root()}};
  EXPECT_TRUE(bad.fails());
}

TEST(Multiproof, GivesThePathsOfRfc6962) {
  const ReferenceTree tree(numbered_leaves(20));
  std::mt19937_64 random(7);
  for (std::uint64_t size = 1; size <= 20; ++size) {
    for (const auto& indices : subsets_of(size, random)) {
      const std::uint64_t base = random() % (size + 1);
      const Case good = make_case(tree, size, base, indices);
      for (std::size_t which = 0; which < indices.size(); ++which) {
        const auto path =
            inclusion_path(size, good.root, good.base, good.leaves, good.hashes, which);
        ASSERT_TRUE(path.has_value());
        EXPECT_EQ(*path, tree.path(indices[which], size));
      }
      if (!indices.empty()) {
        EXPECT_FALSE(
            inclusion_path(size, flipped(good.root), good.base, good.leaves, good.hashes, 0));
      }
    }
  }
}

// A tree of 2^63 equal leaves: every perfect subtree of one level has the same hash.
class HugeTree : public testing::Test {
 protected:
  HugeTree() {
    levels_.push_back(leaf_hash({}));
    while (levels_.size() < 64) {
      levels_.push_back(node_hash(levels_.back(), levels_.back()));
    }
  }
  SubtreeHash subtree() {
    return [this](unsigned level, std::uint64_t) -> Result<Digest> {
      ++asked_;
      return levels_.at(level);
    };
  }
  CompactRange range(std::uint64_t size) { return *make_compact_range(size, subtree()); }

  std::vector<Digest> levels_;
  std::size_t asked_ = 0;
};

TEST_F(HugeTree, IsProvenUpToTheGreatestSize) {
  constexpr std::uint64_t greatest = std::uint64_t{1} << 63;
  for (const std::uint64_t size : {greatest, greatest - 1, greatest / 2 + 1}) {
    const std::uint64_t base = greatest / 4 + 12'345;
    const std::vector<std::uint64_t> indices{0, base - 1, base, size - size / 8, size - 1};
    std::vector<ProvenLeaf> leaves;
    for (const std::uint64_t index : indices) {
      leaves.push_back({index, levels_[0]});
    }
    const CompactRange whole = range(size);
    const auto hashes = make_multiproof(size, base, indices, subtree());
    ASSERT_TRUE(hashes.has_value());
    EXPECT_EQ(verify_multiproof(size, whole.root(), range(base), leaves, *hashes), whole);
    const auto path = inclusion_path(size, whole.root(), range(base), leaves, *hashes, 1);
    ASSERT_TRUE(path.has_value());
    EXPECT_LE(path->size(), 63U);
    EXPECT_TRUE(verify_inclusion(base - 1, size, levels_[0], *path, whole.root()));
  }
}

TEST_F(HugeTree, SizesBeyondTheGreatestAreRefused) {
  const std::vector<Digest> hashes(200, levels_[0]);
  for (const std::uint64_t size : {(std::uint64_t{1} << 63) + 1, UINT64_MAX}) {
    const auto refused = verify_multiproof(size, levels_[0], {}, {}, hashes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::bad_proof);
  }
}

TEST_F(HugeTree, AProofOfTheNewestLeavesIsShort) {
  std::vector<std::uint64_t> indices;
  for (std::uint64_t index = 1'000'000 - 64; index < 1'000'000; ++index) {
    indices.push_back(index);
  }
  EXPECT_EQ(make_multiproof(1'000'000, 1'000'000 - 64, indices, subtree())->size(), 0U);
  EXPECT_LE(make_multiproof(1'000'000, 1'000'000 - 2'000, indices, subtree())->size(), 16U);
  EXPECT_LE(make_multiproof(1'000'000, 0, indices, subtree())->size(), 16U);
}

TEST_F(HugeTree, LeavesAndHashesOverTheBoundsAreRefused) {
  constexpr std::uint64_t size = std::uint64_t{1} << 40;
  std::vector<std::uint64_t> indices;
  std::vector<ProvenLeaf> leaves;
  for (std::uint64_t index = 0; index <= limits::proof_leaves_max; ++index) {
    indices.push_back(index);
    leaves.push_back({index, levels_[0]});
  }
  const Digest root = levels_[40];
  const auto hashes = make_multiproof(size, 0, indices, subtree());
  EXPECT_FALSE(verify_multiproof(size, root, {}, leaves, *hashes));
  indices.pop_back();
  leaves.pop_back();
  const auto fewer = make_multiproof(size, 0, indices, subtree());
  EXPECT_TRUE(verify_multiproof(size, root, {}, leaves, *fewer));
  const std::vector<Digest> many(limits::proof_hashes_max + 1, levels_[0]);
  EXPECT_FALSE(verify_multiproof(size, root, {}, leaves, many));
}

TEST_F(HugeTree, ABaseThatDoesNotFitIsRefused) {
  CompactRange base = range(12);
  EXPECT_TRUE(verify_multiproof(12, base.root(), base, {}, {}));
  EXPECT_FALSE(verify_multiproof(11, range(11).root(), base, {}, {}));
  const Digest root = base.root();
  base.roots.push_back(levels_[0]);
  EXPECT_FALSE(verify_multiproof(12, root, base, {}, {}));
}

TEST_F(HugeTree, TheProverAsksOnlyForWhatTheProofHolds) {
  const auto hashes =
      make_multiproof(1'000'000, 999'000, std::vector<std::uint64_t>{5, 999'500}, subtree());
  EXPECT_EQ(asked_, hashes->size());
}

TEST(Multiproof, AnErrorOfTheStoreIsTheProversError) {
  const SubtreeHash failing = [](unsigned, std::uint64_t) -> Result<Digest> {
    return environment_error(Code::store_failed, "the store failed");
  };
  const auto hashes = make_multiproof(8, 0, std::vector<std::uint64_t>{3}, failing);
  ASSERT_FALSE(hashes);
  EXPECT_EQ(hashes.error().code, Code::store_failed);
  EXPECT_FALSE(make_compact_range(8, failing));
}

TEST(Inclusion, AgreesWithRfc6962ForEverySmallTree) {
  const ReferenceTree tree(numbered_leaves(33));
  for (std::uint64_t size = 1; size <= 33; ++size) {
    const Digest root = tree.root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Digest leaf = tree.leaf(index);
      std::vector<Digest> path = tree.path(index, size);
      EXPECT_TRUE(verify_inclusion(index, size, leaf, path, root));
      EXPECT_FALSE(verify_inclusion(index, size, flipped(leaf), path, root));
      EXPECT_FALSE(verify_inclusion(index, size, leaf, path, flipped(root)));
      EXPECT_FALSE(verify_inclusion(index + 1, size, leaf, path, root));
      EXPECT_FALSE(verify_inclusion(index + size, size, leaf, path, root));
      for (Digest& hash : path) {
        hash = flipped(hash);
        EXPECT_FALSE(verify_inclusion(index, size, leaf, path, root));
        hash = flipped(hash);
      }
      path.push_back(root);
      EXPECT_FALSE(verify_inclusion(index, size, leaf, path, root));
      path.pop_back();
      if (!path.empty()) {
        path.pop_back();
        EXPECT_FALSE(verify_inclusion(index, size, leaf, path, root));
      }
    }
  }
  EXPECT_FALSE(verify_inclusion(0, 0, tree.leaf(0), {}, empty_root()));
}

TEST(Inclusion, ASubtreeIsNoLeaf) {
  const ReferenceTree tree(numbered_leaves(8));
  EXPECT_FALSE(verify_inclusion(
      0, 8, tree.hash(0, 2), std::vector<Digest>{tree.hash(2, 4), tree.hash(4, 8)}, tree.root(8)));
  EXPECT_FALSE(verify_inclusion(0, 8, tree.root(8), {}, tree.root(8)));
}

TEST(Consistency, ARootIsNotThatOfALargerTree) {
  const ReferenceTree tree(numbered_leaves(8));
  const std::vector<Digest> path = tree.consistency(2, 4);
  EXPECT_TRUE(verify_consistency(2, 4, tree.root(2), tree.root(4), path));
  EXPECT_FALSE(verify_consistency(2, 8, tree.root(2), tree.root(4), path));
}

TEST(Consistency, AgreesWithRfc6962ForEverySmallTree) {
  const ReferenceTree tree(numbered_leaves(33));
  for (std::uint64_t size2 = 1; size2 <= 33; ++size2) {
    const Digest root2 = tree.root(size2);
    EXPECT_FALSE(verify_consistency(0, size2, empty_root(), root2, {}));
    for (std::uint64_t size1 = 1; size1 <= size2; ++size1) {
      const Digest root1 = tree.root(size1);
      std::vector<Digest> path = tree.consistency(size1, size2);
      EXPECT_TRUE(verify_consistency(size1, size2, root1, root2, path));
      EXPECT_FALSE(verify_consistency(size1, size2, flipped(root1), root2, path));
      EXPECT_FALSE(verify_consistency(size1, size2, root1, flipped(root2), path));
      EXPECT_FALSE(verify_consistency(size2 + 1, size2, root1, root2, path));
      for (Digest& hash : path) {
        hash = flipped(hash);
        EXPECT_FALSE(verify_consistency(size1, size2, root1, root2, path));
        hash = flipped(hash);
      }
      path.push_back(root2);
      EXPECT_FALSE(verify_consistency(size1, size2, root1, root2, path));
      path.pop_back();
      if (!path.empty()) {
        path.pop_back();
        EXPECT_FALSE(verify_consistency(size1, size2, root1, root2, path));
      }
    }
  }
}

}  // namespace
}  // namespace hamroh
