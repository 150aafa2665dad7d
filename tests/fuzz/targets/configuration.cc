// hamroh.toml.

#include "daemon/configuration.h"
#include "protocol/constants.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  const std::string all = default_configuration();
  const std::string_view wrong = "[turn]\ninputs_max = 5000\n[log]\nlevel = \"loud\"\n";
  return {Bytes(view(all).begin(), view(all).end()), Bytes(view(wrong).begin(), view(wrong).end())};
}

void run(ByteView input) {
  const auto parsed = parse_configuration(text(input));
  if (parsed) {
    CHECK(parsed->inputs_max >= 1 && parsed->inputs_max <= limits::turn_inputs_max);
  } else {
    CHECK(!parsed.error().text.empty());
  }
}

}  // namespace hamroh::fuzz
