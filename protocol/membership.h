// Who is a member now: constitutions, directory, rotations and suspensions put together.
//
// A Membership is a fold over signed statements. `take` verifies one and applies it, or refuses it
// and changes nothing; what it has taken, in any order that it took, gives the same membership on
// every node. It holds no clock and no store: the caller keeps the files that were taken and
// replays them to come back (constitutions, a complete directory, the steps that follow it,
// rotations, suspensions).
//
// Rules:
//   * A directory of version v is verified under the newest constitution whose `directory_from` is
//     at most v. So administrators who were replaced can sign nothing from that version on.
//   * A constitution that would come into force at a version that has been made already is refused:
//     it came too late.
//   * A rotation counts from the directory's entry on, serial by serial, until a directory has
//     taken it over or a new incarnation has ended it. Keys that the directory's `countersigned`
//     names change by the directory only.
//   * Suspensions are verified under the newest constitution; those of replaced administrators end
//     with it. A lift stays good: it is verified under the constitution of its time, which is any
//     one whose successor was made after the lift's `from`. Else a change of administrators would
//     bring a suspension back to life.
//   * One suspension under several sets of signatures is one suspension under all of them.
//   * Two validly signed directories (or constitutions, or a member's rotations) of one version are
//     a split view: the second is not taken, and both are kept as evidence.
#pragma once

#include <map>
#include <vector>

#include "protocol/directory.h"
#include "protocol/rotation.h"
#include "protocol/suspension.h"

namespace hamroh {

// Whether an entry of a member's ledger is still evidence, as far as its present record tells: not
// if its incarnation was revoked, or ended by another one, at or before that index.
[[nodiscard]] bool stands_as_evidence(const Member& member, std::uint32_t incarnation,
                                      std::uint64_t index);

enum class StatementKind : std::uint8_t {
  constitution = 1,
  directory = 2,
  suspension = 3,
  rotation = 4,
};
// By the file identifier; absent if it is no statement.
[[nodiscard]] std::optional<StatementKind> statement_kind(ByteView file);

// fresh → warn → expired: in the last one, no new contacts but emergencies to known members.
enum class Staleness : std::uint8_t { fresh = 1, warn = 2, expired = 3 };
[[nodiscard]] const char* staleness_name(Staleness staleness);

// Two statements that exclude one another, both signed by enough administrators.
struct SplitView {
  StatementKind kind{};
  MemberId member;  // of rotations
  std::uint64_t version = 0;
  Bytes here;
  Bytes there;
};

struct Taken {
  StatementKind kind{};
  std::uint64_t version = 0;  // of constitution or directory; serial of a rotation
  MemberId member;            // of suspension or rotation
  bool known = false;         // it had been taken before; nothing has changed
  // Of a suspension that was known under fewer signatures: the file that has them all, to be kept
  // in place of the one before.
  Bytes merged{};
  Bytes replaced{};
};

class Membership {
 public:
  // From the founding constitution on; all of them are verified. Errors (peer) as there.
  [[nodiscard]] static Result<Membership> begin(std::span<const SignedPayload> chain);

  // Errors (peer): everything that a verification refuses; `fork` if the statement is validly
  // signed and excludes what is known: then `split_view` has the evidence.
  [[nodiscard]] Result<Taken> take(ByteView file);
  // The evidence of the last `take` or `compare` that answered fork.
  [[nodiscard]] const std::optional<SplitView>& split_view() const { return split_view_; }

  // Whether a peer's signed head of a version excludes `ours`, the head of the same version that
  // this side keeps (both files of the form head). Error (peer): fork, with the evidence in
  // split_view; or why the peer's is nothing worth.
  [[nodiscard]] Status compare(ByteView ours, ByteView theirs);

  [[nodiscard]] const NetworkId& network() const { return constitutions_.front().network(); }
  [[nodiscard]] const std::vector<VerifiedConstitution>& constitutions() const {
    return constitutions_;
  }
  // The newest, whether or not a directory has been made under it.
  [[nodiscard]] const VerifiedConstitution& constitution() const { return constitutions_.back(); }
  // The one under which a directory of that version is made.
  [[nodiscard]] const VerifiedConstitution& constitution_at(std::uint64_t version) const;
  [[nodiscard]] const VerifiedDirectory* directory() const {
    return directory_ ? &*directory_ : nullptr;
  }
  [[nodiscard]] std::uint64_t version() const {
    return directory_ ? directory_->value().version : 0;
  }
  [[nodiscard]] Staleness staleness(Timestamp now) const;

  // A member with its present keys, whatever its state; null if unknown. Stays valid until the next
  // `take`.
  [[nodiscard]] const Member* find(const MemberId& id) const;
  [[nodiscard]] const Member* active(const MemberId& id) const;  // null also if revoked
  [[nodiscard]] std::vector<ActiveSuspension> suspensions(Timestamp now) const;
  // When the suspensions at `now` may next be others; absent if never without a new statement.
  [[nodiscard]] std::optional<Timestamp> next_change(Timestamp now) const;

  // The statements still in force that others may lack, as files.
  [[nodiscard]] std::vector<Bytes> suspension_files() const;
  [[nodiscard]] std::vector<Bytes> rotation_files() const;
  // Over these: alike on two nodes that hold the same statements, whichever of several valid
  // signatures of one key each has seen.
  [[nodiscard]] Digest standing() const;
  // Forgets suspensions that can matter no more, and returns their files.
  [[nodiscard]] std::vector<Bytes> prune(Timestamp now);

 private:
  Membership() = default;
  [[nodiscard]] Result<Taken> take_constitution(ByteView file);
  [[nodiscard]] Result<Taken> take_directory(ByteView file);
  [[nodiscard]] Result<Taken> take_suspension(ByteView file);
  [[nodiscard]] Result<Taken> merge_suspension(VerifiedSuspension& known,
                                               const VerifiedSuspension& other);
  [[nodiscard]] Result<VerifiedSuspension> verify_in_its_time(ByteView file) const;
  [[nodiscard]] Result<Taken> take_rotation(ByteView file);
  void end_suspensions_of_replaced();
  void drop_outdated_rotations();

  std::vector<VerifiedConstitution> constitutions_;
  std::vector<Bytes> constitution_files_;
  std::optional<VerifiedDirectory> directory_;
  std::vector<VerifiedSuspension> suspensions_;
  std::map<MemberId, std::vector<VerifiedRotation>> rotations_;  // in order of their serials
  std::map<MemberId, Member> rotated_;                           // members with rotations
  std::optional<SplitView> split_view_;
};

// A history: statements from the founding on, in the order in which they were made. FlatBuffers
// root ChainFile, identifier HHIS.
[[nodiscard]] Bytes encode_history(std::span<const Bytes> statements);
[[nodiscard]] Result<std::vector<Bytes>> parse_history(ByteView bytes);

}  // namespace hamroh
