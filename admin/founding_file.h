// The founding of a network as a file that passes round among its administrators.
//
// Each of them enters a name, a key and the proof of possessing it, on a machine of their own; when
// all have, the constitution and the first, empty directory are laid down, and each signs both.
// Copies may go round at the same time: merging unites entries and signatures. Nobody ever needs
// the key of another, and nothing in the file is secret.
//
//   file = L(founding) ‖ name length u16 ‖ network's name ‖ administrators u8 ‖ threshold u8 ‖
//          created u64 ‖ validity u64 (ms, of the directory) ‖
//          entries u8 ‖ (name length u16 ‖ name ‖ key[32] ‖ possession[64])…, sorted by name ‖
//          laid u8 (1 when all have entered) ‖
//          if laid, for constitution and directory's head: payload length u32 ‖ payload ‖
//                         count u8 ‖ (key[32] ‖ signature[64])…, sorted by key ‖
//          SHA-256(everything before)[32]
//
// The payloads stand in the file because what is signed is never encoded twice; a reader checks
// that they say exactly what the entries say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/proposal.h"
#include "protocol/directory.h"

namespace hamroh {

struct LaidFounding {
  SignedPayload constitution;
  SignedPayload directory;  // head of version 1, without members
};

struct FoundingFile {
  std::string network_name;
  std::uint32_t administrators = 0;  // how many there are to be
  std::uint32_t threshold = 0;
  Timestamp created;
  Duration validity;
  std::vector<Administrator> entries;  // sorted by name; proven, distinct names and keys
  std::optional<LaidFounding> laid;
};

// Errors (caller): threshold_not_met unless 2m > n and m <= n <= 32, invalid_argument for a name.
[[nodiscard]] Result<FoundingFile> start_founding(std::string_view network_name,
                                                  std::uint32_t administrators,
                                                  std::uint32_t threshold, Timestamp now,
                                                  Duration validity);
// False if this key stands there already under this name. Errors (caller): full if all have
// entered, conflict if the name is another's, duplicate_signer if the key has another name there.
[[nodiscard]] Result<bool> enter_founding(FoundingFile& file, std::string_view name,
                                          const crypto::SigningKey& key);
// False if it had signed. Errors (caller): not_ready until all have entered, bad_signature if the
// key has not entered.
[[nodiscard]] Result<bool> sign_founding(FoundingFile& file, const crypto::SigningKey& key);

[[nodiscard]] Bytes encode_founding(const FoundingFile& file);
// Errors (peer): malformed, unsupported_version, too_large, bad_signature, duplicate_signer.
[[nodiscard]] Result<FoundingFile> parse_founding(ByteView bytes);
// Errors (caller): conflict if they are of different foundings, or one name has two keys.
[[nodiscard]] Result<FoundingFile> merge_foundings(std::span<const FoundingFile> copies);

[[nodiscard]] std::vector<Requirement> requirements_of(const FoundingFile& file);
// The founding constitution and directory version 1, as Membership takes them. Only when laid.
[[nodiscard]] std::vector<Bytes> statements_of(const FoundingFile& file);
// The hash of the constitution that was laid.
[[nodiscard]] NetworkId network_of(const LaidFounding& laid);

}  // namespace hamroh
