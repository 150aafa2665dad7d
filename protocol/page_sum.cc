#include "protocol/page_sum.h"

#include <algorithm>
#include <cstring>

namespace hamroh {
namespace {

constexpr std::size_t sum_at = page_bytes - page_reserved_bytes;
static_assert(page_reserved_bytes == sizeof(std::uint64_t));

// Each step is a bijection of the running value and of the word, so damage to one word always
// shows.
std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
  sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
  return sum ^ (sum >> 32);
}

}  // namespace

std::uint64_t page_checksum(std::uint64_t page_offset,
                            std::span<const std::uint8_t, page_bytes> page) {
  std::uint64_t sum = mix(0x68616d726f680001ULL, page_offset);
  for (std::size_t at = 0; at < sum_at; at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, page.data() + at, sizeof word);
    sum = mix(sum, word);
  }
  return sum;
}

bool is_page_sound(std::uint64_t page_offset, std::span<const std::uint8_t, page_bytes> page) {
  std::uint64_t stored = 0;
  std::memcpy(&stored, page.data() + sum_at, sizeof stored);
  return stored == page_checksum(page_offset, page) ||
         std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace hamroh
