// This node's own keys, and what it is in the network by them: rotation, from the secrets that wait
// to the session under the new ones.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

constexpr std::size_t past_keys_max = 256;

}  // namespace

Standing Node::standing() const {
  const Member* self = directory() != nullptr ? membership_->find(identity_.member) : nullptr;
  if (self == nullptr) {
    return Standing::not_listed;
  }
  if (self->state == MemberState::revoked) {
    return Standing::revoked;
  }
  if (identity_.incarnation > self->incarnation) {
    return Standing::not_listed;  // come back, and not admitted again yet
  }
  if (!std::ranges::equal(self->receipt.view(), receipt_->public_key().view()) ||
      (author_ && !std::ranges::equal(self->author.view(), author_->public_key().view()))) {
    return Standing::superseded;
  }
  return is_suspended(identity_.member) ? Standing::suspended : Standing::member;
}

Status Node::certify(UserCertificate& certificate) const {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to certify a key");
  }
  certificate.home = {identity_.network, identity_.member};
  certificate.incarnation = identity_.incarnation;
  certificate.author = *AuthorKey::from(author_->public_key().view());
  certificate.signature = author_->sign(certificate.statement());
  return {};
}

Result<RotationOutcome> Node::rotate(const RotationAsk& ask, Turn& turn) {
  if (locked()) {
    return caller_error(Code::locked, "the vault is locked: unlock it to change keys");
  }
  const Member* self = directory() != nullptr ? membership_->active(identity_.member) : nullptr;
  if (self == nullptr || standing() == Standing::superseded || phase_ == Phase::stopped) {
    return caller_error(Code::not_ready, "this node is no active member with its own keys");
  }
  if (!ask.endpoint.empty() && !is_endpoint(ask.endpoint)) {
    return caller_error(Code::invalid_argument, "an endpoint is of the form tcp://host:port");
  }
  const bool moves = !ask.endpoint.empty() && ask.endpoint != self->endpoint;
  const bool signs = ask.author || ask.receipt || ask.witness || ask.transport || moves;
  if (!signs) {
    if (!ask.epoch) {
      return caller_error(Code::invalid_argument, "nothing was named that shall change");
    }
    HAMROH_TRY(keep_key_sheet(turn, EpochKeys::all_new));
    return RotationOutcome{{}, self->key_serial, false};
  }
  // The administrators may still take over the keys of the one that waits: they must not be lost,
  // and two statements of one serial would look like a theft.
  if (waiting_rotation_ && waiting_rotation_->follows(*self)) {
    if ((waiting_rotation_->changed_in(*self) & directory()->value().countersigned) != 0) {
      return caller_error(Code::conflict, "a change of keys waits for the administrators already");
    }
    // They need not agree any more: what waits is what changes now.
    RotationOutcome outcome{waiting_rotation_->file(), waiting_rotation_->value().serial, false};
    HAMROH_TRY(take_statement(outcome.statement, turn));
    return outcome;
  }
  if (self->key_serial - directory()->find(self->id)->key_serial >=
      limits::rotations_per_member_max) {
    return caller_error(Code::full, "too many changes of keys: the directory must follow first");
  }
  // New secrets stand beside the old ones until the statement holds.
  const auto next_secret = [&](Table table, const Bytes& key, bool renew) -> Result<Secret<32>> {
    HAMROH_ASSIGN(std::optional<Bytes> raw, turn.store.get(table, key));
    if (!raw || raw->size() != 32) {
      return environment_error(Code::store_corrupt, "a secret key is missing from the store");
    }
    Secret<32> secret = renew ? Secret<32>::make([&](auto out) { turn.entropy.fill(out); })
                              : Secret<32>(ByteView(*raw).first<32>());
    crypto::wipe(*raw);
    HAMROH_TRY(secret.expose([&](auto out) { return turn.store.put(table, row::next(key), out); }));
    return secret;
  };
  HAMROH_ASSIGN(const Seed author_seed, next_secret(Table::reader_secret, row::author, ask.author));
  HAMROH_ASSIGN(const Seed receipt_seed,
                next_secret(Table::node_secret, row::receipt, ask.receipt));
  HAMROH_ASSIGN(const Seed witness_seed,
                next_secret(Table::node_secret, row::witness, ask.witness));
  HAMROH_ASSIGN(const AgreementKey transport,
                next_secret(Table::node_secret, row::transport, ask.transport));
  const auto author = crypto::SigningKey::from_seed(author_seed);
  const auto receipt = crypto::SigningKey::from_seed(receipt_seed);
  const auto witness = crypto::SigningKey::from_seed(witness_seed);
  Rotation rotation{identity_.network,
                    identity_.member,
                    self->incarnation,
                    self->key_serial + 1,
                    turn.now,
                    *AuthorKey::from(author.public_key().view()),
                    *ReceiptKey::from(receipt.public_key().view()),
                    *WitnessKey::from(witness.public_key().view()),
                    *TransportKey::from(crypto::x25519_public(transport).view()),
                    moves ? ask.endpoint : self->endpoint};
  RotationOutcome outcome;
  outcome.serial = rotation.serial;
  outcome.statement = make_rotation(rotation, *author_, {author, receipt, witness});
  HAMROH_ASSIGN(waiting_rotation_, verify_rotation(identity_.network, outcome.statement));
  HAMROH_TRY(turn.store.put(Table::meta, row::waiting_rotation, outcome.statement));
  outcome.waits = (waiting_rotation_->changed_in(*self) & directory()->value().countersigned) != 0;
  if (!outcome.waits) {
    HAMROH_TRY(take_statement(outcome.statement, turn));
  }
  if (ask.epoch) {
    HAMROH_TRY(keep_key_sheet(turn, EpochKeys::all_new));
  }
  return outcome;
}

// If the membership names keys of this node that have waited for it, they take the place of the
// old ones. True if the keys that sign have changed. A locked node takes what it can.
Result<bool> Node::adopt_own_keys(Turn& turn) {
  const Member* self = directory() != nullptr ? membership_->find(identity_.member) : nullptr;
  if (self == nullptr || !waiting_rotation_) {
    return false;
  }
  const Rotation& waiting = waiting_rotation_->value();
  const bool named = self->key_serial >= waiting.serial &&
                     self->incarnation == waiting.incarnation && self->receipt == waiting.receipt &&
                     self->author == waiting.author && self->transport == waiting.transport;
  if (!named) {
    return false;
  }
  const auto move = [&](Table table, const Bytes& key) -> Result<bool> {
    HAMROH_ASSIGN(std::optional<Bytes> secret, turn.store.get(table, row::next(key)));
    if (!secret) {
      return false;
    }
    const Status kept = turn.store.put(table, key, *secret);
    crypto::wipe(*secret);
    HAMROH_TRY(kept);
    HAMROH_TRY(turn.store.erase(table, row::next(key)));
    return true;
  };
  const auto remember = [&](ByteView key) -> Status {
    if (past_keys_.size() < past_keys_max) {
      past_keys_.emplace(key.begin(), key.end());
      return turn.store.put(Table::meta, row::past_key(key), Bytes{1});
    }
    return {};
  };
  HAMROH_TRY(remember(receipt_->public_key().view()));
  HAMROH_ASSIGN(bool moved, move(Table::node_secret, row::receipt));
  HAMROH_ASSIGN(const bool witness, move(Table::node_secret, row::witness));
  HAMROH_ASSIGN(const bool transport, move(Table::node_secret, row::transport));
  turn.effects.transport_changed = turn.effects.transport_changed || transport;
  moved = moved || witness;
  identity_.endpoint = self->endpoint;
  HAMROH_TRY(turn.store.put(Table::meta, row::identity, identity_.encode()));
  if (!locked()) {
    HAMROH_TRY(remember(author_->public_key().view()));
    HAMROH_ASSIGN(const bool author, move(Table::reader_secret, row::author));
    moved = moved || author;
    HAMROH_TRY(turn.store.erase(Table::meta, row::waiting_rotation));
    waiting_rotation_.reset();
  }
  HAMROH_TRY(load_keys(turn));
  return moved;
}

Status Node::enter_backup(const BackupStatement& statement, Timestamp ends, Turn& turn) {
  append_entry(EntryKind::backup_made, Code::none, statement.digest(), Digest{}, {}, turn);
  HAMROH_ASSIGN(const auto until, backups_open_until(turn));
  return turn.store.put(Table::meta, row::backups,
                        key_u64(std::max(ends, until.value_or(ends)).ms));
}

Result<std::optional<Timestamp>> Node::backups_open_until(Turn& turn) const {
  HAMROH_ASSIGN(const auto kept, turn.store.get(Table::meta, row::backups));
  if (!kept) {
    return std::optional<Timestamp>{};
  }
  ByteReader reader(*kept);
  const Timestamp until{reader.u64()};
  if (!reader.finished()) {
    return environment_error(Code::store_corrupt, "the row of backups does not parse");
  }
  return turn.now < until ? std::optional(until) : std::nullopt;
}

void Node::enter_backup_key_destroyed(const BackupKeyId& key, Turn& turn) {
  append_entry(EntryKind::keys_destroyed, Code::none, crypto::sha256({key.view()}), Digest{}, {},
               turn);
}

// From here on the new keys sign: a session of their own, and a key sheet under the new author key.
Status Node::use_new_keys(Turn& turn) {
  HAMROH_TRY(begin_session(turn));
  if (!locked()) {
    HAMROH_TRY(keep_key_sheet(turn, EpochKeys::signed_again));
  }
  return {};
}

}  // namespace hamroh
