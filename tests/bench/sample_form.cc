#include "tests/bench/sample_form.h"

namespace hamroh::bench {
namespace {

ReferralForm plain_form(std::uint64_t number) {
  ReferralForm form;
  form.triage = {Urgency::urgent,
                 Sensitivity::high,
                 {Service::shelter, Service::medical, Service::status_application},
                 {"exploited_abroad_returned", FreeText{"en", "Returned three days ago."}},
                 AgeBand::from_18,
                 Sex::female,
                 {"tg", "ru"},
                 "TJ-SU-KHUJAND",
                 1,
                 {"interpreter"},
                 "self"};
  Contact contact;
  contact.alias = "No. " + std::to_string(number);
  contact.safe_contact = {SafeContactMethod::via_trusted_person, "+992 00 000 0000", "09:00-12:00",
                          "aunt", false};
  form.contact = contact;
  CaseFacts facts;
  facts.birth_year = 2003;
  facts.citizenship = {"TJ"};
  facts.trafficking_scope = TraffickingScope::transnational;
  facts.exploitation = {Exploitation::forced_labour};
  form.facts = facts;
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/2026-1";
  form.consent.language = "tg";
  form.consent.date = "2026-11-20";
  form.consent.scope = {
      {{"kind:commission"}, {DisclosureTier::t1}, {"protection", "status_application"}}};
  return form;
}

}  // namespace

Bytes sample_body(std::size_t bytes, std::uint64_t number) {
  ReferralForm form = plain_form(number);
  form.sealed = SealedFacts{{}, FreeText{"en", "."}, {}};
  const std::size_t bare = encode(form).size();
  if (bytes > bare) {
    form.sealed->narrative->text.assign(bytes - bare + 1, 'a' + static_cast<char>(number % 26));
  }
  return encode(form);
}

}  // namespace hamroh::bench
