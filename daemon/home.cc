#include "daemon/home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "protocol/crypto.h"

namespace hamroh {
namespace {

constexpr std::size_t anchor_slot_bytes = 8 + 32 + 32;  // size, root, checksum
constexpr std::size_t anchor_slot_step = 512;           // a sector each: a torn write hits one

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return environment_error(errno == ENOSPC ? Code::full : Code::io_failed,
                               "a file cannot be written");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

void sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    (void)::fsync(descriptor);
    ::close(descriptor);
  }
}

// Random bytes over all that an open file holds.
bool overwrite(int descriptor) {
  constexpr off_t bytes_max = 64 * 1024;  // key files and vaults are far smaller
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  Bytes noise(static_cast<std::size_t>(std::min(info.st_size, bytes_max)));
  crypto::system_random(noise);
  return ::lseek(descriptor, 0, SEEK_SET) == 0 && write_all(descriptor, noise) &&
         ::fsync(descriptor) == 0;
}

Digest anchor_checksum(ByteView bytes) {
  return crypto::sha256({view("anchor"), bytes});
}

std::optional<WriteAnchor> parse_slot(ByteView bytes) {
  ByteReader reader(bytes);
  WriteAnchor anchor;
  anchor.size = reader.u64();
  anchor.root = reader.fixed<Digest>();
  const auto checksum = reader.fixed<Digest>();
  const bool good = reader.finished() && checksum == anchor_checksum(bytes.first(40));
  return good ? std::optional(anchor) : std::nullopt;
}

}  // namespace

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    sync_directory_of(path);
    return {};
  }
  struct stat info {};
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return {};
  }
  return environment_error(Code::io_failed, "the directory cannot be made");
}

Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errno == ENOENT ? Result<Bytes>(caller_error(Code::not_found, "there is no such file"))
                           : environment_error(Code::io_failed, "the file cannot be opened");
  }
  Bytes bytes;
  std::array<std::uint8_t, 16'384> block{};
  for (;;) {
    const ssize_t got = ::read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0 || bytes.size() > bytes_max) {
      ::close(descriptor);
      crypto::wipe(block);  // it may have been a key
      if (bytes.size() > bytes_max) {
        return caller_error(Code::too_large, "the file is larger than such a file can be");
      }
      return got == 0 ? Result<Bytes>(std::move(bytes))
                      : environment_error(Code::io_failed, "the file cannot be read");
    }
    append(bytes, ByteView(block).first(static_cast<std::size_t>(got)));
  }
}

Status write_file(const std::string& path, ByteView bytes) {
  const std::string fresh = path + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return environment_error(Code::io_failed, "a file cannot be made");
  }
  const Status written = write_all(descriptor, bytes);
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written || !synced || ::rename(fresh.c_str(), path.c_str()) != 0) {
    (void)::unlink(fresh.c_str());
    return written ? environment_error(Code::io_failed, "a file cannot be written") : written;
  }
  sync_directory_of(path);
  return {};
}

Status replace_for_good(const std::string& path, ByteView bytes) {
  // What is held open here has no name any more once the new file has taken it.
  const int before = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  const Status written = write_file(path, bytes);
  if (before >= 0) {
    if (written) {
      (void)overwrite(before);
    }
    ::close(before);
  }
  return written;
}

Status remove_for_good(const std::string& path) {
  bool removed = true;
  for (const std::string& each : {path, path + ".new"}) {
    const int descriptor = ::open(each.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor >= 0) {
      (void)overwrite(descriptor);
      ::close(descriptor);
    }
    removed = (::unlink(each.c_str()) == 0 || errno == ENOENT) && removed;
  }
  sync_directory_of(path);
  return removed ? Status{} : environment_error(Code::io_failed, "a file cannot be removed");
}

std::string key_file_path(const Home& home, const std::string& configured,
                          const std::string& usual) {
  if (configured.empty()) {
    return usual;
  }
  return configured.front() == '/' ? configured : home.file(configured);
}

bool file_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::uint64_t free_disk_bytes(const std::string& path) {
  struct statvfs info {};
  return ::statvfs(path.c_str(), &info) == 0
             ? static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize
             : 0;
}

Result<HomeLock> HomeLock::take(const Home& home) {
  const int descriptor = ::open(home.file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return errno == ENOENT ? Result<HomeLock>(
                                 caller_error(Code::not_found, "the home directory does not exist"))
                           : environment_error(Code::io_failed, "the home's lock cannot be opened");
  }
  HomeLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return environment_error(Code::busy, "another process uses this home");
  }
  return lock;
}

HomeLock::HomeLock(HomeLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
HomeLock& HomeLock::operator=(HomeLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
HomeLock::~HomeLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<AnchorFile> AnchorFile::open(const Home& home) {
  const int descriptor = ::open(home.file("anchor").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return environment_error(Code::io_failed, "the anchor file cannot be opened");
  }
  return AnchorFile(descriptor);
}

std::optional<WriteAnchor> AnchorFile::read() const {
  std::optional<WriteAnchor> newest;
  for (unsigned slot = 0; slot < 2; ++slot) {
    std::array<std::uint8_t, anchor_slot_bytes> bytes{};
    const auto got = ::pread(descriptor_, bytes.data(), bytes.size(),
                             static_cast<off_t>(slot * anchor_slot_step));
    const auto anchor =
        got == static_cast<ssize_t>(bytes.size()) ? parse_slot(bytes) : std::nullopt;
    if (anchor && (!newest || anchor->size > newest->size)) {
      newest = anchor;
    }
  }
  return newest;
}

void AnchorFile::write(const WriteAnchor& anchor) {
  Bytes bytes = key_u64(anchor.size);
  append(bytes, anchor.root.view());
  append(bytes, anchor_checksum(bytes).view());
  // A write that fails leaves an older anchor, which is no false alarm.
  (void)!::pwrite(descriptor_, bytes.data(), bytes.size(),
                  static_cast<off_t>(slot_ * anchor_slot_step));
  slot_ ^= 1U;
}

void AnchorFile::replace(const WriteAnchor& anchor) {
  write(anchor);
  sync();  // so that a crash never tears both
  write(anchor);
  sync();
}

void AnchorFile::sync() {
  (void)::fdatasync(descriptor_);
}

AnchorFile::AnchorFile(AnchorFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), slot_(other.slot_) {}
AnchorFile& AnchorFile::operator=(AnchorFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(slot_, other.slot_);
  return *this;
}
AnchorFile::~AnchorFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

}  // namespace hamroh
