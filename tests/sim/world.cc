#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "protocol/wire_form.h"

namespace hamroh::sim {
namespace {

constexpr std::uint64_t wall_start_ms = 1'790'000'000'000;  // September 2026
constexpr std::string_view canary_prefix = "CANARY-";
constexpr std::size_t recorded_frames_max = 256;
constexpr std::size_t submissions_kept_max = 32;
// Eight epochs ahead, the current one, the weeks of grace, and one for the turn of a week.
constexpr std::size_t epoch_keys_max =
    tuning::epochs_ahead + 1 + tuning::epoch_grace.ms / tuning::epoch_length.ms + 2;

MemberKind kind_at(std::size_t position) {
  constexpr std::array kinds{MemberKind::ngo, MemberKind::commission, MemberKind::provider,
                             MemberKind::ministry};
  return position < 4 ? kinds[position]
                      : (position % 2 == 0 ? MemberKind::ngo : MemberKind::provider);
}

// Queries need a turn of their own, which is thrown away.
template <class Value, class Ask>
Result<Value> ask(Store& store, Timestamp now, Duration monotonic, Entropy& entropy, Ask&& query) {
  auto transaction = store.begin();
  if (!transaction) {
    return tl::unexpected(transaction.error());
  }
  Effects effects;
  Turn turn{now, monotonic, **transaction, entropy, effects};
  return query(turn);
}

}  // namespace

struct World::Site {
  explicit Site(Random random)
      : entropy(random.fork()),
        nonces(random.fork()),
        node_key(SymmetricKey::make([&](auto raw) { entropy.fill(raw); })),
        reader_key(SymmetricKey::make([&](auto raw) { entropy.fill(raw); })) {}

  std::string name;
  MemberKind kind{};
  MemberId id;
  MemoryStore disk;
  SeededEntropy entropy;
  SeededEntropy nonces;
  SymmetricKey node_key;
  SymmetricKey reader_key;
  std::unique_ptr<SealedStore> store;
  std::optional<Node> node;
  std::optional<WriteAnchor> anchor;
  std::int64_t wall_offset_ms = 0;
  bool locked = false;
  bool stays_down = false;   // its disk is beyond use
  bool rolled_back = false;  // an old image was restored: it must notice by itself
  bool lied = false;
  std::optional<MemoryStore::Rows> image;
  std::uint64_t image_size = 0;  // of its ledger
  bool lost_entries = false;     // the old image did not have all of them
  std::uint64_t committed_size = 0;
  Digest committed_root;
  std::uint64_t directory_version = 0;
  // What its ledger says of messages, read from its entries as they come: author and id to the
  // time of `opened`.
  std::map<std::pair<MemberId, MessageId>, Timestamp> opened;
  std::uint64_t examined = 0;  // entries
  std::optional<std::uint64_t> too_many_keys_since;
  std::optional<std::uint64_t> next_tick;
};

World::World(std::uint64_t seed, WorldOptions options) : random_(seed), options_(options) {
  const bool ready = crypto::start();
  CHECK(ready);
  found_network();
}

World::~World() = default;

MemberId World::id(std::size_t who) const {
  return sites_[who]->id;
}

// Three administrators, two must agree; every member asks to be admitted with a real request.
void World::found_network() {
  SeededEntropy entropy(random_.fork());
  Constitution constitution;
  constitution.network_name = "simulated";
  constitution.created = {wall_start_ms};
  constitution.threshold = 2;
  for (int i = 1; i <= 3; ++i) {
    const Seed seed = Seed::make([&](auto raw) { entropy.fill(raw); });
    administrators_.push_back(crypto::SigningKey::from_seed(seed));
    const std::string name = "admin-" + std::to_string(i);
    constitution.administrators.push_back(
        {name, *AdminKey::from(administrators_.back().public_key().view()),
         prove_founder(constitution.network_name, name, administrators_.back())});
  }
  SignedPayload file{encode_constitution(constitution), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  for (const auto& administrator : administrators_) {
    file.signatures.push_back(sign_constitution(file.payload, network, administrator));
  }
  constitution_file_ = encode_signed_constitution(file);
  auto verified = verify_founding(file);
  CHECK(verified);
  constitution_ = std::move(*verified);
  directory_.network = network;
  directory_.constitution = constitution_->hash();
  directory_.created = {wall_start_ms};
  for (std::size_t i = 0; i < options_.members; ++i) {
    auto site = std::make_unique<Site>(random_.fork());
    site->kind = kind_at(i);
    site->name = std::string(member_kind_name(site->kind)) + "-" + std::to_string(i);
    site->store = std::make_unique<SealedStore>(site->disk, site->nonces, site->node_key);
    site->store->unlock(site->reader_key);
    auto transaction = site->store->begin();
    CHECK(transaction);
    Effects effects;
    Turn turn{{wall_start_ms}, {now_}, **transaction, site->entropy, effects};
    auto request = Node::initialise(
        {constitution_file_, site->name, site->kind, "tcp://127.0.0.1:" + std::to_string(7000 + i)},
        turn);
    CHECK(request);
    CHECK((*transaction)->commit());
    auto admitted = parse_join_request(*request);
    CHECK(admitted);
    site->id = admitted->member.id;
    directory_.members.push_back(admitted->member);
    sites_.push_back(std::move(site));
  }
  std::ranges::sort(directory_.members, {}, &Member::id);
  publish_directory();
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    start(i);
    const bool joined = turn(
        i, [&](Node& node, Turn& turn) { return node.install_directory(directory_file_, turn); });
    CHECK(joined);
  }
}

// A new version under two of three signatures. The first is for all, each later one reaches one
// member and must be passed on by the nodes.
std::uint64_t World::publish_directory(std::optional<std::size_t> to) {
  const Digest previous =
      directory_.version == 0 ? Digest{} : directory_hash(encode_directory(directory_));
  directory_.previous = previous;
  ++directory_.version;
  directory_.created = {wall_start_ms + now_};
  directory_.expires = directory_.created + days(3650);
  SignedPayload file{encode_directory(directory_), {}};
  file.signatures.push_back(sign_directory(file.payload, directory_.network, administrators_[0]));
  file.signatures.push_back(sign_directory(file.payload, directory_.network, administrators_[2]));
  directory_file_ = encode_signed_directory(file);
  old_directories_.push_back(directory_file_);
  published_.insert(directory_hash(file.payload));
  if (directory_.version > 1) {
    const std::size_t first = to ? *to : random_.below(sites_.size());
    note("directory", first, directory_.version);
    (void)turn(first, [&](Node& node, Turn& turn) {
      (void)node.install_directory(directory_file_, turn);
      return Status{};
    });
  }
  return directory_.version;
}

void World::try_directory(std::size_t who, const Bytes& file) {
  (void)turn(who, [&](Node& node, Turn& turn) {
    (void)node.install_directory(file, turn);
    return Status{};
  });
}

// What a thief of one administrator's key could make, and what somebody who kept an old file could
// bring. check_directory notices when a node takes it.
void World::forge_directory() {
  const std::size_t victim = random_.below(sites_.size());
  if (random_.once_in(2)) {
    note("old directory", victim);
    try_directory(victim, old_directories_[random_.below(old_directories_.size())]);
    return;
  }
  note("forged directory", victim);
  Directory forged = directory_;
  forged.previous = directory_hash(encode_directory(directory_));
  ++forged.version;
  SignedPayload file{encode_directory(forged), {}};
  const std::size_t signatures = 1 + random_.below(2);
  for (std::size_t i = 0; i < signatures; ++i) {  // one administrator, counted once or twice
    file.signatures.push_back(sign_directory(file.payload, forged.network, administrators_[1]));
  }
  try_directory(victim, encode_signed_directory(file));
}

// ---- time and trace ---------------------------------------------------------------------------

void World::note(std::string_view what, std::uint64_t a, std::uint64_t b, ByteView bytes) {
  Bytes numbers;
  put_u64(numbers, now_);
  put_u64(numbers, a);
  put_u64(numbers, b);
  trace_ = crypto::sha256({trace_.view(), view(what), numbers, bytes});
}

void World::fail(const std::string& what) {
  if (broken_.empty()) {
    broken_ = "at " + std::to_string(now_) + " ms, step " + std::to_string(steps_) + ": " + what;
  }
}

void World::schedule(std::uint64_t at_ms, Event event) {
  event.at = at_ms;
  events_.emplace(std::pair{at_ms, sequence_++}, std::move(event));
}

Timestamp World::wall(std::size_t who) const {
  const auto ms = static_cast<std::int64_t>(wall_start_ms + now_) + sites_[who]->wall_offset_ms;
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1))};
}

void World::step() {
  if (events_.empty()) {
    now_ += 1000;
    return;
  }
  ++steps_;
  auto first = events_.extract(events_.begin());
  now_ = std::max(now_, first.key().first);
  handle(std::move(first.mapped()));
}

void World::run_for(Duration duration) {
  const std::uint64_t until = now_ + duration.ms;
  while (!events_.empty() && events_.begin()->first.first <= until && broken_.empty()) {
    step();
  }
  now_ = std::max(now_, until);
}

bool World::run_until(const std::function<bool()>& done, Duration at_most) {
  const std::uint64_t until = now_ + at_most.ms;
  while (!done() && now_ < until && broken_.empty()) {
    run_for(milliseconds(50));
  }
  return done();
}

void World::handle(Event event) {
  const std::size_t to = event.to;
  Site& site = *sites_[to];
  switch (event.kind) {
    case Event::Kind::restart:
      if (!site.node && !site.stays_down) {
        start(to);
      }
      return;
    case Event::Kind::connect: {
      Connection& connection = connections_[{event.from, to}];
      connection.dialling = false;
      if (connection.up || connection.cut || !sites_[event.from]->node) {
        return;
      }
      if (!site.node) {
        dial(event.from, to);
        return;
      }
      connection.up = true;
      ++connection.epoch;
      note("connect", event.from, to);
      (void)turn(event.from, [&](Node& node, Turn& turn) {
        node.peer_up(site.id, turn);
        return Status{};
      });
      return;
    }
    case Event::Kind::tick:
      if (site.next_tick != event.at) {
        return;  // an earlier one has taken its place
      }
      site.next_tick.reset();
      if (site.node) {
        (void)turn(to, [](Node& node, Turn& turn) { return node.tick(turn); });
      }
      return;
    case Event::Kind::deliver: {
      const Connection& connection = connections_[{event.from, to}];
      if (!site.node || !connection.up || connection.epoch != event.epoch) {
        return;
      }
      note("deliver", event.from, to, event.frame);
      (void)turn(to, [&](Node& node, Turn& turn) {
        const Status received = node.receive(sites_[event.from]->id, event.frame, turn);
        return !received && received.error().blame == Blame::environment ? received : Status{};
      });
      return;
    }
  }
}

// ---- nodes ------------------------------------------------------------------------------------

void World::start(std::size_t who) {
  Site& site = *sites_[who];
  CHECK(!site.node);
  site.disk.crash();
  site.store = std::make_unique<SealedStore>(site.disk, site.nonces, site.node_key);
  if (!site.locked) {
    site.store->unlock(site.reader_key);
  }
  auto transaction = site.store->begin();
  CHECK(transaction);
  Effects effects;
  Turn turn{wall(who), {now_}, **transaction, site.entropy, effects};
  NodeOptions options;
  options.anchor = site.anchor;
  options.message_lifetime = options_.message_lifetime;
  auto opened = Node::open(options, turn);
  const bool good = opened && opened->finish(turn) && (*transaction)->commit();
  note("start", who, good ? 1 : 0);
  if (!good) {
    site.disk.crash();
    schedule(now_ + 5'000, {Event::Kind::restart, who, who, 0, {}});
    return;
  }
  site.node = std::move(*opened);
  perform(who, std::move(effects));
  check_after_turn(who, {});
  if (!site.node) {
    return;
  }
  for (std::size_t other = 0; other < sites_.size(); ++other) {
    if (other != who) {
      dial(who, other);
      dial(other, who);
    }
  }
  schedule_tick(who);
}

void World::crash(std::size_t who) {
  Site& site = *sites_[who];
  if (!site.node) {
    return;
  }
  note("crash", who);
  site.node.reset();
  site.disk.crash();
  drop_connections(who);
  schedule(now_ + 200 + random_.below(5'000), {Event::Kind::restart, who, who, 0, {}});
}

void World::crash_at(std::size_t who, std::uint64_t store_calls) {
  note("crash_at", who, store_calls);
  sites_[who]->disk.fail_at(store_calls, {Code::io_failed, Blame::environment, "simulated crash"});
}

void World::drop_connections(std::size_t who) {
  for (auto& [pair, connection] : connections_) {
    if ((pair.first != who && pair.second != who) || !connection.up) {
      continue;
    }
    connection.up = false;
    ++connection.epoch;
    Site& dialler = *sites_[pair.first];
    if (dialler.node) {
      dialler.node->peer_down(sites_[pair.second]->id);
      dial(pair.first, pair.second);
    }
  }
}

void World::dial(std::size_t from, std::size_t to) {
  Connection& connection = connections_[{from, to}];
  if (connection.up || connection.dialling || connection.cut || !sites_[from]->node) {
    return;
  }
  connection.dialling = true;
  schedule(now_ + 50 + random_.below(500), {Event::Kind::connect, from, to, 0, {}});
}

bool World::turn(std::size_t who, const std::function<Status(Node&, Turn&)>& inputs) {
  Site& site = *sites_[who];
  if (!site.node) {
    return false;
  }
  auto transaction = site.store->begin();
  CHECK(transaction);
  Effects effects;
  Turn turn{wall(who), {now_}, **transaction, site.entropy, effects};
  Status done = inputs(*site.node, turn);
  if (done) {
    done = site.node->finish(turn);
  }
  if (done) {
    done = (*transaction)->commit();
  }
  transaction->reset();
  if (!done) {
    // Memory may be ahead of the disk: the process ends, nothing of the turn has happened.
    note("store failed", who, static_cast<std::uint64_t>(done.error().code));
    crash(who);
    return false;
  }
  perform(who, effects);
  check_after_turn(who, effects);
  schedule_tick(who);
  return true;
}

void World::perform(std::size_t who, Effects effects) {
  Site& site = *sites_[who];
  if (effects.anchor) {
    site.anchor = effects.anchor;
  }
  for (const EndSessions& ended : effects.ended) {
    Connection& connection = connections_[{who, site_of(ended.peer)}];
    connection.up = false;
    ++connection.epoch;
  }
  for (const SendFrame& frame : effects.frames) {
    send(who, frame);
  }
}

void World::send(std::size_t from, const SendFrame& frame) {
  const std::size_t to = site_of(frame.peer);
  check_bytes(frame.frame, "a frame");
  recorded_.push_back({from, to, frame.frame});
  if (recorded_.size() > recorded_frames_max) {
    recorded_.pop_front();
  }
  Connection& connection = connections_[{from, to}];
  if (!connection.up || connection.cut || random_.once_in(options_.drop_once_in)) {
    return;
  }
  const int copies = random_.once_in(options_.double_once_in) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    std::uint64_t at = now_ + 1 + random_.below(options_.delay_ms_max + 1);
    if (!random_.once_in(options_.reorder_once_in)) {
      at = std::max(at, connection.last_delivery);  // a connection keeps its order
      connection.last_delivery = at;
    }
    Bytes bytes = frame.frame;
    if (random_.once_in(options_.garble_once_in)) {
      bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
    }
    schedule(at, {Event::Kind::deliver, from, to, connection.epoch, std::move(bytes)});
  }
}

void World::schedule_tick(std::size_t who) {
  Site& site = *sites_[who];
  if (!site.node) {
    return;
  }
  const std::uint64_t at =
      std::max(now_ + 1, std::min(site.node->next_wakeup({now_}).ms, now_ + 60'000));
  if (!site.next_tick || at < *site.next_tick) {
    site.next_tick = at;
    schedule(at, {Event::Kind::tick, who, who, 0, {}});
  }
}

std::size_t World::site_of(const MemberId& member) const {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    if (sites_[i]->id == member) {
      return i;
    }
  }
  CHECK(false);
  return 0;
}

// ---- people -----------------------------------------------------------------------------------

MessageId World::draw_message_id() {
  MessageId id;
  Bytes raw;
  put_u64(raw, (wall_start_ms + now_) << 16U | (0x7000U | random_.below(4096)));
  put_u64(raw, random_.next() >> 2U | std::uint64_t{1} << 63U);
  std::memcpy(id.bytes.data(), raw.data(), raw.size());
  return id;
}

// Real bodies, each with a word that may stand in no byte of a disk or a wire.
Bytes World::body_with_canary(EventKind kind, bool decline) {
  std::string canary(canary_prefix);
  canary += std::to_string(random_.next());
  canaries_.push_back(canary);
  if (kind == EventKind::case_note) {
    return encode(NoteText{{"en", canary}});
  }
  if (kind != EventKind::referral_send) {
    Decision decision;
    if (decline) {
      decision.reason = DeclineReason::no_capacity;
    }
    decision.text = FreeText{"en", canary};
    return encode(decision);
  }
  ReferralForm form;
  form.triage = {Urgency::normal,
                 Sensitivity::standard,
                 {Service::shelter},
                 {"simulated", {}},
                 AgeBand::from_18,
                 Sex::female,
                 {"tg"},
                 "TJ-SU-KHUJAND",
                 0,
                 {},
                 "self"};
  form.sealed = SealedFacts{{}, FreeText{"en", canary + std::string(random_.below(3000), 'x')}, {}};
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/1";
  form.consent.language = "tg";
  form.consent.date = "2026-09-21";
  form.consent.scope = {{{"kind:commission"}, {DisclosureTier::t1}, {"protection"}}};
  return encode(form);
}

Result<MessageId> World::submit(std::size_t who, const Submission& submission) {
  Result<Accepted> accepted = caller_error(Code::unavailable, "the node is down");
  const bool committed = turn(who, [&](Node& node, Turn& turn) {
    accepted = node.submit(submission, turn);
    const bool failed = !accepted && accepted.error().blame == Blame::environment;
    return failed ? Status(tl::unexpected(accepted.error())) : Status{};
  });
  if (!accepted) {
    return tl::unexpected(accepted.error());
  }
  if (!committed) {
    return environment_error(Code::store_failed, "the turn was lost");
  }
  // From here on the promise holds: the message is delivered, or its author is told why not.
  if (!model_.contains(submission.message)) {
    Sent sent;
    sent.author = who;
    sent.case_id = accepted->case_id;
    sent.kind = submission.kind;
    sent.at_ms = now_;
    auto shown = message(who, submission.message);
    if (shown) {
      sent.expires = shown->expires;
      for (const Delivery& delivery : shown->deliveries) {
        sent.recipients.push_back(site_of(delivery.recipient));
      }
    } else if (shown.error().blame != Blame::environment) {
      fail("an accepted message is not there");
    }
    model_.emplace(submission.message, std::move(sent));
    submissions_.emplace_back(who, submission);
    if (submissions_.size() > submissions_kept_max) {
      submissions_.pop_front();
    }
  }
  note("accepted", who, 0, submission.message.view());
  return submission.message;
}

void World::submit_again() {
  if (submissions_.empty()) {
    return;
  }
  const auto [who, submission] = submissions_[random_.below(submissions_.size())];
  if (!trustworthy(who)) {
    return;
  }
  note("again", who);
  const std::uint64_t entries = sites_[who]->node ? sites_[who]->node->ledger().size() : 0;
  const auto again = submit(who, submission);
  if (!again && again.error().blame == Blame::caller && again.error().code != Code::unavailable &&
      again.error().code != Code::locked) {
    fail("an accepted submission was refused when it came again");
  }
  // The turn may send what was due, which a restart makes it enter again; it opens nothing new.
  if (again && sites_[who]->node) {
    std::size_t accepted = 0;
    for (const auto& [id, sent] : model_) {
      accepted += sent.author == who && id == submission.message ? 1 : 0;
    }
    if (accepted != 1 || sites_[who]->node->ledger().size() < entries) {
      fail("a submission that came again was taken for another one");
    }
  }
}

Result<MessageId> World::refer(std::size_t from, std::vector<std::size_t> to) {
  Submission submission;
  submission.message = draw_message_id();
  submission.kind = EventKind::referral_send;
  for (const std::size_t recipient : to) {
    submission.to.push_back(sites_[recipient]->id);
  }
  submission.body = body_with_canary(submission.kind, false);
  return submit(from, submission);
}

Result<MessageId> World::decide(std::size_t who, const CaseId& id, bool accept) {
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = accept ? EventKind::referral_accept : EventKind::referral_decline;
  submission.body = body_with_canary(submission.kind, !accept);
  return submit(who, submission);
}

Result<MessageId> World::write_note(std::size_t who, const CaseId& id) {
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = EventKind::case_note;
  submission.body = body_with_canary(submission.kind, false);
  return submit(who, submission);
}

// ---- faults -----------------------------------------------------------------------------------

void World::lock(std::size_t who) {
  Site& site = *sites_[who];
  site.too_many_keys_since.reset();
  if (!site.node || site.locked) {
    return;
  }
  note("lock", who);
  site.locked = turn(who, [](Node& node, Turn& turn) { return node.lock(turn); });
  if (site.locked) {
    site.store->lock();
  }
}

void World::unlock(std::size_t who) {
  Site& site = *sites_[who];
  if (!site.locked) {
    return;
  }
  note("unlock", who);
  site.locked = false;
  site.store->unlock(site.reader_key);
  (void)turn(who, [](Node& node, Turn& turn) { return node.unlock(turn); });
}

void World::cut(std::size_t from, std::size_t to) {
  note("cut", from, to);
  Connection& connection = connections_[{from, to}];
  connection.cut = true;
  if (connection.up) {
    connection.up = false;
    ++connection.epoch;
    if (sites_[from]->node) {
      sites_[from]->node->peer_down(sites_[to]->id);
    }
  }
}

void World::heal_network() {
  note("heal");
  for (std::size_t from = 0; from < sites_.size(); ++from) {
    for (std::size_t to = 0; to < sites_.size(); ++to) {
      if (from != to) {
        connections_[{from, to}].cut = false;
        dial(from, to);
      }
    }
  }
}

void World::fill_disk(std::size_t who, bool full) {
  note("disk", who, full ? 1 : 0);
  std::uint64_t used = 0;
  for (const auto& [key, value] : sites_[who]->disk.rows()) {
    used += key.second.size() + value.size();
  }
  sites_[who]->disk.set_capacity(full ? used + 64 : 0);
}

// One bit of one record. Nothing false may ever come of it; the node may refuse to go on.
void World::flip_bit(std::size_t who) {
  Site& site = *sites_[who];
  MemoryStore::Rows rows = site.disk.rows();
  if (rows.empty()) {
    return;
  }
  auto row = rows.begin();
  std::advance(row, static_cast<std::ptrdiff_t>(random_.below(rows.size())));
  if (row->second.empty()) {
    return;
  }
  note("flip", who);
  const MemoryStore::Rows good = rows;
  row->second[random_.below(row->second.size())] ^=
      static_cast<std::uint8_t>(1U << random_.below(8));
  crash(who);
  site.disk.restore(rows);
  start(who);
  // It ran on what it could read, or it refused to start. The operator puts the good disk back.
  if (site.node) {
    run_for(seconds(1));
  }
  if (site.node) {
    for (auto& [id, sent] : model_) {
      if (sent.author == who) {
        const auto shown = message(who, id);
        if (!shown && shown.error().blame != Blame::environment && !site.locked &&
            trustworthy(who)) {
          fail("a flipped bit made a message vanish");
        }
      }
    }
    crash(who);
  }
  // What was committed in between is newer than the good disk; only an untouched one may go back.
  MemoryStore::Rows now = site.disk.rows();
  for (const auto& [key, value] : good) {
    if (rows.contains(key) && now.contains(key) && now.at(key) == rows.at(key)) {
      now[key] = value;
    }
  }
  site.disk.restore(std::move(now));
}

void World::keep_image(std::size_t who) {
  note("image", who);
  sites_[who]->image = sites_[who]->disk.rows();
  sites_[who]->image_size = sites_[who]->committed_size;
}

void World::restore_image(std::size_t who) {
  Site& site = *sites_[who];
  if (!site.image) {
    return;
  }
  note("restore", who);
  crash(who);
  site.disk.restore(*site.image);
  site.rolled_back = true;
  site.lost_entries = site.lost_entries || site.image_size < site.committed_size;
  site.examined = std::min(site.examined, site.image_size);
}

void World::jump_clock(std::size_t who, std::int64_t ms) {
  note("clock", who, static_cast<std::uint64_t>(ms));
  clocks_jumped_ = clocks_jumped_ || ms != 0;
  sites_[who]->wall_offset_ms = ms;
}

// A member with real keys that sends what it must not: a message of a kind that it may not send,
// out of its own store, as a modified program would.
void World::lie(std::size_t from, std::size_t to) {
  Site& liar = *sites_[from];
  if (!liar.node || liar.locked) {
    return;
  }
  note("lie", from, to);
  Bytes junk(64 + random_.below(512));
  liar.entropy.fill(junk);
  junk[0] = static_cast<std::uint8_t>(1 + random_.below(3));
  send(from, {sites_[to]->id, std::move(junk)});
}

void World::say(std::size_t from, std::size_t to, ByteView frame) {
  const Connection& connection = connections_[{from, to}];
  if (connection.up) {
    schedule(now_ + 1, {Event::Kind::deliver, from, to, connection.epoch,
                        Bytes(frame.begin(), frame.end()), 0});
    run_for(milliseconds(2));
  }
}

// Sealed with the recipient's key, as anybody can who has heard one of its hellos.
void World::say_sealed(std::size_t from, std::size_t to, ByteView content) {
  const auto member = std::ranges::find(directory_.members, sites_[to]->id, &Member::id);
  const auto sheet = ask<VerifiedKeySheet>(
      *sites_[from]->store, wall(from), {now_}, sites_[from]->entropy,
      [&](Turn& turn) -> Result<VerifiedKeySheet> {
        HAMROH_ASSIGN(const std::optional<Bytes> file,
                      turn.store.get(Table::peer, PeerRecord::key_sheet_key(member->id)));
        return verify_key_sheet(file.value_or(Bytes{}), directory_.network, member->id,
                                member->incarnation, member->author);
      });
  if (!sheet) {
    return;
  }
  const auto frame = seal_envelope(content, directory_.network, member->id,
                                   sheet->key_at(wall(from)).key, sites_[from]->entropy);
  if (frame) {
    say(from, to, *frame);
  }
}

// Anybody who saw a frame may send it again, but only in the name of the member whose connection it
// uses, which the transport has verified.
void World::replay() {
  if (recorded_.empty()) {
    return;
  }
  const Recorded& old = recorded_[random_.below(recorded_.size())];
  const std::size_t to = random_.once_in(3) ? random_.below(sites_.size()) : old.to;
  if (to == old.from) {
    return;
  }
  note("replay", old.from, to);
  const Connection& connection = connections_[{old.from, to}];
  if (connection.up) {
    schedule(now_ + 1 + random_.below(1'000),
             {Event::Kind::deliver, old.from, to, connection.epoch, old.frame});
  }
}

// Closed lids: both clocks go on, nothing else does.
void World::sleep(Duration duration) {
  note("sleep", duration.ms);
  for (auto& site : sites_) {
    site->too_many_keys_since.reset();
  }
  now_ += duration.ms;
}

void World::heal_everything() {
  options_.drop_once_in = 0;
  options_.double_once_in = 0;
  options_.reorder_once_in = 0;
  options_.garble_once_in = 0;
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    sites_[i]->disk.set_capacity(0);
    crash_at(i, UINT64_MAX / 2);  // never, instead of what was planned
    jump_clock(i, 0);
    unlock(i);
    if (sites_[i]->node) {
      (void)turn(i, [](Node& node, Turn& turn) { return node.confirm_clock(turn); });
    }
  }
  heal_network();
}

// ---- checks -----------------------------------------------------------------------------------

bool World::running(std::size_t who) const {
  return sites_[who]->node.has_value();
}

const Node& World::node(std::size_t who) const {
  CHECK(sites_[who]->node);
  return *sites_[who]->node;
}

Result<MessageView> World::message(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<MessageView>(*site.store, wall(who), {now_}, site.entropy,
                          [&](Turn& turn) { return site.node->message(message, turn); });
}

Result<CaseView> World::case_view(std::size_t who, const CaseId& id) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<CaseView>(*site.store, wall(who), {now_}, site.entropy,
                       [&](Turn& turn) { return site.node->case_view(id, turn); });
}

Result<std::string> World::receipt(std::size_t who, const MessageId& message) {
  Site& site = *sites_[who];
  if (!site.node) {
    return environment_error(Code::unavailable, "the node is down");
  }
  return ask<std::string>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    return site.node->receipt(message, std::nullopt, turn);
  });
}

void World::check_bytes(ByteView bytes, const char* where) {
  if (text(bytes).find(canary_prefix) != std::string_view::npos) {
    fail(std::string("plaintext stands in ") + where);
  }
}

// A node that restored an old image, or met one that did, cannot keep every promise to the others:
// it is left out of comparisons, but must still notice.
bool World::trustworthy(std::size_t who) const {
  return !sites_[who]->rolled_back;
}

void World::check_after_turn(std::size_t who, const Effects& effects) {
  Site& site = *sites_[who];
  if (!site.node) {
    return;
  }
  site.node->check_invariants();
  const Ledger& ledger = site.node->ledger();
  if (!site.rolled_back) {
    // The ledger only grows: the tree that was committed before is a prefix of the one now.
    auto range = ask<CompactRange>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
      return site.committed_size <= ledger.size()
                 ? ledger.range_at(turn.store, site.committed_size)
                 : Result<CompactRange>(environment_error(Code::store_corrupt, "it shrank"));
    });
    if (site.committed_size > ledger.size()) {
      fail(site.name + "'s ledger shrank");
    } else if (range && site.committed_size > 0 && range->root() != site.committed_root) {
      fail(site.name + "'s ledger was rewritten");
    }
  }
  site.committed_size = ledger.size();
  site.committed_root = ledger.root();
  check_ledger(who);
  check_directory(who);
  if (site.lost_entries && site.node->view().phase == Phase::ready) {
    fail(site.name + " signs although its ledger is an old copy");
  }
  for (const Notify& notice : effects.notices) {
    if (notice.event.kind == static_cast<std::uint8_t>(EntryKind::opened)) {
      ++opened_;
    }
  }
  if (!site.locked && steps_ % 16 == 0) {
    check_levels(who);
    check_cases(who);
    check_keys(who);
    for (const auto& [key, value] : site.disk.rows()) {
      check_bytes(value, "a record on disk");
    }
  }
}

// Levels only rise (but for a receipt that comes after the expiry), and what an author is told is
// true: if it shows `opened`, the recipient has opened that very message.
void World::check_levels(std::size_t author) {
  for (auto& [id, sent] : model_) {
    if (sent.author != author || !trustworthy(author)) {
      continue;
    }
    const auto shown = message(author, id);
    if (!shown) {
      if (shown.error().blame != Blame::environment) {
        fail("an accepted message has vanished from its author's node");
      }
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      Level& before = sent.shown.try_emplace(recipient, Level::accepted).first->second;
      const bool late = before == Level::expired && delivery.level == Level::opened;
      if (delivery.level < before && !late) {
        fail("a level went back");
      }
      if (is_settled(before) && delivery.level != before && !late) {
        fail("a settled level changed");
      }
      before = delivery.level;
      const Site& there = *sites_[recipient];
      if (delivery.level == Level::opened && trustworthy(recipient) &&
          !there.opened.contains({sites_[author]->id, id})) {
        fail("a receipt says opened, but its node's ledger does not");
      }
      if (delivery.level == Level::opened && there.node && !there.locked &&
          trustworthy(recipient)) {
        const auto kept = message(recipient, id);
        if (!kept && kept.error().blame == Blame::caller) {
          fail("a receipt promises what its node does not hold");
        } else if (kept && kept->deliveries.front().level != Level::opened) {
          fail("a receipt says opened, its node says otherwise");
        }
      }
    }
  }
}

// Reads the entries that are new. A message is opened at most once, for ever, and never after its
// time was over. (An entry with a `detail` repeats an earlier one under a newer signature.)
void World::check_ledger(std::size_t who) {
  Site& site = *sites_[who];
  std::vector<LedgerRecord> records;
  (void)ask<bool>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    const Status visited =
        site.node->ledger().scan(turn.store, site.examined, [&](const LedgerRecord& record) {
          records.push_back(record);
          return true;
        });
    return visited ? Result<bool>(true) : tl::unexpected(visited.error());
  });
  for (const LedgerRecord& record : records) {
    site.examined = record.index + 1;
    const auto sent = model_.find(record.reference.message);
    if (record.entry.kind == EntryKind::expired && sent != model_.end() && !clocks_jumped_ &&
        sent->second.expires.ms != UINT64_MAX && record.entry.time < sent->second.expires) {
      fail(site.name + " gave a message up before its time was over");
    }
    if (record.entry.kind != EntryKind::opened || !record.entry.detail.is_zero()) {
      continue;
    }
    const auto key = std::pair{record.reference.author, record.reference.message};
    if (!site.opened.emplace(key, record.entry.time).second && trustworthy(who)) {
      fail(site.name + " opened a message twice");
    }
    if (sent != model_.end() && !clocks_jumped_ && !site.node->view().clock_suspect &&
        record.entry.time >= sent->second.expires) {
      fail(site.name + " opened a message after its time was over");
    }
  }
}

// Old private keys go: what was sealed weeks ago can be opened by nobody.
void World::check_keys(std::size_t who) {
  Site& site = *sites_[who];
  const auto keys = std::ranges::count_if(site.disk.rows(), [](const auto& row) {
    return row.first.first == Table::reader_secret && !row.first.second.empty() &&
           row.first.second.front() == 'e';
  });
  const NodeView node = site.node->view();
  const bool may_wait =  // a held envelope may need them; and a clock in doubt destroys nothing
      node.clock_suspect ||
      std::ranges::any_of(node.peers, [](const PeerView& peer) { return peer.held > 0; });
  if (static_cast<std::size_t>(keys) <= epoch_keys_max || may_wait) {
    site.too_many_keys_since.reset();
  } else if (!site.too_many_keys_since) {
    site.too_many_keys_since = now_;
  } else if (now_ - *site.too_many_keys_since > minutes(15).ms) {
    fail(site.name + " keeps private keys of epochs that are long over");
  }
}

// Only what two administrators signed, and never an older one.
void World::check_directory(std::size_t who) {
  Site& site = *sites_[who];
  const VerifiedDirectory* directory = site.node->directory();
  if (directory == nullptr) {
    return;
  }
  if (!published_.contains(directory->hash())) {
    fail(site.name + " follows a directory that too few have signed");
  }
  if (directory->value().version < site.directory_version && trustworthy(who)) {
    fail(site.name + " went back to an older directory");
  }
  site.directory_version = directory->value().version;
}

// No message stands twice in a case.
void World::check_cases(std::size_t who) {
  for (const auto& [id, sent] : model_) {
    if (sent.kind != EventKind::referral_send) {
      continue;
    }
    const auto view = case_view(who, sent.case_id);
    if (!view) {
      continue;
    }
    std::set<MessageId> seen;
    for (const MessageView& event : view->events) {
      if (!seen.insert(event.message).second) {
        fail("a message stands twice in a case");
      }
    }
  }
}

// Why a message has not come to its end, if that is somebody's duty.
std::optional<std::string> World::unsettled(const MessageId& id, const Sent& sent) {
  if (!trustworthy(sent.author)) {
    return std::nullopt;
  }
  const auto shown = message(sent.author, id);
  if (!shown) {
    return shown.error().text;
  }
  for (const Delivery& delivery : shown->deliveries) {
    const std::size_t recipient = site_of(delivery.recipient);
    if (!is_settled(delivery.level) && trustworthy(recipient)) {
      return sites_[recipient]->name + " has it " + level_name(delivery.level);
    }
  }
  return std::nullopt;
}

bool World::all_settled() {
  return std::ranges::none_of(
      model_, [&](const auto& item) { return unsettled(item.first, item.second).has_value(); });
}

void World::report_unsettled() {
  for (const auto& [id, sent] : model_) {
    const auto why = unsettled(id, sent);
    if (!why) {
      continue;
    }
    std::string what = sites_[sent.author]->name + "'s message of " + std::to_string(sent.at_ms) +
                       " ms did not come to its end after everything had healed: " + *why;
    for (const auto& site : sites_) {
      what += "; " + site->name + " is ";
      if (!site->node) {
        what += "down";
        continue;
      }
      const NodeView node = site->node->view();
      what += std::string(phase_name(node.phase)) + (node.locked ? ", locked" : "") +
              (node.clock_suspect ? ", not sure of the time" : "") + ", directory " +
              std::to_string(node.directory_version);
      for (const PeerView& peer : node.peers) {
        what += ", " + std::to_string(peer.queued) + " for " + sites_[site_of(peer.member)]->name +
                (peer.connected ? "" : " (disconnected)");
      }
    }
    fail(what);
    return;
  }
  fail("the network is not quiet after everything had healed");
}

// After healing: what the author was told is what the recipient holds; every receipt verifies for
// an outsider; and nodes that hold the same events show the same case.
void World::check_outcomes() {
  for (const auto& [id, sent] : model_) {
    const auto shown = message(sent.author, id);
    if (!trustworthy(sent.author) || !shown) {
      continue;
    }
    for (const Delivery& delivery : shown->deliveries) {
      const std::size_t recipient = site_of(delivery.recipient);
      if (!trustworthy(recipient) || delivery.level == Level::expired) {
        continue;
      }
      const auto kept = message(recipient, id);
      if (!kept || kept->deliveries.front().level != delivery.level) {
        fail("author and recipient disagree about an outcome");
      }
    }
    const auto proof = receipt(sent.author, id);
    if (!proof || sent.recipients.empty()) {
      continue;
    }
    const auto parsed = parse_tlog_proof(*proof);
    bool good = false;
    for (const std::size_t recipient : sent.recipients) {
      const Member* member = node(sent.author).directory()->find(sites_[recipient]->id);
      const auto signed_note =
          parsed
              ? parse_signed_note(parsed->signed_note,
                                  *SigningPublicKey::from(member->author.view()), NoteRole::author)
              : Result<SignedNote>(tl::unexpected(Error{}));
      good = good || (signed_note && verify_inclusion(parsed->index, signed_note->note.size,
                                                      leaf_hash(parsed->entry), parsed->path,
                                                      signed_note->note.root));
    }
    if (!good) {
      fail("an exported receipt does not verify");
    }
  }
  for (const auto& [id, sent] : model_) {
    const auto here = case_view(sent.author, sent.case_id);
    for (const std::size_t recipient : sent.recipients) {
      const auto there = case_view(recipient, sent.case_id);
      if (!here || !there || !trustworthy(sent.author) || !trustworthy(recipient)) {
        continue;
      }
      std::vector<MessageId> left;
      std::vector<MessageId> right;
      std::ranges::transform(here->events, std::back_inserter(left), &MessageView::message);
      std::ranges::transform(there->events, std::back_inserter(right), &MessageView::message);
      std::vector<MessageId> a = left;
      std::vector<MessageId> b = right;
      std::ranges::sort(a);
      std::ranges::sort(b);
      // As long as a recipient has not opened it, a referral is `sent` to its author.
      const auto opened = [](const MessageView& event) { return event.level() == Level::opened; };
      const bool all_opened =
          std::ranges::all_of(here->events, opened) && std::ranges::all_of(there->events, opened);
      if (a == b && (left != right || (all_opened && here->state != there->state))) {
        fail("two nodes with the same events show another case: " + sites_[sent.author]->name +
             " has it " + referral_state_name(here->state) +
             (here->incomplete ? " with gaps" : "") + ", " + sites_[recipient]->name + " " +
             referral_state_name(there->state) + (there->incomplete ? " with gaps" : "") +
             (left == right ? "" : ", in another order"));
      }
    }
  }
}

}  // namespace hamroh::sim
