// Preloaded into a program, this kills it at its Nth change of the disk, as if the power had gone:
//   LD_PRELOAD=libkill_at.so HAMROH_KILL_AT=N PROGRAM
// What counts: write, pwrite, fsync, fdatasync, ftruncate, rename, unlink, mkdir, creating opens.
// The call at which it happens is not made. Writes to standard output and error do not count.

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

namespace {

void step() {
  static const char* const at = ::getenv("HAMROH_KILL_AT");
  static const long last = at == nullptr ? 0 : ::atol(at);
  static long count = 0;
  if (++count == last) {
    ::kill(::getpid(), SIGKILL);
  }
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int open_with(const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0) {
    step();
  }
  return next<int (*)(const char*, int, mode_t)>(name)(path, flags, mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_with("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_with("open64", path, flags, mode);
}
ssize_t write(int file, const void* data, size_t size) {
  if (file > 2) {
    step();
  }
  return next<ssize_t (*)(int, const void*, size_t)>("write")(file, data, size);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  step();
  return next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite")(file, data, size, at);
}
ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  step();
  return next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64")(file, data, size, at);
}
int fsync(int file) {
  step();
  return next<int (*)(int)>("fsync")(file);
}
int fdatasync(int file) {
  step();
  return next<int (*)(int)>("fdatasync")(file);
}
int ftruncate(int file, off_t size) noexcept {
  step();
  return next<int (*)(int, off_t)>("ftruncate")(file, size);
}
int ftruncate64(int file, off64_t size) noexcept {
  step();
  return next<int (*)(int, off64_t)>("ftruncate64")(file, size);
}
int rename(const char* from, const char* to) noexcept {
  step();
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}
int unlink(const char* path) noexcept {
  step();
  return next<int (*)(const char*)>("unlink")(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  step();
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}

}  // extern "C"
