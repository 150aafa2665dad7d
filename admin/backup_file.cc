#include "admin/backup_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/page_sum.h"

namespace hamroh {
namespace {

static_assert(backup_chunk_bytes % page_bytes == 0);

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return environment_error(errno == ENOSPC || errno == EDQUOT ? Code::full : Code::io_failed,
                               "the backup cannot be written");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

bool read_exactly(int descriptor, std::span<std::uint8_t> out, std::uint64_t at) {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    out = out.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
  return true;
}

void sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    (void)::fsync(descriptor);
    ::close(descriptor);
  }
}

}  // namespace

BackupWriter::BackupWriter(std::string path, int descriptor, const BackupHead& head,
                           SymmetricKey file_key)
    : path_(std::move(path)), descriptor_(descriptor), cipher_(head, std::move(file_key)) {
  chunk_.reserve(backup_chunk_bytes);
}

BackupWriter::BackupWriter(BackupWriter&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      cipher_(std::move(other.cipher_)),
      chunk_(std::move(other.chunk_)),
      next_(other.next_),
      written_(other.written_),
      flushed_(other.flushed_) {}

BackupWriter::~BackupWriter() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    (void)::unlink((path_ + ".new").c_str());
  }
}

Result<BackupWriter> BackupWriter::create(const std::string& path, const BackupHead& head,
                                          SymmetricKey file_key) {
  const std::string fresh = path + ".new";
  const int descriptor =
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    return environment_error(Code::io_failed, "the backup's file cannot be made");
  }
  BackupWriter writer(path, descriptor, head, std::move(file_key));
  // A disk that is too small is found at once. Not every file system can.
  if (::fallocate(descriptor, 0, 0, static_cast<off_t>(head.file_bytes())) != 0 &&
      (errno == ENOSPC || errno == EDQUOT)) {
    return environment_error(Code::full, "there is no room for the backup");
  }
  HAMROH_TRY(write_all(descriptor, head.encode()));
  return writer;
}

Status BackupWriter::add(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), backup_chunk_bytes - chunk_.size());
    append(chunk_, bytes.first(taken));
    bytes = bytes.subspan(taken);
    if (chunk_.size() == cipher_.head().chunk_bytes(next_)) {
      HAMROH_TRY(seal_chunk());
    }
  }
  return {};
}

Status BackupWriter::seal_chunk() {
  const Bytes sealed = cipher_.seal(next_, chunk_);
  HAMROH_TRY(write_all(descriptor_, sealed));
  flush_behind(sealed.size());
  ++next_;
  chunk_.clear();
  return {};
}

// Written out as it comes, a few chunks behind: were it all left to the last sync, the node's own
// syncs would have to wait for gigabytes of it.
void BackupWriter::flush_behind(std::size_t bytes) {
  constexpr std::uint64_t behind_bytes = 4 * backup_chunk_bytes;
  const auto begin = static_cast<off_t>(written_);
  (void)::sync_file_range(descriptor_, begin, static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  written_ += bytes;
  if (written_ > flushed_ + behind_bytes) {
    const auto from = static_cast<off_t>(flushed_);
    const auto length = static_cast<off_t>(written_ - behind_bytes - flushed_);
    (void)::sync_file_range(
        descriptor_, from, length,
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    (void)::posix_fadvise(descriptor_, from, length, POSIX_FADV_DONTNEED);
    flushed_ = written_ - behind_bytes;
  }
}

Status BackupWriter::finish(const std::function<Status(std::size_t)>& watch) {
  CHECK(next_ == cipher_.head().chunks());
  if (::fsync(descriptor_) != 0) {
    return environment_error(Code::io_failed, "the backup cannot be synced");
  }
  HAMROH_TRY(read_back(watch));
  if (::rename((path_ + ".new").c_str(), path_.c_str()) != 0) {
    return environment_error(Code::io_failed, "the backup cannot be given its name");
  }
  // Commit point: the backup is there, and what had its name before is not.
  sync_directory_of(path_);
  ::close(std::exchange(descriptor_, -1));
  return {};
}

Status BackupWriter::read_back(const std::function<Status(std::size_t)>& watch) {
  // From the disk, not from the memory that it was just written to.
  (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED);
  const auto wrong =
      environment_error(Code::store_corrupt, "what was read back is not what was written");
  Bytes head(BackupHead::encoded_size);
  if (!read_exactly(descriptor_, head, 0) || head != cipher_.head().encode()) {
    return wrong;
  }
  std::uint64_t at = head.size();
  Bytes sealed;
  for (std::uint64_t number = 0; number < cipher_.head().chunks(); ++number) {
    sealed.resize(cipher_.head().chunk_bytes(number) + crypto::tag_bytes);
    if (!read_exactly(descriptor_, sealed, at) || !cipher_.open(number, sealed)) {
      return wrong;
    }
    at += sealed.size();
    HAMROH_TRY(watch(sealed.size()));
  }
  struct stat info {};
  return ::fstat(descriptor_, &info) == 0 && static_cast<std::uint64_t>(info.st_size) == at
             ? Status{}
             : wrong;
}

Result<PageReader> PageReader::open(const std::string& path, std::uint64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errno == ENOENT
               ? Result<PageReader>(caller_error(Code::not_found, "there is no database there"))
               : environment_error(Code::io_failed, "the database file cannot be read");
  }
  (void)::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return PageReader(descriptor, bytes);
}

Result<ByteView> PageReader::next() {
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(backup_chunk_bytes, bytes_ - at_));
  block_.resize(wanted);
  if (!read_exactly(descriptor_, block_, at_)) {
    return environment_error(Code::io_failed, "the database file cannot be read");
  }
  for (std::size_t page = 0; page < wanted; page += page_bytes) {
    if (!is_page_sound(at_ + page, ByteView(block_).subspan(page).first<page_bytes>())) {
      return environment_error(Code::store_corrupt, "a page of the database is damaged");
    }
  }
  (void)::posix_fadvise(descriptor_, static_cast<off_t>(at_), static_cast<off_t>(wanted),
                        POSIX_FADV_DONTNEED);
  at_ += wanted;
  return ByteView(block_);
}

PageReader::PageReader(PageReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      at_(other.at_),
      block_(std::move(other.block_)) {}

PageReader::~PageReader() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

void yield_to_others() {
  constexpr int lowest = 19;
  // Of the disk's best-effort classes the last one. Idle would wait for ever beside a busy node.
  constexpr int who_process = 1;
  constexpr int best_effort_last = 2 << 13 | 7;
  (void)::setpriority(PRIO_PROCESS, 0, lowest);
  (void)::syscall(SYS_ioprio_set, who_process, 0, best_effort_last);
}

}  // namespace hamroh
