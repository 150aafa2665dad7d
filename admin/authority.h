// The directory in which an administrator keeps what has been published, and founds and changes a
// network from.
//
// Files of DIR; only the first counts, and the others are made of it:
//   history.hamroh     every statement from the founding on (HHIS): constitutions, directories
//                      (version 1 complete, then steps), suspensions
//   network.hamroh     the chain of constitutions (HNET): give it to everybody who joins
//   directory.hamroh   the newest directory, complete: give it to everybody who joins
//   update.hamroh      what the last publication added (HHIS): give it to running nodes
//   signed.hamroh      which version of the directory a key has signed from here, so that it signs
//                      no second one: (version u64 ‖ key[32] ‖ hash[32])…
//   administrators/NAME.key   in the one-machine form for trials only: 32-byte seeds, mode 0600
//
// Whenever it is opened the history is replayed and verified in full.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admin/draft.h"
#include "admin/files.h"
#include "admin/founding_file.h"
#include "protocol/membership.h"

namespace hamroh {

// One statement of a history and what it changed; what it points to lasts for one visit.
struct HistoryStep {
  std::size_t number = 0;  // from 1
  Taken taken;
  std::vector<std::string> signers;  // by name
  Timestamp made;
  const Constitution* rule_before = nullptr;  // null at the founding
  const Constitution* rule = nullptr;         // if it is a constitution
  const Directory* before = nullptr;          // null for version 1
  const Directory* directory = nullptr;       // if it is a directory
  std::optional<Suspension> suspension;
  std::string member;  // name of the one suspended
};
struct Replayed {
  Membership membership;
  Bytes rule;  // payload of the constitution in force
};
using HistoryVisitor = std::function<void(const HistoryStep&)>;
// Errors say in `where` which statement does not hold; those before it have been visited.
[[nodiscard]] Outcome<Replayed> replay_history(std::span<const Bytes> statements,
                                               const HistoryVisitor& visit = {});

struct Published {
  std::vector<Taken> added;  // empty if everything had been published before
  std::vector<Taken> known;
};

class Authority {
 public:
  // Errors: not_found, busy; whatever in the history does not hold.
  [[nodiscard]] static Outcome<Authority> open(const std::string& path);
  // Publishes what begins a network in a directory that has no history yet.
  [[nodiscard]] static Outcome<Authority> begin(const std::string& path,
                                                std::span<const Bytes> statements);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Membership& membership() const { return replayed_.membership; }
  [[nodiscard]] const Bytes& rule() const { return replayed_.rule; }
  [[nodiscard]] const std::vector<Bytes>& history() const { return history_; }
  [[nodiscard]] bool has_published(ByteView statement) const;
  // Who signed the version of the directory now in force, by name.
  [[nodiscard]] std::vector<std::string> signers() const;
  // That of a revoked member before its revocation.
  [[nodiscard]] std::uint64_t position_before_revocation(const MemberId& id) const;

  // Takes them in order, all or none, and writes the files. Statements that are known already
  // change nothing; update.hamroh holds the new ones, or all of them if there was nothing new.
  [[nodiscard]] Outcome<Published> publish(std::span<const Bytes> statements, Timestamp now);

  // Refuses with conflict if this key has signed another directory of that version from here.
  [[nodiscard]] Status check_unsigned(std::uint64_t version, const AdminKey& key,
                                      const Digest& hash) const;
  [[nodiscard]] Status note_signed(std::uint64_t version, const AdminKey& key, const Digest& hash);

 private:
  Authority(std::string path, DirectoryLock lock, std::vector<Bytes> history, Replayed replayed);
  [[nodiscard]] Status write_files(std::span<const Bytes> update) const;
  [[nodiscard]] Outcome<Taken> take(Membership& membership, const Bytes& statement,
                                    Timestamp now) const;

  std::string path_;
  DirectoryLock lock_;
  std::vector<Bytes> history_;
  Replayed replayed_;
};

// ---- the one-machine form, for trials: all keys in DIR/administrators

struct Founding {
  std::string directory;
  std::string network_name;
  std::vector<std::string> administrators;
  std::uint32_t threshold = 0;
  Duration validity;
  Timestamp now;
};
[[nodiscard]] Outcome<NetworkId> found_network(const Founding& founding);

// Proposes, signs and publishes in one go.
struct Admission {
  std::vector<NamedFile> requests;
  std::vector<std::string> signers;  // administrators' names
  Duration validity;
  Timestamp now;
};
struct Admitted {
  std::uint64_t version = 0;
  std::vector<Member> members;  // the new ones
};
[[nodiscard]] Outcome<Admitted> admit_members(Authority& authority, const Admission& admission);

// A key of the trial form: 32 raw bytes.
[[nodiscard]] Result<crypto::SigningKey> read_raw_key(ByteView raw);

// Verifies a directory under a network file, both from files.
[[nodiscard]] Result<VerifiedDirectory> check_directory(ByteView network_file,
                                                        ByteView directory_file);

}  // namespace hamroh
