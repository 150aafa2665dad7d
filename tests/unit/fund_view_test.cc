// What people and programs are shown of the totals of relief funds.

#include "admin/fund_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hamroh {
namespace {

api::FundCounted counted() {
  api::FundCounted made;
  made.done = true;
  made.totals.cells[{"TJS", "food", 2}].of(FundColumn::asked) = {12, 60'000};
  made.totals.cells[{"TJS", "food", 2}].of(FundColumn::refused) = {3, 9'000};
  made.totals.cells[{"TJS", "documents", 0}].of(FundColumn::asked) = {4, 8'000};
  made.totals.cells[{"USD", "transport", 1}].of(FundColumn::asked) = {1, 777};
  made.damaged = 2;
  made.erased = 11;
  return made;
}
constexpr std::uint64_t day = 24ULL * 60 * 60 * 1000;

TEST(FundView, ShowsEveryCellTheSumsAndWhatIsNotInThem) {
  const std::string text = fund_text(counted(), {{{day}, {3 * day}}, false});
  EXPECT_NE(text.find("from 1970-01-02 to 1970-01-03"), std::string::npos) << text;
  EXPECT_NE(text.find("food, urgent\n    asked 12 (60000), approved 0 (0), refused 3 (9000)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("documents, urgency not known here"), std::string::npos) << text;
  EXPECT_NE(text.find("all together\n    asked 16 (68000)"), std::string::npos) << text;
  EXPECT_NE(text.find("all together\n    asked 1 (777)"), std::string::npos) << text;
  EXPECT_NE(text.find("2 cases that are damaged"), std::string::npos) << text;
  EXPECT_NE(text.find("11 cases that were erased"), std::string::npos) << text;
}

TEST(FundView, ForAnOversightBodyNothingSmallIsShownAndItSaysSo) {
  const std::string text = fund_text(counted(), {{}, true});
  EXPECT_NE(text.find("fewer than 10"), std::string::npos) << text;
  EXPECT_NE(text.find("from the beginning until now"), std::string::npos) << text;
  EXPECT_NE(text.find("asked 12 (60000), approved -, refused -"), std::string::npos) << text;
  EXPECT_NE(text.find("some cases that are damaged"), std::string::npos) << text;
  for (const char* small : {"documents", "8000", "68000", "USD", "777", "9000", "together"}) {
    EXPECT_EQ(text.find(small), std::string::npos) << small << " in " << text;
  }
  const auto json = nlohmann::json::parse(fund_json(counted(), {{}, true}));
  EXPECT_EQ(json["totals"].size(), 1U);
  EXPECT_EQ(json["totals"][0]["asked"]["requests"], 12);
  EXPECT_TRUE(json["totals"][0]["refused"].is_null());
  EXPECT_TRUE(json["damaged_cases"].is_null());
  EXPECT_EQ(json["erased_cases"], 11);
  EXPECT_EQ(json["least"], 10);
}

TEST(FundView, ProgramsGetEveryNumber) {
  const auto json = nlohmann::json::parse(fund_json(counted(), {{{day}, {2 * day}}, false}));
  EXPECT_EQ(json["from"], "1970-01-02");
  EXPECT_EQ(json["to"], "1970-01-02");
  EXPECT_EQ(json["totals"].size(), 5U);
  EXPECT_EQ(json["totals"][1]["purpose"], "food");
  EXPECT_EQ(json["totals"][1]["urgency"], "urgent");
  EXPECT_EQ(json["totals"][1]["asked"]["amount"], 60'000);
  EXPECT_TRUE(json["totals"][0]["urgency"].is_null());
  EXPECT_TRUE(json["totals"][2]["together"]);
  EXPECT_EQ(json["damaged_cases"], 2);
}

TEST(FundView, ACodeOfSomebodyElseMovesNoCursor) {
  api::FundCounted made = counted();
  made.totals.cells[{"TJS", "a\x1b[2J", 2}].of(FundColumn::asked) = {1, 1};
  EXPECT_EQ(fund_text(made, {}).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hamroh
