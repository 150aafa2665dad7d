#include "protocol/attachment_record.h"

namespace hamroh {
namespace {

constexpr std::uint8_t record_version = 1;

}  // namespace

AttachmentShape AttachmentRecord::shape() const {
  const auto shape = AttachmentShape::of(bytes);
  CHECK(shape);  // parse and every maker see to it
  return *shape;
}

AttachmentView AttachmentRecord::view(const MemberId& author, const MessageId& message) const {
  AttachmentView shown;
  shown.author = author;
  shown.message = message;
  shown.state = state;
  shown.media = media;
  shown.name = name;
  shown.bytes = bytes;
  shown.sha256 = sha256;
  shown.chunks = static_cast<std::uint16_t>(shape().count());
  shown.here = state == AttachmentState::whole ? shown.chunks : std::uint16_t{0};
  shown.created = created;
  for (std::size_t i = 0; i < to.size(); ++i) {
    shown.holders.push_back({to[i], whole[i].ms != 0 ? shown.chunks : std::uint16_t{0}, whole[i]});
  }
  return shown;
}

Bytes AttachmentRecord::encode() const {
  Bytes out{record_version};
  put_u64(out, number);
  put_u8(out, static_cast<std::uint8_t>(state));
  put_u64(out, bytes);
  append(out, root.view());
  key.expose([&](auto raw) { append(out, raw); });
  append(out, sha256.view());
  put_u8(out, static_cast<std::uint8_t>(media));
  put_u8(out, static_cast<std::uint8_t>(name.size()));
  append(out, hamroh::view(name));
  put_u64(out, created.ms);
  put_u8(out, static_cast<std::uint8_t>(to.size()));
  for (std::size_t i = 0; i < to.size(); ++i) {
    append(out, to[i].view());
    put_u64(out, whole[i].ms);
  }
  return out;
}

Result<AttachmentRecord> AttachmentRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  AttachmentRecord record;
  const bool known = reader.u8() == record_version;
  record.number = reader.u64();
  const std::uint8_t state = reader.u8();
  record.bytes = reader.u64();
  record.root = reader.fixed<Digest>();
  const ByteView key = reader.take(32);
  record.sha256 = reader.fixed<Digest>();
  const std::uint8_t media = reader.u8();
  record.name = std::string(text(reader.take(reader.u8())));
  record.created = {reader.u64()};
  const std::size_t count = reader.u8();
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    record.to.push_back(reader.fixed<MemberId>());
    record.whole.push_back({reader.u64()});
  }
  const bool sound = known && reader.finished() && state >= 1 &&
                     state <= static_cast<std::uint8_t>(AttachmentState::damaged) && media >= 1 &&
                     media <= static_cast<std::uint8_t>(MediaType::archive) &&
                     count <= limits::recipients_max && AttachmentShape::of(record.bytes);
  if (!sound) {
    return environment_error(Code::store_corrupt, "what is kept of an attachment does not parse");
  }
  record.state = static_cast<AttachmentState>(state);
  record.media = static_cast<MediaType>(media);
  record.key = SymmetricKey(key.first<32>());
  return record;
}

bool AttachmentWork::Day::has_room(std::uint64_t today, std::uint64_t more,
                                   std::uint64_t quota) const {
  return (day == today ? bytes : 0) + more <= quota;
}

bool AttachmentWork::Day::take(std::uint64_t today, std::uint64_t more, std::uint64_t quota) {
  if (!has_room(today, more, quota)) {
    return false;
  }
  bytes = (day == today ? bytes : 0) + more;
  day = today;
  return true;
}

namespace attachment_row {

Bytes of_case(const CaseId& id) {
  Bytes key{'a'};
  append(key, id.view());
  return key;
}

Bytes record(const CaseId& id, const MemberId& author, const MessageId& message) {
  Bytes key = of_case(id);
  append(key, author.view());
  append(key, message.view());
  return key;
}

Bytes wanted(const MemberId& author, const MessageId& message) {
  Bytes key{'w'};
  append(key, author.view());
  append(key, message.view());
  return key;
}

Bytes removed(std::uint64_t number) {
  Bytes key{'x'};
  put_u64(key, number);
  return key;
}

Bytes kept_of(const MemberId& member) {
  Bytes key{'q'};
  append(key, member.view());
  return key;
}

Bytes behind(Bytes beginning) {
  while (!beginning.empty() && beginning.back() == 0xff) {
    beginning.pop_back();
  }
  CHECK(!beginning.empty());  // all of them begin with a letter
  ++beginning.back();
  return beginning;
}

Bytes chunk(std::uint64_t number, std::size_t index) {
  return key_u64(number * limits::attachment_chunks_max + index);
}

}  // namespace attachment_row
}  // namespace hamroh
