#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "protocol/wire_form.h"
#include "tests/sim/pack.h"
#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

constexpr std::uint64_t wall_start_ms = 1'790'000'000'000;  // September 2026
constexpr std::size_t recorded_frames_max = 256;
constexpr std::size_t submissions_kept_max = 32;
// What a link has read when it is told to end a session, its node still gets to see.
constexpr std::uint64_t link_delay_ms_max = 50;
constexpr std::uint64_t transport_change_delay_ms = 2'000;  // as in daemon/runtime_state.h

MemberKind kind_at(std::size_t position) {
  constexpr std::array kinds{MemberKind::ngo,      MemberKind::commission, MemberKind::provider,
                             MemberKind::ministry, MemberKind::ngo,        MemberKind::commission};
  return position < kinds.size() ? kinds[position]
                                 : (position % 2 == 0 ? MemberKind::ngo : MemberKind::provider);
}

}  // namespace

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
  authority_ = std::make_unique<Authority>(random_.fork(), Timestamp{wall_start_ms});
  for (std::size_t i = 0; i < options_.members; ++i) {
    sites_.push_back(std::make_unique<Site>(random_.fork()));
    Site& site = *sites_.back();
    site.kind = kind_at(i);
    site.name = std::string(member_kind_name(site.kind)) + "-" + std::to_string(i);
    Member entry;
    make_site(site, std::nullopt, 1, entry);
    authority_->admit(entry);
  }
  const ByteView pack = hamroh::view(simulated_pack);
  if (options_.pack) {
    authority_->draft().pack = crypto::sha256({pack});
  }
  const Bytes file = authority_->publish(authority_time());
  log_.push_back(file);
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    start(i);
    const bool joined = give(i, file);
    CHECK(joined);
  }
  if (options_.pack) {  // the others hear of it from this one
    const bool installed =
        turn(0, [&](Node& node, Turn& turn) { return node.install_pack(pack, turn); });
    CHECK(installed);
  }
}

// A new home: keys, identity and the request to be admitted with it.
void World::make_site(Site& site, std::optional<MemberId> again, std::uint32_t incarnation,
                      Member& entry) {
  site.store = std::make_unique<SealedStore>(site.disk, site.nonces, site.node_key);
  site.store->unlock(site.reader_key);
  auto transaction = site.store->begin();
  CHECK(transaction);
  Effects effects;
  const auto number = static_cast<std::size_t>(
      std::ranges::find(sites_, &site, &std::unique_ptr<Site>::get) - sites_.begin());
  Turn turn{authority_time(), {now_}, **transaction, site.entropy, effects};
  auto request =
      Node::initialise({authority_->network_file(), site.name, site.kind,
                        "tcp://127.0.0.1:" + std::to_string(7000 + number), again, incarnation},
                       turn);
  CHECK(request);
  CHECK((*transaction)->commit());
  auto admitted = parse_join_request(*request);
  CHECK(admitted);
  entry = admitted->member;
  site.id = entry.id;
  site.incarnation = incarnation;
  site.transport = entry.transport;
  site.author_keys.insert(entry.author);
}

Timestamp World::authority_time() const {
  return {wall_start_ms + now_};
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
  if (!endings_.empty()) {
    check_endings();
  }
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

bool World::run_until(const std::function<bool()>& done, Duration at_most, Duration every) {
  const std::uint64_t until = now_ + at_most.ms;
  while (!done() && now_ < until && broken_.empty()) {
    run_for(every);
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
      if (!admits(event.from, to) || !admits(to, event.from)) {
        return;  // tried again when either side's list of peers changes
      }
      connection.up = true;
      connection.up_since = now_;
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
      const bool late = connection.ended_epoch == event.epoch && connection.ended_epoch != 0 &&
                        now_ <= connection.ended_at + link_delay_ms_max;
      const bool stands = connection.up && connection.epoch == event.epoch;
      if (!site.node || (!stands && !late)) {
        return;
      }
      note("deliver", event.from, to, event.frame);
      const bool barred = bars(to, event.from);
      const std::uint64_t entries = site.node->ledger().size();
      (void)turn(to, [&](Node& node, Turn& turn) {
        const Status received = node.receive(sites_[event.from]->id, event.frame, turn);
        return !received && received.error().blame == Blame::environment ? received : Status{};
      });
      if (barred && site.node) {
        check_barred(to, event.from, entries);
      }
      return;
    }
    case Event::Kind::new_transport:
      if (site.node) {
        use_transport(to);
      }
      return;
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
  options.erase_on_request = who % 2 == 1;  // the others keep it for people to decide
  auto opened = Node::open(options, turn);
  const bool good = opened && opened->finish(turn) && (*transaction)->commit();
  note("start", who, good ? 1 : 0);
  if (!good) {
    site.disk.crash();
    schedule(now_ + 5'000, {Event::Kind::restart, who, who, 0, {}});
    return;
  }
  site.node = std::move(*opened);
  introduce_people(who);
  use_transport(who);
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
    const std::size_t peer = site_of(ended.peer);
    Connection& inbound = connections_[{peer, who}];
    if (inbound.up) {
      inbound.ended_epoch = inbound.epoch;
      inbound.ended_at = now_;
    }
    end_session(who, peer);
    end_session(peer, who);
  }
  for (const SendFrame& frame : effects.frames) {
    const bool sealed = frame.frame[0] == static_cast<std::uint8_t>(FrameType::envelope);
    if (sealed && bars(who, site_of(frame.peer))) {
      fail(site.name + " seals for a member that it knows to be barred");
    }
    send(who, frame);
  }
  if (effects.transport_changed) {
    schedule(now_ + transport_change_delay_ms, {Event::Kind::new_transport, who, who, 0, {}});
  }
  if (effects.peers_changed) {
    review_links(who);
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
  Decision decision;
  if (decline) {
    decision.reason = DeclineReason::no_capacity;
  }
  decision.text = FreeText{"en", canary};
  return encode(decision);
}

std::string World::canary_for(FormField field) {
  std::string digits = std::to_string(random_.below(1'000'000'000'000'000));
  digits.insert(0, field_canary_digits - digits.size(), '0');
  canaries_.push_back(std::string(field_canary_prefix) + digits);
  words_[canaries_.back()] = {CaseId{}, field};
  return canaries_.back();
}

std::optional<StatusFile> World::status_file_of(std::size_t who, const CaseId& id) {
  if (id.bytes[15] % 2 == 1) {
    return std::nullopt;
  }
  std::uint64_t number = who;
  for (std::size_t i = 8; i < 14; ++i) {
    number = number << 8U | id.bytes[i];
  }
  std::string digits = std::to_string(number % 1'000'000'000'000'000);
  digits.insert(0, field_canary_digits - digits.size(), '9');
  const std::string word = std::string(field_canary_prefix) + digits;
  if (words_.try_emplace(word, id, FormField::status_evidence).second) {
    canaries_.push_back(word);
    deciders_[word] = who;
  }
  StatusFile file;
  file.evidence = {{"simulated", FreeText{"en", word}, {}}};
  return file;
}

// A word of its own in every tier, and consents of all widths.
Bytes World::referral_with_canaries(std::size_t from, const CaseId& id) {
  ReferralForm form;
  form.triage = {random_.once_in(4) ? Urgency::emergency : Urgency::normal,
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
  const auto word = [&](FormField field) {
    std::string said = canary_for(field);
    words_[said].first = id;
    return said;
  };
  form.contact.emplace();
  form.contact->alias = word(FormField::contact_alias);
  form.contact->safe_contact = {SafeContactMethod::phone, word(FormField::contact_safe_contact), "",
                                "", false};
  form.facts.emplace();
  form.facts->guardian = Guardian{word(FormField::case_guardian), "aunt", ""};
  form.sealed.emplace();
  form.sealed->narrative =
      FreeText{"en", word(FormField::sealed_narrative) + std::string(random_.below(3000), 'x')};
  if (random_.once_in(2)) {
    form.sealed->health = FreeText{"en", word(FormField::sealed_health)};
  }
  form.consent.given_by = ConsentGiver::self;
  form.consent.mode = ConsentMode::signed_paper;
  form.consent.text_version = "consent/1";
  form.consent.language = "tg";
  form.consent.date = "2026-09-21";
  form.consent.scope = draw_scopes();
  forms_[id] = {from, form.triage.urgency == Urgency::emergency, form.consent, {}, {}};
  return encode(form);
}

Result<MessageId> World::submit(std::size_t who, const Submission& submission, const Actor& actor) {
  Result<Accepted> accepted = caller_error(Code::unavailable, "the node is down");
  const bool committed = turn(who, [&](Node& node, Turn& turn) {
    accepted = node.submit(submission, actor, turn);
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
    model_sender(who, actor, accepted->case_id, !submission.case_id);
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
    if (actor.role == Role::integration) {
      submissions_.emplace_back(who, submission);
    }
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
  const auto known = model_.find(submission.message);
  if (!trustworthy(who) || known == model_.end() || known->second.lost) {
    return;
  }
  note("again", who);
  const std::uint64_t entries = sites_[who]->node ? sites_[who]->node->ledger().size() : 0;
  const auto again = submit(who, submission);
  const bool erased =
      !again && again.error().code == Code::erased && has_erased(who, known->second.case_id);
  if (!again && !erased && again.error().blame == Blame::caller &&
      again.error().code != Code::unavailable && again.error().code != Code::locked) {
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

Result<MessageId> World::refer(std::size_t from, std::vector<std::size_t> to, const Actor& actor) {
  Submission submission;
  submission.message = draw_message_id();
  submission.kind = EventKind::referral_send;
  for (const std::size_t recipient : to) {
    submission.to.push_back(sites_[recipient]->id);
  }
  submission.body = referral_with_canaries(from, *CaseId::from(submission.message.view()));
  return submit(from, submission, actor);
}

Result<MessageId> World::decide(std::size_t who, const CaseId& id, bool accept) {
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = accept ? EventKind::referral_accept : EventKind::referral_decline;
  submission.body = body_with_canary(submission.kind, !accept);
  if (const auto form = forms_.find(id); form != forms_.end() && accept) {
    form->second.accepted.insert(who);
  }
  return submit(who, submission);
}

Result<MessageId> World::disclose(std::size_t who, std::size_t to, const CaseId& id) {
  const auto shown = case_view(who, id);
  if (!shown || shown->events.empty()) {
    return caller_error(Code::not_found, "no such case there");
  }
  DisclosedFields asked;
  asked.about = shown->events.front().digest;
  asked.fields |= {
      random_.pick(fields_of({DisclosureTier::t2, DisclosureTier::t3, DisclosureTier::t4}).list())};
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = EventKind::tier_disclose;
  submission.to = {sites_[to]->id};
  submission.body = encode(asked);
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

Result<MessageId> World::tell(std::size_t who, const CaseId& id, EventKind kind,
                              std::vector<std::size_t> to) {
  const Rule& rule = *find_rule(kind);
  const auto shown = case_view(who, id);
  if (!shown || shown->events.empty()) {
    return caller_error(Code::not_found, "no such case there");
  }
  Particulars said;
  const auto says = [&](Field field) {
    return rule.needed.has(field) || (rule.allowed.has(field) && random_.once_in(2));
  };
  if (says(Field::about)) {
    // Mostly something that it can be about.
    const TrackState& track = random_.pick(shown->tracks);
    const Digest any = random_.pick(shown->events).digest;
    said.about = random_.once_in(4) || track.about.is_zero() ? any : track.about;
  }
  if (says(Field::code)) {
    const auto codes = names_of(rule.codes);
    said.code = codes.empty() ? "simulated" : codes[random_.below(codes.size())].name;
  }
  if (says(Field::text) || said.code == "other") {
    canaries_.push_back(std::string(canary_prefix) + std::to_string(random_.next()));
    said.text = FreeText{"en", canaries_.back()};
  }
  if (says(Field::until)) {
    said.until = {wall(who).ms + random_.below(days(2).ms)};
  }
  if (says(Field::member)) {
    said.member = random_.pick(sites_)->id;
  }
  if (says(Field::outcome)) {
    said.outcome = random_.pick(rule.to.list());
  }
  if (says(Field::money)) {
    said.amount = 1 + random_.below(100'000);
    said.currency = "TJS";
  }
  if (may_have_status_file(kind)) {
    said.status_file = status_file_of(who, id);
  }
  Submission submission;
  submission.message = draw_message_id();
  submission.case_id = id;
  submission.kind = kind;
  submission.body = encode(said);
  for (const std::size_t recipient : to) {
    submission.to.push_back(sites_[recipient]->id);
  }
  return submit(who, submission);
}

void World::erase(std::size_t who, const CaseId& id, bool ask_others) {
  Site& site = *sites_[who];
  if (!site.node || site.locked || !trustworthy(who)) {
    return;
  }
  const MemoryStore::Rows before = site.disk.rows();
  bool gone = false;
  const bool committed = turn(who, [&](Node& node, Turn& turn) {
    const auto erased = node.erase_case(id, ErasureReason::withdrawal, ask_others, turn);
    gone = erased && !erased->before;
    const bool failed = !erased && erased.error().blame == Blame::environment;
    return failed ? Status(tl::unexpected(erased.error())) : Status{};
  });
  note("erase", who, gone ? 1 : 0, id.view());
  if (committed && gone && site.node) {
    if (!has_erased(who, id)) {
      fail(site.name + " erased a case without an entry that proves it");
    }
    check_destroyed(who, id, before);
  }
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
      if (sent.author == who && !sent.lost) {
        const auto shown = message(who, id);
        if (!shown && shown.error().blame != Blame::environment && !site.locked &&
            trustworthy(who) && !has_erased(who, sent.case_id)) {
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
  sites_[who]->image_people = sites_[who]->people;
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
  sites_[who]->clock_moved = ms != sites_[who]->wall_offset_ms ? now_ : sites_[who]->clock_moved;
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
  const Member* member =
      sites_[from]->node ? sites_[from]->node->membership().find(sites_[to]->id) : nullptr;
  if (member == nullptr) {
    return;
  }
  const auto sheet = ask<VerifiedKeySheet>(
      *sites_[from]->store, wall(from), {now_}, sites_[from]->entropy,
      [&](Turn& turn) -> Result<VerifiedKeySheet> {
        HAMROH_ASSIGN(const std::optional<Bytes> file,
                      turn.store.get(Table::peer, PeerRecord::key_sheet_key(member->id)));
        return verify_key_sheet(file.value_or(Bytes{}), authority_->network(), member->id,
                                member->incarnation, member->author);
      });
  if (!sheet) {
    return;
  }
  const auto frame = seal_envelope(content, authority_->network(), member->id,
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
  endings_.clear();
  for (auto& site : sites_) {
    site->too_many_keys_since.reset();
    site->suspensions_differ_since.reset();
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
  heal_membership();
}

}  // namespace hamroh::sim
