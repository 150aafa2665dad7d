#include "protocol/node.h"

#include <utility>

namespace hamroh {
namespace {

constexpr Duration expiry_interval = seconds(10);
constexpr Duration upkeep_interval = minutes(10);

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
  append(out, network_file);
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
  identity.network_file.assign(file.begin(), file.end());
  if (!known || !reader.finished()) {
    return environment_error(Code::store_corrupt, "the node's identity does not parse");
  }
  return identity;
}

// ---- Making and opening -----------------------------------------------------------------------

Result<Bytes> Node::initialise(const NewMember& member, Turn& turn) {
  HAMROH_ASSIGN(const std::vector<SignedPayload> chain,
                parse_constitution_chain(member.network_file));
  HAMROH_ASSIGN(const std::vector<VerifiedConstitution> verified, verify_constitution_chain(chain));
  HAMROH_ASSIGN(const std::optional<Bytes> present, turn.store.get(Table::meta, row::identity));
  if (present) {
    return caller_error(Code::conflict, "this home already holds a node");
  }
  Identity identity;
  identity.network = verified.front().network();
  identity.member = member.again ? *member.again : turn.entropy.draw<MemberId>();
  identity.incarnation = member.incarnation;
  identity.name = member.name;
  identity.kind = member.kind;
  identity.endpoint = member.endpoint;
  identity.network_file = member.network_file;

  HAMROH_ASSIGN(const MemberKeys keys, draw_member_keys(turn));
  HAMROH_TRY(turn.store.put(Table::meta, row::identity, identity.encode()));
  HAMROH_TRY(CaseKeys::load(turn));
  LayoutRecord layout;
  layout.done = true;
  HAMROH_TRY(turn.store.put(Table::meta, row::layout, layout.encode()));

  // The first key sheet is made now, while the reader tier is open, so that a node whose vault is
  // locked from its first start can be sealed for.
  Node made;
  made.identity_ = identity;
  made.author_ = crypto::SigningKey::from_seed(keys.author.seed());
  HAMROH_ASSIGN(made.ledger_, Ledger::load(turn.store));
  HAMROH_TRY(made.keep_key_sheet(turn));
  HAMROH_TRY(made.ledger_.flush(turn.store));

  return request_of(identity, keys);
}

// What a member asks to be admitted with.
Result<Bytes> Node::request_of(const Identity& identity, const MemberKeys& keys) {
  Member entry;
  entry.id = identity.member;
  entry.name = identity.name;
  entry.kind = identity.kind;
  entry.incarnation = identity.incarnation;
  entry.capabilities = default_capabilities(identity.kind);
  entry.author = key_as<AuthorKey>(keys.author.public_key());
  entry.receipt = key_as<ReceiptKey>(keys.receipt.public_key());
  entry.witness = key_as<WitnessKey>(keys.witness.public_key());
  entry.transport = keys.transport;
  entry.endpoint = identity.endpoint;
  Bytes request =
      make_join_request(identity.network, entry, keys.author, keys.receipt, keys.witness);
  // The request must be acceptable to whoever admits, so bad names are found here, not there.
  HAMROH_TRY(parse_join_request(request));
  return request;
}

// All keys of a member, new, in the place of those that there may be.
Result<Node::MemberKeys> Node::draw_member_keys(Turn& turn) {
  const Seed author = draw_secret(turn.entropy);
  const Seed receipt = draw_secret(turn.entropy);
  const Seed witness = draw_secret(turn.entropy);
  const AgreementKey transport = draw_secret(turn.entropy);
  HAMROH_TRY(put_secret(turn.store, Table::reader_secret, row::author, author));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, row::receipt, receipt));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, row::witness, witness));
  HAMROH_TRY(put_secret(turn.store, Table::node_secret, row::transport, transport));
  return MemberKeys{crypto::SigningKey::from_seed(author), crypto::SigningKey::from_seed(receipt),
                    crypto::SigningKey::from_seed(witness),
                    *TransportKey::from(crypto::x25519_public(transport).view())};
}

// Here, because they are long for a class of so many parts.
Node::Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

Result<Node> Node::open(const NodeOptions& options, Turn& turn) {
  Node node;
  HAMROH_TRY(node.load(options, turn));
  return node;
}

Status Node::load(const NodeOptions& options, Turn& turn) {
  options_ = options;
  started_ = turn.monotonic;
  HAMROH_ASSIGN(const std::optional<Bytes> identity, turn.store.get(Table::meta, row::identity));
  if (!identity) {
    return caller_error(Code::not_found, "this home holds no node yet");
  }
  HAMROH_ASSIGN(identity_, Identity::parse(*identity));
  HAMROH_ASSIGN(ledger_, Ledger::load(turn.store));
  HAMROH_TRY(load_keys(turn));
  HAMROH_TRY(check_clock(turn));
  HAMROH_TRY(load_membership(turn));
  HAMROH_ASSIGN(const bool adopted, adopt_own_keys(turn));
  const auto sheet = adopted ? EpochKeys::signed_again : EpochKeys::as_needed;
  if (standing() == Standing::superseded) {
    phase_ = Phase::stopped;
    stopped_as_superseded_ = true;
  }
  HAMROH_TRY(load_peers(turn));
  HAMROH_TRY(load_packs(turn));
  HAMROH_TRY(check_anchor(turn));
  HAMROH_TRY(begin_session(turn));
  if (!locked()) {
    HAMROH_TRY(open_case_keys(turn));
    HAMROH_TRY(load_outbox(turn));
    HAMROH_TRY(return_mail(turn));
    HAMROH_TRY(keep_key_sheet(turn, sheet));
    held_waits_ = true;
  }
  check_start(turn);
  return {};
}

Status Node::load_keys(Turn& turn) {
  HAMROH_ASSIGN(const Seed receipt, get_secret(turn.store, Table::node_secret, row::receipt));
  receipt_ = crypto::SigningKey::from_seed(receipt);
  HAMROH_ASSIGN(const std::optional<Bytes> sheet, turn.store.get(Table::meta, row::own_sheet));
  auto author = get_secret(turn.store, Table::reader_secret, row::author);
  if (!author) {
    // A locked reader tier is a state of the node, not a fault.
    return author.error().code == Code::locked ? Status{} : tl::unexpected(author.error());
  }
  author_ = crypto::SigningKey::from_seed(*author);
  HAMROH_TRY(load_pseudonyms(turn));
  if (sheet) {
    auto verified =
        verify_key_sheet(*sheet, identity_.network, identity_.member, identity_.incarnation,
                         key_as<AuthorKey>(author_->public_key()));
    if (verified) {
      sheet_ = std::move(*verified);
    } else if (!sheet_) {
      return tl::unexpected(verified.error());
    }  // else the author key has just changed, and the sheet is about to be signed again
  }
  return load_epochs(turn);
}

Status Node::load_epochs(Turn& turn) {
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

Status Node::load_peers(Turn& turn) {
  for (auto& [member, peer] : peers_) {
    if (const Member* entry = active_member(member); entry != nullptr) {
      HAMROH_TRY(load_peer(*entry, peer, turn));
    } else if (!peer.loaded) {
      HAMROH_TRY(load_held(member, peer, turn));  // of a revoked member: from before it was
      peer.loaded = true;
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
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const auto& [row, record] = rows[at];
    const std::uint64_t next_row = at + 1 < rows.size() ? rows[at + 1].first : UINT64_MAX;
    std::size_t unsettled = 0;
    for (const MessageId& message : record.messages) {
      HAMROH_ASSIGN(const auto known, read_message(identity_.member, message, turn));
      if (!known) {
        return environment_error(Code::store_corrupt, "a pending message has no record");
      }
      if (known->erased() || !known->body) {
        continue;  // its case was erased: it was returned
      }
      if (known->index >= next_row) {
        continue;  // delivered again since: it stands in a later row
      }
      for (const Delivery& delivery : known->deliveries) {
        if (is_settled(delivery.level)) {
          continue;
        }
        ++unsettled;
        Peer& peer = peers_[delivery.recipient];
        OutboxItem item{message, known->digest,         known->index, 0, known->expires,
                        0,       delivery.settled_index};
        HAMROH_ASSIGN(const std::optional<Bytes> inner, read_body(*known, turn));
        item.bytes = static_cast<std::uint32_t>(inner ? inner->size() : 0);
        const auto parsed = inner ? parse_inner(*inner) : Result<Inner>(Inner{});
        if (parsed) {
          HAMROH_ASSIGN(item.urgent, goes_first(*parsed, turn));
        }
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
  stopped_as_superseded_ = false;  // there is another reason
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
  return get_secret(turn.store, Table::node_secret, row::transport);
}

// ---- Epoch keys -------------------------------------------------------------------------------

// Keeps eight epochs published ahead. A new sheet repeats the epochs that are still to come, unless
// all of them shall be new; then what was private until now goes after the grace.
Status Node::keep_key_sheet(Turn& turn, EpochKeys how) {
  const std::uint64_t week = tuning::epoch_length.ms;
  if (how != EpochKeys::as_needed) {
    // Made anew whatever the old one covers.
  } else if (sheet_ && !clock_suspect_) {
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
  const Timestamp now = trusted_now(turn);
  if (how == EpochKeys::all_new) {
    for (auto& [id, epoch] : epochs_) {
      if (epoch.ends > now) {
        epoch.ends = now;
        Bytes row = epoch.encode();
        const Status kept = turn.store.put(Table::reader_secret, EpochSecret::key_of(id), row);
        crypto::wipe(row);
        HAMROH_TRY(kept);
      }
    }
  }
  Timestamp begins{now.ms - now.ms % week};
  for (std::size_t i = 0; i < tuning::epochs_ahead; ++i) {
    const Timestamp ends = begins + tuning::epoch_length;
    // A key that was retired early has another end, so it is never published again.
    const auto known = std::ranges::find_if(epochs_, [&](const auto& item) {
      return item.second.begins == begins && item.second.ends == ends;
    });
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
  HAMROH_TRY(turn.store.put(Table::meta, row::own_sheet, file));
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
  HAMROH_ASSIGN(const bool adopted, adopt_own_keys(turn));
  HAMROH_TRY(begin_session(turn));
  HAMROH_TRY(open_case_keys(turn));
  HAMROH_TRY(load_outbox(turn));
  HAMROH_TRY(return_mail(turn));
  HAMROH_TRY(keep_key_sheet(turn, adopted ? EpochKeys::signed_again : EpochKeys::as_needed));
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
  pseudonyms_.reset();
  paces_.clear();
  broken_glass_.clear();
  epochs_.clear();
  case_keys_.reset();
  places_.clear();
  absent_case_.reset();
  asked_for_.clear();
  unanswered_.clear();
  answers_from_.reset();
  next_due_ = {UINT64_MAX};
  clocks_sweep_.reset();
  pending_.clear();
  fresh_inners_.clear();
  for (auto& [member, peer] : peers_) {
    outbox_size_ -= peer.outbox.size();
    peer.outbox = Outbox{};
    peer.hello_due = HelloPurpose::answer;
  }
  held_waits_ = false;
  transfers_ = {};
  return begin_session(turn);
}

// ---- Time -------------------------------------------------------------------------------------

// Wall time is trusted while it agrees with the last persisted time plus what the monotonic clock
// says has passed since (promise 5). Over a restart the monotonic part is unknown and counts as
// zero.
Status Node::check_clock(Turn& turn) {
  const bool first = clock_wall_.ms == 0;
  if (first) {
    HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::meta, row::clock));
    if (!row) {
      clock_wall_ = turn.now;
      clock_monotonic_ = turn.monotonic;
      return turn.store.put(Table::meta, row::clock, key_u64(turn.now.ms));
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
    return turn.store.put(Table::meta, row::clock, key_u64(turn.now.ms));
  }
  return {};
}

Timestamp Node::trusted_now(const Turn& turn) const {
  return clock_suspect_ ? clock_wall_ + Duration{turn.monotonic.ms - clock_monotonic_.ms}
                        : turn.now;
}

Status Node::confirm_clock(Turn& turn) {
  clock_suspect_ = false;
  clock_wall_ = turn.now;
  clock_monotonic_ = turn.monotonic;
  return turn.store.put(Table::meta, row::clock, key_u64(turn.now.ms));
}

// The rules after a start: nothing is signed until every reachable peer with recent traffic has
// said what it remembers of this ledger.
void Node::check_start(Turn& turn) {
  if (phase_ != Phase::starting || directory() == nullptr) {
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
  review_suspensions(turn);
  check_start(turn);
  next_start_check_ = Duration{turn.monotonic.ms + tuning::start_check_interval.ms};
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
    if (!peer.hello_due && lacks(peer) && turn.monotonic >= peer.push_at) {
      // Told again until its hello says that it has it, but ever more rarely.
      peer.hello_due = HelloPurpose::answer;
      peer.push_at = Duration{turn.monotonic.ms + peer.push_delay.ms};
      peer.push_delay = std::min(Duration{peer.push_delay.ms * 2}, tuning::retry_delay_max);
    }
    ask_for_pack(peer, turn.monotonic);
    if (peer.hello_due && may_answer) {
      HAMROH_TRY(send_hello(member, peer, *peer.hello_due, turn));
    }
  }
  if (!redeliveries_.empty()) {
    HAMROH_TRY(redeliver(turn));
  }
  if (held_waits_ && directory() != nullptr) {
    HAMROH_TRY(open_held(turn));
  }
  if (upgrade_ && !locked()) {
    HAMROH_TRY(upgrade_layout(turn));
  }
  HAMROH_TRY(erase_what_is_due(turn));
  HAMROH_TRY(disclose_what_is_due(turn));
  HAMROH_TRY(run_clocks(turn));
  HAMROH_TRY(sweep_removed_chunks(turn));
  if (newcomers_ && !locked()) {
    HAMROH_TRY(tell_newcomers(turn));
    HAMROH_TRY(answer_late(turn));
  }
  if (turn.monotonic >= next_expiry_) {
    next_expiry_ = Duration{turn.monotonic.ms + expiry_interval.ms};
    HAMROH_TRY(expire_messages(turn));
  }
  if (turn.monotonic >= next_upkeep_) {
    next_upkeep_ = Duration{turn.monotonic.ms + upkeep_interval.ms};
    newcomers_ = true;  // a queue may have been full before
    HAMROH_TRY(drop_old_uploads(turn));
    HAMROH_TRY(give_waiting_room(turn));
    for (const Bytes& over : membership_->prune(trusted_now(turn))) {
      HAMROH_TRY(turn.store.erase(Table::meta, suspension_key(over)));
    }
    count_standing();
    if (!locked() && directory() != nullptr) {
      HAMROH_TRY(keep_key_sheet(turn));
      HAMROH_TRY(destroy_old_keys(turn));
    }
  }
  return {};
}

Duration Node::next_wakeup(Duration monotonic) const {
  Duration next = std::min({next_clock_, next_expiry_, next_upkeep_});
  const bool redelivers = !locked() && std::ranges::any_of(redeliveries_, [&](const auto& item) {
    return may_redeliver(item.first.first);
  });
  if (held_waits_ || redelivers || ((upgrade_ || newcomers_) && !locked())) {
    return monotonic;
  }
  if (next_suspension_change_) {
    const Duration until = *next_suspension_change_ - clock_wall_;
    next = std::min(next, Duration{clock_monotonic_.ms + until.ms});
  }
  if (phase_ == Phase::starting) {
    next = std::min(next, next_start_check_);
  }
  if (erases_by_itself()) {
    next = std::min(next, next_erasure_);
  }
  if (disclosures_wait_ && !locked()) {
    next = std::min(next, next_disclosure_);
  }
  if (const auto clocks = next_clocks_wakeup()) {
    next = std::min(next, *clocks);
  }
  if (const auto transfer = next_transfer()) {
    next = std::min(next, *transfer);
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
    } else if (lacks(peer)) {
      next = std::min(next, peer.push_at);
    }
    if (peer.greeted && !peer.hello_due && !lacked_pack().is_zero()) {
      next = std::min(next, peer.pack_ask_at);
    }
    if (peer.greeted && peer.sheet && may_sign() && owes_pack(peer)) {
      next = std::min(next, peer.pack_next);
    }
    const bool hello_first = peer.hello_due && lacks(peer);
    if (const auto due = peer.outbox.next_due();
        due && peer.greeted && peer.sheet && may_sign() && !hello_first) {
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
      HAMROH_TRY(settle_alone(member, peer, item, EntryKind::expired,
                              {member, Level::expired, Code::expired, turn.now, 0}, turn));
    }
  }
  return {};
}

Status Node::settle_alone(const MemberId& member, Peer& peer, const OutboxItem& item,
                          EntryKind kind, Delivery outcome, Turn& turn) {
  HAMROH_ASSIGN(auto record, read_message(identity_.member, item.message, turn));
  CHECK(record);
  outcome.settled_index = append_entry(kind, outcome.code, item.digest, Digest{},
                                       {member, identity_.member, item.message}, turn);
  for (Delivery& delivery : record->deliveries) {
    if (delivery.recipient == member) {
      delivery = outcome;
    }
  }
  HAMROH_TRY(turn.store.put(Table::message, MessageRecord::key(identity_.member, item.message),
                            record->encode()));
  (void)peer.outbox.settle(item.message);
  --outbox_size_;
  return settle_pending(record->index, turn);
}

void Node::peer_up(const MemberId& member, Turn& turn) {
  const auto found = peers_.find(member);
  if (found == peers_.end() || active_member(member) == nullptr || is_suspended(member)) {
    return;
  }
  Peer& peer = found->second;
  peer.connected = true;
  peer.greeted = false;
  peer.told_what_it_has = false;
  peer.push_at = {};
  peer.push_delay = tuning::hello_retry;
  peer.pack_ask_delay = tuning::pack_interval;
  peer.pack_ask_at = Duration{turn.monotonic.ms + tuning::pack_interval.ms};
  peer.lacks_pack = {};
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
  peer.told_what_it_has = false;
  peer.envelopes.clear();
  peer.outbox.retry_all();
  forget_transfers_with(member);
}

Status Node::send_hello(const MemberId& member, Peer& peer, HelloPurpose purpose, Turn& turn) {
  Hello hello;
  hello.purpose = purpose;
  hello.locked = locked();
  hello.network = identity_.network;
  hello.member = identity_.member;
  hello.incarnation = identity_.incarnation;
  hello.constitution_version = membership_->constitution().value().version;
  hello.directory_version = directory()->value().version;
  hello.directory_hash = directory()->hash();
  hello.standing = standing_;
  hello.own = note_;
  hello.seen = peer.record.note;
  HAMROH_ASSIGN(const std::optional<Bytes> sheet, turn.store.get(Table::meta, row::own_sheet));
  hello.key_sheet = sheet.value_or(Bytes{});
  hello.lacks_pack = lacked_pack();
  if (peer.told_what_it_has) {
    HAMROH_ASSIGN(hello.statements, statements_for(peer, turn));
  }
  turn.effects.frames.push_back({member, encode_hello(hello)});
  peer.hello_sent = turn.monotonic;
  peer.hello_due.reset();
  return {};
}

}  // namespace hamroh
