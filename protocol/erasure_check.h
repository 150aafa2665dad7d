// Whether a certificate of an erasure was signed by the member that it names: the certificate, and
// a history of the network's statements from its founding on, are all that is needed, years later.
#pragma once

#include "protocol/erasure.h"
#include "protocol/membership.h"

namespace hamroh {

struct CheckedErasure {
  ErasureCertificate certificate;
  std::string member;  // its name, when the key was its own
  // Whether the ledger entry still counts, as far as the history's end tells: see
  // stands_as_evidence.
  bool stands = true;
};

// Errors (peer): what parse_erasure, parse_history and Membership refuse; wrong_network; and
// bad_signature if the key was at no time of the history that member's author key.
[[nodiscard]] Result<CheckedErasure> check_erasure(ByteView file, std::span<const Bytes> history);

}  // namespace hamroh
