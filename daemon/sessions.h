// Who is logged in. A session is a token of 32 random bytes; here stands only its SHA-256, so that
// a copy of this memory logs nobody in.
//
// A session ends when nobody used it for the idle time, at the latest after the absolute time, when
// it is ended, and when its account changes. A user has at most 8: the one that was idle longest
// goes. In all there are at most 1,024: then the one goes that was idle longest of all. Time is the
// monotonic clock. Sessions do not survive the process.
//
// Pure: time and entropy are parameters.
#pragma once

#include <map>
#include <optional>

#include "protocol/crypto.h"
#include "protocol/ports.h"
#include "protocol/user_keys.h"

namespace hamroh {

using SessionId = Digest;  // SHA-256 of the token

class Sessions {
 public:
  static constexpr std::size_t per_user_max = 8;
  static constexpr std::size_t sessions_max = 1'024;

  struct Times {
    Duration idle = minutes(30);
    Duration absolute = hours(12);
  };
  struct Session {
    Actor actor;
    std::uint32_t generation = 0;  // of the account
    Duration used;
    Duration ends;  // at the latest
  };

  explicit Sessions(Times times) : times_(times) {}

  [[nodiscard]] SessionToken open(const Actor& actor, std::uint32_t generation, Duration now,
                                  Entropy& entropy);
  [[nodiscard]] static SessionId id_of(ByteView token);
  // The session of that id, which counts as used now; null if there is none or it has ended. Valid
  // until the next call of anything here that is not const.
  [[nodiscard]] const Session* use(const SessionId& id, Duration now);
  // The same without using it.
  [[nodiscard]] const Session* find(const SessionId& id, Duration now) const;
  void end(const SessionId& id);
  // All of a user; but not `kept`, which goes on under the new generation.
  void end_user(const UserId& user);
  void end_others(const UserId& user, const SessionId& kept, std::uint32_t generation);

  [[nodiscard]] std::size_t count() const { return sessions_.size(); }
  [[nodiscard]] std::size_t count(const UserId& user) const;
  [[nodiscard]] const Times& times() const { return times_; }

 private:
  using Map = std::map<SessionId, Session>;
  [[nodiscard]] bool has_ended(const Session& session, Duration now) const;
  void sweep(Duration now);
  void make_room(const UserId& user);

  Times times_;
  Map sessions_;
};

}  // namespace hamroh
