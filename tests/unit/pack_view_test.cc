#include "admin/pack_view.h"

#include <gtest/gtest.h>
#include <fstream>
#include <sstream>

#include "protocol/text.h"

namespace hamroh {
namespace {

Pack shipped(const std::string& name) {
  std::ostringstream text;
  text
      << std::ifstream(std::string(HAMROH_SOURCE) + "/deploy/packs/" + name + "/pack.toml").rdbuf();
  const auto pack = read_pack(text.str());
  EXPECT_TRUE(pack) << name;
  return pack.value_or(Pack{});
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PackView, EveryLanguageSaysAllOfIt) {
  for (const char* name : {"example", "tajikistan"}) {
    const Pack pack = shipped(name);
    std::vector<std::ptrdiff_t> lines;
    for (const Language language : {Language::english, Language::russian, Language::tajik}) {
      const std::string text = pack_text(pack, {}, language);
      EXPECT_TRUE(is_plain_text(text, Lines::many));
      EXPECT_TRUE(has(text, pack.name.in(language)));
      EXPECT_TRUE(has(text, pack.grounds_of(GroundList::refusal)[0].labels.in(language)));
      EXPECT_TRUE(has(text, pack.codes_of(PackList::requested_by).back().labels.in(language)));
      lines.push_back(std::ranges::count(text, '\n'));
    }
    EXPECT_EQ(lines[0], lines[1]);
    EXPECT_EQ(lines[0], lines[2]);
  }
}

TEST(PackView, WhatIsUnsetIsNamedOnce) {
  const Pack pack = shipped("tajikistan");
  const std::string text = pack_text(pack, {}, Language::english);
  const std::string gaps = text.substr(text.find("Not set yet"));
  EXPECT_TRUE(has(gaps, "  decision on the status\n"));
  EXPECT_EQ(gaps.find("decision on the status"), gaps.rfind("decision on the status"));
  EXPECT_TRUE(has(gaps, "decides appeals, Sughd Region"));
  EXPECT_TRUE(has(text, "confirmation by the ministry: not set\n"));
  EXPECT_FALSE(has(pack_text(shipped("example"), {}, Language::english), "not set"));
}

TEST(PackView, ATimeIsWrittenAsThePackWouldWriteIt) {
  using enum Period::Unit;
  for (const std::uint32_t count : {1U, 2U, 12U, 24U, 60U, 61U, 900U, 1'000U}) {
    for (const Period::Unit unit : {minutes, working_days, months}) {
      const Period period{unit, count};
      EXPECT_EQ(parse_period(period_text(period, Language::english)), period) << count;
    }
  }
  EXPECT_EQ(period_text(Period{minutes, 72 * 60}, Language::english), "72 h");
  EXPECT_EQ(period_text(Period{minutes, 14 * 1'440}, Language::tajik), "14 рӯз");
  EXPECT_EQ(period_text(std::nullopt, Language::russian), "не задано");
}

TEST(PackView, ProgramsSeeNullForWhatIsUnset) {
  const std::string json = pack_json(shipped("tajikistan"), {});
  EXPECT_TRUE(has(json,
                  "\"confirmation\": {\"emergency\": null, \"urgent\": null, "
                  "\"normal\": null, \"pauses_during\": null}"));
  EXPECT_TRUE(has(json, "\"normal\": \"3 working days\", \"pauses_during\": \"information\""));
  EXPECT_TRUE(has(json, "{\"path\": \"status.votes\", "));
}

}  // namespace
}  // namespace hamroh
