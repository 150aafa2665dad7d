// Two nodes without a network: the tests carry the frames, and lose the ones they like.

#include "protocol/node.h"

#include "protocol/memory_store.h"
#include "protocol/wire_form.h"
#include "tests/unit/directory_fixture.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using namespace directory_fixture;
using store_fixture::SeededEntropy;

MessageId id_of(std::uint64_t number) {
  MessageId id;
  id.bytes[0] = 1;
  const Bytes tail = key_u64(number);
  std::ranges::copy(tail, id.bytes.begin() + 8);
  return id;
}

CaseId case_of(const MessageId& message) {
  return *CaseId::from(message.view());
}

Bytes referral() {
  ReferralForm form;
  form.triage.urgency = Urgency::normal;
  form.triage.sensitivity = Sensitivity::standard;
  form.triage.services = {Service::shelter};
  form.triage.reason = {"test", {}};
  form.triage.age_band = AgeBand::from_18;
  form.triage.sex = Sex::female;
  form.triage.languages = {"tg"};
  form.triage.district = "TJ-SU-KHUJAND";
  form.triage.requested_by = "self";
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/1";
  form.consent.language = "tg";
  form.consent.date = "2026-09-21";
  form.consent.scope = {{{"kind:commission"}, {DisclosureTier::t1}, {"protection"}}};
  return encode(form);
}

Bytes note(const std::string& words) {
  return encode(NoteText{{"en", words}});
}

struct Site {
  explicit Site(std::uint64_t seed) : entropy(seed) {}
  MemoryStore store;
  SeededEntropy entropy;
  std::optional<Node> node;
  MemberId id;
  std::vector<SendFrame> out;  // what it said and nobody has carried yet
};

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    const SignedPayload founding = founding_file(constitution(3, 2), {1, 2, 3});
    const Bytes file = encode_signed_constitution(founding);
    Directory members = directory(founded());
    members.members.clear();
    members.expires = today + days(3650);
    for (auto& [site, kind, name] : {std::tuple(&ngo_, MemberKind::ngo, "ngo"),
                                     std::tuple(&commission_, MemberKind::commission, "commission"),
                                     std::tuple(&ministry_, MemberKind::ministry, "ministry")}) {
      const NewMember member{file, name, kind, "tcp://127.0.0.1:7000"};
      in_turn(*site, [&](Turn& turn) {
        members.members.push_back(
            parse_join_request(Node::initialise(member, turn).value()).value().member);
        site->id = members.members.back().id;
      });
    }
    std::ranges::sort(members.members, {}, &Member::id);
    const Bytes directory_bytes =
        encode_signed_directory(directory_file(members, founded().network(), {1, 2}));
    for (Site* site : {&ngo_, &commission_}) {
      in_turn(*site, [&](Turn& turn) { site->node.emplace(Node::open({}, turn).value()); });
      in_turn(*site, [&](Turn& turn) {
        ASSERT_TRUE(site->node->install_directory(directory_bytes, turn));
      });
    }
    sleep(tuning::start_wait_max);
    in_turn(ngo_, [&](Turn& turn) { ngo_.node->peer_up(commission_.id, turn); });
    in_turn(commission_, [&](Turn& turn) { commission_.node->peer_up(ngo_.id, turn); });
    talk();
  }

  void in_turn(Site& site, const std::function<void(Turn&)>& inputs) {
    auto transaction = site.store.begin().value();
    Effects effects;
    Turn turn{{today.ms + elapsed_.ms}, elapsed_, *transaction, site.entropy, effects};
    inputs(turn);
    if (site.node) {
      ASSERT_TRUE(site.node->finish(turn));
      site.node->check_invariants();
    }
    ASSERT_TRUE(transaction->commit());
    std::ranges::move(effects.frames, std::back_inserter(site.out));
  }
  void tick(Site& site) {
    in_turn(site, [&](Turn& turn) { ASSERT_TRUE(site.node->tick(turn)); });
  }
  void sleep(Duration duration) {
    elapsed_.ms += duration.ms;
    tick(ngo_);
    tick(commission_);
  }
  // Brings one frame to the other side; what that side says of it.
  Status carry(Site& from, Site& to, const SendFrame& frame) {
    Status received;
    if (frame.peer == to.id) {
      in_turn(to, [&](Turn& turn) { received = to.node->receive(from.id, frame.frame, turn); });
    }
    return received;
  }
  void carry_all(Site& from, Site& to) {
    for (const SendFrame& frame : std::exchange(from.out, {})) {
      (void)carry(from, to, frame);
    }
  }
  // Carries everything for three seconds; hellos have their pauses.
  void talk() {
    for (int round = 0; round < 10; ++round) {
      carry_all(ngo_, commission_);
      carry_all(commission_, ngo_);
      sleep(milliseconds(300));
    }
  }
  Result<Accepted> submit(Site& site, const Submission& submission) {
    Result<Accepted> accepted;
    in_turn(site, [&](Turn& turn) { accepted = site.node->submit(submission, turn); });
    return accepted;
  }
  [[nodiscard]] Submission a_referral(std::uint64_t number = 1) const {
    return {id_of(number), {}, EventKind::referral_send, {commission_.id}, referral(), {}};
  }
  [[nodiscard]] static Submission a_note(std::uint64_t number, const std::string& words) {
    return {id_of(number), case_of(id_of(1)), EventKind::case_note, {}, note(words), {}};
  }
  Level level(const MessageId& message) {
    Level level{};
    in_turn(ngo_, [&](Turn& turn) { level = ngo_.node->message(message, turn).value().level(); });
    return level;
  }
  // The code of a refusal that leaves ledger and outbox as they were.
  Code refusal(Site& site, const Submission& submission) {
    const std::uint64_t before = site.node->ledger().size();
    const std::uint64_t queued = site.node->view().outbox_depth;
    const Code code = code_of(submit(site, submission));
    EXPECT_EQ(site.node->ledger().size(), before);
    EXPECT_EQ(site.node->view().outbox_depth, queued);
    return code;
  }
  Code refused_with(const std::function<void(Submission&)>& change) {
    Submission submission = a_referral(1000);
    change(submission);
    return refusal(ngo_, submission);
  }

  Duration elapsed_{1'000'000};
  Site ngo_{1};
  Site commission_{2};
  Site ministry_{3};
};

TEST_F(NodeTest, CarriesAReferralToItsReceipt) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeTest, SameSubmissionAgainGetsTheFirstAnswer) {
  const auto first = submit(ngo_, a_referral());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->duplicate);
  talk();
  const std::uint64_t size = ngo_.node->ledger().size();
  const auto again = submit(ngo_, a_referral());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->message, first->message);
  EXPECT_EQ(again->case_id, first->case_id);
  EXPECT_EQ(ngo_.node->ledger().size(), size);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeTest, SameSubmissionTwiceInOneTurnIsOne) {
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_FALSE(ngo_.node->submit(a_referral(), turn).value().duplicate);
    EXPECT_TRUE(ngo_.node->submit(a_referral(), turn).value().duplicate);
  });
  EXPECT_EQ(ngo_.node->view().outbox_depth, 1U);
}

TEST_F(NodeTest, SameKeyWithAnythingElseIsAConflict) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  ASSERT_TRUE(submit(ngo_, a_note(2, "first")));
  Submission other_body = a_referral();
  other_body.body.push_back(0);
  EXPECT_EQ(refusal(ngo_, other_body), Code::conflict);
  Submission other_recipient = a_referral();
  other_recipient.to = {ministry_.id};
  EXPECT_EQ(refusal(ngo_, other_recipient), Code::conflict);
  EXPECT_EQ(refusal(ngo_, a_note(2, "second")), Code::conflict);
  EXPECT_EQ(refusal(ngo_, a_note(1, "of another kind")), Code::conflict);
  Submission other_case = a_note(2, "first");
  other_case.case_id = case_of(id_of(77));
  EXPECT_EQ(refusal(ngo_, other_case), Code::conflict);
}

TEST_F(NodeTest, RefusalsAreCodedAndWriteNothing) {
  EXPECT_EQ(refused_with([](auto& s) { s.message = {}; }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to.clear(); }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to.push_back(s.to[0]); }), Code::invalid_argument);
  EXPECT_EQ(refused_with([](auto& s) { s.to = {MemberId{}}; }), Code::unknown_member);
  EXPECT_EQ(refused_with([&](auto& s) { s.to = {ngo_.id}; }), Code::unknown_member);
  EXPECT_EQ(refused_with([&](auto& s) { s.to = {ministry_.id}; }), Code::not_capable);
  EXPECT_EQ(refused_with([](auto& s) { s.body = {1, 2, 3}; }), Code::invalid_form);
  EXPECT_EQ(refused_with([](auto& s) { s.body.resize(limits::body_bytes_max + 1); }),
            Code::too_large);
  EXPECT_EQ(refused_with([](auto& s) { s.kind = static_cast<EventKind>(999); }),
            Code::unsupported_kind);
  EXPECT_EQ(refused_with([](auto& s) { s.case_id = case_of(id_of(77)); }), Code::not_found);
  EXPECT_EQ(refused_with([](auto& s) {
              s.kind = EventKind::case_note;
              s.body = note("a note opens no case");
            }),
            Code::invalid_argument);
  EXPECT_EQ(refused_with([&](auto& s) {
              for (std::uint8_t n = 0; n < limits::recipients_max; ++n) {
                s.to.push_back(member(n + 1U).id);
              }
            }),
            Code::invalid_argument);
}

TEST_F(NodeTest, OnlyWhoWasAskedDecidesAndOnlyOnce) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  Submission acceptance{id_of(50), case_of(id_of(1)), EventKind::referral_accept, {}, {}, {}};
  acceptance.body = encode(Decision{});
  EXPECT_EQ(refusal(ngo_, acceptance), Code::not_capable);
  Submission contradiction = acceptance;
  contradiction.kind = EventKind::referral_decline;  // a decline gives its reason
  EXPECT_EQ(refusal(commission_, contradiction), Code::invalid_form);
  ASSERT_TRUE(submit(commission_, acceptance));
  acceptance.message = id_of(51);
  EXPECT_EQ(refusal(commission_, acceptance), Code::conflict);
}

TEST_F(NodeTest, LockedNodeSubmitsNothingAndHoldsWhatComes) {
  in_turn(commission_, [&](Turn& turn) { ASSERT_TRUE(commission_.node->lock(turn)); });
  talk();
  EXPECT_EQ(refusal(commission_, a_referral(9)), Code::locked);
  ASSERT_TRUE(submit(ngo_, a_referral()));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::stored);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 1U);  // stored is no end
  in_turn(commission_, [&](Turn& turn) { ASSERT_TRUE(commission_.node->unlock(turn)); });
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
}

TEST_F(NodeTest, HeldEnvelopeThatComesAgainIsHeldOnce) {
  in_turn(commission_, [&](Turn& turn) { ASSERT_TRUE(commission_.node->lock(turn)); });
  talk();
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(carry(ngo_, commission_, frames[0]));
  const std::uint64_t size = commission_.node->ledger().size();
  EXPECT_TRUE(carry(ngo_, commission_, frames[0]));
  EXPECT_EQ(commission_.node->ledger().size(), size);
}

TEST_F(NodeTest, DoubledEnvelopeIsAppliedOnce) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  (void)carry(ngo_, commission_, frames[0]);
  const std::uint64_t size = commission_.node->ledger().size();
  (void)carry(ngo_, commission_, frames[0]);
  EXPECT_EQ(commission_.node->ledger().size(), size);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, LostEnvelopeIsSentAgainUnderTheSameId) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  ngo_.out.clear();
  talk();
  EXPECT_EQ(level(id_of(1)), Level::accepted);
  sleep(tuning::retry_delay_max);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, EnvelopeForSomebodyElseAndGarbageAreRefused) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  SendFrame frame = ngo_.out.at(0);
  Bytes misdirected = frame.frame;
  misdirected[3] ^= 1;  // in the recipient's id
  const std::uint64_t size = commission_.node->ledger().size();
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, misdirected})), Code::not_addressed);
  Bytes garbled = frame.frame;
  garbled.back() ^= 1;
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, garbled})), Code::cannot_open);
  EXPECT_FALSE(carry(ngo_, commission_, {commission_.id, {}}));
  EXPECT_FALSE(carry(ngo_, commission_, {commission_.id, {9, 9, 9}}));
  EXPECT_EQ(commission_.node->ledger().size(), size);
}

TEST_F(NodeTest, RekeyIsAnsweredBySealingAgainUnderTheSameId) {
  // The commission's keys go by while the author hears nothing of it.
  for (int week = 0; week < 20; ++week) {
    sleep(days(7));
    ngo_.out.clear();
    commission_.out.clear();
  }
  ASSERT_TRUE(submit(ngo_, a_referral()));
  std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(code_of(carry(ngo_, commission_, frames[0])), Code::cannot_open);
  ASSERT_EQ(commission_.out.size(), 1U);
  const auto rekey = parse_rekey(commission_.out[0].frame);
  ASSERT_TRUE(rekey);
  EXPECT_EQ(rekey->envelope, envelope_digest(frames[0].frame));
  carry_all(commission_, ngo_);
  ASSERT_FALSE(ngo_.out.empty());  // at once, not only when its retry is due
  EXPECT_NE(ngo_.out[0].frame, frames[0].frame);
  talk();
  EXPECT_EQ(level(id_of(1)), Level::opened);
}

TEST_F(NodeTest, StaleRekeyMakesNobodySendAgain) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  const std::vector<SendFrame> frames = std::exchange(ngo_.out, {});
  Bytes unknown_key = frames.at(0).frame;
  unknown_key[20] ^= 1;  // in the epoch key's id
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, unknown_key})), Code::cannot_open);
  carry_all(commission_, ngo_);
  EXPECT_TRUE(ngo_.out.empty());
}

TEST_F(NodeTest, RekeyAnswersAreBounded) {
  ASSERT_TRUE(submit(ngo_, a_referral()));
  Bytes unknown_key = ngo_.out.at(0).frame;
  unknown_key[20] ^= 1;
  commission_.out.clear();
  for (std::size_t n = 0; n < tuning::rekeys_per_minute_max + 20; ++n) {
    (void)carry(ngo_, commission_, {commission_.id, unknown_key});
  }
  EXPECT_EQ(commission_.out.size(), tuning::rekeys_per_minute_max);
}

TEST_F(NodeTest, FullQueueRefusesWithItsReasonAndKeepsWhatItHas) {
  in_turn(ngo_, [&](Turn&) { ngo_.node->peer_down(commission_.id); });
  constexpr std::uint64_t bound = limits::outbox_messages_per_peer_max;
  std::uint64_t number = 1;
  while (number <= bound) {
    in_turn(ngo_, [&](Turn& turn) {
      for (int n = 0; n < 4096 && number <= bound; ++n, ++number) {
        ASSERT_TRUE(ngo_.node->submit(a_referral(number), turn)) << number;
      }
    });
  }
  EXPECT_EQ(refusal(ngo_, a_referral(number)), Code::full);
  EXPECT_EQ(ngo_.node->view().outbox_depth, bound);
  EXPECT_TRUE(submit(ngo_, a_referral(1)).value().duplicate);
}

TEST_F(NodeTest, ExpiredMessageIsToldToItsAuthorAndNeverOpened) {
  Submission referral = a_referral();
  referral.lifetime = hours(1);
  ASSERT_TRUE(submit(ngo_, referral));
  const std::vector<SendFrame> late = std::exchange(ngo_.out, {});
  sleep(hours(2));
  talk();
  EXPECT_EQ(level(id_of(1)), Level::expired);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0U);
  (void)carry(ngo_, commission_, late.at(0));
  in_turn(commission_, [&](Turn& turn) {
    const auto view = commission_.node->case_view(case_of(id_of(1)), turn);
    EXPECT_TRUE(!view || view->events.empty());
  });
}

}  // namespace
}  // namespace hamroh
