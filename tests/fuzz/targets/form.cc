// Bodies of events: referral, decision, note (FlatBuffers).

#include "protocol/wire_form.h"
#include "tests/bench/sample_form.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  Decision declined;
  declined.reason = DeclineReason::no_capacity;
  declined.text = FreeText{"tg", "ҷой нест"};
  return {chosen(0, bench::sample_body(2'048, 7)), chosen(0, bench::sample_body(0, 1)),
          chosen(1, encode(declined)), chosen(1, encode(Decision{})),
          chosen(2, encode(NoteText{{"ru", "заметка"}}))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  const auto encoded = [](const auto& value) { return encode(value); };
  switch (parser) {
    case 0:
      return check_round_trip(rest, parse_referral, encoded);
    case 1:
      return check_round_trip(rest, parse_decision, encoded);
    default:
      return check_round_trip(rest, parse_note, encoded);
  }
}

}  // namespace hamroh::fuzz
