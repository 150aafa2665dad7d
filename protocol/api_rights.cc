#include "protocol/api_rights.h"

namespace hamroh::api {
namespace {

constexpr Needed nothing{false, {}, {}};
constexpr Needed a_session{true, {}, {}};
const Needed to_attach{true, operation_for(EventKind::attachment_add), {}};

struct Need {
  // For everybody.
  Needed operator()(const Login&) const { return nothing; }
  Needed operator()(const GetChallenge&) const { return nothing; }
  Needed operator()(const LoginWithKey&) const { return nothing; }
  Needed operator()(const GetStatus&) const { return nothing; }
  // For everybody who is logged in.
  Needed operator()(const Logout&) const { return a_session; }
  Needed operator()(const WhoAmI&) const { return a_session; }

  Needed operator()(const Submit& ask) const { return {true, operation_for(ask.kind), {}}; }
  Needed operator()(const GetMessage&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const ListCases&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const GetCase&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const GetBody&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const GetReceipt&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const NextEvents&) const { return {true, Operation::see_events, {}}; }
  Needed operator()(const GetLedger&) const { return {true, Operation::see_ledger, {}}; }
  Needed operator()(const GetLedgerHead&) const { return {true, Operation::see_ledger, {}}; }
  Needed operator()(const GetMembers&) const { return {true, Operation::see_members, {}}; }
  Needed operator()(const Unlock&) const { return {true, Operation::lock, {}}; }
  Needed operator()(const Lock&) const { return {true, Operation::lock, {}}; }
  Needed operator()(const Install&) const { return {true, Operation::manage_node, {}}; }
  Needed operator()(const ConfirmClock&) const { return {true, Operation::manage_node, {}}; }
  Needed operator()(const Rotate&) const { return {true, Operation::manage_node, {}}; }
  Needed operator()(const ChangeVault&) const { return {true, Operation::manage_node, {}}; }
  Needed operator()(const MakeRecovery&) const { return {true, Operation::back_up, {}}; }
  Needed operator()(const BackupBegin&) const { return {true, Operation::back_up, {}}; }
  Needed operator()(const BackupRenew&) const { return {true, Operation::back_up, {}}; }
  Needed operator()(const BackupEnd&) const { return {true, Operation::back_up, {}}; }
  Needed operator()(const Panic&) const { return {true, Operation::panic, {}}; }
  Needed operator()(const EraseCase&) const { return {true, Operation::erase_case, {}}; }
  Needed operator()(const ListErasures&) const { return {true, Operation::see_accesses, {}}; }
  Needed operator()(const GetErasure&) const { return {true, Operation::see_accesses, {}}; }
  Needed operator()(const GetAlarms&) const { return {true, Operation::manage_node, {}}; }
  Needed operator()(const TakeCase&) const { return {true, Operation::take_case, {}}; }
  Needed operator()(const AssignCase&) const { return {true, Operation::assign_case, {}}; }
  Needed operator()(const AskSecond& ask) const { return {true, operation_for(ask.kind), {}}; }
  Needed operator()(const DecideTask&) const { return {true, Operation::agree, Operation::review}; }
  Needed operator()(const ListTasks&) const {
    return {true, Operation::see_cases, Operation::review};
  }
  Needed operator()(const GetAccesses&) const { return {true, Operation::see_accesses, {}}; }
  Needed operator()(const FindMessages&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const ExportCase&) const { return {true, Operation::export_case, {}}; }
  Needed operator()(const PublishServices&) const {
    return {true, Operation::publish_services, {}};
  }
  Needed operator()(const ListServices&) const { return {true, Operation::see_members, {}}; }
  Needed operator()(const ListDue&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const ListEscalations&) const {
    return {true, Operation::see_cases, Operation::review};
  }
  Needed operator()(const ProposeDecision&) const { return {true, Operation::sign_vote, {}}; }
  // Who decides on a status; nobody else of the organisation.
  Needed operator()(const GetStatusFile&) const { return {true, Operation::decide_status, {}}; }
  Needed operator()(const CastVote&) const { return {true, Operation::sign_vote, {}}; }
  Needed operator()(const AddUser&) const { return {true, Operation::manage_users, {}}; }
  Needed operator()(const ChangeUser&) const { return {true, Operation::manage_users, {}}; }
  Needed operator()(const ListUsers&) const { return {true, Operation::see_users, {}}; }
  Needed operator()(const SetPassphrase& ask) const {
    return {true, ask.user ? Operation::manage_users : Operation::own_account, {}};
  }
  Needed operator()(const SetFactor&) const { return {true, Operation::own_account, {}}; }
  Needed operator()(const MakeSigningKey&) const { return {true, Operation::sign_vote, {}}; }
  Needed operator()(const GetUserKeys&) const { return {true, Operation::see_members, {}}; }
  Needed operator()(const SignVote&) const { return {true, Operation::sign_vote, {}}; }
  Needed operator()(const AttachFile&) const { return to_attach; }
  Needed operator()(const AttachPart&) const { return to_attach; }
  Needed operator()(const AttachDone&) const { return to_attach; }
  Needed operator()(const ListAttachments&) const { return {true, Operation::see_cases, {}}; }
  Needed operator()(const GetAttachment&) const { return {true, Operation::see_sealed_tier, {}}; }
  // Not that of seeing cases: totals tell of cases that a user need not see, to whoever answers for
  // what was done here. Who sees one case sees its money there.
  Needed operator()(const CountFund&) const { return {true, Operation::review, {}}; }
  Needed operator()(const GetPack&) const { return {true, Operation::see_members, {}}; }
};

}  // namespace

Needed needed_for(const Request& request) {
  return std::visit(Need{}, request.ask);
}

bool suffices(const Needed& needed, const Actor& actor) {
  return !needed.operation || actor.may(*needed.operation) ||
         (needed.or_else && actor.may(*needed.or_else));
}

Status check_rights(const Request& request, const Actor* actor) {
  const Needed needed = needed_for(request);
  if (!needed.session) {
    return {};
  }
  if (actor == nullptr) {
    return caller_error(Code::not_authenticated, request.session
                                                     ? "this session has ended: log in again"
                                                     : "not logged in: hamroh login NAME");
  }
  if (!suffices(needed, *actor)) {
    return caller_error(Code::not_permitted, "your role does not allow that");
  }
  return {};
}

}  // namespace hamroh::api
