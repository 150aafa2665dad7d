// The part of the local API's wire form that concerns users (api.h): their verbs and their views.
// Only for wire_api.cc.
#pragma once

#include <array>

#include "api_generated.h"
#include "protocol/api.h"

namespace hamroh::api {

// Where a verb or an answer stands in its variant: its number on the wire.
template <class One, class... All>
constexpr std::size_t place_in(const std::variant<All...>*) {
  const std::array<bool, sizeof...(All)> same{std::is_same_v<One, All>...};
  std::size_t at = 0;
  while (!same[at]) {
    ++at;
  }
  return at;
}
template <class One>
inline constexpr std::size_t verb_of = place_in<One>(static_cast<Ask*>(nullptr));
template <class One>
inline constexpr std::size_t answer_of = place_in<One>(static_cast<Answer*>(nullptr));

// What a request of these verbs holds beside the fields of wire_api.cc. The views end with the
// request.
struct UserFields {
  std::string name;
  std::vector<std::string> words;
  ByteView bytes;
  ByteView more;
  Bytes user;
  std::uint8_t role = 0;
  std::uint64_t parts = 0;
  std::uint64_t number = 0;
  bool flag = false;
};
struct FillUserFields {
  UserFields& out;
  void operator()(const Login& ask) const;
  void operator()(const LoginWithKey& ask) const;
  void operator()(const AddUser& ask) const;
  void operator()(const ChangeUser& ask) const;
  void operator()(const ListUsers& ask) const;
  void operator()(const SetPassphrase& ask) const;
  void operator()(const SetFactor& ask) const;
  void operator()(const MakeSigningKey& ask) const;
  void operator()(const SignVote& ask) const;
  template <class Other>
  void operator()(const Other&) const {}  // has nothing of this
};
// Errors (caller): malformed, too_large, unsupported_version for a verb that nobody knows.
[[nodiscard]] Result<Ask> parse_user_verb(std::size_t verb, const wire::RequestMessage& table);

[[nodiscard]] flatbuffers::Offset<wire::UserTable> put_user(flatbuffers::FlatBufferBuilder& builder,
                                                            const UserView& user,
                                                            ByteView certificate = {});
// Errors (peer): malformed.
[[nodiscard]] Result<UserView> user_of(const wire::UserTable& table);

}  // namespace hamroh::api
