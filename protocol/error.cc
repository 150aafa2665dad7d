#include "protocol/error.h"

#include <cstdio>
#include <cstdlib>

namespace hamroh {

const char* code_name(Code code) {
  switch (code) {
    case Code::none:
      return "none";
    case Code::malformed:
      return "malformed";
    case Code::too_large:
      return "too_large";
    case Code::unsupported_version:
      return "unsupported_version";
    case Code::unsupported_suite:
      return "unsupported_suite";
    case Code::wrong_network:
      return "wrong_network";
    case Code::unknown_member:
      return "unknown_member";
    case Code::not_addressed:
      return "not_addressed";
    case Code::bad_signature:
      return "bad_signature";
    case Code::bad_proof:
      return "bad_proof";
    case Code::fork:
      return "fork";
    case Code::conflict:
      return "conflict";
    case Code::not_capable:
      return "not_capable";
    case Code::no_standing:
      return "no_standing";
    case Code::invalid_form:
      return "invalid_form";
    case Code::expired:
      return "expired";
    case Code::unsupported_kind:
      return "unsupported_kind";
    case Code::cannot_open:
      return "cannot_open";
    case Code::directory_too_old:
      return "directory_too_old";
    case Code::directory_expired:
      return "directory_expired";
    case Code::stale_version:
      return "stale_version";
    case Code::threshold_not_met:
      return "threshold_not_met";
    case Code::duplicate_signer:
      return "duplicate_signer";
    case Code::broken_chain:
      return "broken_chain";
    case Code::locked:
      return "locked";
    case Code::full:
      return "full";
    case Code::not_found:
      return "not_found";
    case Code::ambiguous:
      return "ambiguous";
    case Code::not_ready:
      return "not_ready";
    case Code::signing_stopped:
      return "signing_stopped";
    case Code::store_failed:
      return "store_failed";
    case Code::store_corrupt:
      return "store_corrupt";
    case Code::store_newer:
      return "store_newer";
    case Code::io_failed:
      return "io_failed";
    case Code::busy:
      return "busy";
    case Code::bad_passphrase:
      return "bad_passphrase";
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::suspended:
      return "suspended";
    case Code::timed_out:
      return "timed_out";
    case Code::revoked:
      return "revoked";
    case Code::unavailable:
      return "unavailable";
    case Code::not_authenticated:
      return "not_authenticated";
    case Code::not_permitted:
      return "not_permitted";
    case Code::second_person:
      return "second_person";
    case Code::too_early:
      return "too_early";
    case Code::erased:
      return "erased";
    case Code::wrong_state:
      return "wrong_state";
    case Code::case_closed:
      return "case_closed";
    case Code::commitment_mismatch:
      return "commitment_mismatch";
    case Code::not_granted:
      return "not_granted";
    case Code::consent_missing:
      return "consent_missing";
    case Code::barred_by_consent:
      return "barred_by_consent";
    case Code::consent_unanswered:
      return "consent_unanswered";
    case Code::pack_not_named:
      return "pack_not_named";
    case Code::unknown_code:
      return "unknown_code";
    case Code::clock_open:
      return "clock_open";
    case Code::attachment_not_whole:
      return "attachment_not_whole";
    case Code::attachment_damaged:
      return "attachment_damaged";
    case Code::attachment_gone:
      return "attachment_gone";
    case Code::unsuitable:
      return "unsuitable";
  }
  return "unknown";
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "hamroh: bug: CHECK(%s) failed at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace hamroh
