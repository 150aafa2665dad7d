#include "daemon/challenges.h"

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::size_t front_bytes = 16;

Duration made_at(const LoginChallenge& challenge) {
  ByteReader reader(challenge.view());
  return {reader.u64()};
}

}  // namespace

Challenges::Challenges(Entropy& entropy)
    : key_(SymmetricKey::make([&](auto raw) { entropy.fill(raw); })) {}

LoginChallenge Challenges::make(Duration now, Entropy& entropy) const {
  Bytes bytes = key_u64(now.ms);
  bytes.resize(front_bytes);
  entropy.fill(std::span(bytes).subspan(8));
  append(bytes, mac_of(bytes).view().first(LoginChallenge::size - front_bytes));
  return *LoginChallenge::from(bytes);
}

bool Challenges::is_good(const LoginChallenge& challenge, Duration now) const {
  const Digest mac = mac_of(challenge.view().first(front_bytes));
  const Duration made = made_at(challenge);
  return crypto::equal(mac.view().first(LoginChallenge::size - front_bytes),
                       challenge.view().subspan(front_bytes)) &&
         made <= now && now.ms < made.ms + lifetime.ms && !used_.contains(challenge);
}

Status Challenges::use(const LoginChallenge& challenge, Duration now) {
  if (used_.size() >= used_max) {
    std::erase_if(used_, [&](const auto& one) { return one.second <= now; });
  }
  if (used_.size() >= used_max) {
    return caller_error(Code::busy, "too many programs log in: try again in a minute");
  }
  used_[challenge] = {made_at(challenge).ms + lifetime.ms};
  return {};
}

Digest Challenges::mac_of(ByteView front) const {
  return key_.expose([&](auto raw) {
    return crypto::hmac_sha256(raw, {view(labels::login), front});
  });
}

}  // namespace hamroh
