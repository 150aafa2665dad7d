#include "protocol/wire_api_attachments.h"

#include "protocol/wire_api_parts.h"
#include "protocol/wire_buffer.h"

namespace hamroh::api {
namespace {

using wire::bytes_of;
using wire::fixed_of;

bool is_media(std::uint8_t media) {
  return media >= 1 && media <= static_cast<std::uint8_t>(MediaType::archive);
}

void put_view(Bytes& out, const AttachmentView& shown) {
  append(out, shown.author.view());
  append(out, shown.message.view());
  put_u8(out, static_cast<std::uint8_t>(shown.state));
  put_u8(out, static_cast<std::uint8_t>(shown.media));
  put_short(out, shown.name);
  put_u64(out, shown.bytes);
  append(out, shown.sha256.view());
  put_u16(out, shown.chunks);
  put_u16(out, shown.here);
  put_u64(out, shown.created.ms);
  put_u8(out, static_cast<std::uint8_t>(shown.holders.size()));
  for (const AttachmentHolder& holder : shown.holders) {
    append(out, holder.member.view());
    put_u16(out, holder.have);
    put_u64(out, holder.whole.ms);
  }
}

Result<AttachmentView> take_view(ByteReader& reader) {
  AttachmentView shown;
  shown.author = reader.fixed<MemberId>();
  shown.message = reader.fixed<MessageId>();
  const std::uint8_t state = reader.u8();
  const std::uint8_t media = reader.u8();
  shown.name = std::string(text(reader.take(reader.u8())));
  shown.bytes = reader.u64();
  shown.sha256 = reader.fixed<Digest>();
  shown.chunks = reader.u16();
  shown.here = reader.u16();
  shown.created = {reader.u64()};
  const std::size_t holders = reader.u8();
  if (!reader.ok() || state < 1 || state > static_cast<std::uint8_t>(AttachmentState::damaged) ||
      !is_media(media) || holders > hamroh::limits::recipients_max ||
      !is_attachment_name(shown.name)) {
    return malformed_part();
  }
  shown.state = static_cast<AttachmentState>(state);
  shown.media = static_cast<MediaType>(media);
  for (std::size_t i = 0; i < holders; ++i) {
    AttachmentHolder holder;
    holder.member = reader.fixed<MemberId>();
    holder.have = reader.u16();
    holder.whole = {reader.u64()};
    shown.holders.push_back(holder);
  }
  return reader.ok() ? Result<AttachmentView>(std::move(shown)) : malformed_part();
}

Result<AttachFile> parse_attach_file(const wire::RequestMessage& table) {
  AttachFile ask;
  ask.bytes = table.number();
  const ByteView members = bytes_of(table.members());
  if (members.size() % MemberId::size != 0 ||
      members.size() / MemberId::size > hamroh::limits::recipients_max) {
    return caller_error(Code::malformed, "the recipients of a file do not parse");
  }
  for (std::size_t at = 0; at < members.size(); at += MemberId::size) {
    ask.to.push_back(*MemberId::from(members.subspan(at, MemberId::size)));
  }
  ByteReader reader(bytes_of(table.bytes()));
  ask.sha256 = reader.fixed<Digest>();
  const std::uint8_t media = reader.u8();
  ask.name = std::string(text(reader.take(reader.u8())));
  if (!reader.finished() || !is_media(media)) {
    return caller_error(Code::malformed, "what is said of a file does not parse");
  }
  ask.media = static_cast<MediaType>(media);
  return ask;
}

}  // namespace

Bytes encode_part(const AttachFile& ask) {
  Bytes out(ask.sha256.bytes.begin(), ask.sha256.bytes.end());
  put_u8(out, static_cast<std::uint8_t>(ask.media));
  put_short(out, ask.name);
  return out;
}

Bytes encode_part(const Attaching& reply) {
  Bytes out;
  put_view(out, reply.attachment);
  for (const std::uint16_t index : reply.missing) {
    put_u16(out, index);
  }
  return out;
}

Bytes encode_part(const Attachments& reply) {
  Bytes out;
  for (const AttachmentView& shown : reply.attachments) {
    put_view(out, shown);
  }
  return out;
}

Result<Ask> parse_attachment_ask(std::size_t verb, const wire::RequestMessage& table) {
  HAMROH_ASSIGN(const CaseId id, fixed_of<CaseId>(table.case_id()));
  if (verb == verb_of<ListAttachments>) {
    return ListAttachments{id};
  }
  HAMROH_ASSIGN(const MessageId message, fixed_of<MessageId>(table.message()));
  if (verb == verb_of<AttachFile>) {
    HAMROH_ASSIGN(AttachFile ask, parse_attach_file(table));
    ask.message = message;
    ask.case_id = id;
    return ask;
  }
  if (verb == verb_of<AttachDone>) {
    return AttachDone{message, id};
  }
  if (table.number() >= hamroh::limits::attachment_chunks_max) {
    return caller_error(Code::invalid_argument, "an attachment has at most 1,024 chunks");
  }
  const auto first = static_cast<std::uint16_t>(table.number());
  if (verb == verb_of<AttachPart>) {
    const ByteView bytes = bytes_of(table.bytes());
    if (bytes.size() > limits::attachment_part_bytes) {
      return caller_error(Code::too_large, "a part of a file is over 1 MiB");
    }
    return AttachPart{message, id, first, {bytes.begin(), bytes.end()}};
  }
  HAMROH_ASSIGN(const MemberId author, fixed_of<MemberId>(table.members()));
  return GetAttachment{id, author, message, first};
}

Result<Answer> parse_attachment_answer(std::size_t verb, const wire::ReplyMessage& table) {
  const ByteView bytes = bytes_of(table.bytes());
  if (verb == answer_of<AttachmentPart>) {
    if (bytes.size() > limits::attachment_part_bytes) {
      return malformed_part();
    }
    return AttachmentPart{{bytes.begin(), bytes.end()}};
  }
  ByteReader reader(bytes);
  if (verb == answer_of<Attachments>) {
    Attachments reply;
    while (reader.remaining() > 0) {
      HAMROH_ASSIGN(AttachmentView shown, take_view(reader));
      reply.attachments.push_back(std::move(shown));
    }
    return reply;
  }
  Attaching reply;
  HAMROH_ASSIGN(reply.attachment, take_view(reader));
  while (reader.ok() && reader.remaining() > 0 &&
         reply.missing.size() < hamroh::limits::attachment_chunks_max) {
    const std::uint16_t index = reader.u16();
    const bool rises = reply.missing.empty() || reply.missing.back() < index;
    if (!rises || index >= hamroh::limits::attachment_chunks_max) {
      return malformed_part();
    }
    reply.missing.push_back(index);
  }
  return reader.finished() ? Result<Answer>(std::move(reply)) : malformed_part();
}

}  // namespace hamroh::api
