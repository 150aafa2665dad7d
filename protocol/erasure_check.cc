#include "protocol/erasure_check.h"

namespace hamroh {

Result<CheckedErasure> check_erasure(ByteView file, std::span<const Bytes> history) {
  HAMROH_ASSIGN(const ErasureCertificate certificate, parse_erasure(file));
  if (history.empty()) {
    return peer_error(Code::malformed, "a history without a founding");
  }
  HAMROH_ASSIGN(const SignedPayload founding, parse_signed_constitution(history.front()));
  HAMROH_ASSIGN(Membership membership, Membership::begin({&founding, 1}));
  if (membership.network() != certificate.network) {
    return peer_error(Code::wrong_network, "a certificate of another network");
  }
  std::optional<CheckedErasure> checked;
  for (const Bytes& statement : history) {
    HAMROH_TRY(membership.take(statement));
    const Member* member = membership.find(certificate.member);
    if (member != nullptr && member->incarnation == certificate.incarnation &&
        member->author == certificate.key) {
      checked = CheckedErasure{certificate, member->name, true};
    }
  }
  if (!checked) {
    return peer_error(Code::bad_signature, "the certificate's key was never that member's");
  }
  checked->stands = stands_as_evidence(*membership.find(certificate.member),
                                       certificate.incarnation, certificate.index);
  return std::move(*checked);
}

}  // namespace hamroh
