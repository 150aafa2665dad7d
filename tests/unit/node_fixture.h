// Nodes without a network: the tests carry the frames, and lose the ones they like. An NGO and a
// commission that have met, a ministry that stays away until it is opened, and the administrators
// 1, 2 and 3 of directory_fixture, two of whom must agree.
#pragma once

#include <algorithm>
#include <functional>

#include "protocol/memory_store.h"
#include "protocol/node.h"
#include "protocol/sealed_store.h"
#include "protocol/wire_form.h"
#include "tests/sim/program.h"
#include "tests/unit/directory_fixture.h"
#include "tests/unit/store_fixture.h"

namespace hamroh::node_fixture {

using namespace directory_fixture;

inline MessageId id_of(std::uint64_t number) {
  MessageId id;
  id.bytes[0] = 1;
  const Bytes tail = key_u64(number);
  std::ranges::copy(tail, id.bytes.begin() + 8);
  return id;
}

inline CaseId case_of(const MessageId& message) {
  return *CaseId::from(message.view());
}

inline Bytes referral(Urgency urgency = Urgency::normal) {
  ReferralForm form;
  form.triage.urgency = urgency;
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
  form.consent.scope = {
      {{"kind:commission"}, {DisclosureTier::t1}, {"protection", "status_application"}}};
  return encode(form);
}

inline Bytes note(const std::string& words) {
  return encode(NoteText{{"en", words}});
}

struct Site {
  explicit Site(std::uint8_t seed)
      : entropy(seed), store(disk, entropy, store_fixture::symmetric_key(seed)), seed(seed) {
    unlock_vault();
  }
  void unlock_vault() { store.unlock(store_fixture::symmetric_key(seed + 100)); }
  MemoryStore disk;
  store_fixture::SeededEntropy entropy;
  SealedStore store;
  std::uint8_t seed;
  std::optional<Node> node;
  MemberId id;
  std::optional<Timestamp> clock;  // what its wall clock says, if it is wrong
  std::vector<SendFrame> out;      // what it said and nobody has carried yet
  std::vector<EndSessions> ended;  // whose connections its link was told to close
  bool transport_changed = false;
};

class NodeFixture : public testing::Test {
 protected:
  NodeFixture() {
    Directory members = directory(founded());
    members.members.clear();
    members.expires = today + days(3650);
    members.warns = members.expires;
    for (const auto& [site, kind, name] :
         {std::tuple(&ngo_, MemberKind::ngo, "ngo"),
          std::tuple(&commission_, MemberKind::commission, "commission"),
          std::tuple(&ministry_, MemberKind::ministry, "ministry")}) {
      members.members.push_back(initialise(*site, kind, name));
    }
    std::ranges::sort(members.members, {}, &Member::id);
    const DirectoryFile first = directory_file(members, founded().network(), {1, 2});
    directory_.emplace(verify_directory(founded(), first).value());
    for (Site* site : {&ngo_, &commission_}) {
      join(*site);
    }
    sleep(tuning::start_wait_max);
    connect(ngo_, commission_);
    talk();
  }

  static Bytes network_file() {
    return encode_signed_constitution(founding_file(constitution(3, 2), {1, 2, 3}));
  }
  Member initialise(Site& site, MemberKind kind, const std::string& name,
                    std::optional<MemberId> again = std::nullopt, std::uint32_t incarnation = 1) {
    const NewMember wanted{network_file(), name, kind, "tcp://127.0.0.1:7000", again, incarnation};
    Member member;
    in_turn(site, [&](Turn& turn) {
      member = parse_join_request(Node::initialise(wanted, turn).value()).value().member;
    });
    site.id = member.id;
    return member;
  }
  void join(Site& site) {
    restart(site);
    ASSERT_TRUE(install(site, whole()));
  }
  // The newest directory, complete.
  [[nodiscard]] Bytes whole() const {
    DirectoryFile file = complete_file(directory_->value());
    file.head = directory_->signed_head();
    return encode_directory_file(file);
  }
  void restart(Site& site) {
    site.node.reset();
    in_turn(site, [&](Turn& turn) { site.node.emplace(Node::open({}, turn).value()); });
  }
  void lock(Site& site) {
    in_turn(site, [&](Turn& turn) { ASSERT_TRUE(site.node->lock(turn)); });
    site.store.lock();
  }
  void unlock(Site& site) {
    site.unlock_vault();
    in_turn(site, [&](Turn& turn) { ASSERT_TRUE(site.node->unlock(turn)); });
  }
  void connect(Site& one, Site& other) {
    in_turn(one, [&](Turn& turn) { one.node->peer_up(other.id, turn); });
    in_turn(other, [&](Turn& turn) { other.node->peer_up(one.id, turn); });
  }
  void disconnect(Site& one, Site& other) {
    in_turn(one, [&](Turn&) { one.node->peer_down(other.id); });
    in_turn(other, [&](Turn&) { other.node->peer_down(one.id); });
  }

  [[nodiscard]] Timestamp now() const { return {today.ms + elapsed_.ms}; }
  void in_turn(Site& site, const std::function<void(Turn&)>& inputs) {
    auto transaction = site.store.begin().value();
    Effects effects;
    Turn turn{site.clock.value_or(now()), elapsed_, *transaction, site.entropy, effects};
    inputs(turn);
    if (site.node) {
      ASSERT_TRUE(site.node->finish(turn));
      site.node->check_invariants();
    }
    ASSERT_TRUE(transaction->commit());
    std::ranges::move(effects.frames, std::back_inserter(site.out));
    std::ranges::move(effects.ended, std::back_inserter(site.ended));
    site.transport_changed = site.transport_changed || effects.transport_changed;
  }
  void tick(Site& site) {
    in_turn(site, [&](Turn& turn) { ASSERT_TRUE(site.node->tick(turn)); });
  }
  std::vector<Site*> sites() {
    std::vector<Site*> open;
    for (Site* site : {&ngo_, &commission_, &ministry_, &spare_}) {
      if (site->node) {
        open.push_back(site);
      }
    }
    return open;
  }
  void sleep(Duration duration) {
    elapsed_.ms += duration.ms;
    for (Site* site : sites()) {
      tick(*site);
    }
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
  // Carries everything between all of them for three seconds; hellos have their pauses.
  void talk() {
    for (int round = 0; round < 10; ++round) {
      for (Site* from : sites()) {
        for (const SendFrame& frame : std::exchange(from->out, {})) {
          for (Site* to : sites()) {
            (void)carry(*from, *to, frame);
          }
        }
      }
      sleep(milliseconds(300));
    }
  }

  Result<Accepted> submit(Site& site, const Submission& submission) {
    Result<Accepted> accepted;
    in_turn(site, [&](Turn& turn) { accepted = site.node->submit(submission, program(), turn); });
    return accepted;
  }
  [[nodiscard]] Submission a_referral(std::uint64_t number = 1,
                                      Urgency urgency = Urgency::normal) const {
    return {id_of(number), {}, EventKind::referral_send, {commission_.id}, referral(urgency), {}};
  }
  [[nodiscard]] static Submission a_note(std::uint64_t number, const std::string& words) {
    return {id_of(number), case_of(id_of(1)), EventKind::case_note, {}, note(words), {}};
  }
  Level level(const MessageId& message) {
    Level level{};
    in_turn(ngo_, [&](Turn& turn) {
      level = ngo_.node->message(message, program(), turn).value().level();
    });
    return level;
  }
  Delivery delivery(Site& site, const MessageId& message, const MemberId& recipient) {
    Delivery found;
    in_turn(site, [&](Turn& turn) {
      const MessageView shown = site.node->message(message, program(), turn).value();
      for (const Delivery& one : shown.deliveries) {
        found = one.recipient == recipient ? one : found;
      }
    });
    return found;
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

  // What a site's ledger says of one message, oldest first.
  std::vector<std::pair<EntryKind, Code>> entries_of(Site& site, const MessageId& message) {
    std::vector<std::pair<EntryKind, Code>> entries;
    in_turn(site, [&](Turn& turn) {
      const std::vector<Event> events = site.node->events(0, 10'000, turn).value();
      for (const Event& event : events) {
        if (event.message == message) {
          entries.emplace_back(static_cast<EntryKind>(event.kind), event.code);
        }
      }
    });
    return entries;
  }

  // ---- the keys of a site, for what is said in its name

  Seed secret_of(Site& site, Table table, const Bytes& key) {
    std::optional<Seed> seed;
    in_turn(site, [&](Turn& turn) {
      const Bytes raw = turn.store.get(table, key).value().value();
      seed.emplace(ByteView(raw).first<32>());
    });
    return std::move(*seed);
  }
  crypto::SigningKey author_of(Site& site) {
    return crypto::SigningKey::from_seed(secret_of(site, Table::reader_secret, row::author));
  }

  // ---- what the administrators do

  Status install(Site& site, ByteView file) {
    Status installed;
    in_turn(site, [&](Turn& turn) { installed = site.node->install(file, turn); });
    return installed;
  }
  // The next version, known to nobody yet but the administrators.
  Bytes publish(const std::function<void(Directory&)>& change,
                const std::vector<unsigned>& signers = {1, 2}) {
    const DirectoryFile file = next_file(
        *directory_,
        [&](Directory& next) {
          next.created = now();
          next.expires = now() + days(3650);
          next.warns = next.expires;
          change(next);
        },
        signers);
    directory_.emplace(follow_directory(*directory_, founded(), file).value());
    return encode_directory_file(file);
  }
  static std::function<void(Directory&)> changing(const Site& site,
                                                  const std::function<void(Member&)>& change) {
    return [&site, change](Directory& next) {
      change(*std::ranges::find(next.members, site.id, &Member::id));
    };
  }
  Bytes revoking(const Site& site, std::uint64_t position) {
    return publish(changing(site, [position](Member& member) {
      member.state = MemberState::revoked;
      member.position = position;
    }));
  }
  [[nodiscard]] Bytes suspending(const Site& site, const std::vector<unsigned>& signers,
                                 bool lift = false) const {
    return suspension_file({founded().network(), site.id, now(), now() + hours(72),
                            SuspensionReason::device_lost, lift},
                           signers);
  }
  // A hello in that site's session, with statements in it; what the other side says.
  Hello hello_of(const Site& from) const {
    Hello hello;
    hello.purpose = HelloPurpose::answer;
    hello.network = founded().network();
    hello.member = from.id;
    hello.incarnation = directory_->find(from.id)->incarnation;
    hello.constitution_version = 1;
    hello.directory_version = directory_->value().version;
    hello.directory_hash = directory_->hash();
    return hello;
  }
  Status say(Site& from, Site& to, const Hello& hello) {
    return carry(from, to, {to.id, encode_hello(hello)});
  }
  Status say(Site& from, Site& to, const std::vector<Bytes>& statements) {
    Hello hello = hello_of(from);
    hello.statements = statements;
    return say(from, to, hello);
  }

  Duration elapsed_{1'000'000};
  Site ngo_{1};
  Site commission_{2};
  Site ministry_{3};
  Site spare_{4};                               // nobody yet
  std::optional<VerifiedDirectory> directory_;  // as the administrators have it
};

}  // namespace hamroh::node_fixture
