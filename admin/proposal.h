// A proposal: something that the administrators may agree to, with the signatures so far.
//
// A small file that travels by e-mail or USB stick, in any order and in several copies. It holds
// the exact payloads that are to be signed, what the members' records become, and what it rests on
// (requests for admission, rotations), so that every administrator can check it alone. Parts:
//   directory                 admission, capabilities, keys, revocation, restoration, pack, renewal
//   constitution + directory  the rule changes, and the first directory that is made under it
//   suspension                of a member, or its lifting
//
//   file = L(proposal) ‖ network[32] ‖ base version u64 ‖ base hash[32] ‖ created u64 ‖
//          closes u64 ‖ proposer length u16 ‖ proposer ‖ comment length u16 ‖ comment ‖
//          rule length u32 ‖ rule ‖ parts u8 (1 constitution, 2 directory, 4 suspension; the sum is
//          2, 3 or 4) ‖
//          for each part: payload length u32 ‖ payload ‖ count u8 ‖ (key[32] ‖ signature[64])…,
//                         sorted by key ‖
//          records u16 ‖ (length u16 ‖ record)…, sorted by id ‖
//          grounds u16 ‖ (length u32 ‖ bytes)… ‖ SHA-256(everything before)[32]
//
// The rule is the payload of the constitution in force when the proposal was made; with it, any
// copy of the file shows by itself who has signed and who is missing. It proves nothing: `examine`
// (in examination.h) compares it with what is known. The digest at the end finds damage on the way,
// no intent. Proposer, comment and times are nobody's signed word, and are shown as such.
//
// Rules: a Proposal in memory holds only signatures that verify against an administrator who may
// sign that part: of the rule for a suspension, of the rule or its successor for a constitution,
// and of the newest of the two for a directory. A key signs a part once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/directory.h"
#include "protocol/suspension.h"

namespace hamroh {

struct Proposal {
  NetworkId network;
  std::uint64_t base_version = 0;  // of the directory in force when it was made
  Digest base;                     // its hash
  Timestamp created;
  Timestamp closes;      // until when it may be signed
  std::string proposer;  // as stated; may be empty
  std::string comment;   // plain text of 500 characters at most
  Bytes rule;            // payload of the constitution in force
  std::optional<SignedPayload> constitution;
  std::optional<SignedPayload> directory;
  std::optional<SignedPayload> suspension;
  std::vector<Member> records;  // of the directory, that differ from the base; sorted by id
  std::vector<Bytes> grounds;   // files: requests for admission and rotations
};

[[nodiscard]] Bytes encode_proposal(const Proposal& proposal);
// Errors (peer): malformed, unsupported_version, too_large, bad_signature, duplicate_signer.
[[nodiscard]] Result<Proposal> parse_proposal(ByteView bytes);

// The same proposal in several copies becomes one with everybody's signatures, whatever the order.
// Errors (caller): conflict if they differ in anything but signatures, invalid_argument for none.
[[nodiscard]] Result<Proposal> merge_proposals(std::span<const Proposal> copies);

// Signs every part that this key may sign. False if it had signed them all before. Errors
// (caller): bad_signature if the key is no administrator's who may sign it, expired.
[[nodiscard]] Result<bool> sign_proposal(Proposal& proposal, const crypto::SigningKey& key,
                                         Timestamp now);

// The rule that is in force, and the one that would come.
struct ProposedRules {
  Constitution present;
  std::optional<Constitution> next;
};
[[nodiscard]] ProposedRules rules_of(const Proposal& proposal);

struct Requirement {
  std::string what;  // "the directory", "the constitution, by the rule in force"
  std::size_t needed = 0;
  std::vector<std::string> have;  // administrators' names
  std::vector<std::string> missing;
  [[nodiscard]] bool is_met() const { return have.size() >= needed; }
};
[[nodiscard]] std::vector<Requirement> requirements_of(const Proposal& proposal);
[[nodiscard]] bool is_complete(std::span<const Requirement> requirements);

// What it publishes: files as Membership::take takes them, in order.
[[nodiscard]] std::vector<Bytes> statements_of(const Proposal& proposal);

// Everything but the signatures, as one hash: what makes two copies the same proposal.
[[nodiscard]] Digest proposal_hash(const Proposal& proposal);

// ---- shared with the founding file

[[nodiscard]] Bytes encode_signatures(const std::vector<AdminSignature>& signatures);
[[nodiscard]] Result<std::vector<AdminSignature>> parse_signatures(ByteReader& reader);
// Those of `more` that are not in `signatures` yet; stays sorted by key.
void unite_signatures(std::vector<AdminSignature>& signatures,
                      std::span<const AdminSignature> more);
[[nodiscard]] bool has_signed(const SignedPayload& part, const AdminKey& key);

}  // namespace hamroh
