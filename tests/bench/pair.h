// `hamroh-bench pair`: two real nodes with their links on loopback, from submission to verified
// opened receipt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hamroh/client.h"

namespace hamroh::bench {

struct PairOptions {
  std::uint64_t messages = 20'000;
  std::size_t bytes = 2'048;
  std::size_t window = 64;
  std::string directory = ".";
  bool json = false;
  [[nodiscard]] std::uint64_t warm_messages() const { return messages < 200 ? messages : 200; }
};
int run_pair(const PairOptions& options);

// For other measurements that need the same load.
struct Pushed {
  double seconds = 0;
  std::string fault;
};
[[nodiscard]] Pushed push_messages(Client& client, const MemberId& to, const PairOptions& options);
// The other node, once the two have met; within 30 s.
[[nodiscard]] std::optional<MemberId> meet(Client& client);

struct AttachmentOptions {
  std::size_t mebibytes = 64;
  int runs = 3;  // whose median is taken
  std::string directory = ".";
  bool json = false;
};
int run_attachment(const AttachmentOptions& options);

// A case that `client` has referred and `other` has accepted, under a consent that opens all of it.
[[nodiscard]] tl::expected<CaseId, std::string> accepted_case(Client& client, Client& other);

struct OvertakeOptions {
  std::uint64_t messages = 10'000;
  std::size_t mebibytes = 64;  // of the file
  std::string directory = ".";
  bool json = false;
};
// 1 if anything at all was opened before the emergency.
int run_overtake(const OvertakeOptions& options);

struct BackupOptions {
  std::uint64_t store_megabytes = 1'024;  // to be filled first
  std::uint64_t messages = 20'000;        // at window 64, in each round
  int rounds = 3;                         // with and without a backup, in turn
  std::string directory = ".";
  bool json = false;
};
int run_backup(const BackupOptions& options);

struct FloorOptions {
  std::size_t bytes = 2'048;
  std::string directory = ".";
  bool json = false;
};
int run_floor(const FloorOptions& options);

struct DirectoryOptions {
  std::size_t members = 10'000;
  int runs = 15;
  bool json = false;
};
int run_directory(const DirectoryOptions& options);

struct EraseOptions {
  std::size_t cases = 100'000;
  std::size_t erasures = 25;
  std::size_t bytes = 2'048;
  std::string directory = ".";
  bool json = false;
};
int run_erase(const EraseOptions& options);

struct ClocksOptions {
  std::size_t cases = 100'000;
  std::size_t bytes = 1'024;
  int runs = 15;
  std::string directory = ".";
  bool json = false;
};
int run_clocks(const ClocksOptions& options);

struct RightsOptions {
  std::size_t checks = 100'000;
  int runs = 15;
  bool json = false;
};
int run_rights(const RightsOptions& options);

struct FoldOptions {
  std::size_t events = 200;
  int runs = 1'001;
  bool json = false;
};
int run_fold(const FoldOptions& options);

}  // namespace hamroh::bench
