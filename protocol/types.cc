#include "protocol/types.h"

namespace hamroh {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_digit(char c) {
  const std::size_t at = base64_alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

void put_big_endian(Bytes& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; --i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
}

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8 | byte;
  }
  return value;
}

void put_decimal(std::string& out, std::uint64_t value, int width) {
  std::string digits = std::to_string(value);
  out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))), '0');
  out += digits;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    hex.push_back(digits[byte >> 4]);
    hex.push_back(digits[byte & 15U]);
  }
  return hex;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? bytes[i + k] : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out.push_back(k <= count ? base64_alphabet[group >> (18 - 6 * k) & 63U] : '=');
    }
  }
  return out;
}

std::optional<Bytes> from_base64(std::string_view base64) {
  if (base64.size() % 4 != 0) {
    return std::nullopt;
  }
  Bytes out;
  out.reserve(base64.size() / 4 * 3);
  for (std::size_t i = 0; i < base64.size(); i += 4) {
    const bool last = i + 4 == base64.size();
    const std::size_t padding =
        !last || base64[i + 3] != '=' ? 0U : (base64[i + 2] == '=' ? 2U : 1U);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const int digit = k >= 4 - padding ? 0 : base64_digit(base64[i + k]);
      if (digit < 0) {
        return std::nullopt;
      }
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const auto byte = static_cast<std::uint8_t>(group >> (16 - 8 * k));
      if (k < 3 - padding) {
        out.push_back(byte);
      } else if (byte != 0) {
        return std::nullopt;  // bits that the encoder would not have set
      }
    }
  }
  return out;
}

std::optional<Bytes> parse_uuid(std::string_view text) {
  std::string hex;
  if (text.size() == 36) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
      if (hyphen != (text[i] == '-')) {
        return std::nullopt;
      }
      if (!hyphen) {
        hex.push_back(text[i]);
      }
    }
  } else {
    hex = text;
  }
  return hex.size() == 32 ? from_hex(hex) : std::nullopt;
}

// Civil date from days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
std::string to_iso8601(Timestamp t) {
  constexpr std::uint64_t year_10000_ms = 253'402'300'800'000;
  const std::uint64_t ms = std::min(t.ms, year_10000_ms - 1);
  const std::uint64_t day = ms / 86'400'000;
  const std::uint64_t in_day = ms % 86'400'000;
  const std::uint64_t shifted = day + 719'468;
  const std::uint64_t era = shifted / 146'097;
  const std::uint64_t day_of_era = shifted % 146'097;
  const std::uint64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  std::string out;
  put_decimal(out, year_of_era + era * 400 + (month <= 2 ? 1 : 0), 4);
  out += '-';
  put_decimal(out, month, 2);
  out += '-';
  put_decimal(out, day_of_year - (153 * shifted_month + 2) / 5 + 1, 2);
  out += 'T';
  put_decimal(out, in_day / 3'600'000, 2);
  out += ':';
  put_decimal(out, in_day / 60'000 % 60, 2);
  out += ':';
  put_decimal(out, in_day / 1000 % 60, 2);
  out += '.';
  put_decimal(out, in_day % 1000, 3);
  return out + 'Z';
}

void put_u8(Bytes& out, std::uint8_t v) {
  out.push_back(v);
}
void put_u16(Bytes& out, std::uint16_t v) {
  put_big_endian(out, v, 2);
}
void put_u32(Bytes& out, std::uint32_t v) {
  put_big_endian(out, v, 4);
}
void put_u64(Bytes& out, std::uint64_t v) {
  put_big_endian(out, v, 8);
}

Bytes key_u64(std::uint64_t v) {
  Bytes key;
  put_u64(key, v);
  return key;
}

ByteView ByteReader::take(std::size_t length) {
  if (!ok_ || length > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const ByteView taken = rest_.first(length);
  rest_ = rest_.subspan(length);
  return taken;
}

std::uint8_t ByteReader::u8() {
  return static_cast<std::uint8_t>(big_endian(take(1)));
}
std::uint16_t ByteReader::u16() {
  return static_cast<std::uint16_t>(big_endian(take(2)));
}
std::uint32_t ByteReader::u32() {
  return static_cast<std::uint32_t>(big_endian(take(4)));
}
std::uint64_t ByteReader::u64() {
  return big_endian(take(8));
}

}  // namespace hamroh
