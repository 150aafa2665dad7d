// Membership as a node lives it: statements that come by hello, by file and over a restart, and
// what follows from them for peers, queues, cases and this node's own keys.

#include <chrono>

#include "tests/unit/forger_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

class NodeMembership : public NodeFixture {
 protected:
  // A hello with statements of which none may be believed: versions, members and ledger stay.
  void expect_refused(const std::vector<Bytes>& statements) {
    const Node& node = *commission_.node;
    const std::uint64_t size = node.ledger().size();
    const Digest standing = node.membership().standing();
    const std::uint64_t version = node.membership().version();
    const std::uint64_t constitution = node.membership().constitution().value().version;
    for (const Bytes& statement : statements) {
      (void)say(ngo_, commission_, std::vector<Bytes>{statement});
    }
    EXPECT_EQ(node.ledger().size(), size);
    EXPECT_EQ(node.membership().version(), version);
    EXPECT_EQ(node.membership().constitution().value().version, constitution);
    EXPECT_EQ(node.membership().standing(), standing);
    EXPECT_TRUE(node.view().alarms.empty());
  }
  // A step from what everybody has, not published.
  [[nodiscard]] Bytes step(const std::function<void(Directory&)>& change,
                           const std::vector<unsigned>& signers = {1, 2}) const {
    return encode_directory_file(next_file(*directory_, change, signers));
  }
  static void nothing(Directory&) {}
  Result<RotationOutcome> rotate(Site& site, const RotationAsk& ask) {
    Result<RotationOutcome> outcome;
    in_turn(site, [&](Turn& turn) { outcome = site.node->rotate(ask, turn); });
    return outcome;
  }
  static RotationAsk all_keys() { return {true, true, true, true, true, ""}; }
  std::size_t entries_of_kind(Site& site, EntryKind kind) {
    std::size_t count = 0;
    in_turn(site, [&](Turn& turn) {
      const std::vector<Event> events = site.node->events(0, 10'000, turn).value();
      for (const Event& event : events) {
        count += event.kind == static_cast<std::uint8_t>(kind) ? 1U : 0U;
      }
    });
    return count;
  }
  void expect_still_talking(std::uint64_t number) {
    ASSERT_TRUE(submit(ngo_, a_referral(number)));
    talk();
    EXPECT_EQ(level(id_of(number)), Level::opened);
  }
};

// ---- the attacks of the specification of TUF, by name, through real hellos
//
// ExtraneousDependencies does not apply: a directory names no other file that a node would fetch.

TEST_F(NodeMembership, ArbitraryInstallationIsRefused) {
  expect_refused({step(nothing, {}), step(nothing, {7, 8}), step(nothing, {1}), whole(),
                  suspending(ministry_, {8}), Bytes(300, 0x5A), Bytes{}});
  expect_still_talking(1);
}

TEST_F(NodeMembership, EndlessDataIsRefusedInBoundedTime) {
  const auto from = std::chrono::steady_clock::now();
  EXPECT_FALSE(install(ngo_, Bytes(10 * 1024 * 1024, 0x5A)));
  Bytes padded = whole();
  padded.resize(10 * 1024 * 1024);
  EXPECT_EQ(code_of(install(ngo_, padded)), Code::too_large);
  EXPECT_EQ(
      code_of(carry(ngo_, commission_, {commission_.id, Bytes(limits::frame_bytes_max + 1, 1)})),
      Code::too_large);
  for (int n = 0; n < 20; ++n) {
    Hello hello = hello_of(ngo_);
    hello.statements.assign(limits::statements_max, Bytes(3'000, 0x5A));
    const Code said = code_of(say(ngo_, commission_, hello));
    EXPECT_TRUE(said == (n < 2 ? Code::none : Code::full)) << n;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(10));
  EXPECT_EQ(commission_.node->membership().version(), 1U);
  expect_still_talking(1);
}

TEST_F(NodeMembership, FastForwardIsRefused) {
  expect_refused({step([](Directory& d) { d.version = UINT64_MAX; }),
                  step([](Directory& d) { d.version = 3; })});
  EXPECT_TRUE(say(ngo_, commission_, std::vector<Bytes>{step(nothing)}));
  EXPECT_EQ(commission_.node->membership().version(), 2U);
}

TEST_F(NodeMembership, IndefiniteFreezeIsSeenAndStopsNewContactsOnly) {
  const Bytes short_lived = publish([this](Directory& d) {
    d.warns = now() + minutes(1);
    d.expires = now() + minutes(2);
  });
  ASSERT_TRUE(install(ngo_, short_lived));
  talk();
  EXPECT_EQ(ngo_.node->view().staleness, Staleness::fresh);
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  sleep(minutes(1));
  EXPECT_EQ(ngo_.node->view().staleness, Staleness::warn);
  ASSERT_TRUE(submit(ngo_, a_referral(2)));
  sleep(minutes(1));
  EXPECT_EQ(ngo_.node->view().staleness, Staleness::expired);
  EXPECT_EQ(refusal(ngo_, a_referral(3)), Code::directory_expired);
  // Receipts, cases that go on and emergencies to known members are never blocked.
  ASSERT_TRUE(submit(ngo_, a_note(4, "goes on")));
  ASSERT_TRUE(submit(ngo_, a_referral(5, Urgency::emergency)));
  talk();
  for (const std::uint64_t number : {1U, 2U, 4U, 5U}) {
    EXPECT_EQ(level(id_of(number)), Level::opened) << number;
  }
  Submission wider = a_note(6, "somebody new");
  wider.to = {commission_.id, ministry_.id};
  EXPECT_EQ(refusal(ngo_, wider), Code::directory_expired);
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  EXPECT_TRUE(submit(ngo_, a_referral(3)));
}

TEST_F(NodeMembership, MaliciousMirrorsPassNothingFalse) {
  const Bytes good = step(nothing);
  for (std::size_t at = 0; at < good.size(); at += 3) {
    Bytes garbled = good;
    garbled[at] ^= 0x40;
    (void)say(ngo_, commission_, std::vector<Bytes>{garbled});
  }
  (void)say(ngo_, commission_, std::vector<Bytes>{good});
  EXPECT_EQ(commission_.node->membership().version(), 2U);
  EXPECT_EQ(commission_.node->directory()->hash(),
            directory_hash(parse_directory_file(good)->head.payload));
}

TEST_F(NodeMembership, MixAndMatchIsRefused) {
  const auto admit = [](Directory& d) {
    d.members.push_back(member(250));
    std::ranges::sort(d.members, {}, &Member::id);
  };
  DirectoryFile second = next_file(*directory_, admit);
  DirectoryFile other_records = second;
  other_records.records = {member(251)};
  DirectoryFile no_records = second;
  no_records.records.clear();
  DirectoryFile old_records = parse_directory_file(whole()).value();
  old_records.head = second.head;
  expect_refused({encode_directory_file(other_records), encode_directory_file(no_records),
                  encode_directory_file(old_records)});
  EXPECT_TRUE(say(ngo_, commission_, std::vector<Bytes>{encode_directory_file(second)}));
  EXPECT_EQ(commission_.node->membership().version(), 2U);
}

TEST_F(NodeMembership, RollbackIsRefused) {
  const Bytes first = whole();
  const Bytes second = publish(nothing);
  const Bytes third = publish(nothing);
  ASSERT_TRUE(say(ngo_, commission_, {second, third}));
  ASSERT_EQ(commission_.node->membership().version(), 3U);
  expect_refused({first, second});
  EXPECT_EQ(code_of(install(commission_, second)), Code::stale_version);
  restart(commission_);
  EXPECT_EQ(commission_.node->membership().version(), 3U);
}

TEST_F(NodeMembership, VulnerabilityToKeyCompromiseEndsAtOneShortSuspension) {
  expect_refused(
      {step(nothing, {3}), step(nothing, {3, 3}), suspending(ministry_, {3}, true),
       encode_signed_constitution(successor_file(replaced(), founded().network(), {3, 4, 5, 6}))});
  (void)say(ngo_, commission_, {suspending(ministry_, {3}), suspending(ngo_, {3})});
  EXPECT_EQ(commission_.node->suspensions().size(), 1U);
}

TEST_F(NodeMembership, WrongSoftwareInstallationIsAWrongSigner) {
  expect_refused({step(nothing, {1, 100}), rotation_file(1)});
  // The peer itself has no say in who is a member.
  DirectoryFile own = parse_directory_file(step(nothing, {1})).value();
  own.head.signatures.push_back(
      sign_directory(own.head.payload, founded().network(), author_of(ngo_)));
  expect_refused({encode_directory_file(own)});
}

// ---- directories: passed on, chained, compared

TEST_F(NodeMembership, NewerDirectoryIsPassedOnByWhoeverHasIt) {
  restart(ministry_);
  ASSERT_TRUE(install(ministry_, whole()));
  sleep(tuning::start_wait_max);
  connect(commission_, ministry_);
  talk();
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  talk();
  EXPECT_EQ(commission_.node->membership().version(), 3U);
  EXPECT_EQ(ministry_.node->membership().version(), 3U);  // which never spoke with the NGO
  EXPECT_TRUE(ngo_.node->view().alarms.empty());
}

TEST_F(NodeMembership, HistoryIsInstalledAndItsKnownPartSkipped) {
  std::vector<Bytes> statements{network_file(), whole()};
  for (int n = 0; n < 3; ++n) {
    statements.push_back(publish(nothing));
  }
  ASSERT_TRUE(install(ngo_, statements[2]));
  ASSERT_TRUE(install(ngo_, encode_history(statements)));
  EXPECT_EQ(ngo_.node->membership().version(), 4U);
  statements.push_back(Bytes(100));
  EXPECT_FALSE(install(ngo_, encode_history(statements)));
}

TEST_F(NodeMembership, ManyVersionsComeBackOverARestart) {
  for (int n = 0; n < 130; ++n) {
    ASSERT_TRUE(install(ngo_, publish(nothing)));
  }
  const Digest hash = ngo_.node->directory()->hash();
  restart(ngo_);
  EXPECT_EQ(ngo_.node->directory()->hash(), hash);
  EXPECT_EQ(ngo_.node->membership().version(), 131U);
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  for (int n = 0; n < 5; ++n) {
    talk();  // 64 statements in a hello
  }
  EXPECT_EQ(commission_.node->directory()->hash(), hash);
}

TEST_F(NodeMembership, FirstDirectoryIsBelievedOnlyIfThisNodeIsInIt) {
  Member stranger = initialise(spare_, MemberKind::ngo, "stranger");
  restart(spare_);
  EXPECT_EQ(code_of(install(spare_, whole())), Code::unknown_member);
  EXPECT_EQ(spare_.node->view().phase, Phase::not_joined);
  (void)publish([&](Directory& d) {
    d.members.push_back(stranger);
    std::ranges::sort(d.members, {}, &Member::id);
  });
  EXPECT_TRUE(install(spare_, whole()));
  EXPECT_EQ(spare_.node->view().standing, Standing::member);
}

TEST_F(NodeMembership, TwoDirectoriesOfOneVersionRaiseTheAlarmOnBothSides) {
  const Bytes other = step([](Directory& d) { d.pack.bytes[0] = 1; }, {2, 3});
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  ASSERT_TRUE(install(commission_, other));
  talk();
  for (Site* site : {&ngo_, &commission_}) {
    restart(*site);  // the evidence stays
    const NodeView view = site->node->view();
    ASSERT_EQ(view.alarms.size(), 1U);
    EXPECT_EQ(view.alarms[0].kind, AlarmKind::directory);
    EXPECT_EQ(view.alarms[0].version, 2U);
    EXPECT_TRUE(view.alarms[0].member.is_zero());
    EXPECT_GE(entries_of_kind(*site, EntryKind::fork_seen), 1U);
    in_turn(*site, [&](Turn& turn) {
      const auto alarms = site->node->alarms(turn).value();
      ASSERT_EQ(alarms.size(), 1U);
      for (const Bytes& side : {alarms[0].here, alarms[0].there}) {
        EXPECT_TRUE(verify_directory_head(founded(), parse_directory_file(side)->head));
      }
      EXPECT_EQ(crypto::sha256({alarms[0].here}), view.alarms[0].here);
      EXPECT_EQ(crypto::sha256({alarms[0].there}), view.alarms[0].there);
    });
  }
}

TEST_F(NodeMembership, ForkedPastIsNoticedByWhoHasGoneOn) {
  const Bytes other = step([](Directory& d) { d.pack.bytes[0] = 1; }, {2, 3});
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  ASSERT_TRUE(install(commission_, other));
  talk();
  EXPECT_EQ(ngo_.node->view().alarms.size() + commission_.node->view().alarms.size(), 2U);
}

TEST_F(NodeMembership, ConstitutionIsPassedOnBeforeTheDirectoryThatNeedsIt) {
  ASSERT_TRUE(
      install(ngo_, encode_signed_constitution(successor_file(replaced(), founded().network()))));
  const auto constitution =
      verify_successor(founded(), successor_file(replaced(), founded().network())).value();
  ASSERT_TRUE(
      install(ngo_, step([&](Directory& d) { d.constitution = constitution.hash(); }, {1, 4, 5})));
  talk();
  EXPECT_EQ(commission_.node->view().constitution_version, 2U);
  EXPECT_EQ(commission_.node->membership().version(), 2U);
  restart(commission_);
  EXPECT_EQ(commission_.node->view().constitution_version, 2U);
  EXPECT_EQ(commission_.node->membership().version(), 2U);
}

TEST_F(NodeMembership, PassivePeerIsToldEverMoreRarely) {
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  talk();
  ngo_.out.clear();
  Hello behind = hello_of(commission_);  // it says for ever that it has nothing
  behind.directory_version = 1;
  behind.directory_hash = directory_->value().previous;
  ASSERT_TRUE(say(commission_, ngo_, behind));
  std::size_t first_minute = 0;
  for (int second = 0; second < 3600; ++second) {
    elapsed_.ms += 1000;
    tick(ngo_);
    first_minute = second == 59 ? ngo_.out.size() : first_minute;
  }
  EXPECT_LE(first_minute, 8U);
  EXPECT_LE(ngo_.out.size() - first_minute, 12U);
}

// ---- suspensions

TEST_F(NodeMembership, SuspensionHoldsSessionsAndQueuesUntilItEnds) {
  ASSERT_TRUE(install(ngo_, suspending(commission_, {3})));
  ASSERT_EQ(ngo_.ended.size(), 1U);
  EXPECT_EQ(ngo_.ended[0].peer, commission_.id);
  EXPECT_TRUE(std::ranges::none_of(ngo_.node->addresses(), [&](const PeerAddress& address) {
    return address.member == commission_.id;
  }));
  EXPECT_EQ(code_of(say(commission_, ngo_, std::vector<Bytes>{})), Code::suspended);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 1U);
  restart(ngo_);
  EXPECT_EQ(ngo_.node->suspensions().size(), 1U);
  sleep(hours(72));
  EXPECT_TRUE(ngo_.node->suspensions().empty());
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeMembership, SuspensionIsLiftedByTwoForEverybody) {
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {3})));
  talk();
  EXPECT_EQ(commission_.node->suspensions().size(), 1U);
  sleep(minutes(1));
  EXPECT_EQ(code_of(install(ngo_, suspending(ministry_, {3}, true))), Code::threshold_not_met);
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {1, 2}, true)));
  talk();
  EXPECT_TRUE(ngo_.node->suspensions().empty());
  EXPECT_TRUE(commission_.node->suspensions().empty());
}

TEST_F(NodeMembership, SuspendedMemberKnowsItAndItsMailWaits) {
  ASSERT_TRUE(install(ngo_, suspending(ngo_, {3})));
  EXPECT_EQ(ngo_.node->view().standing, Standing::suspended);
  EXPECT_TRUE(submit(ngo_, a_referral()));
  sleep(hours(72));
  EXPECT_EQ(ngo_.node->view().standing, Standing::member);
}

TEST_F(NodeMembership, SignaturesUnderOneSuspensionAddUpOnEveryNode) {
  const Bytes by_one = suspending(ministry_, {1});
  const Bytes by_other = suspending(ministry_, {2});
  ASSERT_TRUE(install(ngo_, by_one));
  ASSERT_TRUE(install(commission_, by_other));
  talk();
  EXPECT_EQ(ngo_.node->membership().standing(), commission_.node->membership().standing());
  EXPECT_EQ(ngo_.node->suspensions().at(0).signers.size(), 2U);
  restart(ngo_);
  EXPECT_EQ(ngo_.node->suspensions().at(0).signers.size(), 2U);
}

TEST_F(NodeMembership, LiftOutlivesTheAdministratorsWhoSignedIt) {
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {1})));
  sleep(minutes(1));
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {2, 3}, true)));
  ASSERT_TRUE(ngo_.node->suspensions().empty());
  sleep(minutes(1));
  Constitution next = replaced();  // 2 and 3 go, 1 stays
  next.created = now();
  ASSERT_TRUE(install(ngo_, encode_signed_constitution(successor_file(next, founded().network()))));
  EXPECT_TRUE(ngo_.node->suspensions().empty());
  restart(ngo_);
  EXPECT_TRUE(ngo_.node->suspensions().empty());
}

TEST_F(NodeMembership, CosignedSuspensionStaysWithWhoIsLeftOverARestart) {
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {1, 3})));
  ASSERT_TRUE(
      install(ngo_, encode_signed_constitution(successor_file(replaced(), founded().network()))));
  EXPECT_EQ(ngo_.node->suspensions().size(), 1U);
  restart(ngo_);
  EXPECT_EQ(ngo_.node->suspensions().size(), 1U);
}

// Found by the simulator, seed 77: a member could not come back with such a history.
TEST_F(NodeMembership, AHistoryWithARotationOfSomebodyRevokedSinceIsTaken) {
  Rotation one = rotation(9, 1);
  one.member = ministry_.id;
  const Bytes rotated = make_rotation(
      one, author_of(ministry_),
      {key(rotated_key(9, 1, 0)), key(rotated_key(9, 1, 1)), key(rotated_key(9, 1, 2))});
  const Bytes revoked = revoking(ministry_, 0);
  const std::vector<Bytes> history{revoked, rotated, publish(nothing)};
  ASSERT_TRUE(install(ngo_, encode_history(history)));
  EXPECT_EQ(ngo_.node->view().directory_version, 3U);
  EXPECT_EQ(code_of(install(ngo_, rotated)), Code::unknown_member) << "by itself it is refused";
}

// One member's many statements may not keep the others' from being passed on.
TEST_F(NodeMembership, ManyRotationsOfOneMemberStarveNobody) {
  const crypto::SigningKey first = author_of(ministry_);
  std::vector<Bytes> chain;
  for (std::uint64_t serial = 1; serial <= limits::rotations_per_member_max; ++serial) {
    Rotation one = rotation(9, serial);
    one.member = ministry_.id;
    const auto author = key(rotated_key(9, serial, 0));
    const auto receipt = key(rotated_key(9, serial, 1));
    const auto witness = key(rotated_key(9, serial, 2));
    const auto before = key(rotated_key(9, serial - 1, 0));
    chain.push_back(make_rotation(one, serial == 1 ? first : before, {author, receipt, witness}));
  }
  for (const Bytes& statement : chain) {
    ASSERT_TRUE(install(ngo_, statement));
  }
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {1})));
  talk();
  EXPECT_EQ(commission_.node->suspensions().size(), 1U);
  for (int n = 0; n < 5; ++n) {
    talk();
  }
  EXPECT_EQ(commission_.node->membership().standing(), ngo_.node->membership().standing());
}

// ---- revocation

TEST_F(NodeMembership, MailForARevokedMemberReturnsWithASignedReason) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  ASSERT_TRUE(install(ngo_, revoking(commission_, 0)));
  const Delivery returned = delivery(ngo_, id_of(1), commission_.id);
  EXPECT_EQ(returned.level, Level::refused);
  EXPECT_EQ(returned.code, Code::revoked);
  EXPECT_EQ(entries_of(ngo_, id_of(1)).back(), std::pair(EntryKind::returned, Code::revoked));
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
  EXPECT_EQ(refusal(ngo_, a_referral(2)), Code::revoked);
  EXPECT_EQ(code_of(say(commission_, ngo_, std::vector<Bytes>{})), Code::unknown_member);
}

TEST_F(NodeMembership, MailForARevokedMemberReturnsAfterUnlocking) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  lock(ngo_);
  ASSERT_TRUE(install(ngo_, revoking(commission_, 0)));
  unlock(ngo_);
  EXPECT_EQ(delivery(ngo_, id_of(1), commission_.id).code, Code::revoked);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeMembership, MailForARevokedMemberReturnsAfterARestart) {
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  lock(ngo_);
  ASSERT_TRUE(install(ngo_, revoking(commission_, 0)));
  restart(ngo_);  // locked
  ngo_.unlock_vault();
  restart(ngo_);
  EXPECT_EQ(delivery(ngo_, id_of(1), commission_.id).code, Code::revoked);
  sleep(days(1));
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeMembership, HeldEnvelopesOfARevokedMemberCountBelowItsPosition) {
  lock(commission_);
  talk();
  std::vector<std::uint64_t> indices;
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    ASSERT_TRUE(submit(ngo_, a_referral(number)));
    talk();
    EXPECT_EQ(level(id_of(number)), Level::stored);
    in_turn(ngo_, [&](Turn& turn) {
      indices.push_back(ngo_.node->message(id_of(number), program(), turn)->index);
    });
  }
  ASSERT_TRUE(install(commission_, revoking(ngo_, indices[1])));
  EXPECT_EQ(commission_.ended.back().peer, ngo_.id);
  unlock(commission_);
  sleep(seconds(1));
  EXPECT_EQ(entries_of(commission_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
  EXPECT_EQ(entries_of(commission_, id_of(2)).at(0), std::pair(EntryKind::refused, Code::revoked));
  EXPECT_EQ(entries_of(commission_, id_of(3)).at(0), std::pair(EntryKind::refused, Code::revoked));
}

TEST_F(NodeMembership, HeldEnvelopesOfARevokedMemberSurviveARestart) {
  lock(commission_);
  talk();
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  talk();
  ASSERT_TRUE(install(commission_, revoking(ngo_, UINT64_MAX)));
  restart(commission_);
  unlock(commission_);
  sleep(seconds(1));
  EXPECT_EQ(entries_of(commission_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
}

TEST_F(NodeMembership, RevokedParticipantFreezesNoCase) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  Submission wide = a_note(2, "to both");
  wide.to = {commission_.id, ministry_.id};
  ASSERT_TRUE(submit(ngo_, wide));
  talk();
  const Bytes file = revoking(ministry_, 0);
  ASSERT_TRUE(install(ngo_, file));
  ASSERT_TRUE(install(commission_, file));
  Submission acceptance{id_of(3), case_of(id_of(1)),  EventKind::referral_accept,
                        {},       encode(Decision{}), {}};
  ASSERT_TRUE(submit(commission_, acceptance));
  talk();
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_EQ(ngo_.node->case_view(case_of(id_of(1)), program(), turn)->state, State::accepted);
  });
}

TEST_F(NodeMembership, RevokedNodeSaysSoAndSubmitsNothing) {
  ASSERT_TRUE(install(ngo_, revoking(ngo_, 0)));
  EXPECT_EQ(ngo_.node->view().standing, Standing::revoked);
  EXPECT_EQ(refusal(ngo_, a_referral()), Code::revoked);
  EXPECT_FALSE(ngo_.node->addresses().empty());  // it goes on asking to be let in
}

// ---- capabilities

TEST_F(NodeMembership, CapabilityIsJudgedByTheRecipientsCurrentDirectory) {
  ASSERT_TRUE(install(commission_, publish(changing(ngo_, [](Member& member) {
                        member.capabilities.take(Capability::refer_send);
                      }))));
  commission_.out.clear();
  ASSERT_TRUE(submit(ngo_, a_referral()));  // whose own directory allows it still
  talk();
  const Delivery refused = delivery(ngo_, id_of(1), commission_.id);
  EXPECT_EQ(refused.level, Level::refused);
  EXPECT_EQ(refused.code, Code::not_capable);
  EXPECT_EQ(entries_of(commission_, id_of(1)).at(0),
            std::pair(EntryKind::refused, Code::not_capable));
  in_turn(ngo_, [&](Turn& turn) {  // the reason is signed
    EXPECT_TRUE(ngo_.node->receipt(id_of(1), commission_.id, program(), turn));
  });
  EXPECT_EQ(refusal(ngo_, a_referral(2)), Code::not_capable);
}

TEST_F(NodeMembership, MessageUnderANewerDirectoryWaitsForIt) {
  ASSERT_TRUE(install(ngo_, publish(nothing)));
  ngo_.out.clear();
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::uint64_t size = commission_.node->ledger().size();
  for (const SendFrame& frame : std::exchange(ngo_.out, {})) {
    if (frame.frame[0] == static_cast<std::uint8_t>(FrameType::envelope)) {
      (void)carry(ngo_, commission_, frame);
    }
  }
  EXPECT_EQ(commission_.node->ledger().size(), size);
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  talk();
  sleep(tuning::retry_delay_max);
  talk();
  EXPECT_EQ(commission_.node->membership().version(), 2U);
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

// ---- rotation

TEST_F(NodeMembership, RotationOfEveryKeyLosesNothingInFlight) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  ngo_.out.clear();  // lost on the way
  const auto outcome = rotate(ngo_, all_keys());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->serial, 1U);
  EXPECT_FALSE(outcome->waits);
  EXPECT_TRUE(ngo_.transport_changed);
  EXPECT_EQ(ngo_.node->view().key_serial, 1U);
  disconnect(ngo_, commission_);
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  const Member& known = *commission_.node->membership().find(ngo_.id);
  EXPECT_EQ(known.key_serial, 1U);
  EXPECT_NE(known.transport, directory_->find(ngo_.id)->transport);
  restart(ngo_);
  restart(commission_);
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk();
  expect_still_talking(2);
}

TEST_F(NodeMembership, RecipientThatRotatesGetsWhatWasOnItsWay) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  const std::vector<SendFrame> sealed_before = std::exchange(ngo_.out, {});
  ASSERT_TRUE(rotate(commission_, all_keys()));
  for (const SendFrame& frame : sealed_before) {
    (void)carry(ngo_, commission_, frame);
  }
  EXPECT_EQ(entries_of(commission_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

// Both sides compute deadlines from when a referral was opened.
TEST_F(NodeMembership, AReceiptThatIsGivenAgainUnderANewKeyTellsOfTheSameMoment) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  const Timestamp arrived = now();
  carry_all(ngo_, commission_);
  commission_.out.clear();  // the receipt is lost
  ASSERT_TRUE(rotate(commission_, all_keys()));
  sleep(hours(3));
  disconnect(ngo_, commission_);
  connect(ngo_, commission_);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  std::vector<Entry> entries;
  in_turn(commission_, [&](Turn& turn) {
    ASSERT_TRUE(commission_.node->ledger().scan(turn.store, 0, [&](const LedgerRecord& record) {
      if (record.entry.kind == EntryKind::opened && record.reference.message == id_of(1)) {
        entries.push_back(record.entry);
      }
      return true;
    }));
  });
  ASSERT_GT(entries.size(), 1U);
  for (const Entry& entry : entries) {
    EXPECT_EQ(entry.time, arrived);
    EXPECT_EQ(entry.directory_version, entries[0].directory_version);
    EXPECT_TRUE(entry == entries[0] || entry.detail == entries[0].leaf());
  }
}

TEST_F(NodeMembership, RotationOfEpochKeysNeedsNoStatement) {
  const auto outcome = rotate(ngo_, {false, false, false, false, true, ""});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->statement.empty());
  EXPECT_FALSE(outcome->waits);
  EXPECT_EQ(ngo_.node->view().key_serial, 0U);
  talk();
  expect_still_talking(1);
}

TEST_F(NodeMembership, RotationIsRefusedWhileLockedAndWithoutAnAsk) {
  EXPECT_EQ(code_of(rotate(ngo_, {})), Code::invalid_argument);
  EXPECT_EQ(code_of(rotate(ngo_, {true, false, false, false, false, "tcp://host"})),
            Code::invalid_argument);
  lock(ngo_);
  EXPECT_EQ(code_of(rotate(ngo_, all_keys())), Code::locked);
  unlock(ngo_);
  ASSERT_TRUE(install(ngo_, revoking(ngo_, 0)));
  EXPECT_EQ(code_of(rotate(ngo_, all_keys())), Code::not_ready);
}

TEST_F(NodeMembership, NewAddressGoesWithARotation) {
  ASSERT_TRUE(rotate(ngo_, {false, false, false, false, false, "tcp://192.0.2.9:7311"}));
  talk();
  EXPECT_EQ(commission_.node->membership().find(ngo_.id)->endpoint, "tcp://192.0.2.9:7311");
  EXPECT_EQ(ngo_.node->endpoint(), "tcp://192.0.2.9:7311");
  restart(ngo_);
  EXPECT_EQ(ngo_.node->endpoint(), "tcp://192.0.2.9:7311");
}

TEST_F(NodeMembership, CrashWithinARotationLeavesOldKeysOrNewNeverNeither) {
  bool rotated = false;
  for (std::uint64_t call = 1; !rotated; ++call) {
    ASSERT_LT(call, 1'000U);
    ngo_.disk.fail_at(call, {Code::io_failed, Blame::environment, "injected"});
    auto transaction = ngo_.store.begin().value();
    Effects effects;
    Turn turn{now(), elapsed_, *transaction, ngo_.entropy, effects};
    rotated =
        ngo_.node->rotate(all_keys(), turn) && ngo_.node->finish(turn) && transaction->commit();
    transaction.reset();
    ngo_.disk.crash();
    ngo_.disk.fail_at(UINT64_MAX, {});
    restart(ngo_);
    ASSERT_EQ(ngo_.node->view().standing, Standing::member) << call;
    ASSERT_EQ(ngo_.node->view().key_serial, rotated ? 1U : 0U) << call;
    ASSERT_FALSE(ngo_.node->view().rotation_waits) << call;
    if (call % 8 == 0 || rotated) {
      sleep(tuning::start_wait_max);
      connect(ngo_, commission_);
      talk();
      expect_still_talking(call);
    }
  }
}

// The administrators take over what the statement says.
std::function<void(Directory&)> taking_over(const Site& site, const Bytes& statement) {
  const auto rotation = verify_rotation(founded().network(), statement).value();
  return [&site, rotation](Directory& next) {
    Member& member = *std::ranges::find(next.members, site.id, &Member::id);
    member = rotation.applied_to(member);
  };
}

class CountersignedRotation : public NodeMembership {
 protected:
  CountersignedRotation() {
    const Bytes file = publish(
        [](Directory& d) { d.countersigned = 1U << static_cast<unsigned>(KeyPurpose::author); });
    EXPECT_TRUE(install(ngo_, file));
    EXPECT_TRUE(install(commission_, file));
    const auto outcome = rotate(ngo_, all_keys());
    EXPECT_TRUE(outcome);
    EXPECT_TRUE(outcome->waits);
    statement_ = outcome->statement;
  }
  void expect_new_keys() {
    EXPECT_EQ(ngo_.node->view().standing, Standing::member);
    EXPECT_EQ(ngo_.node->view().key_serial, 1U);
    EXPECT_FALSE(ngo_.node->view().rotation_waits);
    sleep(tuning::start_wait_max);
    disconnect(ngo_, commission_);
    connect(ngo_, commission_);
    talk();
    expect_still_talking(9);
  }
  Bytes statement_;
};

TEST_F(CountersignedRotation, WaitsUnderTheOldKeysAndTakesEffectByDirectory) {
  EXPECT_TRUE(ngo_.node->view().rotation_waits);
  EXPECT_EQ(ngo_.node->view().key_serial, 0U);
  expect_still_talking(1);
  ASSERT_TRUE(install(ngo_, publish(taking_over(ngo_, statement_))));
  expect_new_keys();
}

TEST_F(CountersignedRotation, IsNotReplacedWhileItWaits) {
  EXPECT_EQ(code_of(rotate(ngo_, all_keys())), Code::conflict);
  EXPECT_EQ(code_of(rotate(ngo_, {false, false, false, true, false, ""})), Code::conflict);
  EXPECT_TRUE(rotate(ngo_, {false, false, false, false, true, ""}));  // needs no statement
  ASSERT_TRUE(install(ngo_, publish(taking_over(ngo_, statement_))));
  expect_new_keys();
  EXPECT_TRUE(rotate(ngo_, all_keys())->waits);
}

TEST_F(CountersignedRotation, TakesEffectByADirectoryThatArrivesWhileLocked) {
  lock(ngo_);
  ASSERT_TRUE(install(ngo_, publish(taking_over(ngo_, statement_))));
  EXPECT_EQ(ngo_.node->view().standing, Standing::member);
  unlock(ngo_);
  expect_new_keys();
}

TEST_F(CountersignedRotation, TakesEffectOverARestart) {
  restart(ngo_);
  EXPECT_TRUE(ngo_.node->view().rotation_waits);
  lock(ngo_);
  ASSERT_TRUE(install(ngo_, publish(taking_over(ngo_, statement_))));
  restart(ngo_);  // still locked
  EXPECT_TRUE(ngo_.node->locked());
  unlock(ngo_);
  expect_new_keys();
}

TEST_F(CountersignedRotation, IsUnlockedByARestartToo) {
  lock(ngo_);
  ASSERT_TRUE(install(ngo_, publish(taking_over(ngo_, statement_))));
  ngo_.unlock_vault();
  restart(ngo_);
  expect_new_keys();
}

TEST_F(CountersignedRotation, TakesEffectOnceNobodyMustAgreeAnyMoreAndIsAskedForAgain) {
  const Bytes file = publish([](Directory& d) { d.countersigned = 0; });
  ASSERT_TRUE(install(ngo_, file));
  restart(ngo_);
  EXPECT_EQ(ngo_.node->view().key_serial, 0U);  // by no restart
  const auto outcome = rotate(ngo_, all_keys());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->statement, statement_);
  EXPECT_FALSE(outcome->waits);
  expect_new_keys();
}

TEST_F(CountersignedRotation, PeersDoNotTakeItFromTheMemberAlone) {
  (void)say(ngo_, commission_, std::vector<Bytes>{statement_});
  EXPECT_EQ(commission_.node->membership().find(ngo_.id)->key_serial, 0U);
}

TEST_F(NodeMembership, TwoRotationsOfOneSerialRaiseAnAlarmThatNamesTheMember) {
  const crypto::SigningKey author = author_of(ngo_);
  const auto stated = [&](unsigned number) {
    Rotation one = rotation(number);
    one.member = ngo_.id;
    const auto next = key(rotated_key(number, 1, 0));
    const auto receipt = key(rotated_key(number, 1, 1));
    const auto witness = key(rotated_key(number, 1, 2));
    return make_rotation(one, author, {next, receipt, witness});
  };
  ASSERT_TRUE(say(ngo_, commission_, std::vector<Bytes>{stated(8)}));
  ASSERT_TRUE(say(ngo_, commission_, std::vector<Bytes>{stated(9)}));
  restart(commission_);
  const auto alarms = commission_.node->view().alarms;
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].kind, AlarmKind::rotation);
  EXPECT_EQ(alarms[0].member, ngo_.id);
  EXPECT_EQ(alarms[0].version, 1U);
  EXPECT_EQ(commission_.node->membership().find(ngo_.id)->author,
            public_of<AuthorKey>(rotated_key(8, 1, 0)));
}

TEST_F(NodeMembership, ThiefOfAKeyThatWasGivenUpCannotStopItsOwner) {
  const crypto::SigningKey stolen = author_of(ngo_);
  ASSERT_TRUE(rotate(ngo_, all_keys()));
  talk();
  Hello hello = hello_of(commission_);
  Digest root;
  root.bytes[0] = 1;
  hello.seen = sign_note({hello.network, ngo_.id, 1}, 1'000'000, root, 0, NoteRole::author, stolen);
  EXPECT_EQ(code_of(say(commission_, ngo_, hello)), Code::bad_signature);
  EXPECT_EQ(ngo_.node->view().phase, Phase::ready);
  expect_still_talking(1);
}

// ---- a new incarnation

class NewIncarnation : public NodeMembership {
 protected:
  // The commission's machine is lost; it comes back on another one.
  void come_back() {
    commission_.node.reset();
    Member again = initialise(spare_, MemberKind::commission, "commission", commission_.id, 2);
    again.position = 0;  // nothing of the old ledger is left
    const Bytes file = publish(changing(commission_, [&](Member& member) { member = again; }));
    ASSERT_TRUE(install(ngo_, file));
    join(spare_);
    sleep(tuning::start_wait_max);
    connect(ngo_, spare_);
    talk();
    sleep(tuning::retry_delay_max);
    talk();
  }
};

TEST_F(NewIncarnation, GetsAgainWhatItHadOpened) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  talk();
  ASSERT_EQ(level(id_of(1)), Level::opened);
  come_back();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(entries_of(spare_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
  const auto own = entries_of(ngo_, id_of(1));
  EXPECT_EQ(std::ranges::count(own, std::pair(EntryKind::redelivered, Code::none)), 1);
  expect_still_talking(2);
}

TEST_F(NewIncarnation, GetsAgainWhatHasExpiredSince) {
  Submission brief = a_referral(1);
  brief.lifetime = hours(1);
  ASSERT_TRUE(submit(ngo_, brief));
  talk();
  sleep(hours(2));
  come_back();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(entries_of(spare_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
}

TEST_F(NewIncarnation, EndsTheOldKeys) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  talk();
  Member again = initialise(spare_, MemberKind::commission, "commission", commission_.id, 2);
  const Bytes file = publish(changing(commission_, [&](Member& member) { member = again; }));
  ASSERT_TRUE(install(ngo_, file));
  ASSERT_TRUE(install(commission_, file));
  EXPECT_EQ(commission_.node->view().standing, Standing::superseded);
  EXPECT_EQ(commission_.node->view().phase, Phase::stopped);
  restart(commission_);
  EXPECT_EQ(commission_.node->view().phase, Phase::stopped);
  Hello old = hello_of(commission_);
  old.incarnation = 1;
  EXPECT_EQ(code_of(say(commission_, ngo_, old)), Code::unknown_member);
}

// ---- clocks

TEST_F(NodeMembership, ClockOf1970And2099LosesAndAppliesAndBelievesNothingWrongly) {
  const Bytes short_lived = publish([this](Directory& d) {
    d.warns = now() + days(60);
    d.expires = now() + days(90);
  });
  ASSERT_TRUE(install(ngo_, short_lived));
  ASSERT_TRUE(install(commission_, short_lived));
  ASSERT_TRUE(install(ngo_, suspending(ministry_, {1})));
  talk();
  std::uint64_t number = 1;
  for (const Timestamp wrong : {Timestamp{1}, Timestamp{4'086'000'000'000}}) {
    for (Site* site : {&ngo_, &commission_}) {
      Site& other = site == &ngo_ ? commission_ : ngo_;
      other.clock.reset();
      in_turn(other, [&](Turn& turn) { ASSERT_TRUE(other.node->confirm_clock(turn)); });
      site->clock = wrong;
      sleep(seconds(1));
      EXPECT_TRUE(site->node->view().clock_suspect);
      EXPECT_EQ(site->node->view().staleness, Staleness::fresh);
      EXPECT_EQ(site->node->suspensions().size(), 1U);
      Submission referral = a_referral(number);
      ASSERT_TRUE(submit(ngo_, referral)) << number;
      talk();
      const bool author_wrong = site == &ngo_;
      if (!author_wrong || wrong.ms > today.ms) {
        EXPECT_EQ(level(id_of(number)), Level::opened) << number;
      }
      const auto entries = entries_of(commission_, id_of(number));
      EXPECT_LE(std::ranges::count(entries, EntryKind::opened, &std::pair<EntryKind, Code>::first),
                1);
      ++number;
    }
  }
}

TEST_F(NodeMembership, DirectoryConfirmsAClockThatAgreesWithItOnly) {
  const Timestamp ahead = now() + days(3);
  ngo_.clock = ahead;
  tick(ngo_);
  ASSERT_TRUE(ngo_.node->view().clock_suspect);
  ASSERT_TRUE(install(ngo_, publish([this](Directory& d) { d.created = now(); })));
  EXPECT_TRUE(ngo_.node->view().clock_suspect);  // it says that the clock is wrong
  ASSERT_TRUE(install(ngo_, publish([&](Directory& d) { d.created = ahead; })));
  EXPECT_FALSE(ngo_.node->view().clock_suspect);
  tick(ngo_);
  EXPECT_FALSE(ngo_.node->view().clock_suspect);
}

TEST_F(NodeMembership, OldDirectoryDoesNotVouchForACenturyAhead) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  commission_.clock = now() + days(36'500);
  tick(commission_);
  ASSERT_TRUE(install(commission_, publish(nothing)));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

// ---- starts

TEST_F(NodeMembership, FirstStartUnderALockedVaultCanBeSealedFor) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  ministry_.store.lock();
  join(ministry_);
  EXPECT_TRUE(ministry_.node->locked());
  sleep(tuning::start_wait_max);
  connect(ngo_, ministry_);
  talk();
  Submission first = a_note(2, "to one that never was unlocked");
  first.to = {ministry_.id};
  ASSERT_TRUE(submit(ngo_, first));
  talk();
  EXPECT_EQ(delivery(ngo_, id_of(2), ministry_.id).level, Level::stored);
  unlock(ministry_);
  talk();
  EXPECT_EQ(delivery(ngo_, id_of(2), ministry_.id).level, Level::opened);
}

TEST_F(NodeMembership, StartWithoutPeersIsReadyAfterThreeSeconds) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  restart(ngo_);
  sleep(milliseconds(2'900));
  EXPECT_EQ(ngo_.node->view().phase, Phase::starting);
  sleep(milliseconds(200));
  EXPECT_EQ(ngo_.node->view().phase, Phase::ready);
}

// ---- evidence and bounds

class NotesInHellos : public NodeMembership {
 protected:
  // A hello of the NGO's with a note that excludes the one that the commission has of it.
  Hello excluding(const crypto::SigningKey& signer, std::uint8_t root_byte) {
    in_turn(commission_, [&](Turn& turn) { commission_.node->peer_up(ngo_.id, turn); });
    std::optional<Note> seen;
    for (const SendFrame& frame : std::exchange(commission_.out, {})) {
      if (const auto parsed = parse_hello(frame.frame)) {
        seen = parsed->seen;
      }
    }
    Hello hello = hello_of(ngo_);
    Digest root;
    root.bytes[0] = root_byte;
    hello.own = sign_note({hello.network, ngo_.id, 1}, seen.value().size, root, 0, NoteRole::author,
                          signer);
    return hello;
  }
};

TEST_F(NotesInHellos, UnderAForeignKeyProveNoFork) {
  expect_still_talking(1);
  const std::uint64_t size = commission_.node->ledger().size();
  (void)say(ngo_, commission_, excluding(key(77), 9));
  EXPECT_EQ(commission_.node->ledger().size(), size);
  EXPECT_TRUE(commission_.node->view().alarms.empty());
}

TEST_F(NotesInHellos, OfOneForkedLedgerFillFourAlarmsAndHideNoOthers) {
  expect_still_talking(1);
  const crypto::SigningKey author = author_of(ngo_);
  for (std::uint8_t n = 1; n <= 80; ++n) {
    EXPECT_EQ(code_of(say(ngo_, commission_, excluding(author, n))), Code::fork);
  }
  EXPECT_EQ(commission_.node->view().alarms.size(), 4U);
  EXPECT_EQ(commission_.node->view().alarms[0].member, ngo_.id);
  const Bytes other = step([](Directory& d) { d.pack.bytes[0] = 1; }, {2, 3});
  ASSERT_TRUE(install(commission_, publish(nothing)));
  (void)say(ngo_, commission_, std::vector<Bytes>{other});
  ASSERT_EQ(commission_.node->view().alarms.size(), 5U);
  EXPECT_EQ(commission_.node->view().alarms[4].kind, AlarmKind::directory);
}

TEST_F(NodeMembership, CaseAtItsLimitRefusesCleanlyAndGrowsNoMore) {
  expect_still_talking(1);
  const Bytes row = CaseRecord::key(case_of(id_of(1)));
  const auto fill = [&](Site& site) {
    std::size_t bytes = 0;
    in_turn(site, [&](Turn& turn) {
      const CaseKeys keys = CaseKeys::load(turn).value();
      const auto opened = keys.open(Table::case_event, row,
                                    turn.store.get(Table::case_event, row).value().value(), turn);
      CaseRecord record = CaseRecord::parse(opened.value().content).value();
      for (std::uint64_t number = 0; record.events.size() < limits::case_events_max; ++number) {
        CaseRecord::CaseEvent event;
        event.author = ngo_.id;
        event.message = id_of(10'000 + number);
        event.digest = site.entropy.draw<Digest>();
        event.heads.assign(limits::heads_max, site.entropy.draw<Digest>());
        record.events.push_back(event);
        if (number % 64 == 0 && record.encode().size() > case_record_bytes_max - 64 * 700) {
          break;
        }
      }
      while (record.encode().size() <= case_record_bytes_max) {
        record.events.push_back(record.events.back());
      }
      record.events.pop_back();
      while (record.encode().size() <= case_record_bytes_max) {
        record.events.push_back(record.events.back());
        record.events.back().heads.clear();
      }
      record.events.pop_back();
      bytes = record.encode().size();
      const auto sealed = keys.seal(opened->place, Table::case_event, row, record.encode(), turn);
      ASSERT_TRUE(turn.store.put(Table::case_event, row, sealed.value()));
    });
    return bytes;
  };
  const auto stored = [&](Site& site) {
    std::size_t bytes = 0;
    in_turn(site, [&](Turn& turn) {
      const Bytes kept = turn.store.get(Table::case_event, row).value().value();
      const CaseKeys keys = CaseKeys::load(turn).value();
      bytes = keys.open(Table::case_event, row, kept, turn).value().content.size();
    });
    return bytes;
  };
  const std::size_t full = fill(commission_);
  ASSERT_TRUE(submit(ngo_, a_note(2, std::string(900, 'x'))));
  talk();
  const Delivery refused = delivery(ngo_, id_of(2), commission_.id);
  EXPECT_EQ(refused.level, Level::refused);
  EXPECT_EQ(refused.code, Code::full);
  EXPECT_EQ(stored(commission_), full);
  EXPECT_EQ(refusal(commission_, a_note(3, "honest")), Code::full);
  EXPECT_EQ(refusal(commission_, a_note(3, "honest")), Code::full);
  EXPECT_EQ(stored(commission_), full);
  expect_still_talking(4);
}

TEST_F(Forger, RecipientsThatItInventsFreezeNoCase) {
  MemberId invented;
  invented.bytes.fill(0xEE);
  const Inner opening = inner(1, EventKind::referral_send, referral(), {ministry_.id});
  Inner wide = inner(2, EventKind::case_note, note("to nobody"), {ministry_.id, invented});
  wide.heads = {message_digest(encode_inner(opening))};
  ASSERT_TRUE(send({opening, wide}));
  EXPECT_EQ(entries_of(ministry_, id_of(1)).at(0), std::pair(EntryKind::opened, Code::none));
  EXPECT_EQ(entries_of(ministry_, id_of(2)).at(0),
            std::pair(EntryKind::refused, Code::unknown_member));
  in_turn(ministry_, [&](Turn& turn) {
    const auto view = ministry_.node->case_view(case_of(id_of(1)), program(), turn);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->participants.size(), 2U);
    EXPECT_FALSE(view->incomplete);
  });
  EXPECT_TRUE(submit(ministry_, a_note(3, "goes on")));
}

TEST_F(Forger, KindThatItsEntryDoesNotAllowIsRefusedAndOnRecord) {
  const Inner opening = inner(1, EventKind::referral_send, referral(), {ministry_.id});
  Inner decision = inner(2, EventKind::referral_accept, encode(Decision{}), {ministry_.id});
  ASSERT_TRUE(send({opening, decision}));
  EXPECT_EQ(entries_of(ministry_, id_of(2)).at(0),
            std::pair(EntryKind::refused, Code::not_capable));
}

TEST_F(NodeMembership, StatusShowsWhereMembershipStands) {
  NodeView view = ngo_.node->view();
  EXPECT_EQ(view.standing, Standing::member);
  EXPECT_EQ(view.constitution_version, 1U);
  EXPECT_EQ(view.directory_version, 1U);
  EXPECT_EQ(view.directory_expires, directory_->value().expires);
  EXPECT_EQ(view.staleness, Staleness::fresh);
  EXPECT_EQ(view.key_serial, 0U);
  EXPECT_FALSE(view.rotation_waits);
  EXPECT_TRUE(view.alarms.empty());
  ASSERT_TRUE(install(ngo_, suspending(commission_, {1})));
  view = ngo_.node->view();
  const auto peer = std::ranges::find(view.peers, commission_.id, &PeerView::member);
  ASSERT_NE(peer, view.peers.end());
  EXPECT_EQ(peer->suspended_until, now() + hours(72));
  EXPECT_FALSE(peer->revoked);
}

}  // namespace
}  // namespace hamroh
