// Files with a case, between two and three nodes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/node_fixture.h"
#include "tests/unit/pack_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;
using enum DisclosureTier;

constexpr std::size_t whole_chunk = limits::attachment_chunk_bytes;

Actor person(std::uint8_t number, Role role) {
  Actor actor{{}, role, {"intake"}, {}};
  actor.user.bytes[0] = number;
  return actor;
}

Bytes file_of(std::size_t size) {
  std::minstd_rand random(static_cast<unsigned>(size));
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(random());
  }
  return bytes;
}

bool is_chunk(const SendFrame& frame) {
  return frame.frame[0] == static_cast<std::uint8_t>(FrameType::chunk);
}
bool is_want(const SendFrame& frame) {
  return frame.frame[0] == static_cast<std::uint8_t>(FrameType::want);
}

class Attachment_ : public NodeFixture {
 protected:
  // A case that the commission has accepted, under a consent that opens these tiers to it.
  void open_case(std::vector<DisclosureTier> tiers = {t1, t2, t3, t4}) {
    ReferralForm form = parse_referral(referral()).value();
    form.consent.scope = {{{"kind:commission"}, std::move(tiers), {"protection"}}};
    ASSERT_TRUE(
        submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}}));
    talk();
    ASSERT_TRUE(submit(commission_,
                       {id_of(2), id(), EventKind::referral_accept, {}, encode(Decision{}), {}}));
    talk();
  }
  static CaseId id() { return case_of(id_of(1)); }
  AttachmentAsk ask_for(const Bytes& file, std::uint64_t number = 10) {
    return {id_of(number),          id(),           {},        file.size(),
            crypto::sha256({file}), MediaType::pdf, "scan.pdf"};
  }
  Result<AttachmentBegun> begin(Site& site, const AttachmentAsk& ask) {
    Result<AttachmentBegun> begun;
    in_turn(site, [&](Turn& turn) { begun = site.node->begin_attachment(ask, program(), turn); });
    return begun;
  }
  Status add(Site& site, const Bytes& file, std::size_t first, std::size_t chunks,
             std::uint64_t number = 10) {
    const ByteView rest = ByteView(file).subspan(first * whole_chunk);
    Status added;
    in_turn(site, [&](Turn& turn) {
      added = site.node->add_chunks(id(), id_of(number), first,
                                    rest.first(std::min(rest.size(), chunks * whole_chunk)),
                                    program(), turn);
    });
    return added;
  }
  Result<Accepted> finish(Site& site, std::uint64_t number = 10) {
    Result<Accepted> accepted;
    in_turn(site, [&](Turn& turn) {
      accepted = site.node->finish_attachment(id(), id_of(number), program(), turn);
    });
    return accepted;
  }
  void attach(Site& site, const Bytes& file, std::uint64_t number = 10) {
    ASSERT_TRUE(begin(site, ask_for(file, number)));
    ASSERT_TRUE(add(site, file, 0, limits::attachment_chunks_max, number));
    ASSERT_TRUE(finish(site, number));
  }
  std::vector<AttachmentView> list(Site& site) {
    std::vector<AttachmentView> all;
    in_turn(site, [&](Turn& turn) { all = site.node->attachments(id(), program(), turn).value(); });
    return all;
  }
  AttachmentState state_at(Site& site) { return list(site).at(0).state; }
  // As two people of that site read it.
  Result<Bytes> read(Site& site, std::uint64_t number = 10) {
    const Actor reader = person(1, Role::supervisor);
    const Actor second = person(2, Role::supervisor);
    Result<Bytes> all = Bytes{};
    in_turn(site, [&](Turn& turn) {
      site.node->know_user(reader.user, {"reader", reader.role, reader.teams, true});
      site.node->know_user(second.user, {"second", second.role, second.teams, true});
      (void)site.node->assign_case(id(), {std::nullopt, {reader.user}, {}}, reader, turn);
    });
    in_turn(site, [&](Turn& turn) {
      const auto task =
          site.node->ask(TaskKind::see_sealed_tier, id(), "to read the file", reader, turn);
      ASSERT_TRUE(task) << task.error().text;
      const Status agreed = site.node->decide_task(*task, true, second, turn);
      ASSERT_TRUE(agreed) << agreed.error().text;
      for (std::size_t first = 0;; first += 16) {
        const auto part =
            site.node->attachment_part(id(), ngo_.id, id_of(number), first, reader, turn);
        if (!part) {
          all = part;
          return;
        }
        if (part->empty()) {
          return;
        }
        append(*all, *part);
      }
    });
    return all;
  }
  std::vector<SendFrame> chunks_from(Site& site) {
    std::vector<SendFrame> chunks;
    for (const SendFrame& frame : site.out) {
      if (is_chunk(frame)) {
        chunks.push_back(frame);
      }
    }
    return chunks;
  }
  std::size_t rows(Site& site, Table table) {
    std::size_t count = 0;
    in_turn(site, [&](Turn& turn) {
      ASSERT_TRUE(
          turn.store.scan(table, {}, {}, Transaction::Order::ascending, [&](ByteView, ByteView) {
            ++count;
            return true;
          }));
    });
    return count;
  }
  // Until the announcement is opened there and its first wants are here, unanswered.
  void announce(const Bytes& file) {
    attach(ngo_, file);
    carry_all(ngo_, commission_);
  }
};

TEST_F(Attachment_, ComesWholeToItsRecipientAndTheSenderSeesIt) {
  open_case();
  const Bytes file = file_of(5 * whole_chunk + 77);
  attach(ngo_, file);
  talk();
  const auto there = list(commission_);
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(there[0].state, AttachmentState::whole);
  EXPECT_EQ(there[0].name, "scan.pdf");
  EXPECT_EQ(there[0].bytes, file.size());
  EXPECT_EQ(there[0].chunks, 6);
  EXPECT_EQ(there[0].here, 6);
  EXPECT_EQ(read(commission_).value(), file);
  const auto here = list(ngo_);
  ASSERT_EQ(here[0].holders.size(), 1U);
  EXPECT_EQ(here[0].holders[0].member, commission_.id);
  EXPECT_NE(here[0].holders[0].whole.ms, 0U);
  EXPECT_EQ(rows(commission_, Table::chunk), 6U);
}

TEST_F(Attachment_, IsSealedOnceHoweverManyHaveIt) {
  open_case();
  attach(ngo_, file_of(3 * whole_chunk));
  talk();
  const auto chunks_of = [&](Site& site) {
    std::vector<Bytes> found;
    in_turn(site, [&](Turn& turn) {
      ASSERT_TRUE(turn.store.scan(Table::chunk, {}, {}, Transaction::Order::ascending,
                                  [&](ByteView, ByteView value) {
                                    found.emplace_back(value.begin(), value.end());
                                    return true;
                                  }));
    });
    return found;
  };
  EXPECT_EQ(chunks_of(ngo_), chunks_of(commission_));
}

TEST_F(Attachment_, WithoutAConsentThatOpensT4ItGoesNowhere) {
  open_case({t1, t2, t3});
  EXPECT_EQ(code_of(begin(ngo_, ask_for(file_of(10)))), Code::not_granted);
  EXPECT_EQ(rows(ngo_, Table::attachment), 0U);
}

TEST_F(Attachment_, OnceTheConsentIsWithdrawnNothingMoreOfItIsServed) {
  open_case();
  announce(file_of(20 * whole_chunk));
  ConsentStatement withdrawn;
  withdrawn.date = "2026-09-21";
  ASSERT_TRUE(
      submit(ngo_, {id_of(20), id(), EventKind::consent_withdraw, {}, encode(withdrawn), {}}));
  for (int round = 0; round < 3; ++round) {
    talk();
  }
  EXPECT_EQ(state_at(commission_), AttachmentState::gone);
  EXPECT_LT(list(commission_)[0].here, 20);
  EXPECT_EQ(code_of(begin(ngo_, ask_for(file_of(10), 21))), Code::not_granted);
}

// Found by the simulator, seed 212: such a file kept all others of its author from being asked for.
TEST_F(Attachment_, WhatWasTakenBackIsToldToWhoeverAsksForIt) {
  open_case();
  announce(file_of(3 * whole_chunk));
  commission_.out.clear();  // it has opened the announcement, and its receipt is lost
  ASSERT_TRUE(install(ngo_, revoking(commission_, 1'000'000)));
  ASSERT_TRUE(install(ngo_, publish(changing(commission_, [](Member& member) {
                        member.state = MemberState::active;
                        member.position = 0;
                      }))));
  connect(ngo_, commission_);
  for (int round = 0; round < 3; ++round) {
    talk();
    sleep(tuning::chunk_wait_max);
  }
  EXPECT_EQ(delivery(ngo_, id_of(10), commission_.id).level, Level::refused);
  EXPECT_EQ(state_at(commission_), AttachmentState::gone);
}

// Found by the simulator, seed 253: its author had come back without what it had announced before.
TEST_F(Attachment_, WhatItsAuthorHasLostIsToldToWhoeverAsksForIt) {
  open_case();
  announce(file_of(3 * whole_chunk));
  commission_.out.clear();
  const Bytes key = MessageRecord::key(ngo_.id, id_of(10));
  in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(turn.store.erase(Table::message, key)); });
  ASSERT_TRUE(carry(commission_, ngo_, {ngo_.id, encode_want({id_of(10), 0, false, {0}})}));
  carry_all(ngo_, commission_);
  EXPECT_EQ(state_at(commission_), AttachmentState::gone);
}

TEST_F(Attachment_, WhoHasNotAcceptedThePersonGetsNoFile) {
  ReferralForm form = parse_referral(referral()).value();
  form.consent.scope = {{{"kind:commission"}, {t1, t4}, {"protection"}}};
  ASSERT_TRUE(
      submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}}));
  talk();
  EXPECT_EQ(code_of(begin(ngo_, ask_for(file_of(10)))), Code::not_granted);
}

TEST_F(Attachment_, WhoReferredThePersonMayBeSentOneBack) {
  open_case({t1});
  const Bytes file = file_of(10);
  attach(commission_, file);
  talk();
  EXPECT_EQ(state_at(ngo_), AttachmentState::whole);
}

TEST_F(Attachment_, ReadingOneNeedsASecondPerson) {
  open_case();
  attach(ngo_, file_of(10));
  talk();
  in_turn(commission_, [&](Turn& turn) {
    EXPECT_EQ(
        code_of(commission_.node->attachment_part(id(), ngo_.id, id_of(10), 0, program(), turn)),
        Code::second_person);
  });
}

TEST_F(Attachment_, ItsKeyIsShownToNobody) {
  open_case();
  attach(ngo_, file_of(10));
  talk();
  in_turn(commission_, [&](Turn& turn) {
    const auto body = commission_.node->body(ngo_.id, id_of(10), program(), turn).value();
    const auto shown = AttachmentBody::parse(body.body).value();
    EXPECT_TRUE(shown.key.equals(SymmetricKey{}));
    EXPECT_EQ(shown.name, "scan.pdf");
  });
}

// ---- bringing one -------------------------------------------------------------------------------

TEST_F(Attachment_, BringingItGoesOnWhereItWasBrokenOffAlsoOverARestart) {
  open_case();
  const Bytes file = file_of(40 * whole_chunk);
  EXPECT_EQ(begin(ngo_, ask_for(file))->missing.size(), 40U);
  ASSERT_TRUE(add(ngo_, file, 0, 16));
  ASSERT_TRUE(add(ngo_, file, 30, 2));
  restart(ngo_);
  const auto begun = begin(ngo_, ask_for(file));
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->missing.size(), 22U);
  EXPECT_EQ(begun->missing.front(), 16);
  EXPECT_EQ(begun->attachment.here, 18);
  EXPECT_EQ(code_of(finish(ngo_)), Code::attachment_not_whole);
  ASSERT_TRUE(add(ngo_, file, 10, 30));  // what is there already is passed over
  EXPECT_TRUE(begin(ngo_, ask_for(file))->missing.empty());
  sleep(tuning::start_wait_max);
  ASSERT_TRUE(finish(ngo_));
  EXPECT_TRUE(finish(ngo_)->duplicate);  // asked again: the same answer
  connect(ngo_, commission_);
  talk();
  talk();
  EXPECT_EQ(read(commission_).value(), file);
}

TEST_F(Attachment_, WhatMayNotBeBroughtIsRefusedBeforeAnythingIsKept) {
  open_case();
  const Bytes file = file_of(3 * whole_chunk);
  AttachmentAsk ask = ask_for(file);
  const auto code_for = [&](const std::function<void(AttachmentAsk&)>& change) {
    AttachmentAsk changed = ask_for(file);
    change(changed);
    return code_of(begin(ngo_, changed));
  };
  EXPECT_EQ(code_for([](auto& a) { a.bytes = 0; }), Code::too_large);
  EXPECT_EQ(code_for([](auto& a) { a.bytes = limits::attachment_bytes_max + 1; }), Code::too_large);
  EXPECT_EQ(code_for([](auto& a) { a.name = "../x"; }), Code::invalid_argument);
  EXPECT_EQ(code_for([](auto& a) { a.message = {}; }), Code::invalid_argument);
  EXPECT_EQ(code_for([&](auto& a) { a.to = {ministry_.id}; }), Code::not_granted);
  EXPECT_EQ(code_for([](auto& a) { a.case_id.bytes[3] = 9; }), Code::not_found);
  EXPECT_EQ(code_for([](auto& a) { a.message = id_of(2); }), Code::none);  // another author's id
  ASSERT_TRUE(begin(ngo_, ask));
  EXPECT_EQ(code_for([](auto& a) { a.bytes -= 1; }), Code::conflict);
  EXPECT_EQ(code_of(add(ngo_, file_of(10), 0, 1)), Code::invalid_argument);  // no whole chunk
  EXPECT_EQ(code_of(add(ngo_, file_of(4 * whole_chunk), 0, 4)), Code::invalid_argument);
  EXPECT_EQ(refusal(ngo_, {id_of(11),
                           id(),
                           EventKind::attachment_add,
                           {},
                           AttachmentBody{{}, {}, MediaType::pdf, "x"}.encode(),
                           {}}),
            Code::invalid_argument);
}

TEST_F(Attachment_, NoMoreThanSixteenAreBroughtAtATimeAndOldOnesGo) {
  open_case();
  const Bytes file = file_of(2 * whole_chunk);
  for (std::uint64_t i = 0; i < limits::uploads_max; ++i) {
    ASSERT_TRUE(begin(ngo_, ask_for(file, 100 + i)));
    ASSERT_TRUE(add(ngo_, file, 0, 1, 100 + i));
  }
  EXPECT_EQ(code_of(begin(ngo_, ask_for(file, 200))), Code::full);
  sleep(Duration{tuning::upload_lifetime.ms / 2});
  sleep(Duration{tuning::upload_lifetime.ms / 2 + 1});
  for (int i = 0; i < 40; ++i) {
    tick(ngo_);
  }
  EXPECT_EQ(rows(ngo_, Table::chunk), 0U);
  EXPECT_TRUE(list(ngo_).empty());
  EXPECT_TRUE(begin(ngo_, ask_for(file, 200)));
}

// ---- from node to node --------------------------------------------------------------------------

TEST_F(Attachment_, GoesOnAfterARestartOfEitherSideWithoutAskingForWhatIsThere) {
  open_case();
  const Bytes file = file_of(60 * whole_chunk);
  announce(file);
  for (int i = 0; i < 3; ++i) {
    carry_all(commission_, ngo_);
    carry_all(ngo_, commission_);
  }
  const std::size_t before = rows(commission_, Table::chunk);
  EXPECT_GT(before, 4U);
  EXPECT_LT(before, 60U);
  for (Site* site : {&ngo_, &commission_}) {
    site->out.clear();
    restart(*site);
  }
  EXPECT_EQ(list(commission_)[0].here, before);
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  std::size_t brought = 0;
  for (int round = 0; round < 30 && state_at(commission_) != AttachmentState::whole; ++round) {
    brought += chunks_from(ngo_).size();
    carry_all(ngo_, commission_);
    carry_all(commission_, ngo_);
    tick(ngo_);
    tick(commission_);
  }
  EXPECT_EQ(brought, 60 - before);
  EXPECT_EQ(read(commission_).value(), file);
}

TEST_F(Attachment_, LostChunksAreAskedForAgain) {
  open_case();
  const Bytes file = file_of(3 * whole_chunk);
  announce(file);
  carry_all(commission_, ngo_);
  ASSERT_FALSE(chunks_from(ngo_).empty());
  ngo_.out.clear();
  sleep(tuning::chunk_wait_min);
  talk();
  EXPECT_EQ(read(commission_).value(), file);
}

TEST_F(Attachment_, ChunksThatDoNotVerifyAreNotKeptAndInTheEndItIsGivenUp) {
  open_case();
  announce(file_of(20 * whole_chunk));
  for (int round = 0; round < 12 && state_at(commission_) == AttachmentState::coming; ++round) {
    carry_all(commission_, ngo_);
    for (SendFrame frame : std::exchange(ngo_.out, {})) {
      if (is_chunk(frame)) {
        frame.frame.back() ^= 1U;
        EXPECT_EQ(code_of(carry(ngo_, commission_, frame)), Code::bad_proof);
      }
    }
    sleep(tuning::chunk_wait_max);
  }
  EXPECT_EQ(rows(commission_, Table::chunk), 0U);
  EXPECT_EQ(state_at(commission_), AttachmentState::damaged);
  EXPECT_EQ(code_of(read(commission_)), Code::attachment_damaged);
}

TEST_F(Attachment_, NobodyIsServedWhatWasNotSentToHim) {
  open_case();
  attach(ngo_, file_of(10));
  talk();
  join(ministry_);
  sleep(tuning::start_wait_max);
  connect(ngo_, ministry_);
  talk();
  const SendFrame want{ngo_.id, encode_want({id_of(10), 0, false, {0}})};
  EXPECT_EQ(code_of(carry(ministry_, ngo_, want)), Code::not_addressed);
  EXPECT_TRUE(chunks_from(ngo_).empty());
  const SendFrame other{ngo_.id, encode_want({id_of(1), 0, false, {0}})};  // no file's message
  EXPECT_EQ(code_of(carry(commission_, ngo_, other)), Code::not_addressed);
  const SendFrame behind{ngo_.id, encode_want({id_of(10), 0, false, {1}})};
  EXPECT_EQ(code_of(carry(commission_, ngo_, behind)), Code::malformed);
}

TEST_F(Attachment_, WhatNobodyAskedForIsDropped) {
  open_case();
  const Bytes file = file_of(40 * whole_chunk);
  announce(file);
  carry_all(commission_, ngo_);
  const auto chunks = chunks_from(ngo_);
  ASSERT_FALSE(chunks.empty());
  carry_all(ngo_, commission_);
  EXPECT_EQ(code_of(carry(ngo_, commission_, chunks[0])), Code::not_addressed);  // a second time
  ChunkFrame far = parse_chunk(chunks[0].frame).value();
  far.index = 39;
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, encode_chunk(far)})),
            Code::not_addressed);
  far.message = id_of(77);
  EXPECT_EQ(code_of(carry(ngo_, commission_, {commission_.id, encode_chunk(far)})),
            Code::not_addressed);
  const SendFrame noted{commission_.id, encode_chunk({id_of(10), Code::none, chunk_none, {}, {}})};
  EXPECT_EQ(code_of(carry(ngo_, commission_, noted)), Code::not_addressed);
  talk();
  talk();
  EXPECT_EQ(read(commission_).value(), file);
}

TEST_F(Attachment_, MessagesGoBeforeChunks) {
  open_case();
  announce(file_of(20 * whole_chunk));
  // The wants come in the very turn in which something is written: it goes out first.
  in_turn(ngo_, [&](Turn& turn) {
    for (const SendFrame& frame : std::exchange(commission_.out, {})) {
      (void)ngo_.node->receive(commission_.id, frame.frame, turn);
    }
    ASSERT_TRUE(ngo_.node->submit(a_note(20, "first"), program(), turn));
  });
  ASSERT_GE(ngo_.out.size(), 2U);
  EXPECT_FALSE(is_chunk(ngo_.out.front()));
  EXPECT_TRUE(is_chunk(ngo_.out.back()));
}

TEST_F(Attachment_, AnEmergencyOvertakesThousandsOfMessagesAndAFile) {
  open_case();
  announce(file_of(20 * whole_chunk));
  in_turn(ngo_, [&](Turn& turn) {
    for (const SendFrame& frame : std::exchange(commission_.out, {})) {
      (void)ngo_.node->receive(commission_.id, frame.frame, turn);
    }
    for (std::uint64_t i = 0; i < 3'000; ++i) {
      ASSERT_TRUE(ngo_.node->submit(a_referral(1'000 + i), program(), turn));
    }
    ASSERT_TRUE(ngo_.node->submit(a_referral(9, Urgency::emergency), program(), turn));
  });
  ASSERT_GT(ngo_.out.size(), 2U);
  // The very first frame that goes out brings it, and it alone.
  ASSERT_TRUE(carry(ngo_, commission_, ngo_.out.front()));
  in_turn(commission_, [&](Turn& turn) {
    EXPECT_TRUE(commission_.node->message(id_of(9), program(), turn));
    EXPECT_FALSE(commission_.node->message(id_of(1'000), program(), turn));
  });
  EXPECT_TRUE(chunks_from(ngo_).empty());  // behind all that waits
}

TEST_F(Attachment_, ALockedNodeNeitherAsksNorServesAndGoesOnWhenItIsOpen) {
  open_case();
  const Bytes file = file_of(30 * whole_chunk);
  announce(file);
  lock(ngo_);
  carry_all(commission_, ngo_);
  EXPECT_TRUE(chunks_from(ngo_).empty());
  unlock(ngo_);
  sleep(tuning::chunk_wait_min);
  carry_all(commission_, ngo_);
  carry_all(ngo_, commission_);
  lock(commission_);
  talk();
  for (const SendFrame& frame : commission_.out) {
    EXPECT_FALSE(is_want(frame));
  }
  unlock(commission_);
  for (int i = 0; i < 4; ++i) {
    talk();
  }
  EXPECT_EQ(read(commission_).value(), file);
}

TEST_F(Attachment_, WhileTheDiskIsFullNothingIsAskedFor) {
  open_case();
  in_turn(commission_, [&](Turn&) { commission_.node->allow_attachments(false); });
  announce(file_of(10));
  talk();
  EXPECT_EQ(state_at(commission_), AttachmentState::coming);
  EXPECT_EQ(rows(commission_, Table::chunk), 0U);
  in_turn(commission_, [&](Turn&) { commission_.node->allow_attachments(true); });
  talk();
  EXPECT_EQ(state_at(commission_), AttachmentState::whole);
}

TEST_F(Attachment_, ErasingTheCaseLeavesNothingOfItAndTheOtherSideIsTold) {
  open_case();
  announce(file_of(200 * whole_chunk));
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->erase_case(id(), ErasureReason::withdrawal, false, turn));
  });
  for (int i = 0; i < 6; ++i) {
    tick(ngo_);
  }
  EXPECT_EQ(rows(ngo_, Table::chunk), 0U);
  EXPECT_EQ(rows(ngo_, Table::chunk_leaf), 0U);
  talk();
  EXPECT_EQ(state_at(commission_), AttachmentState::gone);
  EXPECT_EQ(code_of(read(commission_)), Code::attachment_gone);
}

TEST_F(Attachment_, AnAnnouncementOfAnImpossibleSizeIsRefused) {
  open_case();
  for (const std::uint64_t bytes : {std::uint64_t{0}, limits::attachment_bytes_max + 1}) {
    Inner inner;
    inner.attachments = {{Digest{}, bytes}};
    EXPECT_FALSE(attachment_in(inner));
  }
  Inner none;
  EXPECT_FALSE(attachment_in(none));
}

TEST_F(Attachment_, OneMembersShareIsAllThatItsFilesTake) {
  open_case();
  // As if so much had come before.
  in_turn(commission_, [&](Turn& turn) {
    ASSERT_TRUE(turn.store.put(Table::attachment, attachment_row::kept_of(ngo_.id),
                               key_u64(limits::attachment_bytes_per_member_max - 5)));
  });
  attach(ngo_, file_of(10));
  talk();
  EXPECT_EQ(state_at(commission_), AttachmentState::waiting);
  EXPECT_EQ(rows(commission_, Table::chunk), 0U);
  in_turn(commission_, [&](Turn& turn) {
    ASSERT_TRUE(turn.store.put(Table::attachment, attachment_row::kept_of(ngo_.id), key_u64(0)));
  });
  sleep(minutes(11));
  talk();
  EXPECT_EQ(state_at(commission_), AttachmentState::whole);
}

// ---- how much in a day --------------------------------------------------------------------------

class DayQuota : public Attachment_ {
 protected:
  // Under a jurisdiction pack that lets one member send another that much in a day.
  void open_case_under(unsigned mebibytes) {
    std::string words(text(pack_fixture::example_pack()));
    const std::string old = "attachment_mib = 2048";
    ASSERT_NE(words.find(old), std::string::npos);
    words.replace(words.find(old), old.size(), "attachment_mib = " + std::to_string(mebibytes));
    const Bytes file(words.begin(), words.end());
    const Bytes directory = publish([&](Directory& next) { next.pack = crypto::sha256({file}); });
    for (Site* site : {&ngo_, &commission_}) {
      ASSERT_TRUE(install(*site, directory));
      in_turn(*site, [&](Turn& turn) { ASSERT_TRUE(site->node->install_pack(file, turn)); });
    }
    ReferralForm form = parse_referral(referral()).value();
    form.triage.reason.code = "exploited_abroad_returned";
    form.triage.district = "XX-NORTH-HARBOUR";
    form.consent.text_version = "consent/2026-1";
    form.consent.scope = {{{"kind:commission"}, {t1, t2, t3, t4}, {"protection"}}};
    const auto sent =
        submit(ngo_, {id_of(1), {}, EventKind::referral_send, {commission_.id}, encode(form), {}});
    ASSERT_TRUE(sent) << sent.error().text;
    talk();
    ASSERT_TRUE(submit(commission_,
                       {id_of(2), id(), EventKind::referral_accept, {}, encode(Decision{}), {}}));
    talk();
  }
  // How much has come of the files that were sent.
  std::size_t come() { return rows(commission_, Table::chunk); }
  void talk_on() {
    for (int i = 0; i < 8; ++i) {
      talk();
    }
  }
};

TEST_F(DayQuota, WhatGoesToOneMemberInADayIsWhatThePackOfTheCaseSays) {
  open_case_under(1);  // sixteen chunks
  EXPECT_EQ(code_of(begin(ngo_, ask_for(file_of(16 * whole_chunk + 1), 9))), Code::too_large);
  attach(ngo_, file_of(10 * whole_chunk), 10);
  attach(ngo_, file_of(10 * whole_chunk + 1), 11);
  talk_on();
  EXPECT_EQ(come(), 16U);
  // Neither a connection that broke brings more, nor a recipient that has forgotten what came.
  disconnect(ngo_, commission_);
  restart(commission_);
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk_on();
  EXPECT_EQ(come(), 16U);
  sleep(days(1));
  talk_on();
  EXPECT_EQ(come(), 21U);
  EXPECT_EQ(list(commission_)[1].state, AttachmentState::whole);
}

TEST_F(DayQuota, TheRecipientAsksForNoMoreThanThatWhateverItsAuthorServes) {
  open_case_under(1);
  attach(ngo_, file_of(10 * whole_chunk), 10);
  attach(ngo_, file_of(10 * whole_chunk + 1), 11);
  talk_on();
  const std::size_t before = come();
  commission_.out.clear();
  // No want of a chunk goes out any more, and nothing spins. One without chunks has 23 bytes.
  for (int i = 0; i < 20; ++i) {
    sleep(seconds(30));
    for (const SendFrame& frame : std::exchange(commission_.out, {})) {
      EXPECT_FALSE(is_want(frame) && frame.frame.size() > 23) << "a want of chunks";
    }
  }
  EXPECT_EQ(come(), before);
  EXPECT_GT(commission_.node->next_wakeup(elapsed_).ms, elapsed_.ms);
}

TEST_F(DayQuota, WithoutAPackItIsWhatANodeTakesAtTheMost) {
  open_case();
  attach(ngo_, file_of(20 * whole_chunk), 10);
  talk_on();
  EXPECT_EQ(come(), 20U);
  AttachmentWork::Day day;
  const std::uint64_t most = limits::attachment_bytes_per_day_max;
  EXPECT_TRUE(day.take(3, most, most));
  EXPECT_FALSE(day.take(3, 1, most));
  EXPECT_TRUE(day.take(4, 1, most)) << "another day";
  EXPECT_FALSE(day.take(4, most, most)) << "what was refused is not counted, what was taken is";
  EXPECT_TRUE(day.take(4, most - 1, most));
}

TEST_F(Attachment_, OneFileGoesToTwoRecipientsEachAtItsOwnPace) {
  ReferralForm form = parse_referral(referral()).value();
  form.consent.scope = {{{"kind:commission"}, {t1, t2, t3, t4}, {"protection"}}};
  join(ministry_);
  const Bytes directory = publish(changing(ministry_, [](Member& member) {
    member.kind = MemberKind::commission;
    member.capabilities = default_capabilities(MemberKind::commission);
  }));
  for (Site* site : {&ngo_, &commission_, &ministry_}) {
    ASSERT_TRUE(install(*site, directory));
  }
  connect(ngo_, ministry_);
  talk();
  std::vector<MemberId> both{commission_.id, ministry_.id};
  std::ranges::sort(both);
  ASSERT_TRUE(submit(ngo_, {id_of(1), {}, EventKind::referral_send, both, encode(form), {}}));
  talk();
  std::uint64_t number = 2;
  for (Site* site : {&commission_, &ministry_}) {
    ASSERT_TRUE(submit(
        *site,
        {id_of(number++), id(), EventKind::referral_accept, {ngo_.id}, encode(Decision{}), {}}));
    talk();
  }
  const Bytes file = file_of(5 * whole_chunk + 7);
  AttachmentAsk ask = ask_for(file);
  ask.to = both;
  ASSERT_TRUE(begin(ngo_, ask));
  ASSERT_TRUE(add(ngo_, file, 0, limits::attachment_chunks_max));
  ASSERT_TRUE(finish(ngo_));
  disconnect(ngo_, ministry_);
  talk();
  EXPECT_EQ(list(commission_).at(0).state, AttachmentState::whole);
  const auto has_it = [&](const Site& site) {
    const auto holders = list(ngo_).at(0).holders;
    const auto holder = std::ranges::find(holders, site.id, &AttachmentHolder::member);
    return holder != holders.end() && holder->whole.ms != 0;
  };
  EXPECT_TRUE(has_it(commission_));
  EXPECT_FALSE(has_it(ministry_)) << "it is away";
  connect(ngo_, ministry_);
  for (int i = 0; i < 4; ++i) {
    talk();
  }
  EXPECT_TRUE(has_it(ministry_));
  EXPECT_EQ(rows(ngo_, Table::chunk), 6U) << "sealed once";
  EXPECT_EQ(read(commission_).value(), file);
  EXPECT_EQ(read(ministry_).value(), file);
}

}  // namespace
}  // namespace hamroh
