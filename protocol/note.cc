#include "protocol/note.h"

#include <charconv>
#include <utility>

#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::string_view origin_prefix = "hamroh/";
constexpr std::string_view since_prefix = "since ";
constexpr std::string_view dash = "\xE2\x80\x94 ";  // EM DASH, space (C2SP signed-note)
constexpr std::string_view proof_header = "c2sp.org/tlog-proof@v1\n";
// C2SP signed-note asks for room for 16 signatures, which may be post-quantum ones of 5 kB each.
constexpr std::size_t signed_note_bytes_max = 128 * 1024;
constexpr std::size_t signatures_max = 64;
constexpr std::size_t path_max = 63;
constexpr std::ptrdiff_t key_hash_bytes = 4;

tl::unexpected<Error> malformed() {
  return peer_error(Code::malformed, "a signed note does not parse");
}

// Decimal without sign or leading zeros.
std::optional<std::uint64_t> parse_decimal(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(value)
                                                                      : std::nullopt;
}

// Takes a line without its newline; absent if there is no newline.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

std::optional<Digest> parse_digest(std::string_view base64) {
  const auto raw = from_base64(base64);
  return raw ? Digest::from(*raw) : std::nullopt;
}

// First four bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key): 0x01 stands for Ed25519.
Bytes key_hash(std::string_view name, const SigningPublicKey& key) {
  constexpr std::array<std::uint8_t, 2> newline_and_type{'\n', 0x01};
  const Digest digest = crypto::sha256({view(name), newline_and_type, key.view()});
  return {digest.bytes.begin(), digest.bytes.begin() + key_hash_bytes};
}

struct SignatureLine {
  std::string_view name;
  Bytes key_hash;
  Bytes signature;
};

// "— name base64(key hash ‖ signature)"; a name holds no space and no plus sign.
std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  const auto rest = after(line, dash);
  const std::size_t space = rest ? rest->find(' ') : std::string_view::npos;
  if (space == std::string_view::npos || space == 0) {
    return std::nullopt;
  }
  const std::string_view name = rest->substr(0, space);
  const auto raw = from_base64(rest->substr(space + 1));
  if (name.find('+') != std::string_view::npos || !raw || std::ssize(*raw) <= key_hash_bytes) {
    return std::nullopt;
  }
  return SignatureLine{name, Bytes(raw->begin(), raw->begin() + key_hash_bytes),
                       Bytes(raw->begin() + key_hash_bytes, raw->end())};
}

// The signature of `key` under `name`, which must stand there exactly once. Lines of other keys, as
// of witnesses, must have the form of one and are skipped.
Result<Signature> find_signature(std::string_view lines, std::string_view name,
                                 const SigningPublicKey& key) {
  const Bytes wanted = key_hash(name, key);
  std::optional<Signature> found;
  for (std::size_t count = 0; !lines.empty(); ++count) {
    const auto line = take_line(lines);
    const auto parsed = line ? parse_signature_line(*line) : std::nullopt;
    if (!parsed || count == signatures_max) {
      return malformed();
    }
    if (parsed->name != name || parsed->key_hash != wanted) {
      continue;
    }
    const auto signature = Signature::from(parsed->signature);
    if (found || !signature) {
      return malformed();
    }
    found = signature;
  }
  if (!found) {
    return peer_error(Code::bad_signature, "a signed note lacks the signature of that key");
  }
  return *found;
}

}  // namespace

std::optional<Origin> Origin::parse(std::string_view name) {
  auto rest = after(name, origin_prefix);
  if (!rest || rest->size() < 64 + 1 + 32 + 1 + 1) {
    return std::nullopt;
  }
  const auto network = NetworkId::parse_hex(rest->substr(0, 64));
  const auto member = MemberId::parse_hex(rest->substr(65, 32));
  const auto incarnation = parse_decimal(rest->substr(98));
  if (!network || !member || !incarnation || *incarnation > UINT32_MAX) {
    return std::nullopt;
  }
  Origin origin{*network, *member, static_cast<std::uint32_t>(*incarnation)};
  return origin.name() == name ? std::optional(origin) : std::nullopt;
}

std::string Origin::name() const {
  return std::string(origin_prefix) + network.hex() + "/" + member.hex() + "/" +
         std::to_string(incarnation);
}

Bytes Note::encode() const {
  Bytes out;
  out.reserve(encoded_size);
  put_u64(out, size);
  append(out, root.view());
  put_u64(out, first);
  put_u8(out, static_cast<std::uint8_t>(role));
  append(out, key.view());
  append(out, signature.view());
  return out;
}

Result<Note> Note::parse(ByteView bytes) {
  ByteReader reader(bytes);
  Note note;
  note.size = reader.u64();
  note.root = reader.fixed<Digest>();
  note.first = reader.u64();
  const std::uint8_t role = reader.u8();
  note.key = reader.fixed<SigningPublicKey>();
  note.signature = reader.fixed<Signature>();
  if (!reader.finished() || role < 1 || role > 2 || note.first > note.size) {
    return peer_error(Code::malformed, "a note has a wrong length, role or first index");
  }
  note.role = static_cast<NoteRole>(role);
  return note;
}

std::string note_text(const Origin& origin, std::uint64_t size, const Digest& root,
                      std::uint64_t first) {
  return origin.name() + "\n" + std::to_string(size) + "\n" + to_base64(root.view()) + "\n" +
         std::string(since_prefix) + std::to_string(first) + "\n";
}

Note sign_note(const Origin& origin, std::uint64_t size, const Digest& root, std::uint64_t first,
               NoteRole role, const crypto::SigningKey& key) {
  Note note{size, root, first, role, key.public_key(), {}};
  note.signature = key.sign(view(note_text(origin, size, root, first)));
  return note;
}

bool verify_note(const Origin& origin, const Note& note) {
  return crypto::verify(note.key, view(note_text(origin, note.size, note.root, note.first)),
                        note.signature);
}

std::string to_signed_note(const Origin& origin, const Note& note) {
  Bytes signature = key_hash(origin.name(), note.key);
  append(signature, note.signature.view());
  return note_text(origin, note.size, note.root, note.first) + "\n" + std::string(dash) +
         origin.name() + " " + to_base64(signature) + "\n";
}

Result<SignedNote> parse_signed_note(std::string_view text, const SigningPublicKey& key,
                                     NoteRole role) {
  if (text.size() > signed_note_bytes_max) {
    return peer_error(Code::too_large, "a signed note is over its bound");
  }
  // Tabs are allowed in plain text, but not in signed notes.
  if (!is_plain_text(text, Lines::many) || text.find('\t') != std::string_view::npos) {
    return malformed();
  }
  std::string_view rest = text;
  const auto name = take_line(rest);
  const auto size = take_line(rest);
  const auto root = take_line(rest);
  const auto since = take_line(rest);
  const auto blank = take_line(rest);
  if (!name || !size || !root || !since || !blank || !blank->empty()) {
    return malformed();
  }
  const auto origin = Origin::parse(*name);
  const auto size_value = parse_decimal(*size);
  const auto root_value = parse_digest(*root);
  const auto first_text = after(*since, since_prefix);
  const auto first_value = first_text ? parse_decimal(*first_text) : std::nullopt;
  if (!origin || !size_value || !root_value || !first_value || *first_value > *size_value) {
    return malformed();
  }
  SignedNote parsed{*origin, {*size_value, *root_value, *first_value, role, key, {}}};
  HAMROH_ASSIGN(parsed.note.signature, find_signature(rest, *name, key));
  if (!verify_note(parsed.origin, parsed.note)) {
    return peer_error(Code::bad_signature, "a signed note's signature is wrong");
  }
  return parsed;
}

std::string to_tlog_proof(const ExportedProof& proof) {
  std::string out(proof_header);
  out += "extra " + to_base64(proof.entry) + "\n";
  out += "index " + std::to_string(proof.index) + "\n";
  for (const Digest& hash : proof.path) {
    out += to_base64(hash.view()) + "\n";
  }
  return out + "\n" + proof.signed_note;
}

Result<ExportedProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > 2 * signed_note_bytes_max || !text.starts_with(proof_header)) {
    return peer_error(Code::malformed, "this is not a C2SP tlog-proof");
  }
  std::string_view rest = text.substr(proof_header.size());
  const auto extra_line = take_line(rest);
  const auto index_line = take_line(rest);
  const auto extra = extra_line ? after(*extra_line, "extra ") : std::nullopt;
  const auto index = index_line ? after(*index_line, "index ") : std::nullopt;
  const auto entry = extra ? from_base64(*extra) : std::nullopt;
  const auto index_value = index ? parse_decimal(*index) : std::nullopt;
  if (!entry || !index_value) {
    return peer_error(Code::malformed, "a tlog-proof lacks its extra or index line");
  }
  ExportedProof proof{*entry, *index_value, {}, {}};
  for (auto line = take_line(rest); !line || !line->empty(); line = take_line(rest)) {
    const auto hash = line ? parse_digest(*line) : std::nullopt;
    if (!hash || proof.path.size() == path_max) {
      return peer_error(Code::malformed, "a tlog-proof's path does not parse");
    }
    proof.path.push_back(*hash);
  }
  proof.signed_note = rest;
  return proof;
}

}  // namespace hamroh
