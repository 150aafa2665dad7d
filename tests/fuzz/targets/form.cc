// Bodies of events: referral, decision, note, particulars, services (FlatBuffers).

#include "protocol/wire_form.h"
#include "tests/bench/sample_form.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  Decision declined;
  declined.reason = DeclineReason::no_capacity;
  declined.text = FreeText{"tg", "ҷой нест"};
  Particulars asked;
  asked.about = Digest{};
  asked.about->bytes.fill(5);
  asked.text = FreeText{"ru", "вопрос"};
  Particulars refused;
  refused.code = "evidence_incomplete";
  Particulars voted = refused;
  voted.ballot.emplace();
  voted.ballot->subject.bytes.fill(6);
  UserCertificate certificate;
  certificate.role = Role::commissioner;
  voted.ballot->votes = {{certificate, {}}, {certificate, {}}};
  ServiceStatement services{7, {1'790'000'000'000}, {}};
  services.services.push_back({Service::shelter, {"TJ-SU"}, {"tg"}, "", 3, {Sex::female}, {}});
  services.services.push_back({Service::legal, {"TJ"}, {"ru"}, "Mon", {}, {}, {}, Accepts::closed});
  return {chosen(5, encode(services)),
          chosen(4, encode(voted)),
          chosen(0, bench::sample_body(2'048, 7)),
          chosen(0, bench::sample_body(0, 1)),
          chosen(1, encode(declined)),
          chosen(1, encode(Decision{})),
          chosen(2, encode(NoteText{{"ru", "заметка"}})),
          chosen(3, encode(asked)),
          chosen(4, encode(refused))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 6);
  const auto encoded = [](const auto& value) { return encode(value); };
  switch (parser) {
    case 0:
      return check_round_trip(rest, parse_referral, encoded);
    case 1:
      return check_round_trip(rest, parse_decision, encoded);
    case 2:
      return check_round_trip(rest, parse_note, encoded);
    case 5:
      return check_round_trip(rest, parse_services, encoded);
    default: {
      const EventKind kind = parser == 3 ? EventKind::info_request : EventKind::status_refuse;
      return check_round_trip(
          rest, [kind](ByteView body) { return parse_particulars(body, kind); }, encoded);
    }
  }
}

}  // namespace hamroh::fuzz
