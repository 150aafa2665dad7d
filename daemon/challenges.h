// What programs sign to log in: good for a minute, once, in this process.
//
//   challenge = time u64 (monotonic ms) ‖ nonce[8] ‖ first 16 bytes of HMAC-SHA256(key, L(login) ‖
//               time ‖ nonce)
// The key is drawn at the start. So nothing is kept for a challenge that is handed out, and asking
// for many takes no memory; kept are those that were used, for as long as they would be good, and
// only who has a valid key can use one.
#pragma once

#include <map>

#include "protocol/ports.h"
#include "protocol/user_keys.h"

namespace hamroh {

class Challenges {
 public:
  static constexpr Duration lifetime = minutes(1);
  static constexpr std::size_t used_max = 65'536;

  explicit Challenges(Entropy& entropy);
  [[nodiscard]] LoginChallenge make(Duration now, Entropy& entropy) const;
  // Made here, not too old, and not used yet.
  [[nodiscard]] bool is_good(const LoginChallenge& challenge, Duration now) const;
  // After its signature has been verified. Errors (caller): busy.
  [[nodiscard]] Status use(const LoginChallenge& challenge, Duration now);

 private:
  [[nodiscard]] Digest mac_of(ByteView front) const;

  SymmetricKey key_;
  std::map<LoginChallenge, Duration> used_;  // until when
};

}  // namespace hamroh
