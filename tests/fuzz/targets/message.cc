// Inners and the two unsealed frames: hello and rekey.

#include "protocol/message.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  Inner inner;
  inner.blind = filled<Salt>(1);
  inner.network = filled<NetworkId>(2);
  inner.message = filled<MessageId>(3);
  inner.author = filled<MemberId>(4);
  inner.recipients = {filled<MemberId>(5), filled<MemberId>(6)};
  inner.case_id = filled<CaseId>(3);
  inner.heads = {filled<Digest>(7), filled<Digest>(8)};
  inner.directory_version = 2;
  inner.created = {1'790'000'000'000};
  inner.expires = {1'790'000'600'000};
  inner.kind = 1;
  inner.body = Bytes(100, 9);
  inner.commitments = {{1, filled<Digest>(10)}};
  inner.attachments = {{filled<Digest>(11), 4'096}};

  Hello hello;
  hello.network = inner.network;
  hello.member = inner.author;
  hello.incarnation = 1;
  hello.directory_version = 2;
  hello.directory_hash = filled<Digest>(12);
  const auto key = crypto::SigningKey::from_seed(Seed());
  hello.own =
      sign_note({hello.network, hello.member, 1}, 5, filled<Digest>(13), 2, NoteRole::author, key);
  hello.seen = hello.own;
  hello.key_sheet = Bytes(300, 14);
  hello.constitution_version = 3;
  hello.standing = filled<Digest>(16);
  hello.statements = {Bytes(200, 15), Bytes(30, 17)};
  return {chosen(0, encode_inner(inner)), chosen(1, encode_hello(hello)),
          chosen(1, encode_hello(Hello{})), chosen(2, encode_rekey({filled<Digest>(1), {1, 2}}))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  switch (parser) {
    case 0:
      return check_round_trip(rest, parse_inner, encode_inner);
    case 1:
      return check_round_trip(rest, parse_hello, encode_hello);
    default:
      return check_round_trip(rest, parse_rekey, encode_rekey);
  }
}

}  // namespace hamroh::fuzz
