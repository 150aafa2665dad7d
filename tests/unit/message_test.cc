#include "protocol/message.h"

#include "tests/unit/directory_fixture.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using directory_fixture::code_of;
using directory_fixture::key;
using store_fixture::bytes;

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

Inner inner() {
  Inner inner;
  inner.blind = filled<Salt>(1);
  inner.network = filled<NetworkId>(2);
  inner.message = filled<MessageId>(3);
  inner.author = filled<MemberId>(4);
  inner.recipients = {filled<MemberId>(5), filled<MemberId>(6)};
  inner.case_id = filled<CaseId>(7);
  inner.heads = {filled<Digest>(8), filled<Digest>(9)};
  inner.directory_version = 10;
  inner.created = {1000};
  inner.expires = {2000};
  inner.kind = 1;
  inner.body = bytes("the body of an event");
  inner.commitments = {{1, filled<Digest>(11)}, {5, filled<Digest>(12)}};
  inner.attachments = {{filled<Digest>(13), 77}};
  return inner;
}

Code code_with(const std::function<void(Inner&)>& change) {
  Inner changed = inner();
  change(changed);
  return code_of(parse_inner(encode_inner(changed)));
}

Hello hello() {
  Hello hello;
  hello.purpose = HelloPurpose::complaint;
  hello.locked = true;
  hello.network = filled<NetworkId>(2);
  hello.member = filled<MemberId>(4);
  hello.incarnation = 3;
  hello.directory_version = 9;
  hello.directory_hash = filled<Digest>(5);
  const Origin origin{hello.network, hello.member, 3};
  hello.own = sign_note(origin, 10, filled<Digest>(6), 2, NoteRole::author, key(1));
  hello.seen = sign_note(origin, 7, filled<Digest>(7), 0, NoteRole::receipt, key(2));
  hello.key_sheet = bytes("a signed sheet");
  hello.constitution_version = 2;
  hello.standing = filled<Digest>(8);
  hello.statements = {bytes("one"), bytes("two")};
  return hello;
}

Code hello_code_with(const std::function<void(Hello&)>& change) {
  Hello changed = hello();
  change(changed);
  return code_of(parse_hello(encode_hello(changed)));
}

// Parses every truncation and every flipped byte; none may crash, and what parses must again
// encode to something that parses to the same value.
template <class Parse, class Encode>
void expect_robust(const Bytes& good, const Parse& parse, const Encode& encode) {
  const auto check = [&](ByteView changed, std::size_t at) {
    const auto parsed = parse(changed);
    if (parsed) {
      const auto again = parse(encode(*parsed));
      ASSERT_TRUE(again) << at;
      ASSERT_EQ(*again, *parsed) << at;
    }
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    check(ByteView(good).first(at), at);
    for (const std::uint8_t mask : {std::uint8_t{0x01}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
      Bytes flipped = good;
      flipped[at] ^= mask;
      check(flipped, at);
    }
  }
}

TEST(Inner, RoundTrips) {
  const auto parsed = parse_inner(encode_inner(inner()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, inner());
  Inner bare = inner();
  bare.heads.clear();
  bare.body.clear();
  bare.commitments.clear();
  bare.attachments.clear();
  EXPECT_EQ(parse_inner(encode_inner(bare)).value(), bare);
}

TEST(Inner, NamesAUserWithHerRoleOrNobody) {
  Inner named = inner();
  named.actor = filled<Pseudonym>(14);
  named.actor_role = 99;  // a role of a later version
  EXPECT_EQ(parse_inner(encode_inner(named)).value(), named);
  EXPECT_EQ(code_with([](Inner& inner) { inner.actor = filled<Pseudonym>(14); }), Code::malformed);
  EXPECT_EQ(code_with([](Inner& inner) { inner.actor_role = 1; }), Code::malformed);
}

TEST(Inner, NamesThePackOfItsCaseOrNone) {
  Inner under = inner();
  under.pack = filled<Digest>(15);
  const Bytes good = encode_inner(under);
  EXPECT_EQ(parse_inner(good).value(), under);
  // A digest one byte short, by its length in front of it.
  Bytes shortened = good;
  const Bytes digest(under.pack.view().begin(), under.pack.view().end());
  const auto at = std::ranges::search(shortened, digest).begin();
  ASSERT_NE(at, shortened.end());
  *(at - 4) = 31;
  EXPECT_EQ(code_of(parse_inner(shortened)), Code::malformed);
}

TEST(Inner, HasSortedDistinctRecipientsWithoutItsAuthor) {
  EXPECT_EQ(code_with([](auto& i) { i.recipients.clear(); }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { std::swap(i.recipients[0], i.recipients[1]); }),
            Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.recipients[1] = i.recipients[0]; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.author = i.recipients[1]; }), Code::malformed);
}

TEST(Inner, ListsAreBounded) {
  const auto recipients = [](std::size_t count) {
    return [count](Inner& i) {
      i.recipients.clear();
      for (std::size_t n = 0; n < count; ++n) {
        i.recipients.push_back(filled<MemberId>(static_cast<std::uint8_t>(50 + n)));
      }
    };
  };
  const auto heads = [](std::size_t count) {
    return [count](Inner& i) {
      i.heads.clear();
      for (std::size_t n = 0; n < count; ++n) {
        i.heads.push_back(filled<Digest>(static_cast<std::uint8_t>(50 + n)));
      }
    };
  };
  EXPECT_EQ(code_with(recipients(limits::recipients_max)), Code::none);
  EXPECT_NE(code_with(recipients(limits::recipients_max + 1)), Code::none);
  EXPECT_EQ(code_with(heads(limits::heads_max)), Code::none);
  EXPECT_NE(code_with(heads(limits::heads_max + 1)), Code::none);
  EXPECT_EQ(code_with([](auto& i) { i.attachments.resize(16); }), Code::none);
  EXPECT_EQ(code_with([](auto& i) { i.attachments.resize(17); }), Code::too_large);
  EXPECT_EQ(code_with([](auto& i) { i.body.resize(limits::body_bytes_max); }), Code::none);
  EXPECT_EQ(code_with([](auto& i) { i.body.resize(limits::body_bytes_max + 1); }), Code::too_large);
  EXPECT_EQ(code_with([](auto& i) { i.body.resize(limits::message_bytes_max); }), Code::too_large);
}

TEST(Inner, HeadsAreSortedAndDistinct) {
  EXPECT_EQ(code_with([](auto& i) { std::swap(i.heads[0], i.heads[1]); }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.heads[1] = i.heads[0]; }), Code::malformed);
}

TEST(Inner, CommitmentsAreOneForATier) {
  EXPECT_EQ(code_with([](auto& i) { i.commitments[0].tier = 0; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.commitments[1].tier = 6; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.commitments[1].tier = 1; }), Code::malformed);
}

TEST(Inner, ExpiresAfterItWasMadeAndHasNoZeroIds) {
  EXPECT_EQ(code_with([](auto& i) { i.expires = i.created; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.message = {}; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.case_id = {}; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.author = {}; }), Code::malformed);
  EXPECT_EQ(code_with([](auto& i) { i.suite = 2; }), Code::unsupported_suite);
}

TEST(Inner, DigestIsOfEveryByteUnderItsLabel) {
  const Bytes encoded = encode_inner(inner());
  EXPECT_EQ(message_digest(encoded),
            crypto::sha256({view(std::string_view("hamroh/message/1\0", 17)), encoded}));
  Inner other_blind = inner();
  other_blind.blind.bytes[0] ^= 1;
  EXPECT_NE(message_digest(encode_inner(other_blind)), message_digest(encoded));
}

TEST(Inner, DamagedBytesAreRefusedOrParsedButNeverACrash) {
  expect_robust(encode_inner(inner()), parse_inner, encode_inner);
}

TEST(Hello, RoundTrips) {
  EXPECT_EQ(parse_hello(encode_hello(hello())).value(), hello());
  Hello bare = hello();
  bare.own.reset();
  bare.seen.reset();
  bare.key_sheet.clear();
  bare.statements.clear();
  bare.standing = {};
  EXPECT_EQ(parse_hello(encode_hello(bare)).value(), bare);
}

TEST(Hello, NeedsACommonVersion) {
  EXPECT_EQ(hello_code_with([](auto& h) { h.version_max = wire_version + 3; }), Code::none);
  EXPECT_EQ(hello_code_with([](auto& h) {
              h.version_min = wire_version + 1;
              h.version_max = wire_version + 1;
            }),
            Code::unsupported_version);
  EXPECT_EQ(hello_code_with([](auto& h) {
              h.version_min = 0;
              h.version_max = wire_version - 1;
            }),
            Code::unsupported_version);
}

TEST(Hello, PurposeIsKnown) {
  EXPECT_EQ(hello_code_with([](auto& h) { h.purpose = static_cast<HelloPurpose>(0); }),
            Code::malformed);
  EXPECT_EQ(hello_code_with([](auto& h) { h.purpose = static_cast<HelloPurpose>(4); }),
            Code::malformed);
}

TEST(Hello, AttachedFilesAreBounded) {
  EXPECT_EQ(hello_code_with([](auto& h) { h.statements.resize(limits::statements_max); }),
            Code::none);
  EXPECT_EQ(hello_code_with([](auto& h) { h.statements.resize(limits::statements_max + 1); }),
            Code::too_large);
  EXPECT_EQ(hello_code_with([](auto& h) { h.key_sheet.resize(200 * 1024); }), Code::too_large);
  EXPECT_EQ(hello_code_with([](auto& h) {
              h.statements = {Bytes(limits::statements_bytes_max - 3), bytes("two")};
            }),
            Code::none);
  EXPECT_EQ(hello_code_with([](auto& h) {
              h.statements = {Bytes(limits::statements_bytes_max - 2), bytes("two")};
            }),
            Code::too_large);
  EXPECT_EQ(hello_code_with([](auto& h) { h.key_sheet.resize(limits::frame_bytes_max); }),
            Code::too_large);
}

TEST(Hello, DamagedBytesAreRefusedOrParsedButNeverACrash) {
  expect_robust(encode_hello(hello()), parse_hello, encode_hello);
}

TEST(Rekey, RoundTripsAndIsRobust) {
  const Rekey rekey{filled<Digest>(1), bytes("a signed sheet")};
  EXPECT_EQ(parse_rekey(encode_rekey(rekey)).value(), rekey);
  EXPECT_FALSE(parse_rekey(encode_rekey({filled<Digest>(1), Bytes(200 * 1024)})));
  expect_robust(encode_rekey(rekey), parse_rekey, encode_rekey);
}

TEST(Frames, OfOneTypeAreNoOther) {
  const Rekey rekey{filled<Digest>(1), bytes("a signed sheet")};
  EXPECT_FALSE(parse_hello(encode_rekey(rekey)));
  EXPECT_FALSE(parse_rekey(encode_hello(hello())));
  Bytes renamed = encode_rekey(rekey);
  renamed[0] = static_cast<std::uint8_t>(FrameType::hello);
  EXPECT_FALSE(parse_hello(renamed));
  EXPECT_FALSE(parse_hello({}));
  EXPECT_FALSE(parse_rekey({}));
}

}  // namespace
}  // namespace hamroh
