#include "protocol/erasure.h"

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t signed_bytes = certificate_bytes - Signature::size;
static_assert(labels::erasure.size() == 17);

constexpr std::array reasons{ErasureReason::retention,  ErasureReason::request,
                             ErasureReason::withdrawal, ErasureReason::entered_in_error,
                             ErasureReason::legal_duty, ErasureReason::other};

Bytes signed_part(const ErasureCertificate& certificate) {
  const ByteView label = view(labels::erasure);
  Bytes out(label.begin(), label.end());
  append(out, certificate.network.view());
  append(out, certificate.member.view());
  put_u32(out, certificate.incarnation);
  append(out, certificate.case_id.view());
  put_u8(out, static_cast<std::uint8_t>(certificate.reason));
  put_u64(out, certificate.time.ms);
  put_u32(out, certificate.messages);
  append(out, certificate.root.view());
  put_u64(out, certificate.index);
  append(out, certificate.key.view());
  return out;
}

tl::unexpected<Error> malformed() {
  return peer_error(Code::malformed, "the file is no certificate of an erasure");
}

tl::unexpected<Error> corrupt() {
  return environment_error(Code::store_corrupt, "what is kept of an erased case does not parse");
}

void put_certificate(Bytes& out, const Bytes& certificate) {
  put_u16(out, static_cast<std::uint16_t>(certificate.size()));
  append(out, certificate);
}

Bytes take_certificate(ByteReader& reader) {
  const ByteView bytes = reader.take(reader.u16());
  return {bytes.begin(), bytes.end()};
}

}  // namespace

const char* erasure_reason_name(ErasureReason reason) {
  switch (reason) {
    case ErasureReason::retention:
      return "retention";
    case ErasureReason::request:
      return "request";
    case ErasureReason::withdrawal:
      return "withdrawal";
    case ErasureReason::entered_in_error:
      return "entered_in_error";
    case ErasureReason::legal_duty:
      return "legal_duty";
    case ErasureReason::other:
      return "other";
  }
  return "unknown";
}

std::optional<ErasureReason> parse_erasure_reason(std::string_view name) {
  const auto found = std::ranges::find(reasons, name, erasure_reason_name);
  return found != reasons.end() ? std::optional(*found) : std::nullopt;
}

Digest erasure_root(std::span<const Digest> in_ledger_order) {
  CompactRange range;
  for (const Digest& digest : in_ledger_order) {
    range.append(leaf_hash(digest.view()));
  }
  return range.root();
}

Bytes sign_erasure(ErasureCertificate certificate, const crypto::SigningKey& author) {
  certificate.key = *AuthorKey::from(author.public_key().view());
  Bytes file = signed_part(certificate);
  const Signature signature = author.sign(file);
  append(file, signature.view());
  CHECK(file.size() == certificate_bytes);
  return file;
}

Result<ErasureCertificate> parse_erasure(ByteView file) {
  ByteReader reader(file);
  const bool labelled =
      std::ranges::equal(reader.take(labels::erasure.size()), view(labels::erasure));
  ErasureCertificate certificate;
  certificate.network = reader.fixed<NetworkId>();
  certificate.member = reader.fixed<MemberId>();
  certificate.incarnation = reader.u32();
  certificate.case_id = reader.fixed<CaseId>();
  certificate.reason = static_cast<ErasureReason>(reader.u8());
  certificate.time = {reader.u64()};
  certificate.messages = reader.u32();
  certificate.root = reader.fixed<Digest>();
  certificate.index = reader.u64();
  certificate.key = reader.fixed<AuthorKey>();
  const auto signature = reader.fixed<Signature>();
  const bool known_reason = std::ranges::find(reasons, certificate.reason) != reasons.end();
  const bool of_nothing = certificate.messages == 0;
  if (!labelled || !reader.finished() || !known_reason || certificate.member.is_zero() ||
      certificate.case_id.is_zero() || of_nothing != (certificate.root == empty_root())) {
    return malformed();
  }
  const auto key = SigningPublicKey::from(certificate.key.view());
  if (!crypto::verify(*key, file.first(signed_bytes), signature)) {
    return peer_error(Code::bad_signature, "a certificate of an erasure is not signed as it says");
  }
  return certificate;
}

Bytes ErasedRecord::key(const CaseId& id) {
  return {id.bytes.begin(), id.bytes.end()};
}

Bytes ErasedRecord::encode() const {
  CHECK(asked.size() <= members_max && asking.size() <= members_max);
  Bytes out{record_version};
  put_certificate(out, certificate);
  put_u8(out, static_cast<std::uint8_t>(asked.size()));
  for (const Asked& one : asked) {
    append(out, one.member.view());
    append(out, one.message.view());
    put_certificate(out, one.certificate);
    put_u64(out, one.time.ms);
  }
  put_u8(out, static_cast<std::uint8_t>(asking.size()));
  for (const Asking& one : asking) {
    append(out, one.member.view());
    put_certificate(out, one.certificate);
    put_u64(out, one.time.ms);
    put_u8(out, one.answered ? 1 : 0);
  }
  return out;
}

Result<ErasedRecord> ErasedRecord::parse(ByteView bytes) {
  ByteReader reader(bytes);
  ErasedRecord record;
  if (reader.u8() != record_version) {
    return corrupt();
  }
  record.certificate = take_certificate(reader);
  const std::size_t asked = reader.u8();
  for (std::size_t i = 0; i < asked && reader.ok(); ++i) {
    Asked one;
    one.member = reader.fixed<MemberId>();
    one.message = reader.fixed<MessageId>();
    one.certificate = take_certificate(reader);
    one.time = {reader.u64()};
    record.asked.push_back(std::move(one));
  }
  const std::size_t asking = reader.u8();
  for (std::size_t i = 0; i < asking && reader.ok(); ++i) {
    Asking one;
    one.member = reader.fixed<MemberId>();
    one.certificate = take_certificate(reader);
    one.time = {reader.u64()};
    one.answered = reader.u8() == 1;
    record.asking.push_back(std::move(one));
  }
  if (!reader.finished() || asked > members_max || asking > members_max) {
    return corrupt();
  }
  return record;
}

}  // namespace hamroh
