// Checkpoints as signed notes (C2SP tlog-checkpoint, signed-note) and exported proofs (C2SP
// tlog-proof).
//
// A note's text is
//   hamroh/<network hex>/<member hex>/<incarnation decimal>\n<size>\n<base64 root>\nsince <first>\n
// signed with Ed25519 over exactly that text. On the wire it is binary,
//   size u64 ‖ root[32] ‖ first u64 ‖ role u8 ‖ key[32] ‖ signature[64]                (145 bytes)
// and the text is rebuilt for verifying and export. Role 1 is the author key, role 2 the receipt
// key.
#pragma once

#include <string>

#include "protocol/proof.h"

namespace hamroh {

struct Origin {
  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 0;
  auto operator<=>(const Origin&) const = default;
  [[nodiscard]] std::string name() const;  // the key name of the signed note
  [[nodiscard]] static std::optional<Origin> parse(std::string_view name);  // strict
};

enum class NoteRole : std::uint8_t { author = 1, receipt = 2 };

struct Note {
  static constexpr std::size_t encoded_size = 8 + 32 + 8 + 1 + 32 + 64;

  std::uint64_t size = 0;
  Digest root;
  std::uint64_t first = 0;  // every entry in [first, size) was appended while `key` was in use
  NoteRole role = NoteRole::author;
  SigningPublicKey key;
  Signature signature;
  bool operator==(const Note&) const = default;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<Note> parse(
      ByteView bytes);  // exact length, known role, first <= size
};

// The text that is signed; sign and verify both use it.
[[nodiscard]] std::string note_text(const Origin& origin, std::uint64_t size, const Digest& root,
                                    std::uint64_t first);
[[nodiscard]] Note sign_note(const Origin& origin, std::uint64_t size, const Digest& root,
                             std::uint64_t first, NoteRole role, const crypto::SigningKey& key);
[[nodiscard]] bool verify_note(const Origin& origin, const Note& note);

// The whole signed note: text, blank line, "— name base64(key hash ‖ signature)\n". The key hash is
// SHA-256(name ‖ "\n" ‖ 0x01 ‖ key)[:4].
[[nodiscard]] std::string to_signed_note(const Origin& origin, const Note& note);
struct SignedNote {
  Origin origin;
  Note note;  // key and role are what the caller names; the signature has been verified with them
};
// Parses a signed note and verifies it with `key`; strict: what is accepted re-encodes identically
// when it holds one signature, and further signature lines (cosignatures) are skipped.
[[nodiscard]] Result<SignedNote> parse_signed_note(std::string_view text,
                                                   const SigningPublicKey& key, NoteRole role);

// A C2SP tlog-proof: header, "extra <base64 entry>", "index N", the inclusion path, blank line and
// the signed note.
struct ExportedProof {
  Bytes entry;  // Entry::encoded_size bytes
  std::uint64_t index = 0;
  std::vector<Digest> path;
  std::string signed_note;
};
[[nodiscard]] std::string to_tlog_proof(const ExportedProof& proof);
[[nodiscard]] Result<ExportedProof> parse_tlog_proof(std::string_view text);

}  // namespace hamroh
