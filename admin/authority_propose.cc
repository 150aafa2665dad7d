// hamroh-authority propose …: what may be agreed to, laid down in a file that travels.

#include <charconv>
#include <cstdio>
#include <utility>

#include "admin/authority_commands.h"
#include "admin/review.h"
#include "protocol/pack_file.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

DraftTerms terms_of(const AuthorityArguments& arguments, const Authority& authority) {
  DraftTerms terms;
  terms.rule = authority.rule();
  terms.now = wall_clock();
  terms.validity = days(arguments.valid_days);
  if (arguments.warn_days != 0) {
    terms.warn_after = days(arguments.warn_days);
  }
  terms.proposer = arguments.proposer;
  terms.comment = arguments.comment;
  return terms;
}

// "revoke", "Umed Khujand" → "revoke-umed-khujand-5.proposal.hamroh"
std::string telling_name(const std::string& act, const Proposal& proposal,
                         const std::string& member) {
  std::string name = act;
  std::string slug;
  for (const char c : fold_name(member)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word) {
      slug.push_back(c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  while (!slug.empty() && slug.back() == '-') {
    slug.pop_back();
  }
  name += slug.empty() ? "" : "-" + slug.substr(0, 40);
  return name + "-" + std::to_string(proposal.base_version + 1) + ".proposal.hamroh";
}

int write_proposal(const AuthorityArguments& arguments, const Authority& authority,
                   const std::string& act, const std::string& member,
                   const Outcome<Proposal>& proposal) {
  if (!proposal) {
    return refuse(arguments, proposal.error());
  }
  const auto examination = examine(*proposal, authority.membership());
  if (!examination) {
    return refuse(arguments, {examination.error(), "the proposal", ""});
  }
  const std::string out =
      arguments.out.empty() ? telling_name(act, *proposal, member) : arguments.out;
  const auto written = write_new(out, encode_proposal(*proposal), 0644);
  if (!written) {
    return refuse(arguments, written.error());
  }
  const Review review = review_proposal(*proposal, *examination);
  if (arguments.json) {
    std::printf("{\"file\": %s, \"review\": %s}\n", json_string(out).c_str(),
                review_as_json(review).c_str());
    return exit_done;
  }
  std::fputs(review_as_text(review).c_str(), stdout);
  std::printf("Written to %s. Next, each administrator: hamroh-authority sign %s --key MY.key\n",
              escape_for_terminal(out).c_str(), escape_for_terminal(out).c_str());
  return exit_done;
}

// Opens the authority, finds the member, drafts, and writes.
template <class Make>
int propose_for_member(const AuthorityArguments& arguments, const std::string& act, Make&& make) {
  const auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  const Drafting drafting(authority->membership(), terms_of(arguments, *authority));
  const auto member = drafting.member(arguments.member);
  if (!member) {
    return refuse(arguments, member.error());
  }
  return write_proposal(arguments, *authority, act, member->name,
                        make(*authority, drafting, *member));
}

template <class Make>
int propose(const AuthorityArguments& arguments, const std::string& act, Make&& make) {
  const auto authority = Authority::open(arguments.authority);
  if (!authority) {
    return refuse(arguments, authority.error());
  }
  const Drafting drafting(authority->membership(), terms_of(arguments, *authority));
  return write_proposal(arguments, *authority, act, {}, make(drafting));
}

Outcome<std::vector<NamedFile>> read_all(const std::vector<std::string>& paths) {
  std::vector<NamedFile> files;
  for (const std::string& path : paths) {
    auto file = read_named(path, limits::statement_bytes_max);
    if (!file) {
      return tl::unexpected(file.error());
    }
    files.push_back(std::move(*file));
  }
  return files;
}

// Absent if none is given; nothing else than a count or `end`.
Outcome<std::optional<std::uint64_t>> position_of(const AuthorityArguments& arguments) {
  if (arguments.position.empty()) {
    return std::optional<std::uint64_t>{};
  }
  if (arguments.position == "end") {
    return std::optional<std::uint64_t>(position_end);
  }
  std::uint64_t value = 0;
  const char* last = arguments.position.data() + arguments.position.size();
  const auto [end, error] = std::from_chars(arguments.position.data(), last, value);
  if (error != std::errc{} || end != last) {
    return fault(Code::invalid_argument, "a position is a count of entries, or the word end",
                 arguments.position,
                 "The member's `hamroh ledger` commands show the positions of its entries.");
  }
  return std::optional<std::uint64_t>(value);
}

Outcome<Capabilities> capabilities_of(const std::vector<std::string>& names) {
  Capabilities capabilities;
  for (const std::string& name : names) {
    const auto capability = parse_capability(name);
    if (!capability) {
      Capabilities all;
      all.bits = (std::uint64_t{1} << (capability_last + 1U)) - 1;
      return fault(Code::invalid_argument, "there is no such capability", name,
                   "There are: " + shown_capabilities(all));
    }
    capabilities.give(*capability);
  }
  return capabilities;
}

}  // namespace

int propose_admit(const AuthorityArguments& arguments) {
  const auto requests = read_all(arguments.requests);
  if (!requests) {
    return refuse(arguments, requests.error());
  }
  return propose(arguments, "admit",
                 [&](const Drafting& drafting) { return drafting.admission(*requests); });
}

int propose_capabilities(const AuthorityArguments& arguments) {
  const auto give = capabilities_of(arguments.give);
  const auto take = capabilities_of(arguments.take);
  if (!give || !take) {
    return refuse(arguments, give ? take.error() : give.error());
  }
  return propose_for_member(arguments, "capabilities",
                            [&](const Authority&, const Drafting& drafting, const Member& member) {
                              return drafting.capabilities(member.id, *give, *take);
                            });
}

int propose_keys(const AuthorityArguments& arguments) {
  const bool rotates = !arguments.rotations.empty();
  if (rotates == !arguments.requests.empty() || arguments.requests.size() > 1 ||
      (rotates && !arguments.position.empty())) {
    std::fputs("propose keys: either --request FILE (with --position) or --rotation FILE…\n",
               stderr);
    return exit_usage;
  }
  const auto position = position_of(arguments);
  const auto files = read_all(rotates ? arguments.rotations : arguments.requests);
  if (!position || !files) {
    return refuse(arguments, position ? files.error() : position.error());
  }
  return propose_for_member(
      arguments, "keys", [&](const Authority&, const Drafting& drafting, const Member& member) {
        return rotates ? drafting.rotation(member.id, *files)
                       : drafting.incarnation(member.id, files->front(), *position);
      });
}

int propose_suspend(const AuthorityArguments& arguments) {
  const auto reason = parse_suspension_reason(arguments.reason);
  if (!reason) {
    return refuse(arguments, {{Code::invalid_argument, Blame::caller, "there is no such reason"},
                              arguments.reason,
                              "There are: device_lost, keys_suspected, misuse, asked_by_member, "
                              "other"});
  }
  return propose_for_member(
      arguments, "suspend", [&](const Authority&, const Drafting& drafting, const Member& member) {
        return drafting.suspension(member.id, *reason, hours(arguments.hours));
      });
}

int propose_lift(const AuthorityArguments& arguments) {
  return propose_for_member(arguments, "lift",
                            [](const Authority&, const Drafting& drafting, const Member& member) {
                              return drafting.lift(member.id);
                            });
}

int propose_revoke(const AuthorityArguments& arguments) {
  const auto position = position_of(arguments);
  if (!position) {
    return refuse(arguments, position.error());
  }
  return propose_for_member(
      arguments, "revoke", [&](const Authority&, const Drafting& drafting, const Member& member) {
        return drafting.revocation(member.id, position->value_or(position_end));
      });
}

int propose_restore(const AuthorityArguments& arguments) {
  return propose_for_member(
      arguments, "restore",
      [](const Authority& authority, const Drafting& drafting, const Member& member) {
        if (member.state != MemberState::revoked && drafting.is_suspended(member.id)) {
          return drafting.lift(member.id);
        }
        return drafting.restoration(member.id, authority.position_before_revocation(member.id));
      });
}

int propose_pack(const AuthorityArguments& arguments) {
  const auto file = read_named(arguments.file, limits::pack_bytes_max);
  if (!file) {
    return refuse(arguments, file.error());
  }
  if (const auto pack = read_pack(text(file->bytes)); !pack) {
    const PackMistake& first = pack.error().front();
    return refuse(arguments, {{Code::malformed, Blame::caller, "the pack has mistakes"},
                              arguments.file,
                              "Line " + std::to_string(first.line) + ": " + first.what + "; " +
                                  first.remedy + "\nhamroh pack check tells them all."});
  }
  std::optional<std::uint8_t> countersigned;
  for (const std::string& name : arguments.countersigned) {
    const auto purpose = parse_key_purpose(name);
    const bool none = name == "none";
    if (!none && (!purpose || *purpose == KeyPurpose::epoch)) {
      return refuse(arguments, {{Code::invalid_argument, Blame::caller, "there is no such key"},
                                name,
                                "There are: author, receipt, witness, transport, or none."});
    }
    const unsigned bit = none ? 0U : 1U << static_cast<unsigned>(*purpose);
    countersigned = static_cast<std::uint8_t>(countersigned.value_or(0) | bit);
  }
  return propose(arguments, "pack", [&](const Drafting& drafting) {
    return drafting.pack(crypto::sha256({file->bytes}), countersigned);
  });
}

int propose_constitution(const AuthorityArguments& arguments) {
  const auto cards = read_all(arguments.add);
  if (!cards) {
    return refuse(arguments, cards.error());
  }
  const auto threshold =
      arguments.threshold == 0 ? std::nullopt : std::optional<std::uint32_t>(arguments.threshold);
  return propose(arguments, "constitution", [&](const Drafting& drafting) {
    return drafting.constitution(*cards, arguments.remove, threshold);
  });
}

int propose_renew(const AuthorityArguments& arguments) {
  return propose(arguments, "renew", [](const Drafting& drafting) { return drafting.renewal(); });
}

}  // namespace hamroh
