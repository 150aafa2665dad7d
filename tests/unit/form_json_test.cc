// Forms as people write them: every sample parses, every mistake is named by its place.

#include "sdk/form_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/wire_form.h"

namespace hamroh {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string sample() {
  return read_text(std::filesystem::path(HAMROH_SOURCE) / "deploy/forms/urgent-adult-en.json");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

FormFault fault_of(const std::string& json) {
  const auto form = parse_form_json(json);
  EXPECT_FALSE(form);
  return form ? FormFault{} : form.error();
}

TEST(FormJson, EverySampleParsesAndComesBackTheSame) {
  std::size_t samples = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(HAMROH_SOURCE) / "deploy/forms")) {
    const std::string name = entry.path().filename().string();
    const bool referral = !name.starts_with("services") && !name.starts_with("status-file");
    if (entry.path().extension() != ".json" || !referral) {
      continue;
    }
    ++samples;
    const auto form = parse_form_json(read_text(entry.path()));
    ASSERT_TRUE(form) << entry.path() << ": " << form.error().path << " " << form.error().found;
    const auto again = parse_form_json(to_json(*form));
    ASSERT_TRUE(again) << again.error().path;
    EXPECT_EQ(*again, *form);
    const auto typed = parse_referral(encode(*form));
    ASSERT_TRUE(typed);
    EXPECT_EQ(*typed, *form);
  }
  EXPECT_GE(samples, 4U);
}

TEST(FormJson, UnknownCodeIsRefusedWithPathFoundAndAllowed) {
  const FormFault fault = fault_of(replaced(sample(), "\"medical\"", "\"magic\""));
  EXPECT_EQ(fault.path, "triage.services[1]");
  EXPECT_EQ(fault.found, "\"magic\"");
  EXPECT_NE(fault.allowed.find("shelter"), std::string::npos);
}

TEST(FormJson, UnknownKeyIsRefusedByName) {
  const FormFault fault = fault_of(replaced(sample(), "\"dependants\"", "\"dependents\""));
  EXPECT_EQ(fault.path, "triage.dependents");
}

TEST(FormJson, DoubledKeyIsRefused) {
  const FormFault fault =
      fault_of(replaced(sample(), "\"dependants\": 1", "\"dependants\": 1, \"dependants\": 2"));
  EXPECT_EQ(fault.path, "triage.dependants");
  EXPECT_EQ(fault.found, "the key twice");
}

TEST(FormJson, TwoHundredThousandBracketsAreRefused) {
  const FormFault fault = fault_of(std::string(200'000, '['));
  EXPECT_EQ(fault.allowed, "at most 16 levels");
}

TEST(FormJson, DeepNestingInsideAFormIsRefused) {
  const FormFault fault = fault_of(
      replaced(sample(), "[\"interpreter\"]", std::string(40, '[') + std::string(40, ']')));
  EXPECT_EQ(fault.allowed, "at most 16 levels");
}

TEST(FormJson, BadUtf8IsRefused) {
  EXPECT_EQ(fault_of(replaced(sample(), "Returned", "Re\xC3\x28turned")).allowed, "UTF-8");
  EXPECT_EQ(fault_of(replaced(sample(), "Returned", "Re\xED\xA0\x80turned")).allowed, "UTF-8");
}

TEST(FormJson, ControlAndBidirectionalCharactersAreRefused) {
  EXPECT_EQ(fault_of(replaced(sample(), "\"aunt\"", "\"au\\u202ent\"")).path,
            "contact.safe_contact.who_may_answer");
  EXPECT_EQ(fault_of(replaced(sample(), "\"aunt\"", "\"au\\u0007nt\"")).path,
            "contact.safe_contact.who_may_answer");
}

TEST(FormJson, WrongTypesAreRefusedWithTheirPlace) {
  EXPECT_EQ(fault_of(replaced(sample(), "\"dependants\": 1", "\"dependants\": -1")).path,
            "triage.dependants");
  EXPECT_EQ(fault_of(replaced(sample(), "\"dependants\": 1", "\"dependants\": 1.5")).path,
            "triage.dependants");
  EXPECT_EQ(fault_of(replaced(sample(), "\"leave_message\": false", "\"leave_message\": 0")).path,
            "contact.safe_contact.leave_message");
  EXPECT_EQ(fault_of(replaced(sample(), "\"reason\": {", "\"reason\": 1, \"x\": {")).path,
            "triage.reason");
}

TEST(FormJson, MissingConsentIsRefused) {
  const std::string text = sample();
  const std::size_t at = text.find(",\n  \"consent\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(fault_of(text.substr(0, at) + "\n}").path, "consent");
}

TEST(FormJson, RulesOfTheFormAreNamedInItsOwnWords) {
  EXPECT_EQ(fault_of(replaced(sample(), "\"birth_year\": 2003",
                              "\"birth_year\": 2003, \"birth_date\": \"2003-01-01\""))
                .path,
            "case");
  EXPECT_EQ(fault_of(replaced(sample(), "\"18-24\"", "\"6-11\"")).path, "case.guardian");
  EXPECT_EQ(fault_of(replaced(sample(), "2026-11-20", "2026-02-30")).path, "consent.date");
  EXPECT_EQ(
      fault_of(replaced(sample(), "\"alias\": \"N.\"", "\"alias\": \"N.\", \"name\": \"M\"")).path,
      "contact");
}

TEST(FormJson, AConsentByItselfIsWrittenAsInAForm) {
  const std::string text = sample();
  const std::size_t at = text.find("\"consent\": ") + std::string_view("\"consent\": ").size();
  const std::string alone = text.substr(at, text.rfind('}') - at);
  const auto consent = parse_consent_json(alone);
  ASSERT_TRUE(consent) << consent.error().path;
  EXPECT_EQ(*consent, parse_form_json(text)->consent);
  EXPECT_EQ(parse_consent_json(to_json(*consent)).value(), *consent);
  const auto path = [](const std::string& json) {
    const auto parsed = parse_consent_json(json);
    return parsed ? std::string("good") : parsed.error().path;
  };
  EXPECT_EQ(path(replaced(alone, "{", "{\"never\": [\"kind:ministry\"], ")), "good");
  EXPECT_EQ(path(replaced(alone, "{", "{\"never\": [\"kind:police\"], ")), "consent.never[0]");
  EXPECT_EQ(path(replaced(alone, "{", "{\"never\": [\"member:0193\"], ")), "consent.never[0]");
  EXPECT_EQ(path(replaced(alone, "{", "{\"soon\": true, ")), "consent.soon");
  EXPECT_EQ(
      path(R"({"exception": "imminent_danger", "second_approver": "B", "date": "2026-11-20"})"),
      "consent.exception");
}

TEST(FormJson, AStatusFileComesBackTheSameAndUnknownThingsAreRefused) {
  const std::string json = R"({"form": "status_file/1",
    "indicators": {"act": ["recruitment"], "means": ["deception"], "purpose": ["forced_labour"]},
    "evidence": [{"code": "scan", "text": {"language": "tg", "text": "Саҳифаи 4"},
                  "file": ")" +
                           std::string(64, 'a') + R"("}],
    "certificate": "SU-2026-0114"})";
  const auto file = parse_status_file_json(json);
  ASSERT_TRUE(file) << file.error().path;
  EXPECT_EQ(parse_status_file_json(to_json(*file)).value(), *file);
  const std::filesystem::path sample =
      std::filesystem::path(HAMROH_SOURCE) / "deploy/forms/status-file-en.json";
  EXPECT_TRUE(parse_status_file_json(read_text(sample)));
  EXPECT_EQ(parse_status_file_json(R"({"form": "status_file/1", "decision": "yes"})").error().path,
            "decision");
  EXPECT_EQ(parse_status_file_json(R"({"form": "status_file/1"})").error().path, "status_file");
  EXPECT_EQ(parse_status_file_json(
                R"({"form": "status_file/1", "evidence": [{"code": "scan", "file": "12"}]})")
                .error()
                .path,
            "evidence[0].file");
  EXPECT_EQ(parse_status_file_json(R"({"form": "referral/1"})").error().path, "form");
}

TEST(FormJson, OversizeAndForeignVersionsAreRefused) {
  EXPECT_EQ(fault_of(std::string(600'000, ' ')).allowed, "at most 512 KiB");
  EXPECT_EQ(fault_of(replaced(sample(), "referral/1", "referral/2")).path, "form");
  EXPECT_EQ(fault_of("").path, "byte 1");
}

}  // namespace
}  // namespace hamroh
