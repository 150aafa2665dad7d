// Vectors of attachments: a file of one chunk in full, and one of several by its rule, of which the
// vector has what follows from all of it. Byte i of a file is 7·i mod 256; nonce of chunk i is 24
// times i + 1.

#include "protocol/attachment.h"
#include "tests/conformance/vectors.h"

namespace hamroh::conformance {
namespace {

Bytes file_of(std::size_t size) {
  Bytes file(size);
  for (std::size_t i = 0; i < size; ++i) {
    file[i] = static_cast<std::uint8_t>(7 * i);
  }
  return file;
}

SymmetricKey key_of(ByteView raw) {
  if (raw.size() != 32) {
    throw std::runtime_error("a key has another length");
  }
  return SymmetricKey(raw.first<32>());
}

struct Sealed {
  std::vector<Bytes> chunks;
  AttachmentTree tree = AttachmentTree({Digest{}});
};

Sealed seal(const SymmetricKey& key, ByteView file) {
  const auto shape = AttachmentShape::of(file.size());
  if (!shape) {
    throw std::runtime_error("a file of an impossible size");
  }
  Sealed sealed;
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < shape->count(); ++i) {
    ChunkNonce nonce;
    nonce.bytes.fill(static_cast<std::uint8_t>(i + 1));
    sealed.chunks.push_back(
        seal_chunk(key, nonce, *shape, i,
                   file.subspan(i * limits::attachment_chunk_bytes, shape->plain_bytes(i))));
    leaves.push_back(chunk_leaf(sealed.chunks.back()));
  }
  sealed.tree = AttachmentTree(std::move(leaves));
  return sealed;
}

Json vector_of(const std::string& name, std::size_t size, std::size_t shown) {
  const Bytes raw(32, 0x61);
  const Bytes file = file_of(size);
  const Sealed sealed = seal(key_of(raw), file);
  MessageId message;
  message.bytes.fill(0x0C);
  AttachmentBody body{key_of(raw), crypto::sha256({file}), MediaType::pdf, "scan.pdf"};
  Json path = Json::array();
  for (const Digest& hash : sealed.tree.path(shown)) {
    path.push_back(hash.hex());
  }
  const auto index = static_cast<std::uint16_t>(shown);
  Json item{{"name", name},
            {"key", to_hex(raw)},
            {"bytes", size},
            {"message", message.hex()},
            {"root", sealed.tree.root().hex()},
            {"index", shown},
            {"leaf", chunk_leaf(sealed.chunks[shown]).hex()},
            {"path", path},
            {"body", to_hex(body.encode())},
            {"want", to_hex(encode_want({message, 0, false, {index}}))},
            {"chunk", to_hex(sealed.chunks[shown])}};
  if (size <= limits::attachment_chunk_bytes) {
    item["frame"] = to_hex(
        encode_chunk({message, Code::none, index, sealed.tree.path(shown), sealed.chunks[shown]}));
  }
  return item;
}

bool frame_holds(const Json& item, const MessageId& message, ByteView chunk) {
  if (!item.contains("frame")) {
    return true;
  }
  const Bytes bytes = hex_at(item, "frame");
  const auto frame = parse_chunk(bytes);
  return frame && frame->message == message && std::ranges::equal(frame->chunk, chunk);
}

}  // namespace

Json make_attachments() {
  // The last chunk of five: short, and alone on its side of the tree.
  return Json::array({vector_of("one chunk", 40, 0),
                      vector_of("the last of five", 4 * limits::attachment_chunk_bytes + 11, 4)});
}

void check_attachments(const Json& file, Count& count) {
  for (const Json& item : file) {
    const auto size = item.at("bytes").get<std::uint64_t>();
    const auto index = item.at("index").get<std::size_t>();
    const auto shape = AttachmentShape::of(size);
    const SymmetricKey key = key_of(hex_at(item, "key"));
    const Bytes plain = file_of(static_cast<std::size_t>(shape ? size : 0));
    const Bytes chunk = hex_at(item, "chunk");
    const auto root = fixed_at<Digest>(item, "root");
    const auto message = fixed_at<MessageId>(item, "message");
    std::vector<Digest> path;
    for (const Json& hash : item.at("path")) {
      path.push_back(Digest::parse_hex(hash.get<std::string>()).value_or(Digest{}));
    }
    const auto leaf = shape ? check_chunk(root, *shape, index, path, chunk)
                            : Result<Digest>(peer_error(Code::too_large, "no such size"));
    const auto opened = leaf ? open_chunk(key, *shape, index, chunk) : std::nullopt;
    const auto body = AttachmentBody::parse(hex_at(item, "body"));
    const auto want = parse_want(hex_at(item, "want"));
    count.take(leaf && *leaf == fixed_at<Digest>(item, "leaf") && opened &&
                   std::ranges::equal(
                       *opened, ByteView(plain).subspan(index * limits::attachment_chunk_bytes,
                                                        shape->plain_bytes(index))) &&
                   seal(key, plain).tree.root() == root && body && body->key.equals(key) &&
                   body->sha256 == crypto::sha256({plain}) && want && want->message == message &&
                   want->chunks == std::vector{static_cast<std::uint16_t>(index)} &&
                   frame_holds(item, message, chunk),
               item.at("name").get<std::string>());
  }
}

}  // namespace hamroh::conformance
