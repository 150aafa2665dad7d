// From an opened envelope to facts: verification in the only order that is safe.
//
// `verify_content` takes the plaintext of one envelope and what this node knows of the peer that
// the transport names, and returns a VerifiedEnvelope or nothing:
//   1. the sections parse; the proof comes first and names that peer and its current incarnation;
//   2. the note is signed with the key that its role names in the directory;
//   3. every entry's leaf lies under the note's root, and the tree extends the note that this node
//      already has from that peer (a base other than that one is `Code::bad_proof` with
//      `wrong_base` set: the peer sends again from the right base);
//   4. entries lie in [first, size): they were appended while that key was in use;
//   5. a message's entry is `sent` (or `redelivered`) and its subject is the digest of the inner; a
//      receipt's kind is one that settles or `held`; under the receipt key only `held` and
//      `refused` are believed.
// Inners are parsed only by whoever holds a VerifiedMessage, so never before their proof.
#pragma once

#include <vector>

#include "protocol/envelope.h"

namespace hamroh {

// What this node knows of a peer before it opens an envelope of it.
struct SenderKnowledge {
  Origin origin;
  AuthorKey author;
  ReceiptKey receipt;
  std::optional<Note> seen;  // the largest note verified so far
  CompactRange range;        // of seen; empty without
};

struct VerifiedMessage {
  std::uint64_t index = 0;
  Entry entry;
  Digest digest;
  Bytes inner;
};

struct VerifiedReceipt {
  MessageId message;
  std::uint64_t index = 0;
  Entry entry;
};

// Made by verify_content only.
class VerifiedEnvelope {
 public:
  [[nodiscard]] const ProofSection& proof() const { return content_.proof; }
  [[nodiscard]] const CompactRange& base() const { return base_; }
  // Compact range of the note, to be remembered.
  [[nodiscard]] const CompactRange& range() const { return range_; }
  // True if the tree was shown to extend the note known before (or none was known).
  [[nodiscard]] bool extends() const { return extends_; }
  [[nodiscard]] const std::vector<ProvenLeaf>& leaves() const { return leaves_; }
  [[nodiscard]] const std::vector<VerifiedMessage>& messages() const { return messages_; }
  [[nodiscard]] const std::vector<VerifiedReceipt>& receipts() const { return receipts_; }
  [[nodiscard]] const EnvelopeContent& files() const { return content_; }  // sheets, directories …

 private:
  friend struct EnvelopeVerifier;
  EnvelopeContent content_;
  CompactRange base_;
  CompactRange range_;
  bool extends_ = false;
  std::vector<ProvenLeaf> leaves_;
  std::vector<VerifiedMessage> messages_;
  std::vector<VerifiedReceipt> receipts_;
};

struct EnvelopeFault {
  Error error;
  bool wrong_base = false;  // only the base is at fault: complain, and the peer sends again
  bool fork = false;        // two signed notes of the peer exclude one another
};

[[nodiscard]] tl::expected<VerifiedEnvelope, EnvelopeFault> verify_content(
    ByteView plaintext, const SenderKnowledge& sender);

}  // namespace hamroh
