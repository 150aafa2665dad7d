#include "protocol/envelope.h"

#include <utility>

namespace hamroh {
namespace {

constexpr std::size_t section_header_bytes = 2 + 4;

void put_section(Bytes& out, SectionType type, bool critical, std::size_t length) {
  put_u16(out, static_cast<std::uint16_t>(static_cast<std::uint16_t>(type) |
                                          (critical ? section_critical : 0)));
  put_u32(out, static_cast<std::uint32_t>(length));
}

void put_entry(Bytes& out, const Entry& entry) {
  const auto encoded = entry.encode();
  append(out, ByteView(encoded).subspan(labels::entry.size()));
}

Result<Entry> take_entry(ByteReader& reader) {
  std::array<std::uint8_t, Entry::encoded_size> whole{};
  std::memcpy(whole.data(), labels::entry.data(), labels::entry.size());
  const ByteView body = reader.take(wire_entry_bytes);
  if (body.size() != wire_entry_bytes) {
    return peer_error(Code::malformed, "a section is too short for its entry");
  }
  std::memcpy(whole.data() + labels::entry.size(), body.data(), body.size());
  return Entry::parse(whole);
}

void put_proof(Bytes& out, const ProofSection& proof) {
  const std::size_t length = 16 + 4 + Note::encoded_size + 8 + proof.hashes.size() * Digest::size;
  put_section(out, SectionType::proof, true, length);
  append(out, proof.sender.view());
  put_u32(out, proof.incarnation);
  append(out, proof.note.encode());
  put_u64(out, proof.base_size);
  for (const Digest& hash : proof.hashes) {
    append(out, hash.view());
  }
}

Result<ProofSection> take_proof(ByteView bytes) {
  ByteReader reader(bytes);
  ProofSection proof;
  proof.sender = reader.fixed<MemberId>();
  proof.incarnation = reader.u32();
  HAMROH_ASSIGN(proof.note, Note::parse(reader.take(Note::encoded_size)));
  proof.base_size = reader.u64();
  if (!reader.ok() || reader.remaining() % Digest::size != 0 ||
      reader.remaining() / Digest::size > limits::proof_hashes_max) {
    return peer_error(Code::malformed, "a proof section has a wrong length");
  }
  proof.hashes.reserve(reader.remaining() / Digest::size);
  while (reader.remaining() > 0) {
    proof.hashes.push_back(reader.fixed<Digest>());
  }
  return proof;
}

Result<MessageSection> take_message(ByteView bytes) {
  ByteReader reader(bytes);
  MessageSection message;
  message.index = reader.u64();
  HAMROH_ASSIGN(message.entry, take_entry(reader));
  const ByteView inner = reader.take(reader.remaining());
  if (!reader.finished() || inner.empty() || inner.size() > limits::message_bytes_max) {
    return peer_error(Code::malformed, "a message section has a wrong length");
  }
  message.inner.assign(inner.begin(), inner.end());
  return message;
}

Result<ReceiptSection> take_receipt(ByteView bytes) {
  ByteReader reader(bytes);
  ReceiptSection receipt;
  receipt.message = reader.fixed<MessageId>();
  receipt.index = reader.u64();
  HAMROH_ASSIGN(receipt.entry, take_entry(reader));
  if (!reader.finished()) {
    return peer_error(Code::malformed, "a receipt section has a wrong length");
  }
  return receipt;
}

std::uint64_t index_of(const std::variant<MessageSection, ReceiptSection>& leaf) {
  return std::visit([](const auto& section) { return section.index; }, leaf);
}

struct SectionView {
  std::uint16_t type = 0;
  bool critical = false;
  ByteView bytes;
};

// The section list without its padding; refuses a padding that holds anything but zeros.
Result<std::vector<SectionView>> split_sections(ByteView plaintext) {
  std::vector<SectionView> sections;
  ByteReader reader(plaintext);
  while (reader.remaining() >= section_header_bytes) {
    const std::uint16_t type = reader.u16();
    const std::uint32_t length = reader.u32();
    if (type == 0) {
      const ByteView rest = reader.take(reader.remaining());
      const bool zeros = std::all_of(rest.begin(), rest.end(), [](auto b) { return b == 0; });
      if (length != 0 || !zeros) {
        return peer_error(Code::malformed, "the padding is not zero");
      }
      return sections;
    }
    if (sections.size() == limits::sections_max) {
      return peer_error(Code::too_large, "too many sections");
    }
    const ByteView bytes = reader.take(length);
    if (!reader.ok()) {
      return peer_error(Code::malformed, "a section is longer than the envelope");
    }
    sections.push_back({static_cast<std::uint16_t>(type & ~section_critical),
                        (type & section_critical) != 0, bytes});
  }
  return peer_error(Code::malformed, "the list of sections has no end");
}

Status take_section(EnvelopeContent& content, const SectionView& section) {
  Bytes copy;
  switch (static_cast<SectionType>(section.type)) {
    case SectionType::message: {
      HAMROH_ASSIGN(MessageSection message, take_message(section.bytes));
      content.leaves.emplace_back(std::move(message));
      return {};
    }
    case SectionType::receipt: {
      HAMROH_ASSIGN(ReceiptSection receipt, take_receipt(section.bytes));
      content.leaves.emplace_back(receipt);
      return {};
    }
    case SectionType::key_sheet:
      content.key_sheets.emplace_back(section.bytes.begin(), section.bytes.end());
      return {};
    case SectionType::directory:
      content.directories.emplace_back(section.bytes.begin(), section.bytes.end());
      return {};
    case SectionType::suspension:
      content.suspensions.emplace_back(section.bytes.begin(), section.bytes.end());
      return {};
    case SectionType::pack:
      content.packs.emplace_back(section.bytes.begin(), section.bytes.end());
      return {};
    case SectionType::proof:
      return peer_error(Code::malformed, "an envelope has two proofs");
    case SectionType::end:
    case SectionType::witness:
      break;
  }
  if (section.critical) {
    return peer_error(Code::unsupported_version, "an unknown critical section");
  }
  return {};
}

}  // namespace

Bytes EnvelopeHeader::encode() const {
  Bytes out;
  out.reserve(encoded_size);
  put_u8(out, version);
  put_u8(out, suite);
  append(out, recipient.view());
  append(out, epoch_key.view());
  append(out, enc.view());
  return out;
}

Result<EnvelopeView> parse_envelope(ByteView frame) {
  if (frame.size() < 1 + EnvelopeHeader::encoded_size + crypto::tag_bytes ||
      frame.size() > limits::frame_bytes_max ||
      frame[0] != static_cast<std::uint8_t>(FrameType::envelope)) {
    return peer_error(Code::malformed, "an envelope has a wrong length or type");
  }
  EnvelopeView envelope;
  envelope.header_bytes = frame.subspan(1, EnvelopeHeader::encoded_size);
  envelope.ciphertext = frame.subspan(1 + EnvelopeHeader::encoded_size);
  ByteReader reader(envelope.header_bytes);
  envelope.header.version = reader.u8();
  envelope.header.suite = reader.u8();
  envelope.header.recipient = reader.fixed<MemberId>();
  envelope.header.epoch_key = reader.fixed<EpochKeyId>();
  envelope.header.enc = reader.fixed<hpke::Encapsulated>();
  if (envelope.header.version != wire_version) {
    return peer_error(Code::unsupported_version, "an envelope of an unknown version");
  }
  if (envelope.header.suite != suite_x25519) {
    return peer_error(Code::unsupported_suite, "an envelope of an unknown suite");
  }
  return envelope;
}

Digest envelope_digest(ByteView frame) {
  CHECK(!frame.empty());
  return crypto::sha256({view(labels::envelope_digest), frame.subspan(1)});
}

Bytes encode_content(const EnvelopeContent& content) {
  std::size_t length = section_header_bytes * 2 + 16 + 4 + Note::encoded_size + 8 +
                       content.proof.hashes.size() * Digest::size;
  for (const auto& leaf : content.leaves) {
    const auto* message = std::get_if<MessageSection>(&leaf);
    length +=
        message != nullptr ? message_section_bytes(message->inner.size()) : receipt_section_bytes();
  }
  Bytes out;
  out.reserve(padded_length(length + 4096));
  put_proof(out, content.proof);
  for (const auto& leaf : content.leaves) {
    if (const auto* message = std::get_if<MessageSection>(&leaf)) {
      put_section(out, SectionType::message, true, 8 + wire_entry_bytes + message->inner.size());
      put_u64(out, message->index);
      put_entry(out, message->entry);
      append(out, message->inner);
    } else {
      const auto& receipt = std::get<ReceiptSection>(leaf);
      put_section(out, SectionType::receipt, true, 16 + 8 + wire_entry_bytes);
      append(out, receipt.message.view());
      put_u64(out, receipt.index);
      put_entry(out, receipt.entry);
    }
  }
  const auto put_files = [&out](SectionType type, const std::vector<Bytes>& files) {
    for (const Bytes& file : files) {
      put_section(out, type, false, file.size());
      append(out, file);
    }
  };
  put_files(SectionType::key_sheet, content.key_sheets);
  put_files(SectionType::directory, content.directories);
  put_files(SectionType::suspension, content.suspensions);
  put_files(SectionType::pack, content.packs);
  put_section(out, SectionType::end, false, 0);
  out.resize(padded_length(out.size()));
  return out;
}

Result<EnvelopeContent> parse_content(ByteView plaintext) {
  HAMROH_ASSIGN(const std::vector<SectionView> sections, split_sections(plaintext));
  if (sections.empty() || sections[0].type != static_cast<std::uint16_t>(SectionType::proof)) {
    return peer_error(Code::malformed, "an envelope does not begin with its proof");
  }
  EnvelopeContent content;
  HAMROH_ASSIGN(content.proof, take_proof(sections[0].bytes));
  for (std::size_t i = 1; i < sections.size(); ++i) {
    HAMROH_TRY(take_section(content, sections[i]));
  }
  for (std::size_t i = 1; i < content.leaves.size(); ++i) {
    if (index_of(content.leaves[i - 1]) >= index_of(content.leaves[i])) {
      return peer_error(Code::malformed, "the entries of an envelope are not in ledger order");
    }
  }
  return content;
}

std::size_t message_section_bytes(std::size_t inner_bytes) {
  return section_header_bytes + 8 + wire_entry_bytes + inner_bytes;
}

std::size_t receipt_section_bytes() {
  return section_header_bytes + 16 + 8 + wire_entry_bytes;
}

Bytes seal_info(std::uint8_t suite, const NetworkId& network, const MemberId& recipient,
                const EpochKeyId& epoch_key) {
  Bytes info;
  append(info, view(labels::seal_info));
  put_u8(info, suite);
  append(info, network.view());
  append(info, recipient.view());
  append(info, epoch_key.view());
  return info;
}

Result<Bytes> seal_envelope(ByteView content, const NetworkId& network, const MemberId& recipient,
                            const EpochKey& key, Entropy& entropy) {
  EnvelopeHeader header;
  header.recipient = recipient;
  header.epoch_key = epoch_key_id(key);
  Bytes encoded;
  const auto make_associated = [&](const hpke::Encapsulated& enc) {
    header.enc = enc;
    encoded = header.encode();
    return encoded;
  };
  HAMROH_ASSIGN(const Sealed sealed,
                seal_to(key, seal_info(header.suite, network, recipient, header.epoch_key),
                        make_associated, content, entropy));
  Bytes frame;
  frame.reserve(1 + encoded.size() + sealed.ciphertext.size());
  put_u8(frame, static_cast<std::uint8_t>(FrameType::envelope));
  append(frame, encoded);
  append(frame, sealed.ciphertext);
  CHECK(frame.size() <= limits::frame_bytes_max);
  return frame;
}

Result<Bytes> open_envelope(const EnvelopeView& envelope, const NetworkId& network,
                            const AgreementKey& secret, const EpochKey& key) {
  const EnvelopeHeader& header = envelope.header;
  return open_sealed(secret, key, header.enc,
                     seal_info(header.suite, network, header.recipient, header.epoch_key),
                     envelope.header_bytes, envelope.ciphertext);
}

}  // namespace hamroh
