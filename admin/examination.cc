#include "admin/examination.h"

#include <map>
#include <utility>

namespace hamroh {
namespace {

bool same_keys(const Member& a, const Member& b) {
  return a.author == b.author && a.receipt == b.receipt && a.witness == b.witness &&
         a.transport == b.transport && a.endpoint == b.endpoint && a.key_serial == b.key_serial &&
         a.incarnation == b.incarnation;
}

// What members themselves have signed, by member.
struct Grounds {
  std::map<MemberId, JoinRequest> requests;
  std::map<MemberId, std::vector<VerifiedRotation>> rotations;  // in the order of the file
};

Result<Grounds> parse_grounds(const Proposal& proposal) {
  Grounds grounds;
  for (const Bytes& file : proposal.grounds) {
    if (statement_kind(file) == StatementKind::rotation) {
      HAMROH_ASSIGN(VerifiedRotation rotation, verify_rotation(proposal.network, file));
      grounds.rotations[rotation.value().member].push_back(std::move(rotation));
      continue;
    }
    HAMROH_ASSIGN(JoinRequest request, parse_join_request(file));
    if (request.network != proposal.network) {
      return peer_error(Code::wrong_network, "a request of another network");
    }
    const MemberId id = request.member.id;
    if (!grounds.requests.emplace(id, std::move(request)).second) {
      return peer_error(Code::conflict, "two requests of one member");
    }
  }
  return grounds;
}

// A member that was not there before is exactly what it asked to be.
Status check_admission(const Member& record, const Grounds& grounds) {
  const auto request = grounds.requests.find(record.id);
  if (request == grounds.requests.end()) {
    return peer_error(Code::bad_signature, "a new member without its own request");
  }
  if (request->second.member != record) {
    return peer_error(Code::bad_proof, "a new member is not what its request asks for");
  }
  const bool first = record.incarnation == 1 && record.key_serial == 0 && record.position == 0 &&
                     record.state == MemberState::active;
  return first ? Status{}
               : peer_error(Code::malformed, "a new member begins active, with incarnation 1");
}

Status check_incarnation(const Member& before, const Member& record, const Grounds& grounds) {
  const auto request = grounds.requests.find(record.id);
  if (request == grounds.requests.end()) {
    return peer_error(Code::bad_signature, "new keys without the member's own request");
  }
  if (record.incarnation != before.incarnation + 1 || record.key_serial != 0) {
    return peer_error(Code::broken_chain, "a member comes back with the next incarnation");
  }
  return same_keys(request->second.member, record)
             ? Status{}
             : peer_error(Code::bad_proof, "the new keys are not those of the request");
}

Status check_rotations(const Member& before, const Member& record, const Grounds& grounds) {
  const auto rotations = grounds.rotations.find(record.id);
  if (rotations == grounds.rotations.end()) {
    return peer_error(Code::bad_signature, "new keys without the member's own rotation");
  }
  Member present = before;
  for (const VerifiedRotation& rotation : rotations->second) {
    HAMROH_TRY(rotation.follows(present));
    present = rotation.applied_to(present);
  }
  return same_keys(present, record)
             ? Status{}
             : peer_error(Code::bad_proof, "the new keys are not those of the rotation");
}

Status check_records(const Proposal& proposal, const VerifiedDirectory& before,
                     const Grounds& grounds) {
  std::size_t used = 0;
  for (const Member& record : proposal.records) {
    const Member* known = before.find(record.id);
    if (known == nullptr) {
      HAMROH_TRY(check_admission(record, grounds));
      ++used;
      continue;
    }
    if (*known == record) {
      return peer_error(Code::malformed, "a record that changes nothing");
    }
    if (same_keys(*known, record)) {
      continue;
    }
    if (record.incarnation != known->incarnation) {
      HAMROH_TRY(check_incarnation(*known, record, grounds));
    } else {
      HAMROH_TRY(check_rotations(*known, record, grounds));
    }
    ++used;
  }
  return used == grounds.requests.size() + grounds.rotations.size()
             ? Status{}
             : peer_error(Code::malformed, "a proposal carries files that it does not rest on");
}

Result<Directory> next_directory(const Proposal& proposal, const VerifiedDirectory& before) {
  HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(proposal.directory->payload));
  Directory next = before.successor(head.created, Duration{});
  next.constitution = head.constitution;
  next.warns = head.warns;
  next.expires = head.expires;
  next.pack = head.pack;
  next.countersigned = head.countersigned;
  next.members = with_records(before.value().members, proposal.records);
  if (next.members.size() > limits::members_max) {
    return peer_error(Code::too_large, "a directory has too many members");
  }
  HAMROH_TRY(check_distinct(next.members));
  if (head_of(next) != head) {
    return peer_error(Code::bad_proof, "the records are not those that are to be signed");
  }
  return next;
}

std::vector<AskedFingerprint> asked_fingerprints(const Grounds& grounds,
                                                 const VerifiedDirectory& before,
                                                 const Examination& examination) {
  std::vector<AskedFingerprint> asked;
  for (const auto& [id, request] : grounds.requests) {
    asked.push_back({request.member.name, fingerprint_of(request.payload)});
  }
  for (const auto& [id, rotations] : grounds.rotations) {
    const Member* member = before.find(id);
    asked.push_back(
        {member == nullptr ? "" : member->name, fingerprint_of(rotations.back().file())});
  }
  if (examination.next_rule) {
    for (const Administrator& administrator : examination.next_rule->administrators) {
      const auto& present = examination.rule.administrators;
      if (std::ranges::find(present, administrator.key, &Administrator::key) == present.end()) {
        asked.push_back({administrator.name, fingerprint_of(administrator.key.view())});
      }
    }
  }
  return asked;
}

Status check_base(const Proposal& proposal, const Membership& membership) {
  if (proposal.network != membership.network()) {
    return peer_error(Code::wrong_network, "a proposal for another network");
  }
  if (constitution_hash(proposal.rule) != membership.constitution().hash()) {
    return peer_error(Code::stale_version, "the proposal was made under another constitution");
  }
  const VerifiedDirectory* current = membership.directory();
  if (current == nullptr) {
    return peer_error(Code::not_ready, "there is no directory yet");
  }
  // A suspension is urgent and rests on no version.
  if (proposal.directory &&
      (current->value().version != proposal.base_version || current->hash() != proposal.base)) {
    return peer_error(Code::stale_version, "the proposal was made on another directory");
  }
  return {};
}

}  // namespace

Result<Examination> examine(const Proposal& proposal, const Membership& membership) {
  HAMROH_TRY(check_base(proposal, membership));
  const VerifiedDirectory& current = *membership.directory();
  Examination examination;
  ProposedRules rules = rules_of(proposal);
  examination.rule = std::move(rules.present);
  examination.next_rule = std::move(rules.next);
  if (proposal.suspension) {
    HAMROH_ASSIGN(examination.suspension, parse_suspension(proposal.suspension->payload));
    const Member* member = current.find(examination.suspension->member);
    if (member == nullptr) {
      return peer_error(Code::unknown_member, "a suspension of somebody who is no member");
    }
    examination.suspended = member->name;
  }
  if (proposal.directory) {
    HAMROH_ASSIGN(const Grounds grounds, parse_grounds(proposal));
    HAMROH_TRY(check_records(proposal, current, grounds));
    HAMROH_ASSIGN(examination.next, next_directory(proposal, current));
    examination.before = current.value();
    examination.asked = asked_fingerprints(grounds, current, examination);
  }
  return examination;
}

std::vector<Member> with_records(std::span<const Member> members, std::span<const Member> records) {
  std::map<MemberId, Member> merged;
  for (const Member& member : members) {
    merged.emplace(member.id, member);
  }
  for (const Member& record : records) {
    merged.insert_or_assign(record.id, record);
  }
  std::vector<Member> list;
  list.reserve(merged.size());
  for (auto& [id, member] : merged) {
    list.push_back(std::move(member));
  }
  return list;
}

}  // namespace hamroh
