#include "protocol/pack.h"

#include <gtest/gtest.h>
#include <fstream>
#include <sstream>

#include "protocol/crypto.h"
#include "protocol/pack_file.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(std::string(HAMROH_SOURCE) + "/" + path).rdbuf();
  return text.str();
}

const std::string& example() {
  static const std::string text = read("deploy/packs/example/pack.toml");
  return text;
}
const std::string& tajikistan() {
  static const std::string text = read("deploy/packs/tajikistan/pack.toml");
  return text;
}

std::string told(const std::vector<PackMistake>& mistakes) {
  std::string all;
  for (const PackMistake& mistake : mistakes) {
    all += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " +
           mistake.what + "; " + mistake.remedy + "\n";
  }
  return all;
}

std::vector<PackMistake> mistakes_of(std::string_view toml) {
  auto pack = read_pack(toml);
  return pack ? std::vector<PackMistake>{} : pack.error();
}

// The example with one text in place of another, which must stand there.
std::string changed(const std::string& from, const std::string& to,
                    const std::string& toml = example()) {
  const std::size_t at = toml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? toml : toml.substr(0, at) + to + toml.substr(at + from.size());
}

std::uint32_t lines_in(const std::string& text) {
  return static_cast<std::uint32_t>(std::ranges::count(text, '\n'));
}
std::uint32_t line_of(const std::string& toml, const std::string& text) {
  return 1 + lines_in(toml.substr(0, toml.find(text)));
}

// Exactly one mistake, in the lines that were changed, that says `what`.
void expect_one(const std::string& from, const std::string& to, const std::string& what) {
  const std::string toml = changed(from, to);
  const auto mistakes = mistakes_of(toml);
  ASSERT_EQ(mistakes.size(), 1U) << to << "\n" << told(mistakes);
  const std::uint32_t first = line_of(example(), from);
  EXPECT_GE(mistakes[0].line, first) << told(mistakes);
  EXPECT_LE(mistakes[0].line, first + lines_in(to)) << told(mistakes);
  EXPECT_GE(mistakes[0].column, 1U);
  EXPECT_NE(mistakes[0].what.find(what), std::string::npos) << told(mistakes);
  EXPECT_FALSE(mistakes[0].remedy.empty());
}

Pack parsed(const std::string& toml) {
  auto pack = read_pack(toml);
  EXPECT_TRUE(pack) << (pack ? "" : told(pack.error()));
  return pack ? *pack : Pack{};
}

TEST(Pack, TheExampleIsAllSet) {
  const Pack pack = parsed(example());
  EXPECT_EQ(pack.id, "example/2026-1");
  EXPECT_EQ(pack.valid_from, (Date{2026, 12, 1}));
  EXPECT_EQ(start_of(pack.valid_from, pack.calendar), Timestamp{1'796'065'200'000});
  for (const PackGap& gap : unset_of(pack)) {
    ADD_FAILURE() << gap.path << ": " << gap.missing;
  }
  EXPECT_EQ(pack.clock(Clock::receipt).of(Urgency::normal),
            (Period{Period::Unit::working_days, 1}));
  EXPECT_EQ(pack.clock(Clock::appeal).of(Urgency::emergency), (Period{Period::Unit::months, 1}));
  EXPECT_EQ(pack.clock(Clock::status_decision).pauses_during, Clock::information);
  EXPECT_EQ(pack.status_votes, (Votes{3, 5}));
  ASSERT_TRUE(pack.fund);
  EXPECT_EQ(pack.fund->steps.size(), 2U);
  EXPECT_EQ(pack.codes_of(PackList::act).front().code, "recruitment");  // the order of the file
}

TEST(Pack, TajikistanHasNoNumberThatOnlyTheLawSays) {
  const Pack pack = parsed(tajikistan());
  for (const CodeName& name : names_of(Clock{})) {
    const Clock clock = static_cast<Clock>(name.value);
    for (const Urgency urgency : {Urgency::emergency, Urgency::urgent, Urgency::normal}) {
      EXPECT_EQ(pack.clock(clock).of(urgency).has_value(), !is_statutory(clock)) << name.name;
    }
  }
  EXPECT_FALSE(pack.status_votes || pack.appeal_votes || pack.pre_status.available);
  EXPECT_FALSE(pack.retention.closed_case || pack.retention.withdrawn_consent);
  std::string gaps;
  for (const PackGap& gap : unset_of(pack)) {
    gaps += gap.path + "\n";
  }
  for (const char* path : {"clocks.status_decision.normal", "clocks.confirmation.emergency",
                           "clocks.appeal_decision.urgent", "status.votes", "pre_status.available",
                           "retention.closed_case", "calendar.known_until", "bodies.appeal_body"}) {
    EXPECT_NE(gaps.find(path), std::string::npos) << path;
  }
}

TEST(Pack, TheSampleFormsUseOnlyCodesOfThePackForTajikistan) {
  const Pack pack = parsed(tajikistan());
  for (const char* name : {"child-ru", "emergency-tg", "returnee-ru", "urgent-adult-en"}) {
    const auto form = parse_form_json(read(std::string("deploy/forms/") + name + ".json"));
    ASSERT_TRUE(form) << name;
    const auto fault = find_fault(*form, pack);
    EXPECT_FALSE(fault) << name << ": " << fault->path << " " << fault->found;
  }
}

TEST(Pack, AFormWithACodeThatThePackDoesNotHaveIsTold) {
  const Pack pack = parsed(tajikistan());
  const auto sample = parse_form_json(read("deploy/forms/urgent-adult-en.json"));
  ASSERT_TRUE(sample);
  const auto fault_after = [&](const std::function<void(ReferralForm&)>& change) {
    ReferralForm form = *sample;
    change(form);
    const auto fault = find_fault(form, pack);
    return fault ? fault->path : "";
  };
  EXPECT_EQ(fault_after([](ReferralForm&) {}), "");
  EXPECT_EQ(fault_after([](ReferralForm& form) { form.triage.reason.code = "no_such"; }),
            "triage.reason.code");
  EXPECT_EQ(fault_after([](ReferralForm& form) { form.triage.district = "TJ-SU-ATLANTIS"; }),
            "triage.district");
  EXPECT_EQ(fault_after([](ReferralForm& form) { form.facts->indicators->means = {"magic"}; }),
            "case.indicators.means[0]");
  EXPECT_EQ(fault_after([](ReferralForm& form) { form.consent.text_version = "consent/1"; }),
            "consent.text_version");
  EXPECT_EQ(fault_after([](ReferralForm& form) { form.consent.scope[0].purposes[1] = "news"; }),
            "consent.scope[0].purposes[1]");
}

TEST(Pack, EveryCodeAndDistrictFitsTheForm) {
  for (const std::string& toml : {example(), tajikistan()}) {
    const Pack pack = parsed(toml);
    auto form = parse_form_json(read("deploy/forms/urgent-adult-en.json"));
    ASSERT_TRUE(form);
    for (const District& district : pack.districts) {
      form->triage.district = district.code;
      EXPECT_FALSE(find_fault(*form)) << district.code;
    }
    for (const std::vector<PackCode>& list : pack.codes) {
      for (const PackCode& code : list) {
        form->triage.reason.code = code.code;
        EXPECT_FALSE(find_fault(*form)) << code.code;
      }
    }
  }
}

TEST(Pack, TheTextsBesideThePackAreTheOnesThatItNames) {
  for (const char* folder : {"example", "tajikistan"}) {
    const std::string place = std::string("deploy/packs/") + folder;
    const Pack pack = parsed(read(place + "/pack.toml"));
    ASSERT_EQ(pack.texts.size(), 1U);
    for (const CodeName& language : names_of(Language{})) {
      const std::string text = read(place + "/consent-2026-1." + language.name + ".txt");
      EXPECT_EQ(crypto::sha256({view(text)}), pack.texts[0].sha256.at(language.value - 1U))
          << folder << language.name;
    }
  }
}

TEST(Pack, ADistrictBelongsToTheBodyThatHasItOrWhatContainsIt) {
  const Pack pack = parsed(example());
  const auto body = [&pack](BodyRole role, const char* district) {
    const Body* found = body_for(pack, role, district);
    return found == nullptr ? "" : found->code;
  };
  EXPECT_EQ(body(BodyRole::commission, "XX-NORTH-HARBOUR"), "commission_north");
  EXPECT_EQ(body(BodyRole::commission, "XX-SOUTH-BORDER"), "commission_border");
  EXPECT_EQ(body(BodyRole::commission, "XX-SOUTH"), "");
  EXPECT_EQ(body(BodyRole::appeal_body, "XX-SOUTH-BORDER"), "appeal_board");
  EXPECT_EQ(body(BodyRole::police, "XX-NORTH"), "");
  EXPECT_EQ(body(BodyRole::commission, "YY"), "");
}

TEST(Pack, ADistrictThatNobodyDecidesForIsAGapNotAMistake) {
  const std::string toml = changed("commission_market", "# commission_market");
  const auto gaps = unset_of(parsed(toml));
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].path, "bodies.commission");
  EXPECT_EQ(gaps[0].district, "XX-SOUTH-MARKET");
  EXPECT_NE(gaps[0].missing.find("XX-SOUTH-MARKET"), std::string::npos);
}

TEST(Pack, EveryMistakeIsToldWithItsLine) {
  std::string toml = changed("normal = \"4 h\"", "normal = \"0 h\"");
  toml = changed("tg = \"Бандар\"", "ug = \"Бандар\"", toml);
  toml = changed("within = \"XX-SOUTH\"", "within = \"XX-WEST\"", toml);
  toml = changed("needed = 3, of = 5", "needed = 2, of = 5", toml);
  toml = changed("referrals = 200", "referrals = \"many\"", toml);
  const auto mistakes = mistakes_of(toml);
  const std::string all = told(mistakes);
  ASSERT_EQ(mistakes.size(), 6U) << all;
  EXPECT_NE(all.find("clocks.delivery.normal must be more than zero"), std::string::npos) << all;
  EXPECT_NE(all.find("districts.XX-NORTH-HARBOUR.ug is not known"), std::string::npos) << all;
  EXPECT_NE(all.find("has no label in tg"), std::string::npos) << all;
  EXPECT_NE(all.find("XX-WEST"), std::string::npos) << all;
  EXPECT_NE(all.find("two opposite decisions"), std::string::npos) << all;
  EXPECT_NE(all.find("quotas.referrals must be a whole number"), std::string::npos) << all;
  EXPECT_TRUE(std::ranges::is_sorted(mistakes, {}, &PackMistake::line));
}

TEST(Pack, WhatIsMissingOrUnknownIsRefused) {
  expect_one("id = \"example/2026-1\"", "idd = \"example/2026-1\"\nid = \"example/2026-1\"",
             "idd is not known");
  expect_one("emergencies = 50", "emergencies = 50\nlast = 1", "quotas");
  EXPECT_NE(
      told(mistakes_of(changed("emergencies = 50\n", ""))).find("quotas.emergencies is missing"),
      std::string::npos);
  EXPECT_NE(told(mistakes_of("")).find("clocks is missing"), std::string::npos);
  expect_one("format = \"pack/1\"", "format = \"pack/2\"", "format is not pack/1");
  expect_one("jurisdiction = \"XX\"", "jurisdiction = 7", "jurisdiction must be a text");
}

TEST(Pack, WhatStandsTwiceIsRefused) {
  expect_one("messages = 2000", "messages = 2000\nmessages = 2001", "");
  EXPECT_EQ(mistakes_of(changed("[\"referral/1\"]", "[\"referral/1\", \"referral/1\"]")).size(),
            2U);
  expect_one("threat = {", "threat = {en = \"a\", ru = \"b\", tg = \"c\"}\nthreat = {", "");
  expect_one("XX-SOUTH = {", "XX-SOUTH = {en = \"a\", ru = \"b\", tg = \"c\"}\nXX-SOUTH = {", "");
}

TEST(Pack, ClocksThatCannotRunAreRefused) {
  expect_one("urgent = \"8 h\"", "urgent = \"-8 h\"", "more than zero");
  expect_one("urgent = \"8 h\"", "urgent = \"unset\"", "cannot be unset");
  expect_one("urgent = \"8 h\"", "urgent = \"8 hrs\"", "not a time");
  expect_one("urgent = \"8 h\"", "urgent = 8", "not a time");
  expect_one("normal = \"30 days\"", "normal = \"4000 days\"", "too long");
  expect_one("urgent = \"8 h\"", "urgent = \"9 days\"", "less urgent");
  expect_one("first_help = {emergency = \"24 h\"", "first_help = {emergency = \"1 working day\"",
             "does not wait");
  expect_one("normal = \"5 working days\"}\nfund",
             "normal = \"5 working days\", pauses_during = \"information\"}\nfund", "circle");
  expect_one("appeal = {every = \"1 month\"", "appeal = {every = \"0 months\"", "more than zero");
  expect_one("confirmation = {every = \"10 working days\"",
             "confirmation = {every = \"10 working days\", pauses_during = \"lunch\"",
             "is not known here");
  expect_one("confirmation = {every = \"10 working days\"",
             "confirmation = {every = \"10 working days\", pauses_during = \"confirmation\"",
             "circle");
}

TEST(Pack, ClocksThatPauseForEachOtherAreRefused) {
  std::string toml = changed("confirmation = {every = \"10 working days\"",
                             "confirmation = {every = \"10 working days\", "
                             "pauses_during = \"appeal_decision\"");
  toml = changed("appeal_decision = {every = \"30 days\", pauses_during = \"information\"",
                 "appeal_decision = {every = \"30 days\", pauses_during = \"confirmation\"", toml);
  const auto mistakes = mistakes_of(toml);
  ASSERT_EQ(mistakes.size(), 2U) << told(mistakes);
  EXPECT_NE(mistakes[0].what.find("circle"), std::string::npos);
  EXPECT_NE(mistakes[1].what.find("circle"), std::string::npos);
}

TEST(Pack, AClockDoesNotWaitForOneThatIsUnset) {
  std::string toml =
      changed("confirmation = {every = \"10 working days\"}", "confirmation = {every = \"unset\"}");
  toml = changed("status_decision = {every = \"20 working days\", pauses_during = \"information\"",
                 "status_decision = {every = \"20 working days\", pauses_during = \"confirmation\"",
                 toml);
  const auto mistakes = mistakes_of(toml);
  ASSERT_EQ(mistakes.size(), 1U) << told(mistakes);
  EXPECT_NE(mistakes[0].what.find("without end"), std::string::npos);
  // A time in months does not pause either; both urgencies of "every" are told in one place.
  const auto months = mistakes_of(changed("appeal = {every = \"1 month\"",
                                          "appeal = {every = \"1 month\", pauses_during = "
                                          "\"information\""));
  ASSERT_EQ(months.size(), 1U) << told(months);
  EXPECT_NE(months[0].what.find("months cannot pause"), std::string::npos);
}

TEST(Pack, OverlappingDistrictsAreRefused) {
  expect_one("districts = [\"XX-SOUTH-MARKET\"]", "districts = [\"XX-SOUTH-BORDER\"]",
             "has a body of this role already");
  expect_one("districts = [\"XX-SOUTH-MARKET\"]", "districts = [\"XX-NORTH-HARBOUR\"]",
             "lies within");
  expect_one("districts = [\"XX-SOUTH-MARKET\"]", "districts = [\"XX-EAST\"]",
             "is not a district of this pack");
  expect_one("districts = [\"XX-SOUTH-MARKET\"]", "districts = []", "has no district");
  expect_one("role = \"oversight\"", "role = \"king\"", "is not known here");
  expect_one("XX-SOUTH-BORDER = {",
             "YY-SOUTH = {en = \"a\", ru = \"b\", tg = \"c\"}\n"
             "XX-SOUTH-BORDER = {",
             "not a district code");
}

TEST(Pack, AnAppealIsNotDecidedByWhoDecidedFirst) {
  const std::string member = "member = \"0193a5c2-7b41-7000-8000-000000000001\", ";
  std::string toml = changed("role = \"commission\", ", "role = \"commission\", " + member);
  EXPECT_TRUE(mistakes_of(toml).empty());
  toml = changed("role = \"appeal_body\", ", "role = \"appeal_body\", " + member, toml);
  const auto mistakes = mistakes_of(toml);
  ASSERT_EQ(mistakes.size(), 1U) << told(mistakes);
  EXPECT_NE(mistakes[0].what.find("on appeal"), std::string::npos);
  expect_one("role = \"ministry\", ", "role = \"ministry\", member = \"7\", ", "member");
}

TEST(Pack, TheCalendarIsInOrder) {
  const std::string days = "holidays = [2026-12-25, 2027-03-22, 2027-12-27]";
  expect_one(days, "holidays = [2026-12-25, 2027-12-27, 2027-03-22]", "before");
  expect_one(days, "holidays = [2026-12-25, 2026-12-25]", "twice");
  expect_one(days, "holidays = [2026-12-25, \"2027-12-27\"]", "must be a date");
  expect_one("worked = [2026-12-26]", "worked = [2026-12-24]", "working day anyway");
  expect_one("\"03-21\", \"09-09\"", "\"09-09\", \"03-21\"", "before");
  expect_one("\"03-21\", \"09-09\"", "\"03-21\", \"09-31\"", "no such day");
  expect_one("[\"saturday\", \"sunday\"]", "[\"saturday\", \"saturday\"]", "stands twice");
  expect_one("[\"saturday\", \"sunday\"]", "[\"friday\", \"saturday\", \"sunday\", \"monday\"]",
             "too few days");
  expect_one("utc_offset = \"+05:00\"", "utc_offset = \"+15:00\"", "no such offset");
  expect_one("utc_offset = \"+05:00\"", "utc_offset = \"5\"", "not an offset");
}

TEST(Pack, LabelsStandInThreeLanguagesAndHideNothing) {
  expect_one("en = \"Harbour\", ", "", "has no label in en");
  expect_one("en = \"Harbour\"", "en = \"\"", "has no label in en");
  expect_one("en = \"Harbour\"", "en = \"Har\\u202Ebour\"", "direction-changing");
  expect_one("en = \"Harbour\"", "en = \"Har\\nbour\"", "control");
  expect_one("en = \"Harbour\"", "en = \" Harbour\"", "blank");
  expect_one("en = \"Harbour\"", "en = \"" + std::string(161, 'a') + "\"", "too long");
  expect_one("en = \"Harbour\"", "en = 5", "must be a text");
}

TEST(Pack, CodesOfOneListAreToldApartByTheirLabels) {
  expect_one("ru = \"Перевозка\"", "ru = \"Вербовка\"", "the label is that of recruitment");
  expect_one("en = \"The evidence is incomplete\"", "en = \"The criteria are not met\"",
             "the label is that of criteria_not_met");
}

TEST(Pack, HiddenCharactersAreRefusedEvenInComments) {
  const auto hidden = mistakes_of(changed("# A pack", "# A \u202Epack"));
  ASSERT_EQ(hidden.size(), 1U);
  EXPECT_EQ(hidden[0].line, 1U);
  EXPECT_EQ(hidden[0].column, 5U);
  EXPECT_NE(hidden[0].what.find("\\u{202e}"), std::string::npos);
  EXPECT_EQ(mistakes_of(changed("# A pack", "# A \xFFpack"))[0].what, "this is not UTF-8");
  EXPECT_EQ(mistakes_of("\xEF\xBB\xBF" + example()).size(), 1U);
  EXPECT_EQ(mistakes_of("format = \"pack/1\"\r\nid = 3\r\n").size(), 1U);
}

TEST(Pack, FundAndVotesAreBounded) {
  expect_one("needed = 3, of = 5", "needed = 6, of = 5", "more votes");
  expect_one("needed = 3, of = 5", "needed = 30, of = 33", "33 commissioners");
  expect_one("{up_to = 200000, needed = 2", "{up_to = 40000, needed = 2", "larger amounts");
  expect_one("{up_to = 50000, needed = 1", "{up_to = 0, needed = 1", "amount of 0");
  expect_one("{up_to = 50000, needed = 1", "{up_to = 50000, needed = 0", "not possible");
  expect_one("currency = \"XXX\"", "currency = \"euro\"", "not a currency");
  expect_one("approver_day_limit = 150000", "approver_day_limit = -1", "whole number");
  expect_one("warnings = [\"14 days\", \"3 days\"]", "warnings = [\"3 days\", \"14 days\"]",
             "one after the other");
  expect_one("warnings = [\"14 days\", \"3 days\"]", "warnings = [\"40 days\"]",
             "before the pre-status begins");
  EXPECT_EQ(mistakes_of(changed("available = true", "available = false")).size(), 1U);
  expect_one("closed_case = \"5 years\"", "closed_case = \"101 years\"", "not a time");
}

TEST(Pack, SyntaxMistakesAreToldTogether) {
  std::string toml = changed("messages = 2000", "messages == 2000");
  toml = changed("currency = \"XXX\"", "currency = \"XXX", toml);
  toml = changed("available = true", "available = perhaps", toml);
  const auto mistakes = mistakes_of(toml);
  ASSERT_EQ(mistakes.size(), 3U) << told(mistakes);
  EXPECT_EQ(mistakes[0].line, line_of(toml, "available = perhaps"));
  EXPECT_EQ(mistakes[1].line, line_of(toml, "messages == 2000"));
  EXPECT_EQ(mistakes[2].line, line_of(toml, "currency = \"XXX"));
}

TEST(Pack, HostileFilesAreBounded) {
  EXPECT_EQ(mistakes_of(std::string(limits::pack_bytes_max + 1, '#')).size(), 1U);
  EXPECT_EQ(mistakes_of(std::string(5'000, '#')).size(), 1U);
  std::string deep;
  for (int i = 0; i < 60'000; ++i) {
    deep += "a.";
  }
  EXPECT_NE(told(mistakes_of(deep + "a = 1")).find("too long"), std::string::npos);
  EXPECT_NE(told(mistakes_of("x = " + std::string(4'000, '['))).find("nested too deep"),
            std::string::npos);
  EXPECT_NE(told(mistakes_of("a.b.c.d.e.f.g.h.i.j = 1")).find("too many parts"), std::string::npos);
  EXPECT_NE(told(mistakes_of("a = \"\"\"\nb\"\"\"")).find("several lines"), std::string::npos);
  EXPECT_EQ(mistakes_of(std::string(50'000, '\x01')).size(), limits::pack_faults_max);
  std::string unknown = example();
  for (int i = 0; i < 150; ++i) {
    unknown += "unknown_" + std::to_string(i) + " = 1\n";
  }
  EXPECT_EQ(mistakes_of(unknown).size(), limits::pack_faults_max);
}

TEST(Pack, PeriodsAreReadStrictly) {
  using enum Period::Unit;
  EXPECT_EQ(parse_period("15 min"), (Period{minutes, 15}));
  EXPECT_EQ(parse_period("1 h"), (Period{minutes, 60}));
  EXPECT_EQ(parse_period("14 days"), (Period{minutes, 14 * 1'440}));
  EXPECT_EQ(parse_period("1 working day"), (Period{working_days, 1}));
  EXPECT_EQ(parse_period("2 years"), (Period{months, 24}));
  EXPECT_EQ(parse_period("1000 working days"), (Period{working_days, 1'000}));
  for (const char* wrong : {"",
                            " ",
                            "1",
                            "h",
                            "1h",
                            "1  h",
                            " 1 h",
                            "1 h ",
                            "0 h",
                            "00 h",
                            "01 h",
                            "-1 h",
                            "+1 h",
                            "1.5 h",
                            "1 H",
                            "1001 working days",
                            "4294967296 min",
                            "99999999 days",
                            "999999999999 h",
                            "101 years",
                            "1 week",
                            "unset"}) {
    EXPECT_FALSE(parse_period(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace hamroh
