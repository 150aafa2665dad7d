// Who is a member of a simulated network: what administrators, thieves of their keys and members do
// about it, what the links make of it, and what must always be true of it.

#include <algorithm>
#include <utility>

#include "tests/sim/world_site.h"

namespace hamroh::sim {
namespace {

constexpr std::size_t members_most = 9;
constexpr Duration sessions_end_within = seconds(5);
// A node looks at its suspensions when it wakes for one; a turn may come between.
constexpr Duration suspensions_may_differ_for = seconds(2);

}  // namespace

// ---- links ------------------------------------------------------------------------------------

// Whether `who`'s link takes a session with the other: as CURVE and ZAP do it, by its real key.
bool World::admits(std::size_t who, std::size_t other) const {
  if (!sites_[who]->node) {
    return false;
  }
  return std::ranges::any_of(sites_[who]->node->addresses(), [&](const PeerAddress& address) {
    return address.member == sites_[other]->id && address.transport == sites_[other]->transport;
  });
}

// Whether `who` knows that the other may not speak.
bool World::bars(std::size_t who, std::size_t other) const {
  if (!sites_[who]->node || sites_[who]->node->directory() == nullptr) {
    return false;
  }
  const Node& node = *sites_[who]->node;
  const Member* entry = node.membership().find(sites_[other]->id);
  return (entry != nullptr && entry->state == MemberState::revoked) ||
         std::ranges::any_of(node.suspensions(), [&](const ActiveSuspension& suspension) {
           return suspension.member == sites_[other]->id;
         });
}

bool World::has_session(std::size_t from, std::size_t to) const {
  const auto found = connections_.find({from, to});
  return found != connections_.end() && found->second.up;
}

void World::end_session(std::size_t from, std::size_t to) {
  Connection& connection = connections_[{from, to}];
  if (!connection.up) {
    return;
  }
  connection.up = false;
  ++connection.epoch;
  if (sites_[from]->node) {
    sites_[from]->node->peer_down(sites_[to]->id);
    schedule_tick(from);
  }
}

// The list of peers has changed here: sessions that it does not allow end, others may begin.
void World::review_links(std::size_t who) {
  for (std::size_t other = 0; other < sites_.size(); ++other) {
    if (other == who) {
      continue;
    }
    const bool may = admits(who, other) && admits(other, who);
    for (const auto& [from, to] : {std::pair{who, other}, std::pair{other, who}}) {
      if (!may) {
        end_session(from, to);
      } else {
        dial(from, to);
      }
    }
  }
}

// The link begins with the transport key that the node holds now.
void World::use_transport(std::size_t who) {
  Site& site = *sites_[who];
  const auto key = ask<TransportKey>(
      *site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) -> Result<TransportKey> {
        HAMROH_ASSIGN(const AgreementKey secret, site.node->transport_secret(turn));
        return *TransportKey::from(crypto::x25519_public(secret).view());
      });
  if (!key || *key == site.transport) {
    return;
  }
  note("transport", who);
  site.transport = *key;
  drop_connections(who);
  review_links(who);
}

// ---- giving statements to members -------------------------------------------------------------

bool World::give(std::size_t who, const Bytes& file) {
  bool taken = false;
  (void)turn(who, [&](Node& node, Turn& turn) {
    const Status installed = node.install(file, turn);
    taken = installed.has_value();
    return !installed && installed.error().blame == Blame::environment ? installed : Status{};
  });
  return taken && sites_[who]->node;
}

std::vector<std::size_t> World::in_any_order() {
  std::vector<std::size_t> order;
  const std::size_t first = random_.below(sites_.size());
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    order.push_back((first + i) % sites_.size());
  }
  return order;
}

// To the member named, or to the first of all that takes it. What nobody can take now is given to
// somebody later, before anything newer.
std::optional<std::size_t> World::pass(const Bytes& file, std::optional<std::size_t> to) {
  log_.push_back(file);
  const auto offer = [&](const Bytes& one) -> std::optional<std::size_t> {
    for (const std::size_t who : in_any_order()) {
      if (trustworthy(who) && running(who) && give(who, one)) {
        return who;
      }
    }
    return std::nullopt;
  };
  while (!undelivered_.empty() && offer(undelivered_.front())) {
    undelivered_.erase(undelivered_.begin());
  }
  if (to && undelivered_.empty() && give(*to, file)) {
    return to;
  }
  const auto taken = undelivered_.empty() ? offer(file) : std::nullopt;
  // A suspension that nobody takes has no room; anything else is what the next ones build on.
  if (!taken && statement_kind(file) != StatementKind::suspension) {
    undelivered_.push_back(file);
  }
  return taken;
}

// ---- administrators ---------------------------------------------------------------------------

std::uint64_t World::publish_directory(std::optional<std::size_t> to) {
  if (authority_->is_split()) {
    return authority_->newest().value().version;
  }
  const Bytes file = authority_->publish(authority_time());
  const auto first = pass(file, to);
  const std::uint64_t version = authority_->newest().value().version;
  note("directory", first.value_or(SIZE_MAX), version);
  return version;
}

void World::change_capabilities(std::size_t who) {
  if (authority_->is_split()) {
    return;
  }
  constexpr std::array capabilities{Capability::refer_send, Capability::refer_receive,
                                    Capability::refer_decide};
  const Capability one = capabilities[random_.below(capabilities.size())];
  Capabilities& all = authority_->entry(sites_[who]->id)->capabilities;
  all.has(one) ? all.take(one) : all.give(one);
  note("capabilities", who, static_cast<std::uint64_t>(one));
  (void)publish_directory();
}

void World::revoke(std::size_t who, std::optional<std::size_t> to) {
  Member& entry = *authority_->entry(sites_[who]->id);
  const auto active =
      std::ranges::count(authority_->draft().members, MemberState::active, &Member::state);
  if (authority_->is_split() || entry.state == MemberState::revoked || active <= 2) {
    return;
  }
  note("revoke", who);
  entry.state = MemberState::revoked;
  entry.position = sites_[who]->committed_size;
  const Bytes file = authority_->publish(authority_time());
  if (const auto first = pass(file, to); first && options_.calm) {
    endings_.push_back({who, *first, now_ + sessions_end_within.ms});
  }
}

void World::restore(std::size_t who) {
  Member& entry = *authority_->entry(sites_[who]->id);
  if (authority_->is_split() || entry.state == MemberState::active) {
    return;
  }
  note("restore member", who);
  entry.state = MemberState::active;
  entry.position = 0;
  (void)publish_directory((who + 1) % sites_.size());  // nobody would let itself in to say so
}

std::uint64_t World::ledger_size(std::size_t who) const {
  return sites_[who]->committed_size;
}

void World::suspend(std::size_t who, Duration length, std::optional<std::size_t> to) {
  note("suspend", who, length.ms);
  const auto first = pass(authority_->suspend(sites_[who]->id, authority_time(), length), to);
  if (first && options_.calm && bars(*first, who)) {
    endings_.push_back({who, *first, now_ + sessions_end_within.ms});
  }
}

void World::lift(std::size_t who) {
  note("lift", who);
  (void)pass(authority_->lift(sites_[who]->id, authority_time()), std::nullopt);
}

bool World::amend(Authority::Change change) {
  const auto file = authority_->amend(change, authority_time());
  if (!file) {
    return false;
  }
  note("constitution", static_cast<std::uint64_t>(change),
       authority_->constitution().value().version);
  const auto first = pass(*file, std::nullopt);
  (void)publish_directory(first);
  return true;
}

void World::countersign(std::uint8_t purposes) {
  if (authority_->is_split()) {
    return;
  }
  note("countersign", purposes);
  authority_->draft().countersigned = purposes;
  // What was changed without the administrators until now stands only if they take it over.
  for (std::size_t who = 0; who < sites_.size(); ++who) {
    (void)take_over(who);
  }
  (void)publish_directory();
}

std::optional<std::size_t> World::admit() {
  if (sites_.size() >= members_most || authority_->is_split()) {
    return std::nullopt;
  }
  const std::size_t who = sites_.size();
  note("admit", who);
  sites_.push_back(std::make_unique<Site>(random_.fork()));
  Site& site = *sites_.back();
  site.kind = who % 2 == 0 ? MemberKind::ngo : MemberKind::provider;
  site.name = std::string(member_kind_name(site.kind)) + "-" + std::to_string(who);
  Member entry;
  make_site(site, std::nullopt, 1, entry);
  authority_->admit(entry);
  (void)publish_directory(std::nullopt);
  start(who);
  (void)give(who, authority_->complete());
  return who;
}

// Two administrators sign two directories of one version, and give them to different members.
void World::split_view() {
  const std::size_t one = random_.below(sites_.size());
  const std::size_t other = (one + 1) % sites_.size();
  const std::uint64_t version = authority_->newest().value().version;
  const auto follows = [&](std::size_t who) {
    return running(who) && trustworthy(who) && node(who).directory() != nullptr &&
           node(who).membership().version() == version &&
           node(who).membership().constitution().value().version ==
               authority_->constitution().value().version;
  };
  if (authority_->is_split() || !follows(one) || !follows(other)) {
    return;
  }
  note("split", one, other);
  const auto [first, second] = authority_->publish_two(authority_time());
  (void)give(one, first);
  (void)give(other, second);
  log_.push_back(first);
}

// ---- members ----------------------------------------------------------------------------------

Status World::rotate(std::size_t who, const RotationAsk& ask) {
  Site& site = *sites_[who];
  Result<RotationOutcome> outcome = caller_error(Code::unavailable, "the node is down");
  const bool committed = turn(who, [&](Node& node, Turn& turn) {
    outcome = node.rotate(ask, turn);
    if (outcome && !outcome->statement.empty()) {
      // Even a statement of a turn that will be lost has been signed, and may be seen.
      authority_->add_rotation(outcome->statement);
    }
    const bool failed = !outcome && outcome.error().blame == Blame::environment;
    return failed ? Status(tl::unexpected(outcome.error())) : Status{};
  });
  if (!outcome) {
    return tl::unexpected(outcome.error());
  }
  site.epochs_retired.push_back(ask.epoch ? now_ : 0);
  if (outcome->statement.empty()) {
    note("rotate epochs", who);
    return {};
  }
  if (!committed) {
    return environment_error(Code::store_failed, "the turn was lost");
  }
  note("rotate", who, outcome->waits ? 1 : 0, outcome->statement);
  const auto rotation = verify_rotation(authority_->network(), outcome->statement);
  CHECK(rotation);
  site.author_keys.insert(rotation->value().author);
  site.newest_rotation = outcome->statement;
  if (!outcome->waits) {
    log_.push_back(outcome->statement);
  }
  return {};
}

// The member's newest rotation goes into the next version of the directory.
bool World::take_over(std::size_t who) {
  Site& site = *sites_[who];
  if (!site.newest_rotation || authority_->is_split()) {
    return false;
  }
  const auto rotation = verify_rotation(authority_->network(), *site.newest_rotation);
  site.newest_rotation.reset();
  Member& entry = *authority_->entry(site.id);
  const Rotation& value = rotation->value();
  if (entry.incarnation != value.incarnation || entry.key_serial >= value.serial) {
    return false;
  }
  note("agree", who);
  entry = rotation->applied_to(entry);
  return true;
}

void World::agree_to_rotation(std::size_t who, std::optional<std::size_t> to) {
  if (take_over(who)) {
    (void)publish_directory(to ? *to : who);  // if nobody is named, who waits for it comes first
  }
}

void World::reincarnate(std::size_t who, std::uint64_t position) {
  Site& site = *sites_[who];
  Member& entry = *authority_->entry(site.id);
  if (authority_->is_split() || entry.state == MemberState::revoked) {
    return;
  }
  note("reincarnate", who, position);
  crash(who);
  forget_old_incarnation(who, position);
  site.disk.restore({});
  site.disk.set_capacity(0);
  crash_at(who, UINT64_MAX / 2);
  Member next;
  make_site(site, site.id, entry.incarnation + 1, next);
  next.capabilities = entry.capabilities;
  next.position = position;
  entry = next;
  (void)publish_directory();
  if (!site.node) {
    start(who);
  }
  (void)give(who, authority_->complete());
}

// As `hamroh restore` and `hamroh node return` do it.
Result<ReturnedMember> World::come_back(Site& site) {
  site.store = std::make_unique<SealedStore>(site.disk, site.nonces, site.node_key);
  site.store->unlock(site.reader_key);
  HAMROH_ASSIGN(auto transaction, site.store->begin());
  Effects effects;
  Turn turn{authority_time(), {now_}, *transaction, site.entropy, effects};
  HAMROH_TRY(turn.store.put(Table::meta, row::restored, Bytes{1}));
  HAMROH_ASSIGN(ReturnedMember returned, Node::come_back({encode_history(log_), {}, false}, turn));
  HAMROH_TRY(transaction->commit());
  return returned;
}

bool World::return_from_image(std::size_t who) {
  Site& site = *sites_[who];
  Member& entry = *authority_->entry(site.id);
  const bool may = site.image && !site.rolled_back && !site.stays_down && !authority_->is_split() &&
                   entry.state != MemberState::revoked;
  if (!may) {
    return false;
  }
  note("return", who, site.image_size);
  crash(who);
  const MemoryStore::Rows image = *site.image;
  const std::uint64_t position = site.image_size;
  std::vector<MessageId> own;
  for (auto& [id, sent] : model_) {
    if (sent.author == who) {
      sent.shown.clear();  // as far as the image knew
      if (!std::exchange(sent.lost, true)) {
        own.push_back(id);  // nobody looks before it is known what has come back
      }
      continue;
    }
    const auto opened = site.opened.find({sites_[sent.author]->id, id});
    if (opened != site.opened.end() && opened->second.last >= position) {
      sent.again.insert(who);
      site.opened_before.insert(opened->first);
    } else if (opened == site.opened.end() && site.judged.contains({sites_[sent.author]->id, id})) {
      sent.settled_before.insert(who);
    }
  }
  forget_site(site);
  site.people.given = site.image_people.given;  // to whom its cases were given stands on the disk
  site.disk.restore(image);
  site.disk.set_capacity(0);
  crash_at(who, UINT64_MAX / 2);
  const auto returned = come_back(site);
  const auto request = returned ? parse_join_request(returned->request)
                                : Result<JoinRequest>(tl::unexpected(returned.error()));
  if (!request || returned->position != position) {
    fail("a member cannot come back from its image");
    return false;  // the run ends here
  }
  Member next = request->member;
  next.capabilities = entry.capabilities;
  next.position = position;
  entry = next;
  site.incarnation = next.incarnation;
  site.transport = next.transport;
  site.author_keys.insert(next.author);
  site.epochs_retired.push_back(now_);
  (void)publish_directory();
  if (!site.node) {
    start(who);
  }
  (void)give(who, authority_->complete());
  for (const MessageId& id : own) {
    // What it sent after the image is with its recipients only.
    model_.at(id).lost = !message(who, id);
  }
  return true;
}

// What the model knew of the lost machine. Its own messages went with its disk; what others had
// receipts for from `position` on must reach it once more.
void World::forget_old_incarnation(std::size_t who, std::uint64_t position) {
  Site& site = *sites_[who];
  for (auto& [id, sent] : model_) {
    if (sent.author == who) {
      sent.lost = true;
      continue;
    }
    const Site::Key key{sites_[sent.author]->id, id};
    const auto opened = site.opened.find(key);
    if (opened != site.opened.end() && opened->second.last >= position) {
      sent.again.insert(who);
    }
    const bool surely = opened != site.opened.end() && opened->second.first >= position;
    if (!surely && site.judged.contains(key)) {
      sent.settled_before.insert(who);
    }
  }
  for (const auto& [key, places] : site.opened) {
    site.opened_before.insert(key);
  }
  site.erased_before.merge(site.erased);
  site.erased.clear();
  forget_site(site);
}

// What was read from its ledger and seen of it, to be read and seen again.
void World::forget_site(Site& site) {
  site.opened.clear();
  site.judged.clear();
  site.returned.clear();
  site.examined = 0;
  site.people = {};
  site.services_serials.clear();
  site.committed_size = 0;
  site.committed_root = Digest{};
  site.directory_version = 0;
  site.constitution_version = 0;
  site.rolled_back = false;
  site.lost_entries = false;
  site.stays_down = false;
  site.locked = false;
  site.superseded = false;
  site.image.reset();
  site.anchor.reset();
  site.newest_rotation.reset();
  site.membership = Digest{};
  site.suspended.clear();
  site.replayed.reset();
  site.side.reset();
  site.next_tick.reset();
  site.too_many_keys_since.reset();
  site.suspensions_differ_since.reset();
}

// ---- thieves ----------------------------------------------------------------------------------

void World::forge_directory() {
  const std::size_t victim = random_.below(sites_.size());
  const bool old = random_.once_in(2);
  note(old ? "old directory" : "forged directory", victim);
  (void)give(victim,
             old ? authority_->old_directory() : authority_->forged_directory(authority_time()));
}

void World::forge_rotation() {
  const std::size_t to = random_.below(sites_.size());
  const std::size_t about = random_.below(sites_.size());
  const Member* victim = running(to) ? node(to).membership().active(sites_[about]->id) : nullptr;
  note("forged rotation", to, about);
  if (victim != nullptr && give(to, authority_->forged_rotation(*victim, authority_time()))) {
    fail(sites_[to]->name + " takes keys that are not the member's");
  }
}

void World::lie_as_administrator() {
  const std::size_t to = random_.below(sites_.size());
  const std::size_t about = random_.below(sites_.size());
  const MemberId member = sites_[about]->id;
  const Timestamp now = authority_time();
  const auto lie = random_.below(7);
  note("administrator lies", to, lie);
  const auto refused = [&](const Bytes& file, const char* what) {
    if (give(to, file)) {
      fail(sites_[to]->name + " takes " + what);
    }
  };
  switch (lie) {
    case 0:
      return refused(authority_->forged_directory(now), "a directory that too few have signed");
    case 1:
      return refused(authority_->forged_constitution(now),
                     "a constitution that too few have signed");
    case 2: {
      const Bytes file = authority_->forged_lift(member, now);
      const bool knows_who_was_replaced =
          running(to) && node(to).membership().constitution().value().version ==
                             authority_->constitution().value().version;
      if (give(to, file) && knows_who_was_replaced) {
        fail(sites_[to]->name + " takes a lift that one has signed");
      }
      return;
    }
    case 3:
      return refused(authority_->overlong_suspension(member, now), "a suspension of 73 hours");
    case 4: {  // backdated
      const Timestamp from{now.ms - random_.below(days(20).ms)};
      (void)give(to, authority_->suspend_alone(member, from, from + hours(72)));
      return;
    }
    case 5: {  // more than anybody may sign
      const std::size_t many = 1 + random_.below(40);
      for (std::size_t i = 0; i < many && running(to); ++i) {
        const MemberId another = sites_[random_.below(sites_.size())]->id;
        const Timestamp from{now.ms - random_.below(hours(1).ms)};
        (void)give(to, authority_->suspend_alone(another, from, from + minutes(1 + i)));
      }
      return;
    }
    default:
      (void)give(to, authority_->suspend_alone(member, now, now + minutes(1 + random_.below(300))));
      return;
  }
}

// ---- healing ----------------------------------------------------------------------------------

// The thief is replaced, suspensions are lifted, revoked members are mostly restored. One member is
// handed everything that enough have signed; so is who cannot be reached any more.
void World::heal_membership() {
  if (!authority_->is_split()) {
    if (!amend(Authority::Change::replace_thief)) {
      (void)publish_directory();
      (void)amend(Authority::Change::replace_thief);
    }
    for (std::size_t who = 0; who < sites_.size(); ++who) {
      agree_to_rotation(who);
      if (!random_.once_in(3)) {
        restore(who);
      }
    }
  }
  for (std::size_t who = 0; who < sites_.size(); ++who) {
    lift(who);
  }
  visit_cut_off();
}

void World::visit_cut_off() {
  std::set<std::size_t> reached;
  for (std::size_t who = 0; who < sites_.size(); ++who) {
    if (running(who) && trustworthy(who) && !reached.contains(who)) {
      hand_over(who);
      add_reached(who, reached);
    }
  }
  // Whoever was down for long is not sure of the time; one that had stopped because its keys were
  // not the listed ones begins again.
  for (std::size_t who = 0; who < sites_.size(); ++who) {
    if (running(who) && node(who).view().clock_suspect) {
      (void)turn(who, [](Node& node, Turn& turn) { return node.confirm_clock(turn); });
    }
    if (running(who) && sites_[who]->superseded && node(who).view().standing == Standing::member) {
      sites_[who]->superseded = false;
      crash(who);
    }
  }
}

// Everything that enough have signed, by hand.
void World::hand_over(std::size_t who) {
  note("hand over", who);
  if (node(who).directory() == nullptr) {
    (void)give(who, authority_->complete());
  }
  for (const Bytes& file : log_) {
    (void)give(who, file);
  }
}

// Whoever can be told by `who`, directly or through others.
void World::add_reached(std::size_t who, std::set<std::size_t>& reached) const {
  reached.insert(who);
  for (std::size_t other = 0; other < sites_.size(); ++other) {
    if (!reached.contains(other) && trustworthy(other) && admits(who, other) &&
        admits(other, who)) {
      add_reached(other, reached);
    }
  }
}

// ---- what must be true ------------------------------------------------------------------------

// Membership is the replay of what was signed, and nothing else.
void World::check_membership(std::size_t who) {
  Site& site = *sites_[who];
  const Membership& membership = site.node->membership();
  const VerifiedDirectory* directory = membership.directory();
  if (directory == nullptr) {
    return;
  }
  site.superseded = site.superseded || site.node->view().standing == Standing::superseded;
  const VerifiedConstitution& constitution = membership.constitution();
  const std::vector<Bytes> suspensions = membership.suspension_files();
  const std::vector<Bytes> rotations = membership.rotation_files();
  Bytes all;
  append(all, constitution.hash().view());
  append(all, directory->hash().view());
  for (const auto& files : {suspensions, rotations}) {
    for (const Bytes& file : files) {
      append(all, crypto::sha256({file}).view());
    }
  }
  const Digest made_of = crypto::sha256({all});
  if (made_of != site.membership) {
    site.membership = made_of;
    if (!authority_->has_signed_directory(directory->hash())) {
      fail(site.name + " follows a directory that too few have signed");
    }
    if (!authority_->has_signed_constitution(constitution.hash())) {
      fail(site.name + " follows a constitution that too few have signed");
    }
    const bool back = directory->value().version < site.directory_version ||
                      constitution.value().version < site.constitution_version;
    if (back && trustworthy(who)) {
      fail(site.name + " went back to an older membership");
    }
    site.directory_version = directory->value().version;
    site.constitution_version = constitution.value().version;
    const bool made =
        std::ranges::all_of(suspensions,
                            [&](const Bytes& file) { return authority_->has_made(file); }) &&
        std::ranges::all_of(rotations,
                            [&](const Bytes& file) { return authority_->has_made(file); });
    if (!made) {
      fail(site.name + " took a statement that nobody has made");
    }
    if (authority_->is_split() && directory->value().version == authority_->split_version()) {
      if (site.side && *site.side != directory->hash() && trustworthy(who)) {
        fail(site.name + " took the other one of two directories");
      }
      site.side = directory->hash();
    }
    auto replayed =
        authority_->replay(constitution.value().version, directory->hash(), rotations, suspensions);
    if (!replayed) {
      fail(site.name + "'s statements do not replay: " + replayed.error().text);
      return;
    }
    site.replayed = std::move(*replayed);
    for (const Member& member : directory->value().members) {
      const Member* here = membership.find(member.id);
      const Member* there = site.replayed->find(member.id);
      if (here == nullptr || there == nullptr || *here != *there) {
        fail(site.name + " has another membership than what was signed gives");
      }
    }
  }
  const bool clock_moved = site.wall_offset_ms != 0 || now_ - site.clock_moved < minutes(2).ms;
  if (!site.replayed || clock_moved || site.node->view().clock_suspect) {
    site.suspensions_differ_since.reset();
    return;
  }
  std::set<MemberId> expected;
  for (const ActiveSuspension& one : site.replayed->suspensions(wall(who))) {
    expected.insert(one.member);
  }
  std::set<MemberId> shown;
  std::map<AdminKey, std::size_t> alone;
  for (const ActiveSuspension& one : site.node->suspensions()) {
    shown.insert(one.member);
    const bool few = one.signers.size() < constitution.value().threshold;
    if (few && ++alone[*one.signers.begin()] > 1) {
      fail(site.name + " counts two suspensions of one administrator");
    }
  }
  if (expected == shown) {
    site.suspensions_differ_since.reset();
  } else if (!site.suspensions_differ_since) {
    site.suspensions_differ_since = now_;
  } else if (now_ - *site.suspensions_differ_since > suspensions_may_differ_for.ms) {
    fail(site.name + " has others suspended than what was signed gives");
  }
}

// A frame of a member known to be barred has come: it may leave no trace.
void World::check_barred(std::size_t who, std::size_t from, std::uint64_t entries_before) {
  Site& site = *sites_[who];
  const MemberId author = sites_[from]->id;
  (void)ask<bool>(*site.store, wall(who), {now_}, site.entropy, [&](Turn& turn) {
    const Status visited =
        site.node->ledger().scan(turn.store, entries_before, [&](const LedgerRecord& record) {
          const bool acts =
              record.entry.kind == EntryKind::opened || record.entry.kind == EntryKind::refused ||
              record.entry.kind == EntryKind::held || record.entry.kind == EntryKind::settled ||
              record.entry.kind == EntryKind::stored;
          if (acts && record.reference.peer == author) {
            fail(site.name + " acts on a frame of " + sites_[from]->name + ", which is barred");
          }
          return true;
        });
    return visited ? Result<bool>(true) : tl::unexpected(visited.error());
  });
}

bool World::stands_since(std::size_t one, std::size_t other, std::uint64_t when) const {
  const auto stands = [&](std::size_t from, std::size_t to) {
    const auto found = connections_.find({from, to});
    return found != connections_.end() && found->second.up && found->second.up_since <= when;
  };
  return stands(one, other) && stands(other, one);
}

// Within five seconds after the first one knew, no session of its peers with a barred member is
// left.
void World::check_endings() {
  while (!endings_.empty() && endings_.front().by <= now_) {
    const Ending ending = endings_.front();
    endings_.erase(endings_.begin());
    const std::uint64_t told_since = ending.by - sessions_end_within.ms;
    if (!bars(ending.first, ending.member) || ending.first == ending.member) {
      continue;  // lifted, restored or over; or only the member itself has heard of it
    }
    for (std::size_t other = 0; other < sites_.size(); ++other) {
      const bool told = other == ending.first || stands_since(ending.first, other, told_since);
      for (const auto& pair : {std::pair{other, ending.member}, std::pair{ending.member, other}}) {
        const auto found = connections_.find(pair);
        if (told && found != connections_.end() && found->second.up &&
            found->second.up_since <= told_since) {
          fail(sites_[other]->name + " still has a session with " + sites_[ending.member]->name +
               ", which is barred");
        }
      }
    }
  }
}

// Everybody who may speak has the same membership in the end (on one side of a split).
std::optional<std::string> World::disagreement() {
  std::map<Digest, std::pair<std::size_t, Digest>> first;  // by directory
  for (std::size_t who = 0; who < sites_.size(); ++who) {
    if (!running(who) || !trustworthy(who) ||
        authority_->entry(sites_[who]->id)->state == MemberState::revoked) {
      continue;
    }
    const Membership& membership = node(who).membership();
    if (membership.directory() == nullptr) {
      return sites_[who]->name + " has no directory";
    }
    if (!authority_->is_split() && membership.directory()->hash() != authority_->newest().hash()) {
      return sites_[who]->name + " has directory " + std::to_string(membership.version()) + " of " +
             std::to_string(authority_->newest().value().version) + "";
    }
    Bytes all;
    append(all, membership.constitution().hash().view());
    for (const ActiveSuspension& one : node(who).suspensions()) {
      append(all, one.member.view());
    }
    for (const Member& member : membership.directory()->value().members) {
      append(all, encode_member(*membership.find(member.id)));
    }
    const Digest state = crypto::sha256({all});
    const auto [known, added] =
        first.emplace(membership.directory()->hash(), std::pair{who, state});
    if (!added && known->second.second != state) {
      return sites_[who]->name + " and " + sites_[known->second.first]->name +
             " have another membership";
    }
  }
  return std::nullopt;
}

// Members that were shown different directories and have met have both raised the alarm, and it
// names both heads.
std::optional<std::string> World::unalarmed() {
  if (!authority_->is_split()) {
    return std::nullopt;
  }
  const auto alarmed = [&](std::size_t who) {
    Site& site = *sites_[who];
    const auto alarms =
        ask<std::vector<AlarmRecord>>(*site.store, wall(who), {now_}, site.entropy,
                                      [&](Turn& turn) { return site.node->alarms(turn); });
    return alarms && std::ranges::any_of(*alarms, [&](const AlarmRecord& alarm) {
             const auto hash = [](const Bytes& file) {
               const auto parsed = parse_directory_file(file);
               return parsed ? directory_hash(parsed->head.payload) : Digest{};
             };
             const std::set<Digest> named{hash(alarm.here), hash(alarm.there)};
             const auto& both = authority_->split_hashes();
             return alarm.kind == AlarmKind::directory &&
                    named == std::set<Digest>{both[0], both[1]};
           });
  };
  for (std::size_t one = 0; one < sites_.size(); ++one) {
    for (std::size_t other = 0; other < sites_.size(); ++other) {
      const auto& here = sites_[one]->side;
      const auto& there = sites_[other]->side;
      if (here && there && *here != *there && has_session(one, other) && has_session(other, one) &&
          trustworthy(one) && trustworthy(other) && !alarmed(one)) {
        return sites_[one]->name + " and " + sites_[other]->name +
               " follow different directories, and the first of them has raised no alarm";
      }
    }
  }
  return std::nullopt;
}

}  // namespace hamroh::sim
