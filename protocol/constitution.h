// Who the administrators are, and how many of them must agree.
//
// The hash of the founding constitution is the network id. Each later one names the hash of the one
// before, is signed by the threshold of the old and of the new, and says from which version of the
// directory on it is in force. Signed files keep the exact bytes that were signed: nothing is
// re-encoded to be verified. Plain Ed25519 signatures over
//   label ‖ network ‖ SHA-256(payload), so that it shows who agreed.
//
// A `Verified...` value can be made only by the verify functions here.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh {

struct Administrator {
  std::string name;  // "admin-1"
  AdminKey key;
  Signature possession;  // proof of possession, see possession_bytes in member.h
  bool operator==(const Administrator&) const = default;
};

struct Constitution {
  std::string network_name;
  std::uint64_t version = 1;
  Digest previous;  // hash of the version before; zero for the founding
  Timestamp created;
  std::vector<Administrator> administrators;  // distinct keys and names
  std::uint32_t threshold = 0;                // m: 2m > n, m <= n
  // The first version of the directory that is made under it; 1 for the founding. From then on the
  // signatures of those who were administrators before count for nothing.
  std::uint64_t directory_from = 1;
  bool operator==(const Constitution&) const = default;
};

struct AdminSignature {
  AdminKey key;
  Signature signature;
  bool operator==(const AdminSignature&) const = default;
};

// A signed file: the payload's exact bytes and the signatures.
struct SignedPayload {
  Bytes payload;
  std::vector<AdminSignature> signatures;
};

// The file of one constitution: FlatBuffers root SignedFile, identifier HCON.
[[nodiscard]] Bytes encode_signed_constitution(const SignedPayload& file);
[[nodiscard]] Result<SignedPayload> parse_signed_constitution(ByteView bytes);
[[nodiscard]] Bytes encode_constitution(const Constitution& constitution);
[[nodiscard]] Result<Constitution> parse_constitution(ByteView payload);
[[nodiscard]] Digest constitution_hash(ByteView payload);  // SHA-256(label ‖ payload)
[[nodiscard]] AdminSignature sign_constitution(ByteView payload, const NetworkId& network,
                                               const crypto::SigningKey& key);

// An administrator's proof of possession for a constitution, and its verification.
[[nodiscard]] Signature prove_founder(std::string_view network_name, std::string_view name,
                                      const crypto::SigningKey& key);
[[nodiscard]] bool is_founder_proven(std::string_view network_name,
                                     const Administrator& administrator);

class VerifiedConstitution {
 public:
  [[nodiscard]] const Constitution& value() const { return value_; }
  [[nodiscard]] const Digest& hash() const { return hash_; }
  [[nodiscard]] const NetworkId& network() const { return network_; }  // hash of the founding one
  [[nodiscard]] const Administrator* find(const AdminKey& key) const;  // null if none

 private:
  friend Result<VerifiedConstitution> verify_founding(const SignedPayload& file);
  friend Result<VerifiedConstitution> verify_successor(const VerifiedConstitution& current,
                                                       const SignedPayload& file);
  Constitution value_;
  Digest hash_;
  NetworkId network_;
};
// The founding constitution is signed by ALL its administrators, each with proof of possession;
// 2m > n.
[[nodiscard]] Result<VerifiedConstitution> verify_founding(const SignedPayload& file);
// A later one needs the threshold of the old AND of the new one, version + 1 and the old one's
// hash, and comes into force with a later version of the directory than the old one did.
[[nodiscard]] Result<VerifiedConstitution> verify_successor(const VerifiedConstitution& current,
                                                            const SignedPayload& file);

// The network file that every member is given: the chain of constitutions from the founding on.
// FlatBuffers root ChainFile, identifier HNET.
[[nodiscard]] Bytes encode_constitution_chain(std::span<const SignedPayload> chain);
[[nodiscard]] Result<std::vector<SignedPayload>> parse_constitution_chain(ByteView bytes);
[[nodiscard]] Result<std::vector<VerifiedConstitution>> verify_constitution_chain(
    std::span<const SignedPayload> chain);

// ---- shared by everything that administrators sign

// label ‖ network ‖ SHA-256(payload): signing and verifying share it.
[[nodiscard]] Bytes signed_bytes(std::string_view label, const NetworkId& network,
                                 ByteView payload);
[[nodiscard]] AdminSignature sign_as(std::string_view label, ByteView payload,
                                     const NetworkId& network, const crypto::SigningKey& key);
// The distinct administrators whose signatures stand under the payload. Errors (peer): a signature
// of somebody else is bad_signature, a key that signed twice is duplicate_signer.
[[nodiscard]] Result<std::set<AdminKey>> signers_of(const Constitution& constitution,
                                                    std::string_view label,
                                                    const NetworkId& network,
                                                    const SignedPayload& file);
// Errors (peer): threshold_not_met.
[[nodiscard]] Status check_threshold(std::size_t signers, std::size_t needed);

}  // namespace hamroh
