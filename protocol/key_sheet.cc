#include "protocol/key_sheet.h"

#include <utility>

#include "protocol/wire_key_sheet.h"

namespace hamroh {
namespace {

// Signing and verifying share these bytes.
Bytes signed_bytes(const NetworkId& network, ByteView payload) {
  Bytes bytes;
  append(bytes, view(labels::key_sheet));
  append(bytes, network.view());
  append(bytes, crypto::sha256({payload}).view());
  return bytes;
}

}  // namespace

EpochKeyId epoch_key_id(const EpochKey& key) {
  const Digest digest = crypto::sha256({view(labels::epoch_key_id), key.view()});
  return *EpochKeyId::from(digest.view().first(EpochKeyId::size));
}

Bytes sign_key_sheet(const KeySheet& sheet, const crypto::SigningKey& author) {
  const Bytes payload = wire::encode_key_sheet(sheet);
  return wire::encode_signed_key_sheet(payload, author.sign(signed_bytes(sheet.network, payload)));
}

const SheetKey& VerifiedKeySheet::key_at(Timestamp now) const {
  for (const SheetKey& key : value_.keys) {
    if (now < key.ends) {
      return key;  // the first that has not ended: the current one, or the nearest to come
    }
  }
  return value_.keys.back();
}

Result<VerifiedKeySheet> verify_key_sheet(ByteView file, const NetworkId& network,
                                          const MemberId& member, std::uint32_t incarnation,
                                          const AuthorKey& author) {
  HAMROH_ASSIGN(const wire::SignedKeySheetParts parts, wire::parse_signed_key_sheet(file));
  if (!crypto::verify(*SigningPublicKey::from(author.view()), signed_bytes(network, parts.payload),
                      parts.signature)) {
    return peer_error(Code::bad_signature, "a key sheet is not signed by its member's author key");
  }
  VerifiedKeySheet verified;
  HAMROH_ASSIGN(verified.value_, wire::parse_key_sheet(parts.payload));
  if (verified.value_.network != network) {
    return peer_error(Code::wrong_network, "a key sheet of another network");
  }
  if (verified.value_.member != member || verified.value_.incarnation != incarnation) {
    return peer_error(Code::unknown_member, "a key sheet of another member or incarnation");
  }
  verified.file_.assign(file.begin(), file.end());
  return verified;
}

}  // namespace hamroh
