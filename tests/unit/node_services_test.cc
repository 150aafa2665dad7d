// What members say of their services: who hears it, who keeps which of several, and who is refused.

#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

class NodeServices : public NodeFixture {
 protected:
  NodeServices() {
    const Bytes provides = publish(changing(commission_, [](Member& member) {
      member.capabilities.give(Capability::service_provide);
    }));
    for (Site* site : {&ngo_, &commission_}) {
      EXPECT_TRUE(install(*site, provides));
    }
    talk();
  }

  [[nodiscard]] ServiceStatement statement(std::optional<std::uint32_t> places,
                                           Duration valid = days(7)) const {
    OfferedService offered;
    offered.service = Service::shelter;
    offered.districts = {"TJ-SU"};
    offered.languages = {"tg"};
    offered.places = places;
    return {0, now() + valid, {offered}};
  }
  Result<PublishedServices> say(Site& site, const ServiceStatement& said,
                                const Actor& actor = program()) {
    Result<PublishedServices> published;
    in_turn(site, [&](Turn& turn) { published = site.node->publish_services(said, actor, turn); });
    return published;
  }
  // The places that `site` knows of `member`; -1: it said nothing of them; nothing: no statement.
  std::optional<int> places(Site& site, const Site& member) {
    std::optional<int> found;
    in_turn(site, [&](Turn& turn) {
      const Node::ServicesPage page = site.node->services({}, 64, turn).value();
      for (const KnownServices& one : page.known) {
        const ServiceStatement said = parse_services(one.statement).value();
        if (one.member == member.id) {
          found = said.services[0].places ? static_cast<int>(*said.services[0].places) : -1;
        }
      }
    });
    return found;
  }
  std::vector<LedgerRecord> entries(Site& site, EntryKind kind) {
    std::vector<LedgerRecord> found;
    in_turn(site, [&](Turn& turn) {
      ASSERT_TRUE(site.node->ledger().scan(turn.store, 0, [&](const LedgerRecord& record) {
        if (record.entry.kind == kind) {
          found.push_back(record);
        }
        return true;
      }));
    });
    return found;
  }
};

TEST_F(NodeServices, WhoMayReferHearsOfFreePlacesAndHowTheyChange) {
  const auto published = say(commission_, statement(3));
  ASSERT_TRUE(published);
  EXPECT_EQ(published->members, 1u);  // the ministry refers nobody
  talk();
  EXPECT_EQ(places(ngo_, commission_), 3);
  EXPECT_EQ(places(commission_, commission_), 3);
  ASSERT_TRUE(say(commission_, statement(0)));
  talk();
  EXPECT_EQ(places(ngo_, commission_), 0);
  restart(ngo_);
  EXPECT_EQ(places(ngo_, commission_), 0);
}

TEST_F(NodeServices, OneStatementAMemberIsKeptAndNoBodyOfOlderOnes) {
  const auto rows = [](Site& site, Table table) {
    return std::ranges::count_if(site.disk.rows(),
                                 [&](const auto& row) { return row.first.first == table; });
  };
  for (const std::uint32_t free : {1U, 2U, 3U}) {
    ASSERT_TRUE(say(commission_, statement(free)));
    talk();
  }
  EXPECT_EQ(rows(ngo_, Table::service), 1);
  EXPECT_EQ(rows(ngo_, Table::body), 0);
  EXPECT_EQ(rows(commission_, Table::body), 1);  // the newest, until it is replaced
  EXPECT_EQ(rows(ngo_, Table::case_event), 0);
}

TEST_F(NodeServices, WhatNobodyHasHeardYetIsReturnedWhenThereIsANewerWord) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(say(commission_, statement(5)));
  ASSERT_TRUE(say(commission_, statement(2)));
  EXPECT_EQ(commission_.node->view().outbox_depth, 1u);
  const auto returned = entries(commission_, EntryKind::returned);
  ASSERT_EQ(returned.size(), 1u);
  EXPECT_EQ(returned[0].entry.code, Code::stale_version);
  restart(commission_);
  EXPECT_EQ(commission_.node->view().outbox_depth, 1u);
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(places(ngo_, commission_), 2);
}

TEST_F(NodeServices, AnOlderStatementThatComesLateIsRefused) {
  ASSERT_TRUE(say(commission_, statement(5)));
  const std::vector<SendFrame> old = std::exchange(commission_.out, {});
  ASSERT_TRUE(say(commission_, statement(2)));
  talk();
  ASSERT_EQ(places(ngo_, commission_), 2);
  for (const SendFrame& frame : old) {
    (void)carry(commission_, ngo_, frame);
  }
  talk();
  EXPECT_EQ(places(ngo_, commission_), 2);
  const auto refused = entries(ngo_, EntryKind::refused);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].entry.code, Code::stale_version);
}

TEST_F(NodeServices, WhoJoinsLaterIsToldOnceByTheNode) {
  ASSERT_TRUE(say(commission_, statement(3)));
  talk();
  const std::size_t before = entries(commission_, EntryKind::sent).size();
  const Member fresh = initialise(spare_, MemberKind::ngo, "late");
  const Bytes admits = publish([&](Directory& next) {
    next.members.push_back(fresh);
    std::ranges::sort(next.members, {}, &Member::id);
  });
  ASSERT_TRUE(install(commission_, admits));
  join(spare_);
  sleep(tuning::start_wait_max);
  connect(commission_, spare_);
  talk();
  EXPECT_EQ(places(spare_, commission_), 3);
  sleep(hours(1));
  talk();
  EXPECT_EQ(entries(commission_, EntryKind::sent).size(), before + 1);
}

TEST_F(NodeServices, WhatHasExpiredIsNotToldToNewcomers) {
  ASSERT_TRUE(say(commission_, statement(3, hours(1))));
  talk();
  sleep(hours(2));
  const std::size_t before = entries(commission_, EntryKind::sent).size();
  const Bytes admits = publish(changing(
      ministry_, [](Member& member) { member.capabilities.give(Capability::refer_send); }));
  ASSERT_TRUE(install(commission_, admits));
  talk();
  EXPECT_EQ(entries(commission_, EntryKind::sent).size(), before);
}

TEST_F(NodeServices, OnlyAProviderPublishesAndOnlyForAMonth) {
  EXPECT_EQ(code_of(say(ngo_, statement(3))), Code::not_capable);
  Actor worker;
  worker.role = Role::case_worker;
  EXPECT_EQ(code_of(say(commission_, statement(3), worker)), Code::not_permitted);
  EXPECT_EQ(code_of(say(commission_, statement(3, days(32)))), Code::invalid_form);
  EXPECT_EQ(code_of(say(commission_, statement(3, {}))), Code::invalid_form);
  ServiceStatement nothing = statement(3);
  nothing.services.clear();
  EXPECT_EQ(code_of(say(commission_, nothing)), Code::invalid_form);
  const Submission into_a_case{id_of(9), case_of(id_of(1)),    EventKind::service_publish,
                               {},       encode(statement(3)), {}};
  EXPECT_EQ(refusal(commission_, into_a_case), Code::invalid_argument);
}

TEST_F(NodeServices, WhoIsNoProviderAnyMoreIsNeitherHeardNorShown) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(say(commission_, statement(3)));
  const Bytes takes = publish(changing(
      commission_, [](Member& member) { member.capabilities.take(Capability::service_provide); }));
  ASSERT_TRUE(install(ngo_, takes));
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(places(ngo_, commission_), std::nullopt);
  const auto refused = entries(ngo_, EntryKind::refused);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].entry.code, Code::not_capable);
}

TEST_F(NodeServices, ALockedVaultShowsNoServices) {
  ASSERT_TRUE(say(commission_, statement(3)));
  talk();
  lock(ngo_);
  Code code = Code::none;
  in_turn(ngo_, [&](Turn& turn) { code = code_of(ngo_.node->services({}, 64, turn)); });
  EXPECT_EQ(code, Code::locked);
  EXPECT_EQ(code_of(say(ngo_, statement(3))), Code::locked);
}

}  // namespace
}  // namespace hamroh
