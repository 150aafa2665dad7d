#include "daemon/sqlite_wal.h"

#include <array>
#include <optional>
#include <vector>

namespace hamroh {

namespace {

constexpr std::size_t header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;
constexpr std::uint32_t magic_little = 0x377f0682;  // checksums over little-endian words
constexpr std::uint32_t magic_big = 0x377f0683;

std::uint32_t big_u32(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         std::uint32_t{at[3]};
}

std::uint32_t little_u32(const std::uint8_t* at) {
  return std::uint32_t{at[3]} << 24 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[1]} << 8 |
         std::uint32_t{at[0]};
}

struct Sum {
  std::uint32_t s0 = 0;
  std::uint32_t s1 = 0;
  bool operator==(const Sum&) const = default;
};

Sum sum_over(Sum sum, bool big, std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    const std::uint8_t* word = bytes.data() + at;
    sum.s0 += (big ? big_u32(word) : little_u32(word)) + sum.s1;
    sum.s1 += (big ? big_u32(word + 4) : little_u32(word + 4)) + sum.s0;
  }
  return sum;
}

struct Header {
  bool big = false;
  std::uint32_t page_bytes = 0;
  std::uint32_t salt1 = 0;
  std::uint32_t salt2 = 0;
  Sum sum;
};

std::optional<Header> parse_header(std::span<const std::uint8_t, header_bytes> raw) {
  Header header;
  const std::uint32_t magic = big_u32(raw.data());
  header.big = magic == magic_big;
  header.page_bytes = big_u32(raw.data() + 8);
  header.salt1 = big_u32(raw.data() + 16);
  header.salt2 = big_u32(raw.data() + 20);
  header.sum = {big_u32(raw.data() + 24), big_u32(raw.data() + 28)};
  const bool power_of_two = (header.page_bytes & (header.page_bytes - 1)) == 0;
  if ((magic != magic_little && magic != magic_big) || !power_of_two || header.page_bytes < 512 ||
      header.page_bytes > 65'536 || header.sum != sum_over({}, header.big, raw.first<24>())) {
    return std::nullopt;
  }
  return header;
}

// One frame as it stands in the file, whether sound or not.
class Frame {
 public:
  explicit Frame(const Header& header)
      : header_(header), raw_(frame_header_bytes + header.page_bytes) {}

  [[nodiscard]] std::span<std::uint8_t> raw() { return raw_; }
  [[nodiscard]] bool salts_match() const {
    return big_u32(&raw_[8]) == header_.salt1 && big_u32(&raw_[12]) == header_.salt2;
  }
  [[nodiscard]] bool is_commit() const { return big_u32(&raw_[4]) != 0; }
  [[nodiscard]] bool names_page() const { return big_u32(&raw_[0]) != 0; }
  [[nodiscard]] Sum stored() const { return {big_u32(&raw_[16]), big_u32(&raw_[20])}; }
  [[nodiscard]] Sum following(Sum before) const {
    const std::span<const std::uint8_t> all(raw_);
    return sum_over(sum_over(before, header_.big, all.first(8)), header_.big,
                    all.subspan(frame_header_bytes));
  }

 private:
  const Header& header_;
  std::vector<std::uint8_t> raw_;
};

}  // namespace

Status examine_wal(std::uint64_t bytes, const ReadAt& read) {
  const auto damaged = [] {
    return environment_error(Code::store_corrupt,
                             "the write-ahead log is damaged: it holds commits behind a bad frame");
  };
  const auto unreadable = [] {
    return environment_error(Code::io_failed, "the write-ahead log cannot be read");
  };
  if (bytes <= header_bytes) {
    return {};  // no frame: nothing was ever committed to this log
  }
  std::array<std::uint8_t, header_bytes> raw{};
  if (!read(0, raw)) {
    return unreadable();
  }
  // The header is synced before the first frame behind it is written, and it lies within one
  // sector.
  const std::optional<Header> header = parse_header(raw);
  if (!header) {
    return damaged();
  }
  Frame frame(*header);
  const std::uint64_t frames = (bytes - header_bytes) / frame.raw().size();
  Sum sum = header->sum;  // of the frame before, while all were sound
  bool sound = true;
  bool commit_before = false;      // behind the first bad frame: the frame before is a commit,
  std::array<Sum, 2> continues{};  // and these are the checksums that a next frame may continue
  for (std::uint64_t index = 0; index < frames; ++index) {
    if (!read(header_bytes + index * frame.raw().size(), frame.raw())) {
      return unreadable();
    }
    if (sound) {
      const Sum computed = frame.following(sum);
      sound = frame.salts_match() && frame.names_page() && computed == frame.stored();
      sum = computed;
      commit_before = frame.is_commit();
      continues = {computed, frame.stored()};
      continue;
    }
    if (commit_before && frame.salts_match() &&
        (frame.following(continues[0]) == frame.stored() ||
         frame.following(continues[1]) == frame.stored())) {
      return damaged();
    }
    commit_before = frame.is_commit();
    continues = {frame.stored(), frame.stored()};
  }
  return {};
}

}  // namespace hamroh
