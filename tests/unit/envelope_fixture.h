// A sender with a ledger of its own, and the envelopes that it makes of it.
#pragma once

#include "protocol/inbox.h"
#include "tests/unit/directory_fixture.h"
#include "tests/unit/store_fixture.h"

namespace hamroh::envelope_fixture {

inline constexpr unsigned author_key = 100;  // of directory_fixture::member(1)
inline constexpr unsigned receipt_key = 101;

inline Origin origin() {
  Origin origin;
  origin.network.bytes[0] = 42;
  origin.member = directory_fixture::member(1).id;
  origin.incarnation = 1;
  return origin;
}

inline Bytes inner_bytes(unsigned number) {
  return store_fixture::bytes("what message " + std::to_string(number) + " says");
}

inline Entry entry(EntryKind kind, const Digest& subject) {
  Entry entry;
  entry.kind = kind;
  entry.time = directory_fixture::today;
  entry.directory_version = 1;
  entry.subject = subject;
  return entry;
}

// Whether a leaf of the tree travels, and as what.
using Leaf = std::variant<MessageSection, ReceiptSection>;

class Sender {
 public:
  std::uint64_t append(const Entry& entry) {
    entries_.push_back(entry);
    return entries_.size() - 1;
  }
  // An entry that the recipient does not see.
  void append_other() { append(entry(EntryKind::dummy, {})); }
  MessageSection append_message(unsigned number) {
    MessageSection section;
    section.inner = inner_bytes(number);
    section.entry = entry(EntryKind::sent, message_digest(section.inner));
    section.index = append(section.entry);
    return section;
  }
  ReceiptSection append_receipt(EntryKind kind) {
    ReceiptSection section;
    section.message.bytes[0] = 9;
    section.entry = entry(kind, crypto::sha256({view("somebody's message")}));
    section.index = append(section.entry);
    return section;
  }

  [[nodiscard]] CompactRange range(std::uint64_t size) const {
    CompactRange range;
    for (std::uint64_t i = 0; i < size; ++i) {
      range.append(entries_[i].leaf());
    }
    return range;
  }
  [[nodiscard]] CompactRange range() const { return range(entries_.size()); }
  [[nodiscard]] Note note(std::uint64_t first = 0, NoteRole role = NoteRole::author) const {
    return sign_note(origin(), entries_.size(), range().root(), first, role,
                     directory_fixture::key(role == NoteRole::author ? author_key : receipt_key));
  }

  [[nodiscard]] EnvelopeContent content(const std::vector<Leaf>& leaves,
                                        std::uint64_t base_size = 0) const {
    EnvelopeContent content;
    content.proof.sender = origin().member;
    content.proof.incarnation = origin().incarnation;
    content.proof.note = note();
    content.proof.base_size = base_size;
    std::vector<std::uint64_t> indices;
    for (const Leaf& leaf : leaves) {
      indices.push_back(std::visit([](const auto& section) { return section.index; }, leaf));
    }
    content.proof.hashes = make_multiproof(entries_.size(), base_size, indices,
                                           [this](unsigned level, std::uint64_t index) {
                                             return subtree(level, index);
                                           })
                               .value();
    content.leaves = leaves;
    return content;
  }

 private:
  [[nodiscard]] Result<Digest> subtree(unsigned level, std::uint64_t index) const {
    if (level == 0) {
      return entries_.at(index).leaf();
    }
    return node_hash(*subtree(level - 1, index * 2), *subtree(level - 1, index * 2 + 1));
  }
  std::vector<Entry> entries_;
};

// What a recipient knows of the sender that has seen its first `size` entries.
inline SenderKnowledge knowledge(const Sender& sender, std::uint64_t size = 0) {
  SenderKnowledge known;
  known.origin = origin();
  known.author = directory_fixture::public_of<AuthorKey>(author_key);
  known.receipt = directory_fixture::public_of<ReceiptKey>(receipt_key);
  if (size > 0) {
    known.range = sender.range(size);
    known.seen = sign_note(origin(), size, known.range.root(), 0, NoteRole::author,
                           directory_fixture::key(author_key));
  }
  return known;
}

}  // namespace hamroh::envelope_fixture
