#include "protocol/attachment.h"

#include <algorithm>

#include "protocol/proof.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::uint8_t body_version = 1;
constexpr std::uint8_t frame_version = 1;
constexpr std::size_t path_hashes_max = 10;
static_assert(std::size_t{1} << path_hashes_max == limits::attachment_chunks_max);

tl::unexpected<Error> malformed(const char* text) {
  return peer_error(Code::malformed, text);
}

Bytes associated(const AttachmentShape& shape, std::size_t index) {
  Bytes out(labels::attachment.begin(), labels::attachment.end());
  put_u32(out, static_cast<std::uint32_t>(index));
  put_u32(out, static_cast<std::uint32_t>(shape.count()));
  put_u64(out, shape.bytes());
  return out;
}

struct MediaName {
  MediaType type;
  const char* name;
};
constexpr std::array media_names{
    MediaName{MediaType::other, "other"},   MediaName{MediaType::pdf, "pdf"},
    MediaName{MediaType::image, "image"},   MediaName{MediaType::audio, "audio"},
    MediaName{MediaType::video, "video"},   MediaName{MediaType::text, "text"},
    MediaName{MediaType::office, "office"}, MediaName{MediaType::archive, "archive"},
};

struct Ending {
  std::string_view ending;
  MediaType type;
};
constexpr std::array endings{
    Ending{"pdf", MediaType::pdf},     Ending{"jpg", MediaType::image},
    Ending{"jpeg", MediaType::image},  Ending{"png", MediaType::image},
    Ending{"tif", MediaType::image},   Ending{"tiff", MediaType::image},
    Ending{"heic", MediaType::image},  Ending{"mp3", MediaType::audio},
    Ending{"m4a", MediaType::audio},   Ending{"ogg", MediaType::audio},
    Ending{"wav", MediaType::audio},   Ending{"mp4", MediaType::video},
    Ending{"mov", MediaType::video},   Ending{"mkv", MediaType::video},
    Ending{"txt", MediaType::text},    Ending{"odt", MediaType::office},
    Ending{"ods", MediaType::office},  Ending{"docx", MediaType::office},
    Ending{"xlsx", MediaType::office}, Ending{"zip", MediaType::archive},
    Ending{"7z", MediaType::archive},
};

Bytes encode_body(ByteView key, const AttachmentBody& body) {
  Bytes out{body_version};
  append(out, key);
  append(out, body.sha256.view());
  put_u8(out, static_cast<std::uint8_t>(body.media));
  put_u8(out, static_cast<std::uint8_t>(body.name.size()));
  append(out, view(body.name));
  return out;
}

}  // namespace

const char* media_name(MediaType type) {
  const auto found = std::ranges::find(media_names, type, &MediaName::type);
  return found == media_names.end() ? "unknown" : found->name;
}

MediaType media_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  std::string ending(dot == file_name.npos ? std::string_view{} : file_name.substr(dot + 1));
  for (char& letter : ending) {
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
  }
  const auto found = std::ranges::find(endings, std::string_view(ending), &Ending::ending);
  return found == endings.end() ? MediaType::other : found->type;
}

bool is_attachment_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::attachment_name_bytes_max && name != "." &&
         name != ".." && name.front() != ' ' && name.back() != ' ' &&
         name.find_first_of("/\\") == name.npos && is_plain_text(name);
}

const char* attachment_state_name(AttachmentState state) {
  switch (state) {
    case AttachmentState::uploading:
      return "uploading";
    case AttachmentState::whole:
      return "whole";
    case AttachmentState::coming:
      return "coming";
    case AttachmentState::waiting:
      return "waiting";
    case AttachmentState::gone:
      return "gone";
    case AttachmentState::damaged:
      return "damaged";
  }
  return "unknown";
}

// ---- chunks -------------------------------------------------------------------------------------

std::optional<AttachmentShape> AttachmentShape::of(std::uint64_t bytes) {
  if (bytes == 0 || bytes > limits::attachment_bytes_max) {
    return std::nullopt;
  }
  const std::uint64_t chunk = limits::attachment_chunk_bytes;
  return AttachmentShape(bytes, static_cast<std::size_t>((bytes + chunk - 1) / chunk));
}

std::size_t AttachmentShape::plain_bytes(std::size_t index) const {
  CHECK(index < count_);
  return index + 1 < count_
             ? limits::attachment_chunk_bytes
             : static_cast<std::size_t>(bytes_ - index * limits::attachment_chunk_bytes);
}

Bytes seal_chunk(const SymmetricKey& key, const ChunkNonce& nonce, const AttachmentShape& shape,
                 std::size_t index, ByteView plain) {
  CHECK(plain.size() == shape.plain_bytes(index));
  const std::span<const std::uint8_t, ChunkNonce::size> raw(nonce.bytes);
  const Bytes sealed = crypto::xchacha_seal(key, raw, associated(shape, index), plain);
  Bytes chunk;
  chunk.reserve(nonce.size + sealed.size());
  append(chunk, nonce.view());
  append(chunk, sealed);
  return chunk;
}

std::optional<Bytes> open_chunk(const SymmetricKey& key, const AttachmentShape& shape,
                                std::size_t index, ByteView chunk) {
  if (index >= shape.count() || chunk.size() != shape.sealed_bytes(index)) {
    return std::nullopt;
  }
  return crypto::xchacha_open(key, chunk.first<ChunkNonce::size>(), associated(shape, index),
                              chunk.subspan(ChunkNonce::size));
}

Digest chunk_leaf(ByteView chunk) {
  static constexpr std::array<std::uint8_t, 1> leaf_prefix{0};
  return crypto::sha256({leaf_prefix, view(labels::attachment), chunk});
}

// Each level pairs the one below; a last node without a partner goes up as it is, which gives the
// tree of RFC 6962.
AttachmentTree::AttachmentTree(std::vector<Digest> leaves) {
  CHECK(!leaves.empty());
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Digest>& below = levels_.back();
    std::vector<Digest> level;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(node_hash(below[i], below[i + 1]));
    }
    if (below.size() % 2 == 1) {
      level.push_back(below.back());
    }
    levels_.push_back(std::move(level));
  }
}

std::vector<Digest> AttachmentTree::path(std::size_t index) const {
  CHECK(index < count());
  std::vector<Digest> path;
  for (const std::vector<Digest>& level : levels_) {
    const std::size_t sibling = index ^ 1U;
    if (level.size() > 1 && sibling < level.size()) {
      path.push_back(level[sibling]);
    }
    index /= 2;
  }
  return path;
}

Result<Digest> check_chunk(const Digest& root, const AttachmentShape& shape, std::size_t index,
                           std::span<const Digest> path, ByteView chunk) {
  if (index >= shape.count() || chunk.size() != shape.sealed_bytes(index)) {
    return peer_error(Code::bad_proof, "a chunk that the attachment's size leaves no place for");
  }
  const Digest leaf = chunk_leaf(chunk);
  HAMROH_TRY(verify_inclusion(index, shape.count(), leaf, path, root));
  return leaf;
}

// ---- body and frames ----------------------------------------------------------------------------

Bytes AttachmentBody::encode() const {
  return key.expose([&](auto raw) { return encode_body(raw, *this); });
}

Bytes AttachmentBody::encode_shown() const {
  return encode_body(Digest{}.view(), *this);
}

Result<AttachmentBody> AttachmentBody::parse(ByteView bytes) {
  ByteReader reader(bytes);
  AttachmentBody body;
  const bool known = reader.u8() == body_version;
  const ByteView key = reader.take(32);
  body.sha256 = reader.fixed<Digest>();
  const std::uint8_t media = reader.u8();
  body.name = std::string(text(reader.take(reader.u8())));
  // A media type of a later version is one that nobody knows here.
  body.media = media > static_cast<std::uint8_t>(MediaType::archive)
                   ? MediaType::other
                   : static_cast<MediaType>(media);
  if (!known || !reader.finished() || media == 0 || !is_attachment_name(body.name)) {
    return malformed("the body of an attachment does not parse");
  }
  body.key = SymmetricKey(key.first<32>());
  return body;
}

std::optional<AttachmentReference> attachment_in(const Inner& inner) {
  return inner.attachments.size() == 1 && AttachmentShape::of(inner.attachments.front().bytes)
             ? std::optional(inner.attachments.front())
             : std::nullopt;
}

Bytes encode_want(const Want& want) {
  Bytes out{static_cast<std::uint8_t>(FrameType::want), frame_version};
  append(out, want.message.view());
  put_u16(out, want.have);
  put_u8(out, want.whole ? 1 : 0);
  put_u16(out, static_cast<std::uint16_t>(want.chunks.size()));
  for (const std::uint16_t index : want.chunks) {
    put_u16(out, index);
  }
  return out;
}

Result<Want> parse_want(ByteView frame) {
  ByteReader reader(frame);
  const bool known =
      reader.u8() == static_cast<std::uint8_t>(FrameType::want) && reader.u8() == frame_version;
  Want want;
  want.message = reader.fixed<MessageId>();
  want.have = reader.u16();
  const std::uint8_t whole = reader.u8();
  const std::size_t count = reader.u16();
  if (!known || whole > 1 || count > limits::chunks_in_want_max ||
      want.have > limits::attachment_chunks_max || (whole == 1) != (count == 0)) {
    return malformed("a want does not parse");
  }
  want.whole = whole == 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t index = reader.u16();
    const bool rises = want.chunks.empty() || want.chunks.back() < index;
    if (!rises || index >= limits::attachment_chunks_max) {
      return malformed("a want does not name chunks in order");
    }
    want.chunks.push_back(index);
  }
  return reader.finished() ? Result<Want>(std::move(want)) : malformed("a want has a wrong length");
}

Bytes encode_chunk(const ChunkFrame& frame) {
  Bytes out{static_cast<std::uint8_t>(FrameType::chunk), frame_version};
  out.reserve(64 + frame.path.size() * Digest::size + frame.chunk.size());
  append(out, frame.message.view());
  put_u16(out, static_cast<std::uint16_t>(frame.code));
  put_u16(out, frame.index);
  put_u8(out, static_cast<std::uint8_t>(frame.path.size()));
  for (const Digest& hash : frame.path) {
    append(out, hash.view());
  }
  append(out, frame.chunk);
  return out;
}

Result<ChunkFrame> parse_chunk(ByteView frame) {
  ByteReader reader(frame);
  const bool known =
      reader.u8() == static_cast<std::uint8_t>(FrameType::chunk) && reader.u8() == frame_version;
  ChunkFrame parsed;
  parsed.message = reader.fixed<MessageId>();
  parsed.code = static_cast<Code>(reader.u16());
  parsed.index = reader.u16();
  const std::size_t hashes = reader.u8();
  if (!known || !reader.ok() || hashes > path_hashes_max) {
    return malformed("a chunk frame does not parse");
  }
  for (std::size_t i = 0; i < hashes; ++i) {
    parsed.path.push_back(reader.fixed<Digest>());
  }
  const bool brings = parsed.code == Code::none && parsed.index != chunk_none;
  parsed.chunk = reader.take(reader.remaining());
  if (!reader.ok() || parsed.chunk.size() > limits::attachment_chunk_bytes + chunk_overhead_bytes ||
      brings == parsed.chunk.empty() || (!brings && hashes != 0) ||
      (brings && parsed.index >= limits::attachment_chunks_max)) {
    return malformed("a chunk frame brings nothing that a chunk can be");
  }
  return parsed;
}

}  // namespace hamroh
