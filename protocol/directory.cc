#include "protocol/directory.h"

#include <utility>

namespace hamroh {
namespace {

Digest members_root(std::span<const Member> members) {
  CompactRange range;
  for (const Member& member : members) {
    range.append(member_leaf(encode_member(member)));
  }
  return range.root();
}

Digest log_leaf(const Digest& hash) {
  return leaf_hash(hash.view());
}

// The records of `changes` in place of those of the same id, or among them.
std::vector<Member> merge(std::span<const Member> members, std::span<const Member> changes) {
  std::vector<Member> merged;
  merged.reserve(members.size() + changes.size());
  auto old = members.begin();
  for (const Member& change : changes) {
    while (old != members.end() && old->id < change.id) {
      merged.push_back(*old++);
    }
    if (old != members.end() && old->id == change.id) {
      ++old;
    }
    merged.push_back(change);
  }
  merged.insert(merged.end(), old, members.end());
  return merged;
}

// What a member may become from one version to the next.
Status check_step(const Member& before, const Member& next) {
  const bool back = next.incarnation < before.incarnation ||
                    (next.incarnation == before.incarnation && next.key_serial < before.key_serial);
  if (back) {
    return peer_error(Code::broken_chain, "a member goes back to keys of before");
  }
  return {};
}

Status check_steps(std::span<const Member> before, std::span<const Member> next) {
  auto now = next.begin();
  for (const Member& member : before) {
    while (now != next.end() && now->id < member.id) {
      ++now;
    }
    if (now == next.end() || now->id != member.id) {
      return peer_error(Code::broken_chain, "a member has disappeared; it can only be revoked");
    }
    HAMROH_TRY(check_step(member, *now));
  }
  return {};
}

}  // namespace

struct DirectoryVerifier {
  static Result<VerifiedHead> head(const VerifiedConstitution& constitution,
                                   const SignedPayload& signed_head) {
    VerifiedHead verified;
    HAMROH_ASSIGN(verified.signers_, signers_of(constitution.value(), labels::directory,
                                                constitution.network(), signed_head));
    HAMROH_TRY(check_threshold(verified.signers_.size(), constitution.value().threshold));
    HAMROH_ASSIGN(verified.value_, parse_directory_head(signed_head.payload));
    if (verified.value_.network != constitution.network()) {
      return peer_error(Code::wrong_network, "a directory of another network");
    }
    if (verified.value_.constitution != constitution.hash()) {
      return peer_error(Code::broken_chain, "a directory under another constitution");
    }
    verified.hash_ = directory_hash(signed_head.payload);
    return verified;
  }

  // `members` and `log` must be what the head says they are.
  static Result<VerifiedDirectory> whole(const VerifiedHead& head, const SignedPayload& signed_head,
                                         std::vector<Member> members, CompactRange log) {
    const DirectoryHead& value = head.value();
    if (log.size != value.version - 1 || log.root() != value.log_root) {
      return peer_error(Code::broken_chain, "a directory's log is not the one that was signed");
    }
    if (members.size() != value.member_count || members_root(members) != value.members_root) {
      return peer_error(Code::bad_proof, "a directory's members are not those that were signed");
    }
    HAMROH_TRY(check_distinct(members));
    VerifiedDirectory verified;
    verified.value_ = {value.network,      value.version,       value.previous,    std::move(log),
                       value.constitution, value.created,       value.warns,       value.expires,
                       value.pack,         value.countersigned, std::move(members)};
    verified.hash_ = head.hash();
    verified.signed_head_ = signed_head;
    verified.signers_ = head.signers();
    return verified;
  }
};

DirectoryHead head_of(const Directory& directory) {
  return {directory.network,
          directory.version,
          directory.previous,
          directory.log.root(),
          directory.constitution,
          directory.created,
          directory.warns,
          directory.expires,
          static_cast<std::uint32_t>(directory.members.size()),
          members_root(directory.members),
          directory.pack,
          directory.countersigned};
}

Digest directory_hash(ByteView payload) {
  return crypto::sha256({view(labels::directory), payload});
}

AdminSignature sign_directory(ByteView payload, const NetworkId& network,
                              const crypto::SigningKey& key) {
  return sign_as(labels::directory, payload, network, key);
}

DirectoryFile complete_file(const Directory& directory) {
  return {{encode_directory_head(head_of(directory)), {}},
          DirectoryForm::complete,
          directory.members,
          directory.log};
}

DirectoryFile delta_file(const Directory& before, const Directory& next) {
  DirectoryFile file{{encode_directory_head(head_of(next)), {}}, DirectoryForm::delta, {}, {}};
  auto old = before.members.begin();
  for (const Member& member : next.members) {
    while (old != before.members.end() && old->id < member.id) {
      ++old;
    }
    if (old == before.members.end() || *old != member) {
      file.records.push_back(member);
    }
  }
  return file;
}

DirectoryFile head_file(const SignedPayload& head) {
  return {head, DirectoryForm::head, {}, {}};
}

const Member* VerifiedDirectory::find(const MemberId& id) const {
  const auto found = std::ranges::lower_bound(value_.members, id, {}, &Member::id);
  return found != value_.members.end() && found->id == id ? &*found : nullptr;
}

Directory VerifiedDirectory::successor(Timestamp now, Duration validity) const {
  Directory next = value_;
  next.version += 1;
  next.previous = hash_;
  next.log.append(log_leaf(hash_));
  next.created = now;
  next.expires = now + validity;
  next.warns = now + Duration{validity.ms / 3 * 2};
  return next;
}

Result<VerifiedHead> verify_directory_head(const VerifiedConstitution& constitution,
                                           const SignedPayload& head) {
  return DirectoryVerifier::head(constitution, head);
}

Result<VerifiedDirectory> verify_directory(const VerifiedConstitution& constitution,
                                           const DirectoryFile& file) {
  HAMROH_ASSIGN(const VerifiedHead head, DirectoryVerifier::head(constitution, file.head));
  if (file.form != DirectoryForm::complete) {
    return peer_error(Code::broken_chain, "only a complete directory stands by itself");
  }
  return DirectoryVerifier::whole(head, file.head, file.records, file.log);
}

Result<VerifiedDirectory> follow_directory(const VerifiedDirectory& current,
                                           const VerifiedConstitution& constitution,
                                           const DirectoryFile& file) {
  HAMROH_ASSIGN(const VerifiedHead head, DirectoryVerifier::head(constitution, file.head));
  const std::uint64_t have = current.value().version;
  const std::uint64_t got = head.value().version;
  if (got == have && head.hash() != current.hash()) {
    return peer_error(Code::fork, "two different directories of one version");
  }
  if (got <= have) {
    return peer_error(Code::stale_version, "a directory that is not newer than the known one");
  }
  if (got != have + 1 || head.value().previous != current.hash()) {
    return peer_error(Code::broken_chain, "a directory does not follow the known one");
  }
  if (file.form == DirectoryForm::head) {
    return peer_error(Code::malformed, "a directory's head brings no members");
  }
  CompactRange log = current.value().log;
  log.append(log_leaf(current.hash()));
  std::vector<Member> members = file.form == DirectoryForm::complete
                                    ? file.records
                                    : merge(current.value().members, file.records);
  HAMROH_TRY(check_steps(current.value().members, members));
  return DirectoryVerifier::whole(head, file.head, std::move(members), std::move(log));
}

}  // namespace hamroh
