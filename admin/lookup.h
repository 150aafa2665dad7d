// From what people type to identifiers: a member's id, name or beginning of either; a case or
// message by its id, with or without hyphens, or by an unambiguous beginning.
#pragma once

#include <span>
#include <string>

#include "sdk/include/hamroh/client.h"

namespace hamroh {

struct LookupFault {
  Error error;             // not_found, ambiguous, or what the node said
  std::string candidates;  // for `ambiguous`: one on a line
};
template <class T>
using Lookup = tl::expected<T, LookupFault>;

// An exact id or name wins over beginnings. Pure.
[[nodiscard]] Lookup<MemberId> match_member(std::span<const Member> members,
                                            const std::string& typed);
// True if `typed` is the beginning of the id's hex form, hyphens left out; at least so many digits:
// four of a case or message, because there are many; of a member one is enough.
inline constexpr std::size_t digits_min = 4;
[[nodiscard]] bool begins(ByteView id, const std::string& typed, std::size_t digits = digits_min);

[[nodiscard]] Lookup<MemberId> find_member(Client& client, const std::string& typed);
// A beginning is looked for among the newest 4,096 cases (messages: 256 cases).
[[nodiscard]] Lookup<CaseId> find_case(Client& client, const std::string& typed);
[[nodiscard]] Lookup<MessageId> find_message(Client& client, const std::string& typed);

}  // namespace hamroh
