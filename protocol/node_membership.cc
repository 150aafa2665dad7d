// Who is a member, as this node knows it: signed statements taken, kept and passed on; what follows
// from them for peers and queues.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t snapshot_chunk_bytes = 512 * 1024;
constexpr std::uint64_t versions_between_snapshots = 64;
// Of these, one member's own faults fill four at most and all members' half, so that nobody can
// make a node deaf to what the administrators did.
constexpr std::size_t alarms_max = 64;
constexpr std::size_t alarms_of_members_max = alarms_max / 2;
constexpr std::size_t alarms_of_one_member_max = 4;
constexpr unsigned evidence_shown = 3;

Bytes snapshot_key(std::uint32_t chunk) {
  Bytes key{'d', 'i', 'r'};
  put_u32(key, chunk);
  return key;
}

// Files larger than one row are kept in chunks; a shorter file erases the chunk that would follow.
Status put_snapshot(Transaction& store, ByteView file) {
  std::uint32_t chunk = 0;
  for (std::size_t at = 0; at < file.size(); at += snapshot_chunk_bytes) {
    const ByteView part = file.subspan(at, std::min(snapshot_chunk_bytes, file.size() - at));
    HAMROH_TRY(store.put(Table::meta, snapshot_key(chunk), part));
    ++chunk;
  }
  return store.erase(Table::meta, snapshot_key(chunk));
}

Result<Bytes> get_snapshot(Transaction& store) {
  Bytes file;
  for (std::uint32_t chunk = 0; file.size() <= limits::directory_bytes_max; ++chunk) {
    HAMROH_ASSIGN(std::optional<Bytes> part, store.get(Table::meta, snapshot_key(chunk)));
    if (!part) {
      break;
    }
    append(file, *part);
  }
  return file;
}

// Every row whose key begins so, in order.
Result<std::vector<Bytes>> rows_under(Transaction& store, ByteView prefix) {
  std::vector<Bytes> rows;
  Bytes until(prefix.begin(), prefix.end());
  ++until.back();
  HAMROH_TRY(store.scan(Table::meta, prefix, until, Transaction::Order::ascending,
                        [&](ByteView, ByteView value) {
                          rows.emplace_back(value.begin(), value.end());
                          return true;
                        }));
  return rows;
}

std::map<MemberId, std::uint32_t> incarnations_of(const Membership& membership) {
  std::map<MemberId, std::uint32_t> incarnations;
  if (const VerifiedDirectory* directory = membership.directory()) {
    for (const Member& member : directory->value().members) {
      incarnations.emplace_hint(incarnations.end(), member.id, member.incarnation);
    }
  }
  return incarnations;
}

AlarmView shown(const AlarmRecord& alarm) {
  return {alarm.kind,
          alarm.member,
          alarm.version,
          alarm.seen,
          crypto::sha256({alarm.here}),
          crypto::sha256({alarm.there})};
}

AlarmKind alarm_kind(StatementKind kind) {
  switch (kind) {
    case StatementKind::constitution:
      return AlarmKind::constitution;
    case StatementKind::directory:
      return AlarmKind::directory;
    case StatementKind::rotation:
    case StatementKind::suspension:  // which excludes nothing
      break;
  }
  return AlarmKind::rotation;
}

bool is_environment(const Status& status) {
  return !status && status.error().blame == Blame::environment;
}

}  // namespace

// ---- loading ----------------------------------------------------------------------------------

// What was taken is taken again, in the same order of kinds; the rows are sealed, so that a
// statement which does not verify any more is a fault of the disk.
Status Node::load_membership(Turn& turn) {
  HAMROH_ASSIGN(const std::vector<SignedPayload> chain,
                parse_constitution_chain(identity_.network_file));
  HAMROH_ASSIGN(membership_, Membership::begin(chain));
  HAMROH_TRY(load_statements(turn));
  HAMROH_ASSIGN(const std::vector<Bytes> alarms, rows_under(turn.store, AlarmRecord::prefix()));
  for (const Bytes& row : alarms) {
    HAMROH_ASSIGN(const AlarmRecord alarm, AlarmRecord::parse(row));
    alarms_.push_back(shown(alarm));
  }
  const Bytes past = row::past_key({});
  Bytes until = past;
  ++until.back();
  HAMROH_TRY(turn.store.scan(Table::meta, past, until, Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               const ByteView tail = key.subspan(past.size());
                               past_keys_.emplace(tail.begin(), tail.end());
                               return true;
                             }));
  if (directory() == nullptr) {
    return {};
  }
  phase_ = Phase::starting;
  for (const Member& member : directory()->value().members) {
    std::vector<Bytes> rows;
    HAMROH_TRY(turn.store.scan(Table::meta, RedeliveryRecord::key(member.id, 0),
                               RedeliveryRecord::key(member.id, UINT32_MAX),
                               Transaction::Order::ascending, [&](ByteView, ByteView value) {
                                 rows.emplace_back(value.begin(), value.end());
                                 return true;
                               }));
    for (const Bytes& row : rows) {
      HAMROH_ASSIGN(const RedeliveryRecord record, RedeliveryRecord::parse(row));
      redeliveries_[{member.id, record.incarnation}] = record;
    }
    if (member.state == MemberState::revoked && member.id != identity_.member) {
      peers_.try_emplace(member.id);  // it may have left envelopes that wait to be opened
    }
  }
  HAMROH_TRY(load_peers(turn));
  review_suspensions(turn);
  count_standing();
  meet_members(turn);
  return {};
}

Status Node::load_statements(Turn& turn) {
  const auto corrupt = [](const Error&) {
    return environment_error(Code::store_corrupt, "a kept statement does not verify");
  };
  HAMROH_ASSIGN(const std::vector<Bytes> constitutions,
                rows_under(turn.store, hamroh::view("con")));
  for (const Bytes& file : constitutions) {
    if (const auto taken = membership_->take(file); !taken) {
      return corrupt(taken.error());
    }
  }
  HAMROH_ASSIGN(const Bytes snapshot, get_snapshot(turn.store));
  if (!snapshot.empty()) {
    if (const auto taken = membership_->take(snapshot); !taken) {
      return corrupt(taken.error());
    }
    for (std::uint64_t version = membership_->version() + 1;; ++version) {
      HAMROH_ASSIGN(const std::optional<Bytes> step,
                    turn.store.get(Table::meta, directory_version_key(version)));
      if (!step) {
        break;
      }
      if (const auto taken = membership_->take(*step); !taken) {
        return corrupt(taken.error());
      }
    }
  }
  HAMROH_ASSIGN(const std::vector<Bytes> rotations, rows_under(turn.store, hamroh::view("rot")));
  for (const Bytes& file : rotations) {
    (void)membership_->take(file);  // a directory may have taken its place since
  }
  HAMROH_ASSIGN(const std::vector<Bytes> suspensions, rows_under(turn.store, hamroh::view("sus")));
  for (const Bytes& file : suspensions) {
    (void)membership_->take(file);  // so may a constitution
  }
  HAMROH_ASSIGN(const std::optional<Bytes> waiting,
                turn.store.get(Table::meta, row::waiting_rotation));
  if (waiting) {
    HAMROH_ASSIGN(waiting_rotation_, verify_rotation(identity_.network, *waiting));
  }
  return {};
}

// ---- taking -----------------------------------------------------------------------------------

// What a file of the administrators holds: a history, a network file, or one statement.
Result<std::vector<Bytes>> Node::statements_in(ByteView file) {
  const std::string_view identifier =
      file.size() >= 8 ? text(file.subspan(4, 4)) : std::string_view{};
  if (identifier == "HHIS") {
    return parse_history(file);
  }
  std::vector<Bytes> statements;
  if (identifier == "HNET") {
    HAMROH_ASSIGN(const std::vector<SignedPayload> chain, parse_constitution_chain(file));
    for (const SignedPayload& constitution : chain) {
      statements.push_back(encode_signed_constitution(constitution));
    }
  } else {
    statements.emplace_back(file.begin(), file.end());
  }
  return statements;
}

bool Node::is_passed_over(ByteView statement, const Error& error) {
  return error.code == Code::stale_version ||
         (error.code == Code::unknown_member &&
          statement_kind(statement) == StatementKind::rotation);
}

Status Node::install(ByteView file, Turn& turn) {
  if (statement_kind(file)) {
    HAMROH_TRY(check_first_directory(file));
    return take_statement(file, turn);
  }
  HAMROH_ASSIGN(const std::vector<Bytes> statements, statements_in(file));
  // Of a history everything up to what is known is passed over; from there on each must hold, but
  // for the rotation of somebody whose admission was revoked meanwhile.
  for (const Bytes& statement : statements) {
    const Status taken = take_statement(statement, turn);
    if (!taken && !is_passed_over(statement, taken.error())) {
      return taken;
    }
  }
  return {};
}

// The first directory is believed only if this node is in it.
Status Node::check_first_directory(ByteView bytes) const {
  if (directory() != nullptr || statement_kind(bytes) != StatementKind::directory) {
    return {};
  }
  HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(bytes));
  HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(file.head.payload));
  HAMROH_ASSIGN(const VerifiedDirectory first,
                verify_directory(membership_->constitution_at(head.version), file));
  if (first.find(identity_.member) == nullptr) {
    return caller_error(Code::unknown_member, "this node is not a member in that directory");
  }
  return {};
}

Status Node::take_statements(const MemberId& from, std::span<const Bytes> files, Turn& turn) {
  for (const Bytes& file : files.first(std::min(files.size(), limits::statements_max))) {
    if (!may_bother(from, 0, turn)) {
      return peer_error(Code::full, "a member sends too many statements that bring nothing new");
    }
    const std::uint64_t entries = ledger_.size();
    const Status taken = take_statement(file, turn);
    if (is_environment(taken)) {
      return taken;
    }
    (void)may_bother(from, ledger_.size() == entries ? 1 : 0, turn);
  }
  return {};
}

// Counts statements that brought nothing; false when a peer has sent too many of them.
bool Node::may_bother(const MemberId& member, std::size_t useless, Turn& turn) {
  const auto peer = peers_.find(member);
  if (peer == peers_.end()) {
    return true;  // its own statement has ended it
  }
  Peer& from = peer->second;
  const std::uint64_t passed = (turn.monotonic.ms - from.useless_since.ms) / 1000;
  if (passed > 0) {
    from.useless_since = turn.monotonic;
    from.useless_statements -= std::min<std::uint64_t>(
        from.useless_statements, passed * tuning::useless_statements_per_second);
  }
  from.useless_statements += useless;
  return from.useless_statements < tuning::useless_statements_max;
}

Status Node::take_statement(ByteView file, Turn& turn) {
  std::optional<Directory> before;
  if (statement_kind(file) == StatementKind::directory) {
    HAMROH_ASSIGN(const DirectoryFile parsed, parse_directory_file(file));
    if (parsed.form == DirectoryForm::head) {
      return take_head(parsed, file, turn);
    }
    if (directory() == nullptr && parsed.form != DirectoryForm::complete) {
      return peer_error(Code::not_ready, "this node has no directory yet");
    }
    // Before anything as large as the directory is copied for its sake.
    HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(parsed.head.payload));
    HAMROH_TRY(verify_directory_head(membership_->constitution_at(head.version), parsed.head));
    if (directory() != nullptr && parsed.form == DirectoryForm::complete &&
        head.version > membership_->version()) {
      before = directory()->value();
    }
  }
  const auto incarnations = statement_kind(file) == StatementKind::directory
                                ? incarnations_of(*membership_)
                                : std::map<MemberId, std::uint32_t>{};
  const auto taken = membership_->take(file);
  if (!taken) {
    if (const auto& split = membership_->split_view()) {
      HAMROH_TRY(raise_alarm({alarm_kind(split->kind), split->member, split->version, turn.now,
                              split->here, split->there},
                             turn));
    }
    return tl::unexpected(taken.error());
  }
  if (taken->known) {
    return {};
  }
  HAMROH_TRY(keep_statement(*taken, file, before, turn));
  return membership_changed(*taken, incarnations, turn);
}

// A signed head of a version that this node knows: the same, or evidence of a split view.
Status Node::take_head(const DirectoryFile& file, ByteView bytes, Turn& turn) {
  HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(file.head.payload));
  HAMROH_ASSIGN(const std::optional<Bytes> own, own_head(head.version, turn));
  if (!own) {
    return {};
  }
  const Status compared = membership_->compare(*own, bytes);
  if (const auto& split = membership_->split_view()) {
    HAMROH_TRY(raise_alarm(
        {AlarmKind::directory, {}, split->version, turn.now, split->here, split->there}, turn));
  }
  return compared;
}

Status Node::keep_statement(const Taken& taken, ByteView file,
                            const std::optional<Directory>& before, Turn& turn) {
  const auto enter = [&](EntryKind kind, const Digest& subject) {
    append_entry(kind, Code::none, subject, Digest{}, {taken.member, taken.member, {}}, turn);
  };
  switch (taken.kind) {
    case StatementKind::constitution:
      enter(EntryKind::constitution, membership_->constitution().hash());
      HAMROH_TRY(keep_suspensions(turn));
      return turn.store.put(Table::meta, constitution_key(taken.version), file);
    case StatementKind::directory:
      enter(EntryKind::directory, directory()->hash());
      return keep_directory(file, before, turn);
    case StatementKind::suspension:
      enter(EntryKind::suspension, crypto::sha256({file}));
      if (taken.merged.empty()) {
        return turn.store.put(Table::meta, suspension_key(file), file);
      }
      HAMROH_TRY(turn.store.erase(Table::meta, suspension_key(taken.replaced)));
      return turn.store.put(Table::meta, suspension_key(taken.merged), taken.merged);
    case StatementKind::rotation:
      enter(EntryKind::rotation, crypto::sha256({file}));
      return turn.store.put(Table::meta, rotation_key(taken.member, taken.version), file);
  }
  return {};
}

// Those that a constitution has left, in place of those that were.
Status Node::keep_suspensions(Turn& turn) {
  HAMROH_ASSIGN(const std::vector<Bytes> rows, rows_under(turn.store, hamroh::view("sus")));
  for (const Bytes& file : rows) {
    HAMROH_TRY(turn.store.erase(Table::meta, suspension_key(file)));
  }
  for (const Bytes& file : membership_->suspension_files()) {
    HAMROH_TRY(turn.store.put(Table::meta, suspension_key(file), file));
  }
  return {};
}

// Each version as the step that leads to it, for peers that come later; a whole one now and then,
// so that a start need not replay everything.
Status Node::keep_directory(ByteView file, const std::optional<Directory>& before, Turn& turn) {
  const Directory& value = directory()->value();
  HAMROH_ASSIGN(const DirectoryFile parsed, parse_directory_file(file));
  Bytes row(file.begin(), file.end());
  if (parsed.form == DirectoryForm::complete && value.version != 1) {
    DirectoryFile step = before ? delta_file(*before, value) : head_file(parsed.head);
    step.head = parsed.head;
    row = encode_directory_file(step);
  }
  if (row.size() <= limits::statements_bytes_max) {
    HAMROH_TRY(turn.store.put(Table::meta, directory_version_key(value.version), row));
  }
  const bool first = parsed.form == DirectoryForm::complete && !before;
  if (first || value.version % versions_between_snapshots == 0 ||
      row.size() > limits::statements_bytes_max) {
    DirectoryFile whole = complete_file(value);
    whole.head = directory()->signed_head();
    return put_snapshot(turn.store, encode_directory_file(whole));
  }
  return {};
}

Status Node::membership_changed(const Taken& taken,
                                const std::map<MemberId, std::uint32_t>& incarnations, Turn& turn) {
  if (taken.kind == StatementKind::directory) {
    // It vouches for its time: a clock that agrees with it may be trusted again.
    const Directory& value = directory()->value();
    const Duration apart =
        turn.now > value.created ? turn.now - value.created : value.created - turn.now;
    if (clock_suspect_ && apart <= tuning::clock_tolerance) {
      HAMROH_TRY(confirm_clock(turn));
    }
    for (const Member& member : value.members) {
      const auto known = incarnations.find(member.id);
      if (known != incarnations.end() && known->second < member.incarnation &&
          member.id != identity_.member) {
        const RedeliveryRecord lost{known->second, member.position, 0};
        redeliveries_[{member.id, lost.incarnation}] = lost;
        HAMROH_TRY(turn.store.put(Table::meta, RedeliveryRecord::key(member.id, lost.incarnation),
                                  lost.encode()));
      }
    }
  }
  HAMROH_TRY(know_pack_of_directory(turn));
  count_standing();
  review_suspensions(turn);
  meet_members(turn);
  newcomers_ = true;
  HAMROH_TRY(load_peers(turn));
  HAMROH_TRY(return_mail(turn));
  HAMROH_ASSIGN(const bool adopted, adopt_own_keys(turn));
  if (adopted) {
    HAMROH_TRY(use_new_keys(turn));
  }
  if (phase_ == Phase::not_joined && directory() != nullptr) {
    phase_ = Phase::starting;
    check_start(turn);
    if (!locked()) {
      HAMROH_TRY(keep_key_sheet(turn));
    }
  }
  HAMROH_TRY(follow_standing(turn));
  for (auto& [member, peer] : peers_) {
    peer.push_at = {};
    peer.push_delay = tuning::hello_retry;
    if (peer.connected && !peer.hello_due) {
      peer.hello_due = HelloPurpose::answer;
    }
  }
  return {};
}

// Keys that are not the listed ones sign nothing. Once a directory lists them after all, and there
// was no other reason, this node goes on.
Status Node::follow_standing(Turn& turn) {
  if (standing() == Standing::superseded) {
    stopped_as_superseded_ = stopped_as_superseded_ || phase_ != Phase::stopped;
    phase_ = Phase::stopped;
  } else if (stopped_as_superseded_ && standing() == Standing::member) {
    stopped_as_superseded_ = false;
    phase_ = Phase::starting;
    started_ = turn.monotonic;
    HAMROH_TRY(begin_session(turn));
    check_start(turn);
  }
  return {};
}

Status Node::raise_alarm(const AlarmRecord& alarm, Turn& turn) {
  HAMROH_ASSIGN(const std::optional<Bytes> known, turn.store.get(Table::meta, alarm.key()));
  const auto of = [&](auto&& counts) {
    return static_cast<std::size_t>(std::ranges::count_if(alarms_, counts));
  };
  const bool of_member = !alarm.member.is_zero();
  const bool too_many =
      alarms_.size() >= alarms_max ||
      (of_member &&
       (of([&](const AlarmView& one) { return one.member == alarm.member; }) >=
            alarms_of_one_member_max ||
        of([](const AlarmView& one) { return !one.member.is_zero(); }) >= alarms_of_members_max));
  if (known || too_many) {
    return {};
  }
  append_entry(EntryKind::fork_seen, Code::fork, Digest{},
               crypto::sha256({alarm.here, alarm.there}), {alarm.member, alarm.member, {}}, turn);
  alarms_.push_back(shown(alarm));
  if (alarm.kind == AlarmKind::directory) {
    // Everybody is shown which of the two stands here: whoever holds the other one learns of it,
    // and so does the one who has gone on to later versions and was told a hash only.
    for (auto& [member, peer] : peers_) {
      peer.evidence_of = alarm.version;
      peer.evidence_left = evidence_shown;
      peer.push_at = {};
    }
  }
  return turn.store.put(Table::meta, alarm.key(), alarm.encode());
}

Result<std::vector<AlarmRecord>> Node::alarms(Turn& turn) const {
  HAMROH_ASSIGN(const std::vector<Bytes> rows, rows_under(turn.store, AlarmRecord::prefix()));
  std::vector<AlarmRecord> alarms;
  for (const Bytes& row : rows) {
    HAMROH_ASSIGN(AlarmRecord alarm, AlarmRecord::parse(row));
    alarms.push_back(std::move(alarm));
  }
  return alarms;
}

// ---- what follows for peers -------------------------------------------------------------------

// A Peer for every other active member. One that was revoked stays only while envelopes of it wait
// to be opened.
void Node::meet_members(Turn& turn) {
  if (directory() == nullptr) {
    return;
  }
  if (const Member* self = membership_->find(identity_.member);
      self != nullptr && std::ranges::equal(self->receipt.view(), receipt_->public_key().view())) {
    identity_.incarnation = self->incarnation;
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    const Member* member = membership_->find(peer->first);
    const bool active = member != nullptr && member->state == MemberState::active;
    if (!active && peer->second.connected) {
      turn.effects.ended.push_back({peer->first});
      peer_down(peer->first);
    }
    const bool needed = active || !peer->second.held.empty() || peer->second.outbox.size() > 0;
    peer = needed ? std::next(peer) : peers_.erase(peer);
  }
  for (const Member& member : directory()->value().members) {
    if (member.id != identity_.member && member.state == MemberState::active) {
      peers_.try_emplace(member.id);
    }
  }
  turn.effects.peers_changed = true;
}

void Node::review_suspensions(Turn& turn) {
  if (directory() == nullptr) {
    return;
  }
  const Timestamp now = trusted_now(turn);
  next_suspension_change_ = membership_->next_change(now);
  std::map<MemberId, ActiveSuspension> suspended;
  for (ActiveSuspension& suspension : membership_->suspensions(now)) {
    const MemberId member = suspension.member;
    suspended.emplace(member, std::move(suspension));
  }
  for (const auto& [member, suspension] : suspended) {
    if (!suspended_.contains(member)) {
      turn.effects.ended.push_back({member});
      turn.effects.peers_changed = true;
      peer_down(member);
    }
  }
  for (const auto& [member, suspension] : suspended_) {
    if (!suspended.contains(member)) {
      turn.effects.peers_changed = true;
      held_waits_ = held_waits_ || !locked();  // what came before it
    }
  }
  suspended_ = std::move(suspended);
}

void Node::count_standing() {
  standing_ = membership_->standing();
}

std::vector<PeerAddress> Node::addresses() const {
  std::vector<PeerAddress> addresses;
  // A revoked member goes on asking: it is let in again when it has been restored, and told so.
  if (directory() == nullptr || membership_->find(identity_.member) == nullptr) {
    return addresses;
  }
  for (const Member& entry : directory()->value().members) {
    const Member& member = *membership_->find(entry.id);
    if (member.id != identity_.member && member.state == MemberState::active &&
        !is_suspended(member.id)) {
      addresses.push_back({member.id, member.transport, member.endpoint});
    }
  }
  return addresses;
}

std::vector<ActiveSuspension> Node::suspensions() const {
  std::vector<ActiveSuspension> list;
  for (const auto& [member, suspension] : suspended_) {
    list.push_back(suspension);
  }
  return list;
}

// Whoever wrote to a member that was revoked since is told so, by an entry that he can prove.
Status Node::return_mail(Turn& turn) {
  if (locked() || directory() == nullptr) {
    return {};
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (active_member(peer->first) != nullptr) {
      ++peer;
      continue;
    }
    for (const OutboxItem& item : peer->second.outbox.all()) {
      HAMROH_TRY(settle_alone(peer->first, peer->second, item, EntryKind::returned,
                              {peer->first, Level::refused, Code::revoked, turn.now, 0}, turn));
      HAMROH_TRY(take_back_answer(peer->first, item.message, turn));
    }
    peer = peer->second.held.empty() ? peers_.erase(peer) : std::next(peer);
  }
  return {};
}

// ---- passing on -------------------------------------------------------------------------------

bool Node::lacks(const Peer& peer) const {
  return peer.told_what_it_has && directory() != nullptr &&
         (peer.constitution_version < membership_->constitution().value().version ||
          peer.directory_version < membership_->version() || peer.standing != standing_ ||
          peer.shows_head.has_value() || peer.evidence_left > 0);
}

// What the peer lacks, oldest first, as much as fits one hello.
Result<std::vector<Bytes>> Node::statements_for(Peer& peer, Turn& turn) const {
  std::vector<Bytes> files;
  std::size_t bytes = 0;
  const auto add = [&](Bytes file) {
    const bool fits = files.size() < limits::statements_max &&
                      bytes + file.size() <= limits::statements_bytes_max;
    if (fits) {
      bytes += file.size();
      files.push_back(std::move(file));
    }
    return fits;
  };
  const auto show = [&](std::uint64_t version) -> Status {
    HAMROH_ASSIGN(std::optional<Bytes> head, own_head(version, turn));
    if (head) {
      (void)add(std::move(*head));
    }
    return {};
  };
  if (peer.shows_head) {
    HAMROH_TRY(show(*peer.shows_head));
  }
  if (peer.evidence_left > 0) {
    --peer.evidence_left;
    HAMROH_TRY(show(peer.evidence_of));
  }
  const auto add_rows = [&](std::uint64_t from, std::uint64_t until,
                            Bytes (*key)(std::uint64_t)) -> Status {
    for (std::uint64_t version = from; version <= until; ++version) {
      HAMROH_ASSIGN(std::optional<Bytes> file, turn.store.get(Table::meta, key(version)));
      // What is not kept leaves a gap that only the administrators can fill.
      if (!file || !add(std::move(*file))) {
        break;
      }
    }
    return {};
  };
  HAMROH_TRY(add_rows(peer.constitution_version + 1, membership_->constitution().value().version,
                      constitution_key));
  HAMROH_TRY(add_rows(peer.directory_version + 1, membership_->version(), directory_version_key));
  if (peer.standing != standing_) {
    // Suspensions first; and where the last hello ended, so that nobody's many rotations keep the
    // others' back for ever.
    std::vector<Bytes> standing = membership_->suspension_files();
    std::ranges::move(membership_->rotation_files(), std::back_inserter(standing));
    std::size_t told = 0;
    while (told < standing.size() && add(standing[(peer.standing_from + told) % standing.size()])) {
      ++told;
    }
    peer.standing_from = told < standing.size() ? (peer.standing_from + told) % standing.size() : 0;
  }
  return files;
}

// This node's own signed head of a version, as a file of the form head; absent if it is not kept.
Result<std::optional<Bytes>> Node::own_head(std::uint64_t version, Turn& turn) const {
  if (directory() != nullptr && version == membership_->version()) {
    return std::optional<Bytes>(encode_directory_file(head_file(directory()->signed_head())));
  }
  HAMROH_ASSIGN(const std::optional<Bytes> row,
                turn.store.get(Table::meta, directory_version_key(version)));
  if (!row) {
    return std::optional<Bytes>{};
  }
  HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(*row));
  return std::optional<Bytes>(encode_directory_file(head_file(file.head)));
}

// What a hello says of the peer's membership. If its directory of a version is another one than
// ours, it is shown ours, signed; it will do the same, and both have the evidence.
Status Node::note_peer_membership(Peer& peer, const Hello& hello, Turn& turn) {
  const bool moved = peer.constitution_version != hello.constitution_version ||
                     peer.directory_version != hello.directory_version ||
                     peer.standing != hello.standing;
  peer.told_what_it_has = true;
  peer.constitution_version = hello.constitution_version;
  peer.directory_version = hello.directory_version;
  peer.directory_hash = hello.directory_hash;
  peer.standing = hello.standing;
  if (moved) {
    peer.push_at = {};
    peer.push_delay = tuning::hello_retry;
    if (lacks(peer) && !peer.hello_due) {
      peer.hello_due = HelloPurpose::answer;
    }
  }
  peer.shows_head.reset();
  if (hello.directory_version == 0 || hello.directory_version > membership_->version()) {
    return {};
  }
  // As long as it names another one; a hello may be lost, so it is shown ours more than once, but
  // ever more rarely.
  HAMROH_ASSIGN(const std::optional<Bytes> own, own_head(hello.directory_version, turn));
  if (own) {
    HAMROH_ASSIGN(const DirectoryFile file, parse_directory_file(*own));
    if (directory_hash(file.head.payload) != hello.directory_hash) {
      peer.shows_head = hello.directory_version;
    }
  }
  return {};
}

}  // namespace hamroh
