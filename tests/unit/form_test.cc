// The rules of forms, and that bytes which break one never become a form.

#include "protocol/form.h"

#include <gtest/gtest.h>

#include <functional>

#include "protocol/constants.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

ReferralForm good() {
  ReferralForm form;
  Triage& triage = form.triage;
  triage.urgency = Urgency::urgent;
  triage.sensitivity = Sensitivity::high;
  triage.services = {Service::shelter, Service::legal};
  triage.reason = {"returned_migrant", FreeText{"tg", "Ёрӣ лозим аст"}};
  triage.age_band = AgeBand::from_25;
  triage.sex = Sex::female;
  triage.languages = {"tg", "ru"};
  triage.district = "TJ-SU-KHUJAND";
  triage.dependants = 2;
  triage.requested_by = "self";
  form.contact.emplace();
  form.contact->alias = "Zarina";
  form.contact->safe_contact = {SafeContactMethod::phone, "+992 000 00 00 00", "18-20", "", true};
  form.contact->interpreter_sex = Sex::female;
  form.contact->pickup_place = FreeText{"ru", "вокзал"};
  form.facts.emplace();
  form.facts->birth_year = 1999;
  form.facts->citizenship = {"TJ"};
  form.facts->trafficking_scope = TraffickingScope::transnational;
  form.facts->indicators = Indicators{{"recruitment"}, {"deception"}, {"labour"}};
  form.facts->exploitation = {Exploitation::forced_labour};
  form.facts->exploitation_country = "RU";
  form.facts->guardian = Guardian{"A", "aunt", ""};
  form.sealed.emplace();
  form.sealed->narrative = FreeText{"en", "line one\nline two"};
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::oral_witnessed;
  form.consent.text_version = "consent/2026-1";
  form.consent.language = "tg";
  form.consent.date = "2026-11-20";
  form.consent.expires = "2027-11-20";
  form.consent.witness = "worker";
  form.consent.scope = {{{"kind:commission"}, {DisclosureTier::t1, DisclosureTier::t3}, {"help"}}};
  return form;
}

using Change = std::function<void(ReferralForm&)>;

// The place of the fault after one change; "" for none. Its bytes are refused in the same cases.
std::string fault_with(const Change& change) {
  ReferralForm form = good();
  change(form);
  const auto fault = find_fault(form);
  const auto parsed = parse_referral(encode(form));
  EXPECT_EQ(fault.has_value(), !parsed.has_value());
  if (parsed) {
    EXPECT_EQ(*parsed, form);
  } else {
    EXPECT_EQ(parsed.error().blame, Blame::peer);
  }
  return fault ? fault->path : "";
}

template <class Enum>
Enum code(unsigned value) {
  return static_cast<Enum>(value);
}

TEST(Referral, RoundTrips) {
  EXPECT_FALSE(find_fault(good()));
  const auto parsed = parse_referral(encode(good()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, good());
}

TEST(Referral, EveryCodeListRefusesWhatItDoesNotList) {
  for (const unsigned value : {0U, 200U}) {
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.urgency = code<Urgency>(value); }),
              "triage.urgency");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.sensitivity = code<Sensitivity>(value); }),
              "triage.sensitivity");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.services[1] = code<Service>(value); }),
              "triage.services[1]");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.age_band = code<AgeBand>(value); }),
              "triage.age_band");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.sex = code<Sex>(value); }), "triage.sex");
    EXPECT_EQ(fault_with([&](auto& f) {
                f.contact->safe_contact.method = code<SafeContactMethod>(value);
              }),
              "contact.safe_contact.method");
    EXPECT_EQ(fault_with([&](auto& f) { f.facts->exploitation = {code<Exploitation>(value)}; }),
              "case.exploitation[0]");
    EXPECT_EQ(
        fault_with([&](auto& f) { f.consent.scope[0].tiers = {code<DisclosureTier>(value)}; }),
        "consent.scope[0].tiers[0]");
  }
  EXPECT_EQ(fault_with([](auto& f) { f.contact->interpreter_sex = code<Sex>(9); }),
            "contact.interpreter_sex");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->trafficking_scope = code<TraffickingScope>(9); }),
            "case.trafficking_scope");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.given_by = code<ConsentGiver>(9); }),
            "consent.given_by");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.mode = code<ConsentMode>(9); }), "consent.mode");
}

TEST(Referral, FirstValuePastEachListIsUnknown) {
  const auto next = [](auto zero) {
    return code<decltype(zero)>(names_of(zero).back().value + 1U);
  };
  EXPECT_NE(fault_with([&](auto& f) { f.triage.urgency = next(Urgency{}); }), "");
  EXPECT_NE(fault_with([&](auto& f) { f.triage.services[0] = next(Service{}); }), "");
  EXPECT_NE(fault_with([&](auto& f) { f.triage.age_band = next(AgeBand{}); }), "");
  EXPECT_NE(fault_with([&](auto& f) { f.facts->exploitation[0] = next(Exploitation{}); }), "");
}

TEST(Referral, BadUtf8AndControlCharactersAreRefusedInEveryText) {
  for (const std::string& bad : {std::string("a\xff"), std::string("a\xc0\x80"),
                                 std::string("a\x1b[2J"), std::string("a\u202Eb")}) {
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.reason.note->text = bad; }),
              "triage.reason.note.text");
    EXPECT_EQ(fault_with([&](auto& f) { f.contact->alias = bad; }), "contact.alias");
    EXPECT_EQ(fault_with([&](auto& f) { f.contact->safe_contact.value = bad; }),
              "contact.safe_contact.value");
    EXPECT_EQ(fault_with([&](auto& f) { f.contact->pickup_place->text = bad; }),
              "contact.pickup_place.text");
    EXPECT_EQ(fault_with([&](auto& f) { f.facts->guardian->name = bad; }), "case.guardian.name");
    EXPECT_EQ(fault_with([&](auto& f) { f.sealed->narrative->text = bad; }),
              "sealed.narrative.text");
    EXPECT_EQ(fault_with([&](auto& f) { f.consent.witness = bad; }), "consent.witness");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.district = bad; }), "triage.district");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.requested_by = bad; }), "triage.requested_by");
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.languages[0] = bad; }), "triage.languages[0]");
  }
}

TEST(Referral, TextsAreBounded) {
  // 500 characters of two bytes each are 500 characters.
  std::string long_note;
  for (int i = 0; i < 500; ++i) {
    long_note += "ӣ";
  }
  EXPECT_EQ(fault_with([&](auto& f) { f.triage.reason.note->text = long_note; }), "");
  EXPECT_EQ(fault_with([&](auto& f) { f.triage.reason.note->text = long_note + "a"; }),
            "triage.reason.note.text");
  EXPECT_EQ(fault_with([](auto& f) { f.contact->alias = std::string(512, 'a'); }), "");
  EXPECT_EQ(fault_with([](auto& f) { f.contact->alias = std::string(513, 'a'); }), "contact.alias");
  constexpr std::size_t longest = limits::long_text_bytes_max;
  EXPECT_EQ(fault_with([](auto& f) { f.sealed->narrative->text = std::string(longest, 'a'); }), "");
  EXPECT_EQ(fault_with([](auto& f) { f.sealed->narrative->text = std::string(longest + 1, 'a'); }),
            "sealed.narrative.text");
}

TEST(Referral, ListsAreBoundedAndRepeatNothing) {
  EXPECT_EQ(fault_with([](auto& f) { f.triage.services.clear(); }), "triage.services");
  EXPECT_EQ(fault_with([](auto& f) { f.triage.services[1] = f.triage.services[0]; }),
            "triage.services[1]");
  EXPECT_EQ(fault_with([](auto& f) { f.triage.languages = {"tg", "tg"}; }), "triage.languages[1]");
  EXPECT_EQ(fault_with([](auto& f) { f.triage.languages.clear(); }), "triage.languages");
  const auto needs = [](std::size_t count) {
    return [count](ReferralForm& f) {
      for (std::size_t i = 0; i < count; ++i) {
        f.triage.access_needs.push_back("need_" + std::string(i, 'x'));
      }
    };
  };
  EXPECT_EQ(fault_with(needs(32)), "");
  EXPECT_EQ(fault_with(needs(33)), "triage.access_needs");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.scope.resize(33, f.consent.scope[0]); }),
            "consent.scope");
}

TEST(Referral, NumbersAndDatesAreBounded) {
  EXPECT_EQ(fault_with([](auto& f) { f.triage.dependants = 30; }), "");
  EXPECT_EQ(fault_with([](auto& f) { f.triage.dependants = 31; }), "triage.dependants");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->birth_year = 1899; }), "case.birth_year");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->birth_year = 2101; }), "case.birth_year");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->birth_date = "1999-01-01"; }), "case");
  for (const char* date : {"2026-13-01", "2026-00-10", "2026-01-32", "2026-1-1", "20260101", "",
                           "2026-02-30", "2025-02-29"}) {
    EXPECT_EQ(fault_with([&](auto& f) { f.consent.date = date; }), "consent.date") << date;
  }
  EXPECT_EQ(fault_with([](auto& f) { f.consent.expires = f.consent.date; }), "consent.expires");
}

TEST(Referral, CodesOfThePackAreWellFormed) {
  for (const char* bad : {"", "UPPER", "with space", "кирилл"}) {
    EXPECT_EQ(fault_with([&](auto& f) { f.triage.reason.code = bad; }), "triage.reason.code")
        << bad;
  }
  EXPECT_EQ(fault_with([](auto& f) { f.triage.district = "khujand"; }), "triage.district");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->citizenship = {"tj"}; }), "case.citizenship[0]");
  EXPECT_EQ(fault_with([](auto& f) { f.facts->recruitment_country = "TJK"; }),
            "case.recruitment_country");
}

TEST(Referral, ContactHasExactlyOneNameAndAWayToReach) {
  EXPECT_EQ(fault_with([](auto& f) { f.contact->name = "Somebody"; }), "contact");
  EXPECT_EQ(fault_with([](auto& f) { f.contact->alias.clear(); }), "contact");
  EXPECT_EQ(fault_with([](auto& f) { f.contact->safe_contact.value.clear(); }),
            "contact.safe_contact.value");
  EXPECT_EQ(fault_with([](auto& f) {
              f.contact->safe_contact.method = SafeContactMethod::do_not_contact;
              f.contact->safe_contact.value.clear();
            }),
            "");
}

TEST(Referral, ChildHasAGuardian) {
  const auto child = [](ReferralForm& f) { f.triage.age_band = AgeBand::from_15; };
  EXPECT_EQ(fault_with(child), "");
  EXPECT_EQ(fault_with([&](auto& f) {
              child(f);
              f.facts->guardian.reset();
            }),
            "case.guardian");
  EXPECT_EQ(fault_with([&](auto& f) {
              child(f);
              f.facts.reset();
            }),
            "case");
}

TEST(Referral, NeedsConsentOrACodedExceptionWithASecondApprover) {
  const auto exception = [](ReferralForm& f) {
    f.consent.given_by.reset();
    f.consent.exception = ConsentException::imminent_danger;
    f.consent.second_approver = "Second person";
  };
  EXPECT_EQ(fault_with(exception), "");
  EXPECT_EQ(fault_with([&](auto& f) {
              exception(f);
              f.consent.second_approver.clear();
            }),
            "consent.second_approver");
  EXPECT_EQ(fault_with([&](auto& f) {
              exception(f);
              f.consent.exception = code<ConsentException>(9);
            }),
            "consent.exception");
  EXPECT_EQ(fault_with([&](auto& f) {
              exception(f);
              f.consent.given_by = ConsentGiver::self;
            }),
            "consent");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.given_by.reset(); }), "consent");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.mode.reset(); }), "consent.mode");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.witness.clear(); }), "consent.witness");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.scope.clear(); }), "consent.scope");
  EXPECT_EQ(fault_with([](auto& f) { f.consent.scope[0].purposes.clear(); }), "consent.scope[0]");
}

TEST(Decision, RoundTripsAndKnowsItsReasons) {
  const Decision accepted;
  const Decision declined{DeclineReason::no_capacity, FreeText{"ru", "нет мест"}};
  EXPECT_EQ(parse_decision(encode(accepted)), accepted);
  EXPECT_EQ(parse_decision(encode(declined)), declined);
  EXPECT_FALSE(parse_decision(encode(Decision{code<DeclineReason>(14), {}})));
  EXPECT_FALSE(parse_decision(encode(Decision{DeclineReason::other, {}})));
  const Decision long_text{DeclineReason::other,
                           FreeText{"en", std::string(limits::string_bytes_max + 1, 'a')}};
  EXPECT_FALSE(parse_decision(encode(long_text)));
}

TEST(Note, RoundTripsWithinItsBound) {
  const NoteText note{{"en", std::string(limits::long_text_bytes_max, 'a')}};
  EXPECT_EQ(parse_note(encode(note)), note);
  EXPECT_FALSE(parse_note(encode(NoteText{{"en", note.text.text + "a"}})));
  EXPECT_FALSE(parse_note(encode(NoteText{{"en", ""}})));
  EXPECT_FALSE(parse_note(encode(NoteText{{"english", "text"}})));
  EXPECT_FALSE(parse_note(encode(NoteText{{"en", "bad \xff"}})));
}

TEST(Decision, MaySayAboutWhichReferral) {
  Decision decision;
  decision.about = Digest{};
  decision.about->bytes.fill(3);
  EXPECT_EQ(parse_decision(encode(decision)), decision);
  decision.about = Digest{};
  EXPECT_FALSE(parse_decision(encode(decision))) << "zeros name nothing";
}

// All that a kind needs, and with `more` all that it allows.
Particulars particulars_for(const Rule& rule, bool more) {
  const auto says = [&](Field field) {
    return rule.needed.has(field) || (more && rule.allowed.has(field));
  };
  Particulars said;
  if (says(Field::about)) {
    said.about = Digest{};
    said.about->bytes.fill(1);
  }
  if (says(Field::code)) {
    const auto codes = names_of(rule.codes);
    said.code = codes.empty() ? "of_the_pack" : codes.front().name;
  }
  if (says(Field::text)) {
    said.text = FreeText{"tg", "Салом"};
  }
  if (says(Field::until)) {
    said.until = {5};
  }
  if (says(Field::member)) {
    said.member = MemberId{};
    said.member->bytes.fill(2);
  }
  if (says(Field::outcome)) {
    said.outcome = rule.to.list().back();
  }
  if (says(Field::money)) {
    said.amount = 5'000;
    said.currency = "TJS";
  }
  return said;
}

template <class Use>
void for_each_with_particulars(Use&& use) {
  for (const Rule& rule : lifecycle()) {
    if (rule.body == BodyForm::particulars) {
      use(rule);
    }
  }
}

TEST(ParticularsOfEvents, RoundTripForEveryKindWithAllAndWithTheLeast) {
  for_each_with_particulars([](const Rule& rule) {
    for (const bool more : {false, true}) {
      const Particulars said = particulars_for(rule, more);
      EXPECT_FALSE(find_fault(said, rule.kind)) << rule.name;
      EXPECT_EQ(parse_particulars(encode(said), rule.kind), said) << rule.name;
    }
  });
}

TEST(ParticularsOfEvents, LackNothingThatTheirKindNeedsAndSayNothingThatItDoesNotKnow) {
  for_each_with_particulars([](const Rule& rule) {
    const Particulars least = particulars_for(rule, false);
    const auto fault_without = [&](Field field, auto&& change) {
      Particulars changed = least;
      change(changed);
      const bool refused = !parse_particulars(encode(changed), rule.kind);
      EXPECT_EQ(refused, rule.needed.has(field)) << rule.name << " without " << field_name(field);
    };
    fault_without(Field::about, [](Particulars& p) { p.about.reset(); });
    fault_without(Field::code, [](Particulars& p) { p.code.clear(); });
    fault_without(Field::text, [](Particulars& p) { p.text.reset(); });
    fault_without(Field::until, [](Particulars& p) { p.until = {}; });
    fault_without(Field::member, [](Particulars& p) { p.member.reset(); });
    fault_without(Field::outcome, [](Particulars& p) { p.outcome.reset(); });
    fault_without(Field::money, [](Particulars& p) { p.amount = 0; });
    const auto refused_with = [&](Field field, auto&& change) {
      Particulars changed = least;
      change(changed);
      const bool known = rule.needed.has(field) || rule.allowed.has(field);
      EXPECT_EQ(find_fault(changed, rule.kind).has_value(), !known)
          << rule.name << " with " << field_name(field);
    };
    refused_with(Field::about, [](Particulars& p) { p.about = Digest{}; });
    refused_with(Field::text, [](Particulars& p) { p.text = FreeText{"en", "words"}; });
    refused_with(Field::until, [](Particulars& p) { p.until = {9}; });
    refused_with(Field::member, [](Particulars& p) { p.member = MemberId{}; });
  });
}

TEST(ParticularsOfEvents, HaveCodesOfTheirListOutcomesOfTheirKindAndBoundedTexts) {
  const auto refused = [](EventKind kind, auto&& change) {
    Particulars said = particulars_for(*find_rule(kind), true);
    change(said);
    return find_fault(said, kind).has_value();
  };
  EXPECT_TRUE(refused(EventKind::case_close, [](auto& p) { p.code = "because"; }));
  EXPECT_TRUE(refused(EventKind::status_refuse, [](auto& p) {
    p.code = "other";
    p.text.reset();
  })) << "other needs words";
  EXPECT_TRUE(refused(EventKind::case_reopen, [](auto& p) { p.code = "Two Words"; }));
  EXPECT_TRUE(refused(EventKind::appeal_outcome, [](auto& p) { p.outcome = State::confirmed; }));
  EXPECT_TRUE(refused(EventKind::appeal_outcome, [](auto& p) { p.outcome = code<State>(255); }));
  EXPECT_TRUE(refused(EventKind::info_request, [](auto& p) {
    p.text->text = std::string(limits::string_bytes_max + 1, 'a');
  }));
  EXPECT_TRUE(refused(EventKind::info_request, [](auto& p) { p.text->language = "english"; }));
  EXPECT_TRUE(refused(EventKind::fund_request, [](auto& p) { p.amount = UINT64_MAX; }));
  EXPECT_TRUE(refused(EventKind::fund_request, [](auto& p) { p.currency = "tjs"; }));
  EXPECT_TRUE(find_fault(Particulars{}, EventKind::case_note)) << "a note has a form of its own";
  EXPECT_TRUE(find_fault(Particulars{}, EventKind::consent_give)) << "not carried yet";
}

TEST(FormBytes, OfOneKindAreNoOther) {
  EXPECT_FALSE(parse_note(encode(good())));
  EXPECT_FALSE(parse_decision(encode(good())));
  EXPECT_FALSE(parse_referral(encode(Decision{})));
}

TEST(FormBytes, FlippedAndTruncatedOnesAreRefusedOrKeepTheRules) {
  const Bytes bytes = encode(good());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const std::uint8_t mask : {std::uint8_t{0x01}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
      Bytes flipped = bytes;
      flipped[at] ^= mask;
      const auto parsed = parse_referral(flipped);
      ASSERT_TRUE(!parsed || !find_fault(*parsed)) << at;
    }
    const auto cut = parse_referral(ByteView(bytes).first(at));
    ASSERT_TRUE(!cut || !find_fault(*cut)) << at;
  }
}

TEST(FormBytes, AreBounded) {
  const auto too_large = parse_referral(Bytes(limits::body_bytes_max + 1));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Code::too_large);
}

}  // namespace
}  // namespace hamroh
