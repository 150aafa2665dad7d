// Forms as JSON, as people and programs write them.

#include "sdk/form_json.h"
#include "protocol/wire_form.h"
#include "tests/bench/sample_form.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  const auto add = [&](std::string_view json) {
    all.emplace_back(view(json).begin(), view(json).end());
  };
  const auto form = parse_referral(bench::sample_body(900, 3));
  CHECK(form);
  add(to_json(*form));
  add(R"({"form":"services/1","valid_days":14,"services":[{"service":"shelter","districts":["TJ"],
      "languages":["tg"],"places":3,"for_sexes":["female"],"for_age_bands":["60+"]}]})");
  add(R"({"form":"referral/1","form":"referral/1"})");
  add(R"([[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]])");
  return all;
}

void run(ByteView input) {
  const auto parse = [](ByteView json) { return parse_form_json(text(json)); };
  check_round_trip(input, parse, [](const ReferralForm& form) {
    const std::string json = to_json(form);
    return Bytes(view(json).begin(), view(json).end());
  });
  if (const auto form = parse(input)) {
    // Whatever JSON is accepted can be sent, and is accepted by its recipient.
    const auto received = parse_referral(encode(*form));
    CHECK(received && *received == *form);
  }
  if (const auto file = parse_services_json(text(input))) {
    const auto received = parse_services(encode(file->statement));
    CHECK(received ? *received == file->statement : received.error().code == Code::too_large);
  }
}

}  // namespace hamroh::fuzz
