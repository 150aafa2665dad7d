// Bodies of events: referral, decision, note, particulars, disclosure, services, statements about
// consent and answers to them, deadlines (FlatBuffers).

#include "protocol/disclosure.h"
#include "protocol/wire_form.h"
#include "tests/bench/sample_form.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

namespace {

ReferralForm whole_form() {
  ReferralForm form = parse_referral(bench::sample_body(900, 3)).value();
  form.contact.emplace();
  form.contact->alias = "N.";
  form.contact->safe_contact.method = SafeContactMethod::in_person_only;
  form.facts.emplace();
  form.facts->guardian = Guardian{"A", "aunt", ""};
  return form;
}

Disclosure disclosed(FormFields fields) {
  Disclosure disclosure = disclose(whole_form(), TierSeeds{}, fields);
  for (TierOpening& opening : disclosure.openings) {
    if (opening.seed) {
      opening.seed->bytes.fill(9);  // zeros are refused
    }
  }
  return disclosure;
}

// Statements about consent, and an answer.
std::vector<Bytes> bodies_about_consent() {
  ConsentStatement given;
  given.consent = whole_form().consent;
  given.consent->never = {"kind:ministry"};
  given.about.emplace().bytes.fill(5);
  ConsentStatement withdrawn;
  withdrawn.date = "2026-11-20";
  withdrawn.text = FreeText{"tg", "не"};
  const ConsentApplied kept{*given.about, ConsentAction::kept, "legal_claim",
                            FreeText{"en", "pending"}};
  return {encode(given), encode(withdrawn), encode(kept)};
}

std::vector<Bytes> seeds_of_others() {
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
  const DeadlineStatement missed{Clock::delivery, *asked.about,        MemberId{{7}},
                                 Urgency::urgent, {1'790'000'000'000}, {1'790'000'900'000}};
  StatusFile file;
  file.indicators = Indicators{{"recruitment"}, {}, {"forced_labour"}};
  file.evidence = {{"scan", FreeText{"ru", "лист 4"}, *asked.about}};
  Particulars resting = refused;
  resting.file = *asked.about;
  Disclosure opened = disclose(file, TierSeed{});
  opened.about = *asked.about;
  opened.referral.bytes.fill(8);
  return {chosen(12, encode(file)),
          chosen(4, encode(resting)),
          chosen(5, encode(opened)),
          chosen(11, encode(missed)),
          chosen(7, encode(services)),
          chosen(4, encode(voted)),
          chosen(0, bench::sample_body(2'048, 7)),
          chosen(0, bench::sample_body(0, 1)),
          chosen(1, encode(declined)),
          chosen(1, encode(Decision{})),
          chosen(2, encode(NoteText{{"ru", "заметка"}})),
          chosen(3, encode(asked)),
          chosen(4, encode(refused)),
          chosen(5, encode(disclosed(fields_of({DisclosureTier::t2, DisclosureTier::t4})))),
          chosen(5, encode(disclosed({FormField::case_guardian, FormField::sealed_narrative}))),
          chosen(6, encode(DisclosedFields{*asked.about, {FormField::sealed_health}}))};
}

}  // namespace

std::vector<Bytes> seeds() {
  std::vector<Bytes> all = seeds_of_others();
  std::uint8_t parser = 8;
  for (const Bytes& body : bodies_about_consent()) {
    all.push_back(chosen(parser++, body));
  }
  return all;
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 13);
  const auto encoded = [](const auto& value) { return encode(value); };
  switch (parser) {
    case 0:
      return check_round_trip(rest, parse_referral, encoded);
    case 1:
      return check_round_trip(rest, parse_decision, encoded);
    case 2:
      return check_round_trip(rest, parse_note, encoded);
    case 5: {
      if (const auto disclosure = parse_disclosure(rest)) {
        // Whatever passes can be put into a form that programs can read.
        if (const auto checked = check(*disclosure, commit(whole_form(), TierSeeds{}))) {
          ReferralForm form = first_part(whole_form());
          checked->merge_into(form);
          CHECK(parse_referral(encode(form)));
        }
      }
      return check_round_trip(rest, parse_disclosure, encoded);
    }
    case 6:
      return check_round_trip(rest, parse_fields, encoded);
    case 7:
      return check_round_trip(rest, parse_services, encoded);
    case 8:
    case 9: {
      const EventKind kind = parser == 8 ? EventKind::consent_give : EventKind::consent_withdraw;
      return check_round_trip(
          rest, [kind](ByteView body) { return parse_consent(body, kind); }, encoded);
    }
    case 10:
      return check_round_trip(rest, parse_applied, encoded);
    case 11:
      return check_round_trip(rest, parse_deadline, encoded);
    case 12:
      return check_round_trip(rest, parse_status_file, encoded);
    default: {
      const EventKind kind = parser == 3 ? EventKind::info_request : EventKind::status_refuse;
      return check_round_trip(
          rest, [kind](ByteView body) { return parse_particulars(body, kind); }, encoded);
    }
  }
}

}  // namespace hamroh::fuzz
