#include "admin/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hamroh {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool good() const { return number_ >= 0; }

 private:
  int number_;
};

tl::unexpected<Error> cannot_write() {
  return environment_error(errno == ENOSPC ? Code::full : Code::io_failed,
                           "the file cannot be written");
}

void sync_parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.good()) {
    (void)::fsync(directory.get());
  }
}

}  // namespace

Result<Bytes> read_input(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.good()) {
    if (errno == ENOENT) {
      return caller_error(Code::not_found, "there is no such file");
    }
    return environment_error(Code::io_failed, "the file cannot be opened");
  }
  Bytes bytes;
  std::array<std::uint8_t, 65'536> block{};
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return environment_error(Code::io_failed, "the file cannot be read");
    }
    if (got == 0) {
      return bytes;
    }
    append(bytes, ByteView(block).first(static_cast<std::size_t>(got)));
    if (bytes.size() > bytes_max) {
      return caller_error(Code::too_large, "the file is larger than such a file can be");
    }
  }
}

namespace {

// All of it, synced; what there is of the file goes if that fails.
Status write_whole(const Descriptor& file, const std::string& path, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      const auto failed = cannot_write();
      (void)::unlink(path.c_str());
      return failed;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(file.get()) == 0 ? Status{} : cannot_write();
}

}  // namespace

Status write_output(const std::string& path, ByteView bytes, unsigned mode) {
  const std::string fresh = path + ".new";
  {
    const Descriptor file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (!file.good()) {
      return cannot_write();
    }
    HAMROH_TRY(write_whole(file, fresh, bytes));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return cannot_write();
  }
  sync_parent(path);
  return {};
}

Status write_new_output(const std::string& path, ByteView bytes, unsigned mode) {
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (!file.good() && errno == EEXIST) {
    return caller_error(Code::conflict, "there is such a file already: it stays as it is");
  }
  if (!file.good()) {
    return cannot_write();
  }
  HAMROH_TRY(write_whole(file, path, bytes));
  sync_parent(path);
  return {};
}

Status make_new_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    sync_parent(path);
    return {};
  }
  if (errno == EEXIST) {
    return caller_error(Code::conflict, "it exists already");
  }
  return environment_error(Code::io_failed, "the directory cannot be made");
}

bool path_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return caller_error(Code::not_found, "there is no such directory");
  }
  DirectoryLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return environment_error(Code::busy, "another program is changing it");
  }
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

}  // namespace hamroh
