#include <utility>

#include "message_generated.h"
#include "protocol/message.h"
#include "protocol/wire_buffer.h"

namespace hamroh {
namespace {

constexpr char inner_identifier[] = "HINN";
constexpr char hello_identifier[] = "HHEL";
constexpr char rekey_identifier[] = "HRKY";
constexpr std::size_t key_sheet_bytes_max = 16 * 1024;

using Builder = flatbuffers::FlatBufferBuilder;
using ByteVector = flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>;

ByteVector put_bytes(Builder& builder, ByteView bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

template <class Fixed>
ByteVector put_list(Builder& builder, const std::vector<Fixed>& items) {
  std::uint8_t* out = nullptr;
  auto offset = builder.CreateUninitializedVector(items.size() * Fixed::size, &out);
  for (const Fixed& item : items) {
    std::memcpy(out, item.bytes.data(), Fixed::size);
    out += Fixed::size;
  }
  return offset;
}

// A vector of fixed-size items laid one after another: sorted, distinct, at most `items_max`.
template <class Fixed>
Result<std::vector<Fixed>> sorted_list(const flatbuffers::Vector<std::uint8_t>* vector,
                                       std::size_t items_max) {
  const ByteView bytes = wire::bytes_of(vector);
  if (bytes.size() % Fixed::size != 0 || bytes.size() / Fixed::size > items_max) {
    return peer_error(Code::malformed, "a list of identifiers has a wrong length");
  }
  std::vector<Fixed> items;
  items.reserve(bytes.size() / Fixed::size);
  for (std::size_t at = 0; at < bytes.size(); at += Fixed::size) {
    items.push_back(*Fixed::from(bytes.subspan(at, Fixed::size)));
    if (items.size() > 1 && !(items[items.size() - 2] < items.back())) {
      return peer_error(Code::malformed, "a list of identifiers is not sorted and distinct");
    }
  }
  return items;
}

Result<std::vector<Commitment>> parse_commitments(
    const flatbuffers::Vector<flatbuffers::Offset<wire::CommitmentTable>>* tables) {
  std::vector<Commitment> commitments;
  if (tables == nullptr) {
    return commitments;
  }
  constexpr std::uint8_t tier_max = 5;
  for (const auto* table : *tables) {
    Commitment commitment;
    commitment.tier = table->tier();
    HAMROH_ASSIGN(commitment.root, wire::fixed_of<Digest>(table->root()));
    const bool rises = commitments.empty() || commitments.back().tier < commitment.tier;
    if (commitment.tier == 0 || commitment.tier > tier_max || !rises) {
      return peer_error(Code::malformed, "the commitments are not one for a tier, in order");
    }
    commitments.push_back(commitment);
  }
  return commitments;
}

Result<std::vector<AttachmentReference>> parse_attachments(
    const flatbuffers::Vector<flatbuffers::Offset<wire::AttachmentTable>>* tables) {
  std::vector<AttachmentReference> attachments;
  if (tables == nullptr) {
    return attachments;
  }
  constexpr std::size_t attachments_max = 16;
  if (tables->size() > attachments_max) {
    return peer_error(Code::too_large, "too many attachments in one message");
  }
  for (const auto* table : *tables) {
    AttachmentReference attachment;
    HAMROH_ASSIGN(attachment.root, wire::fixed_of<Digest>(table->root()));
    attachment.bytes = table->bytes();
    attachments.push_back(attachment);
  }
  return attachments;
}

Status check_inner(const Inner& inner) {
  if (inner.suite != suite_x25519) {
    return peer_error(Code::unsupported_suite, "a message names an unknown suite");
  }
  if (inner.recipients.empty()) {
    return peer_error(Code::malformed, "a message has no recipients");
  }
  if (std::binary_search(inner.recipients.begin(), inner.recipients.end(), inner.author)) {
    return peer_error(Code::malformed, "a message is addressed to its author");
  }
  if (inner.expires <= inner.created) {
    return peer_error(Code::malformed, "a message expires before it was made");
  }
  if (inner.message.is_zero() || inner.case_id.is_zero() || inner.author.is_zero()) {
    return peer_error(Code::malformed, "a message has a zero identifier");
  }
  if (inner.body.size() > limits::body_bytes_max) {
    return peer_error(Code::too_large, "a message body is over its bound");
  }
  return {};
}

Bytes framed(FrameType type, const Builder& builder) {
  Bytes frame;
  frame.reserve(1 + builder.GetSize());
  frame.push_back(static_cast<std::uint8_t>(type));
  append(frame, {builder.GetBufferPointer(), builder.GetSize()});
  return frame;
}

Result<ByteView> unframed(FrameType type, ByteView frame) {
  if (frame.empty() || frame[0] != static_cast<std::uint8_t>(type)) {
    return peer_error(Code::malformed, "a frame is not of the expected type");
  }
  return frame.subspan(1);
}

Result<std::optional<Note>> parse_optional_note(const flatbuffers::Vector<std::uint8_t>* vector) {
  const ByteView bytes = wire::bytes_of(vector);
  if (bytes.empty()) {
    return std::optional<Note>{};
  }
  HAMROH_ASSIGN(Note note, Note::parse(bytes));
  return std::optional<Note>(note);
}

Result<Bytes> bounded(const flatbuffers::Vector<std::uint8_t>* vector, std::size_t bytes_max) {
  const ByteView bytes = wire::bytes_of(vector);
  if (bytes.size() > bytes_max) {
    return peer_error(Code::too_large, "an attached file is over its bound");
  }
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

Bytes encode_inner(const Inner& inner) {
  Builder builder(inner.body.size() + 1024);
  const auto body = put_bytes(builder, inner.body);
  std::vector<flatbuffers::Offset<wire::CommitmentTable>> commitments;
  for (const Commitment& commitment : inner.commitments) {
    const auto root = put_bytes(builder, commitment.root.view());
    commitments.push_back(wire::CreateCommitmentTable(builder, commitment.tier, root));
  }
  std::vector<flatbuffers::Offset<wire::AttachmentTable>> attachments;
  for (const AttachmentReference& attachment : inner.attachments) {
    const auto root = put_bytes(builder, attachment.root.view());
    attachments.push_back(wire::CreateAttachmentTable(builder, root, attachment.bytes));
  }
  const auto blind = put_bytes(builder, inner.blind.view());
  const auto network = put_bytes(builder, inner.network.view());
  const auto message = put_bytes(builder, inner.message.view());
  const auto author = put_bytes(builder, inner.author.view());
  const auto recipients = put_list(builder, inner.recipients);
  const auto case_id = put_bytes(builder, inner.case_id.view());
  const auto heads = put_list(builder, inner.heads);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::CommitmentTable>>>
      commitment_list;
  if (!commitments.empty()) {
    commitment_list = builder.CreateVector(commitments);
  }
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::AttachmentTable>>>
      attachment_list;
  if (!attachments.empty()) {
    attachment_list = builder.CreateVector(attachments);
  }
  ByteVector actor;
  if (!inner.actor.is_zero()) {
    actor = put_bytes(builder, inner.actor.view());
  }
  ByteVector pack;
  if (!inner.pack.is_zero()) {
    pack = put_bytes(builder, inner.pack.view());
  }
  builder.Finish(wire::CreateInnerTable(
                     builder, blind, inner.suite, network, message, author, recipients, case_id,
                     heads, inner.directory_version, inner.created.ms, inner.expires.ms, inner.kind,
                     body, commitment_list, attachment_list, actor, inner.actor_role, pack),
                 inner_identifier);
  return wire::finished(builder);
}

Result<Inner> parse_inner(ByteView bytes) {
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::InnerTable>::open(bytes, inner_identifier,
                                                                limits::message_bytes_max));
  Inner inner;
  HAMROH_ASSIGN(inner.blind, wire::fixed_of<Salt>(root->blind()));
  inner.suite = root->suite();
  HAMROH_ASSIGN(inner.network, wire::fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(inner.message, wire::fixed_of<MessageId>(root->message()));
  HAMROH_ASSIGN(inner.author, wire::fixed_of<MemberId>(root->author()));
  HAMROH_ASSIGN(inner.recipients,
                sorted_list<MemberId>(root->recipients(), limits::recipients_max));
  HAMROH_ASSIGN(inner.case_id, wire::fixed_of<CaseId>(root->case_id()));
  HAMROH_ASSIGN(inner.heads, sorted_list<Digest>(root->heads(), limits::heads_max));
  inner.directory_version = root->directory_version();
  inner.created = {root->created()};
  inner.expires = {root->expires()};
  inner.kind = root->kind();
  const ByteView body = wire::bytes_of(root->body());
  inner.body.assign(body.begin(), body.end());
  HAMROH_ASSIGN(inner.commitments, parse_commitments(root->commitments()));
  HAMROH_ASSIGN(inner.attachments, parse_attachments(root->attachments()));
  if (root->actor() != nullptr) {
    HAMROH_ASSIGN(inner.actor, wire::fixed_of<Pseudonym>(root->actor()));
  }
  inner.actor_role = root->actor_role();
  if (inner.actor.is_zero() != (inner.actor_role == 0)) {
    return peer_error(Code::malformed, "a message names a user without a role, or the reverse");
  }
  if (root->pack() != nullptr) {
    HAMROH_ASSIGN(inner.pack, wire::fixed_of<Digest>(root->pack()));
  }
  HAMROH_TRY(check_inner(inner));
  return inner;
}

Digest message_digest(ByteView inner_bytes) {
  return crypto::sha256({view(labels::message_digest), inner_bytes});
}

Bytes encode_hello(const Hello& hello) {
  Builder builder(4096);
  const auto network = put_bytes(builder, hello.network.view());
  const auto member = put_bytes(builder, hello.member.view());
  const auto directory_hash = put_bytes(builder, hello.directory_hash.view());
  const auto own = put_bytes(builder, hello.own ? hello.own->encode() : Bytes{});
  const auto seen = put_bytes(builder, hello.seen ? hello.seen->encode() : Bytes{});
  const auto key_sheet = put_bytes(builder, hello.key_sheet);
  const auto standing = put_bytes(builder, hello.standing.view());
  std::vector<flatbuffers::Offset<wire::StatementFile>> files;
  for (const Bytes& statement : hello.statements) {
    files.push_back(wire::CreateStatementFile(builder, put_bytes(builder, statement)));
  }
  const auto statements = builder.CreateVector(files);
  ByteVector pack;
  if (!hello.lacks_pack.is_zero()) {
    pack = put_bytes(builder, hello.lacks_pack.view());
  }
  builder.Finish(wire::CreateHelloTable(builder, hello.version_min, hello.version_max,
                                        static_cast<std::uint8_t>(hello.purpose), hello.locked,
                                        network, member, hello.incarnation, hello.directory_version,
                                        directory_hash, own, seen, key_sheet, statements,
                                        hello.constitution_version, standing, pack),
                 hello_identifier);
  return framed(FrameType::hello, builder);
}

Result<Hello> parse_hello(ByteView frame) {
  HAMROH_ASSIGN(const ByteView bytes, unframed(FrameType::hello, frame));
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::HelloTable>::open(bytes, hello_identifier,
                                                                limits::frame_bytes_max));
  Hello hello;
  hello.version_min = root->version_min();
  hello.version_max = root->version_max();
  if (hello.version_min > wire_version || hello.version_max < wire_version) {
    return peer_error(Code::unsupported_version, "no common protocol version");
  }
  if (root->purpose() < 1 || root->purpose() > 3) {
    return peer_error(Code::malformed, "a hello has an unknown purpose");
  }
  hello.purpose = static_cast<HelloPurpose>(root->purpose());
  hello.locked = root->locked();
  HAMROH_ASSIGN(hello.network, wire::fixed_of<NetworkId>(root->network()));
  HAMROH_ASSIGN(hello.member, wire::fixed_of<MemberId>(root->member()));
  hello.incarnation = root->incarnation();
  hello.directory_version = root->directory_version();
  HAMROH_ASSIGN(hello.directory_hash, wire::fixed_of<Digest>(root->directory_hash()));
  HAMROH_ASSIGN(hello.own, parse_optional_note(root->own()));
  HAMROH_ASSIGN(hello.seen, parse_optional_note(root->seen()));
  HAMROH_ASSIGN(hello.key_sheet, bounded(root->key_sheet(), key_sheet_bytes_max));
  hello.constitution_version = root->constitution_version();
  HAMROH_ASSIGN(hello.standing, wire::fixed_of<Digest>(root->standing()));
  if (root->pack() != nullptr) {
    HAMROH_ASSIGN(hello.lacks_pack, wire::fixed_of<Digest>(root->pack()));
  }
  if (root->statements() != nullptr) {
    if (root->statements()->size() > limits::statements_max) {
      return peer_error(Code::too_large, "too many statements in one hello");
    }
    std::size_t left = limits::statements_bytes_max;  // all of them together
    for (const auto* file : *root->statements()) {
      HAMROH_ASSIGN(Bytes statement, bounded(file->bytes(), left));
      left -= statement.size();
      hello.statements.push_back(std::move(statement));
    }
  }
  return hello;
}

Bytes encode_rekey(const Rekey& rekey) {
  Builder builder(2048);
  const auto envelope = put_bytes(builder, rekey.envelope.view());
  const auto key_sheet = put_bytes(builder, rekey.key_sheet);
  builder.Finish(wire::CreateRekeyTable(builder, envelope, key_sheet), rekey_identifier);
  return framed(FrameType::rekey, builder);
}

Result<Rekey> parse_rekey(ByteView frame) {
  HAMROH_ASSIGN(const ByteView bytes, unframed(FrameType::rekey, frame));
  HAMROH_ASSIGN(auto root, wire::Buffer<wire::RekeyTable>::open(bytes, rekey_identifier,
                                                                key_sheet_bytes_max + 1024));
  Rekey rekey;
  HAMROH_ASSIGN(rekey.envelope, wire::fixed_of<Digest>(root->envelope()));
  HAMROH_ASSIGN(rekey.key_sheet, bounded(root->key_sheet(), key_sheet_bytes_max));
  return rekey;
}

}  // namespace hamroh
