#include "protocol/constitution.h"

#include <utility>

#include "protocol/member.h"
#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char constitution_file[] = "HCON";

MemberId founder_owner(std::string_view network_name, std::string_view name) {
  const Digest digest =
      crypto::sha256({view(network_name), view(std::string_view("\0", 1)), view(name)});
  return *MemberId::from(digest.view().first(MemberId::size));
}

Status check_possessions(const Constitution& constitution) {
  const bool proven =
      std::ranges::all_of(constitution.administrators, [&](const Administrator& administrator) {
        return is_founder_proven(constitution.network_name, administrator);
      });
  if (!proven) {
    return peer_error(Code::bad_signature, "an administrator does not prove possession of a key");
  }
  return {};
}

}  // namespace

Bytes encode_signed_constitution(const SignedPayload& file) {
  return wire::encode_signed_file(file, constitution_file);
}

Result<SignedPayload> parse_signed_constitution(ByteView bytes) {
  return wire::parse_signed_file(bytes, constitution_file, limits::constitution_bytes_max);
}

Digest constitution_hash(ByteView payload) {
  return crypto::sha256({view(labels::constitution), payload});
}

AdminSignature sign_constitution(ByteView payload, const NetworkId& network,
                                 const crypto::SigningKey& key) {
  return sign_as(labels::constitution, payload, network, key);
}

Signature prove_founder(std::string_view network_name, std::string_view name,
                        const crypto::SigningKey& key) {
  return key.sign(possession_bytes({}, founder_owner(network_name, name), KeyPurpose::administrator,
                                   key.public_key().view()));
}

bool is_founder_proven(std::string_view network_name, const Administrator& administrator) {
  const Bytes bytes = possession_bytes({}, founder_owner(network_name, administrator.name),
                                       KeyPurpose::administrator, administrator.key.view());
  return crypto::verify(*SigningPublicKey::from(administrator.key.view()), bytes,
                        administrator.possession);
}

const Administrator* VerifiedConstitution::find(const AdminKey& key) const {
  const auto found = std::ranges::find(value_.administrators, key, &Administrator::key);
  return found != value_.administrators.end() ? &*found : nullptr;
}

Result<VerifiedConstitution> verify_founding(const SignedPayload& file) {
  VerifiedConstitution verified;
  HAMROH_ASSIGN(verified.value_, parse_constitution(file.payload));
  const Constitution& constitution = verified.value_;
  if (constitution.version != 1 || !constitution.previous.is_zero() ||
      constitution.directory_from != 1) {
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
  if (next.directory_from <= current.value().directory_from) {
    return peer_error(Code::broken_chain, "a constitution that never comes into force");
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

Result<std::vector<VerifiedConstitution>> verify_constitution_chain(
    std::span<const SignedPayload> chain) {
  std::vector<VerifiedConstitution> verified;
  for (const SignedPayload& file : chain) {
    auto next = verified.empty() ? verify_founding(file) : verify_successor(verified.back(), file);
    HAMROH_TRY(next);
    verified.push_back(std::move(*next));
  }
  if (verified.empty()) {
    return peer_error(Code::malformed, "a network without a constitution");
  }
  return verified;
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
        !crypto::verify(*SigningPublicKey::from(signature.key.view()), bytes,
                        signature.signature)) {
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

}  // namespace hamroh
