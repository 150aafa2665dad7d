// Jurisdiction packs in the node: which ones a directory has named, their bytes, and how nodes pass
// them on.
//
// A pack is believed because a directory names its SHA-256. A node that lacks the one in force says
// so in its hellos; whoever has it answers with a section of an envelope, at most once in
// tuning::pack_interval. From peers nothing is taken but what a directory has named. What only a
// case names, an operator may put in: then she judges, not a peer.

#include "protocol/pack_file.h"

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

// The one in force and those that cases are under stay whatever their number: administrators sign
// each of them.
constexpr std::size_t packs_known_max = 16;

}  // namespace

Status Node::load_packs(Turn& turn) {
  packs_.clear();
  Status parsed;
  HAMROH_TRY(turn.store.scan(
      Table::pack, Digest{}.view(), {}, Transaction::Order::ascending,
      [&](ByteView key, ByteView value) {
        const auto sha256 = Digest::from(key);
        const auto record = PackRecord::parse(value);
        if (!sha256 || !record) {
          parsed = environment_error(Code::store_corrupt, "a kept pack does not parse");
          return false;
        }
        KnownPack& known = packs_[*sha256];
        known.directory_version = record->directory_version;
        known.pinned = record->pinned;
        // One that this version cannot read any more is as if it were not here.
        if (auto pack = read_pack(text(record->file)); !record->file.empty() && pack) {
          known.pack = std::make_unique<const Pack>(std::move(*pack));
        }
        return true;
      }));
  HAMROH_TRY(parsed);
  return know_pack_of_directory(turn);
}

Digest Node::pack_named() const {
  return directory() != nullptr ? directory()->value().pack : Digest{};
}

const Pack* Node::pack(const Digest& sha256) const {
  const auto known = packs_.find(sha256);
  return known != packs_.end() ? known->second.pack.get() : nullptr;
}

const Pack* Node::pack_in_force() const {
  return pack(pack_named());
}

Result<Bytes> Node::pack_file(const Digest& sha256, Turn& turn) const {
  HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::pack, sha256.view()));
  if (!row) {
    return caller_error(Code::not_found, "that pack is not here");
  }
  HAMROH_ASSIGN(PackRecord record, PackRecord::parse(*row));
  if (record.file.empty()) {
    return caller_error(Code::not_found, "that pack is not here: hamroh pack install FILE");
  }
  return std::move(record.file);
}

Status Node::know_pack_of_directory(Turn& turn) {
  return pack_named().is_zero() ? Status{} : know_pack(pack_named(), false, turn);
}

// That it has been named, or that a case is under it.
Status Node::know_pack(const Digest& sha256, bool pinned, Turn& turn) {
  auto known = packs_.find(sha256);
  const bool named = sha256 == pack_named();
  if (known == packs_.end()) {
    HAMROH_TRY(make_room_for_pack(turn));
    if (!named && packs_.size() >= packs_known_max) {
      return {};  // a case that names what nobody has signed must not push out what somebody has
    }
    known = packs_.emplace(sha256, KnownPack{}).first;
  } else if ((!named || known->second.directory_version != 0) &&
             (!pinned || known->second.pinned)) {
    return {};
  }
  PackRecord record;
  HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::pack, sha256.view()));
  if (row) {
    HAMROH_ASSIGN(record, PackRecord::parse(*row));
  }
  if (named && record.directory_version == 0) {
    record.directory_version = membership_->version();
  }
  record.pinned = record.pinned || pinned;
  known->second.directory_version = record.directory_version;
  known->second.pinned = record.pinned;
  return turn.store.put(Table::pack, sha256.view(), record.encode());
}

// First goes what no directory has named and is not here; then what no case is under, the oldest
// first.
Status Node::make_room_for_pack(Turn& turn) {
  while (packs_.size() >= packs_known_max) {
    auto least = packs_.end();
    for (auto known = packs_.begin(); known != packs_.end(); ++known) {
      const KnownPack& one = known->second;
      const bool hollow = one.directory_version == 0 && one.pack == nullptr;
      const bool may_go = known->first != pack_named() && (hollow || !one.pinned);
      if (may_go &&
          (least == packs_.end() || one.directory_version < least->second.directory_version)) {
        least = known;
      }
    }
    if (least == packs_.end()) {
      return {};
    }
    HAMROH_TRY(turn.store.erase(Table::pack, least->first.view()));
    packs_.erase(least);
  }
  return {};
}

Status Node::install_pack(ByteView file, Turn& turn) {
  if (directory() == nullptr) {
    return caller_error(Code::not_ready, "this node has not joined: hamroh node join");
  }
  if (file.size() > limits::pack_bytes_max) {
    return caller_error(Code::too_large, "a pack has at most 192 KiB");
  }
  const Digest sha256 = crypto::sha256({file});
  if (!packs_.contains(sha256)) {
    return caller_error(Code::pack_not_named,
                        "no directory that is known here names this pack, byte for byte: "
                        "hamroh-authority propose pack, then publish");
  }
  if (pack(sha256) != nullptr) {
    return {};
  }
  auto read = read_pack(text(file));
  if (!read) {
    return caller_error(Code::malformed, "the pack has mistakes: hamroh pack check FILE");
  }
  return keep_pack(sha256, std::move(*read), file, turn);
}

Status Node::keep_pack(const Digest& sha256, Pack pack, ByteView file, Turn& turn) {
  KnownPack& known = packs_.at(sha256);
  PackRecord record{known.directory_version, known.pinned, Bytes(file.begin(), file.end())};
  HAMROH_TRY(turn.store.put(Table::pack, sha256.view(), record.encode()));
  known.pack = std::make_unique<const Pack>(std::move(pack));
  return locked() || !known.pinned ? Status{} : begin_clocks_sweep(turn);
}

Status Node::take_packs(std::span<const Bytes> files, Turn& turn) {
  if (files.empty() || files.front().size() > limits::pack_bytes_max) {
    return {};
  }
  const Bytes& file = files.front();  // one at a time is sent
  const Digest sha256 = crypto::sha256({file});
  const auto known = packs_.find(sha256);
  if (known == packs_.end() || known->second.directory_version == 0 || known->second.pack) {
    return {};
  }
  auto read = read_pack(text(file));
  return read ? keep_pack(sha256, std::move(*read), file, turn) : Status{};
}

// The one in force, else one that a case is under. A locked node could not open the envelope that
// brings it.
Digest Node::lacked_pack() const {
  if (locked()) {
    return {};
  }
  if (!pack_named().is_zero() && pack_in_force() == nullptr) {
    return pack_named();
  }
  const auto other = std::ranges::find_if(packs_, [](const auto& item) {
    const KnownPack& known = item.second;
    return known.pinned && known.directory_version != 0 && known.pack == nullptr;
  });
  return other == packs_.end() ? Digest{} : other->first;
}

bool Node::owes_pack(const Peer& peer) const {
  return !peer.lacks_pack.is_zero() && !peer.locked && pack(peer.lacks_pack) != nullptr;
}

// Again and again, ever more rarely, while it is not here: somebody may have got it since.
void Node::ask_for_pack(Peer& peer, Duration monotonic) const {
  if (lacked_pack().is_zero() || !peer.greeted || peer.hello_due || monotonic < peer.pack_ask_at) {
    return;
  }
  peer.hello_due = HelloPurpose::answer;
  peer.pack_ask_at = Duration{monotonic.ms + peer.pack_ask_delay.ms};
  peer.pack_ask_delay = std::min(Duration{peer.pack_ask_delay.ms * 2}, tuning::retry_delay_max);
}

}  // namespace hamroh
