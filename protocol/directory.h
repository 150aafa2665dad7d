// The list of members, and who said so.
//
// What the administrators sign of a directory is its *head*: version, the hash of the version
// before, the root of the log of all versions before, which constitution is in force, how long it
// serves, and the Merkle root over the members' records, sorted by id. So a step from one version
// to the next travels as the head and the records that changed, and whoever has the version before
// computes the rest. A file has one of three forms:
//   complete  all records, and the log's compact range: for a member that joins
//   delta     only the records that differ from the version before: how nodes keep each other up
//   head      no records: evidence of what was signed
//
// The log is an RFC 6962 tree whose leaf i is the hash of version i + 1; see CompactRange.
//
// A `Verified...` value can be made only by the verify functions here.
#pragma once

#include <vector>

#include "protocol/constitution.h"
#include "protocol/member.h"
#include "protocol/proof.h"

namespace hamroh {

struct Directory {
  NetworkId network;
  std::uint64_t version = 0;
  Digest previous;      // hash of the version before; zero for version 1
  CompactRange log;     // of the hashes of all versions before: version - 1 leaves
  Digest constitution;  // hash of the constitution in force
  Timestamp created;
  Timestamp warns;    // from here on people are told that a newer one is due; not after expires
  Timestamp expires;  // from here on no new contacts
  Digest pack;        // SHA-256 of the jurisdiction pack in force; zero without
  std::uint8_t countersigned = 0;  // 1 << KeyPurpose: keys that a member cannot rotate by itself
  std::vector<Member> members;     // sorted by id; distinct ids, names and keys
  bool operator==(const Directory&) const = default;
};

// What the signatures cover.
struct DirectoryHead {
  NetworkId network;
  std::uint64_t version = 0;
  Digest previous;
  Digest log_root;
  Digest constitution;
  Timestamp created;
  Timestamp warns;
  Timestamp expires;
  std::uint32_t member_count = 0;
  Digest members_root;
  Digest pack;
  std::uint8_t countersigned = 0;
  bool operator==(const DirectoryHead&) const = default;
};
[[nodiscard]] DirectoryHead head_of(const Directory& directory);
[[nodiscard]] Bytes encode_directory_head(const DirectoryHead& head);  // the payload to be signed
[[nodiscard]] Result<DirectoryHead> parse_directory_head(ByteView payload);
[[nodiscard]] Digest directory_hash(ByteView payload);  // SHA-256(label ‖ payload)
[[nodiscard]] AdminSignature sign_directory(ByteView payload, const NetworkId& network,
                                            const crypto::SigningKey& key);

enum class DirectoryForm : std::uint8_t { complete = 1, delta = 2, head = 3 };

// FlatBuffers root DirectoryFileTable, identifier HDIR; the payload's own identifier is HDIP.
struct DirectoryFile {
  SignedPayload head;
  DirectoryForm form = DirectoryForm::complete;
  std::vector<Member> records;  // sorted by id
  CompactRange log;             // of the form complete only
};
[[nodiscard]] Bytes encode_directory_file(const DirectoryFile& file);
[[nodiscard]] Result<DirectoryFile> parse_directory_file(ByteView bytes);

// A directory yet to be signed, as a file of the form complete; and as a step from another.
[[nodiscard]] DirectoryFile complete_file(const Directory& directory);
[[nodiscard]] DirectoryFile delta_file(const Directory& before, const Directory& next);
[[nodiscard]] DirectoryFile head_file(const SignedPayload& head);

class VerifiedDirectory {
 public:
  [[nodiscard]] const Directory& value() const { return value_; }
  [[nodiscard]] const Digest& hash() const { return hash_; }
  [[nodiscard]] const SignedPayload& signed_head() const { return signed_head_; }
  [[nodiscard]] const std::set<AdminKey>& signers() const { return signers_; }
  [[nodiscard]] const Member* find(const MemberId& id) const;  // binary search; null if unknown
  [[nodiscard]] bool expired_at(Timestamp now) const { return now >= value_.expires; }
  // The next version, alike in all but version, chain and times; to be changed and signed.
  [[nodiscard]] Directory successor(Timestamp now, Duration validity) const;

 private:
  friend struct DirectoryVerifier;
  Directory value_;
  Digest hash_;
  SignedPayload signed_head_;
  std::set<AdminKey> signers_;
};

class VerifiedHead {
 public:
  [[nodiscard]] const DirectoryHead& value() const { return value_; }
  [[nodiscard]] const Digest& hash() const { return hash_; }
  [[nodiscard]] const std::set<AdminKey>& signers() const { return signers_; }

 private:
  friend struct DirectoryVerifier;
  DirectoryHead value_;
  Digest hash_;
  std::set<AdminKey> signers_;
};

// Signatures, threshold (distinct keys; a key that signed twice is duplicate_signer, an unknown
// signer is bad_signature), network and constitution hash. Signatures are checked before anything
// of the payload is believed.
[[nodiscard]] Result<VerifiedHead> verify_directory_head(const VerifiedConstitution& constitution,
                                                         const SignedPayload& head);
// A file of the form complete by itself: its head as above, and members and log under its roots.
[[nodiscard]] Result<VerifiedDirectory> verify_directory(const VerifiedConstitution& constitution,
                                                         const DirectoryFile& file);
// The version that follows `current`, from a delta or a complete file. A lower or equal version is
// stale_version, another one of the same version a fork, a jump or a wrong chain broken_chain. No
// member disappears, none goes back to an earlier incarnation or key.
[[nodiscard]] Result<VerifiedDirectory> follow_directory(const VerifiedDirectory& current,
                                                         const VerifiedConstitution& constitution,
                                                         const DirectoryFile& file);

}  // namespace hamroh
