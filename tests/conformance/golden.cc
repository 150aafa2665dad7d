// Our own vectors: made from fixed inputs, and checked from what stands in the file alone, so that
// an edited file fails and another implementation can use it. SPEC.md says what each field means.

#include "protocol/ballot.h"
#include "protocol/disclosure.h"
#include "protocol/envelope.h"
#include "protocol/erasure.h"
#include "protocol/fingerprint.h"
#include "protocol/inbox.h"
#include "protocol/join_request.h"
#include "protocol/membership.h"
#include "protocol/rights.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"
#include "tests/conformance/vectors.h"

namespace hamroh::conformance {
namespace {

// Counts up, so that everything drawn is easy to recognise in the files.
class CountingEntropy final : public Entropy {
 public:
  explicit CountingEntropy(std::uint8_t first) : next_(first) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) {
      byte = next_++;
    }
  }

 private:
  std::uint8_t next_;
};

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

Secret<32> secret_of(ByteView raw) {
  if (raw.size() != 32) {
    throw std::runtime_error("a secret has another length");
  }
  return Secret<32>(raw.first<32>());
}
Secret<32> secret_filled(std::uint8_t byte) {
  return secret_of(Bytes(32, byte));
}
crypto::SigningKey signer(std::uint8_t byte) {
  return crypto::SigningKey::from_seed(secret_filled(byte));
}

std::string hex(ByteView bytes) {
  return to_hex(bytes);
}
std::uint64_t number_at(const Json& item, const char* key, std::uint64_t number_max = UINT64_MAX) {
  const auto number = item.at(key).get<std::uint64_t>();
  if (number > number_max) {
    throw std::runtime_error(std::string(key) + " is too large");
  }
  return number;
}
std::string name_at(const Json& item) {
  return item.at("name").get<std::string>();
}

// What parses strictly refuses every cut and everything that follows.
template <class Parse>
bool strict(ByteView bytes, Parse&& parse) {
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(0);
  return parse(bytes).has_value() && !parse(bytes.first(bytes.size() - 1)).has_value() &&
         !parse(longer).has_value();
}

// ---- padding ----------------------------------------------------------------------------------

Json make_padding() {
  Json all = Json::array();
  for (const std::size_t length : {0UL, 1UL, 2UL, 9UL, 100UL, 255UL, 256UL, 257UL, 1'000UL, 2'048UL,
                                   2'049UL, 4'097UL, 65'535UL, 240'000UL}) {
    all.push_back({{"length", length}, {"padded", padded_length(length)}});
  }
  return all;
}

void check_padding(const Json& file, Count& count) {
  for (const Json& item : file) {
    count.take(padded_length(number_at(item, "length")) == number_at(item, "padded"),
               "length " + item.at("length").dump());
  }
}

// ---- ledger entries ---------------------------------------------------------------------------

Json make_entries() {
  Json all = Json::array();
  for (const auto& [kind, code] :
       {std::pair{EntryKind::sent, Code::none}, std::pair{EntryKind::opened, Code::none},
        std::pair{EntryKind::refused, Code::not_capable}, std::pair{EntryKind::session, Code::none},
        std::pair{EntryKind::witness, Code::none}}) {
    Entry entry{kind,
                code,
                {1'790'000'000'123},
                7,
                filled<Salt>(0x11),
                filled<Digest>(0x22),
                filled<Digest>(0x33)};
    all.push_back({{"name", entry_kind_name(kind)},
                   {"kind", static_cast<unsigned>(kind)},
                   {"code", static_cast<unsigned>(code)},
                   {"time_ms", entry.time.ms},
                   {"directory_version", entry.directory_version},
                   {"salt", entry.salt.hex()},
                   {"subject", entry.subject.hex()},
                   {"detail", entry.detail.hex()},
                   {"encoded", hex(entry.encode())},
                   {"leaf", entry.leaf().hex()}});
  }
  return all;
}

void check_entries(const Json& file, Count& count) {
  for (const Json& item : file) {
    Entry entry;
    entry.kind = static_cast<EntryKind>(number_at(item, "kind", UINT8_MAX));
    entry.code = static_cast<Code>(number_at(item, "code", UINT16_MAX));
    entry.time = {number_at(item, "time_ms")};
    entry.directory_version = number_at(item, "directory_version");
    entry.salt = fixed_at<Salt>(item, "salt");
    entry.subject = fixed_at<Digest>(item, "subject");
    entry.detail = fixed_at<Digest>(item, "detail");
    const Bytes encoded = hex_at(item, "encoded");
    const auto parsed = Entry::parse(encoded);
    count.take(std::ranges::equal(entry.encode(), encoded) && parsed && *parsed == entry &&
                   entry.leaf() == fixed_at<Digest>(item, "leaf") && strict(encoded, Entry::parse),
               name_at(item));
  }
}

// ---- notes and exported proofs ----------------------------------------------------------------

Origin origin_at(const Json& item) {
  return {fixed_at<NetworkId>(item, "network"), fixed_at<MemberId>(item, "member"),
          static_cast<std::uint32_t>(number_at(item, "incarnation"))};
}

Json make_notes() {
  Json all = Json::array();
  for (const NoteRole role : {NoteRole::author, NoteRole::receipt}) {
    const Origin origin{filled<NetworkId>(0x0A), filled<MemberId>(0x0B), 1};
    const Note note = sign_note(origin, 21, filled<Digest>(0x44), 13, role, signer(0x55));
    const std::string signed_note = to_signed_note(origin, note);
    const ExportedProof proof{
        Bytes(Entry::encoded_size, 0x66), 20, {filled<Digest>(0x77)}, signed_note};
    all.push_back({{"name", role == NoteRole::author ? "author" : "receipt"},
                   {"network", origin.network.hex()},
                   {"member", origin.member.hex()},
                   {"incarnation", origin.incarnation},
                   {"size", note.size},
                   {"root", note.root.hex()},
                   {"first", note.first},
                   {"role", static_cast<unsigned>(role)},
                   {"seed", hex(Bytes(32, 0x55))},
                   {"text", note_text(origin, note.size, note.root, note.first)},
                   {"signature", note.signature.hex()},
                   {"binary", hex(note.encode())},
                   {"signed_note", signed_note},
                   {"proof_entry", hex(proof.entry)},
                   {"proof_index", proof.index},
                   {"proof_path", Json::array({proof.path[0].hex()})},
                   {"tlog_proof", to_tlog_proof(proof)}});
  }
  return all;
}

void check_notes(const Json& file, Count& count) {
  for (const Json& item : file) {
    const Origin origin = origin_at(item);
    const auto key = crypto::SigningKey::from_seed(secret_of(hex_at(item, "seed")));
    const auto role = static_cast<NoteRole>(number_at(item, "role", UINT8_MAX));
    const Note note = sign_note(origin, number_at(item, "size"), fixed_at<Digest>(item, "root"),
                                number_at(item, "first"), role, key);
    const auto text = item.at("text").get<std::string>();
    const Bytes binary = hex_at(item, "binary");
    count.take(note_text(origin, note.size, note.root, note.first) == text &&
                   note.signature == fixed_at<Signature>(item, "signature") &&
                   note.encode() == binary && strict(binary, Note::parse),
               name_at(item) + ", binary form");
    const auto written = item.at("signed_note").get<std::string>();
    const auto parsed = parse_signed_note(written, key.public_key(), role);
    Origin another = origin;
    ++another.incarnation;
    count.take(to_signed_note(origin, note) == written && parsed && parsed->note == note &&
                   verify_note(origin, note) && !verify_note(another, note) &&
                   !parse_signed_note(written, signer(0x56).public_key(), role),
               name_at(item) + ", signed note");
    ExportedProof proof{hex_at(item, "proof_entry"), number_at(item, "proof_index"), {}, written};
    for (const Json& hash : item.at("proof_path")) {
      const auto digest = Digest::parse_hex(hash.get<std::string>());
      if (!digest) {
        throw std::runtime_error("proof_path holds what is no hash");
      }
      proof.path.push_back(*digest);
    }
    const auto exported = item.at("tlog_proof").get<std::string>();
    const auto imported = parse_tlog_proof(exported);
    count.take(to_tlog_proof(proof) == exported && imported && imported->path == proof.path &&
                   imported->entry == proof.entry && imported->signed_note == written,
               name_at(item) + ", exported proof");
  }
}

// ---- multiproofs ------------------------------------------------------------------------------

Digest plain_leaf(std::uint64_t index) {
  return leaf_hash(key_u64(index));
}

CompactRange plain_range(std::uint64_t size) {
  CompactRange range;
  for (std::uint64_t i = 0; i < size; ++i) {
    range.append(plain_leaf(i));
  }
  return range;
}

Result<Digest> plain_subtree(unsigned level, std::uint64_t index) {
  CompactRange range;
  const std::uint64_t width = std::uint64_t{1} << level;
  for (std::uint64_t i = index * width; i < (index + 1) * width; ++i) {
    range.append(plain_leaf(i));
  }
  return range.root();
}

Json make_multiproofs() {
  struct Case {
    std::uint64_t size;
    std::uint64_t base;
    std::vector<std::uint64_t> indices;
  };
  Json all = Json::array();
  for (const Case& one : std::vector<Case>{{1, 0, {0}},
                                           {8, 0, {3}},
                                           {13, 8, {8, 12}},
                                           {21, 13, {}},
                                           {21, 13, {2, 13, 20}},
                                           {21, 21, {5}},
                                           {64, 63, {63}},
                                           {100, 37, {36, 37, 64, 99}}}) {
    const auto hashes = make_multiproof(one.size, one.base, one.indices, plain_subtree);
    CHECK(hashes);
    Json proof = Json::array();
    for (const Digest& hash : *hashes) {
      proof.push_back(hash.hex());
    }
    all.push_back({{"size", one.size},
                   {"base", one.base},
                   {"indices", one.indices},
                   {"root", plain_range(one.size).root().hex()},
                   {"base_range", hex(plain_range(one.base).encode())},
                   {"range", hex(plain_range(one.size).encode())},
                   {"hashes", proof}});
  }
  return all;
}

void check_multiproof(const Json& item, Count& count) {
  const std::uint64_t size = number_at(item, "size");
  const auto root = fixed_at<Digest>(item, "root");
  const auto base = CompactRange::parse(hex_at(item, "base_range"));
  std::vector<ProvenLeaf> leaves;
  for (const Json& index : item.at("indices")) {
    leaves.push_back({index.get<std::uint64_t>(), plain_leaf(index.get<std::uint64_t>())});
  }
  std::vector<Digest> hashes;
  for (const Json& hash : item.at("hashes")) {
    hashes.push_back(Digest::parse_hex(hash.get<std::string>()).value_or(Digest{}));
  }
  const auto verifies = [&] {
    return verify_multiproof(size, root, base ? *base : CompactRange{}, leaves, hashes);
  };
  const auto range = verifies();
  bool good = base && base->size == number_at(item, "base") && range &&
              range->encode() == hex_at(item, "range");
  // Every single change must be noticed: a hash, a leaf, one hash more, one less.
  for (Digest& hash : hashes) {
    hash.bytes[0] ^= 1U;
    good = good && !verifies();
    hash.bytes[0] ^= 1U;
  }
  for (ProvenLeaf& leaf : leaves) {
    leaf.leaf.bytes[0] ^= 1U;
    good = good && !verifies();
    leaf.leaf.bytes[0] ^= 1U;
  }
  hashes.push_back(root);
  good = good && !verifies();
  count.take(good, "size " + item.at("size").dump() + ", base " + item.at("base").dump());
}

// ---- messages, envelopes, keys ----------------------------------------------------------------

Inner sample_inner() {
  Inner inner;
  inner.blind = filled<Salt>(0x01);
  inner.network = filled<NetworkId>(0x0A);
  inner.message = filled<MessageId>(0x03);
  inner.author = filled<MemberId>(0x0B);
  inner.recipients = {filled<MemberId>(0x0C), filled<MemberId>(0x0D)};
  inner.case_id = filled<CaseId>(0x04);
  inner.heads = {filled<Digest>(0x05)};
  inner.directory_version = 2;
  inner.created = {1'790'000'000'000};
  inner.expires = {1'792'592'000'000};
  inner.kind = 40;
  inner.body = encode(NoteText{{"tg", "Салом"}});
  return inner;
}

Json make_message(const std::string& name, const Inner& inner) {
  const Bytes encoded = encode_inner(inner);
  return {{"name", name},
          {"author", inner.author.hex()},
          {"message", inner.message.hex()},
          {"case", inner.case_id.hex()},
          {"kind", inner.kind},
          {"created_ms", inner.created.ms},
          {"expires_ms", inner.expires.ms},
          {"actor", inner.actor.hex()},
          {"actor_role", inner.actor_role},
          {"text", "Салом"},
          {"language", "tg"},
          {"inner", hex(encoded)},
          {"digest", message_digest(encoded).hex()}};
}

Json make_messages() {
  Inner by_somebody = sample_inner();
  by_somebody.actor = filled<Pseudonym>(0x0e);
  by_somebody.actor_role = static_cast<std::uint8_t>(Role::case_worker);
  return Json::array(
      {make_message("note", sample_inner()), make_message("note by a user", by_somebody)});
}

void check_messages(const Json& file, Count& count) {
  for (const Json& item : file) {
    const Bytes encoded = hex_at(item, "inner");
    const auto inner = parse_inner(encoded);
    const auto body = inner ? parse_note(inner->body) : tl::unexpected(Error{});
    count.take(inner && body && encode_inner(*inner) == encoded &&
                   inner->author == fixed_at<MemberId>(item, "author") &&
                   inner->message == fixed_at<MessageId>(item, "message") &&
                   inner->case_id == fixed_at<CaseId>(item, "case") &&
                   inner->kind == number_at(item, "kind") &&
                   inner->created.ms == number_at(item, "created_ms") &&
                   inner->expires.ms == number_at(item, "expires_ms") &&
                   inner->actor == fixed_at<Pseudonym>(item, "actor") &&
                   inner->actor_role == number_at(item, "actor_role") &&
                   body->text.text == item.at("text").get<std::string>() &&
                   body->text.language == item.at("language").get<std::string>() &&
                   message_digest(encoded) == fixed_at<Digest>(item, "digest") &&
                   !parse_inner(ByteView(encoded).first(encoded.size() / 2)),
               name_at(item));
  }
}

// One message in a tree of 14 entries, relative to the 13 that its recipient knows.
EnvelopeContent sample_content(const Origin& origin, const Inner& inner) {
  const Bytes encoded = encode_inner(inner);
  const Entry entry{EntryKind::sent,         Code::none, inner.created, 2, filled<Salt>(0x11),
                    message_digest(encoded), {}};
  CompactRange tree = plain_range(13);
  tree.append(entry.leaf());
  EnvelopeContent content;
  content.proof.sender = origin.member;
  content.proof.incarnation = origin.incarnation;
  content.proof.note = sign_note(origin, 14, tree.root(), 13, NoteRole::author, signer(0x55));
  content.proof.base_size = 13;
  const std::vector<std::uint64_t> indices{13};
  const auto hashes = make_multiproof(14, 13, indices, [&](unsigned level, std::uint64_t index) {
    return level == 0 && index == 13 ? Result<Digest>(entry.leaf()) : plain_subtree(level, index);
  });
  CHECK(hashes);
  content.proof.hashes = *hashes;
  content.leaves.emplace_back(MessageSection{13, entry, encoded});
  return content;
}

Json make_envelopes() {
  const Origin origin{filled<NetworkId>(0x0A), filled<MemberId>(0x0B), 1};
  const MemberId recipient = filled<MemberId>(0x0C);
  const EpochKey key = crypto::x25519_public(secret_filled(0x21));
  const Bytes content = encode_content(sample_content(origin, sample_inner()));
  CountingEntropy entropy(0x80);
  const auto frame = seal_envelope(content, origin.network, recipient, key, entropy);
  CHECK(frame);
  return Json::array(
      {{{"name", "one message"},
        {"network", origin.network.hex()},
        {"member", origin.member.hex()},
        {"incarnation", origin.incarnation},
        {"author_key", signer(0x55).public_key().hex()},
        {"known_range", hex(plain_range(13).encode())},
        {"recipient", recipient.hex()},
        {"epoch_secret", hex(Bytes(32, 0x21))},
        {"epoch_key", key.hex()},
        {"epoch_key_id", epoch_key_id(key).hex()},
        {"ephemeral_first_byte", 0x80},
        {"info", hex(seal_info(suite_x25519, origin.network, recipient, epoch_key_id(key)))},
        {"content", hex(content)},
        {"frame", hex(*frame)},
        {"envelope_digest", envelope_digest(*frame).hex()},
        {"index", 13},
        {"inner", hex(encode_inner(sample_inner()))}}});
}

void check_envelope(const Json& item, Count& count) {
  const Origin origin = origin_at(item);
  const auto recipient = fixed_at<MemberId>(item, "recipient");
  const auto key = fixed_at<EpochKey>(item, "epoch_key");
  const AgreementKey secret = secret_of(hex_at(item, "epoch_secret"));
  const Bytes content = hex_at(item, "content");
  const Bytes frame = hex_at(item, "frame");
  CountingEntropy entropy(static_cast<std::uint8_t>(number_at(item, "ephemeral_first_byte")));
  const auto sealed = seal_envelope(content, origin.network, recipient, key, entropy);
  count.take(crypto::x25519_public(secret) == key &&
                 epoch_key_id(key) == fixed_at<EpochKeyId>(item, "epoch_key_id") &&
                 seal_info(suite_x25519, origin.network, recipient, epoch_key_id(key)) ==
                     hex_at(item, "info") &&
                 sealed && *sealed == frame &&
                 envelope_digest(frame) == fixed_at<Digest>(item, "envelope_digest"),
             name_at(item) + ", sealing");
  const auto envelope = parse_envelope(frame);
  const auto opened = envelope ? open_envelope(*envelope, origin.network, secret, key)
                               : Result<Bytes>(tl::unexpected(envelope.error()));
  bool noticed = true;  // any changed byte behind the type
  for (std::size_t at = 1; at < frame.size(); at += 7) {
    Bytes changed = frame;
    changed[at] ^= 1U;
    const auto other = parse_envelope(changed);
    noticed = noticed && (!other || other->header.epoch_key != epoch_key_id(key) ||
                          !open_envelope(*other, origin.network, secret, key));
  }
  count.take(opened && *opened == content && noticed, name_at(item) + ", opening");

  SenderKnowledge sender;
  sender.origin = origin;
  sender.author = *AuthorKey::from(fixed_at<SigningPublicKey>(item, "author_key").view());
  const auto range = CompactRange::parse(hex_at(item, "known_range"));
  if (!range) {
    throw std::runtime_error("known_range does not parse");
  }
  Note known;
  known.size = range->size;
  known.root = range->root();
  sender.seen = known;
  sender.range = *range;
  const auto verified = verify_content(content, sender);
  SenderKnowledge stranger = sender;
  stranger.origin.member = recipient;
  count.take(verified && verified->extends() && verified->messages().size() == 1 &&
                 verified->messages()[0].index == number_at(item, "index") &&
                 verified->messages()[0].inner == hex_at(item, "inner") &&
                 !verify_content(content, stranger),
             name_at(item) + ", verifying");
}

Json make_key_sheets() {
  KeySheet sheet;
  sheet.network = filled<NetworkId>(0x0A);
  sheet.member = filled<MemberId>(0x0B);
  sheet.incarnation = 1;
  sheet.serial = 3;
  sheet.created = {1'790'000'000'000};
  for (std::uint8_t i = 0; i < 2; ++i) {
    const Timestamp begins{1'789'603'200'000 + i * days(7).ms};
    const EpochKey key = crypto::x25519_public(secret_filled(static_cast<std::uint8_t>(0x21 + i)));
    sheet.keys.push_back({key, begins, begins + days(7)});
  }
  return Json::array({{{"name", "two epochs"},
                       {"network", sheet.network.hex()},
                       {"member", sheet.member.hex()},
                       {"incarnation", 1},
                       {"serial", 3},
                       {"author_key", signer(0x55).public_key().hex()},
                       {"first_key", sheet.keys[0].key.hex()},
                       {"first_begins_ms", sheet.keys[0].begins.ms},
                       {"second_key", sheet.keys[1].key.hex()},
                       {"file", hex(sign_key_sheet(sheet, signer(0x55)))}}});
}

void check_key_sheets(const Json& file, Count& count) {
  for (const Json& item : file) {
    const Bytes bytes = hex_at(item, "file");
    const auto verify = [&](ByteView some, std::uint32_t incarnation) {
      return verify_key_sheet(some, fixed_at<NetworkId>(item, "network"),
                              fixed_at<MemberId>(item, "member"), incarnation,
                              fixed_at<AuthorKey>(item, "author_key"));
    };
    const auto incarnation = static_cast<std::uint32_t>(number_at(item, "incarnation"));
    const auto sheet = verify(bytes, incarnation);
    count.take(sheet && sheet->value().serial == number_at(item, "serial") &&
                   sheet->value().keys.size() == 2 &&
                   sheet->value().keys[0].key == fixed_at<EpochKey>(item, "first_key") &&
                   sheet->value().keys[0].begins.ms == number_at(item, "first_begins_ms") &&
                   sheet->value().keys[1].key == fixed_at<EpochKey>(item, "second_key") &&
                   !verify(bytes, incarnation + 1) &&
                   !verify(ByteView(bytes).first(bytes.size() - 1), incarnation),
               name_at(item));
  }
}

// ---- erasures ---------------------------------------------------------------------------------

Json make_erasures() {
  const std::vector<Digest> digests{filled<Digest>(0x31), filled<Digest>(0x32),
                                    filled<Digest>(0x33)};
  ErasureCertificate certificate;
  certificate.network = filled<NetworkId>(0x0A);
  certificate.member = filled<MemberId>(0x0B);
  certificate.incarnation = 2;
  certificate.case_id = filled<CaseId>(0x0E);
  certificate.reason = ErasureReason::withdrawal;
  certificate.time = {1'790'000'000'000};
  certificate.messages = 3;
  certificate.root = erasure_root(digests);
  certificate.index = 4'711;
  Json messages = Json::array();
  for (const Digest& digest : digests) {
    messages.push_back(digest.hex());
  }
  return Json::array({{{"name", "three messages"},
                       {"network", certificate.network.hex()},
                       {"member", certificate.member.hex()},
                       {"incarnation", 2},
                       {"case", certificate.case_id.hex()},
                       {"reason", 3},
                       {"time_ms", certificate.time.ms},
                       {"digests", messages},
                       {"root", certificate.root.hex()},
                       {"index", certificate.index},
                       {"author_seed", "32 times 55"},
                       {"author_key", signer(0x55).public_key().hex()},
                       {"file", hex(sign_erasure(certificate, signer(0x55)))}}});
}

void check_erasures(const Json& file, Count& count) {
  for (const Json& item : file) {
    const Bytes bytes = hex_at(item, "file");
    const auto parsed = parse_erasure(bytes);
    std::vector<Digest> digests;
    for (const Json& digest : item.at("digests")) {
      digests.push_back(Digest::parse_hex(digest.get<std::string>()).value_or(Digest{}));
    }
    bool changed_is_refused = true;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Bytes changed = bytes;
      changed[at] ^= 1;
      changed_is_refused = changed_is_refused && !parse_erasure(changed);
    }
    count.take(parsed && parsed->network == fixed_at<NetworkId>(item, "network") &&
                   parsed->member == fixed_at<MemberId>(item, "member") &&
                   parsed->incarnation == number_at(item, "incarnation") &&
                   parsed->case_id == fixed_at<CaseId>(item, "case") &&
                   static_cast<std::uint64_t>(parsed->reason) == number_at(item, "reason") &&
                   parsed->time.ms == number_at(item, "time_ms") &&
                   parsed->messages == digests.size() && parsed->root == erasure_root(digests) &&
                   parsed->root == fixed_at<Digest>(item, "root") &&
                   parsed->index == number_at(item, "index") &&
                   parsed->key == fixed_at<AuthorKey>(item, "author_key") && changed_is_refused,
               name_at(item));
  }
}

// ---- membership -------------------------------------------------------------------------------

Member sample_member(std::uint8_t byte) {
  Member member;
  member.id = filled<MemberId>(byte);
  member.name = "member " + std::to_string(byte);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(member.kind);
  member.author = *AuthorKey::from(signer(byte).public_key().view());
  member.receipt = *ReceiptKey::from(signer(byte + 1).public_key().view());
  member.witness = *WitnessKey::from(signer(byte + 2).public_key().view());
  member.transport = *TransportKey::from(crypto::x25519_public(secret_filled(byte)).view());
  member.endpoint = "tcp://192.0.2.1:7311";
  return member;
}

template <class Sign>
std::vector<AdminSignature> signatures_of(std::initializer_list<std::uint8_t> signers,
                                          Sign&& sign) {
  std::vector<AdminSignature> signatures;
  for (const std::uint8_t number : signers) {
    signatures.push_back(sign(signer(number)));
  }
  return signatures;
}

Administrator sample_administrator(std::uint8_t number) {
  const std::string name = "admin-" + std::to_string(number);
  return {name, *AdminKey::from(signer(number).public_key().view()),
          prove_founder("golden", name, signer(number))};
}

// Each file once as it must be, once signed by too few, and once by one of them twice.
template <class Encode>
void put_signed(Json& all, const std::string& name, SignedPayload file, Encode&& encode) {
  all[name] = hex(encode(file));
  const std::vector<AdminSignature> enough = file.signatures;
  file.signatures.pop_back();
  all[name + "_too_few"] = hex(encode(file));
  file.signatures = enough;
  file.signatures.push_back(enough.front());
  all[name + "_doubled"] = hex(encode(file));
}

void put_directory(Json& all, const std::string& name, const DirectoryFile& file) {
  put_signed(all, name, file.head, [&](const SignedPayload& head) {
    DirectoryFile same = file;
    same.head = head;
    return encode_directory_file(same);
  });
}

struct GoldenNetwork {
  SignedPayload founding;
  SignedPayload successor;
  NetworkId network;
};

GoldenNetwork golden_network() {
  Constitution constitution;
  constitution.network_name = "golden";
  constitution.created = {1'790'000'000'000};
  constitution.threshold = 2;
  for (const std::uint8_t number : Bytes{1, 2, 3}) {
    constitution.administrators.push_back(sample_administrator(number));
  }
  GoldenNetwork golden;
  golden.founding.payload = encode_constitution(constitution);
  golden.network = *NetworkId::from(constitution_hash(golden.founding.payload).view());
  golden.founding.signatures = signatures_of({1, 2, 3}, [&](const crypto::SigningKey& key) {
    return sign_constitution(golden.founding.payload, golden.network, key);
  });
  Constitution next = constitution;  // administrator 3 is replaced by 4
  next.version = 2;
  next.previous = constitution_hash(golden.founding.payload);
  next.created = {1'790'100'000'000};
  next.administrators[2] = sample_administrator(4);
  next.directory_from = 3;
  golden.successor.payload = encode_constitution(next);
  golden.successor.signatures = signatures_of({1, 2}, [&](const crypto::SigningKey& key) {
    return sign_constitution(golden.successor.payload, golden.network, key);
  });
  return golden;
}

Directory golden_directory(const GoldenNetwork& golden) {
  Directory directory;
  directory.network = golden.network;
  directory.constitution = constitution_hash(golden.founding.payload);
  directory.version = 1;
  directory.created = {1'790'000'000'000};
  directory.warns = {1'795'184'000'000};
  directory.expires = {1'797'776'000'000};
  directory.countersigned = 1U << static_cast<unsigned>(KeyPurpose::author);
  directory.members = {sample_member(0x10), sample_member(0x20)};
  return directory;
}

// A change of receipt, witness and transport key.
Bytes golden_rotation(const NetworkId& network) {
  const Member member = sample_member(0x10);
  const auto receipt = signer(0x41);
  const auto witness = signer(0x42);
  const Rotation rotation{network,
                          member.id,
                          1,
                          1,
                          {1'790'200'000'000},
                          member.author,
                          *ReceiptKey::from(receipt.public_key().view()),
                          *WitnessKey::from(witness.public_key().view()),
                          *TransportKey::from(crypto::x25519_public(secret_filled(0x43)).view()),
                          "tcp://192.0.2.2:7311"};
  return make_rotation(rotation, signer(0x10), {signer(0x10), receipt, witness});
}

Json make_directories() {
  const GoldenNetwork golden = golden_network();
  const NetworkId& network = golden.network;
  Json all;
  put_signed(all, "constitution", golden.founding, encode_signed_constitution);
  put_signed(all, "successor", golden.successor, encode_signed_constitution);
  all["constitution_payload"] = hex(golden.founding.payload);
  all["network"] = network.hex();
  all["successor_hash"] = constitution_hash(golden.successor.payload).hex();
  all["chain"] = hex(encode_constitution_chain(std::vector{golden.founding, golden.successor}));

  const Directory first = golden_directory(golden);
  DirectoryFile complete = complete_file(first);
  const auto sign = [&](const DirectoryFile& file) {
    return signatures_of({1, 3}, [&](const crypto::SigningKey& key) {
      return sign_directory(file.head.payload, network, key);
    });
  };
  complete.head.signatures = sign(complete);
  put_directory(all, "directory", complete);
  const auto founded = verify_founding(golden.founding);
  CHECK(founded);
  const auto verified = verify_directory(*founded, complete);
  CHECK(verified);
  Directory second = verified->successor({1'790'000'100'000}, days(90));
  second.members.push_back(sample_member(0x30));
  DirectoryFile delta = delta_file(first, second);
  delta.head.signatures = sign(delta);
  put_directory(all, "directory_2", delta);
  all["directory_payload"] = hex(complete.head.payload);
  all["directory_2_payload"] = hex(delta.head.payload);
  all["directory_hash"] = directory_hash(complete.head.payload).hex();
  all["directory_2_hash"] = directory_hash(delta.head.payload).hex();
  all["directory_2_head"] = hex(encode_directory_file(head_file(delta.head)));
  all["directory_2_log_root"] = second.log.root().hex();
  all["directory_2_members_root"] = head_of(second).members_root.hex();
  all["member"] = hex(encode_member(first.members[0]));
  all["member_id"] = first.members[0].id.hex();
  all["member_leaf"] = member_leaf(encode_member(first.members[0])).hex();

  const auto suspended = [&](Timestamp from, bool lift, std::initializer_list<std::uint8_t> by) {
    const Suspension suspension{network,          first.members[1].id,           from,
                                from + hours(72), SuspensionReason::device_lost, lift};
    SignedPayload file{encode_suspension(suspension), {}};
    file.signatures = signatures_of(by, [&](const crypto::SigningKey& key) {
      return sign_suspension(file.payload, network, key);
    });
    return file;
  };
  put_signed(all, "suspension", suspended({1'790'000'200'000}, false, {2}),
             encode_signed_suspension);
  put_signed(all, "lift", suspended({1'790'000'300'000}, true, {1, 3}), encode_signed_suspension);
  all["rotation"] = hex(golden_rotation(network));
  const Bytes request =
      make_join_request(network, sample_member(0x30), signer(0x30), signer(0x31), signer(0x32));
  const auto parsed = parse_join_request(request);
  CHECK(parsed);
  const Fingerprint fingerprint = fingerprint_of(parsed->payload);
  all["request"] = hex(request);
  all["request_fingerprint"] = fingerprint.hex();
  all["request_words"] = fingerprint_words(fingerprint, WordLanguage::english);
  all["request_words_ru"] = fingerprint_words(fingerprint, WordLanguage::russian);
  all["request_words_tg"] = fingerprint_words(fingerprint, WordLanguage::tajik);
  return all;
}

Code code_of(const auto& result) {
  return result ? Code::none : result.error().code;
}

// What `take` says of a vector, of its variants, and of every byte of it that is changed.
struct SignedVector {
  const Json& item;
  std::string name;
  Count& count;

  template <class Take>
  void check(Take&& take) const {
    const Bytes good = hex_at(item, name.c_str());
    bool noticed = true;
    for (std::size_t at = 0; at < good.size(); at += 5) {
      Bytes changed = good;
      changed[at] ^= 1U;
      const auto hash = take(changed);
      noticed = noticed && (!hash || *hash == *take(good));  // the padding between fields
    }
    count.take(take(good).has_value(), name);
    count.take(noticed, name + ", changed");
    count.take(code_of(take(hex_at(item, (name + "_too_few").c_str()))) == Code::threshold_not_met,
               name + ", signed by too few");
    count.take(code_of(take(hex_at(item, (name + "_doubled").c_str()))) == Code::duplicate_signer,
               name + ", signed twice by one");
  }
};

void check_constitutions(const Json& item, const VerifiedConstitution& founded, Count& count) {
  SignedVector{item, "constitution", count}.check([](ByteView bytes) -> Result<Digest> {
    HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(bytes));
    HAMROH_ASSIGN(const VerifiedConstitution verified, verify_founding(file));
    return verified.hash();
  });
  SignedVector{item, "successor", count}.check([&](ByteView bytes) -> Result<Digest> {
    HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(bytes));
    HAMROH_ASSIGN(const VerifiedConstitution verified, verify_successor(founded, file));
    return verified.hash();
  });
  const auto chain = parse_constitution_chain(hex_at(item, "chain"));
  const auto verified = chain ? verify_constitution_chain(*chain)
                              : Result<std::vector<VerifiedConstitution>>(tl::unexpected(Error{}));
  count.take(verified && verified->size() == 2 &&
                 verified->back().hash() == fixed_at<Digest>(item, "successor_hash") &&
                 encode_constitution_chain(*chain) == hex_at(item, "chain"),
             "chain");
}

void check_members(const Json& item, const VerifiedDirectory& first, Count& count) {
  const Bytes record = hex_at(item, "member");
  const auto member = parse_member(record);
  const Member* listed = first.find(fixed_at<MemberId>(item, "member_id"));
  count.take(member && listed != nullptr && *listed == *member &&
                 encode_member(*member) == record && strict(record, parse_member) &&
                 member_leaf(record) == fixed_at<Digest>(item, "member_leaf"),
             "member");
}

void check_steps(const Json& item, const VerifiedConstitution& founded,
                 const VerifiedDirectory& first, Count& count) {
  const auto follow = [&](ByteView bytes) -> Result<VerifiedDirectory> {
    HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(bytes));
    return follow_directory(first, founded, file);
  };
  SignedVector{item, "directory_2", count}.check([&](ByteView bytes) -> Result<Digest> {
    HAMROH_ASSIGN(const VerifiedDirectory next, follow(bytes));
    return next.hash();
  });
  const auto second = follow(hex_at(item, "directory_2"));
  count.take(
      second && second->hash() == fixed_at<Digest>(item, "directory_2_hash") &&
          second->signed_head().payload == hex_at(item, "directory_2_payload") &&
          encode_directory_head(head_of(second->value())) == hex_at(item, "directory_2_payload") &&
          head_of(second->value()).log_root == fixed_at<Digest>(item, "directory_2_log_root") &&
          head_of(second->value()).members_root ==
              fixed_at<Digest>(item, "directory_2_members_root") &&
          second->value().previous == first.hash(),
      "directory_2, as a step");
  const auto head = parse_directory_file(hex_at(item, "directory_2_head"));
  count.take(head && head->form == DirectoryForm::head &&
                 verify_directory_head(founded, head->head) &&
                 !follow_directory(first, founded, *head),
             "directory_2, its head alone");
}

void check_statements(const Json& item, const VerifiedConstitution& founded,
                      const VerifiedDirectory& first, Count& count) {
  std::vector<VerifiedSuspension> both;
  for (const char* name : {"suspension", "lift"}) {
    const auto take = [&](ByteView bytes) -> Result<Digest> {
      HAMROH_ASSIGN(const VerifiedSuspension verified, verify_suspension(founded, bytes));
      return crypto::sha256({verified.payload});
    };
    SignedVector{item, name, count}.check(take);
    if (const auto verified = verify_suspension(founded, hex_at(item, name))) {
      both.push_back(*verified);
    }
  }
  const bool lifted = both.size() == 2 &&
                      active_suspensions(both, 2, both[0].value.from).size() == 1 &&
                      active_suspensions(both, 2, both[1].value.from).empty();
  count.take(lifted, "suspension and lift");

  const Bytes file = hex_at(item, "rotation");
  const auto rotation = verify_rotation(founded.network(), file);
  const Member* member = first.find(fixed_at<MemberId>(item, "member_id"));
  bool noticed = true;
  for (std::size_t at = 0; at < file.size(); at += 5) {
    Bytes changed = file;
    changed[at] ^= 1U;
    const auto other = verify_rotation(founded.network(), changed);
    noticed = noticed && (!other || (rotation && other->value() == rotation->value()));
  }
  constexpr auto author = static_cast<unsigned>(KeyPurpose::author);
  count.take(rotation && member != nullptr && rotation->follows(*member) && noticed &&
                 (rotation->changed_in(*member) >> author & 1U) == 0 &&
                 !rotation->follows(rotation->applied_to(*member)),
             "rotation");
}

void check_request(const Json& item, const VerifiedConstitution& founded, Count& count) {
  const Bytes file = hex_at(item, "request");
  const auto request = parse_join_request(file);
  bool noticed = true;
  for (std::size_t at = 0; at < file.size(); at += 5) {
    Bytes changed = file;
    changed[at] ^= 1U;
    const auto other = parse_join_request(changed);
    noticed = noticed && (!other || (request && other->payload == request->payload));
  }
  count.take(request && request->network == founded.network() && noticed, "request");
  const auto fingerprint = fixed_at<Fingerprint>(item, "request_fingerprint");
  bool words = request && fingerprint_of(request->payload) == fingerprint;
  for (const auto& [name, language] : {std::pair("request_words", WordLanguage::english),
                                       std::pair("request_words_ru", WordLanguage::russian),
                                       std::pair("request_words_tg", WordLanguage::tajik)}) {
    const auto read = item.at(name).get<std::string>();
    words = words && fingerprint_words(fingerprint, language) == read &&
            parse_fingerprint_words(read) == fingerprint;
  }
  count.take(words, "request, its fingerprint");
}

void check_directories(const Json& item, Count& count) {
  const auto founding = parse_signed_constitution(hex_at(item, "constitution"));
  const auto founded =
      founding ? verify_founding(*founding) : Result<VerifiedConstitution>(tl::unexpected(Error{}));
  count.take(founded && founding->payload == hex_at(item, "constitution_payload") &&
                 encode_constitution(founded->value()) == founding->payload &&
                 founded->network() == fixed_at<NetworkId>(item, "network"),
             "constitution, its network");
  if (!founded) {
    return;
  }
  check_constitutions(item, *founded, count);
  const auto verify = [&](ByteView bytes) -> Result<VerifiedDirectory> {
    HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(bytes));
    return verify_directory(*founded, file);
  };
  SignedVector{item, "directory", count}.check([&](ByteView bytes) -> Result<Digest> {
    HAMROH_ASSIGN(const VerifiedDirectory verified, verify(bytes));
    return verified.hash();
  });
  const auto first = verify(hex_at(item, "directory"));
  count.take(first && first->hash() == fixed_at<Digest>(item, "directory_hash") &&
                 first->signed_head().payload == hex_at(item, "directory_payload"),
             "directory, its hash");
  if (!first) {
    return;
  }
  check_members(item, *first, count);
  check_steps(item, *founded, *first, count);
  check_statements(item, *founded, *first, count);
  check_request(item, *founded, count);
}

// ---- forms ------------------------------------------------------------------------------------

// All that a kind needs.
Particulars sample_particulars(const Rule& rule) {
  Particulars said;
  if (rule.needed.has(Field::about)) {
    said.about = filled<Digest>(0x21);
  }
  if (rule.needed.has(Field::code)) {
    const auto codes = names_of(rule.codes);
    said.code = codes.empty() ? "of_the_pack" : codes.front().name;
  }
  if (rule.needed.has(Field::text)) {
    said.text = FreeText{"tg", "Салом"};
  }
  if (rule.needed.has(Field::until)) {
    said.until = {1'790'000'000'123};
  }
  if (rule.needed.has(Field::member)) {
    said.member = filled<MemberId>(0x31);
  }
  if (rule.needed.has(Field::outcome)) {
    said.outcome = rule.to.list().front();
  }
  if (rule.needed.has(Field::money)) {
    said.amount = 50'000;
    said.currency = "TJS";
  }
  return said;
}

// A decision with one vote under it.
Particulars sample_decision() {
  Particulars said;
  said.code = "evidence_incomplete";
  UserCertificate certificate;
  certificate.home = {filled<NetworkId>(0x11), filled<MemberId>(0x12)};
  certificate.incarnation = 1;
  certificate.user = filled<UserId>(0x13);
  certificate.role = Role::commissioner;
  certificate.key = signer(0x56).public_key();
  certificate.serial = 1;
  certificate.time = {1'790'000'000'000};
  certificate.author = *AuthorKey::from(signer(0x55).public_key().view());
  certificate.signature = signer(0x55).sign(certificate.statement());
  const Subject subject{certificate.home.network, filled<CaseId>(0x14), filled<Digest>(0x15)};
  const Digest decision = decision_digest(subject, EventKind::status_refuse, said);
  const Signature vote =
      sign_vote(secret_filled(0x56), certificate.home, certificate.user, decision);
  said.ballot = Ballot{subject.event, {{certificate, vote}}};
  return said;
}

bool is_good_decision(Particulars said) {
  const Ballot ballot = std::exchange(said.ballot, std::nullopt).value_or(Ballot{});
  if (ballot.votes.size() != 1) {
    return false;
  }
  const UserHome& home = ballot.votes[0].certificate.home;
  const Digest decision = decision_digest({home.network, filled<CaseId>(0x14), ballot.subject},
                                          EventKind::status_refuse, said);
  return check_votes(home, ballot.votes[0].certificate.author, decision, ballot.votes).has_value();
}

// Statements about consent and answers to them.
void add_consents(Json& all, const Consent& consent) {
  ConsentStatement given;
  given.consent = consent;
  given.consent->never = {"kind:ministry"};
  given.about = filled<Digest>(0x31);
  ConsentStatement withdrawn;
  withdrawn.date = "2026-11-25";
  withdrawn.text = FreeText{"tg", "Розӣ нестам."};
  for (const auto& [kind, said] :
       {std::pair(EventKind::consent_give, given), std::pair(EventKind::consent_change, given),
        std::pair(EventKind::consent_withdraw, withdrawn)}) {
    all.push_back({{"name", event_kind_name(kind)},
                   {"kind", static_cast<unsigned>(kind)},
                   {"statement", Json::parse(to_json(said))},
                   {"body", hex(encode(said))}});
  }
  const Digest about = filled<Digest>(0x32);
  for (const ConsentApplied& applied :
       {ConsentApplied{about, ConsentAction::stopped}, ConsentApplied{about, ConsentAction::erased},
        ConsentApplied{about, ConsentAction::kept, "legal_claim", FreeText{"en", "in court"}},
        ConsentApplied{about, ConsentAction::nothing_held}}) {
    all.push_back({{"name", std::string("consent.applied ") + name_of(applied.did)},
                   {"applied", Json::parse(to_json(applied))},
                   {"body", hex(encode(applied))}});
  }
}

Json make_forms() {
  ReferralForm form;
  form.triage = {Urgency::emergency,
                 Sensitivity::high,
                 {Service::shelter, Service::medical},
                 {"exploited_abroad_returned", FreeText{"tg", "Се рӯз пеш баргашт."}},
                 AgeBand::from_18,
                 Sex::female,
                 {"tg", "ru"},
                 "TJ-SU-KHUJAND",
                 1,
                 {"interpreter"},
                 "self"};
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/2026-1";
  form.consent.language = "tg";
  form.consent.date = "2026-11-20";
  form.consent.scope = {{{"kind:commission"}, {DisclosureTier::t1}, {"protection"}}};
  Json all = Json::array(
      {{{"name", "emergency"}, {"form", Json::parse(to_json(form))}, {"body", hex(encode(form))}}});
  ServiceStatement services{1'790'000'000'123, {1'790'500'000'000}, {}};
  services.services.push_back({Service::shelter,
                               {"TJ-SU"},
                               {"tg", "ru"},
                               "шабу рӯз",
                               0,
                               {Sex::female},
                               {AgeBand::from_18},
                               Accepts::open});
  services.services.push_back(
      {Service::legal, {"TJ-SU-KHUJAND"}, {"ru"}, "", {}, {}, {}, Accepts::closed});
  Json offered = Json::array();
  for (const OfferedService& one : services.services) {
    offered.push_back(Json::parse(to_json(one)));
  }
  all.push_back({{"name", "service.publish"},
                 {"services", {{"form", "services/1"}, {"valid_days", 7}, {"services", offered}}},
                 {"serial", services.serial},
                 {"valid_until", services.valid_until.ms},
                 {"body", hex(encode(services))}});
  const DeadlineStatement missed{Clock::receipt,  filled<Digest>(0x21), filled<MemberId>(0x22),
                                 Urgency::urgent, {1'790'000'000'000},  {1'790'028'800'000}};
  all.push_back({{"name", "deadline.missed"},
                 {"deadline", Json::parse(to_json(missed))},
                 {"body", hex(encode(missed))}});
  for (const Rule& rule : lifecycle()) {
    if (rule.body == BodyForm::particulars) {
      const Particulars said = sample_particulars(rule);
      all.push_back({{"name", rule.name},
                     {"kind", static_cast<unsigned>(rule.kind)},
                     {"particulars", Json::parse(to_json(said))},
                     {"body", hex(encode(said))}});
    }
  }
  const Particulars voted = sample_decision();
  all.push_back({{"name", "status.refuse with a vote"},
                 {"kind", static_cast<unsigned>(EventKind::status_refuse)},
                 {"particulars", Json::parse(to_json(voted))},
                 {"body", hex(encode(voted))}});
  add_consents(all, form.consent);
  return all;
}

// Of a whole form: its commitments under given seeds, and bodies that open some or all of it.
ReferralForm disclosed_form() {
  ReferralForm form;
  form.triage = {Urgency::normal,
                 Sensitivity::high,
                 {Service::shelter},
                 {"returned", {}},
                 AgeBand::from_12,
                 Sex::female,
                 {"tg"},
                 "TJ-SU-KHUJAND",
                 0,
                 {},
                 "self"};
  form.contact = Contact{"",
                         "Зарина",
                         {SafeContactMethod::phone, "+992 00 000 0000", "18-20", "aunt", true},
                         Sex::female,
                         FreeText{"ru", "вокзал"}};
  form.facts = CaseFacts{2011,
                         "",
                         {"TJ"},
                         {"passport_copy"},
                         TraffickingScope::transnational,
                         Indicators{{"recruitment"}, {"deception"}, {"forced_labour"}},
                         {Exploitation::forced_labour, Exploitation::servitude},
                         "TJ",
                         "RU",
                         {"food"},
                         {"threats"},
                         Guardian{"A", "aunt", ""}};
  form.sealed = SealedFacts{FreeText{"en", "ill"}, FreeText{"en", "a long story"}, {}};
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/2026-1";
  form.consent.language = "tg";
  form.consent.date = "2026-11-20";
  form.consent.scope = {
      {{"kind:provider"}, {DisclosureTier::t1, DisclosureTier::t2}, {"protection"}}};
  return form;
}
constexpr std::uint8_t first_seed = 0x41;

TierSeeds golden_seeds() {
  return {filled<TierSeed>(first_seed), filled<TierSeed>(first_seed + 1),
          filled<TierSeed>(first_seed + 2)};
}

Json make_status_file() {
  StatusFile file;
  file.indicators = Indicators{{"recruitment"}, {"deception"}, {"forced_labour"}};
  file.evidence = {{"passport_copy", FreeText{"tg", "Саҳифаи 4"}, {}},
                   {"scan", {}, filled<Digest>(0x23)}};
  file.certificate = "SU-2026-0114";
  Disclosure disclosure = disclose(file, filled<TierSeed>(first_seed));
  disclosure.about = filled<Digest>(0x21);
  disclosure.referral = filled<MessageId>(0x22);
  Particulars decision;
  decision.file = commit(file, filled<TierSeed>(first_seed));
  return {{"name", "a status file"},
          {"status_file", Json::parse(to_json(file))},
          {"commitment", decision.file->hex()},
          {"kept", hex(encode(file))},
          {"decision", hex(encode(decision))},
          {"body", hex(encode(disclosure))}};
}

Json make_disclosures() {
  const ReferralForm form = disclosed_form();
  Json commitments = Json::array();
  for (const Commitment& one : commit(form, golden_seeds())) {
    commitments.push_back({{"tier", one.tier}, {"root", one.root.hex()}});
  }
  Json all = Json::array({{{"name", "committed"},
                           {"form", Json::parse(to_json(form))},
                           {"first_seed", first_seed},
                           {"commitments", commitments},
                           {"body", hex(encode(first_part(form)))}}});
  const std::vector<std::pair<const char*, FormFields>> parts{
      {"all tiers", fields_of({DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4})},
      {"one field", {FormField::sealed_health}},
      {"fields of two tiers", {FormField::contact_alias, FormField::case_guardian}},
      {"a field that says nothing", {FormField::sealed_alleged_perpetrator}}};
  for (const auto& [name, fields] : parts) {
    Disclosure disclosure = disclose(form, golden_seeds(), fields);
    disclosure.about = filled<Digest>(0x21);
    disclosure.referral = filled<MessageId>(0x22);
    all.push_back({{"name", name},
                   {"fields", Json::parse(to_json(DisclosedFields{disclosure.about, fields}))},
                   {"body", hex(encode(disclosure))}});
  }
  all.push_back(make_status_file());
  return all;
}

void check_status_file(const Json& item, Count& count) {
  const auto file = parse_status_file_json(item.at("status_file").dump());
  const auto kept = parse_status_file(hex_at(item, "kept"));
  const auto decision = parse_particulars(hex_at(item, "decision"), EventKind::status_assign);
  const auto disclosure = parse_disclosure(hex_at(item, "body"));
  if (!file || !kept || !decision || !disclosure || !decision->file) {
    return count.take(false, name_at(item));
  }
  const Commitment committed{static_cast<std::uint8_t>(DisclosureTier::s),
                             *Digest::from(hex_at(item, "commitment"))};
  const auto checked = check(*disclosure, std::span(&committed, 1));
  count.take(*file == *kept && checked && checked->status_file() == *file &&
                 commit(*file, filled<TierSeed>(first_seed)) == committed.root &&
                 *decision->file == committed.root && encode(*file) == hex_at(item, "kept") &&
                 encode(*decision) == hex_at(item, "decision") &&
                 encode(*disclosure) == hex_at(item, "body"),
             name_at(item));
}

void check_disclosures(const Json& file, Count& count) {
  const auto form = parse_form_json(file.at(0).at("form").dump());
  const auto first = parse_referral(hex_at(file.at(0), "body"));
  std::vector<Commitment> commitments;
  for (const Json& one : file.at(0).at("commitments")) {
    commitments.push_back(
        {static_cast<std::uint8_t>(number_at(one, "tier")), *Digest::from(hex_at(one, "root"))});
  }
  count.take(form && first && first_part(*form) == *first &&
                 commit(*form, golden_seeds()) == commitments &&
                 number_at(file.at(0), "first_seed") == first_seed,
             name_at(file.at(0)));
  for (std::size_t i = 1; i < file.size(); ++i) {
    const Json& item = file.at(i);
    if (item.contains("status_file")) {
      check_status_file(item, count);
      continue;
    }
    const auto disclosure = parse_disclosure(hex_at(item, "body"));
    const auto checked = disclosure ? check(*disclosure, commitments)
                                    : Result<CheckedDisclosure>(tl::unexpected(disclosure.error()));
    count.take(checked && encode(*disclosure) == hex_at(item, "body") &&
                   Json::parse(to_json(DisclosedFields{disclosure->about, checked->fields()})) ==
                       item.at("fields"),
               name_at(item));
  }
}

void check_consent(const Json& item, Count& count) {
  const Bytes body = hex_at(item, "body");
  if (item.contains("applied")) {
    const auto applied = parse_applied(body);
    count.take(
        applied && Json::parse(to_json(*applied)) == item.at("applied") && encode(*applied) == body,
        name_at(item));
    return;
  }
  const auto said = parse_consent(body, static_cast<EventKind>(number_at(item, "kind")));
  const auto read = said && said->consent
                        ? parse_consent_json(item.at("statement").at("consent").dump())
                        : tl::expected<Consent, FormFault>(Consent{});
  count.take(said && Json::parse(to_json(*said)) == item.at("statement") && encode(*said) == body &&
                 read && (!said->consent || *read == *said->consent),
             name_at(item));
}

void check_forms(const Json& file, Count& count) {
  for (const Json& item : file) {
    if (item.contains("statement") || item.contains("applied")) {
      check_consent(item, count);
      continue;
    }
    if (item.contains("services")) {
      const auto said = parse_services_json(item.at("services").dump());
      const auto body = parse_services(hex_at(item, "body"));
      count.take(said && body && said->statement.services == body->services &&
                     body->serial == number_at(item, "serial") &&
                     body->valid_until.ms == number_at(item, "valid_until") &&
                     encode(*body) == hex_at(item, "body"),
                 name_at(item));
      continue;
    }
    if (item.contains("deadline")) {
      const auto said = parse_deadline(hex_at(item, "body"));
      count.take(said && Json::parse(to_json(*said)) == item.at("deadline") &&
                     encode(*said) == hex_at(item, "body"),
                 name_at(item));
      continue;
    }
    if (item.contains("particulars")) {
      const auto kind = static_cast<EventKind>(number_at(item, "kind"));
      const auto said = parse_particulars(hex_at(item, "body"), kind);
      count.take(said && (!said->ballot || is_good_decision(*said)) &&
                     name_at(item).starts_with(event_kind_name(kind)) &&
                     Json::parse(to_json(*said)) == item.at("particulars") &&
                     encode(*said) == hex_at(item, "body"),
                 name_at(item));
      continue;
    }
    const auto form = parse_form_json(item.at("form").dump());
    const auto body = parse_referral(hex_at(item, "body"));
    count.take(form && body && *form == *body && encode(*form) == hex_at(item, "body"),
               name_at(item));
  }
}

void check_each(const Json& file, Count& count, void (*check)(const Json&, Count&)) {
  for (const Json& item : file) {
    check(item, count);
  }
}

}  // namespace

std::vector<std::pair<std::string, Json>> make_golden() {
  return {{"hamroh_attachments.json", make_attachments()},
          {"hamroh_directory.json", make_directories()},
          {"hamroh_disclosures.json", make_disclosures()},
          {"hamroh_entries.json", make_entries()},
          {"hamroh_envelopes.json", make_envelopes()},
          {"hamroh_erasures.json", make_erasures()},
          {"hamroh_forms.json", make_forms()},
          {"hamroh_key_sheets.json", make_key_sheets()},
          {"hamroh_messages.json", make_messages()},
          {"hamroh_multiproofs.json", make_multiproofs()},
          {"hamroh_notes.json", make_notes()},
          {"hamroh_padding.json", make_padding()}};
}

std::vector<Kind> golden_kinds() {
  return {{"hamroh_attachments.json", check_attachments},
          {"hamroh_directory.json", check_directories},
          {"hamroh_disclosures.json", check_disclosures},
          {"hamroh_entries.json", check_entries},
          {"hamroh_envelopes.json",
           [](const Json& file, Count& count) { check_each(file, count, check_envelope); }},
          {"hamroh_erasures.json", check_erasures},
          {"hamroh_forms.json", check_forms},
          {"hamroh_key_sheets.json", check_key_sheets},
          {"hamroh_messages.json", check_messages},
          {"hamroh_multiproofs.json",
           [](const Json& file, Count& count) { check_each(file, count, check_multiproof); }},
          {"hamroh_notes.json", check_notes},
          {"hamroh_padding.json", check_padding}};
}

}  // namespace hamroh::conformance
