#include "admin/draft.h"

#include <utility>

#include "protocol/text.h"

namespace hamroh {
namespace {

Outcome<JoinRequest> request_for(const NamedFile& file, const NetworkId& network) {
  auto request = parse_join_request(file.bytes);
  if (!request) {
    return fault(request.error(), file.path, "Ask the organisation for its request.hamroh again.");
  }
  if (request->network != network) {
    return fault(Code::wrong_network, "this is a request for another network", file.path,
                 "The node was made with another network file; it must be made again with yours.");
  }
  return std::move(*request);
}

bool begins_alike(std::string_view whole, std::string_view start) {
  return !start.empty() && whole.starts_with(start);
}

// Removes and adds administrators; says what does not fit.
Outcome<std::vector<Administrator>> changed_administrators(const Constitution& present,
                                                           const NetworkId& network,
                                                           std::span<const NamedFile> cards,
                                                           std::span<const std::string> removed) {
  std::vector<Administrator> list = present.administrators;
  for (const std::string& name : removed) {
    if (std::erase_if(list, [&](const Administrator& one) { return one.name == name; }) == 0) {
      return fault(Code::not_found, "no administrator has this name", name,
                   "`hamroh-authority show network.hamroh` lists them.");
    }
  }
  for (const NamedFile& file : cards) {
    const auto card = parse_administrator_card(file.bytes);
    if (!card) {
      return fault(card.error(), file.path,
                   "The new administrator makes it by `hamroh-authority card`.");
    }
    if (card->network != network) {
      return fault(Code::wrong_network, "this card is for another network", file.path);
    }
    if (!is_founder_proven(present.network_name, card->administrator)) {
      return fault(Code::bad_signature, "this card does not prove possession of its key",
                   file.path);
    }
    for (const Administrator& one : list) {
      if (one.key == card->administrator.key) {
        return fault(Code::duplicate_signer, "this key is an administrator's already", file.path,
                     "It stands under the name " + one.name + "; nobody counts twice.");
      }
      if (fold_name(one.name) == fold_name(card->administrator.name)) {
        return fault(Code::conflict, "an administrator of this name is there already", file.path,
                     "Remove that one in the same proposal, or choose another name.");
      }
    }
    list.push_back(card->administrator);
  }
  std::ranges::sort(list, {}, &Administrator::name);
  return list;
}

}  // namespace

tl::unexpected<Fault> fault(const Error& error, std::string where, std::string remedy) {
  return tl::unexpected(Fault{error, std::move(where), std::move(remedy)});
}

tl::unexpected<Fault> fault(Code code, const char* text, std::string where, std::string remedy) {
  return fault(Error{code, Blame::caller, text}, std::move(where), std::move(remedy));
}

Outcome<Proposal> Drafting::admission(std::span<const NamedFile> requests) const {
  Proposal proposal = begin();
  Directory next = successor();
  for (const NamedFile& file : requests) {
    auto request = request_for(file, membership_.network());
    if (!request) {
      return tl::unexpected(request.error());
    }
    for (const Member& known : next.members) {
      if (known.id == request->member.id) {
        return fault(Code::conflict, "this node has been admitted already", file.path,
                     "It stands there as " + known.name +
                         ". If it lost its keys: hamroh-authority propose keys.");
      }
      if (fold_name(known.name) == fold_name(request->member.name)) {
        return fault(Code::conflict, "this request clashes with the directory", file.path,
                     "A member of that name is in the directory already.");
      }
    }
    next.members = with_records(next.members, {&request->member, 1});
    proposal.grounds.push_back(file.bytes);
  }
  return of_directory(std::move(proposal), next);
}

Outcome<Proposal> Drafting::capabilities(const MemberId& id, Capabilities give,
                                         Capabilities take) const {
  Member changed = *membership_.directory()->find(id);
  changed.capabilities.bits = (changed.capabilities.bits | give.bits) & ~take.bits;
  if (changed.capabilities == membership_.directory()->find(id)->capabilities) {
    return fault(Code::invalid_argument, "nothing would change", changed.name,
                 "It may do exactly that already.");
  }
  return of_member(changed, {});
}

Outcome<Proposal> Drafting::incarnation(const MemberId& id, const NamedFile& file,
                                        std::optional<std::uint64_t> position) const {
  const auto request = request_for(file, membership_.network());
  if (!request) {
    return tl::unexpected(request.error());
  }
  const Member& known = *membership_.directory()->find(id);
  const Member& asked = request->member;
  if (asked.id != id) {
    return fault(Code::conflict, "this request is of another member", file.path,
                 "A member that lost its keys asks under its old id.");
  }
  if (asked.incarnation != known.incarnation + 1) {
    return fault(Code::broken_chain, "this request is not for the next incarnation", file.path,
                 "It must ask for incarnation " + std::to_string(known.incarnation + 1) + ".");
  }
  Member changed = asked;
  changed.name = known.name;
  changed.kind = known.kind;
  changed.capabilities = known.capabilities;
  changed.state = MemberState::active;
  const bool revoked = known.state == MemberState::revoked;
  changed.position = position.value_or(revoked ? known.position : UINT64_MAX);
  return of_member(changed, {file.bytes});
}

Outcome<Proposal> Drafting::rotation(const MemberId& id,
                                     std::span<const NamedFile> rotations) const {
  Member present = *membership_.directory()->find(id);
  std::vector<Bytes> grounds;
  for (const NamedFile& file : rotations) {
    const auto rotation = verify_rotation(membership_.network(), file.bytes);
    if (!rotation) {
      return fault(rotation.error(), file.path, "Ask the member for its rotation file again.");
    }
    if (const Status follows = rotation->follows(present); !follows) {
      return fault(follows.error(), file.path,
                   "The directory has key serial " + std::to_string(present.key_serial) +
                       "; name every rotation since, the oldest first.");
    }
    present = rotation->applied_to(present);
    grounds.push_back(file.bytes);
  }
  return of_member(present, std::move(grounds));
}

Outcome<Proposal> Drafting::revocation(const MemberId& id, std::uint64_t position) const {
  Member changed = *membership_.directory()->find(id);
  if (changed.state == MemberState::revoked && changed.position == position) {
    return fault(Code::invalid_argument, "it is revoked already", changed.name);
  }
  changed.state = MemberState::revoked;
  changed.position = position;
  return of_member(changed, {});
}

Outcome<Proposal> Drafting::restoration(const MemberId& id, std::uint64_t position) const {
  Member changed = *membership_.directory()->find(id);
  if (changed.state != MemberState::revoked) {
    return fault(Code::invalid_argument, "it is neither revoked nor suspended", changed.name);
  }
  changed.state = MemberState::active;
  changed.position = position;
  return of_member(changed, {});
}

Outcome<Proposal> Drafting::suspension(const MemberId& id, SuspensionReason reason,
                                       Duration lasts) const {
  return of_suspension({membership_.network(), id, terms_.now, terms_.now + lasts, reason, false});
}

Outcome<Proposal> Drafting::lift(const MemberId& id) const {
  if (!is_suspended(id)) {
    return fault(Code::invalid_argument, "it is not suspended",
                 membership_.directory()->find(id)->name);
  }
  return of_suspension(
      {membership_.network(), id, terms_.now, terms_.now, SuspensionReason::other, true});
}

Outcome<Proposal> Drafting::pack(const Digest& pack,
                                 std::optional<std::uint8_t> countersigned) const {
  Directory next = successor();
  next.pack = pack;
  next.countersigned = countersigned.value_or(next.countersigned);
  return of_directory(begin(), next);
}

Outcome<Proposal> Drafting::constitution(std::span<const NamedFile> cards,
                                         std::span<const std::string> removed,
                                         std::optional<std::uint32_t> threshold) const {
  const VerifiedConstitution& present = membership_.constitution();
  auto administrators = changed_administrators(present.value(), present.network(), cards, removed);
  if (!administrators) {
    return tl::unexpected(administrators.error());
  }
  Constitution next = present.value();
  next.administrators = std::move(*administrators);
  next.threshold = threshold.value_or(next.threshold);
  next.version += 1;
  next.previous = present.hash();
  next.created = terms_.now;
  next.directory_from = membership_.version() + 1;
  if (next.administrators == present.value().administrators &&
      next.threshold == present.value().threshold) {
    return fault(Code::invalid_argument, "nothing would change", "the constitution");
  }
  const Bytes payload = encode_constitution(next);
  if (const auto parsed = parse_constitution(payload); !parsed) {
    return fault(parsed.error(), "the constitution",
                 std::to_string(next.threshold) + " of " +
                     std::to_string(next.administrators.size()) +
                     " was asked for; name another one with --threshold.");
  }
  Proposal proposal = begin();
  proposal.constitution = SignedPayload{payload, {}};
  Directory first = successor();
  first.constitution = constitution_hash(payload);
  return of_directory(std::move(proposal), first);
}

Outcome<Proposal> Drafting::renewal() const {
  return of_directory(begin(), successor());
}

Outcome<Member> Drafting::member(const std::string& wanted) const {
  std::vector<const Member*> found;
  const std::string folded = fold_name(wanted);
  std::string digits = folded;
  std::erase(digits, '-');
  for (const Member& member : current().members) {
    const std::string name = fold_name(member.name);
    if (name == folded || member.id.hex() == digits) {
      return member;
    }
    if (begins_alike(name, folded) || begins_alike(member.id.hex(), digits)) {
      found.push_back(&member);
    }
  }
  if (found.empty()) {
    return fault(Code::unknown_member, "no member has this name or id", wanted,
                 "`hamroh-authority show directory.hamroh` lists the members.");
  }
  if (found.size() > 1) {
    return fault(Code::ambiguous, "several members begin like this", wanted,
                 "Among them " + found[0]->name + " and " + found[1]->name + ".");
  }
  return *found.front();
}

bool Drafting::is_suspended(const MemberId& id) const {
  return std::ranges::any_of(membership_.suspensions(terms_.now),
                             [&](const ActiveSuspension& one) { return one.member == id; });
}

Proposal Drafting::begin() const {
  Proposal proposal;
  proposal.network = membership_.network();
  proposal.base_version = membership_.version();
  proposal.base = membership_.directory()->hash();
  proposal.created = terms_.now;
  proposal.closes = terms_.now + terms_.open;
  proposal.proposer = terms_.proposer;
  proposal.comment = terms_.comment;
  proposal.rule = terms_.rule;
  return proposal;
}

Directory Drafting::successor() const {
  Directory next = membership_.directory()->successor(terms_.now, terms_.validity);
  next.constitution = membership_.constitution().hash();
  if (terms_.warn_after) {
    next.warns = terms_.now + *terms_.warn_after;
  }
  return next;
}

Outcome<Proposal> Drafting::of_member(const Member& changed, std::vector<Bytes> grounds) const {
  Proposal proposal = begin();
  proposal.grounds = std::move(grounds);
  Directory next = successor();
  next.members = with_records(next.members, {&changed, 1});
  return of_directory(std::move(proposal), next);
}

Outcome<Proposal> Drafting::of_directory(Proposal proposal, const Directory& next) const {
  DirectoryFile step = delta_file(current(), next);
  proposal.directory = std::move(step.head);
  proposal.records = std::move(step.records);
  const Bytes file = encode_directory_file(
      {*proposal.directory, DirectoryForm::delta, proposal.records, CompactRange{}});
  if (const auto readable = parse_directory_file(file); !readable) {
    return fault(readable.error(), "the new directory",
                 "Propose fewer changes at once, in several versions.");
  }
  return finish(std::move(proposal));
}

Outcome<Proposal> Drafting::of_suspension(const Suspension& suspension) const {
  Proposal proposal = begin();
  proposal.suspension = SignedPayload{encode_suspension(suspension), {}};
  if (!suspension.lift) {
    proposal.closes = std::min(proposal.closes, suspension.until);
  }
  return finish(std::move(proposal));
}

Outcome<Proposal> Drafting::finish(Proposal proposal) const {
  const auto again = parse_proposal(encode_proposal(proposal));
  if (!again) {
    return fault(again.error(), "the proposal");
  }
  if (const auto examined = examine(*again, membership_); !examined) {
    return fault(examined.error(), "the proposal");
  }
  return proposal;
}

}  // namespace hamroh
