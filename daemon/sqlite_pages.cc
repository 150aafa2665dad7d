#include "daemon/sqlite_pages.h"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <new>

namespace hamroh {

namespace {

constexpr std::size_t sum_at = page_bytes - page_reserved_bytes;

bool is_page(int amount, sqlite3_int64 offset) {
  return amount == static_cast<int>(page_bytes) &&
         offset % static_cast<sqlite3_int64>(page_bytes) == 0;
}

std::size_t number_at(std::span<const std::uint8_t, page_bytes> page, std::size_t at) {
  return static_cast<std::size_t>(page[at]) << 8U | page[at + 1];
}

// Between its list of cells and their content a page of a b-tree has a gap that nobody reads. When
// SQLite spreads cells over other pages it leaves copies of them there, secure_delete or not. The
// first byte of every other kind of page is zero as long as the file has fewer than 2^24 pages,
// because a page number stands there.
void clear_gap(sqlite3_int64 offset, std::span<std::uint8_t, page_bytes> page) {
  constexpr std::size_t file_header_bytes = 100;
  const std::size_t header = offset == 0 ? file_header_bytes : 0;
  const std::uint8_t kind = page[header];
  const bool interior = kind == 2 || kind == 5;
  const bool leaf = kind == 10 || kind == 13;
  if (!interior && !leaf) {
    return;
  }
  const std::size_t cells = number_at(page, header + 3);
  const std::size_t content = number_at(page, header + 5);
  const std::size_t gap = header + (interior ? 12 : 8) + 2 * cells;
  if (gap < content && content <= sum_at) {
    std::fill(page.begin() + static_cast<std::ptrdiff_t>(gap),
              page.begin() + static_cast<std::ptrdiff_t>(content), std::uint8_t{0});
  }
}

// What SQLite allocates for an open database file: this, then the base VFS's own file.
struct PageFile {
  sqlite3_file file;
  std::array<std::uint8_t, page_bytes>* outgoing;  // owned by the PageVfs
};

sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<PageFile*>(file) + 1);
}

int file_close(sqlite3_file* file) {
  return below(file)->pMethods->xClose(below(file));
}

int file_read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  const int rc = below(file)->pMethods->xRead(below(file), out, amount, offset);
  if (rc != SQLITE_OK || !is_page(amount, offset)) {
    return rc;
  }
  const std::span<const std::uint8_t, page_bytes> page(static_cast<const std::uint8_t*>(out),
                                                       page_bytes);
  return is_page_sound(static_cast<std::uint64_t>(offset), page) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int file_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  if (!is_page(amount, offset)) {
    return below(file)->pMethods->xWrite(below(file), data, amount, offset);
  }
  auto& page = *reinterpret_cast<PageFile*>(file)->outgoing;
  std::memcpy(page.data(), data, page_bytes);
  clear_gap(offset, page);
  const std::uint64_t sum = page_checksum(static_cast<std::uint64_t>(offset), page);
  std::memcpy(page.data() + sum_at, &sum, sizeof sum);
  return below(file)->pMethods->xWrite(below(file), page.data(), amount, offset);
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return below(file)->pMethods->xTruncate(below(file), size);
}
int file_sync(sqlite3_file* file, int flags) {
  return below(file)->pMethods->xSync(below(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int file_lock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xLock(below(file), level);
}
int file_unlock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xUnlock(below(file), level);
}
int file_check_lock(sqlite3_file* file, int* out) {
  return below(file)->pMethods->xCheckReservedLock(below(file), out);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int file_sector_size(sqlite3_file* file) {
  return below(file)->pMethods->xSectorSize(below(file));
}
int file_characteristics(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

// Version 1: neither shared memory nor mapped reads, which would go round the checksums.
constexpr sqlite3_io_methods page_methods{
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace

struct PageVfs::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  std::string name;
  bool registered = false;
  std::array<std::uint8_t, page_bytes> outgoing{};

  static State& of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }
  static sqlite3_vfs* base_of(sqlite3_vfs* vfs) { return of(vfs).base; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                  int* out_flags) {
    sqlite3_vfs* base = base_of(vfs);
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
      return base->xOpen(base, path, file, flags, out_flags);
    }
    auto* page_file = new (file) PageFile{};
    const int rc = base->xOpen(base, path, below(file), flags, out_flags);
    if (rc == SQLITE_OK) {
      page_file->outgoing = &of(vfs).outgoing;
      page_file->file.pMethods = &page_methods;
    }
    return rc;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    return base_of(vfs)->xDelete(base_of(vfs), path, sync_directory);
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    return base_of(vfs)->xAccess(base_of(vfs), path, flags, out);
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
    return base_of(vfs)->xFullPathname(base_of(vfs), path, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return base_of(vfs)->xRandomness(base_of(vfs), size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    return base_of(vfs)->xSleep(base_of(vfs), microseconds);
  }
  static int current_time(sqlite3_vfs* vfs, double* out) {
    return base_of(vfs)->xCurrentTime(base_of(vfs), out);
  }
  static int last_error(sqlite3_vfs* vfs, int size, char* out) {
    return base_of(vfs)->xGetLastError(base_of(vfs), size, out);
  }
};

PageVfs::PageVfs() : state_(std::make_unique<State>()) {}

Result<std::unique_ptr<PageVfs>> PageVfs::create(const std::string& base) {
  std::unique_ptr<PageVfs> made(new PageVfs());
  State& state = *made->state_;
  state.base = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (state.base == nullptr) {
    return environment_error(Code::store_failed, "no such SQLite VFS");
  }
  // SQLite knows a VFS by its name, and several stores may be open in one (test) process.
  state.name = "hamroh-pages-" + std::to_string(reinterpret_cast<std::uintptr_t>(&state));
  sqlite3_vfs& vfs = state.vfs;
  vfs.iVersion = 1;  // no system call overrides
  vfs.szOsFile = state.base->szOsFile + static_cast<int>(sizeof(PageFile));
  vfs.mxPathname = state.base->mxPathname;
  vfs.zName = state.name.c_str();
  vfs.pAppData = &state;
  vfs.xOpen = State::open;
  vfs.xDelete = State::remove;
  vfs.xAccess = State::access;
  vfs.xFullPathname = State::full_path;
  vfs.xRandomness = State::randomness;
  vfs.xSleep = State::sleep;
  vfs.xCurrentTime = State::current_time;
  vfs.xGetLastError = State::last_error;
  if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) {
    return environment_error(Code::store_failed, "SQLite refused to register a VFS");
  }
  state.registered = true;
  return made;
}

PageVfs::~PageVfs() {
  if (state_->registered) {
    sqlite3_vfs_unregister(&state_->vfs);
  }
}

const std::string& PageVfs::name() const {
  return state_->name;
}

}  // namespace hamroh
