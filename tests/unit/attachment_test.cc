#include "protocol/attachment.h"

#include <gtest/gtest.h>

#include <random>

#include "protocol/proof.h"
#include "protocol/pull.h"

namespace hamroh {
namespace {

SymmetricKey key_of(std::uint8_t seed) {
  return SymmetricKey::make([&](auto raw) { std::ranges::fill(raw, seed); });
}

ChunkNonce nonce_of(std::size_t index) {
  ChunkNonce nonce;
  nonce.bytes.fill(static_cast<std::uint8_t>(index + 1));
  return nonce;
}

Bytes file_of(std::size_t size) {
  std::minstd_rand random(static_cast<unsigned>(size));
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(random());
  }
  return bytes;
}

// A file of that size as its author's node holds it.
struct Held {
  explicit Held(std::size_t size)
      : file(file_of(size)), shape(*AttachmentShape::of(size)), tree({Digest{}}) {
    std::vector<Digest> leaves;
    for (std::size_t i = 0; i < shape.count(); ++i) {
      const ByteView plain =
          ByteView(file).subspan(i * limits::attachment_chunk_bytes, shape.plain_bytes(i));
      chunks.push_back(seal_chunk(key, nonce_of(i), shape, i, plain));
      leaves.push_back(chunk_leaf(chunks.back()));
    }
    tree = AttachmentTree(leaves);
  }
  [[nodiscard]] Code check(std::size_t index, ByteView chunk) const {
    const auto checked = check_chunk(tree.root(), shape, index, tree.path(index), chunk);
    return checked ? Code::none : checked.error().code;
  }
  SymmetricKey key = key_of(7);
  Bytes file;
  AttachmentShape shape;
  std::vector<Bytes> chunks;
  AttachmentTree tree;
};

constexpr std::size_t whole_chunk = limits::attachment_chunk_bytes;

TEST(Attachment, ShapeFollowsFromTheSize) {
  EXPECT_FALSE(AttachmentShape::of(0));
  EXPECT_FALSE(AttachmentShape::of(limits::attachment_bytes_max + 1));
  EXPECT_FALSE(AttachmentShape::of(UINT64_MAX));
  EXPECT_EQ(AttachmentShape::of(1)->count(), 1U);
  EXPECT_EQ(AttachmentShape::of(1)->plain_bytes(0), 1U);
  EXPECT_EQ(AttachmentShape::of(whole_chunk)->count(), 1U);
  EXPECT_EQ(AttachmentShape::of(whole_chunk + 1)->count(), 2U);
  EXPECT_EQ(AttachmentShape::of(whole_chunk + 1)->plain_bytes(1), 1U);
  const auto most = AttachmentShape::of(limits::attachment_bytes_max);
  EXPECT_EQ(most->count(), limits::attachment_chunks_max);
  EXPECT_EQ(most->plain_bytes(most->count() - 1), whole_chunk);
}

TEST(Attachment, ChunksOpenToTheFileAndLieUnderTheRoot) {
  for (const std::size_t size : {std::size_t{1}, whole_chunk - 1, whole_chunk, whole_chunk + 1,
                                 3 * whole_chunk, 5 * whole_chunk + 17, 7 * whole_chunk}) {
    const Held held(size);
    Bytes opened;
    for (std::size_t i = 0; i < held.shape.count(); ++i) {
      EXPECT_EQ(held.check(i, held.chunks[i]), Code::none) << size << " " << i;
      const auto plain = open_chunk(held.key, held.shape, i, held.chunks[i]);
      ASSERT_TRUE(plain);
      append(opened, *plain);
    }
    EXPECT_EQ(opened, held.file) << size;
  }
}

TEST(Attachment, TreeIsThatOfRfc6962) {
  for (std::size_t count = 1; count <= 33; ++count) {
    std::vector<Digest> leaves;
    CompactRange range;
    for (std::size_t i = 0; i < count; ++i) {
      leaves.push_back(crypto::sha256({key_u64(i)}));
      range.append(leaves.back());
    }
    const AttachmentTree tree(leaves);
    EXPECT_EQ(tree.root(), range.root()) << count;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(verify_inclusion(i, count, leaves[i], tree.path(i), tree.root()));
    }
  }
}

TEST(Attachment, AnyFlippedBitOfAChunkIsFound) {
  const Held held(whole_chunk + 100);
  for (std::size_t at = 0; at < held.chunks[1].size(); ++at) {
    Bytes wrong = held.chunks[1];
    wrong[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_EQ(held.check(1, wrong), Code::bad_proof) << at;
    EXPECT_FALSE(open_chunk(held.key, held.shape, 1, wrong)) << at;
  }
}

TEST(Attachment, AnyFlippedBitOfAPathIsFound) {
  const Held held(5 * whole_chunk);
  std::vector<Digest> path = held.tree.path(4);
  for (Digest& hash : path) {
    for (std::uint8_t& byte : hash.bytes) {
      byte ^= 0x10U;
      EXPECT_FALSE(check_chunk(held.tree.root(), held.shape, 4, path, held.chunks[4]));
      byte ^= 0x10U;
    }
  }
  path.pop_back();
  EXPECT_FALSE(check_chunk(held.tree.root(), held.shape, 4, path, held.chunks[4]));
}

TEST(Attachment, AChunkThatIsCutOrLengthenedIsRefused) {
  const Held held(3 * whole_chunk);
  Bytes cut = held.chunks[1];
  cut.pop_back();
  EXPECT_EQ(held.check(1, cut), Code::bad_proof);
  Bytes longer = held.chunks[1];
  longer.push_back(0);
  EXPECT_EQ(held.check(1, longer), Code::bad_proof);
  EXPECT_EQ(held.check(1, {}), Code::bad_proof);
  EXPECT_FALSE(open_chunk(held.key, held.shape, 1, cut));
}

TEST(Attachment, ChunksThatChangePlacesAreFound) {
  const Held held(3 * whole_chunk);
  EXPECT_EQ(held.check(0, held.chunks[1]), Code::bad_proof);
  EXPECT_EQ(held.check(1, held.chunks[0]), Code::bad_proof);
  EXPECT_FALSE(open_chunk(held.key, held.shape, 0, held.chunks[1]));
}

TEST(Attachment, ALieAboutTheSizeIsFoundByTheFirstChunkThatShowsIt) {
  const Held held(3 * whole_chunk + 50);
  const auto with_size = [&](std::size_t size, std::size_t index) {
    return check_chunk(held.tree.root(), *AttachmentShape::of(size), index, held.tree.path(index),
                       held.chunks[index])
        .has_value();
  };
  EXPECT_TRUE(with_size(3 * whole_chunk + 50, 3));
  EXPECT_FALSE(with_size(3 * whole_chunk + 51, 3));  // the same number of chunks
  EXPECT_FALSE(with_size(3 * whole_chunk, 2) && with_size(3 * whole_chunk, 0) &&
               with_size(3 * whole_chunk, 1));  // a file that ends before
  EXPECT_FALSE(with_size(9 * whole_chunk, 0));
  // And whoever has the key: what is cut at the end opens no more.
  EXPECT_FALSE(open_chunk(held.key, *AttachmentShape::of(3 * whole_chunk), 0, held.chunks[0]));
  EXPECT_FALSE(open_chunk(held.key, *AttachmentShape::of(3 * whole_chunk + 51), 0, held.chunks[0]));
}

TEST(Attachment, ALieAboutTheRootIsFoundByEveryChunk) {
  const Held held(4 * whole_chunk);
  const Held other(4 * whole_chunk - 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(check_chunk(other.tree.root(), held.shape, i, held.tree.path(i), held.chunks[i]));
  }
}

TEST(Attachment, AnotherKeyOpensNothing) {
  const Held held(100);
  EXPECT_TRUE(open_chunk(held.key, held.shape, 0, held.chunks[0]));
  EXPECT_FALSE(open_chunk(key_of(8), held.shape, 0, held.chunks[0]));
}

TEST(Attachment, ANameIsNoPath) {
  for (const char* good : {"scan.pdf", "Шаҳодатнома 1.jpg", "a", "..a"}) {
    EXPECT_TRUE(is_attachment_name(good)) << good;
  }
  EXPECT_TRUE(is_attachment_name(std::string(limits::attachment_name_bytes_max, 'x')));
  EXPECT_FALSE(is_attachment_name(std::string(limits::attachment_name_bytes_max + 1, 'x')));
  for (const char* bad :
       {"", ".", "..", "../a", "/etc/passwd", "a\\b", "a\nb", " a", "a ", "a\x1b[2J", "\xff",
        "gpj.\xe2\x80\xae"
        "exe"}) {
    EXPECT_FALSE(is_attachment_name(bad)) << bad;
  }
}

TEST(Attachment, BodyComesBackAndIsShownWithoutItsKey) {
  const AttachmentBody body{key_of(5), crypto::sha256({Bytes{1}}), MediaType::pdf, "scan.pdf"};
  const Bytes bytes = body.encode();
  const auto parsed = AttachmentBody::parse(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->key.equals(body.key));
  EXPECT_EQ(parsed->sha256, body.sha256);
  EXPECT_EQ(parsed->media, MediaType::pdf);
  EXPECT_EQ(parsed->name, "scan.pdf");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(AttachmentBody::parse(ByteView(bytes).first(length))) << length;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(AttachmentBody::parse(longer));
  const auto shown = AttachmentBody::parse(body.encode_shown());
  ASSERT_TRUE(shown);
  EXPECT_TRUE(shown->key.equals(SymmetricKey{}));
  EXPECT_EQ(shown->name, "scan.pdf");
}

TEST(Attachment, AMediaTypeOfALaterVersionIsOther) {
  Bytes bytes = AttachmentBody{key_of(5), {}, MediaType::pdf, "a"}.encode();
  bytes[65] = 200;
  EXPECT_EQ(AttachmentBody::parse(bytes)->media, MediaType::other);
  bytes[65] = 0;
  EXPECT_FALSE(AttachmentBody::parse(bytes));
}

MessageId a_message() {
  MessageId id;
  id.bytes.fill(9);
  return id;
}

TEST(Attachment, WantsComeBackAndWrongOnesAreRefused) {
  const Want some{a_message(), 17, false, {0, 5, 1023}};
  const Want whole{a_message(), 1024, true, {}};
  for (const Want& want : {some, whole}) {
    const Bytes frame = encode_want(want);
    EXPECT_EQ(parse_want(frame).value(), want);
    for (std::size_t length = 0; length < frame.size(); ++length) {
      EXPECT_FALSE(parse_want(ByteView(frame).first(length)));
    }
  }
  for (const Want& wrong :
       {Want{a_message(), 0, false, {}}, Want{a_message(), 0, true, {1}},
        Want{a_message(), 1025, false, {1}}, Want{a_message(), 0, false, {5, 5}},
        Want{a_message(), 0, false, {6, 5}}, Want{a_message(), 0, false, {1024}}}) {
    EXPECT_FALSE(parse_want(encode_want(wrong)));
  }
  Want many{a_message(), 0, false, {}};
  for (std::uint16_t i = 0; i <= limits::chunks_in_want_max; ++i) {
    many.chunks.push_back(i);
  }
  EXPECT_FALSE(parse_want(encode_want(many)));
}

TEST(Attachment, ChunkFramesComeBackAndWrongOnesAreRefused) {
  const Held held(5 * whole_chunk);
  const Bytes frame = encode_chunk({a_message(), Code::none, 4, held.tree.path(4), held.chunks[4]});
  const auto parsed = parse_chunk(frame);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->message, a_message());
  EXPECT_EQ(parsed->index, 4);
  EXPECT_EQ(parsed->path, held.tree.path(4));
  EXPECT_TRUE(std::ranges::equal(parsed->chunk, held.chunks[4]));
  const Bytes gone = encode_chunk({a_message(), Code::attachment_gone, chunk_none, {}, {}});
  EXPECT_EQ(parse_chunk(gone)->code, Code::attachment_gone);
  const Bytes noted = encode_chunk({a_message(), Code::none, chunk_none, {}, {}});
  EXPECT_EQ(parse_chunk(noted)->index, chunk_none);
  const Bytes too_long(whole_chunk + chunk_overhead_bytes + 1);
  EXPECT_FALSE(parse_chunk(encode_chunk({a_message(), Code::none, 4, {}, too_long})));
  EXPECT_FALSE(parse_chunk(encode_chunk({a_message(), Code::none, 4, {}, {}})));
  EXPECT_FALSE(parse_chunk(encode_chunk({a_message(), Code::erased, 4, {}, held.chunks[4]})));
  EXPECT_FALSE(parse_chunk(encode_chunk({a_message(), Code::none, 1024, {}, held.chunks[4]})));
  EXPECT_FALSE(parse_chunk(
      encode_chunk({a_message(), Code::none, 4, std::vector<Digest>(11), held.chunks[4]})));
}

// ---- how much to ask for ------------------------------------------------------------------------

Duration at(std::uint64_t ms) {
  return milliseconds(ms);
}

TEST(Pull, AsksForWhatLacksAndForNothingTwice) {
  Pull pull({true, false, true, false, false});
  EXPECT_EQ(pull.here(), 2U);
  EXPECT_EQ(pull.ask(at(0)), (std::vector<std::uint16_t>{1, 3, 4}));
  EXPECT_TRUE(pull.ask(at(1)).empty());
  EXPECT_TRUE(pull.expects(3));
  EXPECT_FALSE(pull.expects(0));
  for (const std::uint16_t index : std::vector<std::uint16_t>{1, 3, 4}) {
    pull.arrived(index, at(2));
  }
  EXPECT_TRUE(pull.whole());
  EXPECT_FALSE(pull.next());
  EXPECT_TRUE(pull.ask(at(1'000'000)).empty());
}

TEST(Pull, WindowGrowsWhileChunksComeFastAndNeverPassesItsBound) {
  Pull pull{std::vector<bool>(limits::attachment_chunks_max)};
  std::uint64_t now = 0;
  std::size_t under_way = 0;
  std::vector<std::uint16_t> asked = pull.ask(at(now));
  while (!pull.whole()) {
    under_way = asked.size();
    EXPECT_LE(under_way, limits::chunks_asked_max);
    ++now;
    for (const std::uint16_t index : asked) {
      pull.arrived(index, at(now));
    }
    asked = pull.ask(at(now));
  }
  EXPECT_EQ(pull.window(), limits::chunks_asked_max);
}

TEST(Pull, OnASlowLineLittleIsUnderWay) {
  Pull pull(std::vector<bool>(100));
  std::uint64_t now = 0;
  for (std::vector<std::uint16_t> asked = pull.ask(at(now)); !pull.whole();
       asked = pull.ask(at(now))) {
    for (const std::uint16_t index : asked) {
      now += 2'000;
      pull.arrived(index, at(now));
    }
  }
  EXPECT_EQ(pull.window(), 1U);
}

TEST(Pull, WhatDoesNotComeIsAskedForAgainEverMoreRarely) {
  Pull pull(std::vector<bool>(8));
  EXPECT_EQ(pull.ask(at(0)).size(), 4U);
  const Duration first = tuning::chunk_wait_min;
  EXPECT_EQ(pull.next(), first);
  EXPECT_TRUE(pull.ask(at(first.ms - 1)).empty());
  EXPECT_EQ(pull.ask(first), (std::vector<std::uint16_t>{0, 1}));  // and not so much at once
  EXPECT_EQ(pull.next(), at(first.ms * 3));
  std::uint64_t now = first.ms;
  for (int i = 0; i < 20; ++i) {
    now = pull.next()->ms;
    EXPECT_FALSE(pull.ask(at(now)).empty());
  }
  EXPECT_EQ(pull.next()->ms - now, tuning::chunk_wait_max.ms);
}

TEST(Pull, ALostConnectionMakesEverythingThatLacksDueAtOnce) {
  Pull pull(std::vector<bool>(4));
  EXPECT_EQ(pull.ask(at(0)).size(), 4U);
  pull.arrived(2, at(1));
  pull.forget_asked();
  EXPECT_FALSE(pull.expects(0));
  EXPECT_EQ(pull.ask(at(2)), (std::vector<std::uint16_t>{0, 1, 3}));
}

TEST(Pull, AChunkThatWasNoGoodIsAskedForAgainButNotAtOnce) {
  Pull pull(std::vector<bool>(1));
  EXPECT_EQ(pull.ask(at(0)).size(), 1U);
  pull.refused(0, at(5));
  EXPECT_FALSE(pull.expects(0));
  EXPECT_TRUE(pull.ask(at(6)).empty());
  EXPECT_EQ(pull.ask(*pull.next()).size(), 1U);
}

}  // namespace
}  // namespace hamroh
