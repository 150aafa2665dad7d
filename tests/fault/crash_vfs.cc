#include "tests/fault/crash_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <new>

namespace hamroh {

struct CrashVfs::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  std::string name;
  std::vector<Operation> operations;
  std::uint64_t calls = 0;
  std::uint64_t fail_from = 0;  // 0 = never
  Fault fault = Fault::disk_full;

  // Counts a call that may fail; true if it must.
  bool failing(bool is_sync) {
    if (is_sync != (fault == Fault::sync_error)) {
      return false;
    }
    ++calls;
    return fail_from != 0 && calls >= fail_from;
  }

  static State& of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }
  static std::string file_name(const char* path) {
    const std::string full = path == nullptr ? "" : path;
    return full.substr(full.rfind('/') + 1);
  }
};

namespace {

using Operation = CrashVfs::Operation;

struct CrashFile {
  sqlite3_file file;
  CrashVfs::State* state;
  const char* path;  // owned by SQLite for as long as the file is open
};

CrashFile& own(sqlite3_file* file) {
  return *reinterpret_cast<CrashFile*>(file);
}
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<CrashFile*>(file) + 1);
}

void record(sqlite3_file* file, Operation::Kind kind, std::uint64_t offset, ByteView data) {
  own(file).state->operations.push_back(
      {kind, CrashVfs::State::file_name(own(file).path), offset, Bytes(data.begin(), data.end())});
}

int file_close(sqlite3_file* file) {
  return below(file)->pMethods->xClose(below(file));
}
int file_read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  return below(file)->pMethods->xRead(below(file), out, amount, offset);
}

int file_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  CrashVfs::State& state = *own(file).state;
  int written = amount;
  int failure = SQLITE_OK;
  if (state.failing(false)) {
    const bool full = state.fault == CrashVfs::Fault::disk_full;
    failure = full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    written = full ? amount / 2 : 0;
  }
  if (written > 0) {
    record(file, Operation::Kind::write, static_cast<std::uint64_t>(offset),
           {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(written)});
    const int rc = below(file)->pMethods->xWrite(below(file), data, written, offset);
    if (rc != SQLITE_OK) {
      return rc;
    }
  }
  return failure;
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  record(file, Operation::Kind::truncate, static_cast<std::uint64_t>(size), {});
  return below(file)->pMethods->xTruncate(below(file), size);
}

int file_sync(sqlite3_file* file, int) {
  if (own(file).state->failing(true)) {
    return SQLITE_IOERR_FSYNC;
  }
  record(file, Operation::Kind::sync, 0, {});
  return SQLITE_OK;
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

constexpr sqlite3_io_methods crash_methods{
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

int vfs_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  CrashVfs::State& state = CrashVfs::State::of(vfs);
  auto* crash_file = new (file) CrashFile{};
  const int rc = state.base->xOpen(state.base, path, below(file), flags, out_flags);
  if (rc == SQLITE_OK) {
    crash_file->state = &state;
    crash_file->path = path;
    crash_file->file.pMethods = &crash_methods;
  }
  return rc;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int) {
  CrashVfs::State& state = CrashVfs::State::of(vfs);
  state.operations.push_back(
      {Operation::Kind::remove, CrashVfs::State::file_name(path), 0, Bytes()});
  return state.base->xDelete(state.base, path, 0);
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xAccess(base, path, flags, out);
}
int vfs_full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xFullPathname(base, path, size, out);
}
int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xRandomness(base, size, out);
}
int vfs_sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xSleep(base, microseconds);
}
int vfs_current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xCurrentTime(base, out);
}
int vfs_last_error(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* base = CrashVfs::State::of(vfs).base;
  return base->xGetLastError(base, size, out);
}

void apply(std::map<std::string, Bytes>& files, const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::write: {
      Bytes& file = files[operation.name];
      file.resize(std::max(file.size(), operation.offset + operation.data.size()));
      std::copy(operation.data.begin(), operation.data.end(),
                file.begin() + static_cast<std::ptrdiff_t>(operation.offset));
      break;
    }
    case Operation::Kind::truncate:
      files[operation.name].resize(operation.offset);
      break;
    case Operation::Kind::remove:
      files.erase(operation.name);
      break;
    case Operation::Kind::sync:
      break;
  }
}

}  // namespace

CrashVfs::CrashVfs(const std::string& name) : state_(std::make_unique<State>()) {
  state_->name = name;
  state_->base = sqlite3_vfs_find(nullptr);
  CHECK(state_->base != nullptr);
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = state_->base->szOsFile + static_cast<int>(sizeof(CrashFile));
  vfs.mxPathname = state_->base->mxPathname;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_current_time;
  vfs.xGetLastError = vfs_last_error;
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

CrashVfs::~CrashVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& CrashVfs::name() const {
  return state_->name;
}
const std::vector<CrashVfs::Operation>& CrashVfs::operations() const {
  return state_->operations;
}

void CrashVfs::fail_from(std::uint64_t nth, Fault fault) {
  state_->calls = 0;
  state_->fail_from = nth;
  state_->fault = fault;
}

void CrashVfs::heal() {
  state_->calls = 0;
  state_->fail_from = 0;
}

std::uint64_t CrashVfs::faultable_calls() const {
  return state_->calls;
}

std::map<std::string, Bytes> CrashVfs::replay(const std::vector<Operation>& operations,
                                              std::size_t count, const Keep& keep) {
  std::map<std::string, std::size_t> synced;  // name -> operations before this one are durable
  for (std::size_t at = 0; at < count; ++at) {
    if (operations[at].kind == Operation::Kind::sync) {
      synced[operations[at].name] = at;
    }
  }
  std::map<std::string, Bytes> files;
  for (std::size_t at = 0; at < count; ++at) {
    const Operation& operation = operations[at];
    const auto durable = synced.find(operation.name);
    const bool is_durable = durable != synced.end() && at < durable->second;
    // Removed names are gone at once: a log or journal that came back would be a milder crash.
    if (is_durable || operation.kind == Operation::Kind::remove || keep(at)) {
      apply(files, operation);
    }
  }
  return files;
}

}  // namespace hamroh
