#include "tests/sim/authority.h"

#include <algorithm>
#include <utility>

namespace hamroh::sim {
namespace {

constexpr std::string_view network_name = "simulated";
constexpr Duration validity = days(3650);
constexpr std::size_t administrators_most = 5;

Administrator administrator(const std::string& name, const crypto::SigningKey& key) {
  return {name, *AdminKey::from(key.public_key().view()), prove_founder(network_name, name, key)};
}

}  // namespace

Authority::Authority(Random random, Timestamp now) : random_(random), entropy_(random_.fork()) {
  Constitution constitution;
  constitution.network_name = network_name;
  constitution.created = now;
  constitution.threshold = 2;
  while (administrators_.size() < 3) {
    administrators_.push_back(draw_hand());
    const Hand& hand = administrators_.back();
    constitution.administrators.push_back(administrator(hand.name, *hand.key));
  }
  SignedPayload file{encode_constitution(constitution), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  for (const Hand& hand : administrators_) {
    file.signatures.push_back(sign_constitution(file.payload, network, *hand.key));
  }
  auto verified = verify_founding(file);
  CHECK(verified);
  constitution_hashes_.insert(verified->hash());
  constitutions_.push_back(std::move(*verified));
  constitution_payloads_.push_back(std::move(file));
  draft_.network = network;
}

const crypto::SigningKey* Authority::draw_key() {
  const Seed seed = Seed::make([&](auto raw) { entropy_.fill(raw); });
  return &keys_.emplace_back(crypto::SigningKey::from_seed(seed));
}

Authority::Hand Authority::draw_hand() {
  return {"admin-" + std::to_string(++named_), draw_key()};
}

// Any of the honest ones, so that different hands sign different versions.
Authority::Signers Authority::honest(std::size_t wanted) {
  Signers keys;
  const std::size_t from = random_.below(administrators_.size());
  for (std::size_t i = 0; i < administrators_.size() && keys.size() < wanted; ++i) {
    const std::size_t at = (from + i) % administrators_.size();
    if (at != thief_) {
      keys.push_back(administrators_[at].key);
    }
  }
  CHECK(keys.size() == wanted);
  return keys;
}

Bytes Authority::keep(Bytes statement) {
  for (const Digest& part : parts_of(statement)) {
    statements_.insert(part);
  }
  return statement;
}

// Nodes put signatures under one suspension together and leave those out that count no more: each
// is looked at by itself.
std::vector<Digest> Authority::parts_of(const Bytes& statement) {
  const auto suspension = parse_signed_suspension(statement);
  if (!suspension) {
    return {crypto::sha256({statement})};
  }
  std::vector<Digest> parts;
  for (const AdminSignature& one : suspension->signatures) {
    parts.push_back(crypto::sha256({suspension->payload, one.key.view(), one.signature.view()}));
  }
  return parts;
}

bool Authority::has_made(const Bytes& statement) const {
  return std::ranges::all_of(parts_of(statement),
                             [&](const Digest& part) { return statements_.contains(part); });
}

void Authority::add_rotation(const Bytes& file) {
  rotations_.push_back(keep(file));
}

// ---- directories ------------------------------------------------------------------------------

Member* Authority::entry(const MemberId& id) {
  const auto found = std::ranges::find(draft_.members, id, &Member::id);
  return found != draft_.members.end() ? &*found : nullptr;
}

void Authority::admit(const Member& member) {
  const auto at = std::ranges::lower_bound(draft_.members, member.id, {}, &Member::id);
  draft_.members.insert(at, member);
}

Bytes Authority::sign(Directory& next, Timestamp now, const VerifiedDirectory* before) {
  std::vector<Member> members = std::move(next.members);
  const std::uint8_t countersigned = next.countersigned;
  if (before != nullptr) {
    next = before->successor(now, validity);
  } else {
    next.version = 1;
    next.created = now;
    next.expires = now + validity;
  }
  next.warns = next.expires;
  next.members = std::move(members);
  next.countersigned = countersigned;
  const VerifiedConstitution* rule = &constitutions_.front();
  for (const VerifiedConstitution& one : constitutions_) {
    rule = one.value().directory_from <= next.version ? &one : rule;
  }
  next.constitution = rule->hash();
  DirectoryFile file = before != nullptr ? delta_file(before->value(), next) : complete_file(next);
  for (const auto* key : honest(rule->value().threshold)) {
    file.head.signatures.push_back(sign_directory(file.head.payload, next.network, *key));
  }
  DirectoryFile whole = complete_file(next);
  whole.head = file.head;
  auto verified = verify_directory(*rule, whole);
  CHECK(verified);
  complete_.emplace(verified->hash(), encode_directory_file(whole));
  newest_ = std::move(*verified);
  newest_file_ = encode_directory_file(file);
  old_directories_.push_back(newest_file_);
  old_directories_.push_back(complete_.at(newest_->hash()));
  return newest_file_;
}

Bytes Authority::publish(Timestamp now) {
  CHECK(!split_);
  const std::optional<VerifiedDirectory> before = newest_;
  return sign(draft_, now, before ? &*before : nullptr);
}

std::pair<Bytes, Bytes> Authority::publish_two(Timestamp now) {
  CHECK(!split_);
  const VerifiedDirectory before = *newest_;
  Directory other = draft_;
  other.members.front().capabilities.give(Capability::metrics);
  const Bytes second = sign(other, now, &before);
  const Digest second_hash = newest_->hash();
  const Bytes first = sign(draft_, now, &before);
  split_ = Split{newest_->value().version, {newest_->hash(), second_hash}};
  return {first, second};
}

Bytes Authority::complete() const {
  return complete_.at(newest_->hash());
}

Bytes Authority::old_directory() {
  return random_.pick(old_directories_);
}

// ---- constitutions ----------------------------------------------------------------------------

std::optional<Bytes> Authority::amend(Change change, Timestamp now) {
  const Constitution& present = constitution().value();
  if (split_ || present.directory_from > newest_->value().version) {
    return std::nullopt;  // the last change is not in force yet
  }
  // The old rule needs signers of before, the new one of after: all honest hands sign.
  Signers signers = honest(administrators_.size() - 1);
  std::uint32_t threshold = present.threshold;
  const auto renew = [&](std::size_t at) {
    former_.push_back(administrators_[at].key);
    administrators_[at] = draw_hand();
    return administrators_[at].key;
  };
  switch (change) {
    case Change::replace_thief:
      signers.push_back(renew(thief_));
      break;
    case Change::replace_honest:
      signers.push_back(renew((thief_ + 1) % administrators_.size()));
      break;
    case Change::more:
      if (administrators_.size() == administrators_most) {
        return std::nullopt;
      }
      administrators_.push_back(draw_hand());
      signers.push_back(administrators_.back().key);
      threshold = static_cast<std::uint32_t>(administrators_.size() / 2 + 1);
      break;
    case Change::fewer: {
      if (administrators_.size() == 3) {
        return std::nullopt;
      }
      const std::size_t last = administrators_.size() - 1;
      const std::size_t goes = last == thief_ ? last - 1 : last;
      former_.push_back(administrators_[goes].key);
      administrators_.erase(administrators_.begin() + static_cast<std::ptrdiff_t>(goes));
      thief_ -= goes < thief_ ? 1 : 0;
      threshold = static_cast<std::uint32_t>(administrators_.size() / 2 + 1);
      break;
    }
  }
  Constitution next;
  next.network_name = network_name;
  next.version = present.version + 1;
  next.previous = constitution().hash();
  next.created = now;
  next.threshold = threshold;
  next.directory_from = newest_->value().version + 1;
  for (const Hand& hand : administrators_) {
    next.administrators.push_back(administrator(hand.name, *hand.key));
  }
  SignedPayload file{encode_constitution(next), {}};
  for (const auto* key : signers) {
    file.signatures.push_back(sign_constitution(file.payload, network(), *key));
  }
  auto verified = verify_successor(constitution(), file);
  CHECK(verified);
  constitution_hashes_.insert(verified->hash());
  constitutions_.push_back(std::move(*verified));
  constitution_payloads_.push_back(file);
  return encode_signed_constitution(file);
}

Bytes Authority::network_file() const {
  return encode_constitution_chain(constitution_payloads_);
}

std::vector<Bytes> Authority::constitution_files() const {
  std::vector<Bytes> files;
  for (const SignedPayload& one : constitution_payloads_) {
    files.push_back(encode_signed_constitution(one));
  }
  return files;
}

// ---- suspensions ------------------------------------------------------------------------------

Bytes Authority::sign_suspension_file(const Suspension& suspension, const Signers& signers) const {
  SignedPayload file{encode_suspension(suspension), {}};
  for (const auto* key : signers) {
    file.signatures.push_back(sign_suspension(file.payload, network(), *key));
  }
  return encode_signed_suspension(file);
}

Bytes Authority::suspend(const MemberId& member, Timestamp from, Duration length) {
  return keep(sign_suspension_file(
      {network(), member, from, from + length, SuspensionReason::keys_suspected, false},
      honest(1)));
}

Bytes Authority::lift(const MemberId& member, Timestamp from) {
  return keep(sign_suspension_file(
      {network(), member, from, from + hours(1), SuspensionReason::other, true}, honest(2)));
}

// ---- the thief --------------------------------------------------------------------------------

Bytes Authority::suspend_alone(const MemberId& member, Timestamp from, Timestamp until) {
  return keep(
      sign_suspension_file({network(), member, from, until, SuspensionReason::misuse, false},
                           {administrators_[thief_].key}));
}

Bytes Authority::overlong_suspension(const MemberId& member, Timestamp from) {
  return sign_suspension_file(
      {network(), member, from, from + hours(73), SuspensionReason::misuse, false},
      {administrators_[thief_].key});
}

// One hand, its signature twice, or with one that has no say any more.
Authority::Signers Authority::with_an_accomplice() {
  const crypto::SigningKey* thief = administrators_[thief_].key;
  Signers signers{thief};
  if (random_.once_in(2)) {
    signers.push_back(former_.empty() || random_.once_in(2) ? thief : random_.pick(former_));
  }
  return signers;
}

Bytes Authority::forged_lift(const MemberId& member, Timestamp from) {
  return keep(sign_suspension_file(
      {network(), member, from, from + hours(1), SuspensionReason::other, true},
      with_an_accomplice()));
}

Bytes Authority::forged_rotation(const Member& victim, Timestamp now) {
  const crypto::SigningKey& author = *draw_key();
  const crypto::SigningKey& receipt = *draw_key();
  const crypto::SigningKey& witness = *draw_key();
  const Rotation rotation{network(),
                          victim.id,
                          victim.incarnation,
                          victim.key_serial + 1,
                          now,
                          *AuthorKey::from(author.public_key().view()),
                          *ReceiptKey::from(receipt.public_key().view()),
                          *WitnessKey::from(witness.public_key().view()),
                          victim.transport,
                          victim.endpoint};
  return make_rotation(rotation, author, {author, receipt, witness});
}

Bytes Authority::forged_directory(Timestamp now) {
  Directory forged = newest_->successor(now, validity);
  Member& victim = forged.members[random_.below(forged.members.size())];
  switch (random_.below(3)) {
    case 0:
      victim.state = MemberState::revoked;
      break;
    case 1:
      victim.capabilities.bits = 0;
      break;
    default:
      break;
  }
  forged.constitution = constitution().hash();
  DirectoryFile file = delta_file(newest_->value(), forged);
  for (const auto* key : with_an_accomplice()) {
    file.head.signatures.push_back(sign_directory(file.head.payload, forged.network, *key));
  }
  return encode_directory_file(file);
}

// The thief makes itself the majority of the new rule; or it is the new rule that too few signed.
Bytes Authority::forged_constitution(Timestamp now) {
  const crypto::SigningKey& thief = *administrators_[thief_].key;
  const crypto::SigningKey& friend_key = *draw_key();
  Constitution next = constitution().value();
  next.version += 1;
  next.previous = constitution().hash();
  next.created = now;
  next.directory_from = std::max(newest_->value().version, next.directory_from) + 1;
  Signers signers{&thief};
  switch (random_.below(3)) {
    case 0:
      next.administrators = {administrator("thief", thief)};
      next.threshold = 1;
      break;
    case 1:
      next.administrators = {administrator("thief", thief), administrator("friend", friend_key)};
      next.threshold = 2;
      signers.push_back(&friend_key);
      break;
    default:  // not forged, but passed on before enough had signed by the new rule
      signers = honest(next.threshold);
      next.administrators.push_back(administrator("new-1", friend_key));
      next.administrators.push_back(administrator("new-2", *draw_key()));
      next.threshold = static_cast<std::uint32_t>(next.administrators.size() / 2 + 1);
      break;
  }
  SignedPayload file{encode_constitution(next), {}};
  for (const auto* key : signers) {
    file.signatures.push_back(sign_constitution(file.payload, network(), *key));
  }
  return encode_signed_constitution(file);
}

// ---- the model --------------------------------------------------------------------------------

Result<Membership> Authority::replay(std::uint64_t constitution_version, const Digest& directory,
                                     std::vector<Bytes> rotations, std::vector<Bytes> suspensions) {
  const std::span<const SignedPayload> chain(constitution_payloads_);
  if (constitution_version > chain.size() || !complete_.contains(directory)) {
    return caller_error(Code::not_found, "nobody has signed that");
  }
  auto base = bases_.find({constitution_version, directory});
  if (base == bases_.end()) {
    HAMROH_ASSIGN(Membership begun, Membership::begin(chain.first(constitution_version)));
    HAMROH_TRY(begun.take(complete_.at(directory)));
    base = bases_.emplace(std::pair{constitution_version, directory}, std::move(begun)).first;
  }
  Membership membership = base->second;
  std::ranges::sort(suspensions);
  for (const Bytes& file : suspensions) {
    HAMROH_TRY(membership.take(file));
  }
  // Rotations form chains: what does not follow yet is taken in another round.
  for (std::size_t before = 0; before != rotations.size();) {
    before = rotations.size();
    std::erase_if(rotations, [&](const Bytes& file) { return membership.take(file).has_value(); });
  }
  if (!rotations.empty()) {
    return caller_error(Code::broken_chain, "a rotation does not follow what is listed");
  }
  return membership;
}

}  // namespace hamroh::sim
