#include "daemon/sessions.h"

#include <algorithm>

namespace hamroh {

SessionToken Sessions::open(const Actor& actor, std::uint32_t generation, Duration now,
                            Entropy& entropy) {
  sweep(now);
  make_room(actor.user);
  const auto token = entropy.draw<SessionToken>();
  sessions_[id_of(token.view())] = {actor, generation, now, {now.ms + times_.absolute.ms}};
  return token;
}

SessionId Sessions::id_of(ByteView token) {
  return crypto::sha256({token});
}

const Sessions::Session* Sessions::use(const SessionId& id, Duration now) {
  // What is compared here is a hash: how long it takes says nothing of a token that would fit.
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return nullptr;
  }
  if (has_ended(found->second, now)) {
    sessions_.erase(found);
    return nullptr;
  }
  found->second.used = now;
  return &found->second;
}

const Sessions::Session* Sessions::find(const SessionId& id, Duration now) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || has_ended(found->second, now) ? nullptr : &found->second;
}

void Sessions::end(const SessionId& id) {
  sessions_.erase(id);
}

void Sessions::end_user(const UserId& user) {
  std::erase_if(sessions_, [&](const auto& one) { return one.second.actor.user == user; });
}

void Sessions::end_others(const UserId& user, const SessionId& kept, std::uint32_t generation) {
  std::erase_if(sessions_, [&](const auto& one) {
    return one.second.actor.user == user && one.first != kept;
  });
  if (const auto found = sessions_.find(kept); found != sessions_.end()) {
    found->second.generation = generation;
  }
}

std::size_t Sessions::count(const UserId& user) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sessions_, [&](const auto& one) { return one.second.actor.user == user; }));
}

bool Sessions::has_ended(const Session& session, Duration now) const {
  return now >= session.ends || now.ms >= session.used.ms + times_.idle.ms;
}

void Sessions::sweep(Duration now) {
  std::erase_if(sessions_, [&](const auto& one) { return has_ended(one.second, now); });
}

void Sessions::make_room(const UserId& user) {
  const bool own = count(user) >= per_user_max;
  if (!own && sessions_.size() < sessions_max) {
    return;
  }
  auto oldest = sessions_.end();
  for (auto one = sessions_.begin(); one != sessions_.end(); ++one) {
    if ((!own || one->second.actor.user == user) &&
        (oldest == sessions_.end() || one->second.used < oldest->second.used)) {
      oldest = one;
    }
  }
  sessions_.erase(oldest);
}

}  // namespace hamroh
