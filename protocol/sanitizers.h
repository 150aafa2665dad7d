// Defines HAMROH_SANITIZED where code is compiled with AddressSanitizer or ThreadSanitizer, by g++
// or by clang: they have an allocator of their own, need memory of their own, and turn mlock off.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAMROH_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAMROH_SANITIZED
#endif
#endif
