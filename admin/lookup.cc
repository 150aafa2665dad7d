#include "admin/lookup.h"

#include <set>

#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t cases_searched_max = 4'096;
constexpr std::size_t candidates_shown_max = 10;

tl::unexpected<LookupFault> fault(const Error& error, std::string candidates = {}) {
  return tl::unexpected(LookupFault{error, std::move(candidates)});
}
tl::unexpected<LookupFault> not_found(const char* text) {
  return fault({Code::not_found, Blame::caller, text});
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// ASCII letters match in either case; other letters as they are.
bool name_begins(std::string_view name, std::string_view typed) {
  return typed.size() <= name.size() &&
         std::equal(typed.begin(), typed.end(), name.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

template <class Id>
Lookup<Id> only(const std::set<Id>& found, const char* absent, const char* several) {
  if (found.empty()) {
    return not_found(absent);
  }
  if (found.size() == 1) {
    return *found.begin();
  }
  std::string candidates;
  std::size_t listed = 0;
  for (const Id& id : found) {
    if (++listed > candidates_shown_max) {
      candidates += "…\n";
      break;
    }
    candidates += to_uuid(id) + "\n";
  }
  return fault({Code::ambiguous, Blame::caller, several}, candidates);
}

// Visits heads of cases, newest first, until the visitor says stop.
Status visit_cases(Client& client, std::size_t most,
                   const std::function<Status(const CaseView&)>& visit) {
  api::ListCases page{std::nullopt, api::limits::page_items_max, false};
  std::size_t visited = 0;
  for (;;) {
    HAMROH_ASSIGN(const api::Cases cases, client.cases(page));
    for (const CaseView& one : cases.cases) {
      if (++visited > most) {
        return {};
      }
      HAMROH_TRY(visit(one));
    }
    if (!cases.next) {
      return {};
    }
    page.before = cases.next;
  }
}

}  // namespace

bool begins(ByteView id, const std::string& typed, std::size_t digits) {
  std::string beginning;
  for (const char c : typed) {
    if (c != '-') {
      beginning.push_back(lower(c));
    }
  }
  return beginning.size() >= digits && to_hex(id).starts_with(beginning);
}

Lookup<MemberId> match_member(std::span<const Member> members, const std::string& typed) {
  const auto id = parse_uuid(typed);
  std::vector<const Member*> found;
  for (const Member& member : members) {
    if (member.name == typed || (id && MemberId::from(*id) == member.id)) {
      return member.id;
    }
    if (!typed.empty() && (name_begins(member.name, typed) || begins(member.id.view(), typed, 1))) {
      found.push_back(&member);
    }
  }
  if (found.empty()) {
    return not_found("no member of the directory has this id or name, or one that begins so");
  }
  if (found.size() == 1) {
    return found.front()->id;
  }
  std::string candidates;
  for (std::size_t i = 0; i < found.size() && i <= candidates_shown_max; ++i) {
    candidates += i == candidates_shown_max
                      ? "…\n"
                      : to_uuid(found[i]->id) + "  " + escape_for_terminal(found[i]->name) + "\n";
  }
  return fault({Code::ambiguous, Blame::caller, "several members begin so"}, candidates);
}

Lookup<MemberId> find_member(Client& client, const std::string& typed) {
  const auto members = client.members();
  return members ? match_member(members->members, typed) : fault(members.error());
}

Lookup<CaseId> find_case(Client& client, const std::string& typed) {
  if (const auto id = parse_uuid(typed)) {
    return *CaseId::from(*id);
  }
  std::set<CaseId> found;
  const Status visited =
      visit_cases(client, cases_searched_max, [&](const CaseView& one) -> Status {
        if (begins(one.id.view(), typed)) {
          found.insert(one.id);
        }
        return {};
      });
  return visited ? only(found, "no case here has this id, or one that begins so",
                        "several cases begin so")
                 : fault(visited.error());
}

Lookup<MessageId> find_message(Client& client, const std::string& typed) {
  if (const auto id = parse_uuid(typed)) {
    return *MessageId::from(*id);
  }
  const auto messages = client.find_messages(typed);
  if (!messages) {
    return fault(messages.error());
  }
  return only(std::set<MessageId>(messages->begin(), messages->end()),
              "no message of the newest cases has this id, or one that begins so",
              "several messages begin so");
}

}  // namespace hamroh
