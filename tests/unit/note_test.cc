#include "protocol/note.h"

#include "tests/unit/merkle_fixture.h"

namespace hamroh {
namespace {

using merkle_fixture::flipped;
using merkle_fixture::numbered_leaves;
using merkle_fixture::ReferenceTree;

// Made outside of this program from the formulas of the C2SP specifications, with the seed 00 01 …
// 1f.
constexpr std::string_view golden_name =
    "hamroh/1111111111111111111111111111111111111111111111111111111111111111/"
    "22222222222222222222222222222222/3";
constexpr std::string_view golden_root =
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
constexpr std::string_view golden_text =
    "hamroh/1111111111111111111111111111111111111111111111111111111111111111/"
    "22222222222222222222222222222222/3\n"
    "8\n"
    "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    "since 5\n";
constexpr std::string_view golden_signed =
    "hamroh/1111111111111111111111111111111111111111111111111111111111111111/"
    "22222222222222222222222222222222/3\n"
    "8\n"
    "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    "since 5\n"
    "\n"
    "— hamroh/1111111111111111111111111111111111111111111111111111111111111111/"
    "22222222222222222222222222222222/3 "
    "SOUMjx5bXQ/I8KczrkDg3ewA26xEazJScG64V7/Ay9ODp6c7FdNwPig09lyLCJzB+kYdQVuiE8plNwrPiwU654em6AM="
    "\n";
constexpr std::string_view golden_binary =
    "0000000000000008"
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    "0000000000000005"
    "01"
    "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    "1e5b5d0fc8f0a733ae40e0ddec00dbac446b3252706eb857bfc0cbd383a7a73b"
    "15d3703e2834f65c8b089cc1fa461d415ba213ca65370acf8b053ae787a6e803";
constexpr std::string_view golden_proof_head =
    "c2sp.org/tlog-proof@v1\n"
    "extra QEFCQw==\n"
    "index 5\n"
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
    "\n";

crypto::SigningKey key_of(std::uint8_t first) {
  std::array<std::uint8_t, 32> raw{};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    raw[i] = static_cast<std::uint8_t>(first + i);
  }
  return crypto::SigningKey::from_seed(Seed(raw));
}

Origin golden_origin() {
  Origin origin{{}, {}, 3};
  origin.network.bytes.fill(0x11);
  origin.member.bytes.fill(0x22);
  return origin;
}

Note golden_note(NoteRole role = NoteRole::author) {
  return sign_note(golden_origin(), 8, *Digest::parse_hex(golden_root), 5, role, key_of(0));
}

Result<SignedNote> parse(std::string_view text) {
  return parse_signed_note(text, key_of(0).public_key(), NoteRole::author);
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const std::size_t at = out.find(from);
  CHECK(at != std::string::npos);
  return out.replace(at, from.size(), to);
}

// A signed note with any text, signed as the note's key would.
std::string signed_text(const std::string& text) {
  const Signature signature = key_of(0).sign(view(text));
  Bytes raw = *from_base64("SOUMjw==");  // the key hash of the golden note
  append(raw, signature.view());
  return text + "\n— " + std::string(golden_name) + " " + to_base64(raw) + "\n";
}

TEST(Note, TextAndSignatureAreTheGoldenOnes) {
  const Note note = golden_note();
  EXPECT_EQ(golden_origin().name(), golden_name);
  EXPECT_EQ(note_text(golden_origin(), note.size, note.root, note.first), golden_text);
  EXPECT_EQ(to_signed_note(golden_origin(), note), golden_signed);
  EXPECT_EQ(signed_text(std::string(golden_text)), golden_signed);
}

TEST(Note, EncodesToTheGoldenBytesAndBack) {
  const Note note = golden_note();
  const Bytes encoded = note.encode();
  EXPECT_EQ(encoded.size(), Note::encoded_size);
  EXPECT_EQ(to_hex(encoded), golden_binary);
  const auto parsed = Note::parse(encoded);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, note);
  EXPECT_TRUE(verify_note(golden_origin(), *parsed));
}

TEST(Note, EveryFlippedBitOfTheEncodingIsFound) {
  const Bytes good = golden_note().encode();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    const auto parsed = Note::parse(bad);
    EXPECT_FALSE(parsed && verify_note(golden_origin(), *parsed)) << "bit " << bit;
  }
}

TEST(Note, OnlyTheExactLengthParses) {
  Bytes encoded = golden_note().encode();
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    EXPECT_FALSE(Note::parse(ByteView(encoded).first(length)));
  }
  encoded.push_back(0);
  EXPECT_FALSE(Note::parse(encoded));
}

TEST(Note, FirstMayBeTheSizeButNotBeyond) {
  Note note = golden_note();
  note.first = note.size;
  EXPECT_TRUE(Note::parse(note.encode()));
  note.first = note.size + 1;
  const auto parsed = Note::parse(note.encode());
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), (Error{Code::malformed, Blame::peer, ""}));
}

TEST(Note, IsNobodyElses) {
  const Note note = golden_note();
  Origin other = golden_origin();
  other.network.bytes[0] ^= 1;
  EXPECT_FALSE(verify_note(other, note));
  other = golden_origin();
  other.member.bytes[15] ^= 1;
  EXPECT_FALSE(verify_note(other, note));
  other = golden_origin();
  other.incarnation = 4;
  EXPECT_FALSE(verify_note(other, note));
  EXPECT_TRUE(verify_note(golden_origin(), note));
}

TEST(SignedNote, ParsesBackWithTheRoleThatTheCallerNames) {
  for (const NoteRole role : {NoteRole::author, NoteRole::receipt}) {
    const auto parsed = parse_signed_note(golden_signed, key_of(0).public_key(), role);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->origin, golden_origin());
    EXPECT_EQ(parsed->note, golden_note(role));
    EXPECT_EQ(to_signed_note(parsed->origin, parsed->note), golden_signed);
  }
}

TEST(SignedNote, HoldsTheGreatestNumbers) {
  Origin origin = golden_origin();
  origin.incarnation = UINT32_MAX;
  const Note note =
      sign_note(origin, UINT64_MAX, flipped({}), UINT64_MAX, NoteRole::author, key_of(0));
  const auto parsed = parse(to_signed_note(origin, note));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->origin, origin);
  EXPECT_EQ(parsed->note, note);
}

TEST(SignedNote, EveryChangedByteIsFound) {
  for (std::size_t at = 0; at < golden_signed.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x10, 0x20, 0x80, 0xff}) {
      std::string bad(golden_signed);
      bad[at] = static_cast<char>(bad[at] ^ change);
      EXPECT_FALSE(parse(bad)) << "byte " << at << " by " << change;
    }
  }
}

TEST(SignedNote, EveryPartAndEveryAdditionIsRefused) {
  for (std::size_t length = 0; length < golden_signed.size(); ++length) {
    EXPECT_FALSE(parse(golden_signed.substr(0, length))) << length;
    EXPECT_FALSE(parse(golden_signed.substr(length + 1))) << length;
  }
  for (const char* more : {"\n", " ", "x", "x\n", "— \n", "— a\n", "— a b\n", "— a AAAA\n"}) {
    EXPECT_FALSE(parse(std::string(golden_signed) + more)) << more;
  }
}

TEST(SignedNote, TextAndSignaturesArePartedByAnEmptyLine) {
  EXPECT_FALSE(parse(replaced(golden_signed, "\n\n", "\nx\n")));
  EXPECT_FALSE(parse(replaced(golden_signed, "\n\n", "\n \n")));
  EXPECT_FALSE(parse(replaced(golden_signed, "\n\n", "\n")));
  EXPECT_FALSE(parse(replaced(golden_signed, "\n\n", "\n\n\n")));
}

TEST(SignedNote, AnotherKeyIsNotAccepted) {
  const auto parsed = parse_signed_note(golden_signed, key_of(1).public_key(), NoteRole::author);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), (Error{Code::bad_signature, Blame::peer, ""}));
}

TEST(SignedNote, AWrongSignatureUnderTheRightKeyHashIsRefused) {
  Note note = golden_note();
  note.signature.bytes[3] ^= 1;
  const auto parsed = parse(to_signed_note(golden_origin(), note));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), (Error{Code::bad_signature, Blame::peer, ""}));
}

TEST(SignedNote, OnlyTheCanonicalTextIsReadEvenIfSigned) {
  const std::string text(golden_text);
  ASSERT_TRUE(parse(signed_text(text)));
  const std::vector<std::pair<std::string_view, std::string_view>> changes{
      {"\n8\n", "\n08\n"},     {"\n8\n", "\n+8\n"},
      {"\n8\n", "\n-8\n"},     {"\n8\n", "\n 8\n"},
      {"\n8\n", "\n8 \n"},     {"\n8\n", "\n0x8\n"},
      {"\n8\n", "\n\n"},       {"\n8\n", "\n18446744073709551616\n"},
      {"\n8\n", "\n8\r\n"},    {"\n8\n", "\n8\n\n"},
      {"since 5", "since 05"}, {"since 5", "since 9"},
      {"since 5", "since  5"}, {"since 5", "Since 5"},
      {"since 5", "since\t5"}, {"since 5", "since 5\nmore 6"},
      {"since 5\n", ""},       {"since 5\n", "since 5\n\n"},
      {"RgQyg=", "RgQyh="},  // bits behind the last byte
      {"RgQyg=", "RgQyg"},     {"RgQyg=", "RgQ="},
      {"z+Nw", "z-Nw"},        {"hamroh/", "Hamroh/"},
      {"hamroh/", "hamroh//"}, {"/3\n", "/03\n"},
      {"/3\n", "/\n"},         {"/3\n", "/4294967296\n"},
      {"/3\n", "/3/\n"},       {"/2222", "/222"},
      {"/2222", "/A222"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(parse(signed_text(replaced(text, from, to)))) << from << " became " << to;
  }
  // Upper-case hex would be another name for the same origin.
  Origin origin = golden_origin();
  origin.member.bytes.fill(0xab);
  const Note note = sign_note(origin, 1, {}, 0, NoteRole::author, key_of(0));
  const std::string good = to_signed_note(origin, note);
  EXPECT_TRUE(parse(good));
  EXPECT_FALSE(parse(replaced(good, "abab", "ABab")));
}

TEST(SignedNote, CosignaturesAreSkippedWhereverTheyStand) {
  const Bytes cosignature(4 + 8 + 64, 0x5a);
  std::string lines;
  for (int i = 0; i < 16; ++i) {
    lines += "— witness.example/" + std::to_string(i) + " " + to_base64(cosignature) + "\n";
  }
  // The same name under another key: to be ignored as well.
  lines += "— " + std::string(golden_name) + " " + to_base64(cosignature) + "\n";
  const std::string behind = std::string(golden_signed) + lines;
  const std::string before = replaced(golden_signed, "\n\n", "\n\n" + lines);
  for (const std::string& text : {behind, before}) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->note, golden_note());
  }
}

TEST(SignedNote, SixteenPostQuantumCosignaturesFit) {
  std::string text(golden_signed);
  for (int i = 0; i < 16; ++i) {
    text += "— w" + std::to_string(i) + " " + to_base64(Bytes(5'000, 1)) + "\n";
  }
  EXPECT_TRUE(parse(text));
}

TEST(SignedNote, IsBounded) {
  std::string many(golden_signed);
  for (int i = 0; i < 64; ++i) {
    many += "— w" + std::to_string(i) + " AAAAAAA=\n";
  }
  EXPECT_FALSE(parse(many));
  const std::string large =
      std::string(golden_signed) + "— w " + to_base64(Bytes(200'000, 1)) + "\n";
  const auto parsed = parse(large);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::too_large);
}

TEST(SignedNote, DamagedCosignatureLinesSpoilTheNote) {
  const std::string good(golden_signed);
  EXPECT_TRUE(parse(good + "— w AAAAAAA=\n"));
  for (const std::string_view line :
       {"- w AAAAAAA=\n", "—w AAAAAAA=\n", "—  AAAAAAA=\n", "— w+x AAAAAAA=\n", "— w  AAAAAAA=\n",
        "— w AAAAAAA=", "— w AAAAAAA\n", "— w AAAAAAA= \n", "— w AAAA\n", "— w\x01 AAAAAAA=\n",
        "— w\xff AAAAAAA=\n", "— w\t AAAAAAA=\n", "\n— w AAAAAAA=\n"}) {
    EXPECT_FALSE(parse(good + std::string(line))) << line;
  }
}

TEST(SignedNote, OneKeySignsOnce) {
  const std::string line(golden_signed.substr(golden_signed.find("— ")));
  EXPECT_FALSE(parse(std::string(golden_signed) + line));
}

TEST(TlogProof, IsTheGoldenTextAndParsesBack) {
  const ReferenceTree tree([] {
    std::vector<Digest> leaves;
    for (const char* data : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                             "606162636465666768696a6b6c6d6e6f"}) {
      leaves.push_back(leaf_hash(*from_hex(data)));
    }
    return leaves;
  }());
  const Bytes entry{0x40, 0x41, 0x42, 0x43};
  const ExportedProof proof{entry, 5, tree.path(5, 8), std::string(golden_signed)};
  const std::string text = to_tlog_proof(proof);
  EXPECT_EQ(text, std::string(golden_proof_head) + std::string(golden_signed));

  const auto parsed = parse_tlog_proof(text);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(to_tlog_proof(*parsed), text);
  const auto note = parse(parsed->signed_note);
  ASSERT_TRUE(note.has_value());
  EXPECT_TRUE(verify_inclusion(parsed->index, note->note.size, leaf_hash(parsed->entry),
                               parsed->path, note->note.root));
}

TEST(TlogProof, EveryChangedByteIsFound) {
  const std::string good = std::string(golden_proof_head) + std::string(golden_signed);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x02);
    const auto proof = parse_tlog_proof(bad);
    const auto note =
        proof ? parse(proof->signed_note) : Result<SignedNote>(tl::unexpected(proof.error()));
    EXPECT_FALSE(note && verify_inclusion(proof->index, note->note.size, leaf_hash(proof->entry),
                                          proof->path, note->note.root))
        << "byte " << at;
  }
}

TEST(TlogProof, OnlyTheCanonicalTextIsRead) {
  const std::string good = std::string(golden_proof_head) + std::string(golden_signed);
  const std::vector<std::pair<std::string_view, std::string_view>> changes{
      {"@v1", "@v2"},           {"c2sp", "\nc2sp"},
      {"extra QEFCQw==\n", ""}, {"QEFCQw==", "QEFCQx=="},
      {"QEFCQw==", "QEFCQw"},   {"index 5", "index 05"},
      {"index 5", "index -5"},  {"index 5", "index 18446744073709551616"},
      {"index 5\n", ""},        {"Znms=", "Znmt="},
      {"Znms=", "Znms= "},      {"Znms=\n", "Znms=\r\n"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(parse_tlog_proof(replaced(good, from, to))) << from << " became " << to;
  }
  for (std::size_t length = 0; length < golden_proof_head.size(); ++length) {
    EXPECT_FALSE(parse_tlog_proof(good.substr(0, length))) << length;
  }
}

TEST(TlogProof, ThePathIsBounded) {
  ExportedProof proof{{1}, 0, numbered_leaves(63), "note"};
  EXPECT_TRUE(parse_tlog_proof(to_tlog_proof(proof)));
  proof.path.push_back({});
  EXPECT_FALSE(parse_tlog_proof(to_tlog_proof(proof)));
  proof.path.clear();
  proof.entry.assign(300'000, 1);
  EXPECT_FALSE(parse_tlog_proof(to_tlog_proof(proof)));
}

}  // namespace
}  // namespace hamroh
