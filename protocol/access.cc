#include "protocol/access.h"

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint8_t row_version = 1;

Bytes opening(const AccessRecord& record) {
  Bytes out;
  put_u8(out, static_cast<std::uint8_t>(record.kind));
  append(out, record.salt.view());
  append(out, record.user.view());
  put_u8(out, static_cast<std::uint8_t>(record.role));
  append(out, record.case_id.view());
  append(out, record.other.view());
  append(out, view(record.words));
  return out;
}

}  // namespace

Digest AccessRecord::commitment() const {
  return crypto::sha256({view(labels::access), opening(*this)});
}

Bytes AccessRecord::key(const CaseId& case_id, std::uint64_t index) {
  Bytes key(case_id.view().begin(), case_id.view().end());
  append(key, key_u64(index));
  return key;
}

Bytes AccessRecord::encode() const {
  CHECK(words.size() <= words_bytes_max);
  Bytes out{row_version};
  put_u64(out, time.ms);
  append(out, opening(*this));
  return out;
}

Result<AccessRecord> AccessRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  AccessRecord record;
  record.time.ms = reader.u64();
  record.kind = static_cast<EntryKind>(reader.u8());
  record.salt = reader.fixed<Salt>();
  record.user = reader.fixed<UserId>();
  record.role = static_cast<Role>(reader.u8());
  record.case_id = reader.fixed<CaseId>();
  record.other = reader.fixed<UserId>();
  if (!reader.ok() || version != row_version || reader.remaining() > words_bytes_max) {
    return environment_error(Code::store_corrupt, "a record of who saw a case does not parse");
  }
  record.words = std::string(text(reader.take(reader.remaining())));
  return record;
}

Pseudonym pseudonym_of(const SymmetricKey& key, const UserId& user, const CaseId& case_id) {
  const Digest mac = key.expose([&](auto raw) {
    return crypto::hmac_sha256(raw, {view(labels::pseudonym), user.view(), case_id.view()});
  });
  return *Pseudonym::from(mac.view().first(Pseudonym::size));
}

}  // namespace hamroh
