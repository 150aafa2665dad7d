// Commitments to the later tiers of a form, and what opens them.

#include "protocol/disclosure.h"

#include <gtest/gtest.h>

#include "protocol/wire_form.h"

namespace hamroh {
namespace {

using enum FormField;
using enum DisclosureTier;

constexpr Timestamp noon_of_20_november{1'795'176'000'000};

ReferralForm whole() {
  ReferralForm form;
  form.triage = {Urgency::normal,
                 Sensitivity::high,
                 {Service::shelter},
                 {"returned", {}},
                 AgeBand::from_25,
                 Sex::female,
                 {"tg"},
                 "TJ-SU-KHUJAND",
                 0,
                 {},
                 "self"};
  form.contact = Contact{"",
                         "Zarina",
                         {SafeContactMethod::phone, "+992", "18-20", "aunt", true},
                         Sex::female,
                         FreeText{"ru", "вокзал"}};
  form.facts = CaseFacts{1999,
                         "",
                         {"TJ"},
                         {"passport"},
                         TraffickingScope::transnational,
                         Indicators{{"recruitment"}, {"deception"}, {"labour"}},
                         {Exploitation::forced_labour, Exploitation::servitude},
                         "TJ",
                         "RU",
                         {"food"},
                         {"threats"},
                         Guardian{"A", "aunt", ""}};
  form.sealed =
      SealedFacts{FreeText{"en", "ill"}, FreeText{"en", "a long story"}, FreeText{"en", "a man"}};
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/1";
  form.consent.language = "tg";
  form.consent.date = "2026-11-20";
  form.consent.scope = {{{"kind:commission", "kind:provider"}, {t1, t2, t3, t4}, {"help"}}};
  return form;
}

TierSeeds seeds(std::uint8_t first = 1) {
  TierSeeds all;
  for (TierSeed& seed : all) {
    seed.bytes.fill(first++);
  }
  return all;
}

Disclosure opened(FormFields fields, const ReferralForm& form = whole()) {
  Disclosure disclosure = disclose(form, seeds(), fields);
  disclosure.about.bytes.fill(7);
  disclosure.referral.bytes.fill(8);
  return disclosure;
}

Code code_of(const Disclosure& disclosure, const ReferralForm& form = whole()) {
  const auto checked = check(disclosure, commit(form, seeds()));
  return checked ? Code::none : checked.error().code;
}

const FormFields everything = fields_of({t2, t3, t4});

TEST(Disclosure, TheFirstPartHasTriageAndConsentAndNothingElse) {
  const ReferralForm first = first_part(whole());
  EXPECT_EQ(first.triage, whole().triage);
  EXPECT_EQ(first.consent, whole().consent);
  EXPECT_FALSE(first.contact || first.facts || first.sealed);
  EXPECT_EQ(first.committed, everything);
  EXPECT_FALSE(find_fault(first));
}

TEST(Disclosure, AChildsFirstPartIsValidWithoutTheGuardianThatItIsCommittedTo) {
  ReferralForm child = whole();
  child.triage.age_band = AgeBand::from_6;
  EXPECT_FALSE(find_fault(first_part(child)));
  ReferralForm careless = first_part(child);
  careless.committed = {};
  EXPECT_TRUE(find_fault(careless));
}

TEST(Disclosure, AllTiersTogetherMakeTheWholeFormAgain) {
  const auto checked = check(opened(everything), commit(whole(), seeds()));
  ASSERT_TRUE(checked);
  ReferralForm form = first_part(whole());
  checked->merge_into(form);
  EXPECT_EQ(form, whole());
}

TEST(Disclosure, EveryFieldByItselfIsProvablyTheOneFirstCommitted) {
  ReferralForm form = first_part(whole());
  for (const FormField field : everything.list()) {
    const Disclosure disclosure = opened({field});
    ASSERT_EQ(disclosure.openings.size(), 1u);
    EXPECT_FALSE(disclosure.openings[0].seed);
    const auto parsed = parse_disclosure(encode(disclosure));
    ASSERT_TRUE(parsed) << name_of(field);
    EXPECT_EQ(*parsed, disclosure);
    const auto checked = check(*parsed, commit(whole(), seeds()));
    ASSERT_TRUE(checked) << name_of(field);
    EXPECT_EQ(checked->fields(), FormFields{field});
    checked->merge_into(form);
    EXPECT_FALSE(find_fault(form)) << name_of(field);
  }
  EXPECT_EQ(form, whole());
}

TEST(Disclosure, AnotherValueOfAnyFieldIsRefused) {
  ReferralForm other = whole();
  other.contact = Contact{"Name",
                          "",
                          {SafeContactMethod::messenger, "+1", "", "", false},
                          Sex::male,
                          FreeText{"ru", "рынок"}};
  other.facts = CaseFacts{2000,
                          "2000-01-01",
                          {"UZ"},
                          {},
                          TraffickingScope::internal,
                          Indicators{{}, {}, {}},
                          {Exploitation::sexual},
                          "UZ",
                          "KZ",
                          {},
                          {},
                          Guardian{"A", "aunt", "x"}};
  other.sealed = SealedFacts{{}, FreeText{"ru", "a long story"}, FreeText{"en", "a man."}};
  for (const FormField field : everything.list()) {
    EXPECT_EQ(code_of(opened({field}, other)), Code::commitment_mismatch) << name_of(field);
  }
}

TEST(Disclosure, AValueThatNoOpeningCoversIsRefused) {
  Disclosure disclosure = opened({contact_alias});
  disclosure.values.sealed.narrative = FreeText{"en", "smuggled"};
  EXPECT_EQ(code_of(disclosure), Code::commitment_mismatch);
  disclosure = opened({contact_alias});
  disclosure.values.contact.name = "smuggled";
  EXPECT_EQ(code_of(disclosure), Code::commitment_mismatch);
}

TEST(Disclosure, OpensNothingOfWhatWasNotCommittedTo) {
  const Disclosure disclosure = opened({contact_alias});
  EXPECT_FALSE(check(disclosure, {}));
  EXPECT_FALSE(check(disclosure, commit(whole(), seeds(40))));
  std::vector<Commitment> only_t4 = commit(whole(), seeds());
  only_t4.erase(only_t4.begin(), only_t4.begin() + 2);
  EXPECT_FALSE(check(disclosure, only_t4));
}

TEST(Disclosure, AnyFlippedBitIsRefusedOrChangesNothing) {
  for (const FormFields fields :
       {everything, FormFields{contact_alias, sealed_narrative, case_guardian}}) {
    const Disclosure disclosure = opened(fields);
    const Bytes bytes = encode(disclosure);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      Bytes bent = bytes;
      bent[i / 8] ^= static_cast<std::uint8_t>(1U << i % 8);
      const auto parsed = parse_disclosure(bent);
      if (!parsed || !check(*parsed, commit(whole(), seeds()))) {
        ++refused;
        continue;
      }
      // Padding of the wire form; or which referral it says it is about, which others look at.
      EXPECT_EQ(parsed->openings, disclosure.openings) << i;
      EXPECT_EQ(parsed->values, disclosure.values) << i;
    }
    EXPECT_GT(refused, bytes.size() * 5);
  }
}

TEST(Disclosure, WhatIsWithheldShowsNeitherItsValueNorWhetherThereIsOne) {
  ReferralForm silent = whole();
  silent.sealed->health.reset();
  const Disclosure with = opened({sealed_narrative});
  const Disclosure without = opened({sealed_narrative}, silent);
  EXPECT_EQ(encode(with).size(), encode(without).size());
  EXPECT_EQ(with.openings[0].salts, without.openings[0].salts);
  EXPECT_NE(with.openings[0].leaves, without.openings[0].leaves);
  ReferralForm bare = first_part(whole());
  bare.committed = {};
  const auto commitments = commit(bare, seeds());
  ASSERT_EQ(commitments.size(), 3u);
  for (std::size_t i = 0; i < commitments.size(); ++i) {
    EXPECT_EQ(commitments[i].tier, commit(whole(), seeds())[i].tier);
  }
}

TEST(Disclosure, TheSameFormUnderAnotherSeedHasAnotherCommitment) {
  const auto one = commit(whole(), seeds(1));
  const auto other = commit(whole(), seeds(40));
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_NE(one[i].root, other[i].root);
  }
}

TEST(Disclosure, AnOpeningThatFitsNoTierIsRefused) {
  const auto bent = [](const std::function<void(TierOpening&)>& change) {
    Disclosure disclosure = opened({sealed_narrative});
    change(disclosure.openings[0]);
    return code_of(disclosure);
  };
  EXPECT_EQ(bent([](TierOpening&) {}), Code::none);
  const auto mismatch = Code::commitment_mismatch;
  EXPECT_EQ(bent([](TierOpening& one) { one.tier = t2; }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.tier = t1; }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.salts.clear(); }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.leaves.pop_back(); }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.leaves.emplace_back(); }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.seed.emplace(); }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { one.fields |= {contact_name}; }), mismatch);
  EXPECT_EQ(bent([](TierOpening& one) { std::swap(one.leaves[0], one.leaves[1]); }), mismatch);
}

TEST(Disclosure, LargeFormsFitABodyWhateverOfThemIsDisclosed) {
  ReferralForm large = whole();
  large.sealed->narrative->text = std::string(limits::long_text_bytes_max, 'x');
  large.sealed->health->text.assign(
      limits::referral_bytes_max - encode(large).size() + large.sealed->health->text.size() - 8,
      'y');
  ASSERT_LE(encode(large).size(), limits::referral_bytes_max);
  ASSERT_GE(encode(large).size() + 64, limits::referral_bytes_max);
  for (const FormFields fields :
       {everything,
        everything - FormFields{contact_name, case_guardian, sealed_alleged_perpetrator},
        fields_of(t4), FormFields{sealed_narrative, sealed_health}}) {
    EXPECT_TRUE(parse_disclosure(encode(opened(fields, large))));
  }
}

// ---- status files

StatusFile status_file() {
  StatusFile file;
  file.indicators = Indicators{{"recruitment"}, {}, {"forced_labour"}};
  file.evidence = {{"passport_copy", FreeText{"en", "page 4"}, {}}, {"scan", {}, Digest{{7}}}};
  file.certificate = "SU-2026-0114";
  return file;
}

TEST(StatusFile, IsOpenedByItsSeedAndByNothingElse) {
  const TierSeed seed{{3}};
  const Commitment committed{5, commit(status_file(), seed)};
  const std::span<const Commitment> all(&committed, 1);
  const Disclosure opened = disclose(status_file(), seed);
  const auto good = check(opened, all);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->status_file(), status_file());
  EXPECT_EQ(good->fields(), fields_of(s));
  EXPECT_FALSE(check(disclose(status_file(), TierSeed{{4}}), all));
  EXPECT_FALSE(check(opened, {})) << "committed to nowhere";
  const Commitment of_t4{4, committed.root};
  EXPECT_FALSE(check(opened, std::span(&of_t4, 1)));
}

TEST(StatusFile, EveryPartOfItIsUnderTheCommitment) {
  const TierSeed seed{{3}};
  const Commitment committed{5, commit(status_file(), seed)};
  const auto changed = [&](const std::function<void(StatusFile&)>& change) {
    Disclosure disclosure = disclose(status_file(), seed);
    change(disclosure.values.status);
    return check(disclosure, std::span(&committed, 1)).has_value();
  };
  EXPECT_TRUE(changed([](StatusFile&) {}));
  EXPECT_FALSE(changed([](StatusFile& file) { file.indicators->means = {"deception"}; }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.indicators.reset(); }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.certificate = "SU-2026-0115"; }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.evidence.pop_back(); }));
  EXPECT_FALSE(changed([](StatusFile& file) { std::swap(file.evidence[0], file.evidence[1]); }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.evidence[0].text->text = "page 5"; }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.evidence[1].file = Digest{{8}}; }));
  EXPECT_FALSE(changed([](StatusFile& file) { file.evidence[1].file.reset(); }));
}

TEST(StatusFile, SurvivesItsWireFormAndHasBounds) {
  EXPECT_EQ(parse_status_file(encode(status_file())).value(), status_file());
  const Disclosure opened = disclose(status_file(), TierSeed{{3}});
  Disclosure sent = opened;
  sent.about.bytes.fill(1);
  sent.referral.bytes.fill(2);
  EXPECT_EQ(parse_disclosure(encode(sent)).value(), sent);
  EXPECT_FALSE(parse_status_file(encode(StatusFile{}))) << "it says nothing";
  StatusFile many = status_file();
  many.evidence.resize(limits::evidence_max + 1, many.evidence[0]);
  EXPECT_FALSE(parse_status_file(encode(many)));
  StatusFile bad = status_file();
  bad.evidence[0].code = "Not A Code";
  EXPECT_EQ(find_fault(bad)->path, "evidence[0].code");
  bad = status_file();
  bad.certificate = "two\nlines";
  EXPECT_EQ(find_fault(bad)->path, "certificate");
}

// ---- who gets what

TEST(Grants, ServicesGetContactAndCaseFactsOnceTheyHaveAccepted) {
  for (const MemberKind kind : {MemberKind::ngo, MemberKind::provider}) {
    EXPECT_EQ(granted(kind, Occasion::emergency), fields_of(t2));
    EXPECT_EQ(granted(kind, Occasion::accepted), fields_of({t2, t3}));
    EXPECT_EQ(granted(kind, Occasion::by_hand), fields_of({t2, t3}) | FormFields{sealed_health});
  }
}

TEST(Grants, AClinicGetsContactAndHealthAndNothingOfTheCase) {
  EXPECT_EQ(granted(MemberKind::clinic, Occasion::emergency), fields_of(t2));
  for (const Occasion occasion : {Occasion::accepted, Occasion::by_hand}) {
    EXPECT_EQ(granted(MemberKind::clinic, occasion), fields_of(t2) | FormFields{sealed_health});
  }
}

TEST(Grants, TheCommissionGetsIdentityFactsAndEvidenceAndHealthOnlyByHand) {
  const FormFields identity{contact_name, contact_alias};
  EXPECT_EQ(granted(MemberKind::commission, Occasion::emergency), identity);
  EXPECT_EQ(granted(MemberKind::commission, Occasion::accepted),
            identity | fields_of(t3) | FormFields({sealed_narrative, sealed_alleged_perpetrator}));
  EXPECT_EQ(granted(MemberKind::commission, Occasion::by_hand), everything);
}

TEST(Grants, TheMinistryGetsTheIdentityOnlyAndNobodyElseAnything) {
  const FormFields identity{contact_name, contact_alias};
  EXPECT_TRUE(granted(MemberKind::ministry, Occasion::emergency).empty());
  EXPECT_EQ(granted(MemberKind::ministry, Occasion::by_hand), identity);
  for (const MemberKind kind : {MemberKind::appeal_body, MemberKind::relief_fund,
                                MemberKind::oversight, MemberKind::relay, MemberKind{99}}) {
    for (const Occasion occasion : {Occasion::emergency, Occasion::accepted, Occasion::by_hand}) {
      EXPECT_TRUE(granted(kind, occasion).empty());
    }
  }
}

TEST(Grants, AStatusFileIsForWhoDecidesOnAStatus) {
  for (const MemberKind kind :
       {MemberKind::ngo, MemberKind::provider, MemberKind::clinic, MemberKind::ministry,
        MemberKind::relief_fund, MemberKind::oversight, MemberKind::relay}) {
    EXPECT_TRUE(granted(kind, Occasion::decided).empty());
  }
  for (const MemberKind kind : {MemberKind::commission, MemberKind::appeal_body}) {
    EXPECT_EQ(granted(kind, Occasion::decided), fields_of(s));
    for (const Occasion other : {Occasion::emergency, Occasion::accepted, Occasion::by_hand}) {
      EXPECT_TRUE((granted(kind, other) & fields_of(s)).empty());
    }
  }
}

TEST(Grants, AreHeldToTheConsentAndToItsTime) {
  Consent consent = whole().consent;
  consent.scope = {{{"kind:provider"}, {t1, t2}, {"help"}}};
  const ConsentRecipient shelter{{}, MemberKind::provider};
  const ConsentRecipient commission{{}, MemberKind::commission};
  EXPECT_EQ(granted(consent, shelter, Occasion::accepted, noon_of_20_november), fields_of(t2));
  EXPECT_TRUE(granted(consent, commission, Occasion::accepted, noon_of_20_november).empty());
  consent.expires = "2026-11-21";
  EXPECT_TRUE(granted(consent, shelter, Occasion::accepted, noon_of_20_november + days(2)).empty());
}

TEST(FormFields, BitsOfFieldsNotKnownHereAreLeftOut) {
  const FormFields known = everything | fields_of(s);
  EXPECT_EQ(FormFields::from_bits(~std::uint64_t{0}), known);
  EXPECT_EQ(FormFields::from_bits(1), FormFields{});
  for (const FormField field : known.list()) {
    EXPECT_EQ(parse_code<FormField>(name_of(field)), field);
    EXPECT_TRUE(fields_of(tier_of(field)).has(field));
  }
}

}  // namespace
}  // namespace hamroh
