// A member's signed list of epoch keys.

#include "protocol/key_sheet.h"
#include "protocol/wire_key_sheet.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

KeySheet sample_sheet() {
  KeySheet sheet;
  sheet.network = filled<NetworkId>(1);
  sheet.member = filled<MemberId>(2);
  sheet.incarnation = 1;
  sheet.serial = 3;
  sheet.created = {1'000};
  for (std::uint8_t i = 0; i < 8; ++i) {
    const Timestamp begins{1'000 + i * days(7).ms};
    sheet.keys.push_back(
        {filled<EpochKey>(static_cast<std::uint8_t>(10 + i)), begins, begins + days(7)});
  }
  return sheet;
}

}  // namespace

std::vector<Bytes> seeds() {
  return {chosen(0, sign_key_sheet(sample_sheet(), crypto::SigningKey::from_seed(Seed()))),
          chosen(1, wire::encode_key_sheet(sample_sheet()))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 2);
  if (parser == 1) {
    return check_round_trip(rest, wire::parse_key_sheet, wire::encode_key_sheet);
  }
  static const auto author =
      *AuthorKey::from(crypto::SigningKey::from_seed(Seed()).public_key().view());
  const auto sheet = verify_key_sheet(rest, filled<NetworkId>(1), filled<MemberId>(2), 1, author);
  if (sheet) {
    (void)sheet->key_at({UINT64_MAX});
    CHECK(std::ranges::equal(sheet->file(), rest));
  }
}

}  // namespace hamroh::fuzz
