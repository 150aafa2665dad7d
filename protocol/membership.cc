#include "protocol/membership.h"

#include <utility>

#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char history_file[] = "HHIS";
constexpr std::size_t history_bytes_max = 64 * 1024 * 1024;
constexpr std::size_t history_statements_max = 65'536;

}  // namespace

bool stands_as_evidence(const Member& member, std::uint32_t incarnation, std::uint64_t index) {
  if (incarnation == member.incarnation) {
    return member.state == MemberState::active || index < member.position;
  }
  const bool ended_by_this_one =
      incarnation + 1 == member.incarnation && member.state == MemberState::active;
  return incarnation < member.incarnation && (!ended_by_this_one || index < member.position);
}

std::optional<StatementKind> statement_kind(ByteView file) {
  if (file.size() < 8) {
    return std::nullopt;
  }
  const std::string_view identifier = text(file.subspan(4, 4));
  if (identifier == "HCON") {
    return StatementKind::constitution;
  }
  if (identifier == "HDIR") {
    return StatementKind::directory;
  }
  if (identifier == "HSUS") {
    return StatementKind::suspension;
  }
  if (identifier == "HROT") {
    return StatementKind::rotation;
  }
  return std::nullopt;
}

const char* staleness_name(Staleness staleness) {
  switch (staleness) {
    case Staleness::fresh:
      return "fresh";
    case Staleness::warn:
      return "warn";
    case Staleness::expired:
      return "expired";
  }
  return "unknown";
}

Result<Membership> Membership::begin(std::span<const SignedPayload> chain) {
  Membership membership;
  HAMROH_ASSIGN(membership.constitutions_, verify_constitution_chain(chain));
  for (const SignedPayload& file : chain) {
    membership.constitution_files_.push_back(encode_signed_constitution(file));
  }
  return membership;
}

Result<Taken> Membership::take(ByteView file) {
  split_view_.reset();
  const auto kind = statement_kind(file);
  if (!kind) {
    return peer_error(Code::malformed, "this is no statement about membership");
  }
  switch (*kind) {
    case StatementKind::constitution:
      return take_constitution(file);
    case StatementKind::directory:
      return take_directory(file);
    case StatementKind::suspension:
      return take_suspension(file);
    case StatementKind::rotation:
      return take_rotation(file);
  }
  return peer_error(Code::malformed, "this is no statement about membership");
}

const VerifiedConstitution& Membership::constitution_at(std::uint64_t version) const {
  for (auto one = constitutions_.rbegin(); one != constitutions_.rend(); ++one) {
    if (one->value().directory_from <= version) {
      return *one;
    }
  }
  return constitutions_.front();
}

Result<Taken> Membership::take_constitution(ByteView bytes) {
  HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(bytes));
  HAMROH_ASSIGN(const Constitution claimed, parse_constitution(file.payload));
  Taken taken{StatementKind::constitution, claimed.version, {}, false, {}, {}};
  if (claimed.version >= 1 && claimed.version <= constitutions_.size()) {
    const std::size_t at = claimed.version - 1;
    if (constitution_hash(file.payload) == constitutions_[at].hash()) {
      taken.known = true;
      return taken;
    }
    // Another one of a version that is known: evidence, if it is validly signed.
    if (at > 0 && verify_successor(constitutions_[at - 1], file)) {
      split_view_ = SplitView{StatementKind::constitution,
                              {},
                              claimed.version,
                              constitution_files_[at],
                              Bytes(bytes.begin(), bytes.end())};
      return peer_error(Code::fork, "two different constitutions of one version");
    }
    return peer_error(Code::stale_version, "a constitution that is not newer than the known one");
  }
  if (constitutions_.size() == limits::constitutions_max) {
    return peer_error(Code::full, "the chain of constitutions is as long as it may be");
  }
  HAMROH_ASSIGN(VerifiedConstitution next, verify_successor(constitutions_.back(), file));
  if (next.value().directory_from <= version()) {
    return peer_error(Code::broken_chain,
                      "a constitution comes into force at a version that exists already");
  }
  constitutions_.push_back(std::move(next));
  constitution_files_.emplace_back(bytes.begin(), bytes.end());
  end_suspensions_of_replaced();
  return taken;
}

// What nobody else has signed ends with its administrators; their names go from the rest. A lift of
// its time stays as it is.
void Membership::end_suspensions_of_replaced() {
  std::vector<VerifiedSuspension> left;
  for (VerifiedSuspension& suspension : suspensions_) {
    if (suspension.value.lift) {
      if (verify_in_its_time(suspension.file)) {
        left.push_back(std::move(suspension));
      }
      continue;
    }
    auto file = parse_signed_suspension(suspension.file);
    CHECK(file);
    const auto removed = std::erase_if(file->signatures, [&](const AdminSignature& signature) {
      return constitution().find(signature.key) == nullptr;
    });
    if (removed == 0) {
      left.push_back(std::move(suspension));
    } else if (auto still = verify_suspension(constitution(), encode_signed_suspension(*file))) {
      left.push_back(std::move(*still));
    }
  }
  suspensions_ = std::move(left);
}

Result<Taken> Membership::take_directory(ByteView bytes) {
  HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(bytes));
  HAMROH_ASSIGN(const DirectoryHead claimed, parse_directory_head(file.head.payload));
  const VerifiedConstitution& constitution = constitution_at(claimed.version);
  Taken taken{StatementKind::directory, claimed.version, {}, false, {}, {}};
  if (directory_ && directory_->hash() == directory_hash(file.head.payload)) {
    // Known, but a damaged copy of it is still to be told from a good one.
    if (file.form == DirectoryForm::complete) {
      HAMROH_TRY(verify_directory(constitution, file));
    } else {
      HAMROH_TRY(verify_directory_head(constitution, file.head));
    }
    taken.known = true;
    return taken;
  }
  if (directory_ && claimed.version == version()) {
    HAMROH_TRY(compare(encode_directory_file(head_file(directory_->signed_head())),
                       encode_directory_file(head_file(file.head))));
  }
  auto next = directory_ ? follow_directory(*directory_, constitution, file)
                         : verify_directory(constitution, file);
  HAMROH_TRY(next);
  directory_ = std::move(*next);
  drop_outdated_rotations();
  return taken;
}

Status Membership::compare(ByteView ours, ByteView theirs) {
  split_view_.reset();
  HAMROH_ASSIGN(const DirectoryFile here, parse_directory_file(ours));
  HAMROH_ASSIGN(const DirectoryFile there, parse_directory_file(theirs));
  if (here.head.payload == there.head.payload) {
    return {};
  }
  HAMROH_ASSIGN(const DirectoryHead known, parse_directory_head(here.head.payload));
  HAMROH_ASSIGN(const DirectoryHead claimed, parse_directory_head(there.head.payload));
  if (known.version != claimed.version) {
    return peer_error(Code::malformed, "heads of two versions exclude nothing");
  }
  HAMROH_TRY(verify_directory_head(constitution_at(claimed.version), there.head));
  split_view_ = SplitView{StatementKind::directory,
                          {},
                          claimed.version,
                          Bytes(ours.begin(), ours.end()),
                          Bytes(theirs.begin(), theirs.end())};
  return peer_error(Code::fork, "two different directories of one version");
}

Result<Taken> Membership::take_suspension(ByteView bytes) {
  HAMROH_ASSIGN(VerifiedSuspension suspension, verify_in_its_time(bytes));
  const Taken taken{StatementKind::suspension, 0, suspension.value.member, false, {}, {}};
  const auto known =
      std::ranges::find(suspensions_, suspension.payload, &VerifiedSuspension::payload);
  if (known != suspensions_.end()) {
    return merge_suspension(*known, suspension);
  }
  // What too few have signed is bounded, so that a stolen key fills nothing. A lift and what enough
  // have agreed to must never find the room taken.
  const auto bounded = [&](const VerifiedSuspension& one) {
    return !one.value.lift && one.signers.size() < constitution().value().threshold;
  };
  for (const AdminKey& signer : suspension.signers) {
    const auto signed_by = std::ranges::count_if(suspensions_, [&](const VerifiedSuspension& one) {
      return bounded(one) && one.signers.contains(signer);
    });
    if (bounded(suspension) &&
        static_cast<std::size_t>(signed_by) >= limits::suspensions_per_administrator_max) {
      return peer_error(Code::full, "an administrator has signed too many suspensions");
    }
  }
  suspensions_.push_back(std::move(suspension));
  return taken;
}

// The same statement under more signatures counts for more, in whatever order they come: each node
// ends with all of them.
Result<Taken> Membership::merge_suspension(VerifiedSuspension& known,
                                           const VerifiedSuspension& other) {
  Taken taken{StatementKind::suspension, 0, known.value.member, true, {}, {}};
  if (known.value.lift) {
    return taken;  // two are enough, and more make it no better
  }
  HAMROH_ASSIGN(SignedPayload all, parse_signed_suspension(known.file));
  HAMROH_ASSIGN(const SignedPayload more, parse_signed_suspension(other.file));
  for (const AdminSignature& signature : more.signatures) {
    if (!known.signers.contains(signature.key)) {
      all.signatures.push_back(signature);
      taken.known = false;
    }
  }
  if (taken.known) {
    return taken;
  }
  std::ranges::sort(all.signatures, {}, &AdminSignature::key);
  taken.merged = encode_signed_suspension(all);
  HAMROH_ASSIGN(VerifiedSuspension merged, verify_suspension(constitution(), taken.merged));
  taken.replaced = std::exchange(known, std::move(merged)).file;
  return taken;
}

Result<VerifiedSuspension> Membership::verify_in_its_time(ByteView file) const {
  auto verified = verify_suspension(constitutions_.back(), file);
  for (std::size_t at = constitutions_.size() - 1; !verified && at > 0; --at) {
    auto earlier = verify_suspension(constitutions_[at - 1], file);
    if (earlier && earlier->value.lift &&
        earlier->value.from < constitutions_[at].value().created) {
      return earlier;
    }
  }
  return verified;
}

Result<Taken> Membership::take_rotation(ByteView bytes) {
  HAMROH_ASSIGN(VerifiedRotation rotation, verify_rotation(network(), bytes));
  const Rotation& value = rotation.value();
  const Member* present = find(value.member);
  if (present == nullptr || present->state != MemberState::active) {
    return peer_error(Code::unknown_member, "a rotation of somebody who is no active member");
  }
  Taken taken{StatementKind::rotation, value.serial, value.member, false, {}, {}};
  const auto known = rotations_.find(value.member);
  if (known != rotations_.end()) {
    for (const VerifiedRotation& one : known->second) {
      if (one.value().serial != value.serial || one.signer() != rotation.signer()) {
        continue;
      }
      if (one.value() == value) {
        taken.known = true;
        return taken;
      }
      split_view_ = SplitView{StatementKind::rotation, value.member, value.serial, one.file(),
                              rotation.file()};
      return peer_error(Code::fork, "a member has signed two rotations of one serial");
    }
  }
  HAMROH_TRY(rotation.follows(*present));
  if ((rotation.changed_in(*present) & directory_->value().countersigned) != 0) {
    return peer_error(Code::threshold_not_met,
                      "this network's administrators must agree to that change of keys");
  }
  if (known != rotations_.end() && known->second.size() >= limits::rotations_per_member_max) {
    return peer_error(Code::full, "too many rotations; a new directory must take them over");
  }
  Member next = rotation.applied_to(*present);
  // No key may serve two members or two purposes.
  for (const Member& other : directory_->value().members) {
    const Member& current = *find(other.id);
    if (other.id != next.id) {
      const std::array pair{current, next};
      HAMROH_TRY(check_distinct(pair));
    }
  }
  rotations_[value.member].push_back(std::move(rotation));
  rotated_[value.member] = std::move(next);
  return taken;
}

// A directory that knows the keys, or a new incarnation, takes the place of rotations.
void Membership::drop_outdated_rotations() {
  for (auto item = rotations_.begin(); item != rotations_.end();) {
    const Member* entry = directory_->find(item->first);
    std::optional<Member> rotated;
    std::vector<VerifiedRotation> left;
    if (entry != nullptr && entry->state == MemberState::active) {
      Member present = *entry;
      for (VerifiedRotation& rotation : item->second) {
        // As if it came now, so that the order in which statements came makes no difference.
        const bool alone = (rotation.changed_in(present) & directory_->value().countersigned) == 0;
        if (alone && rotation.follows(present)) {
          present = rotation.applied_to(present);
          left.push_back(std::move(rotation));
          rotated = present;
        }
      }
    }
    if (left.empty()) {
      rotated_.erase(item->first);
      item = rotations_.erase(item);
      continue;
    }
    rotated_[item->first] = std::move(*rotated);
    item->second = std::move(left);
    ++item;
  }
}

Staleness Membership::staleness(Timestamp now) const {
  if (!directory_ || directory_->expired_at(now)) {
    return Staleness::expired;
  }
  return now >= directory_->value().warns ? Staleness::warn : Staleness::fresh;
}

const Member* Membership::find(const MemberId& id) const {
  if (!rotated_.empty()) {
    if (const auto rotated = rotated_.find(id); rotated != rotated_.end()) {
      return &rotated->second;
    }
  }
  return directory_ ? directory_->find(id) : nullptr;
}

const Member* Membership::active(const MemberId& id) const {
  const Member* member = find(id);
  return member != nullptr && member->state == MemberState::active ? member : nullptr;
}

std::vector<ActiveSuspension> Membership::suspensions(Timestamp now) const {
  return active_suspensions(suspensions_, constitution().value().threshold, now);
}

std::optional<Timestamp> Membership::next_change(Timestamp now) const {
  std::optional<Timestamp> next;
  const auto consider = [&](Timestamp at) {
    if (at > now && (!next || at < *next)) {
      next = at;
    }
  };
  for (const VerifiedSuspension& suspension : suspensions_) {
    consider(suspension.value.from);
    if (!suspension.value.lift) {
      consider(suspension.value.until);
    }
  }
  return next;
}

std::vector<Bytes> Membership::suspension_files() const {
  std::vector<Bytes> files;
  for (const VerifiedSuspension& suspension : suspensions_) {
    files.push_back(suspension.file);
  }
  return files;
}

std::vector<Bytes> Membership::rotation_files() const {
  std::vector<Bytes> files;
  for (const auto& [member, rotations] : rotations_) {
    for (const VerifiedRotation& rotation : rotations) {
      files.push_back(rotation.file());
    }
  }
  return files;
}

Digest Membership::standing() const {
  std::vector<Digest> digests;
  for (const VerifiedSuspension& suspension : suspensions_) {
    Bytes bytes = suspension.payload;
    if (!suspension.value.lift) {
      for (const AdminKey& signer : suspension.signers) {
        append(bytes, signer.view());
      }
    }
    digests.push_back(crypto::sha256({bytes}));
  }
  for (const auto& [member, rotations] : rotations_) {
    for (const VerifiedRotation& rotation : rotations) {
      digests.push_back(crypto::sha256(
          {encode_member(rotation.applied_to(Member{})), key_u64(rotation.value().created.ms)}));
    }
  }
  std::ranges::sort(digests);
  Bytes all;
  for (const Digest& digest : digests) {
    append(all, digest.view());
  }
  return crypto::sha256({all});
}

std::vector<Bytes> Membership::prune(Timestamp now) {
  std::vector<Bytes> pruned;
  std::erase_if(suspensions_, [&](const VerifiedSuspension& suspension) {
    const Timestamp ends = suspension.value.lift ? suspension.value.from + tuning::suspension_max
                                                 : suspension.value.until;
    const bool over = ends + tuning::suspension_pause < now;
    if (over) {
      pruned.push_back(suspension.file);
    }
    return over;
  });
  return pruned;
}

Bytes encode_history(std::span<const Bytes> statements) {
  return wire::encode_files(statements, history_file);
}

Result<std::vector<Bytes>> parse_history(ByteView bytes) {
  return wire::parse_files(bytes, history_file, history_bytes_max, history_statements_max);
}

}  // namespace hamroh
