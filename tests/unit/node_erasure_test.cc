// Erasing a case: what is left of it here, what others are told, and what comes late.

#include <gtest/gtest.h>

#include "protocol/erasure_check.h"
#include "tests/unit/node_fixture.h"

namespace hamroh {
namespace {

using namespace node_fixture;

const Error died{Code::io_failed, Blame::environment, "died here"};

class NodeErasure : public NodeFixture {
 protected:
  CaseId open_case(std::uint64_t number = 1) {
    EXPECT_TRUE(submit(ngo_, a_referral(number)));
    talk();
    return case_of(id_of(number));
  }
  Result<Erasing> erase(Site& site, const CaseId& id, bool ask = true,
                        ErasureReason reason = ErasureReason::withdrawal) {
    Result<Erasing> erased;
    in_turn(site, [&](Turn& turn) {
      erased = site.node->erase_case(id, reason, ask, turn);
      truncates_ = turn.effects.truncate_log;
    });
    return erased;
  }
  Result<ErasedRecord> erasure(Site& site, const CaseId& id) {
    Result<ErasedRecord> found;
    in_turn(site, [&](Turn& turn) { found = site.node->erasure(id, turn); });
    return found;
  }
  Code case_code(Site& site, const CaseId& id) {
    Code code = Code::none;
    in_turn(site, [&](Turn& turn) { code = code_of(site.node->case_view(id, program(), turn)); });
    return code;
  }
  Code message_code(Site& site, const MessageId& id) {
    Code code = Code::none;
    in_turn(site, [&](Turn& turn) { code = code_of(site.node->message(id, program(), turn)); });
    return code;
  }
  void open_with(Site& site, const NodeOptions& options) {
    site.node.reset();
    in_turn(site, [&](Turn& turn) { site.node.emplace(Node::open(options, turn).value()); });
  }
  void start_again(Site& site, const NodeOptions& options = {}) {
    disconnect(ngo_, commission_);
    open_with(site, options);
    sleep(tuning::start_wait_max);
    connect(ngo_, commission_);
    talk();
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
  std::size_t rows(Site& site, Table table) {
    return static_cast<std::size_t>(std::ranges::count_if(
        site.disk.rows(), [&](const auto& row) { return row.first.first == table; }));
  }
  // The NGO, which has asked for it and was revoked, is restored and told once.
  void expect_answer_after_restoring(const CaseId& id) {
    const Bytes restored = publish(changing(ngo_, [](Member& member) {
      member.state = MemberState::active;
      member.position = 0;
    }));
    ASSERT_TRUE(install(commission_, restored));
    connect(ngo_, commission_);
    talk();
    EXPECT_TRUE(erasure(commission_, id)->asking.at(0).answered);
    EXPECT_EQ(erasure(ngo_, id)->asked.at(0).certificate, erasure(commission_, id)->certificate);
    sleep(hours(1));
    talk();
    EXPECT_EQ(entries(ngo_, EntryKind::erasure_told).size(), 1u);
    EXPECT_EQ(commission_.node->view().outbox_depth, 0u);
  }
  bool truncates_ = false;
};

TEST_F(NodeErasure, LeavesNoRowOfTheCaseAndACertificateThatVerifies) {
  const CaseId id = open_case();
  Digest digest;
  in_turn(ngo_, [&](Turn& turn) {
    const Bytes row =
        turn.store.get(Table::message, MessageRecord::key(ngo_.id, id_of(1))).value().value();
    digest = MessageRecord::parse(row)->digest;
  });
  const auto erased = erase(ngo_, id, false);
  ASSERT_TRUE(erased);
  EXPECT_TRUE(truncates_);
  EXPECT_EQ(rows(ngo_, Table::case_event), 0u);
  EXPECT_EQ(rows(ngo_, Table::case_key), 0u);
  EXPECT_EQ(rows(ngo_, Table::body), 0u);
  EXPECT_EQ(case_code(ngo_, id), Code::erased);
  EXPECT_EQ(message_code(ngo_, id_of(1)), Code::erased);
  const auto certificate = parse_erasure(erased->certificate);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->network, founded().network());
  EXPECT_EQ(certificate->member, ngo_.id);
  EXPECT_EQ(certificate->case_id, id);
  EXPECT_EQ(certificate->reason, ErasureReason::withdrawal);
  EXPECT_EQ(certificate->messages, 1u);
  EXPECT_EQ(certificate->root, erasure_root(std::vector{digest}));
  EXPECT_EQ(certificate->key, directory_->find(ngo_.id)->author);
  const auto entry = entries(ngo_, EntryKind::erased);
  ASSERT_EQ(entry.size(), 1u);
  EXPECT_EQ(entry[0].index, certificate->index);
  EXPECT_EQ(entry[0].entry.subject, crypto::sha256({erased->certificate}));
}

TEST_F(NodeErasure, TheCertificateVerifiesYearsLaterAgainstTheHistory) {
  const CaseId id = open_case();
  const auto erased = erase(ngo_, id, false);
  std::vector<Bytes> history{network_file(), whole()};
  auto checked = check_erasure(erased->certificate, history);
  ASSERT_TRUE(checked) << checked.error().text;
  EXPECT_EQ(checked->member, "ngo");
  EXPECT_EQ(checked->certificate.case_id, id);
  EXPECT_TRUE(checked->stands);
  // The member's keys are others by now.
  history.push_back(publish(changing(ngo_, [](Member& member) {
    member.author.bytes[3] ^= 1;
    ++member.key_serial;
  })));
  EXPECT_TRUE(check_erasure(erased->certificate, history));
  // Before it was a member, nobody vouches for its key; and another's is not its own.
  EXPECT_EQ(code_of(check_erasure(erased->certificate, std::span(history).first(1))),
            Code::bad_signature);
  ErasureCertificate forged = checked->certificate;
  forged.member = commission_.id;
  EXPECT_EQ(
      code_of(check_erasure(
          sign_erasure(forged, crypto::SigningKey::from_seed(store_fixture::symmetric_key(9))),
          history)),
      Code::bad_signature);
}

TEST_F(NodeErasure, GuardsNameNeitherCaseNorRecipient) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id, false));
  in_turn(ngo_, [&](Turn& turn) {
    const Bytes row =
        turn.store.get(Table::message, MessageRecord::key(ngo_.id, id_of(1))).value().value();
    const auto guard = MessageRecord::parse(row);
    ASSERT_TRUE(guard);
    EXPECT_TRUE(guard->erased());
    EXPECT_TRUE(guard->case_id.is_zero());
    EXPECT_TRUE(guard->deliveries.empty());
    EXPECT_EQ(guard->body, std::nullopt);
  });
}

TEST_F(NodeErasure, AskingAgainGivesTheSameCertificate) {
  const CaseId id = open_case();
  const auto first = erase(ngo_, id, false);
  const auto second = erase(ngo_, id, true, ErasureReason::other);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->before);
  EXPECT_EQ(second->certificate, first->certificate);
  EXPECT_EQ(entries(ngo_, EntryKind::erased).size(), 1u);
}

TEST_F(NodeErasure, AnUnknownCaseCannotBeErased) {
  EXPECT_EQ(code_of(erase(ngo_, case_of(id_of(99)))), Code::not_found);
}

TEST_F(NodeErasure, ALockedNodeErasesNothing) {
  const CaseId id = open_case();
  lock(ngo_);
  EXPECT_EQ(code_of(erase(ngo_, id)), Code::locked);
  unlock(ngo_);
  EXPECT_EQ(case_code(ngo_, id), Code::none);
}

TEST_F(NodeErasure, OtherCasesStayReadableAlsoAfterARestart) {
  const CaseId id = open_case(1);
  const CaseId other = open_case(2);
  ASSERT_TRUE(erase(ngo_, id));
  EXPECT_EQ(case_code(ngo_, other), Code::none);
  start_again(ngo_);
  EXPECT_EQ(case_code(ngo_, other), Code::none);
  in_turn(ngo_,
          [&](Turn& turn) { EXPECT_TRUE(ngo_.node->body(ngo_.id, id_of(2), program(), turn)); });
  EXPECT_EQ(case_code(ngo_, id), Code::erased);
}

TEST_F(NodeErasure, OthersAreAskedAndTheirCertificatesReturn) {
  const CaseId id = open_case();
  const auto erased = erase(ngo_, id);
  ASSERT_TRUE(erased);
  EXPECT_EQ(erased->asked, 1u);
  talk();
  // There it waits for people: the case is still readable.
  EXPECT_EQ(case_code(commission_, id), Code::none);
  const auto asking = erasure(commission_, id);
  ASSERT_TRUE(asking);
  EXPECT_FALSE(asking->erased());
  ASSERT_EQ(asking->asking.size(), 1u);
  EXPECT_EQ(asking->asking[0].member, ngo_.id);
  EXPECT_EQ(asking->asking[0].certificate, erased->certificate);

  const auto there = erase(commission_, id);
  ASSERT_TRUE(there);
  EXPECT_EQ(there->asked, 0u);  // who asked has erased it
  talk();
  const auto back = erasure(ngo_, id);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->asked.size(), 1u);
  EXPECT_EQ(back->asked[0].certificate, there->certificate);
  const auto told = entries(ngo_, EntryKind::erasure_told);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].entry.subject, crypto::sha256({there->certificate}));
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0u);
  EXPECT_EQ(commission_.node->view().outbox_depth, 0u);
}

TEST_F(NodeErasure, WhoHasErasedAnswersARequestAtOnce) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(commission_, id, false));
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  const auto record = erasure(ngo_, id);
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->asked.at(0).certificate.empty());
}

// Found by the simulator, seed 220: nobody asks again when the asker is restored, so the node must
// answer by itself.
TEST_F(NodeErasure, WhoAskedAndWasRevokedIsAnsweredOnceItIsRestored) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  ASSERT_TRUE(install(commission_, revoking(ngo_, UINT64_MAX)));
  ASSERT_TRUE(erase(commission_, id));
  EXPECT_FALSE(erasure(commission_, id)->asking.at(0).answered);
  sleep(minutes(20));
  EXPECT_FALSE(erasure(commission_, id)->asking.at(0).answered);
  expect_answer_after_restoring(id);
}

TEST_F(NodeErasure, AlsoAfterARestartWhoWasRevokedIsAnsweredOnceItIsRestored) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  ASSERT_TRUE(install(commission_, revoking(ngo_, UINT64_MAX)));
  ASSERT_TRUE(erase(commission_, id));
  start_again(commission_);
  expect_answer_after_restoring(id);
}

TEST_F(NodeErasure, AnAnswerThatWasReturnedIsGivenAgainOnceTheAskerIsRestored) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  disconnect(ngo_, commission_);
  ASSERT_TRUE(erase(commission_, id));
  EXPECT_TRUE(erasure(commission_, id)->asking.at(0).answered);
  ASSERT_TRUE(install(commission_, revoking(ngo_, UINT64_MAX)));
  EXPECT_FALSE(erasure(commission_, id)->asking.at(0).answered);
  expect_answer_after_restoring(id);
}

TEST_F(NodeErasure, BothAtOnceEndWithBothCertificatesOnBothSides) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(commission_, id));
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  EXPECT_FALSE(erasure(ngo_, id)->asked.at(0).certificate.empty());
  EXPECT_FALSE(erasure(commission_, id)->asked.at(0).certificate.empty());
}

TEST_F(NodeErasure, ByConfigurationTheOpenersRequestIsFollowed) {
  const CaseId id = open_case();
  NodeOptions options;
  options.erase_on_request = true;
  start_again(commission_, options);
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  EXPECT_EQ(case_code(commission_, id), Code::erased);
  EXPECT_FALSE(erasure(ngo_, id)->asked.at(0).certificate.empty());
  const auto certificate = parse_erasure(erasure(commission_, id)->certificate);
  EXPECT_EQ(certificate->reason, ErasureReason::request);
}

TEST_F(NodeErasure, ARequestOfSomebodyElseWaitsForPeopleWhateverTheConfiguration) {
  const CaseId id = open_case();
  NodeOptions options;
  options.erase_on_request = true;
  start_again(ngo_, options);
  ASSERT_TRUE(erase(commission_, id));
  talk();
  EXPECT_EQ(case_code(ngo_, id), Code::none);
  EXPECT_EQ(erasure(ngo_, id)->asking.size(), 1u);
}

TEST_F(NodeErasure, ARequestThatWaitedOverARestartIsFollowed) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id));
  talk();
  EXPECT_EQ(case_code(commission_, id), Code::none);
  NodeOptions options;
  options.erase_on_request = true;
  start_again(commission_, options);
  EXPECT_EQ(case_code(commission_, id), Code::erased);
}

TEST_F(NodeErasure, ADuplicateStillGetsItsFirstReceipt) {
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  const CaseId id = case_of(id_of(1));
  carry_all(ngo_, commission_);
  commission_.out.clear();  // the receipt is lost
  ASSERT_TRUE(erase(commission_, id, false));
  const std::uint64_t size = commission_.node->ledger().size();
  for (int time = 0; time < 3; ++time) {
    sleep(minutes(20));  // the message is sent again, and first from a base that is not known there
    talk();
  }
  EXPECT_EQ(level(id_of(1)), Level::opened);
  EXPECT_EQ(commission_.node->ledger().size(), size);
  EXPECT_EQ(rows(commission_, Table::case_event), 0u);
}

TEST_F(NodeErasure, ALateMessageIsRefusedAndMakesNoGhost) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(commission_, id, false));
  ASSERT_TRUE(submit(ngo_, a_note(2, "late")));
  talk();
  const Delivery refused = delivery(ngo_, id_of(2), commission_.id);
  EXPECT_EQ(refused.level, Level::refused);
  EXPECT_EQ(refused.code, Code::erased);
  EXPECT_EQ(rows(commission_, Table::case_event), 0u);
  EXPECT_EQ(rows(commission_, Table::body), 0u);
  EXPECT_EQ(case_code(commission_, id), Code::erased);
}

TEST_F(NodeErasure, AlsoAfterARestartALateMessageMakesNoGhost) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(commission_, id, false));
  start_again(commission_);
  ASSERT_TRUE(submit(ngo_, a_note(2, "late")));
  talk();
  EXPECT_EQ(delivery(ngo_, id_of(2), commission_.id).code, Code::erased);
  EXPECT_EQ(rows(commission_, Table::case_event), 0u);
}

TEST_F(NodeErasure, NothingCanBeSubmittedToAnErasedCase) {
  const CaseId id = open_case();
  ASSERT_TRUE(erase(ngo_, id, false));
  EXPECT_EQ(refusal(ngo_, a_note(2, "more")), Code::erased);
  EXPECT_EQ(refusal(ngo_, a_referral(1)), Code::erased);  // the same submission again
}

TEST_F(NodeErasure, PeopleCannotSendWhatNodesSayOfErasures) {
  const CaseId id = open_case();
  for (const EventKind kind : {EventKind::erasure_request, EventKind::erasure_done}) {
    Submission submission = a_note(2, "x");
    submission.case_id = id;
    submission.kind = kind;
    EXPECT_EQ(refusal(ngo_, submission), Code::invalid_argument);
  }
}

TEST_F(NodeErasure, WhatWasUnderWayIsReturnedToItsAuthorAndNeverDelivered) {
  const CaseId id = open_case();
  disconnect(ngo_, commission_);
  ASSERT_TRUE(submit(ngo_, a_note(2, "not to be said any more")));
  ASSERT_TRUE(erase(ngo_, id, false));
  const auto returned = entries(ngo_, EntryKind::returned);
  ASSERT_EQ(returned.size(), 1u);
  EXPECT_EQ(returned[0].entry.code, Code::erased);
  EXPECT_EQ(returned[0].reference.message, id_of(2));
  EXPECT_EQ(returned[0].reference.peer, commission_.id);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0u);
  start_again(ngo_);
  EXPECT_EQ(ngo_.node->view().outbox_depth, 0u);
  EXPECT_EQ(message_code(commission_, id_of(2)), Code::not_found);
}

TEST_F(NodeErasure, ACaseCanBeErasedInTheTurnThatOpenedIt) {
  disconnect(ngo_, commission_);
  Result<Erasing> erased;
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->submit(a_referral(1), program(), turn));
    ASSERT_TRUE(ngo_.node->submit(a_referral(2), program(), turn));
    erased = ngo_.node->erase_case(case_of(id_of(1)), ErasureReason::entered_in_error, true, turn);
  });
  ASSERT_TRUE(erased);
  start_again(ngo_);
  EXPECT_EQ(level(id_of(2)), Level::opened);
  EXPECT_EQ(message_code(commission_, id_of(1)), Code::not_found);
  // Nothing of it had left, but that could not be known: the commission has the request on record.
  EXPECT_EQ(erasure(commission_, case_of(id_of(1)))->asking.size(), 1u);
}

// The request overtakes the referral, which is opened when it comes: it is asked for already.
TEST_F(NodeErasure, ARequestThatOvertakesTheCaseIsFollowedWhenItComes) {
  NodeOptions options;
  options.erase_on_request = true;
  start_again(commission_, options);
  ASSERT_TRUE(submit(ngo_, a_referral(1)));
  const std::vector<SendFrame> referral = std::exchange(ngo_.out, {});
  const CaseId id = case_of(id_of(1));
  ASSERT_TRUE(erase(ngo_, id));
  const std::vector<SendFrame> request = std::exchange(ngo_.out, {});
  for (const SendFrame& frame : request) {
    (void)carry(ngo_, commission_, frame);
  }
  for (const SendFrame& frame : referral) {
    (void)carry(ngo_, commission_, frame);
  }
  talk();
  sleep(minutes(20));
  talk();
  EXPECT_EQ(case_code(commission_, id), Code::erased);
  EXPECT_FALSE(erasure(ngo_, id)->asked.at(0).certificate.empty());
}

TEST_F(NodeErasure, EvidenceOfTwoWordsGoesWithTheCase) {
  const CaseId id = open_case();
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(turn.store.put(Table::conflict, MessageRecord::key(ngo_.id, id_of(1)), Bytes{1}));
    ASSERT_TRUE(turn.store.put(
        Table::access,
        [&] {
          Bytes key(id.bytes.begin(), id.bytes.end());
          append(key, key_u64(7));
          return key;
        }(),
        Bytes{1}));
  });
  ASSERT_TRUE(erase(ngo_, id, false));
  EXPECT_EQ(rows(ngo_, Table::conflict), 0u);
  EXPECT_EQ(rows(ngo_, Table::access), 0u);
}

// Who has read a case and why somebody broke the glass tells of the person, too.
TEST_F(NodeErasure, WhoReadACaseAndWhyIsSealedForItAndGoesWithIt) {
  const CaseId id = open_case();
  Actor worker;
  worker.user.bytes[0] = 7;
  worker.role = Role::case_worker;
  in_turn(ngo_, [&](Turn& turn) {
    ASSERT_TRUE(ngo_.node->enter_reading(id, program(), turn));
    ASSERT_TRUE(ngo_.node->ask(TaskKind::break_glass, id, "she called at night", worker, turn));
    for (const Table table : {Table::access, Table::task}) {
      ASSERT_TRUE(turn.store.scan(table, Bytes(1, 0), {}, Transaction::Order::ascending,
                                  [&](ByteView, ByteView value) {
                                    EXPECT_TRUE(CaseKeys::is_sealed(value));
                                    return true;
                                  }));
    }
  });
  EXPECT_GE(rows(ngo_, Table::access), 2u);
  EXPECT_EQ(rows(ngo_, Table::task), 1u);
  in_turn(ngo_, [&](Turn& turn) {
    Actor auditor;
    auditor.role = Role::auditor;
    EXPECT_GE(ngo_.node->accesses(id, auditor, turn)->size(), 2u);
  });
  ASSERT_TRUE(erase(ngo_, id, false));
  EXPECT_EQ(rows(ngo_, Table::access), 0u);
  EXPECT_EQ(rows(ngo_, Table::task), 0u);
}

TEST_F(NodeErasure, RetentionErasesWhatIsOldAndAsksNobody) {
  const CaseId old = open_case(1);
  sleep(days(20));
  const CaseId newer = open_case(2);
  NodeOptions options;
  options.retention = days(30);
  start_again(ngo_, options);
  EXPECT_EQ(case_code(ngo_, old), Code::none);
  for (int day = 0; day < 12; ++day) {
    sleep(hours(23));
    sleep(hours(1));
  }
  sleep(minutes(1));
  EXPECT_EQ(case_code(ngo_, old), Code::erased);
  EXPECT_EQ(case_code(ngo_, newer), Code::none);
  EXPECT_EQ(parse_erasure(erasure(ngo_, old)->certificate)->reason, ErasureReason::retention);
  EXPECT_TRUE(erasure(ngo_, old)->asked.empty());
}

TEST_F(NodeErasure, ANewEventKeepsACaseFromRetention) {
  const CaseId id = open_case(1);
  sleep(days(20));
  ASSERT_TRUE(submit(ngo_, a_note(2, "still at it")));
  talk();
  NodeOptions options;
  options.retention = days(30);
  start_again(ngo_, options);
  for (int day = 0; day < 12; ++day) {
    sleep(hours(23));
    sleep(hours(1));
  }
  EXPECT_EQ(case_code(ngo_, id), Code::none);
}

TEST_F(NodeErasure, AClockInDoubtErasesNothing) {
  const CaseId id = open_case(1);
  NodeOptions options;
  options.retention = days(30);
  start_again(ngo_, options);
  ngo_.clock = now() + days(400);
  for (int hour = 0; hour < 4; ++hour) {
    elapsed_.ms += hours(1).ms;
    tick(ngo_);
  }
  EXPECT_TRUE(ngo_.node->view().clock_suspect);
  EXPECT_EQ(case_code(ngo_, id), Code::none);
  in_turn(ngo_, [&](Turn& turn) { ASSERT_TRUE(ngo_.node->confirm_clock(turn)); });
  elapsed_.ms += hours(2).ms;
  ngo_.clock = now() + days(400);
  tick(ngo_);
  EXPECT_EQ(case_code(ngo_, id), Code::erased);
}

TEST_F(NodeErasure, ANodeThatErasesNothingByItselfIsNotBusy) {
  open_case(1);
  NodeOptions options;
  options.retention = days(30);
  options.erase_on_request = true;
  start_again(ngo_, options);
  tick(ngo_);
  tick(ngo_);
  EXPECT_GT(ngo_.node->next_wakeup(elapsed_).ms, elapsed_.ms + 1'000);
}

// ---- a store of before ------------------------------------------------------------------------

class NodeUpgrade : public NodeErasure {
 protected:
  // As a program of before wrote it: no keys, no places, bodies and cases as they are.
  void make_old(Site& site) {
    site.node.reset();
    in_turn(site, [&](Turn& turn) {
      const CaseKeys keys = CaseKeys::load(turn).value();
      for (const Table table : {Table::case_event, Table::body, Table::conflict}) {
        std::vector<std::pair<Bytes, Bytes>> rows;
        ASSERT_TRUE(turn.store.scan(table, Bytes(8, 0), {}, Transaction::Order::ascending,
                                    [&](ByteView key, ByteView value) {
                                      rows.emplace_back(Bytes(key.begin(), key.end()),
                                                        Bytes(value.begin(), value.end()));
                                      return true;
                                    }));
        for (const auto& [key, value] : rows) {
          if (CaseKeys::is_sealed(value)) {
            ASSERT_TRUE(turn.store.put(table, key, keys.open(table, key, value, turn)->content));
          }
        }
      }
      std::vector<std::pair<Table, Bytes>> gone{{Table::meta, row::layout},
                                                {Table::reader_secret, Bytes{'g'}}};
      for (const auto& [key, value] : site.disk.rows()) {
        if (key.first == Table::case_key ||
            (key.first == Table::reader_secret && key.second.front() == 'g')) {
          gone.emplace_back(key.first, key.second);
        }
      }
      for (const auto& [table, key] : gone) {
        ASSERT_TRUE(turn.store.erase(table, key));
      }
    });
  }
  // True if every row that tells of a person lies under the key of its case.
  bool all_sealed(Site& site) {
    bool sealed = true;
    in_turn(site, [&](Turn& turn) {
      for (const Table table : {Table::case_event, Table::body, Table::conflict}) {
        ASSERT_TRUE(turn.store.scan(table, Bytes(8, 0), {}, Transaction::Order::ascending,
                                    [&](ByteView, ByteView value) {
                                      sealed = sealed && CaseKeys::is_sealed(value);
                                      return true;
                                    }));
      }
    });
    return sealed;
  }
  // Until it dies (false), or until nothing is left to do.
  bool opens_and_ticks() {
    ngo_.node.reset();
    for (int turns = 0; turns < 5; ++turns) {
      auto transaction = ngo_.store.begin().value();
      Effects effects;
      Turn turn{now(), elapsed_, *transaction, ngo_.entropy, effects};
      Status went;
      if (!ngo_.node) {
        auto opened = Node::open({}, turn);
        went = opened ? Status{} : tl::unexpected(opened.error());
        if (opened) {
          ngo_.node.emplace(std::move(*opened));
        }
      } else {
        went = ngo_.node->tick(turn);
      }
      went = went ? ngo_.node->finish(turn) : went;
      went = went ? transaction->commit() : went;
      if (!went) {
        ngo_.node.reset();
        return false;
      }
    }
    return true;
  }
  void fill(std::uint64_t cases = 40, std::uint64_t notes = 40) {
    for (std::uint64_t number = 1; number <= cases; ++number) {
      ASSERT_TRUE(submit(ngo_, a_referral(number)));
    }
    for (std::uint64_t number = 100; number < 100 + notes; ++number) {
      ASSERT_TRUE(submit(ngo_, a_note(number, "a note of before")));
    }
    talk();
  }
};

TEST_F(NodeUpgrade, GivesEveryOldCaseAKeyAndSaysSoOnce) {
  fill();
  disconnect(ngo_, commission_);
  make_old(ngo_);
  ASSERT_FALSE(all_sealed(ngo_));
  open_with(ngo_, {});
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk();
  EXPECT_TRUE(all_sealed(ngo_));
  EXPECT_EQ(rows(ngo_, Table::case_key), 40u);
  EXPECT_EQ(entries(ngo_, EntryKind::upgraded).size(), 1u);
  start_again(ngo_);
  EXPECT_EQ(entries(ngo_, EntryKind::upgraded).size(), 1u);
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_EQ(ngo_.node->case_view(case_of(id_of(1)), program(), turn)->events.size(), 41u);
    EXPECT_TRUE(ngo_.node->body(ngo_.id, id_of(120), program(), turn));
  });
  EXPECT_TRUE(erase(ngo_, case_of(id_of(1))));
}

TEST_F(NodeUpgrade, OldCasesAreReadAndGoOnWhileItLasts) {
  fill();
  disconnect(ngo_, commission_);
  make_old(ngo_);
  open_with(ngo_, {});
  in_turn(ngo_, [&](Turn& turn) {
    EXPECT_EQ(ngo_.node->case_view(case_of(id_of(1)), program(), turn)->events.size(), 41u);
    EXPECT_TRUE(ngo_.node->body(ngo_.id, id_of(120), program(), turn));
    EXPECT_EQ(code_of(ngo_.node->erase_case(case_of(id_of(1)), ErasureReason::other, true, turn)),
              Code::not_ready);
    EXPECT_TRUE(ngo_.node->submit(a_note(200, "in the middle of it"), program(), turn));
  });
  sleep(tuning::start_wait_max);
  connect(ngo_, commission_);
  talk();
  EXPECT_TRUE(all_sealed(ngo_));
  EXPECT_EQ(level(id_of(200)), Level::opened);
}

// The process dies at one boundary of the store, whichever it is, and starts again.
TEST_F(NodeUpgrade, SurvivesACrashAtEveryBoundaryOfTheStore) {
  fill(5, 70);  // more than one turn of it
  disconnect(ngo_, commission_);
  make_old(ngo_);
  const MemoryStore::Rows before = ngo_.disk.rows();
  bool finished = false;
  std::uint64_t boundary = 1;
  for (; !finished; ++boundary) {
    ASSERT_LT(boundary, 5'000u);
    ngo_.node.reset();
    ngo_.disk.crash();
    ngo_.disk.restore(before);
    ngo_.disk.fail_at(boundary, died);
    finished = opens_and_ticks();
    ngo_.disk.fail_at(UINT64_MAX / 2, died);
    ngo_.disk.crash();
    ASSERT_TRUE(opens_and_ticks());
    ASSERT_TRUE(all_sealed(ngo_)) << boundary;
    ASSERT_EQ(rows(ngo_, Table::case_key), 5u) << boundary;
    ASSERT_EQ(entries(ngo_, EntryKind::upgraded).size(), 1u) << boundary;
    in_turn(ngo_, [&](Turn& turn) {
      ASSERT_EQ(ngo_.node->case_view(case_of(id_of(1)), program(), turn)->events.size(), 71u);
      ASSERT_TRUE(ngo_.node->body(ngo_.id, id_of(100), program(), turn)) << boundary;
      ASSERT_TRUE(ngo_.node->body(ngo_.id, id_of(169), program(), turn)) << boundary;
    });
  }
  EXPECT_GT(boundary, 300u);
}

// ---- a kill at every boundary of an erasure ---------------------------------------------------

TEST_F(NodeErasure, AKillAtAnyBoundaryLeavesTheCaseWholeOrErased) {
  const CaseId id = open_case(1);
  const CaseId other = open_case(2);
  ASSERT_TRUE(submit(ngo_, a_note(3, "one more")));
  talk();
  const MemoryStore::Rows before = ngo_.disk.rows();
  disconnect(ngo_, commission_);
  bool finished = false;
  for (std::uint64_t boundary = 1; !finished; ++boundary) {
    ASSERT_LT(boundary, 1'000u);
    ngo_.node.reset();
    ngo_.disk.restore(before);
    ngo_.node.reset();
    in_turn(ngo_, [&](Turn& turn) { ngo_.node.emplace(Node::open({}, turn).value()); });
    elapsed_.ms += tuning::start_wait_max.ms;
    tick(ngo_);
    {
      auto transaction = ngo_.store.begin().value();
      Effects effects;
      Turn turn{now(), elapsed_, *transaction, ngo_.entropy, effects};
      ngo_.disk.fail_at(boundary, died);
      const auto erased = ngo_.node->erase_case(id, ErasureReason::withdrawal, true, turn);
      finished = erased && ngo_.node->finish(turn) && transaction->commit();
    }
    ngo_.disk.fail_at(UINT64_MAX / 2, died);
    ngo_.node.reset();
    ngo_.disk.crash();
    in_turn(ngo_, [&](Turn& turn) { ngo_.node.emplace(Node::open({}, turn).value()); });
    EXPECT_EQ(case_code(ngo_, id), finished ? Code::erased : Code::none) << boundary;
    in_turn(ngo_, [&](Turn& turn) {
      EXPECT_EQ(ngo_.node->body(ngo_.id, id_of(3), program(), turn).has_value(), !finished)
          << boundary;
      EXPECT_TRUE(ngo_.node->body(ngo_.id, id_of(2), program(), turn)) << boundary;
    });
    EXPECT_EQ(case_code(ngo_, other), Code::none);
  }
}

}  // namespace
}  // namespace hamroh
