// A node's home directory: where its files lie, its lock, and the anchor outside the database.
//
//   hamroh.toml          configuration (0600)
//   node.db, node.db-wal the store (0600)
//   vault.hamroh         the wrapped keys (0600); node.key and reader.key open them where they
//                        are files
//   operator.key         the key file of the operator that was made with the node (0600); absent if
//                        she has a passphrase
//   anchor               size and root of the ledger, for recognising a restored old database
//   backup-keys.hamroh   which keys open which backups (backup_keys.h); never part of a backup
//   request.hamroh       this node's request for admission
//   run/                 the local API's socket (0700)
//   lock                 held while a process uses the home
#pragma once

#include <string>

#include "protocol/ports.h"

namespace hamroh {

class Home {
 public:
  explicit Home(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string configuration() const { return file("hamroh.toml"); }
  [[nodiscard]] std::string database() const { return file("node.db"); }
  [[nodiscard]] std::string vault() const { return file("vault.hamroh"); }
  [[nodiscard]] std::string node_key() const { return file("node.key"); }
  [[nodiscard]] std::string reader_key() const { return file("reader.key"); }
  [[nodiscard]] std::string operator_key() const { return file("operator.key"); }
  [[nodiscard]] std::string request() const { return file("request.hamroh"); }

 private:
  std::string path_;
};

// Makes the directory (0700) if it is absent.
[[nodiscard]] Status make_directory(const std::string& path);
[[nodiscard]] Result<Bytes> read_file(const std::string& path, std::size_t bytes_max);
// Whole or not at all, synced, mode 0600.
[[nodiscard]] Status write_file(const std::string& path, ByteView bytes);
// The same, and what the file held before is overwritten. Flash memory, snapshots and copies may
// still hold it: against these only encrypted disks help.
[[nodiscard]] Status replace_for_good(const std::string& path, ByteView bytes);
// Overwritten with random bytes and removed, both synced; also what `write_file` may have left half
// done beside it. An absent file is no error. Errors (environment): io_failed.
[[nodiscard]] Status remove_for_good(const std::string& path);
// Where a key file lies: as configured, relative to the home, or where it usually does.
[[nodiscard]] std::string key_file_path(const Home& home, const std::string& configured,
                                        const std::string& usual);
[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] std::uint64_t free_disk_bytes(const std::string& path);

// One process a home. Released when the object goes or the process dies.
class HomeLock {
 public:
  // Errors: busy (environment), not_found, io_failed.
  [[nodiscard]] static Result<HomeLock> take(const Home& home);
  HomeLock(HomeLock&& other) noexcept;
  HomeLock& operator=(HomeLock&& other) noexcept;
  ~HomeLock();

 private:
  explicit HomeLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// Two slots with checksums, written in turn without waiting for the disk: a torn write leaves the
// other slot, and an anchor that lags behind the database is no alarm.
class AnchorFile {
 public:
  [[nodiscard]] static Result<AnchorFile> open(const Home& home);
  [[nodiscard]] std::optional<WriteAnchor> read() const;
  void write(const WriteAnchor& anchor);
  // In both slots, and synced: what contradicts the own ledger must not lose against an older
  // anchor of it that happens to be larger.
  void replace(const WriteAnchor& anchor);
  void sync();
  AnchorFile(AnchorFile&& other) noexcept;
  AnchorFile& operator=(AnchorFile&& other) noexcept;
  ~AnchorFile();

 private:
  explicit AnchorFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
  unsigned slot_ = 0;
};

}  // namespace hamroh
