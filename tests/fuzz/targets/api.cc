// The local API, both directions.

#include "protocol/api.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  using namespace api;
  const auto message = filled<MessageId>(1);
  std::vector<Bytes> all;
  UserCertificate voter;
  voter.role = Role::commissioner;
  const std::vector<Request> requests = {
      {1, Submit{message,
                 filled<CaseId>(2),
                 EventKind::case_note,
                 {filled<MemberId>(3)},
                 Bytes(200, 9),
                 hours(2)}},
      {2, ListCases{filled<CaseId>(2), 5, true}},
      {3, NextEvents{0, 1, 0}},
      {4, GetReceipt{message, filled<MemberId>(3)}},
      {5, GetLedger{7, 8}},
      {6, Unlock{Bytes(20, 'p')}},
      {7, Install{Bytes(300, 5)}},
      {9, Rotate{true, true, false, false, true, "tcp://node.example:1"}},
      {10, GetAlarms{}},
      {8, GetStatus{}},
      {11, PublishServices{Bytes(200, 4)}},
      {12, ListServices{filled<MemberId>(3), 5}},
      {13, ListDue{DuePlace{{7}, filled<CaseId>(2)}, 5}},
      {13, ProposeDecision{filled<CaseId>(2), EventKind::status_assign, Bytes(40, 3)}},
      {14, CastVote{filled<TaskId>(2), voter, filled<Signature>(3)}},
  };
  for (const Request& request : requests) {
    all.push_back(chosen(0, encode(request)));
  }
  const std::vector<Reply> replies = {
      {1, Accepted{message, filled<CaseId>(2), true}},
      {2, Failure{Code::not_found, "nothing"}},
      {3, Rotated{Bytes(90, 1), 2, true}},
      {4, Alarms{{{{AlarmKind::ledger,
                    filled<MemberId>(1),
                    3,
                    {4},
                    crypto::sha256({Bytes(30, 2)}),
                    crypto::sha256({Bytes(31, 3)})},
                   Bytes(30, 2),
                   Bytes(31, 3)}}}},
  };
  all.push_back(
      chosen(1, encode(Reply{5, Services{{{filled<MemberId>(3), {4}, Bytes(30, 5)}}, {}}})));
  all.push_back(chosen(1, encode(Reply{6, Counted{1, 3, Accepted{message, {}, false}}})));
  for (const Reply& reply : replies) {
    all.push_back(chosen(1, encode(reply)));
  }
  return all;
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 2);
  if (parser == 0) {
    return check_round_trip(rest, api::parse_request,
                            [](const api::Request& request) { return api::encode(request); });
  }
  check_round_trip(rest, api::parse_reply,
                   [](const api::Reply& reply) { return api::encode(reply); });
}

}  // namespace hamroh::fuzz
