#include "daemon/totp.h"

#include <liboath/oath.h>

#include <array>
#include <cstdlib>

namespace hamroh {
namespace {

constexpr unsigned step_seconds = OATH_TOTP_DEFAULT_TIME_STEP_SIZE;
constexpr unsigned digits = 6;
constexpr std::uint64_t steps_ahead_max = 2;  // beyond that the clock has been put back

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    }
  }
  return out;
}

bool is_code_of(const FactorSecret& secret, std::string_view code, std::uint64_t step) {
  std::array<char, digits + 1> wanted{};
  const int made = secret.expose([&](auto raw) {
    return oath_totp_generate(reinterpret_cast<const char*>(raw.data()), raw.size(),
                              static_cast<time_t>(step * step_seconds), step_seconds,
                              OATH_TOTP_DEFAULT_START_TIME, digits, wanted.data());
  });
  const std::string_view text(wanted.data(), digits);
  const bool same = made == OATH_OK && crypto::equal(view(text), view(code));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(wanted.data()), wanted.size()});
  return same;
}

}  // namespace

std::optional<std::uint64_t> check_code(const FactorSecret& secret, std::string_view code,
                                        Timestamp now, std::uint64_t last_step) {
  if (code.size() != digits || now.ms / 1000 / step_seconds > UINT32_MAX) {
    return std::nullopt;
  }
  const std::uint64_t present = now.ms / 1000 / step_seconds;
  const bool put_back = last_step > present + steps_ahead_max;
  for (std::uint64_t step = present > 0 ? present - 1 : 0; step <= present + 1; ++step) {
    if ((step > last_step || put_back) && is_code_of(secret, code, step)) {
      return step;
    }
  }
  return std::nullopt;
}

std::string enrolment_uri(const FactorSecret& secret, std::string_view issuer,
                          std::string_view name) {
  char* base32 = nullptr;
  std::size_t length = 0;
  const int made = secret.expose([&](auto raw) {
    return oath_base32_encode(reinterpret_cast<const char*>(raw.data()), raw.size(), &base32,
                              &length);
  });
  CHECK(made == OATH_OK && base32 != nullptr);  // it fails only without memory
  std::string uri = "otpauth://totp/" + percent_encoded(issuer) + ":" + percent_encoded(name) +
                    "?secret=" + std::string(base32, length) + "&issuer=" + percent_encoded(issuer);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(base32), length});
  std::free(base32);
  return uri;
}

}  // namespace hamroh
