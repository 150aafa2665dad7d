// The administrators of a simulated network: their keys, everything that they have ever signed, and
// what a thief of one of their keys signs.
//
// All but one are honest and sign what they are asked to, as many as the constitution needs. What
// is returned is the signed file, to be given to some member; the nodes pass it on. The authority
// is also the model: a node may hold no statement that it has not made.
#pragma once

#include <deque>

#include "protocol/membership.h"
#include "tests/sim/random.h"

namespace hamroh::sim {

class Authority {
 public:
  // Three administrators, two must agree; founded at `now`.
  Authority(Random random, Timestamp now);

  // ---- what honest administrators do -------------------------------------------------------
  // The members as the next directory is to list them.
  [[nodiscard]] Member* entry(const MemberId& id);
  void admit(const Member& member);
  [[nodiscard]] Directory& draft() { return draft_; }
  // The next version, as a complete file (the first one) or a step.
  Bytes publish(Timestamp now);
  // Two different next versions, each signed by enough: the network is split from here on.
  std::pair<Bytes, Bytes> publish_two(Timestamp now);
  enum class Change : std::uint8_t { replace_thief, replace_honest, more, fewer };
  // In force from the next directory on. Absent if the constitution cannot change so.
  std::optional<Bytes> amend(Change change, Timestamp now);
  Bytes suspend(const MemberId& member, Timestamp from, Duration length);
  Bytes lift(const MemberId& member, Timestamp from);
  void add_rotation(const Bytes& file);  // a member's own statement

  // ---- what the thief does -----------------------------------------------------------------
  // Valid by itself, however often and whenever it pleases.
  Bytes suspend_alone(const MemberId& member, Timestamp from, Timestamp until);
  // None of these may change anything anywhere.
  Bytes forged_directory(Timestamp now);
  Bytes forged_constitution(Timestamp now);
  Bytes forged_lift(const MemberId& member, Timestamp from);
  // As if a member had new keys, which are the forger's.
  Bytes forged_rotation(const Member& victim, Timestamp now);
  Bytes overlong_suspension(const MemberId& member, Timestamp from);
  [[nodiscard]] Bytes old_directory();

  // ---- what there is -----------------------------------------------------------------------
  [[nodiscard]] const NetworkId& network() const { return constitutions_.front().network(); }
  [[nodiscard]] const VerifiedConstitution& constitution() const { return constitutions_.back(); }
  [[nodiscard]] Bytes network_file() const;  // the chain of constitutions so far
  [[nodiscard]] std::vector<Bytes> constitution_files() const;
  [[nodiscard]] const VerifiedDirectory& newest() const { return *newest_; }
  [[nodiscard]] const Bytes& newest_file() const { return newest_file_; }
  [[nodiscard]] Bytes complete() const;  // the newest directory, whole
  [[nodiscard]] bool is_split() const { return split_.has_value(); }
  [[nodiscard]] std::uint64_t split_version() const { return split_ ? split_->version : 0; }
  [[nodiscard]] const std::array<Digest, 2>& split_hashes() const { return split_->hashes; }
  // Rotations of a member since the newest directory, as others would see them.
  [[nodiscard]] const std::vector<Bytes>& rotations() const { return rotations_; }

  // Whether enough administrators have signed it.
  [[nodiscard]] bool has_signed_directory(const Digest& hash) const {
    return complete_.contains(hash);
  }
  [[nodiscard]] bool has_signed_constitution(const Digest& hash) const {
    return constitution_hashes_.contains(hash);
  }
  [[nodiscard]] bool has_made(const Bytes& statement) const;
  // The same membership made again, from what was signed, in the order in which it was signed.
  [[nodiscard]] Result<Membership> replay(std::uint64_t constitution_version,
                                          const Digest& directory, std::vector<Bytes> rotations,
                                          std::vector<Bytes> suspensions);

 private:
  using Signers = std::vector<const crypto::SigningKey*>;
  struct Hand {
    std::string name;
    const crypto::SigningKey* key = nullptr;
  };
  const crypto::SigningKey* draw_key();
  Hand draw_hand();
  [[nodiscard]] Signers honest(std::size_t wanted);
  Bytes sign(Directory& next, Timestamp now, const VerifiedDirectory* before);
  Bytes sign_suspension_file(const Suspension& suspension, const Signers& signers) const;
  [[nodiscard]] Signers with_an_accomplice();
  Bytes keep(Bytes statement);
  [[nodiscard]] static std::vector<Digest> parts_of(const Bytes& statement);

  Random random_;
  SeededEntropy entropy_;
  std::deque<crypto::SigningKey> keys_;  // all that there ever were
  std::vector<Hand> administrators_;     // of the newest constitution; the thief is one
  Signers former_;                       // who go on signing
  std::size_t thief_ = 1;
  std::size_t named_ = 0;
  std::vector<VerifiedConstitution> constitutions_;
  std::vector<SignedPayload> constitution_payloads_;
  std::set<Digest> constitution_hashes_;
  Directory draft_;
  std::optional<VerifiedDirectory> newest_;
  Bytes newest_file_;
  std::vector<Bytes> old_directories_;
  std::map<Digest, Bytes> complete_;  // by hash: every version that enough have signed
  std::set<Digest> statements_;       // every signature under a suspension or lift; rotations
  std::vector<Bytes> rotations_;
  // By version of the constitution and hash of the directory: what a replay begins with.
  std::map<std::pair<std::uint64_t, Digest>, Membership> bases_;
  struct Split {
    std::uint64_t version = 0;
    std::array<Digest, 2> hashes;
  };
  std::optional<Split> split_;
};

}  // namespace hamroh::sim
