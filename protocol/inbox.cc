#include "protocol/inbox.h"

#include <utility>

namespace hamroh {

namespace {

tl::unexpected<EnvelopeFault> fault(Code code, const char* text) {
  return tl::unexpected(EnvelopeFault{Error{code, Blame::peer, text}, false, false});
}

bool may_be_receipt(EntryKind kind, NoteRole role) {
  switch (kind) {
    case EntryKind::held:
    case EntryKind::refused:
      return true;
    case EntryKind::opened:
    case EntryKind::expired:
    case EntryKind::unsupported:
      return role == NoteRole::author;
    default:
      return false;
  }
}

}  // namespace

struct EnvelopeVerifier {
  const SenderKnowledge& sender;
  VerifiedEnvelope verified;

  using Checked = tl::expected<void, EnvelopeFault>;

  tl::expected<VerifiedEnvelope, EnvelopeFault> run(EnvelopeContent content) {
    verified.content_ = std::move(content);
    Checked checked = check_sender();
    if (checked) {
      checked = choose_base();
    }
    if (checked) {
      checked = take_leaves();
    }
    if (checked) {
      checked = check_tree();
    }
    if (!checked) {
      return tl::unexpected(checked.error());
    }
    verified.content_.leaves.clear();
    return std::move(verified);
  }

  Checked check_sender() {
    const ProofSection& proof = verified.content_.proof;
    if (proof.sender != sender.origin.member || proof.incarnation != sender.origin.incarnation) {
      return fault(Code::unknown_member, "an envelope's proof names another member");
    }
    const ByteView expected =
        proof.note.role == NoteRole::author ? sender.author.view() : sender.receipt.view();
    if (!std::ranges::equal(proof.note.key.view(), expected)) {
      return fault(Code::bad_signature, "a note is signed with a key that the directory lacks");
    }
    if (!verify_note(sender.origin, proof.note)) {
      return fault(Code::bad_signature, "a note's signature is wrong");
    }
    return {};
  }

  Checked check_entry(std::uint64_t index, const Entry& entry) {
    const Note& note = verified.content_.proof.note;
    if (index < note.first || index >= note.size) {
      return fault(Code::bad_proof, "an entry lies outside what its note vouches for");
    }
    verified.leaves_.push_back({index, entry.leaf()});
    return {};
  }

  Checked take_message(MessageSection& section) {
    if (verified.content_.proof.note.role != NoteRole::author) {
      return fault(Code::bad_signature, "a message is proven under a receipt key");
    }
    const Digest digest = message_digest(section.inner);
    const bool says_it =
        section.entry.kind == EntryKind::sent || section.entry.kind == EntryKind::redelivered;
    if (!says_it || section.entry.subject != digest) {
      return fault(Code::bad_proof, "a message's entry is not the one of its content");
    }
    auto checked = check_entry(section.index, section.entry);
    if (checked) {
      verified.messages_.push_back(
          {section.index, section.entry, digest, std::move(section.inner)});
    }
    return checked;
  }

  Checked take_receipt(const ReceiptSection& section) {
    if (!may_be_receipt(section.entry.kind, verified.content_.proof.note.role)) {
      return fault(Code::bad_proof, "an entry cannot serve as a receipt");
    }
    auto checked = check_entry(section.index, section.entry);
    if (checked) {
      verified.receipts_.push_back({section.message, section.index, section.entry});
    }
    return checked;
  }

  Checked take_leaves() {
    for (auto& leaf : verified.content_.leaves) {
      auto* message = std::get_if<MessageSection>(&leaf);
      auto taken = message != nullptr ? take_message(*message)
                                      : take_receipt(std::get<ReceiptSection>(leaf));
      if (!taken) {
        return taken;
      }
    }
    return {};
  }

  // The base is the note that we hold, or none. Anything else cannot be verified here.
  Checked choose_base() {
    const ProofSection& proof = verified.content_.proof;
    if (proof.base_size == sender.range.size) {
      verified.base_ = sender.range;
      verified.extends_ = true;
      return {};
    }
    if (proof.base_size == 0) {
      verified.extends_ = false;
      return {};
    }
    return tl::unexpected(EnvelopeFault{
        Error{Code::bad_proof, Blame::peer, "an envelope builds on a note not known here"}, true,
        false});
  }

  Checked check_tree() {
    const ProofSection& proof = verified.content_.proof;
    const Note& note = proof.note;
    // Equal sizes with different roots, both signed, are a fork whatever the proof says.
    if (sender.seen && sender.seen->size == note.size && sender.seen->root != note.root) {
      return tl::unexpected(EnvelopeFault{
          Error{Code::fork, Blame::peer, "two signed notes of one size differ"}, false, true});
    }
    if (verified.base_.size > note.size) {
      return tl::unexpected(EnvelopeFault{
          Error{Code::bad_proof, Blame::peer, "an envelope's note is older than its base"}, true,
          false});
    }
    auto range =
        verify_multiproof(note.size, note.root, verified.base_, verified.leaves_, proof.hashes);
    if (!range) {
      return tl::unexpected(EnvelopeFault{range.error(), false, false});
    }
    verified.range_ = std::move(*range);
    return {};
  }
};

tl::expected<VerifiedEnvelope, EnvelopeFault> verify_content(ByteView plaintext,
                                                             const SenderKnowledge& sender) {
  auto content = parse_content(plaintext);
  if (!content) {
    return tl::unexpected(EnvelopeFault{content.error(), false, false});
  }
  return EnvelopeVerifier{sender, {}}.run(std::move(*content));
}

}  // namespace hamroh
