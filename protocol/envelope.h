// Envelopes: the header that the wire sees, and the sections inside the seal.
//
// frame    = type u8 (2) ‖ header ‖ ciphertext
// header   = version u8 ‖ suite u8 ‖ recipient[16] ‖ epoch key id[16] ‖ enc[32]    (66 bytes, AAD)
// content  = sections ‖ zero bytes up to the PADMÉ length
// section  = type u16 (bit 15: critical) ‖ length u32 ‖ bytes; type 0 ends the list (the padding)
//
// The first section is the proof; then every section that proves a leaf, in strictly rising order
// of ledger index. A reader skips unknown sections unless their critical bit is set.
#pragma once

#include <variant>
#include <vector>

#include "protocol/key_sheet.h"
#include "protocol/ledger.h"
#include "protocol/message.h"
#include "protocol/seal.h"

namespace hamroh {

struct EnvelopeHeader {
  static constexpr std::size_t encoded_size = 1 + 1 + 16 + 16 + 32;
  std::uint8_t version = wire_version;
  std::uint8_t suite = suite_x25519;
  MemberId recipient;
  EpochKeyId epoch_key;
  hpke::Encapsulated enc;
  bool operator==(const EnvelopeHeader&) const = default;
  [[nodiscard]] Bytes encode() const;
};

struct EnvelopeView {
  EnvelopeHeader header;
  ByteView header_bytes;  // borrowed from the frame
  ByteView ciphertext;
};
// Fails (peer): malformed, unsupported_version, unsupported_suite.
[[nodiscard]] Result<EnvelopeView> parse_envelope(ByteView frame);
// SHA-256(label ‖ header ‖ ciphertext), the subject of `held`.
[[nodiscard]] Digest envelope_digest(ByteView frame);

enum class SectionType : std::uint16_t {
  end = 0,
  proof = 1,
  message = 2,
  receipt = 3,
  key_sheet = 4,
  directory = 5,
  suspension = 6,
  witness = 7,  // reserved: cosignature traffic
  pack = 8,     // a jurisdiction pack, for a member that lacks it
};
inline constexpr std::uint16_t section_critical = 0x8000;

// proof section: sender[16] ‖ incarnation u32 ‖ note[145] ‖ base size u64 ‖ hashes (32 each)
struct ProofSection {
  MemberId sender;
  std::uint32_t incarnation = 0;
  Note note;
  std::uint64_t base_size = 0;
  std::vector<Digest> hashes;
  bool operator==(const ProofSection&) const = default;
};
// message section: index u64 ‖ entry[99] ‖ inner
struct MessageSection {
  std::uint64_t index = 0;
  Entry entry;
  Bytes inner;
  bool operator==(const MessageSection&) const = default;
};
// receipt section: message id[16] ‖ index u64 ‖ entry[99]; the id is zero for `held`
struct ReceiptSection {
  MessageId message;
  std::uint64_t index = 0;
  Entry entry;
  bool operator==(const ReceiptSection&) const = default;
};
// Entries travel without their label: 99 bytes.
inline constexpr std::size_t wire_entry_bytes = Entry::encoded_size - labels::entry.size();

struct EnvelopeContent {
  ProofSection proof;
  std::vector<std::variant<MessageSection, ReceiptSection>> leaves;  // rising index
  std::vector<Bytes> key_sheets;
  std::vector<Bytes> directories;
  std::vector<Bytes> suspensions;
  std::vector<Bytes> packs;
};
// Padded content, ready to be sealed.
[[nodiscard]] Bytes encode_content(const EnvelopeContent& content);
[[nodiscard]] Result<EnvelopeContent> parse_content(ByteView plaintext);

// What one message or receipt adds to the content's length.
[[nodiscard]] std::size_t message_section_bytes(std::size_t inner_bytes);
[[nodiscard]] std::size_t receipt_section_bytes();

// info = label ‖ suite ‖ network ‖ recipient ‖ epoch key id (RFC 9180's `info`).
[[nodiscard]] Bytes seal_info(std::uint8_t suite, const NetworkId& network,
                              const MemberId& recipient, const EpochKeyId& epoch_key);
// A whole frame, sealed to the given epoch key of the recipient.
[[nodiscard]] Result<Bytes> seal_envelope(ByteView content, const NetworkId& network,
                                          const MemberId& recipient, const EpochKey& key,
                                          Entropy& entropy);
[[nodiscard]] Result<Bytes> open_envelope(const EnvelopeView& envelope, const NetworkId& network,
                                          const AgreementKey& secret, const EpochKey& key);

}  // namespace hamroh
