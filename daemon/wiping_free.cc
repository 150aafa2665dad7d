// What hamrohd frees is wiped: messages, passphrases and keys pass through buffers of libraries and
// of the language that nobody can wipe one by one, and a locked node must not hold what it can no
// longer read. So `free` and `realloc` of this program, for all its libraries, overwrite what they
// give back; all else is glibc's. What it costs is lost in the noise: tests/bench/RESULTS.md.
//
// Linked into hamrohd only. Sanitizers have an allocator of their own.

#include <malloc.h>
#include <string.h>

#include <algorithm>
#include <cstddef>

#include "protocol/sanitizers.h"

#ifndef HAMROH_SANITIZED

extern "C" {

void* __libc_malloc(std::size_t bytes);
void __libc_free(void* block);

void free(void* block) noexcept {
  if (block != nullptr) {
    ::explicit_bzero(block, ::malloc_usable_size(block));
    __libc_free(block);
  }
}

void* realloc(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) {
    return __libc_malloc(bytes);
  }
  if (bytes == 0) {
    free(block);
    return nullptr;
  }
  const std::size_t usable = ::malloc_usable_size(block);
  if (bytes <= usable && bytes >= usable / 2) {
    return block;
  }
  void* moved = __libc_malloc(bytes);
  if (moved != nullptr) {
    ::memcpy(moved, block, std::min(usable, bytes));
    free(block);
  }
  return moved;
}

}  // extern "C"

#endif
