// The checksum at the end of every page of a store's file: what the daemon's SQLite writes and what
// a backup checks while it copies.
//
// A page of `page_bytes` ends in eight reserved bytes that hold a checksum of its content and its
// place. Any damage within one aligned eight-byte word is found for certain, other damage but for
// one chance in 2^64. It is no defence against an adversary; sealed records are.
#pragma once

#include <cstdint>
#include <span>

namespace hamroh {

inline constexpr std::size_t page_bytes = 16 * 1024;
inline constexpr std::size_t page_reserved_bytes = 8;

[[nodiscard]] std::uint64_t page_checksum(std::uint64_t page_offset,
                                          std::span<const std::uint8_t, page_bytes> page);
// Also true for a page of zeros: a hole that no write ever reached carries no checksum, and SQLite
// refuses a zeroed b-tree page by itself.
[[nodiscard]] bool is_page_sound(std::uint64_t page_offset,
                                 std::span<const std::uint8_t, page_bytes> page);

}  // namespace hamroh
