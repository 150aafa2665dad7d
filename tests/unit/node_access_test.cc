// Who of an organisation sees which case, what is on record of it, and what needs two people.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

UserId user_id(std::uint8_t number) {
  UserId user;
  user.bytes[0] = number;
  return user;
}

Actor person(std::uint8_t number, Role role, std::vector<std::string> teams) {
  return {user_id(number), role, std::move(teams), {}};
}

Bytes sealed_referral() {
  ReferralForm form = parse_referral(referral()).value();
  form.sealed.emplace();
  form.sealed->narrative = FreeText{"en", "what only two may read"};
  using enum DisclosureTier;
  form.consent.scope = {{{"kind:commission"}, {t1, t2, t3, t4}, {"protection"}}};
  return encode(form);
}

class NodeAccess : public NodeFixture {
 protected:
  NodeAccess() {
    for (const Actor& actor : {amina_, bahor_, chief_, other_chief_, stranger_, auditor_}) {
      know(actor, true);
    }
  }

  void know(const Actor& actor, bool active) {
    commission_.node->know_user(actor.user, {"user", actor.role, actor.teams, active});
  }
  // A referral that has come in; it belongs to the team `intake`.
  CaseId incoming(std::uint64_t number, Bytes body = referral()) {
    Submission submission = a_referral(number);
    submission.body = std::move(body);
    EXPECT_TRUE(submit(ngo_, submission));
    talk();
    return case_of(id_of(number));
  }
  template <class Use>
  auto at_commission(Use use) {
    using Outcome = decltype(use(std::declval<Node&>(), std::declval<Turn&>()));
    std::optional<Outcome> outcome;
    in_turn(commission_, [&](Turn& turn) { outcome.emplace(use(*commission_.node, turn)); });
    return std::move(*outcome);
  }
  // A referral with a sealed tier, which has been disclosed to the commission; the case is still
  // nobody's there.
  CaseId incoming_sealed(std::uint64_t number) {
    const CaseId id = incoming(number, sealed_referral());
    EXPECT_TRUE(at_commission([&](Node& node, Turn& turn) {
      return node.submit({id_of(900), id, EventKind::referral_accept, {}, encode(Decision{}), {}},
                         program(), turn);
    }));
    talk();
    return id;
  }
  Code showing(const Actor& actor, const CaseId& id) {
    return code_of(
        at_commission([&](Node& node, Turn& turn) { return node.case_view(id, actor, turn); }));
  }
  Code reading(const Actor& actor, const CaseId& id) {
    return at_commission([&](Node& node, Turn& turn) {
      const Status admitted = node.admit_reading(id, actor, turn);
      EXPECT_TRUE(!admitted || node.enter_reading(id, actor, turn));
      return code_of(admitted);
    });
  }
  Result<TaskId> ask(TaskKind kind, const CaseId& id, const Actor& actor) {
    return at_commission(
        [&](Node& node, Turn& turn) { return node.ask(kind, id, "by night", actor, turn); });
  }
  Code decide(const TaskId& task, bool agrees, const Actor& actor) {
    return code_of(at_commission(
        [&](Node& node, Turn& turn) { return node.decide_task(task, agrees, actor, turn); }));
  }
  std::size_t tasks(const Actor& actor) {
    return at_commission([&](Node& node, Turn& turn) { return node.tasks(actor, turn); })->size();
  }
  Result<Node::StoredBody> body(const MessageId& message, const Actor& actor) {
    return at_commission(
        [&](Node& node, Turn& turn) { return node.body(ngo_.id, message, actor, turn); });
  }
  std::vector<Entry> entries(EntryKind kind) {
    return at_commission([&](Node& node, Turn& turn) {
      std::vector<Entry> found;
      EXPECT_TRUE(node.ledger().scan(turn.store, 0, [&](const LedgerRecord& record) {
        if (record.entry.kind == kind) {
          found.push_back(record.entry);
        }
        return true;
      }));
      return found;
    });
  }

  Actor amina_ = person(11, Role::case_worker, {"intake"});
  Actor bahor_ = person(12, Role::case_worker, {"intake"});
  Actor chief_ = person(13, Role::supervisor, {"intake"});
  Actor other_chief_ = person(14, Role::supervisor, {"shelter"});
  Actor stranger_ = person(15, Role::case_worker, {"shelter"});
  Actor auditor_ = person(16, Role::auditor, {});
  Actor operator_ = person(17, Role::operator_, {});
};

TEST_F(NodeAccess, ACaseOfNobodyIsItsTeamsAndThenWhoseItIs) {
  const CaseId id = incoming(1);
  EXPECT_EQ(showing(amina_, id), Code::none);
  EXPECT_EQ(showing(bahor_, id), Code::none);
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
  const auto take = [&](const Actor& actor) {
    return code_of(
        at_commission([&](Node& node, Turn& turn) { return node.take_case(id, actor, turn); }));
  };
  EXPECT_EQ(take(stranger_), Code::not_permitted);
  EXPECT_EQ(take(auditor_), Code::not_permitted);
  EXPECT_EQ(take(amina_), Code::none);
  EXPECT_EQ(take(amina_), Code::none);
  EXPECT_EQ(showing(amina_, id), Code::none);
  EXPECT_EQ(showing(bahor_, id), Code::not_permitted);
  EXPECT_EQ(take(bahor_), Code::not_permitted);
  EXPECT_EQ(showing(chief_, id), Code::none);
  EXPECT_EQ(showing(other_chief_, id), Code::not_permitted);
  EXPECT_EQ(entries(EntryKind::assigned).size(), 1U);
}

TEST_F(NodeAccess, NeitherAuditorNorOperatorSeesACase) {
  const CaseId id = incoming(1);
  EXPECT_EQ(showing(auditor_, id), Code::not_permitted);
  EXPECT_EQ(showing(operator_, id), Code::not_permitted);
  EXPECT_EQ(code_of(body(id_of(1), auditor_)), Code::not_permitted);
}

TEST_F(NodeAccess, AProgramSeesTheTeamsThatItWasGivenAndWhatItWasGranted) {
  const CaseId id = incoming(1);
  Actor actor = program();
  EXPECT_EQ(showing(actor, id), Code::none);
  actor.teams = {"shelter"};
  EXPECT_EQ(showing(actor, id), Code::not_permitted);
  actor.teams = {"intake"};
  EXPECT_EQ(showing(actor, id), Code::none);
  actor.grants = Grants{}.give(Operation::refer);
  EXPECT_EQ(showing(actor, id), Code::not_permitted);
  EXPECT_EQ(
      code_of(at_commission([&](Node& node, Turn& turn) {
        return node.submit({id_of(9), id, EventKind::case_note, {}, note("a"), {}}, actor, turn);
      })),
      Code::not_permitted);
}

TEST_F(NodeAccess, WhatSheMayNotSeeIsNotListedFoundOrHeardOf) {
  const CaseId id = incoming(1);
  const auto counts = [&](const Actor& actor) {
    return at_commission([&](Node& node, Turn& turn) {
      const std::size_t listed = node.cases({}, 64, false, actor, turn)->cases.size();
      const std::size_t found =
          node.find_messages(id_of(1).hex().substr(0, 6), 64, actor, turn)->size();
      std::size_t heard = 0;
      const std::vector<Event> events = node.events(0, 512, turn).value();
      for (const Event& event : events) {
        heard += event.message == id_of(1) && node.may_see_event(event, actor, turn).value();
      }
      return std::tuple(listed, found, heard, code_of(node.message(id_of(1), actor, turn)));
    });
  };
  EXPECT_EQ(counts(amina_), std::tuple(1U, 1U, 1U, Code::none));
  EXPECT_EQ(counts(stranger_), std::tuple(0U, 0U, 0U, Code::not_permitted));
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
  EXPECT_EQ(code_of(body(id_of(1), stranger_)), Code::not_permitted);
  EXPECT_EQ(code_of(at_commission([&](Node& node, Turn& turn) {
              return node.submit({id_of(9), id, EventKind::case_note, {}, note("a"), {}}, stranger_,
                                 turn);
            })),
            Code::not_permitted);
}

TEST_F(NodeAccess, ASupervisorGivesACaseToPeopleAndTeamsAndTakesItBack) {
  const CaseId id = incoming(1);
  const auto assign = [&](const Assignment& assignment, const Actor& actor) {
    return code_of(at_commission(
        [&](Node& node, Turn& turn) { return node.assign_case(id, assignment, actor, turn); }));
  };
  EXPECT_EQ(assign({{}, {amina_.user}, {}}, amina_), Code::not_permitted);
  EXPECT_EQ(assign({{}, {amina_.user}, {}}, other_chief_), Code::not_permitted);
  EXPECT_EQ(assign({{}, {user_id(99)}, {}}, chief_), Code::not_found);
  EXPECT_EQ(assign({{}, {auditor_.user}, {}}, chief_), Code::not_permitted);
  EXPECT_EQ(assign({"No Team", {}, {}}, chief_), Code::invalid_argument);
  EXPECT_EQ(assign({{}, {stranger_.user}, {}}, chief_), Code::none);
  EXPECT_EQ(showing(stranger_, id), Code::none);
  EXPECT_EQ(showing(amina_, id), Code::not_permitted);
  EXPECT_EQ(assign({{}, {}, {stranger_.user}}, chief_), Code::none);
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
  EXPECT_EQ(showing(amina_, id), Code::none);
  EXPECT_EQ(assign({"shelter", {}, {}}, chief_), Code::none);
  EXPECT_EQ(showing(chief_, id), Code::not_permitted);
  EXPECT_EQ(showing(other_chief_, id), Code::none);
  EXPECT_EQ(entries(EntryKind::assigned).size(), 3U);
}

TEST_F(NodeAccess, ACaseOfSomebodyWhoHasLeftIsItsTeamsAgain) {
  const CaseId id = incoming(1);
  EXPECT_TRUE(
      at_commission([&](Node& node, Turn& turn) { return node.take_case(id, amina_, turn); }));
  EXPECT_EQ(showing(bahor_, id), Code::not_permitted);
  know(amina_, false);
  EXPECT_EQ(showing(bahor_, id), Code::none);
  EXPECT_TRUE(
      at_commission([&](Node& node, Turn& turn) { return node.take_case(id, bahor_, turn); }));
  know(amina_, true);
  EXPECT_EQ(showing(amina_, id), Code::not_permitted);
}

TEST_F(NodeAccess, WhoBeginsToWorkOnACaseOfNobodyHasIt) {
  const CaseId id = incoming(1);
  EXPECT_TRUE(at_commission([&](Node& node, Turn& turn) {
    return node.submit({id_of(2), id, EventKind::case_note, {}, note("a"), {}}, bahor_, turn);
  }));
  EXPECT_EQ(showing(amina_, id), Code::not_permitted);
  EXPECT_EQ(showing(bahor_, id), Code::none);
}

TEST_F(NodeAccess, EachOpeningIsInTheLedgerAndOnlyItsOpeningTellsWhose) {
  const CaseId id = incoming(1);
  EXPECT_EQ(reading(amina_, id), Code::none);
  EXPECT_EQ(reading(bahor_, id), Code::none);
  EXPECT_EQ(reading(stranger_, id), Code::not_permitted);
  const auto seen = at_commission(
      [&](Node& node, Turn& turn) { return node.accesses(id, auditor_, turn).value(); });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].user, bahor_.user);
  EXPECT_EQ(seen[1].user, amina_.user);
  const std::vector<Entry> read = entries(EntryKind::read);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].subject, seen[1].commitment());
  EXPECT_EQ(read[1].subject, seen[0].commitment());
  AccessRecord guess = seen[1];
  guess.salt = {};
  EXPECT_NE(read[0].subject, guess.commitment());
  const auto asked = [&](const Actor& actor) {
    return code_of(
        at_commission([&](Node& node, Turn& turn) { return node.accesses(id, actor, turn); }));
  };
  EXPECT_EQ(asked(chief_), Code::none);
  EXPECT_EQ(asked(other_chief_), Code::not_permitted);
  EXPECT_EQ(asked(amina_), Code::not_permitted);
}

TEST_F(NodeAccess, TheSameCaseAgainWithinMinutesIsTheSameReading) {
  const CaseId id = incoming(1);
  EXPECT_EQ(reading(amina_, id), Code::none);
  EXPECT_EQ(reading(amina_, id), Code::none);
  EXPECT_EQ(entries(EntryKind::read).size(), 1U);
  sleep(tuning::reading_repeats);
  sleep(seconds(1));
  EXPECT_EQ(reading(amina_, id), Code::none);
  EXPECT_EQ(entries(EntryKind::read).size(), 2U);
}

TEST_F(NodeAccess, UnusualReadingIsSlowedAndReported) {
  std::vector<CaseId> cases;
  for (std::uint64_t number = 1; number <= tuning::cases_opened_per_hour + 2; ++number) {
    cases.push_back(incoming(number));
  }
  for (std::size_t i = 0; i < tuning::cases_opened_per_hour; ++i) {
    ASSERT_EQ(reading(amina_, cases[i]), Code::none) << i;
  }
  const CaseId next = cases[tuning::cases_opened_per_hour];
  EXPECT_EQ(reading(amina_, next), Code::too_early);
  EXPECT_EQ(reading(amina_, cases[3]), Code::none);  // nothing new to her
  EXPECT_EQ(reading(bahor_, next), Code::none);
  sleep(tuning::reading_pause);
  EXPECT_EQ(reading(amina_, next), Code::none);
  EXPECT_EQ(reading(amina_, cases.back()), Code::too_early);
  EXPECT_EQ(entries(EntryKind::unusual_reading).size(), 1U);
  EXPECT_EQ(tasks(chief_), 1U);
  EXPECT_EQ(tasks(auditor_), 1U);
  EXPECT_EQ(tasks(other_chief_), 0U);
}

TEST_F(NodeAccess, BrokenGlassOpensOneCaseForHoursAndWaitsForASecondPersonsReview) {
  const CaseId id = incoming(1);
  const CaseId other = incoming(2);
  ASSERT_EQ(code_of(ask(TaskKind::break_glass, id, auditor_)), Code::not_permitted);
  const auto task = ask(TaskKind::break_glass, id, stranger_);
  ASSERT_TRUE(task);
  EXPECT_EQ(reading(stranger_, id), Code::none);
  EXPECT_EQ(showing(stranger_, other), Code::not_permitted);
  EXPECT_EQ(entries(EntryKind::break_glass).size(), 1U);
  EXPECT_EQ(tasks(chief_), 1U);
  EXPECT_EQ(tasks(auditor_), 1U);
  EXPECT_EQ(decide(*task, true, stranger_), Code::second_person);
  EXPECT_EQ(decide(*task, true, bahor_), Code::not_permitted);
  EXPECT_EQ(decide(*task, true, other_chief_), Code::not_permitted);
  EXPECT_EQ(decide(*task, true, auditor_), Code::none);
  EXPECT_EQ(decide(*task, true, chief_), Code::conflict);
  EXPECT_EQ(entries(EntryKind::reviewed).size(), 1U);
  EXPECT_EQ(showing(stranger_, id), Code::none);
  sleep(tuning::broken_glass_lasts);
  sleep(seconds(1));
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
}

TEST_F(NodeAccess, GlassThatShouldNotHaveBeenBrokenIsShutAtOnce) {
  const CaseId id = incoming(1);
  const auto task = ask(TaskKind::break_glass, id, stranger_);
  EXPECT_EQ(showing(stranger_, id), Code::none);
  EXPECT_EQ(decide(*task, false, chief_), Code::none);
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
}

TEST_F(NodeAccess, TheSealedTierNeedsASecondPersonForADay) {
  const CaseId id = incoming_sealed(1);
  const auto withheld = [&](const Actor& actor) {
    const auto shown = body(id_of(1), actor);
    EXPECT_EQ(parse_referral(shown->body)->sealed.has_value(), !shown->withheld);
    return shown->withheld;
  };
  EXPECT_TRUE(withheld(amina_));
  EXPECT_TRUE(withheld(program()));
  const auto task = ask(TaskKind::see_sealed_tier, id, amina_);
  ASSERT_TRUE(task);
  EXPECT_TRUE(withheld(amina_));
  EXPECT_EQ(decide(*task, true, auditor_), Code::not_permitted);
  EXPECT_EQ(decide(*task, true, bahor_), Code::not_permitted);
  EXPECT_EQ(decide(*task, true, chief_), Code::none);
  EXPECT_FALSE(withheld(amina_));
  EXPECT_TRUE(withheld(bahor_));
  sleep(tuning::agreement_lasts);
  EXPECT_TRUE(withheld(amina_));
  const auto refused = ask(TaskKind::see_sealed_tier, id, amina_);
  EXPECT_EQ(decide(*refused, false, chief_), Code::none);
  EXPECT_TRUE(withheld(amina_));
}

TEST_F(NodeAccess, AnExportNeedsASecondPersonAndLeavesTheSealedTierOut) {
  const CaseId id = incoming_sealed(1);
  const auto exporting = [&](const Actor& actor) {
    return at_commission(
        [&](Node& node, Turn& turn) { return node.export_case(id, 0, actor, turn); });
  };
  EXPECT_EQ(code_of(exporting(amina_)), Code::second_person);
  EXPECT_EQ(code_of(exporting(auditor_)), Code::not_permitted);
  EXPECT_EQ(decide(*ask(TaskKind::export_case, id, amina_), true, chief_), Code::none);
  const auto exported = exporting(amina_);
  ASSERT_TRUE(exported);
  ASSERT_EQ(exported->bodies.size(), 3U);  // referral, acceptance, disclosure
  EXPECT_EQ(exported->next, 3U);
  EXPECT_TRUE(exported->bodies[0].withheld);
  EXPECT_EQ(code_of(exporting(bahor_)), Code::second_person);
  EXPECT_EQ(decide(*ask(TaskKind::see_sealed_tier, id, amina_), true, chief_), Code::none);
  EXPECT_FALSE(exporting(amina_)->bodies[0].withheld);
}

TEST_F(NodeAccess, AMessageNamesItsUserByAPseudonymOfThatCaseAlone) {
  const CaseId first = incoming(1);
  const CaseId second = incoming(2);
  std::vector<Pseudonym> names;
  const std::vector<std::pair<std::uint64_t, CaseId>> notes{{3, first}, {4, first}, {5, second}};
  for (const auto& [number, id] :
       {std::pair(3, first), std::pair(4, first), std::pair(5, second)}) {
    EXPECT_TRUE(at_commission([&, number = number, id = id](Node& node, Turn& turn) {
      return node.submit({id_of(number), id, EventKind::case_note, {}, note("a"), {}}, amina_,
                         turn);
    }));
  }
  talk();
  for (const auto& [number, id] :
       {std::pair(3, first), std::pair(4, first), std::pair(5, second)}) {
    in_turn(ngo_, [&, number = number, id = id](Turn& turn) {
      const auto shown = ngo_.node->case_view(id, program(), turn);
      const auto event = std::ranges::find(shown->events, id_of(number), &MessageView::message);
      ASSERT_NE(event, shown->events.end());
      EXPECT_EQ(event->actor_role, static_cast<std::uint8_t>(Role::case_worker));
      EXPECT_TRUE(event->user.is_zero());
      names.push_back(event->actor);
    });
  }
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0], names[1]);
  EXPECT_NE(names[0], names[2]);
  const auto own = at_commission(
      [&](Node& node, Turn& turn) { return node.case_view(first, amina_, turn)->events.back(); });
  EXPECT_EQ(own.user, amina_.user);
  EXPECT_EQ(own.actor, names[0]);
}

TEST_F(NodeAccess, ALockedNodeForgetsBrokenGlassAndWhoWasFast) {
  const CaseId id = incoming(1);
  EXPECT_TRUE(ask(TaskKind::break_glass, id, stranger_));
  lock(commission_);
  unlock(commission_);
  EXPECT_EQ(showing(stranger_, id), Code::not_permitted);
}

TEST_F(NodeAccess, OnlyASupervisorOfItsTeamErasesACase) {
  const CaseId id = incoming(1);
  const auto may = [&](const Actor& actor) {
    return code_of(at_commission(
        [&](Node& node, Turn& turn) { return node.check_may_erase(id, actor, turn); }));
  };
  EXPECT_EQ(may(chief_), Code::none);
  for (const Actor& actor : {amina_, other_chief_, auditor_, operator_, program()}) {
    EXPECT_EQ(may(actor), Code::not_permitted);
  }
}

TEST_F(NodeAccess, InTheTurnThatLocksNothingOfACaseOpensAnyMore) {
  const CaseId id = incoming(1);
  const Code code = at_commission([&](Node& node, Turn& turn) {
    EXPECT_TRUE(node.lock(turn));
    EXPECT_EQ(code_of(node.message(id_of(1), amina_, turn)), Code::locked);
    return code_of(node.case_view(id, amina_, turn));
  });
  EXPECT_EQ(code, Code::locked);
}

TEST_F(NodeAccess, AReasonIsOneLineOfPlainText) {
  const CaseId id = incoming(1);
  for (const std::string& reason : {std::string(), std::string(513, 'a'), std::string("two\nlines"),
                                    std::string("\x1b[2J"), std::string("\xff")}) {
    EXPECT_EQ(code_of(at_commission([&](Node& node, Turn& turn) {
                return node.ask(TaskKind::break_glass, id, reason, stranger_, turn);
              })),
              Code::invalid_argument);
  }
}

}  // namespace
}  // namespace hamroh
