// What people see of cases and members, and what they may type for them.

#include "admin/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "admin/attachment_view.h"
#include "admin/lookup.h"
#include "protocol/disclosure.h"
#include "protocol/text.h"
#include "protocol/wire_form.h"
#include "sdk/form_json.h"

namespace hamroh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Member member(std::uint8_t first, const std::string& name) {
  Member member;
  member.id.bytes.fill(first);
  member.name = name;
  return member;
}

std::string shown_as(EventKind kind, const EventText& body) {
  CaseView view;
  view.events.resize(1);
  view.events[0].kind = kind;
  return case_text(view, {}, {body});
}

TEST(Views, ANoteOfSeveralLinesIsShownInSeveralLinesEachEscaped) {
  const NoteText note{{"en", "first\nsecond\n\nfourth"}};
  const EventText body = describe_body(EventKind::case_note, encode(note));
  EXPECT_THAT(body.lines, ElementsAre("first", "second", "", "fourth"));
  const std::string text = shown_as(EventKind::case_note, body);
  EXPECT_THAT(text, HasSubstr("    | first\n    | second\n    | \n    | fourth\n"));
  const std::string hostile = shown_as(EventKind::case_note, {"", {"\x1b[2Jone", "two\nthree"}});
  EXPECT_THAT(hostile, Not(HasSubstr("\x1b")));
  EXPECT_THAT(hostile, Not(HasSubstr("\nthree")));
}

TEST(Views, TracksGapsAndWhatIsVoidOrCorrectedAreShown) {
  CaseView view;
  view.events.resize(2);
  view.events[0].kind = EventKind::status_assign;
  view.events[0].digest.bytes.fill(7);
  view.events[0].corrected = true;
  view.events[1].kind = EventKind::ministry_confirm;
  view.events[1].void_reason = Code::wrong_state;
  view.gaps.resize(1);
  view.gaps[0].bytes.fill(0xab);
  view.tracks = {{Track::case_, State::open, {}, {}, 0, {}},
                 {Track::status, State::pre_status, view.events[0].digest, {}, 0, {86'400'000}},
                 {Track::assistance, State::completed, {}, {}, 2, {}}};
  const std::string text = case_text(view, {}, {{}, {}});
  EXPECT_THAT(text, HasSubstr("  case        open\n"));
  EXPECT_THAT(text, HasSubstr("  status      pre_status, until 1970-01-02"));
  EXPECT_THAT(text, HasSubstr("completed, medical by"));
  EXPECT_THAT(text, HasSubstr("has not arrived here yet: abababababababab"));
  EXPECT_THAT(text, HasSubstr("void, it changes nothing: wrong_state"));
  EXPECT_THAT(text, HasSubstr("corrected by its author"));
  const auto json = nlohmann::json::parse(case_json(view, {}, {{}, {}}));
  EXPECT_EQ(json["events"][1]["void"], "wrong_state");
  EXPECT_EQ(json["events"][0]["corrected"], true);
  EXPECT_EQ(json["tracks"][1]["state"], "pre_status");
  EXPECT_EQ(json["tracks"][2]["service"], "medical");
  EXPECT_EQ(json["gaps"].size(), 1U);
}

TEST(Views, ACaseInJsonListsItsFilesAndHowMuchOfThemIsHere) {
  AttachmentView file;
  file.message.bytes.fill(3);
  file.state = AttachmentState::coming;
  file.media = MediaType::pdf;
  file.name = "scan \"1\".pdf";
  file.bytes = 3 * limits::attachment_chunk_bytes - 10;
  file.sha256.bytes.fill(4);
  file.chunks = 3;
  file.here = 2;
  AttachmentView whole = file;
  whole.state = AttachmentState::whole;
  whole.here = 3;
  const auto json = nlohmann::json::parse(
      case_json(CaseView{}, {}, {}, attachment_list_json({file, whole}, {})))["files"];
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["number"], 1);
  EXPECT_EQ(json[0]["name"], "scan \"1\".pdf");
  EXPECT_EQ(json[0]["media"], "pdf");
  EXPECT_EQ(json[0]["bytes"], file.bytes);
  EXPECT_EQ(json[0]["message"], to_uuid(file.message));
  EXPECT_EQ(json[0]["sha256"], file.sha256.hex());
  EXPECT_EQ(json[0]["state"], "coming");
  EXPECT_EQ(json[0]["bytes_here"], 2 * limits::attachment_chunk_bytes);
  EXPECT_EQ(json[1]["bytes_here"], file.bytes) << "the last chunk is shorter";
  const auto with = [](const std::string& files) {
    return nlohmann::json::parse(case_json(CaseView{}, {}, {}, files))["files"];
  };
  EXPECT_TRUE(with("[]").is_array()) << "it has none";
  EXPECT_TRUE(with("").is_null()) << "that is not known";
}

// Every text and number in the JSON of a form, but for its version and what is there in words only.
void collect_leaves(const nlohmann::json& json, std::vector<std::string>& leaves) {
  if (json.is_structured()) {
    for (const auto& item : json) {
      collect_leaves(item, leaves);
    }
  } else if (json.is_string()) {
    leaves.push_back(json.get<std::string>());
  } else if (json.is_number()) {
    leaves.push_back(json.dump());
  }
}

TEST(Views, EverythingThatAFormSaysIsShownInWords) {
  for (const char* name : {"child-ru", "emergency-tg", "returnee-ru", "urgent-adult-en"}) {
    std::ifstream file(std::string(HAMROH_SOURCE) + "/deploy/forms/" + name + ".json");
    const std::string raw{std::istreambuf_iterator<char>(file), {}};
    const auto form = parse_form_json(raw);
    ASSERT_TRUE(form) << form.error().path;
    nlohmann::json json = nlohmann::json::parse(raw);
    json.erase("form");
    std::vector<std::string> leaves;
    collect_leaves(json, leaves);
    const std::string text =
        shown_as(EventKind::referral_send, describe_body(EventKind::referral_send, encode(*form)));
    for (const std::string& leaf : leaves) {
      EXPECT_THAT(text, HasSubstr(escape_for_terminal(leaf))) << name;
    }
    EXPECT_THAT(text, HasSubstr("| urgency: "));
    EXPECT_THAT(text, HasSubstr("| safe contact: "));
    EXPECT_THAT(text, HasSubstr("| consent "));
  }
}

TEST(Views, ACaseSaysHowTheConsentStandsAndWhoHasNotAnswered) {
  const auto member = [](std::uint8_t byte) {
    MemberId id;
    id.bytes.fill(byte);
    return id;
  };
  const MemberId ngo = member(1);
  const MemberId panoh = member(2);
  const MemberId khujand = member(3);
  CaseView view;
  view.participants = {ngo, panoh, khujand, member(4)};
  view.events.resize(2);
  view.events[0].kind = EventKind::consent_withdraw;
  view.events[0].author = ngo;
  view.events[0].digest.bytes.fill(7);
  view.events[0].deliveries = {{panoh, Level::opened, Code::none, {}, 1},
                               {khujand, Level::accepted, Code::none, {}, 0},
                               {member(4), Level::unsupported, Code::unsupported_kind, {}, 1}};
  view.events[1].kind = EventKind::consent_applied;
  view.events[1].author = panoh;
  view.tracks = {{Track::case_, State::open, {}, ngo, 0, {}},
                 {Track::consent, State::withdrawn, view.events[0].digest, ngo, 0, {}}};
  ConsentStatement said;
  said.date = "2026-11-20";
  const std::vector<EventText> bodies{
      describe_body(EventKind::consent_withdraw, encode(said)),
      describe_body(
          EventKind::consent_applied,
          encode(ConsentApplied{view.events[0].digest, ConsentAction::kept, "legal_claim"}))};
  const Names names{{{ngo, "Sughd"}, {panoh, "Panoh"}, {khujand, "Khujand"}}, {}};
  const std::string text = case_text(view, names, bodies);
  EXPECT_THAT(text, HasSubstr("  consent     withdrawn, by Sughd\n"));
  EXPECT_THAT(text, HasSubstr("  answered    kept (legal_claim) by Panoh, 1970-01-01\n"));
  EXPECT_THAT(text, HasSubstr("  ! not answered yet: Khujand\n"));
  const auto json = nlohmann::json::parse(case_json(view, names, bodies))["consent"];
  EXPECT_EQ(json["state"], "withdrawn");
  EXPECT_EQ(json["withdrawn_on"], "2026-11-20");
  EXPECT_EQ(json["answers"][0]["did"], "kept");
  EXPECT_EQ(json["not_answered"].size(),
            1U);  // whose node does not know the kind is not waited for
}

TEST(Views, WhatWasDisclosedToWhomAndWhatWasKeptBackIsShown) {
  CaseView view;
  view.events.resize(2);
  view.events[0].kind = EventKind::referral_send;
  view.events[1].kind = EventKind::tier_disclose;
  view.events[1].created = {86'400'000};
  MemberId shelter;
  shelter.bytes.fill(5);
  view.events[1].deliveries = {{shelter, Level::opened, Code::none, {}, 1}};
  const FormFields disclosed = fields_of(DisclosureTier::t2) | FormFields{FormField::sealed_health};
  ReferralForm form = first_part(
      parse_form_json(R"({"form":"referral/1","triage":{"urgency":"normal","sensitivity":"high",
        "services":["shelter"],"reason":{"code":"returned"},"age_band":"18-24","sex":"female",
        "languages":["tg"],"district":"TJ-SU","dependants":0,"requested_by":"self"},
        "consent":{"exception":"imminent_danger","second_approver":"B","date":"2026-11-20"}})")
          .value());
  form.committed = fields_of(DisclosureTier::t4);
  Digest about;
  about.bytes.fill(1);
  const std::vector<EventText> bodies{
      describe_body(EventKind::referral_send, encode(form)),
      describe_body(EventKind::tier_disclose, encode(DisclosedFields{about, disclosed}))};
  const std::string text = case_text(view, {{{shelter, "Panoh"}}, {}}, bodies);
  EXPECT_THAT(text, HasSubstr("  kept back   T4 by "));
  EXPECT_THAT(text, HasSubstr("  disclosed   T2, sealed.health to Panoh, 1970-01-02 00:00:00, op"));
  EXPECT_THAT(text, HasSubstr("    | committed to, not disclosed: T4\n"));
  EXPECT_THAT(text, HasSubstr("    | fields: T2, sealed.health\n"));
  const auto json = nlohmann::json::parse(case_json(view, {}, bodies));
  EXPECT_EQ(json["disclosed"].size(), 1U);
  EXPECT_EQ(json["disclosed"][0]["fields"].size(), 6U);
  EXPECT_EQ(json["disclosed"][0]["level"], "opened");
  EXPECT_EQ(json["events"][0]["body"]["committed"][0], "sealed.health");
}

TEST(Lookup, AMemberIsNamedByAnyUnambiguousBeginning) {
  const std::vector<Member> members{member(0x1a, "Umed"), member(0x2b, "Khujand"),
                                    member(0x2c, "Sughd"), member(0x3d, "Ulfat")};
  EXPECT_EQ(match_member(members, "K"), members[1].id);
  EXPECT_EQ(match_member(members, "1"), members[0].id);
  EXPECT_EQ(match_member(members, "2c"), members[2].id);
  EXPECT_EQ(match_member(members, "ul"), members[3].id);
  EXPECT_EQ(match_member(members, "2").error().error.code, Code::ambiguous);
  EXPECT_EQ(match_member(members, "u").error().error.code, Code::ambiguous);
  EXPECT_EQ(match_member(members, "x").error().error.code, Code::not_found);
  EXPECT_EQ(match_member(members, "").error().error.code, Code::not_found);
  // Cases and messages are many: there one digit is no beginning.
  EXPECT_FALSE(begins(members[0].id.view(), "1a1"));
  EXPECT_TRUE(begins(members[0].id.view(), "1a1a"));
}

}  // namespace
}  // namespace hamroh
