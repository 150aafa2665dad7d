// Result<T>, Error and CHECK.
//
// An Error says whose fault it is, which coded reason applies, and a static text. It never carries
// payload, names or keys, so any error may be logged. A bug is no error: CHECK stops the process.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

namespace hamroh {

// Who has to change something before a retry can work.
enum class Blame : std::uint8_t {
  peer = 1,         // another node sent what it may not send
  caller = 2,       // the local program or person asked for what cannot be done
  environment = 3,  // disk, network or operating system failed
};

// Coded reasons. Values appear on the wire and in the ledger (as `code u16`): explicit, never
// reused.
enum class Code : std::uint16_t {
  none = 0,
  malformed = 1,  // bytes that are not of the stated format
  too_large = 2,  // over a bound of constants.h
  unsupported_version = 3,
  unsupported_suite = 4,
  wrong_network = 5,
  unknown_member = 6,
  not_addressed = 7,  // an envelope or message for somebody else
  bad_signature = 8,
  bad_proof = 9,     // a Merkle proof that does not lead to the signed root
  fork = 10,         // two signed notes of one ledger that do not extend one another
  conflict = 11,     // the same id with another content
  not_capable = 12,  // the author's directory entry does not allow this kind
  no_standing = 13,  // not a participant with the right seat in this case
  invalid_form = 14,
  expired = 15,
  unsupported_kind = 16,
  cannot_open = 17,        // sealed to a key this node does not hold
  directory_too_old = 18,  // the message names a newer directory than this node has
  directory_expired = 19,  // no new contacts under an expired directory
  stale_version = 20,      // a directory, sheet or constitution not newer than the known one
  threshold_not_met = 21,  // too few distinct valid signers
  duplicate_signer = 22,
  broken_chain = 23,  // does not name the hash of the version before
  locked = 24,        // the vault is locked
  full = 25,          // a bounded queue, quota or disk is full
  not_found = 26,
  ambiguous = 27,
  not_ready = 28,        // starting, or not joined yet
  signing_stopped = 29,  // this ledger is known to be behind (restored backup)
  store_failed = 30,
  store_corrupt = 31,
  store_newer = 32,  // the store was written by a newer version
  io_failed = 33,
  busy = 34,  // another process holds the lock
  bad_passphrase = 35,
  invalid_argument = 36,
  suspended = 37,
  timed_out = 38,
  revoked = 39,
  unavailable = 40,        // no node listens there
  not_authenticated = 41,  // no session, or one that has ended
  not_permitted = 42,      // the role does not allow it, or the case is not this user's to see
  second_person = 43,      // somebody else has to agree first
  too_early = 44,          // slowed down: after wrong passphrases, or reading at unusual volume
  erased = 45,             // the case was erased here
  wrong_state = 46,        // what an event is about is in no state that it may come from
  case_closed = 47,
  commitment_mismatch = 72,   // what is disclosed is not what was committed to
  not_granted = 73,           // neither the consent nor the rules open it to that member
  consent_missing = 74,       // no consent in force covers it, and no exception stands for one
  barred_by_consent = 75,     // the consent names that member among those that must never know
  consent_unanswered = 76,    // somebody has not said yet what a withdrawal came to there
  pack_not_named = 77,        // no directory that is known here names this jurisdiction pack
  unknown_code = 78,          // a code that the jurisdiction pack does not have
  clock_open = 79,            // something is still due
  unsuitable = 80,            // the service is full, closed, or not given to such a person or place
  attachment_not_whole = 81,  // some of its chunks have not come yet
  attachment_damaged = 82,    // what came, or is kept, is not what was announced
  attachment_gone = 83,       // its author does not hold it any more
};

struct Error {
  Code code = Code::none;
  Blame blame = Blame::caller;
  const char* text = "";  // static storage only
  bool operator==(const Error& other) const { return code == other.code && blame == other.blame; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> peer_error(Code code, const char* text) {
  return tl::unexpected(Error{code, Blame::peer, text});
}
[[nodiscard]] inline tl::unexpected<Error> caller_error(Code code, const char* text) {
  return tl::unexpected(Error{code, Blame::caller, text});
}
[[nodiscard]] inline tl::unexpected<Error> environment_error(Code code, const char* text) {
  return tl::unexpected(Error{code, Blame::environment, text});
}

// The stable lower_snake name of a code, as printed by commands and in --json; "unknown" otherwise.
[[nodiscard]] const char* code_name(Code code);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace hamroh

// Stays on in release. For bugs only, never for bytes from outside.
#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]] {                          \
      ::hamroh::check_failed(#condition, __FILE__, __LINE__); \
    }                                                         \
  } while (false)

// Returns the error of a Result from the enclosing function, else goes on.
#define HAMROH_TRY(expression)                                      \
  do {                                                              \
    if (auto hamroh_try = (expression); !hamroh_try) [[unlikely]] { \
      return tl::unexpected(hamroh_try.error());                    \
    }                                                               \
  } while (false)
#define HAMROH_CONCAT_(a, b) a##b
#define HAMROH_CONCAT(a, b) HAMROH_CONCAT_(a, b)
// HAMROH_ASSIGN(auto x, expression): declares x from the value of a Result or returns its error.
#define HAMROH_ASSIGN(declaration, expression)                              \
  auto HAMROH_CONCAT(hamroh_result_, __LINE__) = (expression);              \
  if (!HAMROH_CONCAT(hamroh_result_, __LINE__)) [[unlikely]] {              \
    return tl::unexpected(HAMROH_CONCAT(hamroh_result_, __LINE__).error()); \
  }                                                                         \
  declaration = std::move(*HAMROH_CONCAT(hamroh_result_, __LINE__))
