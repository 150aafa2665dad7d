// Every role against every verb of the local API, cell by cell, on a running daemon: what the table
// gives is not refused for the role, and everything else is, before anything else is looked at.

#include <gtest/gtest.h>

#include <utility>

#include "protocol/api_rights.h"
#include "tests/bench/network.h"
#include "tests/bench/raw_client.h"

namespace hamroh {
namespace {

using api::Ask;
using bench::code_of;

constexpr const char* refusal = "your role does not allow that";

Bytes bytes(std::string_view text) {
  return {view(text).begin(), view(text).end()};
}

UserCertificate sample_certificate() {
  UserCertificate made;
  made.role = Role::commissioner;
  return made;
}

// What is asked of each verb: harmless where it is allowed. A verb without a line here does not
// compile.
template <class Verb>
std::vector<Ask> samples_of() = delete;
#define HAMROH_SAMPLES(verb, ...)            \
  template <>                                \
  std::vector<Ask> samples_of<api::verb>() { \
    return std::vector<Ask> __VA_ARGS__;     \
  }
HAMROH_SAMPLES(Submit, {api::Submit{{}, {}, EventKind::referral_send, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::referral_accept, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::referral_decline, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::status_apply, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::status_assign, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::ministry_confirm, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::appeal_outcome, {}, {}, {}},
                        api::Submit{{}, {}, EventKind::case_note, {}, {}, {}}})
HAMROH_SAMPLES(GetStatusFile, {api::GetStatusFile{}})
HAMROH_SAMPLES(GetPack, {api::GetPack{}})
HAMROH_SAMPLES(GetStatus, {api::GetStatus{}})
HAMROH_SAMPLES(GetMessage, {api::GetMessage{}})
HAMROH_SAMPLES(ListCases, {api::ListCases{}})
HAMROH_SAMPLES(GetCase, {api::GetCase{}})
HAMROH_SAMPLES(GetBody, {api::GetBody{}})
HAMROH_SAMPLES(NextEvents, {api::NextEvents{api::cursor_now, 1, 0}})
HAMROH_SAMPLES(GetReceipt, {api::GetReceipt{}})
HAMROH_SAMPLES(GetLedger, {api::GetLedger{}})
HAMROH_SAMPLES(GetLedgerHead, {api::GetLedgerHead{}})
HAMROH_SAMPLES(GetMembers, {api::GetMembers{}})
HAMROH_SAMPLES(Unlock, {api::Unlock{}})
HAMROH_SAMPLES(Lock, {api::Lock{}})
HAMROH_SAMPLES(Install, {api::Install{bytes("no directory")}})
HAMROH_SAMPLES(ConfirmClock, {api::ConfirmClock{}})
HAMROH_SAMPLES(Rotate, {api::Rotate{}})
HAMROH_SAMPLES(GetAlarms, {api::GetAlarms{}})
HAMROH_SAMPLES(TakeCase, {api::TakeCase{}})
HAMROH_SAMPLES(AssignCase, {api::AssignCase{}})
HAMROH_SAMPLES(AskSecond, {api::AskSecond{TaskKind::break_glass, {}, "a reason"},
                           api::AskSecond{TaskKind::see_sealed_tier, {}, "a reason"},
                           api::AskSecond{TaskKind::export_case, {}, "a reason"}})
HAMROH_SAMPLES(DecideTask, {api::DecideTask{}})
HAMROH_SAMPLES(ListTasks, {api::ListTasks{}})
HAMROH_SAMPLES(GetAccesses, {api::GetAccesses{}})
HAMROH_SAMPLES(ExportCase, {api::ExportCase{}})
HAMROH_SAMPLES(FindMessages, {api::FindMessages{"0123"}})
// Refused where no shares were made: nothing is destroyed.
HAMROH_SAMPLES(Panic, {api::Panic{}})
HAMROH_SAMPLES(MakeRecovery, {api::MakeRecovery{}})
// As it opens already; with another file.
HAMROH_SAMPLES(ChangeVault, {api::ChangeVault{api::VaultOpening::key_file}})
// Refused for the same reason; the other two know no such backup.
HAMROH_SAMPLES(BackupBegin, {api::BackupBegin{}})
HAMROH_SAMPLES(BackupRenew, {api::BackupRenew{}})
HAMROH_SAMPLES(BackupEnd, {api::BackupEnd{}})
HAMROH_SAMPLES(EraseCase, {api::EraseCase{{}, ErasureReason::other, false}})
HAMROH_SAMPLES(ListErasures, {api::ListErasures{}})
HAMROH_SAMPLES(GetErasure, {api::GetErasure{}})
HAMROH_SAMPLES(Login, {api::Login{"nobody", bytes("a passphrase"), "", {}}})
HAMROH_SAMPLES(GetChallenge, {api::GetChallenge{}})
HAMROH_SAMPLES(LoginWithKey, {api::LoginWithKey{}})
HAMROH_SAMPLES(Logout, {})  // ends the session: last, and by itself
HAMROH_SAMPLES(WhoAmI, {api::WhoAmI{}})
HAMROH_SAMPLES(AddUser, {api::AddUser{{}, "\x1b", Role::auditor, {}, {}, {}, SigningPublicKey{}}})
HAMROH_SAMPLES(ChangeUser, {api::ChangeUser{}})
HAMROH_SAMPLES(ListUsers, {api::ListUsers{}})
HAMROH_SAMPLES(SetPassphrase, {api::SetPassphrase{{}, {}, bytes("short")},
                               api::SetPassphrase{UserId{}, {}, bytes("short")}})
HAMROH_SAMPLES(SetFactor, {api::SetFactor{api::FactorStep::confirm, {}, "123456"}})
HAMROH_SAMPLES(MakeSigningKey, {api::MakeSigningKey{bytes("a wrong passphrase")}})
HAMROH_SAMPLES(GetUserKeys, {api::GetUserKeys{}})
HAMROH_SAMPLES(SignVote, {api::SignVote{{}, bytes("a wrong passphrase")}})
HAMROH_SAMPLES(PublishServices, {api::PublishServices{bytes("no statement")}})
HAMROH_SAMPLES(ListServices, {api::ListServices{}})
HAMROH_SAMPLES(ProposeDecision, {api::ProposeDecision{{}, EventKind::status_assign, {}}})
HAMROH_SAMPLES(CastVote, {api::CastVote{{}, sample_certificate(), {}}})
HAMROH_SAMPLES(AttachFile, {api::AttachFile{{}, {}, {}, 1, {}, MediaType::other, "a"}})
HAMROH_SAMPLES(AttachPart, {api::AttachPart{{}, {}, 0, bytes("a")}})
HAMROH_SAMPLES(AttachDone, {api::AttachDone{}})
HAMROH_SAMPLES(ListAttachments, {api::ListAttachments{}})
HAMROH_SAMPLES(GetAttachment, {api::GetAttachment{}})
HAMROH_SAMPLES(ListDue, {api::ListDue{}})
HAMROH_SAMPLES(ListEscalations, {api::ListEscalations{}})
HAMROH_SAMPLES(CountFund, {api::CountFund{}})
#undef HAMROH_SAMPLES

template <std::size_t... Places>
std::vector<Ask> all_samples(std::index_sequence<Places...>) {
  std::vector<Ask> all;
  const auto add = [&all](std::vector<Ask> more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  };
  (add(samples_of<std::variant_alternative_t<Places, Ask::variant>>()), ...);
  return all;
}

struct Person {
  std::string name;
  Role role{};
  Actor actor;  // as the table knows her
  SessionToken token;
};

class Rights : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(crypto::start());
    auto network = bench::Network::found(testing::TempDir(), bench::own_directory(),
                                         {{"member", "commission"}});
    ASSERT_TRUE(network) << network.error();
    network_ = new bench::Network(std::move(*network));
    const auto started = network_->start(0);
    ASSERT_TRUE(started) << started.error();
    ASSERT_TRUE(network_->connect(0));  // makes a program with all grants
  }
  static void TearDownTestSuite() {
    delete network_;
    network_ = nullptr;
  }

  Client as_operator() {
    auto client = Client::connect(network_->home(0));
    CHECK(client);
    client->set_deadline(minutes(2));
    CHECK(client->login_with_key(file_of(network_->home(0) + "/operator.key")));
    CHECK(client->unlock({}));  // another test may have locked it
    return std::move(*client);
  }
  static Bytes file_of(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    CHECK(file != nullptr);
    Bytes read(UserKeyFile::encoded_size);
    CHECK(std::fread(read.data(), 1, read.size(), file) == read.size());
    std::fclose(file);
    return read;
  }

  // Added by the operator and logged in with a passphrase of her own.
  Person make_person(Client& by, const std::string& name, Role role) {
    api::AddUser user;
    crypto::system_random(user.user.bytes);
    user.name = name;
    user.role = role;
    if (rights_of(role).has(Operation::see_cases)) {
      user.teams = {"intake"};
    }
    user.passphrase = bytes("the first passphrase");
    const Status added = by.add_user(user);
    EXPECT_TRUE(added) << by.words_for(added.error());
    auto client = Client::connect(network_->home(0));
    CHECK(client);
    client->set_deadline(minutes(2));
    const auto logged = client->login(name, view("the first passphrase"), {}, view(own));
    EXPECT_TRUE(logged) << client->words_for(logged.error());
    Person made{name, role, {}, logged ? logged->token : SessionToken{}};
    made.actor.user = user.user;
    made.actor.role = role;
    made.actor.teams = user.teams;
    return made;
  }

  static constexpr std::string_view own = "a passphrase of her own";
  static bench::Network* network_;
};
bench::Network* Rights::network_ = nullptr;

// One cell: the answer is the role's refusal if and only if the table does not give it.
void expect_cell(bench::RawClient& client, const Person& person, const Ask& ask) {
  const bool allowed = api::suffices(api::needed_for({0, ask}), person.actor);
  const auto reply = client.ask(ask, person.token);
  ASSERT_TRUE(reply) << person.name << ", verb " << ask.index() << ": no answer";
  const auto* failure = std::get_if<api::Failure>(&reply->answer);
  const bool refused = failure != nullptr && failure->text == refusal;
  EXPECT_EQ(refused, !allowed) << person.name << ", verb " << ask.index();
  if (!std::holds_alternative<api::LoginWithKey>(ask)) {
    EXPECT_NE(code_of(reply), Code::not_authenticated) << person.name << ", verb " << ask.index();
  }
}

TEST_F(Rights, EveryRoleMayAskWhatTheTableGivesItAndNothingElse) {
  const std::vector<Ask> samples =
      all_samples(std::make_index_sequence<std::variant_size_v<Ask::variant>>());
  Client by = as_operator();
  std::vector<Person> people;
  for (const Role role :
       {Role::case_worker, Role::supervisor, Role::commissioner, Role::auditor, Role::operator_}) {
    people.push_back(make_person(by, std::string("the ") + role_name(role), role));
  }
  // Programs: one that may do everything a program can, and one that was granted nothing.
  auto program = network_->connect(0);
  ASSERT_TRUE(program);
  people.push_back({"the program", Role::integration, {}, *program->session()});
  people.back().actor.role = Role::integration;
  people.back().actor.grants = rights_of(Role::integration);

  bench::RawClient client(network_->home(0));
  for (const Ask& ask : samples) {
    // Nobody, and somebody with a token that is none.
    for (const auto& token : {std::optional<SessionToken>{}, std::optional(SessionToken{})}) {
      const auto reply = client.ask(ask, token);
      const bool open = !api::needed_for({0, ask}).session;
      const auto* failure = reply ? std::get_if<api::Failure>(&reply->answer) : nullptr;
      const bool turned_away = failure != nullptr && failure->code == Code::not_authenticated &&
                               !std::holds_alternative<api::LoginWithKey>(ask);
      EXPECT_EQ(turned_away, !open) << "nobody, verb " << ask.index();
    }
    for (const Person& person : people) {
      expect_cell(client, person, ask);
    }
  }
  for (const Person& person : people) {
    EXPECT_EQ(code_of(client.ask(api::Logout{}, person.token)), Code::none) << person.name;
    EXPECT_EQ(code_of(client.ask(api::WhoAmI{}, person.token)), Code::not_authenticated);
  }
}

TEST_F(Rights, AProgramThatWasGrantedNothingMayAskNothing) {
  Client by = as_operator();
  const auto status = by.status();
  ASSERT_TRUE(status);
  UserKeyFile key{{status->node.network, status->node.member}, {}, {}};
  crypto::system_random(key.user.bytes);
  key.seed = Seed::make([](auto raw) { crypto::system_random(raw); });
  api::AddUser user{key.user, "granted nothing", Role::integration, {}, {}, {}, {}};
  user.key = crypto::SigningKey::from_seed(key.seed).public_key();
  ASSERT_TRUE(by.add_user(user));
  auto program = Client::connect(network_->home(0));
  ASSERT_TRUE(program && program->login_with_key(key.encode()));
  bench::RawClient client(network_->home(0));
  Person nothing{"granted nothing", Role::integration, {}, *program->session()};
  nothing.actor.role = Role::integration;
  for (const Ask& ask :
       all_samples(std::make_index_sequence<std::variant_size_v<Ask::variant>>())) {
    expect_cell(client, nothing, ask);
  }
  const auto bare = client.ask(api::GetStatus{}, nothing.token);
  ASSERT_TRUE(bare && std::holds_alternative<api::NodeStatus>(bare->answer));
  EXPECT_EQ(std::get<api::NodeStatus>(bare->answer).node.ledger_size, 0U);
}

TEST_F(Rights, AChangeOfTheRoleEndsOpenSessionsAtOnce) {
  Client by = as_operator();
  const Person person = make_person(by, "moves on", Role::case_worker);
  bench::RawClient client(network_->home(0));
  EXPECT_EQ(code_of(client.ask(api::WhoAmI{}, person.token)), Code::none);
  // One that waits for events is told as well.
  const auto cursor = client.ask(api::NextEvents{api::cursor_now, 1, 0}, person.token);
  ASSERT_TRUE(cursor);
  const std::uint64_t now = std::get<api::Events>(cursor->answer).next_cursor;
  bench::RawClient waiting(network_->home(0));
  waiting.send(api::encode(api::Request{7, api::NextEvents{now + 1'000, 1, 60'000}, person.token}));
  ASSERT_TRUE(by.change_user({person.actor.user, Role::auditor, {}, {}, {}}));
  EXPECT_EQ(code_of(client.ask(api::WhoAmI{}, person.token)), Code::not_authenticated);
  EXPECT_EQ(code_of(waiting.receive(std::chrono::seconds(10))), Code::not_authenticated);

  auto again = Client::connect(network_->home(0));
  ASSERT_TRUE(again);
  again->set_deadline(minutes(2));
  ASSERT_TRUE(again->login("moves on", view(own)));
  EXPECT_EQ(again->who_am_i()->role, Role::auditor);
  ASSERT_TRUE(by.change_user({person.actor.user, {}, {}, {}, false}));
  EXPECT_EQ(again->who_am_i().error().code, Code::not_authenticated);
  EXPECT_EQ(again->login("moves on", view(own)).error().code, Code::not_permitted);
}

TEST_F(Rights, TwoUnlockAtOnceAndBothAreDone) {
  Client by = as_operator();
  const Person one = make_person(by, "first of two", Role::case_worker);
  const Person two = make_person(by, "second of two", Role::supervisor);
  ASSERT_TRUE(by.lock());
  bench::RawClient first(network_->home(0));
  bench::RawClient second(network_->home(0));
  first.send(api::encode(api::Request{1, api::Login{one.name, bytes(own), "", {}}, {}}));
  second.send(api::encode(api::Request{1, api::Login{two.name, bytes(own), "", {}}, {}}));
  const auto there = first.receive(std::chrono::seconds(60));
  const auto here = second.receive(std::chrono::seconds(60));
  ASSERT_TRUE(there && here);
  const auto* unlocked = std::get_if<api::LoggedIn>(&there->answer);
  const auto* came_after = std::get_if<api::LoggedIn>(&here->answer);
  ASSERT_TRUE(unlocked != nullptr && came_after != nullptr);
  EXPECT_TRUE(unlocked->unlocked != came_after->unlocked) << "one of them opened it";
  EXPECT_FALSE(by.status()->node.locked);
}

TEST_F(Rights, ASigningKeyIsItsOwnersAlone) {
  Client by = as_operator();
  const Person person = make_person(by, "decides", Role::commissioner);
  auto client = Client::connect(network_->home(0));
  ASSERT_TRUE(client);
  client->set_deadline(minutes(2));
  client->use_session(person.token);
  const auto made = client->make_signing_key(view(own));
  ASSERT_TRUE(made) << client->words_for(made.error());
  EXPECT_TRUE(made->verify());
  const Digest digest = crypto::sha256({view("a question")});
  const auto vote = client->sign_vote(digest, view(own));
  ASSERT_TRUE(vote);
  EXPECT_TRUE(verify_vote(vote->certificate, digest, vote->signature));
  EXPECT_EQ(vote->certificate, *made);
  EXPECT_EQ(client->sign_vote(digest, view("not hers at all")).error().code, Code::bad_passphrase);
  // An operator who resets her passphrase does not get the key with it.
  ASSERT_TRUE(by.set_passphrase({person.actor.user, {}, bytes("the operator's choice")}));
  auto posing = Client::connect(network_->home(0));
  ASSERT_TRUE(posing);
  posing->set_deadline(minutes(2));
  ASSERT_TRUE(posing->login("decides", view("the operator's choice"), {}, view("taken over now")));
  EXPECT_EQ(posing->sign_vote(digest, view("taken over now")).error().code, Code::not_found);
}

}  // namespace
}  // namespace hamroh
