#include "protocol/join_request.h"

#include "protocol/fingerprint.h"
#include "tests/unit/directory_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;

Bytes request_of(const Member& member, unsigned author, unsigned receipt, unsigned witness) {
  return make_join_request(founded().network(), member, key(author), key(receipt), key(witness));
}

TEST(JoinRequest, CarriesTheMemberWithEveryProof) {
  const auto request = parse_join_request(request_of(member(3), 300, 301, 302));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->member, member(3));
  EXPECT_EQ(request->network, founded().network());
}

TEST(JoinRequest, ProvesPossessionOfEachKey) {
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 1, 301, 302))), Code::bad_signature);
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 300, 1, 302))), Code::bad_signature);
  EXPECT_EQ(code_of(parse_join_request(request_of(member(3), 300, 301, 1))), Code::bad_signature);
}

TEST(JoinRequest, UsesNoKeyForTwoPurposes) {
  Member once = member(3);
  once.receipt.bytes = once.author.bytes;
  EXPECT_EQ(code_of(parse_join_request(request_of(once, 300, 300, 302))), Code::conflict);
  once = member(3);
  once.transport.bytes = once.witness.bytes;
  EXPECT_EQ(code_of(parse_join_request(request_of(once, 300, 301, 302))), Code::conflict);
}

TEST(JoinRequest, NamesTheNetworkThatItIsFor) {
  NetworkId other = founded().network();
  other.bytes[0] ^= 1;
  const auto replayed =
      parse_join_request(make_join_request(other, member(3), key(300), key(301), key(302)));
  ASSERT_TRUE(replayed);  // good where it belongs; whoever admits compares the network
  EXPECT_NE(replayed->network, founded().network());
}

TEST(JoinRequest, NoFlippedByteIsEverAnotherRequest) {
  const Bytes bytes = request_of(member(3), 300, 301, 302);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= 0x01;
    const auto request = parse_join_request(flipped);
    ASSERT_TRUE(!request ||
                (request->member == member(3) && request->network == founded().network()))
        << at;
  }
}

TEST(JoinRequest, FingerprintFollowsEveryFieldAndNothingElse) {
  const auto fingerprint = [](const Member& member) {
    return fingerprint_of(parse_join_request(request_of(member, 300, 301, 302)).value().payload);
  };
  EXPECT_EQ(fingerprint(member(3)), fingerprint(member(3)));
  Member moved = member(3);
  moved.endpoint = "tcp://192.0.2.9:7311";
  EXPECT_NE(fingerprint(moved), fingerprint(member(3)));
  Member mightier = member(3);
  mightier.capabilities.give(Capability::status_decide);
  EXPECT_NE(fingerprint(mightier), fingerprint(member(3)));
  Member again = member(3);
  again.incarnation = 2;
  EXPECT_NE(fingerprint(again), fingerprint(member(3)));
}

TEST(JoinRequest, IsBoundedAndRefusesGarbage) {
  EXPECT_EQ(code_of(parse_join_request(Bytes(limits::statement_bytes_max + 1))), Code::too_large);
  for (const std::size_t length : {0U, 1U, 8U, 64U, 4096U}) {
    EXPECT_FALSE(parse_join_request(Bytes(length, 0xff)));
  }
}

}  // namespace
}  // namespace hamroh
