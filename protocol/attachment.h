// Attachments: files that go with a case, sealed once in chunks under a key of their own, and sent
// to as many recipients as there are without being sealed again.
//
//   chunk i  = nonce[24] ‖ XChaCha20-Poly1305(key, nonce, AAD, plain), of at most 64 KiB of plain
//   AAD      = L(attachment) ‖ i u32 ‖ count u32 ‖ size u64          so nothing can be cut or moved
//   leaf i   = SHA-256(0x00 ‖ L(attachment) ‖ chunk i)
//   root     = of the RFC 6962 tree over the leaves; it is what the message names, with the size
//
// The tree is over what is sealed: whoever holds no key can still tell a chunk that belongs to the
// root from one that does not, and does so before it keeps it. Nonces are drawn, so that a chunk
// which is sealed twice (the program that brought it was killed) says nothing.
//
// The event `attachment.add` carries in its inner root and size, and as its body
//   version u8 (1) ‖ key[32] ‖ SHA-256 of the file[32] ‖ media type u8 ‖ length u8 ‖ name
// Chunks are asked for by who was sent that event, in two frames that are not sealed themselves:
//   want  = type u8 (4) ‖ version u8 (1) ‖ message[16] ‖ have u16 ‖ whole u8 ‖ count u16 ‖
//           index u16…
//   chunk = type u8 (5) ‖ version u8 (1) ‖ message[16] ‖ code u16 ‖ index u16 ‖ count u8 ‖
//           hash[32]… ‖ chunk
// A chunk frame with a code brings none: the author cannot serve that message. One with the index
// `chunk_none` and code 0 says that the author has noted that all of it is there.
//
// The node never looks into a file: its name and media type are what its author says they are.
//
// Errors (peer): malformed, too_large, bad_proof.
#pragma once

#include <string>
#include <vector>

#include "protocol/constants.h"
#include "protocol/crypto.h"
#include "protocol/message.h"

namespace hamroh {

// What the author says it is; nobody checks. Values travel: explicit, never reused.
enum class MediaType : std::uint8_t {
  other = 1,
  pdf = 2,
  image = 3,
  audio = 4,
  video = 5,
  text = 6,
  office = 7,
  archive = 8,
};
[[nodiscard]] const char* media_name(MediaType type);
// By the end of a file's name; `other` if that says nothing.
[[nodiscard]] MediaType media_of(std::string_view file_name);
// 1 to 128 bytes of plain text on one line, without a slash, not `.` or `..`, no blank at its ends.
// It is shown, and never where a file is written to by itself.
[[nodiscard]] bool is_attachment_name(std::string_view name);

using ChunkNonce = FixedBytes<struct ChunkNonceTag, 24>;
inline constexpr std::size_t chunk_overhead_bytes = ChunkNonce::size + crypto::tag_bytes;

// How many chunks a file of that many bytes has, and how long each one is.
class AttachmentShape {
 public:
  // Nothing for 0 bytes, or more than limits::attachment_bytes_max.
  [[nodiscard]] static std::optional<AttachmentShape> of(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t plain_bytes(std::size_t index) const;
  [[nodiscard]] std::size_t sealed_bytes(std::size_t index) const {
    return plain_bytes(index) + chunk_overhead_bytes;
  }

 private:
  AttachmentShape(std::uint64_t bytes, std::size_t count) : bytes_(bytes), count_(count) {}
  std::uint64_t bytes_;
  std::size_t count_;
};

// `plain` has the length that the shape gives it.
[[nodiscard]] Bytes seal_chunk(const SymmetricKey& key, const ChunkNonce& nonce,
                               const AttachmentShape& shape, std::size_t index, ByteView plain);
[[nodiscard]] std::optional<Bytes> open_chunk(const SymmetricKey& key, const AttachmentShape& shape,
                                              std::size_t index, ByteView chunk);
[[nodiscard]] Digest chunk_leaf(ByteView chunk);

// The tree of one attachment, for whoever holds all leaves.
class AttachmentTree {
 public:
  explicit AttachmentTree(std::vector<Digest> leaves);  // at least one
  [[nodiscard]] const Digest& root() const { return levels_.back().front(); }
  [[nodiscard]] std::size_t count() const { return levels_.front().size(); }
  [[nodiscard]] std::vector<Digest> path(std::size_t index) const;  // bottom up, RFC 9162

 private:
  std::vector<std::vector<Digest>> levels_;
};
// Before a chunk is kept: whether it is that one of the attachment, and has the length for it.
// Returns its leaf. Errors (peer): bad_proof.
[[nodiscard]] Result<Digest> check_chunk(const Digest& root, const AttachmentShape& shape,
                                         std::size_t index, std::span<const Digest> path,
                                         ByteView chunk);

struct AttachmentBody {
  SymmetricKey key;
  Digest sha256;  // of the file
  MediaType media{};
  std::string name;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<AttachmentBody> parse(ByteView bytes);
  // As it is shown: without the key.
  [[nodiscard]] Bytes encode_shown() const;
};
// What an inner of `attachment.add` refers to: exactly one attachment of a possible size.
[[nodiscard]] std::optional<AttachmentReference> attachment_in(const Inner& inner);

struct Want {
  MessageId message;
  std::uint16_t have = 0;             // chunks that are there already, for people at the author's
  bool whole = false;                 // all of them; nothing is asked for
  std::vector<std::uint16_t> chunks;  // rising; at most limits::chunks_in_want_max
  bool operator==(const Want&) const = default;
};
[[nodiscard]] Bytes encode_want(const Want& want);  // a whole frame
[[nodiscard]] Result<Want> parse_want(ByteView frame);

inline constexpr std::uint16_t chunk_none = 0xffff;
struct ChunkFrame {
  MessageId message;
  Code code = Code::none;  // why there is nothing: attachment_gone, erased
  std::uint16_t index = 0;
  std::vector<Digest> path;
  ByteView chunk;  // borrowed
};
[[nodiscard]] Bytes encode_chunk(const ChunkFrame& frame);  // a whole frame
[[nodiscard]] Result<ChunkFrame> parse_chunk(ByteView frame);

// ---- as people see it ---------------------------------------------------------------------------

enum class AttachmentState : std::uint8_t {
  uploading = 1,  // a program of this node brings it; not sent yet
  whole = 2,
  coming = 3,   // its author's node is asked for what lacks
  waiting = 4,  // there is no room for it here at the moment
  gone = 5,     // its author's node does not hold it any more
  damaged = 6,  // what came was not what was announced
};
[[nodiscard]] const char* attachment_state_name(AttachmentState state);

struct AttachmentHolder {
  MemberId member;
  std::uint16_t have = 0;  // chunks, as far as it has said since this node's start
  Timestamp whole;         // since when it has all of it; 0: not yet
  bool operator==(const AttachmentHolder&) const = default;
};
struct AttachmentView {
  MemberId author;
  MessageId message;
  AttachmentState state{};
  MediaType media{};
  std::string name;
  std::uint64_t bytes = 0;
  Digest sha256;
  std::uint16_t chunks = 0;
  std::uint16_t here = 0;
  Timestamp created;
  std::vector<AttachmentHolder> holders;  // of an own one: its recipients
  bool operator==(const AttachmentView&) const = default;
};

}  // namespace hamroh
