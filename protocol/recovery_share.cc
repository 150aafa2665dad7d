#include "protocol/recovery_share.h"

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::uint8_t share_version = 1;
constexpr std::size_t check_bytes = 12;
constexpr std::size_t checked_bytes = recovery_share_bytes - check_bytes;
constexpr std::size_t line_bytes = recovery_share_bytes / recovery_share_lines;
constexpr std::size_t line_digits = line_bytes * 8 / 5;
constexpr std::size_t group_digits = 4;
constexpr std::size_t all_digits = recovery_share_bytes * 8 / 5;
constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view code_start = "HAMROH-SHARE-1:";
static_assert(line_bytes * recovery_share_lines == recovery_share_bytes && line_bytes % 5 == 0);

// The purposes that L(recovery) serves.
constexpr std::uint8_t for_share = 1;
constexpr std::uint8_t for_line = 2;
constexpr std::uint8_t for_split = 3;

Digest digest_for(std::uint8_t purpose, ByteView bytes) {
  return crypto::sha256({view(labels::recovery), ByteView(&purpose, 1), bytes});
}

// Bytes in multiples of five, five bits a digit.
std::string to_base32(ByteView bytes) {
  std::string text;
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8U | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text.push_back(digits[bits >> held & 31U]);
    }
  }
  return text;
}

// As people type it; -1 for what is no digit.
int digit_value(char typed) {
  char upper = typed >= 'a' && typed <= 'z' ? static_cast<char>(typed - 'a' + 'A') : typed;
  upper = upper == 'O' ? '0' : upper == 'I' || upper == 'L' ? '1' : upper;
  const std::size_t at = digits.find(upper);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

Bytes from_base32(std::string_view text) {
  Bytes bytes;
  bytes.reserve(text.size() * 5 / 8);
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (const char typed : text) {
    bits = bits << 5U | static_cast<unsigned>(digit_value(typed));
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  return bytes;
}

std::string line_check(std::size_t line, ByteView bytes) {
  Bytes numbered{static_cast<std::uint8_t>(line)};
  append(numbered, bytes);
  const Digest digest = digest_for(for_line, numbered);
  crypto::wipe(numbered);
  return to_base32(digest.view().first(5)).substr(0, group_digits);
}

// The digits of a text in which only blanks and hyphens stand besides; empty if anything else does.
std::string only_digits(std::string_view text) {
  std::string found;
  for (const char typed : text) {
    if (typed == ' ' || typed == '\t' || typed == '-' || typed == '\r') {
      continue;
    }
    if (digit_value(typed) < 0) {
      return {};
    }
    found.push_back(typed);
  }
  return found;
}

constexpr const char* wrong_line[] = {
    "line 1 of the share is mistyped or damaged", "line 2 of the share is mistyped or damaged",
    "line 3 of the share is mistyped or damaged", "line 4 of the share is mistyped or damaged",
    "line 5 of the share is mistyped or damaged", "line 6 of the share is mistyped or damaged",
    "line 7 of the share is mistyped or damaged", "line 8 of the share is mistyped or damaged"};
constexpr const char* missing_line[] = {
    "line 1 of the share is missing or not whole", "line 2 of the share is missing or not whole",
    "line 3 of the share is missing or not whole", "line 4 of the share is missing or not whole",
    "line 5 of the share is missing or not whole", "line 6 of the share is missing or not whole",
    "line 7 of the share is missing or not whole", "line 8 of the share is missing or not whole"};
static_assert(std::size(wrong_line) == recovery_share_lines &&
              std::size(missing_line) == recovery_share_lines);

Result<RecoveryShare> read_lines(const std::array<std::string, recovery_share_lines>& lines) {
  Bytes all;
  all.reserve(recovery_share_bytes);
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (lines[at].empty()) {
      return caller_error(Code::malformed, missing_line[at]);
    }
    Bytes line = from_base32(std::string_view(lines[at]).substr(0, line_digits));
    const std::string check = line_check(at + 1, line);
    for (std::size_t digit = 0; digit < group_digits; ++digit) {
      if (digit_value(check[digit]) != digit_value(lines[at][line_digits + digit])) {
        return caller_error(Code::malformed, wrong_line[at]);
      }
    }
    append(all, line);
    crypto::wipe(line);
  }
  auto share = parse_recovery_share(all);
  crypto::wipe(all);
  return share;
}

}  // namespace

NetworkStart start_of(const NetworkId& network) {
  return *NetworkStart::from(network.view().first(NetworkStart::size));
}

SplitId split_id_of(const SymmetricKey& recovery_key) {
  return recovery_key.expose(
      [](auto raw) { return *SplitId::from(digest_for(for_split, raw).view().first(8)); });
}

Bytes encode(const RecoveryShare& share) {
  Bytes out;
  out.reserve(recovery_share_bytes);
  put_u8(out, share_version);
  append(out, share.split.network.view());
  append(out, share.split.member.view());
  append(out, share.split.id.view());
  put_u8(out, share.split.count.threshold);
  put_u8(out, share.split.count.shares);
  put_u8(out, share.share.index);
  share.share.value.expose([&](auto raw) { append(out, raw); });
  append(out, digest_for(for_share, out).view().first(check_bytes));
  CHECK(out.size() == recovery_share_bytes);
  return out;
}

Result<RecoveryShare> parse_recovery_share(ByteView bytes) {
  if (bytes.size() != recovery_share_bytes ||
      !crypto::equal(bytes.last(check_bytes),
                     digest_for(for_share, bytes.first(checked_bytes)).view().first(check_bytes))) {
    return caller_error(Code::malformed, "the share is damaged");
  }
  ByteReader reader(bytes.first(checked_bytes));
  if (reader.u8() != share_version) {
    return caller_error(Code::unsupported_version, "the share was made by a newer version");
  }
  RecoveryShare read;
  read.split.network = reader.fixed<NetworkStart>();
  read.split.member = reader.fixed<MemberId>();
  read.split.id = reader.fixed<SplitId>();
  read.split.count.threshold = reader.u8();
  read.split.count.shares = reader.u8();
  read.share.index = reader.u8();
  read.share.value = SymmetricKey(reader.take(32).first<32>());
  if (!reader.finished() || !is_allowed(read.split.count) || read.share.index == 0 ||
      read.share.index > read.split.count.shares) {
    return caller_error(Code::malformed, "the share names numbers that cannot be");
  }
  return read;
}

std::string recovery_share_text(ByteView encoded) {
  CHECK(encoded.size() == recovery_share_bytes);
  std::string text;
  for (std::size_t line = 1; line <= recovery_share_lines; ++line) {
    const ByteView bytes = encoded.subspan((line - 1) * line_bytes, line_bytes);
    const std::string shown = to_base32(bytes);
    text += std::to_string(line) + " ";
    for (std::size_t at = 0; at < line_digits; at += group_digits) {
      text += (at == 0 ? " " : "-") + shown.substr(at, group_digits);
    }
    text += "  " + line_check(line, bytes) + "\n";
  }
  return text;
}

std::string recovery_share_code(ByteView encoded) {
  CHECK(encoded.size() == recovery_share_bytes);
  return std::string(code_start) + to_base32(encoded);
}

Result<RecoveryShare> read_recovery_share(std::string_view text) {
  std::array<std::string, recovery_share_lines> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
    if (line.starts_with(code_start)) {
      const std::string found = only_digits(line.substr(code_start.size()));
      return found.size() == all_digits
                 ? parse_recovery_share(from_base32(found))
                 : Result<RecoveryShare>(caller_error(Code::malformed, "the code is not whole"));
    }
    const bool numbered = line.size() > 1 && line[0] >= '1' && line[0] <= '8' &&
                          (line[1] == ' ' || line[1] == '\t' || line[1] == '.' || line[1] == ':');
    const std::string found = numbered ? only_digits(line.substr(2)) : std::string();
    if (found.size() != line_digits + group_digits) {
      continue;  // words, or a line that will be missed below
    }
    std::string& place = lines[static_cast<std::size_t>(line[0] - '1')];
    if (!place.empty() && place != found) {
      return caller_error(Code::malformed, "the file holds lines of more than one share");
    }
    place = found;
  }
  return read_lines(lines);
}

tl::expected<SymmetricKey, ShareFault> recover_key(const std::vector<RecoveryShare>& shares) {
  const auto fault = [](Code code, const char* text, std::optional<std::size_t> which = {}) {
    return tl::unexpected(ShareFault{code, text, which});
  };
  if (shares.empty()) {
    return fault(Code::threshold_not_met, "there are no shares");
  }
  const RecoverySplit& split = shares.front().split;
  std::vector<KeyShare> used;
  for (std::size_t at = 0; at < shares.size(); ++at) {
    const RecoverySplit& other = shares[at].split;
    if (other.member != split.member || other.network != split.network) {
      return fault(Code::wrong_network, "this share and the first are of two organisations", at);
    }
    if (other != split) {
      return fault(Code::conflict,
                   "this share and the first were not made together: only the newest ones count",
                   at);
    }
    for (const KeyShare& earlier : used) {
      if (earlier.index == shares[at].share.index) {
        return fault(Code::duplicate_signer, "this share was given already", at);
      }
    }
    used.push_back({shares[at].share.index, shares[at].share.value.copy()});
  }
  if (used.size() < split.count.threshold) {
    return fault(Code::threshold_not_met, "these are too few shares");
  }
  auto key = combine_key(used);
  if (!key || split_id_of(*key) != split.id) {
    return fault(Code::bad_signature, "these shares do not lead to the key: one of them is false");
  }
  return std::move(*key);
}

}  // namespace hamroh
