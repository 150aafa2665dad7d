#include "protocol/directory.h"

#include <set>
#include <utility>

#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char constitution_file[] = "HCON";
constexpr char directory_file[] = "HDIR";
constexpr char request_file[] = "HREQ";
constexpr char suspension_file[] = "HSUS";
constexpr Duration same_member_pause = days(30);

SigningPublicKey key_of(ByteView key) {
  return *SigningPublicKey::from(key);
}

// What administrators sign; signing and verifying share it.
Bytes signed_bytes(std::string_view label, const NetworkId& network, ByteView payload) {
  Bytes bytes;
  append(bytes, view(label));
  append(bytes, network.view());
  append(bytes, crypto::sha256({payload}).view());
  return bytes;
}

AdminSignature sign_as(std::string_view label, ByteView payload, const NetworkId& network,
                       const crypto::SigningKey& key) {
  return {*AdminKey::from(key.public_key().view()),
          key.sign(signed_bytes(label, network, payload))};
}

// The distinct administrators of `constitution` whose signatures stand under the payload. A
// signature of somebody else is bad_signature, a key that signed twice is duplicate_signer.
Result<std::set<AdminKey>> signers_of(const Constitution& constitution, std::string_view label,
                                      const NetworkId& network, const SignedPayload& file) {
  const Bytes bytes = signed_bytes(label, network, file.payload);
  std::set<AdminKey> signers;
  for (const AdminSignature& signature : file.signatures) {
    const auto known =
        std::ranges::find(constitution.administrators, signature.key, &Administrator::key);
    if (known == constitution.administrators.end() ||
        !crypto::verify(key_of(signature.key.view()), bytes, signature.signature)) {
      return peer_error(Code::bad_signature, "a signature is not that of an administrator");
    }
    if (!signers.insert(signature.key).second) {
      return peer_error(Code::duplicate_signer, "an administrator signed twice");
    }
  }
  return signers;
}

Status check_threshold(std::size_t signers, std::size_t needed) {
  if (signers < needed) {
    return peer_error(Code::threshold_not_met, "too few administrators have signed");
  }
  return {};
}

MemberId founder_owner(std::string_view network_name, std::string_view name) {
  const Digest digest =
      crypto::sha256({view(network_name), view(std::string_view("\0", 1)), view(name)});
  return *MemberId::from(digest.view().first(MemberId::size));
}

Status check_possessions(const Constitution& constitution) {
  for (const Administrator& administrator : constitution.administrators) {
    const Bytes bytes =
        possession_bytes({}, founder_owner(constitution.network_name, administrator.name),
                         KeyPurpose::administrator, administrator.key.view());
    if (!crypto::verify(key_of(administrator.key.view()), bytes, administrator.possession)) {
      return peer_error(Code::bad_signature, "an administrator does not prove possession of a key");
    }
  }
  return {};
}

}  // namespace

const char* member_kind_name(MemberKind kind) {
  switch (kind) {
    case MemberKind::ngo:
      return "ngo";
    case MemberKind::provider:
      return "provider";
    case MemberKind::commission:
      return "commission";
    case MemberKind::ministry:
      return "ministry";
    case MemberKind::appeal_body:
      return "appeal_body";
    case MemberKind::relief_fund:
      return "relief_fund";
    case MemberKind::oversight:
      return "oversight";
    case MemberKind::relay:
      return "relay";
  }
  return "unknown";
}

std::optional<MemberKind> parse_member_kind(std::string_view name) {
  for (std::uint8_t value = 1; value <= 8; ++value) {
    const auto kind = static_cast<MemberKind>(value);
    if (name == member_kind_name(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

const char* capability_name(Capability capability) {
  switch (capability) {
    case Capability::refer_send:
      return "refer.send";
    case Capability::consent_record:
      return "consent.record";
    case Capability::status_apply:
      return "status.apply";
    case Capability::case_own:
      return "case.own";
    case Capability::refer_receive:
      return "refer.receive";
    case Capability::refer_decide:
      return "refer.decide";
    case Capability::service_provide:
      return "service.provide";
    case Capability::case_receive:
      return "case.receive";
    case Capability::status_decide:
      return "status.decide";
    case Capability::status_confirm:
      return "status.confirm";
    case Capability::appeal_decide:
      return "appeal.decide";
    case Capability::fund_decide:
      return "fund.decide";
    case Capability::fund_pay:
      return "fund.pay";
    case Capability::fund_ask:
      return "fund.ask";
    case Capability::metrics:
      return "metrics";
    case Capability::relay_hold:
      return "relay.hold";
  }
  return "unknown";
}

Capabilities default_capabilities(MemberKind kind) {
  const auto set = [](std::initializer_list<Capability> list) {
    Capabilities capabilities;
    for (const Capability capability : list) {
      capabilities.bits |= std::uint64_t{1} << static_cast<unsigned>(capability);
    }
    return capabilities;
  };
  using enum Capability;
  switch (kind) {
    case MemberKind::ngo:
      return set({refer_send, consent_record, status_apply, case_own, fund_ask});
    case MemberKind::provider:
      return set({refer_receive, refer_decide, service_provide, case_receive, fund_ask});
    case MemberKind::commission:
      return set({refer_receive, refer_decide, status_decide, fund_ask});
    case MemberKind::ministry:
      return set({status_confirm});
    case MemberKind::appeal_body:
      return set({appeal_decide});
    case MemberKind::relief_fund:
      return set({fund_decide, fund_pay});
    case MemberKind::oversight:
      return set({metrics});
    case MemberKind::relay:
      return set({relay_hold});
  }
  return {};
}

Bytes encode_signed_constitution(const SignedPayload& file) {
  return wire::encode_signed_file(file, constitution_file);
}

Bytes encode_signed_directory(const SignedPayload& file) {
  return wire::encode_signed_file(file, directory_file);
}

Result<SignedPayload> parse_signed_constitution(ByteView bytes) {
  return wire::parse_signed_file(bytes, constitution_file, limits::constitution_bytes_max);
}

Result<SignedPayload> parse_signed_directory(ByteView bytes) {
  return wire::parse_signed_file(bytes, directory_file, limits::directory_bytes_max);
}

Digest constitution_hash(ByteView payload) {
  return crypto::sha256({view(labels::constitution), payload});
}

Digest directory_hash(ByteView payload) {
  return crypto::sha256({view(labels::directory), payload});
}

AdminSignature sign_constitution(ByteView payload, const NetworkId& network,
                                 const crypto::SigningKey& key) {
  return sign_as(labels::constitution, payload, network, key);
}

AdminSignature sign_directory(ByteView payload, const NetworkId& network,
                              const crypto::SigningKey& key) {
  return sign_as(labels::directory, payload, network, key);
}

AdminSignature sign_suspension(ByteView payload, const NetworkId& network,
                               const crypto::SigningKey& key) {
  return sign_as(labels::suspension, payload, network, key);
}

Bytes possession_bytes(const NetworkId& network, const MemberId& owner, KeyPurpose purpose,
                       ByteView key) {
  Bytes bytes;
  append(bytes, view(labels::possession));
  append(bytes, network.view());
  append(bytes, owner.view());
  put_u8(bytes, static_cast<std::uint8_t>(purpose));
  append(bytes, key);
  return bytes;
}

Signature prove_founder(std::string_view network_name, std::string_view name,
                        const crypto::SigningKey& key) {
  return key.sign(possession_bytes({}, founder_owner(network_name, name), KeyPurpose::administrator,
                                   key.public_key().view()));
}

Result<VerifiedConstitution> verify_founding(const SignedPayload& file) {
  VerifiedConstitution verified;
  HAMROH_ASSIGN(verified.value_, parse_constitution(file.payload));
  const Constitution& constitution = verified.value_;
  if (constitution.version != 1 || !constitution.previous.is_zero()) {
    return peer_error(Code::broken_chain, "a founding constitution has version 1 and none before");
  }
  HAMROH_TRY(check_possessions(constitution));
  verified.hash_ = constitution_hash(file.payload);
  verified.network_ = *NetworkId::from(verified.hash_.view());
  HAMROH_ASSIGN(const std::set<AdminKey> signers,
                signers_of(constitution, labels::constitution, verified.network_, file));
  HAMROH_TRY(check_threshold(signers.size(), constitution.administrators.size()));
  return verified;
}

Result<VerifiedConstitution> verify_successor(const VerifiedConstitution& current,
                                              const SignedPayload& file) {
  VerifiedConstitution verified;
  HAMROH_ASSIGN(verified.value_, parse_constitution(file.payload));
  const Constitution& next = verified.value_;
  if (next.version != current.value().version + 1) {
    return peer_error(Code::stale_version, "a constitution must follow the one in force by one");
  }
  if (next.previous != current.hash() || next.network_name != current.value().network_name) {
    return peer_error(Code::broken_chain, "a constitution does not name the one before");
  }
  HAMROH_TRY(check_possessions(next));
  verified.hash_ = constitution_hash(file.payload);
  verified.network_ = current.network();
  // Each signature must be an administrator's of the old or of the new; each side counts its own.
  Constitution both = current.value();
  for (const Administrator& administrator : next.administrators) {
    if (std::ranges::find(both.administrators, administrator.key, &Administrator::key) ==
        both.administrators.end()) {
      both.administrators.push_back(administrator);
    }
  }
  HAMROH_ASSIGN(const std::set<AdminKey> signers,
                signers_of(both, labels::constitution, verified.network_, file));
  const auto count = [&signers](const Constitution& constitution) {
    return static_cast<std::size_t>(std::ranges::count_if(
        constitution.administrators,
        [&](const Administrator& administrator) { return signers.contains(administrator.key); }));
  };
  HAMROH_TRY(check_threshold(count(current.value()), current.value().threshold));
  HAMROH_TRY(check_threshold(count(next), next.threshold));
  return verified;
}

const Member* VerifiedDirectory::find(const MemberId& id) const {
  const auto found = std::ranges::lower_bound(value_.members, id, {}, &Member::id);
  return found != value_.members.end() && found->id == id ? &*found : nullptr;
}

Result<VerifiedDirectory> verify_directory(const VerifiedConstitution& constitution,
                                           const SignedPayload& file) {
  // Signatures first: nothing unsigned is parsed in depth.
  HAMROH_ASSIGN(const std::set<AdminKey> signers,
                signers_of(constitution.value(), labels::directory, constitution.network(), file));
  HAMROH_TRY(check_threshold(signers.size(), constitution.value().threshold));
  VerifiedDirectory verified;
  HAMROH_ASSIGN(verified.value_, parse_directory(file.payload));
  if (verified.value_.network != constitution.network()) {
    return peer_error(Code::wrong_network, "a directory of another network");
  }
  if (verified.value_.constitution != constitution.hash()) {
    return peer_error(Code::broken_chain, "a directory under another constitution");
  }
  verified.hash_ = directory_hash(file.payload);
  return verified;
}

Status may_replace(const VerifiedDirectory& current, const VerifiedDirectory& next) {
  const std::uint64_t have = current.value().version;
  const std::uint64_t got = next.value().version;
  if (got == have && current.hash() != next.hash()) {
    return peer_error(Code::fork, "two different directories of one version");
  }
  if (got <= have) {
    return peer_error(Code::stale_version, "a directory that is not newer than the known one");
  }
  if (got != have + 1 || next.value().previous != current.hash()) {
    return peer_error(Code::broken_chain, "a directory does not follow the known one");
  }
  return {};
}

Bytes make_join_request(const NetworkId& network, const Member& member,
                        const crypto::SigningKey& author, const crypto::SigningKey& receipt,
                        const crypto::SigningKey& witness) {
  wire::RequestParts parts;
  parts.network = network;
  parts.member = member;
  parts.author_possession =
      author.sign(possession_bytes(network, member.id, KeyPurpose::author, member.author.view()));
  parts.receipt_possession = receipt.sign(
      possession_bytes(network, member.id, KeyPurpose::receipt, member.receipt.view()));
  parts.witness_possession = witness.sign(
      possession_bytes(network, member.id, KeyPurpose::witness, member.witness.view()));
  const Bytes payload = wire::encode_request(parts);
  // The whole statement under the author key: it vouches for name, endpoint and transport key.
  return wire::encode_signed_file(
      {payload, {sign_as(labels::join_request, payload, network, author)}}, request_file);
}

Result<JoinRequest> parse_join_request(ByteView bytes) {
  HAMROH_ASSIGN(const SignedPayload file,
                wire::parse_signed_file(bytes, request_file, limits::constitution_bytes_max));
  HAMROH_ASSIGN(const wire::RequestParts parts, wire::parse_request(file.payload));
  const Member& member = parts.member;
  const auto proves = [&](KeyPurpose purpose, ByteView key, const Signature& signature) {
    return crypto::verify(key_of(key), possession_bytes(parts.network, member.id, purpose, key),
                          signature);
  };
  if (!proves(KeyPurpose::author, member.author.view(), parts.author_possession) ||
      !proves(KeyPurpose::receipt, member.receipt.view(), parts.receipt_possession) ||
      !proves(KeyPurpose::witness, member.witness.view(), parts.witness_possession)) {
    return peer_error(Code::bad_signature, "a request does not prove possession of its keys");
  }
  const bool stated =
      file.signatures.size() == 1 &&
      std::ranges::equal(file.signatures[0].key.view(), member.author.view()) &&
      crypto::verify(key_of(member.author.view()),
                     signed_bytes(labels::join_request, parts.network, file.payload),
                     file.signatures[0].signature);
  if (!stated) {
    return peer_error(Code::bad_signature, "a request is not signed with its author key");
  }
  return JoinRequest{parts.network,
                     parts.member,
                     parts.author_possession,
                     parts.receipt_possession,
                     parts.witness_possession,
                     file.signatures[0].signature};
}

Bytes encode_signed_suspension(const SignedPayload& file) {
  return wire::encode_signed_file(file, suspension_file);
}

Result<VerifiedSuspension> verify_suspension(const VerifiedConstitution& constitution,
                                             ByteView bytes) {
  HAMROH_ASSIGN(const SignedPayload file,
                wire::parse_signed_file(bytes, suspension_file, limits::constitution_bytes_max));
  HAMROH_ASSIGN(const std::set<AdminKey> signers,
                signers_of(constitution.value(), labels::suspension, constitution.network(), file));
  VerifiedSuspension verified;
  HAMROH_ASSIGN(verified.value, wire::parse_suspension(file.payload));
  if (verified.value.network != constitution.network()) {
    return peer_error(Code::wrong_network, "a suspension of another network");
  }
  HAMROH_TRY(check_threshold(signers.size(), verified.value.lift ? 2 : 1));
  verified.signers.assign(signers.begin(), signers.end());
  verified.file.assign(bytes.begin(), bytes.end());
  return verified;
}

std::vector<MemberId> suspended_members(std::span<const VerifiedSuspension> statements,
                                        Timestamp now) {
  std::vector<const VerifiedSuspension*> ordered;
  for (const VerifiedSuspension& statement : statements) {
    ordered.push_back(&statement);
  }
  // In the order of their beginning, so that every node counts the same ones.
  std::ranges::sort(ordered, [](const auto* a, const auto* b) {
    return std::tie(a->value.from, a->file) < std::tie(b->value.from, b->file);
  });
  struct Standing {
    Timestamp until;
    bool active = false;
  };
  std::map<AdminKey, Timestamp> busy_until;
  std::map<MemberId, Standing> standing;
  for (const VerifiedSuspension* statement : ordered) {
    const Suspension& suspension = statement->value;
    if (suspension.from > now) {
      continue;
    }
    if (suspension.lift) {
      standing[suspension.member].active = false;
      continue;
    }
    const AdminKey& signer = statement->signers.front();
    const auto before = standing.find(suspension.member);
    const bool too_soon =
        before != standing.end() && suspension.from < before->second.until + same_member_pause;
    const bool busy = busy_until.contains(signer) && suspension.from < busy_until[signer];
    if (!too_soon && !busy) {
      standing[suspension.member] = {suspension.until, true};
      busy_until[signer] = suspension.until;
    }
  }
  std::vector<MemberId> suspended;
  for (const auto& [member, state] : standing) {
    if (state.active && now < state.until) {
      suspended.push_back(member);
    }
  }
  return suspended;
}

}  // namespace hamroh
