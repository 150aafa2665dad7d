// The administrators' own files: proposals, foundings, sealed keys and cards.

#include "admin/draft.h"
#include "admin/founding_file.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

constexpr Timestamp today{1'800'000'000'000};

crypto::SigningKey key_of(std::uint8_t byte) {
  return crypto::SigningKey::from_seed(Seed::make([&](auto raw) { std::ranges::fill(raw, byte); }));
}

FoundingFile sample_founding() {
  FoundingFile file = *start_founding("fuzz", 2, 2, today, days(90));
  for (std::uint8_t number = 1; number <= 2; ++number) {
    CHECK(enter_founding(file, "admin-" + std::to_string(number), key_of(number)));
  }
  for (std::uint8_t number = 1; number <= 2; ++number) {
    CHECK(sign_founding(file, key_of(number)));
  }
  return file;
}

const Membership& sample_membership() {
  static const Membership membership = [] {
    const auto statements = statements_of(sample_founding());
    const SignedPayload chain = *parse_signed_constitution(statements[0]);
    Membership made = *Membership::begin({&chain, 1});
    CHECK(made.take(statements[1]));
    return made;
  }();
  return membership;
}

Drafting drafting() {
  DraftTerms terms;
  terms.rule = sample_founding().laid->constitution.payload;
  terms.now = today;
  terms.comment = "as agreed";
  return {sample_membership(), terms};
}

Proposal sample_admission() {
  Member member;
  member.id = filled<MemberId>(7);
  member.name = "member";
  member.kind = MemberKind::ngo;
  member.author = *AuthorKey::from(key_of(10).public_key().view());
  member.receipt = *ReceiptKey::from(key_of(11).public_key().view());
  member.witness = *WitnessKey::from(key_of(12).public_key().view());
  member.transport = filled<TransportKey>(13);
  member.endpoint = "tcp://127.0.0.1:7311";
  const NamedFile request{"request", make_join_request(sample_membership().network(), member,
                                                       key_of(10), key_of(11), key_of(12))};
  Proposal proposal = *drafting().admission({&request, 1});
  CHECK(sign_proposal(proposal, key_of(1), today));
  return proposal;
}

Proposal sample_constitution() {
  const NamedFile card{
      "card", encode_administrator_card({sample_membership().network(),
                                         {"admin-3", *AdminKey::from(key_of(3).public_key().view()),
                                          prove_founder("fuzz", "admin-3", key_of(3))}})};
  return *drafting().constitution({&card, 1}, {}, std::nullopt);
}

SealedAdministratorKey sample_key() {
  SealedAdministratorKey key;
  key.name = "admin-1";
  key.key = *AdminKey::from(key_of(1).public_key().view());
  return key;
}

// Whatever parses is encoded identically. The digest at the end is made right first, or nothing
// behind it would ever be reached.
template <class Parse, class Encode>
auto same_bytes(ByteView input, bool has_digest, Parse&& parse, Encode&& encode) {
  Bytes bytes(input.begin(), input.end());
  if (has_digest && bytes.size() >= Digest::size) {
    bytes.resize(bytes.size() - Digest::size);
    append(bytes, crypto::sha256({bytes}).view());
  }
  auto parsed = parse(ByteView(bytes));
  CHECK(!parsed || encode(*parsed) == bytes);
  return parsed;
}

}  // namespace

std::vector<Bytes> seeds() {
  const Administrator administrator = sample_founding().entries[0];
  return {chosen(0, encode_proposal(sample_admission())),
          chosen(0, encode_proposal(sample_constitution())),
          chosen(1, encode_founding(sample_founding())),
          chosen(2, encode_administrator_key(sample_key())),
          chosen(3, encode_administrator_card({sample_membership().network(), administrator}))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 4);
  switch (parser) {
    case 0:
      if (const auto proposal = same_bytes(rest, true, parse_proposal, encode_proposal)) {
        (void)examine(*proposal, sample_membership());
        (void)requirements_of(*proposal);
        const std::array copies{*proposal, *proposal};
        CHECK(encode_proposal(*merge_proposals(copies)) == encode_proposal(*proposal));
      }
      return;
    case 1:
      if (const auto file = same_bytes(rest, true, parse_founding, encode_founding)) {
        const std::array copies{*file, *file};
        CHECK(encode_founding(*merge_foundings(copies)) == encode_founding(*file));
      }
      return;
    case 2:
      (void)same_bytes(rest, false, parse_administrator_key, encode_administrator_key);
      return;
    default:
      (void)same_bytes(rest, false, parse_administrator_card, encode_administrator_card);
  }
}

}  // namespace hamroh::fuzz
