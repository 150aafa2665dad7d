// The table of events: what the law of a case says, as claims about rows.

#include "protocol/lifecycle.h"

#include <gtest/gtest.h>
#include <set>

namespace hamroh {
namespace {

TEST(Lifecycle, EveryKindHasOneRowOneNameAndOneNumber) {
  std::set<std::string> names;
  std::set<std::uint16_t> numbers;
  for (const Rule& rule : lifecycle()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_TRUE(numbers.insert(static_cast<std::uint16_t>(rule.kind)).second) << rule.name;
    EXPECT_EQ(find_rule(rule.kind), &rule);
    EXPECT_STREQ(event_kind_name(rule.kind), rule.name);
    EXPECT_EQ(is_known_kind(static_cast<std::uint16_t>(rule.kind)), rule.body != BodyForm::later);
  }
}

TEST(Lifecycle, NumbersOfBeforeStay) {
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(1)), "referral.send");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(2)), "referral.receive");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(3)), "referral.accept");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(4)), "referral.decline");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(40)), "case.note");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(60)), "erasure.request");
  EXPECT_STREQ(event_kind_name(static_cast<EventKind>(61)), "erasure.done");
}

TEST(Lifecycle, KindsThatNobodyKnowsHaveNoRule) {
  for (const std::uint16_t number : std::array<std::uint16_t, 7>{0, 11, 49, 63, 64, 255, 65535}) {
    EXPECT_EQ(find_rule(static_cast<EventKind>(number)), nullptr) << number;
    EXPECT_FALSE(is_known_kind(number)) << number;
    EXPECT_STREQ(event_kind_name(static_cast<EventKind>(number)), "unknown");
  }
}

TEST(Lifecycle, EveryStateCanBeReachedAndHasANameThatParsesBack) {
  std::set<State> reached{State::none, State::open};
  for (const Rule& rule : lifecycle()) {
    for (const State state : rule.to.list()) {
      reached.insert(state);
    }
  }
  for (const Rule& rule : lifecycle()) {
    for (const State state : rule.from.list()) {
      EXPECT_TRUE(reached.contains(state)) << rule.name << " from " << state_name(state);
    }
  }
  for (const State state : reached) {
    EXPECT_EQ(parse_state(state_name(state)), state);
  }
  EXPECT_EQ(parse_state("unknown"), std::nullopt);
  EXPECT_STREQ(state_name(static_cast<State>(10)), "unknown");
}

TEST(Lifecycle, ACommissionerDecidesAndACaseWorkerDoesNot) {
  for (const EventKind kind :
       {EventKind::status_pre_grant, EventKind::status_assign, EventKind::status_refuse,
        EventKind::ministry_confirm, EventKind::ministry_return, EventKind::appeal_outcome}) {
    const Operation needed = operation_for(kind);
    EXPECT_TRUE(rights_of(Role::commissioner).has(needed)) << event_kind_name(kind);
    EXPECT_FALSE(rights_of(Role::case_worker).has(needed)) << event_kind_name(kind);
    EXPECT_FALSE(rights_of(Role::supervisor).has(needed)) << event_kind_name(kind);
  }
  EXPECT_TRUE(rights_of(Role::case_worker).has(operation_for(EventKind::status_apply)));
}

TEST(Lifecycle, CapabilitiesAreThoseOfTheMembersWhoseWorkItIs) {
  const auto may = [](MemberKind member, EventKind kind) {
    return default_capabilities(member).has(*capability_for(kind));
  };
  EXPECT_TRUE(may(MemberKind::commission, EventKind::status_assign));
  EXPECT_FALSE(may(MemberKind::ngo, EventKind::status_assign));
  EXPECT_TRUE(may(MemberKind::ministry, EventKind::ministry_confirm));
  EXPECT_FALSE(may(MemberKind::commission, EventKind::ministry_confirm));
  EXPECT_TRUE(may(MemberKind::appeal_body, EventKind::appeal_outcome));
  EXPECT_FALSE(may(MemberKind::commission, EventKind::appeal_outcome));
  EXPECT_TRUE(may(MemberKind::relief_fund, EventKind::fund_paid));
  EXPECT_TRUE(may(MemberKind::provider, EventKind::transfer_accept));
}

}  // namespace
}  // namespace hamroh
