#include "protocol/constitution.h"

#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

TEST(Founding, IsSignedByAllItsAdministrators) {
  const Constitution three = constitution(3, 2);
  const auto founding = verify_founding(founding_file(three, {1, 2, 3}));
  ASSERT_TRUE(founding);
  EXPECT_EQ(founding->value(), three);
  EXPECT_TRUE(std::ranges::equal(founding->network().view(), founding->hash().view()));
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2}))), Code::threshold_not_met);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {}))), Code::threshold_not_met);
}

TEST(Founding, CountsNeitherRepeatedNorForeignSignatures) {
  const Constitution three = constitution(3, 2);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2, 2}))), Code::duplicate_signer);
  EXPECT_EQ(code_of(verify_founding(founding_file(three, {1, 2, 9}))), Code::bad_signature);
  SignedPayload garbled = founding_file(three, {1, 2, 3});
  garbled.signatures[2].signature.bytes[5] ^= 1;
  EXPECT_EQ(code_of(verify_founding(garbled)), Code::bad_signature);
}

TEST(Founding, NeedsAThresholdOfMoreThanHalf) {
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(4, 2), {1, 2, 3, 4}))),
            Code::threshold_not_met);
  EXPECT_TRUE(verify_founding(founding_file(constitution(4, 3), {1, 2, 3, 4})));
  EXPECT_TRUE(verify_founding(founding_file(constitution(1, 1), {1})));
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(3, 4), {1, 2, 3}))),
            Code::threshold_not_met);
  EXPECT_EQ(code_of(verify_founding(founding_file(constitution(1, 0), {1}))),
            Code::threshold_not_met);
}

TEST(Founding, ProvesPossessionOfEachKeyUnderItsNameAndNetwork) {
  Constitution changed = constitution(3, 2);
  changed.administrators[0].possession = changed.administrators[1].possession;
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
  changed = constitution(3, 2);
  changed.administrators[0].possession = prove_founder("Another", "admin-1", key(1));
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
  changed = constitution(3, 2);
  changed.administrators[0].name = "admin-7";
  EXPECT_EQ(code_of(verify_founding(founding_file(changed, {1, 2, 3}))), Code::bad_signature);
}

TEST(Founding, BeginsItsChain) {
  Constitution second = constitution(3, 2);
  second.version = 2;
  EXPECT_EQ(code_of(verify_founding(founding_file(second, {1, 2, 3}))), Code::broken_chain);
  Constitution with_previous = constitution(3, 2);
  with_previous.previous.bytes[0] = 1;
  EXPECT_EQ(code_of(verify_founding(founding_file(with_previous, {1, 2, 3}))), Code::broken_chain);
}

TEST(Founding, NamesNoAdministratorTwiceAndNotTooMany) {
  Constitution twice = constitution(3, 2);
  twice.administrators[2] = twice.administrators[1];
  EXPECT_EQ(code_of(parse_constitution(encode_constitution(twice))), Code::duplicate_signer);
  Constitution same_name = constitution(3, 2);
  same_name.administrators[2].name = "ADMIN-2";
  EXPECT_EQ(code_of(parse_constitution(encode_constitution(same_name))), Code::duplicate_signer);
  constexpr auto most = static_cast<unsigned>(limits::administrators_max);
  EXPECT_TRUE(parse_constitution(encode_constitution(constitution(most, most))));
  EXPECT_FALSE(parse_constitution(encode_constitution(constitution(most + 1, most + 1))));
  EXPECT_FALSE(parse_constitution(encode_constitution(constitution(0, 0))));
}

Result<VerifiedConstitution> succeed(const std::vector<unsigned>& signers,
                                     const std::function<void(Constitution&)>& change = {}) {
  Constitution next = replaced();
  if (change) {
    change(next);
  }
  return verify_successor(founded(), successor_file(next, founded().network(), signers));
}

TEST(Successor, NeedsTheThresholdOfTheOldAndOfTheNew) {
  const auto next = succeed({1, 2, 4, 5});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->network(), founded().network());
  EXPECT_NE(next->hash(), founded().hash());
  EXPECT_EQ(code_of(succeed({1, 4, 5, 6})), Code::threshold_not_met);  // one of the old
  EXPECT_EQ(code_of(succeed({1, 2, 3, 4})), Code::threshold_not_met);  // two of the new
  EXPECT_EQ(code_of(succeed({1, 2, 4, 4})), Code::duplicate_signer);
  EXPECT_EQ(code_of(succeed({1, 2, 4, 5, 9})), Code::bad_signature);
}

TEST(Successor, FollowsByOneAndNamesTheOneBefore) {
  const std::vector<unsigned> enough{1, 2, 4, 5};
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.version = 1; })), Code::stale_version);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.version = 3; })), Code::stale_version);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.previous.bytes[9] ^= 1; })),
            Code::broken_chain);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.network_name = "Other"; })),
            Code::broken_chain);
}

TEST(Successor, ProvesPossessionOfItsNewKeys) {
  const auto without_proof = [](Constitution& c) { c.administrators[1].possession = {}; };
  EXPECT_EQ(code_of(succeed({1, 2, 4, 5}, without_proof)), Code::bad_signature);
}

TEST(Successor, ComesIntoForceLaterThanTheOneBefore) {
  const std::vector<unsigned> enough{1, 2, 4, 5};
  EXPECT_TRUE(succeed(enough, [](Constitution& c) { c.directory_from = 2; }));
  EXPECT_TRUE(succeed(enough, [](Constitution& c) { c.directory_from = UINT64_MAX; }));
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.directory_from = 1; })),
            Code::broken_chain);
  EXPECT_EQ(code_of(succeed(enough, [](Constitution& c) { c.directory_from = 0; })),
            Code::broken_chain);
  Constitution founding = constitution(3, 2);
  founding.directory_from = 2;
  EXPECT_EQ(code_of(verify_founding(founding_file(founding, {1, 2, 3}))), Code::broken_chain);
}

TEST(Successor, MayNotWeakenItsThresholdToHalf) {
  EXPECT_EQ(code_of(succeed({1, 2, 4, 5}, [](Constitution& c) { c.threshold = 2; })),
            Code::threshold_not_met);
}

TEST(Successor, OfAnotherNetworkIsRefused) {
  Constitution theirs = constitution(3, 2);
  theirs.network_name = "Theirs";
  for (unsigned n = 0; n < 3; ++n) {
    const std::string name = theirs.administrators[n].name;
    theirs.administrators[n].possession = prove_founder("Theirs", name, key(n + 1));
  }
  const auto founding = verify_founding(founding_file(theirs, {1, 2, 3}));
  ASSERT_TRUE(founding);
  // Signed by the same people for the other network, word for word.
  EXPECT_EQ(code_of(verify_successor(founded(), successor_file(replaced(), founding->network()))),
            Code::bad_signature);
}

std::vector<SignedPayload> chain_of_two() {
  return {founding_file(constitution(3, 2), {1, 2, 3}),
          successor_file(replaced(), founded().network())};
}

TEST(Chain, IsVerifiedFromTheFoundingOn) {
  const auto chain = verify_constitution_chain(chain_of_two());
  ASSERT_TRUE(chain);
  ASSERT_EQ(chain->size(), 2U);
  EXPECT_EQ(chain->back().network(), founded().network());
  EXPECT_EQ(chain->back().value(), replaced());
  EXPECT_EQ(code_of(verify_constitution_chain({})), Code::malformed);
  std::vector<SignedPayload> headless = chain_of_two();
  headless.erase(headless.begin());
  EXPECT_EQ(code_of(verify_constitution_chain(headless)), Code::broken_chain);
  std::vector<SignedPayload> doubled = chain_of_two();
  doubled.push_back(doubled.back());
  EXPECT_EQ(code_of(verify_constitution_chain(doubled)), Code::stale_version);
}

TEST(Chain, FileRoundTripsAndASingleConstitutionIsOneAsWell) {
  const std::vector<SignedPayload> chain = chain_of_two();
  const Bytes file = encode_constitution_chain(chain);
  const auto parsed = parse_constitution_chain(file);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[1].payload, chain[1].payload);
  EXPECT_EQ((*parsed)[1].signatures, chain[1].signatures);
  const auto alone = parse_constitution_chain(encode_signed_constitution(chain[0]));
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->size(), 1U);
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto cut = parse_constitution_chain(ByteView(file).first(length));
    ASSERT_FALSE(cut && verify_constitution_chain(*cut) && cut->size() == 2) << length;
  }
}

TEST(Chain, IsBoundedInConstitutionsAndBytes) {
  std::vector<SignedPayload> long_chain(limits::constitutions_max, SignedPayload{Bytes(1), {}});
  EXPECT_TRUE(parse_constitution_chain(encode_constitution_chain(long_chain)));
  long_chain.push_back(long_chain.back());
  EXPECT_FALSE(parse_constitution_chain(encode_constitution_chain(long_chain)));
  EXPECT_EQ(code_of(parse_constitution_chain(Bytes(limits::directory_bytes_max + 1))),
            Code::too_large);
  EXPECT_EQ(code_of(parse_signed_constitution(Bytes(limits::constitution_bytes_max + 1))),
            Code::too_large);
}

TEST(Chain, GarbageIsRefused) {
  for (const std::size_t length : {0U, 1U, 7U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(parse_constitution_chain(Bytes(length)));
    EXPECT_FALSE(parse_constitution_chain(Bytes(length, 0xff)));
    EXPECT_FALSE(parse_constitution(Bytes(length, 0xff)));
  }
}

}  // namespace
}  // namespace hamroh
