#include "protocol/node.h"

#include <utility>

namespace hamroh {
namespace {

const Bytes identity_key{'i', 'd'};
const Bytes clock_key{'c', 'l', 'o', 'c', 'k'};
const Bytes own_sheet_key{'s', 'h', 'e', 'e', 't'};
const Bytes transport_key{'t', 'r', 'a', 'n', 's', 'p', 'o', 'r', 't'};
const Bytes receipt_key{'r', 'e', 'c', 'e', 'i', 'p', 't'};
const Bytes witness_key{'w', 'i', 't', 'n', 'e', 's', 's'};
const Bytes author_key{'a', 'u', 't', 'h', 'o', 'r'};
constexpr std::size_t directory_chunk_bytes = 512 * 1024;
constexpr Duration expiry_interval = seconds(10);
constexpr Duration upkeep_interval = minutes(10);

Bytes directory_chunk_key(std::uint32_t chunk) {
  Bytes key{'d', 'i', 'r'};
  put_u32(key, chunk);
  return key;
}

Status put_secret(Transaction& store, Table table, ByteView key, const Secret<32>& secret) {
  return secret.expose([&](auto raw) { return store.put(table, key, raw); });
}

Result<Secret<32>> get_secret(Transaction& store, Table table, ByteView key) {
  HAMROH_ASSIGN(std::optional<Bytes> raw, store.get(table, key));
  if (!raw || raw->size() != 32) {
    return environment_error(Code::store_corrupt, "a secret key is missing from the store");
  }
  Secret<32> secret(ByteView(*raw).first<32>());
  crypto::wipe(*raw);
  return secret;
}

Secret<32> draw_secret(Entropy& entropy) {
  return Secret<32>::make([&](auto raw) { entropy.fill(raw); });
}

template <class Key>
Key key_as(const SigningPublicKey& key) {
  return *Key::from(key.view());
}

// Files larger than one row are kept in chunks; a shorter file erases the chunks that follow it.
Status put_directory_file(Transaction& store, ByteView file) {
  std::uint32_t chunk = 0;
  for (std::size_t at = 0; at < file.size(); at += directory_chunk_bytes) {
    const ByteView part = file.subspan(at, std::min(directory_chunk_bytes, file.size() - at));
    HAMROH_TRY(store.put(Table::meta, directory_chunk_key(chunk), part));
    ++chunk;
  }
  return store.erase(Table::meta, directory_chunk_key(chunk));
}

Result<Bytes> get_directory_file(Transaction& store) {
  Bytes file;
  for (std::uint32_t chunk = 0; file.size() <= limits::directory_bytes_max; ++chunk) {
    HAMROH_ASSIGN(std::optional<Bytes> part, store.get(Table::meta, directory_chunk_key(chunk)));
    if (!part) {
      break;
    }
    append(file, *part);
  }
  return file;
}

}  // namespace

Bytes Node::Identity::encode() const {
  Bytes out{1};
  append(out, network.view());
  append(out, member.view());
  put_u8(out, static_cast<std::uint8_t>(kind));
  put_u32(out, incarnation);
  put_u16(out, static_cast<std::uint16_t>(name.size()));
  append(out, hamroh::view(name));
  put_u16(out, static_cast<std::uint16_t>(endpoint.size()));
  append(out, hamroh::view(endpoint));
  append(out, constitution_file);
  return out;
}

Result<Node::Identity> Node::Identity::parse(ByteView bytes) {
  ByteReader reader(bytes);
  Identity identity;
  const bool known = reader.u8() == 1;
  identity.network = reader.fixed<NetworkId>();
  identity.member = reader.fixed<MemberId>();
  identity.kind = static_cast<MemberKind>(reader.u8());
  identity.incarnation = reader.u32();
  identity.name = text(reader.take(reader.u16()));
  identity.endpoint = text(reader.take(reader.u16()));
  const ByteView file = reader.take(reader.remaining());
  identity.constitution_file.assign(file.begin(), file.end());
  if (!known || !reader.finished()) {
    return environment_error(Code::store_corrupt, "the node's identity does not parse");
  }
  return identity;
}

// ---- Making and opening -----------------------------------------------------------------------

Result<Bytes> Node::initialise(const NewMember& member, Turn& turn) {
  HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(member.constitution_file));
  HAMROH_ASSIGN(const VerifiedConstitution constitution, verify_founding(file));
  HAMROH_ASSIGN(const std::optional<Bytes> present, turn.store.get(Table::meta, identity_key));
  if (present) {
    return caller_error(Code::conflict, "this home already holds a node");
  }
  Identity identity;
  identity.network = constitution.network();
  identity.member = turn.entropy.draw<MemberId>();
  identity.name = member.name;
  identity.kind = member.kind;
  identity.endpoint = member.endpoint;
  identity.constitution_file = member.constitution_file;

  const Seed author_seed = draw_secret(turn.entropy);
  const Seed receipt_seed = draw_secret(turn.entropy);
  const Seed witness_seed = draw_secret(turn.entropy);
  const AgreementKey transport = draw_secret(turn.entropy);
  const auto author = crypto::SigningKey::from_seed(author_seed);
  const auto receipt = crypto::SigningKey::from_seed(receipt_seed);
  const auto witness = crypto::SigningKey::from_seed(witness_seed);
  HAMROH_TRY(put_secret(turn.store, Table::reader_secret, author_key, author_seed));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, receipt_key, receipt_seed));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, witness_key, witness_seed));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, transport_key, transport));
  HAMROH_TRY(turn.store.put(Table::meta, identity_key, identity.encode()));

  Member entry;
  entry.id = identity.member;
  entry.name = identity.name;
  entry.kind = identity.kind;
  entry.capabilities = default_capabilities(identity.kind);
  entry.author = key_as<AuthorKey>(author.public_key());
  entry.receipt = key_as<ReceiptKey>(receipt.public_key());
  entry.witness = key_as<WitnessKey>(witness.public_key());
  entry.transport = *TransportKey::from(crypto::x25519_public(transport).view());
  entry.endpoint = identity.endpoint;
  Bytes request = make_join_request(identity.network, entry, author, receipt, witness);
  // The request must be acceptable to whoever admits, so bad names are found here, not there.
  HAMROH_TRY(parse_join_request(request));
  return request;
}

Result<Node> Node::open(const NodeOptions& options, Turn& turn) {
  Node node;
  HAMROH_TRY(node.load(options, turn));
  return node;
}

Status Node::load(const NodeOptions& options, Turn& turn) {
  options_ = options;
  started_ = turn.monotonic;
  HAMROH_ASSIGN(const std::optional<Bytes> identity, turn.store.get(Table::meta, identity_key));
  if (!identity) {
    return caller_error(Code::not_found, "this home holds no node yet");
  }
  HAMROH_ASSIGN(identity_, Identity::parse(*identity));
  HAMROH_ASSIGN(const SignedPayload file, parse_signed_constitution(identity_.constitution_file));
  HAMROH_ASSIGN(constitution_, verify_founding(file));
  HAMROH_ASSIGN(ledger_, Ledger::load(turn.store));
  HAMROH_TRY(load_keys(turn));
  HAMROH_TRY(load_directory(turn));
  HAMROH_TRY(load_peers(turn));
  HAMROH_TRY(check_clock(turn));
  HAMROH_TRY(check_anchor(turn));
  HAMROH_TRY(begin_session(turn));
  if (!locked()) {
    HAMROH_TRY(load_outbox(turn));
    HAMROH_TRY(keep_key_sheet(turn));
    held_waits_ = true;
  }
  check_start(turn);
  return {};
}

Status Node::load_keys(Turn& turn) {
  HAMROH_ASSIGN(const Seed receipt, get_secret(turn.store, Table::node_secret, receipt_key));
  receipt_ = crypto::SigningKey::from_seed(receipt);
  HAMROH_ASSIGN(const std::optional<Bytes> sheet, turn.store.get(Table::meta, own_sheet_key));
  auto author = get_secret(turn.store, Table::reader_secret, author_key);
  if (!author) {
    // A locked reader tier is a state of the node, not a fault.
    return author.error().code == Code::locked ? Status{} : tl::unexpected(author.error());
  }
  author_ = crypto::SigningKey::from_seed(*author);
  if (sheet) {
    HAMROH_ASSIGN(
        sheet_, verify_key_sheet(*sheet, identity_.network, identity_.member, identity_.incarnation,
                                 key_as<AuthorKey>(author_->public_key())));
  }
  epochs_.clear();
  Status parsed;
  const Bytes from{'e'};
  const Bytes until{'f'};
  HAMROH_TRY(turn.store.scan(Table::reader_secret, from, until, Transaction::Order::ascending,
                             [&](ByteView, ByteView value) {
                               auto secret = EpochSecret::parse(value);
                               if (!secret) {
                                 parsed = tl::unexpected(secret.error());
                                 return false;
                               }
                               const EpochKeyId id = epoch_key_id(secret->key);
                               epochs_.emplace(id, std::move(*secret));
                               return true;
                             }));
  return parsed;
}

Status Node::load_directory(Turn& turn) {
  HAMROH_ASSIGN(directory_file_, get_directory_file(turn.store));
  if (directory_file_.empty()) {
    return {};
  }
  HAMROH_ASSIGN(const SignedPayload file, parse_signed_directory(directory_file_));
  HAMROH_ASSIGN(directory_, verify_directory(*constitution_, file));
  phase_ = Phase::starting;
  meet_members(turn);
  return {};
}

// A Peer for every other active member. One that is no longer active stays only while messages wait
// for it: they expire, and their authors are told.
void Node::meet_members(Turn& turn) {
  const Member* self = directory_->find(identity_.member);
  if (self != nullptr) {
    identity_.incarnation = self->incarnation;
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (active_member(peer->first) != nullptr) {
      ++peer;
      continue;
    }
    turn.effects.ended.push_back({peer->first});
    peer_down(peer->first);
    peer = peer->second.outbox.size() == 0 ? peers_.erase(peer) : std::next(peer);
  }
  for (const Member& member : directory_->value().members) {
    if (member.id != identity_.member && member.state == MemberState::active) {
      peers_.try_emplace(member.id);
    }
  }
  turn.effects.peers_changed = true;
}

Status Node::load_peers(Turn& turn) {
  for (auto& [member, peer] : peers_) {
    if (const Member* entry = active_member(member); entry != nullptr) {
      HAMROH_TRY(load_peer(*entry, peer, turn));
    }
  }
  return {};
}

Status Node::load_peer(const Member& member, Peer& peer, Turn& turn) {
  if (!peer.loaded) {
    HAMROH_ASSIGN(const std::optional<Bytes> row,
                  turn.store.get(Table::peer, PeerRecord::key(member.id)));
    if (row) {
      HAMROH_ASSIGN(peer.record, PeerRecord::parse(*row));
    }
    HAMROH_TRY(load_held(member.id, peer, turn));
    peer.loaded = true;
  }
  if (peer.record.incarnation != member.incarnation) {
    peer.record = PeerRecord{};  // another ledger under the same member id
    peer.record.incarnation = member.incarnation;
  }
  HAMROH_ASSIGN(const std::optional<Bytes> sheet,
                turn.store.get(Table::peer, PeerRecord::key_sheet_key(member.id)));
  peer.sheet.reset();
  if (sheet) {
    auto verified =
        verify_key_sheet(*sheet, identity_.network, member.id, member.incarnation, member.author);
    if (verified) {  // else its author key has changed since: the next hello brings a new one
      peer.sheet = std::move(*verified);
    }
  }
  return {};
}

Status Node::load_held(const MemberId& member, Peer& peer, Turn& turn) {
  Status parsed;
  const Bytes from = HeldRecord::key(member, 0);
  const Bytes until = HeldRecord::key(member, UINT64_MAX);
  HAMROH_TRY(turn.store.scan(Table::held, from, until, Transaction::Order::ascending,
                             [&](ByteView key, ByteView value) {
                               auto held = HeldRecord::parse(value);
                               if (!held) {
                                 parsed = tl::unexpected(held.error());
                                 return false;
                               }
                               peer.held_next = ByteReader(key.subspan(16)).u64() + 1;
                               peer.held_bytes += held->frame.size();
                               peer.held.emplace(held->digest, held->index);
                               return true;
                             }));
  return parsed;
}

// Unsettled messages, in the order of their submission.
Status Node::load_outbox(Turn& turn) {
  std::vector<std::pair<std::uint64_t, PendingRecord>> rows;
  Status parsed;
  HAMROH_TRY(turn.store.scan(Table::pending, key_u64(0), {}, Transaction::Order::ascending,
                             [&](ByteView key, ByteView value) {
                               auto record = PendingRecord::parse(value);
                               if (!record) {
                                 parsed = tl::unexpected(record.error());
                                 return false;
                               }
                               rows.emplace_back(ByteReader(key).u64(), std::move(*record));
                               return true;
                             }));
  HAMROH_TRY(parsed);
  pending_.clear();
  for (auto& [member, peer] : peers_) {
    outbox_size_ -= peer.outbox.size();
    peer.outbox = Outbox{};
  }
  for (const auto& [row, record] : rows) {
    std::size_t unsettled = 0;
    for (const MessageId& message : record.messages) {
      HAMROH_ASSIGN(const auto known, read_message(identity_.member, message, turn));
      if (!known || !known->body) {
        return environment_error(Code::store_corrupt, "a pending message has no record");
      }
      for (const Delivery& delivery : known->deliveries) {
        if (is_settled(delivery.level)) {
          continue;
        }
        ++unsettled;
        Peer& peer = peers_[delivery.recipient];
        OutboxItem item{message, known->digest, known->index, 0, known->expires, 0};
        HAMROH_ASSIGN(const std::optional<Bytes> inner,
                      turn.store.get(Table::body, key_u64(*known->body)));
        item.bytes = static_cast<std::uint32_t>(inner ? inner->size() : 0);
        HAMROH_TRY(peer.outbox.enqueue(known->index, item));
        ++outbox_size_;
      }
    }
    if (unsettled == 0) {
      HAMROH_TRY(turn.store.erase(Table::pending, key_u64(row)));
    } else {
      pending_[row] = unsettled;
    }
  }
  return {};
}

// The file outside the database must not know more than the database: else an old copy was
// restored.
Status Node::check_anchor(Turn& turn) {
  if (!options_.anchor) {
    return {};
  }
  const WriteAnchor& anchor = *options_.anchor;
  if (anchor.size > ledger_.size()) {
    stop_signing();
    return {};
  }
  HAMROH_ASSIGN(const CompactRange range, ledger_.range_at(turn.store, anchor.size));
  if (range.root() != anchor.root) {
    stop_signing();
  }
  return {};
}

void Node::stop_signing() {
  phase_ = Phase::stopped;
}

// From here on another key signs, or the same key of a later start: `since` moves.
Status Node::begin_session(Turn& turn) {
  const crypto::SigningKey& key = author_ ? *author_ : *receipt_;
  note_.reset();
  session_first_ = append_entry(EntryKind::session, Code::none,
                                *Digest::from(key.public_key().view()), Digest{}, {}, turn);
  return {};
}

Origin Node::origin() const {
  return {identity_.network, identity_.member, identity_.incarnation};
}

Result<AgreementKey> Node::transport_secret(Turn& turn) const {
  return get_secret(turn.store, Table::node_secret, transport_key);
}

const Member* Node::active_member(const MemberId& member) const {
  const Member* entry = directory_ ? directory_->find(member) : nullptr;
  return entry != nullptr && entry->state == MemberState::active ? entry : nullptr;
}

// ---- Directory and keys -----------------------------------------------------------------------

Status Node::install_directory(ByteView file, Turn& turn) {
  HAMROH_ASSIGN(const SignedPayload payload, parse_signed_directory(file));
  HAMROH_ASSIGN(const VerifiedDirectory next, verify_directory(*constitution_, payload));
  if (directory_ && directory_->hash() == next.hash()) {
    return {};
  }
  if (directory_) {
    HAMROH_TRY(may_replace(*directory_, next));
  }
  const Member* self = next.find(identity_.member);
  if (self == nullptr) {
    return caller_error(Code::unknown_member, "this node is not a member in that directory");
  }
  HAMROH_TRY(put_directory_file(turn.store, file));
  directory_file_.assign(file.begin(), file.end());
  const std::uint64_t version = next.value().version;
  if (file.size() <= limits::directory_passed_on_max) {
    HAMROH_TRY(turn.store.put(Table::meta, directory_version_key(version), file));
  }
  if (version > tuning::directory_versions_kept) {
    HAMROH_TRY(turn.store.erase(Table::meta,
                                directory_version_key(version - tuning::directory_versions_kept)));
  }
  return take_over(next, turn);
}

Status Node::take_over(const VerifiedDirectory& directory, Turn& turn) {
  const bool first = !directory_;
  directory_ = directory;
  // A newer directory vouches for the time it was made: the clock may be trusted again.
  clock_suspect_ = false;
  append_entry(EntryKind::directory, Code::none, directory.hash(), Digest{}, {}, turn);
  meet_members(turn);
  HAMROH_TRY(load_peers(turn));
  if (first) {
    phase_ = Phase::starting;
    check_start(turn);
    if (!locked()) {
      HAMROH_TRY(keep_key_sheet(turn));
    }
  }
  for (auto& [member, peer] : peers_) {
    peer.wants_directory = peer.connected;
  }
  return {};
}

// Keeps eight epochs published ahead. A new sheet repeats the epochs that are still to come.
Status Node::keep_key_sheet(Turn& turn) {
  const std::uint64_t week = tuning::epoch_length.ms;
  if (sheet_ && !clock_suspect_) {
    const Timestamp covered = sheet_->value().keys.back().ends;
    if (turn.now >= sheet_->value().keys.front().begins &&
        covered - turn.now > Duration{week * (tuning::epochs_ahead - 1)}) {
      return {};
    }
  } else if (sheet_) {
    return {};
  }
  KeySheet sheet;
  sheet.network = identity_.network;
  sheet.member = identity_.member;
  sheet.incarnation = identity_.incarnation;
  sheet.serial = sheet_ ? sheet_->value().serial + 1 : 1;
  sheet.created = turn.now;
  Timestamp begins{turn.now.ms - turn.now.ms % week};
  for (std::size_t i = 0; i < tuning::epochs_ahead; ++i) {
    const Timestamp ends = begins + tuning::epoch_length;
    const auto known = std::ranges::find_if(
        epochs_, [&](const auto& item) { return item.second.begins == begins; });
    if (known != epochs_.end()) {
      sheet.keys.push_back({known->second.key, begins, ends});
    } else {
      AgreementKey secret = draw_secret(turn.entropy);
      const EpochKey key = crypto::x25519_public(secret);
      const EpochKeyId id = epoch_key_id(key);
      EpochSecret epoch{std::move(secret), key, begins, ends};
      Bytes row = epoch.encode();
      const Status kept = turn.store.put(Table::reader_secret, EpochSecret::key_of(id), row);
      crypto::wipe(row);
      HAMROH_TRY(kept);
      epochs_.emplace(id, std::move(epoch));
      sheet.keys.push_back({key, begins, ends});
    }
    begins = ends;
  }
  const Bytes file = sign_key_sheet(sheet, *author_);
  HAMROH_ASSIGN(sheet_,
                verify_key_sheet(file, identity_.network, identity_.member, identity_.incarnation,
                                 key_as<AuthorKey>(author_->public_key())));
  HAMROH_TRY(turn.store.put(Table::meta, own_sheet_key, file));
  append_entry(EntryKind::key_sheet, Code::none,
               crypto::sha256({hamroh::view(labels::key_sheet), file}), Digest{}, {}, turn);
  for (auto& [member, peer] : peers_) {
    if (peer.connected) {
      peer.hello_due = HelloPurpose::answer;
    }
  }
  return {};
}

// Private halves go at the end of their epoch plus the grace, but not while a held envelope may
// need them, and never on the word of a clock that cannot be trusted.
Status Node::destroy_old_keys(Turn& turn) {
  const bool holding =
      std::ranges::any_of(peers_, [](const auto& item) { return !item.second.held.empty(); });
  if (clock_suspect_ || holding || locked()) {
    return {};
  }
  for (auto epoch = epochs_.begin(); epoch != epochs_.end();) {
    if (epoch->second.ends + tuning::epoch_grace > turn.now) {
      ++epoch;
      continue;
    }
    HAMROH_TRY(turn.store.erase(Table::reader_secret, EpochSecret::key_of(epoch->first)));
    append_entry(EntryKind::keys_destroyed, Code::none, crypto::sha256({epoch->first.view()}),
                 Digest{}, {}, turn);
    epoch = epochs_.erase(epoch);
  }
  return {};
}

Status Node::unlock(Turn& turn) {
  if (!locked()) {
    return {};
  }
  HAMROH_TRY(load_keys(turn));
  if (locked()) {
    return caller_error(Code::locked, "the reader tier is still locked");
  }
  HAMROH_TRY(begin_session(turn));
  HAMROH_TRY(load_outbox(turn));
  HAMROH_TRY(keep_key_sheet(turn));
  held_waits_ = true;
  for (auto& [member, peer] : peers_) {
    peer.hello_due = HelloPurpose::answer;
  }
  return {};
}

Status Node::lock(Turn& turn) {
  if (locked()) {
    return {};
  }
  author_.reset();
  epochs_.clear();
  pending_.clear();
  fresh_inners_.clear();
  for (auto& [member, peer] : peers_) {
    outbox_size_ -= peer.outbox.size();
    peer.outbox = Outbox{};
    peer.hello_due = HelloPurpose::answer;
  }
  held_waits_ = false;
  return begin_session(turn);
}

// ---- Time -------------------------------------------------------------------------------------

// Wall time is trusted while it agrees with the last persisted time plus what the monotonic clock
// says has passed since (promise 5). Over a restart the monotonic part is unknown and counts as
// zero.
Status Node::check_clock(Turn& turn) {
  const bool first = clock_wall_.ms == 0;
  if (first) {
    HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::meta, clock_key));
    if (!row) {
      clock_wall_ = turn.now;
      clock_monotonic_ = turn.monotonic;
      return turn.store.put(Table::meta, clock_key, key_u64(turn.now.ms));
    }
    clock_wall_ = {ByteReader(*row).u64()};
    clock_monotonic_ = turn.monotonic;
  }
  const Timestamp expected = clock_wall_ + Duration{turn.monotonic.ms - clock_monotonic_.ms};
  const Duration apart = turn.now > expected ? turn.now - expected : expected - turn.now;
  if (apart > tuning::clock_tolerance) {
    clock_suspect_ = true;
  }
  if (clock_suspect_) {
    next_clock_ = Duration{turn.monotonic.ms + tuning::clock_persist_interval.ms};
    return {};
  }
  clock_wall_ = turn.now;
  clock_monotonic_ = turn.monotonic;
  if (first || turn.monotonic >= next_clock_) {
    next_clock_ = Duration{turn.monotonic.ms + tuning::clock_persist_interval.ms};
    return turn.store.put(Table::meta, clock_key, key_u64(turn.now.ms));
  }
  return {};
}

Status Node::confirm_clock(Turn& turn) {
  clock_suspect_ = false;
  clock_wall_ = turn.now;
  clock_monotonic_ = turn.monotonic;
  return turn.store.put(Table::meta, clock_key, key_u64(turn.now.ms));
}

// The rules after a start: nothing is signed until every reachable peer with recent traffic has
// said what it remembers of this ledger.
void Node::check_start(Turn& turn) {
  if (phase_ != Phase::starting || !directory_) {
    return;
  }
  const Duration waited{turn.monotonic.ms - started_.ms};
  if (waited < tuning::start_wait_max) {
    for (const auto& [member, peer] : peers_) {
      const bool recent =
          peer.record.heard.ms != 0 && turn.now - peer.record.heard < tuning::start_traffic_window;
      const bool reachable = peer.connected || waited < tuning::start_connect_wait;
      if (recent && reachable && !peer.greeted) {
        return;
      }
    }
  }
  phase_ = Phase::ready;
}

bool Node::may_sign() const {
  return phase_ == Phase::ready;
}

Status Node::tick(Turn& turn) {
  HAMROH_TRY(check_clock(turn));
  check_start(turn);
  for (auto& [member, peer] : peers_) {
    if (!peer.connected) {
      continue;
    }
    const bool silent =
        !peer.greeted &&
        (!peer.hello_sent || turn.monotonic.ms >= peer.hello_sent->ms + tuning::hello_retry.ms);
    if (silent) {
      HAMROH_TRY(send_hello(member, peer, HelloPurpose::greeting, turn));
    }
    const bool may_answer =
        !peer.hello_sent ||
        turn.monotonic.ms >= peer.hello_sent->ms + tuning::hello_interval_min.ms;
    if (peer.hello_due && may_answer) {
      HAMROH_TRY(send_hello(member, peer, *peer.hello_due, turn));
    }
  }
  if (held_waits_ && directory_) {
    HAMROH_TRY(open_held(turn));
  }
  if (turn.monotonic >= next_expiry_) {
    next_expiry_ = Duration{turn.monotonic.ms + expiry_interval.ms};
    HAMROH_TRY(expire_messages(turn));
  }
  if (turn.monotonic >= next_upkeep_) {
    next_upkeep_ = Duration{turn.monotonic.ms + upkeep_interval.ms};
    if (!locked() && directory_) {
      HAMROH_TRY(keep_key_sheet(turn));
      HAMROH_TRY(destroy_old_keys(turn));
    }
  }
  return {};
}

Duration Node::next_wakeup(Duration monotonic) const {
  Duration next = std::min({next_clock_, next_expiry_, next_upkeep_});
  if (held_waits_) {
    return monotonic;
  }
  if (phase_ == Phase::starting) {
    next = std::min(next, Duration{monotonic.ms + 100});
  }
  for (const auto& [member, peer] : peers_) {
    if (!peer.connected) {
      continue;
    }
    const std::uint64_t sent = peer.hello_sent ? peer.hello_sent->ms : 0;
    if (!peer.greeted) {
      next = std::min(next, Duration{sent + tuning::hello_retry.ms});
    }
    if (peer.hello_due) {
      next = std::min(next, Duration{sent + tuning::hello_interval_min.ms});
    }
    if (const auto due = peer.outbox.next_due(); due && peer.greeted && peer.sheet && may_sign()) {
      next = std::min(next, *due);
    }
  }
  return std::max(next, monotonic);
}

// A message whose time is over is settled here, by an entry of this node's own, so that its author
// is told and can prove that he was.
Status Node::expire_messages(Turn& turn) {
  if (clock_suspect_ || locked()) {
    return {};
  }
  for (auto& [member, peer] : peers_) {
    for (const OutboxItem& item : peer.outbox.expired_at(turn.now)) {
      HAMROH_ASSIGN(auto record, read_message(identity_.member, item.message, turn));
      CHECK(record);
      const std::uint64_t index =
          append_entry(EntryKind::expired, Code::expired, item.digest, Digest{},
                       {member, identity_.member, item.message}, turn);
      for (Delivery& delivery : record->deliveries) {
        if (delivery.recipient == member) {
          delivery = {member, Level::expired, Code::expired, turn.now, index};
        }
      }
      HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, item.message),
                                record->encode()));
      (void)peer.outbox.settle(item.message);
      --outbox_size_;
      HAMROH_TRY(settle_pending(record->index, turn));
    }
  }
  return {};
}

void Node::peer_up(const MemberId& member, Turn& turn) {
  const auto found = peers_.find(member);
  if (found == peers_.end() || active_member(member) == nullptr) {
    return;
  }
  Peer& peer = found->second;
  peer.connected = true;
  peer.greeted = false;
  peer.up_since = turn.monotonic;
  // A hello holds no promise, so a failure to make one is no failure of the turn.
  (void)send_hello(member, peer, HelloPurpose::greeting, turn);
}

void Node::peer_down(const MemberId& member) {
  const auto found = peers_.find(member);
  if (found == peers_.end()) {
    return;
  }
  Peer& peer = found->second;
  peer.connected = false;
  peer.greeted = false;
  peer.envelopes.clear();
  peer.outbox.retry_all();
}

Status Node::send_hello(const MemberId& member, Peer& peer, HelloPurpose purpose, Turn& turn) {
  Hello hello;
  hello.purpose = purpose;
  hello.locked = locked();
  hello.network = identity_.network;
  hello.member = identity_.member;
  hello.incarnation = identity_.incarnation;
  hello.directory_version = directory_->value().version;
  hello.directory_hash = directory_->hash();
  hello.own = note_;
  hello.seen = peer.record.note;
  HAMROH_ASSIGN(const std::optional<Bytes> sheet, turn.store.get(Table::meta, own_sheet_key));
  hello.key_sheet = sheet.value_or(Bytes{});
  for (const VerifiedSuspension& suspension : suspensions_) {
    hello.suspensions.push_back(suspension.file);
  }
  turn.effects.frames.push_back({member, encode_hello(hello)});
  peer.hello_sent = turn.monotonic;
  peer.hello_due.reset();
  return {};
}

}  // namespace hamroh
