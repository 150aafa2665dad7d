#include "protocol/envelope.h"

#include "tests/unit/envelope_fixture.h"

namespace hamroh {
namespace {

using namespace envelope_fixture;
using directory_fixture::code_of;
using store_fixture::bytes;
using store_fixture::SeededEntropy;

EnvelopeContent sample() {
  Sender sender;
  sender.append_other();
  const auto message = sender.append_message(1);
  const auto receipt = sender.append_receipt(EntryKind::opened);
  EnvelopeContent content = sender.content({message, receipt});
  content.key_sheets = {bytes("a sheet")};
  content.directories = {bytes("a directory"), bytes("another")};
  content.suspensions = {bytes("a suspension")};
  return content;
}

Bytes section(std::uint16_t type, ByteView content) {
  Bytes out;
  put_u16(out, type);
  put_u32(out, static_cast<std::uint32_t>(content.size()));
  append(out, content);
  return out;
}

// The proof of `sample` with these bytes behind it.
Bytes proof_and(ByteView rest) {
  const Bytes whole = encode_content(sample());
  ByteReader reader(whole);
  (void)reader.u16();
  const std::uint32_t length = reader.u32();
  Bytes out(whole.begin(), whole.begin() + 6 + length);
  append(out, rest);
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) {
    append(out, part);
  }
  return out;
}

TEST(Content, RoundTrips) {
  const auto parsed = parse_content(encode_content(sample()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->proof, sample().proof);
  EXPECT_EQ(parsed->leaves, sample().leaves);
  EXPECT_EQ(parsed->key_sheets, sample().key_sheets);
  EXPECT_EQ(parsed->directories, sample().directories);
  EXPECT_EQ(parsed->suspensions, sample().suspensions);
}

TEST(Content, IsPaddedToAPadmeLengthWithZeros) {
  const Bytes plain = encode_content(sample());
  EXPECT_EQ(plain.size(), padded_length(plain.size()));
  Bytes dirty = plain;
  ASSERT_EQ(dirty.back(), 0);
  dirty.back() = 1;
  EXPECT_EQ(code_of(parse_content(dirty)), Code::malformed);
}

TEST(Content, SectionLengthsAreAsTold) {
  EnvelopeContent content = sample();
  const auto sections_length = [](const EnvelopeContent& c) {
    const Bytes plain = encode_content(c);
    ByteReader reader(plain);
    std::size_t length = 0;
    while (reader.u16() != 0) {
      const std::uint32_t section = reader.u32();
      (void)reader.take(section);
      length += 6 + section;
    }
    return length;
  };
  const std::size_t both = sections_length(content);
  content.leaves.pop_back();
  const std::size_t message_only = sections_length(content);
  content.leaves.pop_back();
  EXPECT_EQ(both - message_only, receipt_section_bytes());
  EXPECT_EQ(message_only - sections_length(content), message_section_bytes(inner_bytes(1).size()));
}

TEST(Content, BeginsWithItsOneProof) {
  const Bytes end = section(0, {});
  const Bytes proof = proof_and({});
  EXPECT_TRUE(parse_content(joined({proof, end})));
  EXPECT_EQ(code_of(parse_content(joined({proof, proof, end}))), Code::malformed);
  EXPECT_EQ(code_of(parse_content(end)), Code::malformed);
  EXPECT_EQ(code_of(parse_content(joined({section(4, bytes("a sheet")), proof, end}))),
            Code::malformed);
}

TEST(Content, ListOfSectionsHasAnEnd) {
  EXPECT_EQ(code_of(parse_content(proof_and({}))), Code::malformed);
  EXPECT_EQ(code_of(parse_content({})), Code::malformed);
  const Bytes end_with_length = joined({section(0, Bytes(3))});
  EXPECT_EQ(code_of(parse_content(proof_and(end_with_length))), Code::malformed);
}

TEST(Content, UnknownSectionsAreSkippedUnlessCritical) {
  const Bytes end = section(0, {});
  for (const std::uint16_t type : {std::uint16_t{9}, std::uint16_t{10}, std::uint16_t{0x7fff}}) {
    const Bytes plain = section(type, bytes("of a later version"));
    EXPECT_TRUE(parse_content(proof_and(joined({plain, end})))) << type;
    const Bytes critical =
        section(static_cast<std::uint16_t>(type | section_critical), bytes("of a later version"));
    EXPECT_EQ(code_of(parse_content(proof_and(joined({critical, end})))), Code::unsupported_version)
        << type;
  }
}

TEST(Content, SectionLongerThanTheRestIsRefused) {
  Bytes long_section = section(8, bytes("short"));
  long_section[5] += 1;
  EXPECT_EQ(code_of(parse_content(proof_and(long_section))), Code::malformed);
  long_section[2] = 0xff;
  EXPECT_EQ(code_of(parse_content(proof_and(long_section))), Code::malformed);
}

TEST(Content, LeavesStandInLedgerOrder) {
  EnvelopeContent content = sample();
  std::swap(content.leaves[0], content.leaves[1]);
  EXPECT_EQ(code_of(parse_content(encode_content(content))), Code::malformed);
  content = sample();
  content.leaves.push_back(content.leaves.back());
  EXPECT_EQ(code_of(parse_content(encode_content(content))), Code::malformed);
}

TEST(Content, LeafSectionsHaveTheirLength) {
  const Bytes end = section(0, {});
  const auto leaf = [&](std::uint16_t type, std::size_t length) {
    return code_of(parse_content(proof_and(joined({section(type, Bytes(length)), end}))));
  };
  EXPECT_EQ(leaf(2, 8 + wire_entry_bytes), Code::malformed);  // without an inner
  EXPECT_EQ(leaf(2, 8 + wire_entry_bytes - 1), Code::malformed);
  EXPECT_EQ(leaf(2, 8 + wire_entry_bytes + 1), Code::none);
  EXPECT_EQ(leaf(2, 8 + wire_entry_bytes + limits::message_bytes_max), Code::none);
  EXPECT_EQ(leaf(2, 8 + wire_entry_bytes + limits::message_bytes_max + 1), Code::malformed);
  EXPECT_EQ(leaf(3, 24 + wire_entry_bytes - 1), Code::malformed);
  EXPECT_EQ(leaf(3, 24 + wire_entry_bytes), Code::none);
  EXPECT_EQ(leaf(3, 24 + wire_entry_bytes + 1), Code::malformed);
}

TEST(Content, SectionsAreBounded) {
  Bytes many;
  for (std::size_t i = 0; i + 1 < limits::sections_max; ++i) {
    append(many, section(8, {}));
  }
  EXPECT_TRUE(parse_content(proof_and(joined({many, section(0, {})}))));
  append(many, section(8, {}));
  EXPECT_EQ(code_of(parse_content(proof_and(joined({many, section(0, {})})))), Code::too_large);
}

// A recipient with an epoch key, and an envelope sealed to it.
class EnvelopeTest : public testing::Test {
 protected:
  EnvelopeTest() : pair_(hpke::derive_key_pair(bytes("a key for tests, 32 bytes long.."))) {
    recipient_.bytes[0] = 2;
    network_.bytes[0] = 42;
    SeededEntropy entropy(7);
    frame_ =
        seal_envelope(bytes("content"), network_, recipient_, pair_.public_key, entropy).value();
  }
  [[nodiscard]] Result<Bytes> open(ByteView frame) const {
    HAMROH_ASSIGN(const EnvelopeView envelope, parse_envelope(frame));
    return open_envelope(envelope, network_, pair_.secret, pair_.public_key);
  }
  hpke::KeyPair pair_;
  MemberId recipient_;
  NetworkId network_;
  Bytes frame_;
};

TEST_F(EnvelopeTest, OpensToWhatWasSealed) {
  EXPECT_EQ(open(frame_).value(), bytes("content"));
  const EnvelopeView envelope = parse_envelope(frame_).value();
  EXPECT_EQ(envelope.header.recipient, recipient_);
  EXPECT_EQ(envelope.header.epoch_key, epoch_key_id(pair_.public_key));
  EXPECT_EQ(envelope.header.encode(), Bytes(frame_.begin() + 1, frame_.begin() + 67));
}

TEST_F(EnvelopeTest, NoChangedByteOpens) {
  for (std::size_t at = 0; at < frame_.size(); ++at) {
    Bytes changed = frame_;
    changed[at] ^= 0x01;
    ASSERT_FALSE(open(changed)) << at;
  }
}

TEST_F(EnvelopeTest, NoTruncationOpens) {
  for (std::size_t length = 0; length < frame_.size(); ++length) {
    ASSERT_FALSE(open(ByteView(frame_).first(length))) << length;
  }
  Bytes longer = frame_;
  longer.push_back(0);
  EXPECT_FALSE(open(longer));
}

TEST_F(EnvelopeTest, OpensOnlyInItsNetworkAndWithItsKey) {
  const EnvelopeView envelope = parse_envelope(frame_).value();
  NetworkId other_network = network_;
  other_network.bytes[31] ^= 1;
  EXPECT_EQ(code_of(open_envelope(envelope, other_network, pair_.secret, pair_.public_key)),
            Code::cannot_open);
  const hpke::KeyPair other = hpke::derive_key_pair(bytes("another key, also 32 bytes long."));
  EXPECT_EQ(code_of(open_envelope(envelope, network_, other.secret, other.public_key)),
            Code::cannot_open);
}

TEST_F(EnvelopeTest, UnknownVersionsAndSuitesAreNamed) {
  Bytes changed = frame_;
  changed[1] = 2;
  EXPECT_EQ(code_of(parse_envelope(changed)), Code::unsupported_version);
  changed = frame_;
  changed[2] = 2;
  EXPECT_EQ(code_of(parse_envelope(changed)), Code::unsupported_suite);
}

TEST_F(EnvelopeTest, FrameIsBounded) {
  Bytes large = frame_;
  large.resize(limits::frame_bytes_max);
  EXPECT_TRUE(parse_envelope(large));
  large.push_back(0);
  EXPECT_EQ(code_of(parse_envelope(large)), Code::malformed);
}

TEST_F(EnvelopeTest, LargestContentFitsAFrame) {
  SeededEntropy entropy(8);
  const Bytes content(padded_length(limits::envelope_plaintext_max));
  const auto frame = seal_envelope(content, network_, recipient_, pair_.public_key, entropy);
  ASSERT_TRUE(frame);
  EXPECT_LE(frame->size(), limits::frame_bytes_max);
  EXPECT_EQ(open(*frame).value(), content);
}

TEST_F(EnvelopeTest, SealingTwiceLooksDifferent) {
  SeededEntropy entropy(9);
  const auto seal = [&] {
    return seal_envelope(bytes("content"), network_, recipient_, pair_.public_key, entropy).value();
  };
  const Bytes first = seal();
  const Bytes second = seal();
  EXPECT_NE(first, second);
  EXPECT_NE(envelope_digest(first), envelope_digest(second));
}

TEST_F(EnvelopeTest, KeyOfLowOrderIsRefused) {
  SeededEntropy entropy(9);
  EXPECT_FALSE(seal_envelope(bytes("content"), network_, recipient_, EpochKey{}, entropy));
}

}  // namespace
}  // namespace hamroh
