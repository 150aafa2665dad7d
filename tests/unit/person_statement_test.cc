#include "admin/person_statement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace hamroh {
namespace {

constexpr std::array all_languages{Language::english, Language::russian, Language::tajik};
constexpr Timestamp evening{1'795'550'400'000};  // 2026-11-24T20:00Z

PersonStatement with_everything() {
  PersonStatement statement;
  statement.organisation = "Umed Khujand";
  statement.number = "0193a5c2";
  statement.made = evening;
  statement.utc_offset_minutes = 300;
  SharedWith with{"The commission of Sughd", {}, {"protection", "application for the status"}};
  for (auto what = static_cast<int>(SharedWhat::sent); what <= static_cast<int>(SharedWhat::told);
       ++what) {
    with.steps.push_back({static_cast<SharedWhat>(what), evening, {}});
  }
  with.steps.front().tiers = {DisclosureTier::t1, DisclosureTier::t2, DisclosureTier::t3,
                              DisclosureTier::t4, DisclosureTier::s};
  statement.shared = {with};
  statement.consents = {{"2026-11-20", "2027-05-20", false, false}};
  statement.status = State::refused;
  statement.appeals = {{evening, evening, "The appeal body", State::overturned},
                       {evening, evening, "The appeal body", State::upheld},
                       {evening}};
  statement.may_appeal = true;
  return statement;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(PersonStatement, HasNoCodesAndNoLineThatDoesNotFitThePage) {
  for (const Language language : all_languages) {
    const std::string text = statement_text(with_everything(), language);
    EXPECT_EQ(text.find('_'), std::string::npos) << text;
    EXPECT_EQ(text.find("T1"), std::string::npos) << text;
    for (const std::string& line : lines_of(text)) {
      const auto characters =
          std::ranges::count_if(line, [](char byte) { return (byte & 0xc0) != 0x80; });
      EXPECT_LE(characters, 78) << line;
    }
  }
}

TEST(PersonStatement, HasWordsForEachStepTierAndStateInEachLanguage) {
  for (const Language language : all_languages) {
    for (const std::string& line : lines_of(statement_text(with_everything(), language))) {
      EXPECT_FALSE(line.ends_with(": ") || line.ends_with("- ") || line.ends_with("2026:")) << line;
    }
    for (const State state :
         {State::applied, State::pre_status, State::assigned_unconfirmed, State::refused,
          State::confirmed, State::returned, State::appealed, State::overturned, State::upheld}) {
      PersonStatement statement = with_everything();
      statement.status = state;
      statement.may_appeal = false;
      EXPECT_FALSE(lines_of(statement_text(statement, language)).back().empty())
          << state_name(state);
    }
  }
}

TEST(PersonStatement, NamesTheDayThatItWasWhereThePersonIs) {
  const std::string text = statement_text(with_everything(), Language::english);
  EXPECT_NE(text.find("25.11.2026: it reached them."), std::string::npos) << text;
  EXPECT_NE(text.find("You agreed on 20.11.2026. It ends on 20.05.2027."), std::string::npos);
}

TEST(PersonStatement, SaysHowToWithdrawUntilThatWasDone) {
  PersonStatement statement = with_everything();
  EXPECT_NE(statement_text(statement, Language::english).find("change your mind at any time"),
            std::string::npos);
  statement.consents.back().withdrawn = true;
  const std::string after = statement_text(statement, Language::english);
  EXPECT_EQ(after.find("change your mind at any time"), std::string::npos);
  EXPECT_NE(after.find("You have withdrawn it."), std::string::npos);
  statement.consents.back().withdrawn_on = "2026-11-27";
  EXPECT_NE(statement_text(statement, Language::english).find("withdrawn it. 27.11.2026."),
            std::string::npos);
}

TEST(PersonStatement, SaysThatItWasSharedWithoutConsent) {
  PersonStatement statement = with_everything();
  statement.consents = {{"2026-11-20", "", true, false}};
  const std::string text = statement_text(statement, Language::russian);
  EXPECT_NE(text.find("без вашего согласия"), std::string::npos);
  EXPECT_EQ(text.find("Вы согласились"), std::string::npos);
}

TEST(PersonStatement, SpeaksOfAnAppealOnlyWhereThereMayBeOne) {
  PersonStatement statement = with_everything();
  EXPECT_NE(statement_text(statement, Language::english).find("You may appeal"), std::string::npos);
  statement.may_appeal = false;
  EXPECT_EQ(statement_text(statement, Language::english).find("You may appeal"), std::string::npos);
}

TEST(PersonStatement, TellsOfEachAppealWhenItWasMadeWhoDecidedAndHow) {
  PersonStatement statement = with_everything();
  const Timestamp later{evening.ms + 7 * days(1).ms};
  statement.appeals = {{evening, later, "The appeal body", State::overturned}};
  const auto says = [&](const std::string& words, Language language = Language::english) {
    std::string text = statement_text(statement, language);
    std::ranges::replace(text, '\n', ' ');
    return text.find(words) != std::string::npos;
  };
  EXPECT_TRUE(says("25.11.2026: an appeal was made against the decision. 02.12.2026"));
  EXPECT_TRUE(says("02.12.2026: the appeal was decided by The appeal body. The appeal was right"));
  EXPECT_TRUE(says("Жалоба удовлетворена, решение отменено.", Language::russian));
  EXPECT_TRUE(says("Шикоят қонеъ шуд, қарор бекор карда шуд.", Language::tajik));
  EXPECT_FALSE(says("Nobody has decided"));
  statement.appeals.front().outcome = State::upheld;
  EXPECT_TRUE(says("The decision stands."));
  EXPECT_TRUE(says("Решение осталось в силе.", Language::russian));
  EXPECT_TRUE(says("Қарор боқӣ монд.", Language::tajik));
  statement.appeals.front().decided.reset();
  EXPECT_TRUE(says("Nobody has decided on it yet."));
  EXPECT_FALSE(says("The decision stands."));
  statement.appeals.clear();
  EXPECT_FALSE(says("an appeal was made"));
}

TEST(PersonStatement, WhatOthersAreCalledCannotChangeTheTerminal) {
  PersonStatement statement = with_everything();
  statement.shared.front().organisation = "A\x1b[2Jshelter\n2. Nobody";
  statement.appeals.front().by = "A\x1b[2Jbody\n3. Nobody";
  statement.shared.front().reasons = {"\xe2\x80\xae"};
  const std::string text = statement_text(statement, Language::english);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\n2. Nobody"), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
}

}  // namespace
}  // namespace hamroh
