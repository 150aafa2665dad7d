#include "admin/proposal.h"

#include <utility>

#include "admin/administrator_key.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::uint8_t part_constitution = 1;
constexpr std::uint8_t part_directory = 2;
constexpr std::uint8_t part_suspension = 4;
constexpr std::size_t proposer_bytes_max = 256;
constexpr std::size_t signers_to_lift = 2;

void put_text(Bytes& out, std::string_view text) {
  put_u16(out, static_cast<std::uint16_t>(text.size()));
  append(out, view(text));
}

void put_long(Bytes& out, ByteView bytes) {
  put_u32(out, static_cast<std::uint32_t>(bytes.size()));
  append(out, bytes);
}

Bytes take_long(ByteReader& reader) {
  const ByteView raw = reader.take(reader.u32());
  return {raw.begin(), raw.end()};
}

enum class Signatures : std::uint8_t { with, without };

void put_part(Bytes& out, const std::optional<SignedPayload>& part, Signatures signatures) {
  if (part) {
    put_long(out, part->payload);
    append(out, encode_signatures(signatures == Signatures::with ? part->signatures
                                                                 : std::vector<AdminSignature>{}));
  }
}

Bytes encode(const Proposal& proposal, Signatures signatures) {
  Bytes out;
  append(out, view(labels::proposal));
  append(out, proposal.network.view());
  put_u64(out, proposal.base_version);
  append(out, proposal.base.view());
  put_u64(out, proposal.created.ms);
  put_u64(out, proposal.closes.ms);
  put_text(out, proposal.proposer);
  put_text(out, proposal.comment);
  put_long(out, proposal.rule);
  put_u8(out, static_cast<std::uint8_t>((proposal.constitution ? part_constitution : 0) |
                                        (proposal.directory ? part_directory : 0) |
                                        (proposal.suspension ? part_suspension : 0)));
  put_part(out, proposal.constitution, signatures);
  put_part(out, proposal.directory, signatures);
  put_part(out, proposal.suspension, signatures);
  put_u16(out, static_cast<std::uint16_t>(proposal.records.size()));
  for (const Member& member : proposal.records) {
    const Bytes record = encode_member(member);
    put_u16(out, static_cast<std::uint16_t>(record.size()));
    append(out, record);
  }
  put_u16(out, static_cast<std::uint16_t>(proposal.grounds.size()));
  for (const Bytes& ground : proposal.grounds) {
    put_long(out, ground);
  }
  append(out, crypto::sha256({out}).view());
  return out;
}

Result<std::optional<SignedPayload>> parse_part(ByteReader& reader, bool present) {
  if (!present) {
    return std::nullopt;
  }
  SignedPayload part;
  part.payload = take_long(reader);
  HAMROH_ASSIGN(part.signatures, parse_signatures(reader));
  return part;
}

Status parse_parts(ByteReader& reader, Proposal& proposal) {
  const std::uint8_t parts = reader.u8();
  const bool known = parts == part_directory || parts == (part_constitution | part_directory) ||
                     parts == part_suspension;
  if (!known) {
    return peer_error(Code::malformed, "a proposal has no known parts");
  }
  HAMROH_ASSIGN(proposal.constitution, parse_part(reader, (parts & part_constitution) != 0));
  HAMROH_ASSIGN(proposal.directory, parse_part(reader, (parts & part_directory) != 0));
  HAMROH_ASSIGN(proposal.suspension, parse_part(reader, (parts & part_suspension) != 0));
  return {};
}

Status parse_lists(ByteReader& reader, Proposal& proposal) {
  const std::size_t records = reader.u16();
  if (records > limits::proposal_records_max) {
    return peer_error(Code::too_large, "a proposal changes too many members at once");
  }
  for (std::size_t i = 0; i < records && reader.ok(); ++i) {
    HAMROH_ASSIGN(Member member, parse_member(reader.take(reader.u16())));
    if (i > 0 && !(proposal.records.back().id < member.id)) {
      return peer_error(Code::malformed, "a proposal's records are not sorted and distinct");
    }
    proposal.records.push_back(std::move(member));
  }
  const std::size_t grounds = reader.u16();
  if (grounds > limits::proposal_grounds_max) {
    return peer_error(Code::too_large, "a proposal rests on too many files");
  }
  for (std::size_t i = 0; i < grounds && reader.ok(); ++i) {
    proposal.grounds.push_back(take_long(reader));
  }
  return {};
}

// The constitution whose administrators may sign a part.
struct Electorate {
  const std::optional<SignedPayload>* part = nullptr;
  std::string_view label;
  Constitution constitution;
};

Constitution united(const Constitution& a, const Constitution& b) {
  Constitution both = a;
  for (const Administrator& administrator : b.administrators) {
    if (std::ranges::find(both.administrators, administrator.key, &Administrator::key) ==
        both.administrators.end()) {
      both.administrators.push_back(administrator);
    }
  }
  return both;
}

std::vector<Electorate> electorates_of(const Proposal& proposal) {
  const ProposedRules rules = rules_of(proposal);
  std::vector<Electorate> electorates;
  if (proposal.constitution) {
    electorates.push_back(
        {&proposal.constitution, labels::constitution, united(rules.present, *rules.next)});
  }
  if (proposal.directory) {
    electorates.push_back(
        {&proposal.directory, labels::directory, rules.next ? *rules.next : rules.present});
  }
  if (proposal.suspension) {
    electorates.push_back({&proposal.suspension, labels::suspension, rules.present});
  }
  return electorates;
}

// Every payload parses, and all of them speak of this network and of one another.
Status check_payloads(const Proposal& proposal) {
  HAMROH_ASSIGN(const Constitution present, parse_constitution(proposal.rule));
  const Digest rule_hash = constitution_hash(proposal.rule);
  if (present.version == 1 && rule_hash.bytes != proposal.network.bytes) {
    return peer_error(Code::wrong_network, "the proposal's rule is of another network");
  }
  Digest rule_of_directory = rule_hash;
  if (proposal.constitution) {
    HAMROH_ASSIGN(const Constitution next, parse_constitution(proposal.constitution->payload));
    rule_of_directory = constitution_hash(proposal.constitution->payload);
    if (next.previous != rule_hash || next.version != present.version + 1 ||
        next.network_name != present.network_name ||
        next.directory_from != proposal.base_version + 1) {
      return peer_error(Code::broken_chain, "the proposed constitution does not follow the rule");
    }
  }
  if (proposal.directory) {
    HAMROH_ASSIGN(const DirectoryHead head, parse_directory_head(proposal.directory->payload));
    if (head.network != proposal.network) {
      return peer_error(Code::wrong_network, "the proposed directory is of another network");
    }
    if (head.version != proposal.base_version + 1 || head.previous != proposal.base ||
        head.constitution != rule_of_directory) {
      return peer_error(Code::broken_chain, "the proposed directory does not follow its base");
    }
  }
  if (proposal.suspension) {
    HAMROH_ASSIGN(const Suspension suspension, parse_suspension(proposal.suspension->payload));
    if (suspension.network != proposal.network) {
      return peer_error(Code::wrong_network, "the proposed suspension is of another network");
    }
    if (!proposal.records.empty() || !proposal.grounds.empty()) {
      return peer_error(Code::malformed, "a suspension changes no records");
    }
  }
  return {};
}

Status check_signatures(const Proposal& proposal) {
  for (const Electorate& electorate : electorates_of(proposal)) {
    HAMROH_TRY(
        signers_of(electorate.constitution, electorate.label, proposal.network, **electorate.part));
  }
  return {};
}

Requirement requirement(std::string what, std::size_t needed, const Constitution& constitution,
                        const SignedPayload& part) {
  Requirement made{std::move(what), needed, {}, {}};
  for (const Administrator& administrator : constitution.administrators) {
    (has_signed(part, administrator.key) ? made.have : made.missing).push_back(administrator.name);
  }
  return made;
}

}  // namespace

Bytes encode_proposal(const Proposal& proposal) {
  return encode(proposal, Signatures::with);
}

Result<Proposal> parse_proposal(ByteView bytes) {
  if (bytes.size() > limits::proposal_bytes_max) {
    return peer_error(Code::too_large, "this is too large for a proposal");
  }
  HAMROH_TRY(check_file_label(bytes, labels::proposal));
  if (bytes.size() < labels::proposal.size() + Digest::size ||
      !std::ranges::equal(crypto::sha256({bytes.first(bytes.size() - Digest::size)}).view(),
                          bytes.last(Digest::size))) {
    return peer_error(Code::malformed, "this proposal was damaged on its way");
  }
  ByteReader reader(bytes.first(bytes.size() - Digest::size).subspan(labels::proposal.size()));
  Proposal proposal;
  proposal.network = reader.fixed<NetworkId>();
  proposal.base_version = reader.u64();
  proposal.base = reader.fixed<Digest>();
  proposal.created = {reader.u64()};
  proposal.closes = {reader.u64()};
  proposal.proposer = text(reader.take(reader.u16()));
  proposal.comment = text(reader.take(reader.u16()));
  proposal.rule = take_long(reader);
  HAMROH_TRY(parse_parts(reader, proposal));
  HAMROH_TRY(parse_lists(reader, proposal));
  const bool counted = proposal.base_version > 0 && proposal.base_version < UINT64_MAX;
  if (!reader.finished() || !counted) {
    return peer_error(Code::malformed, "a proposal has a wrong length or base");
  }
  if (!is_plain_text(proposal.proposer) || proposal.proposer.size() > proposer_bytes_max ||
      !is_plain_text(proposal.comment, Lines::many) ||
      count_characters(proposal.comment) > limits::comment_characters_max) {
    return peer_error(Code::malformed, "a proposal's comment or proposer is no plain, short text");
  }
  HAMROH_TRY(check_payloads(proposal));
  HAMROH_TRY(check_signatures(proposal));
  return proposal;
}

Result<Proposal> merge_proposals(std::span<const Proposal> copies) {
  if (copies.empty()) {
    return caller_error(Code::invalid_argument, "there is nothing to merge");
  }
  Proposal merged = copies.front();
  const auto unite = [](std::optional<SignedPayload>& into,
                        const std::optional<SignedPayload>& from) {
    if (into && from) {
      unite_signatures(into->signatures, from->signatures);
    }
  };
  for (const Proposal& copy : copies.subspan(1)) {
    if (proposal_hash(copy) != proposal_hash(merged)) {
      return caller_error(Code::conflict, "these files propose different things");
    }
    unite(merged.constitution, copy.constitution);
    unite(merged.directory, copy.directory);
    unite(merged.suspension, copy.suspension);
  }
  return merged;
}

Result<bool> sign_proposal(Proposal& proposal, const crypto::SigningKey& key, Timestamp now) {
  if (now >= proposal.closes) {
    return caller_error(Code::expired, "the time in which this could be signed is over");
  }
  const AdminKey signer = *AdminKey::from(key.public_key().view());
  bool may_sign = false;
  bool signed_something = false;
  for (const Electorate& electorate : electorates_of(proposal)) {
    const auto& administrators = electorate.constitution.administrators;
    if (std::ranges::find(administrators, signer, &Administrator::key) == administrators.end()) {
      continue;
    }
    may_sign = true;
    std::optional<SignedPayload>& part =
        electorate.part == &proposal.constitution ? proposal.constitution
        : electorate.part == &proposal.directory  ? proposal.directory
                                                  : proposal.suspension;
    if (!has_signed(*part, signer)) {
      const AdminSignature made = sign_as(electorate.label, part->payload, proposal.network, key);
      unite_signatures(part->signatures, {&made, 1});
      signed_something = true;
    }
  }
  if (!may_sign) {
    return caller_error(Code::bad_signature, "this key is no administrator's who may sign it");
  }
  return signed_something;
}

ProposedRules rules_of(const Proposal& proposal) {
  auto present = parse_constitution(proposal.rule);
  CHECK(present);
  ProposedRules rules{std::move(*present), std::nullopt};
  if (proposal.constitution) {
    auto next = parse_constitution(proposal.constitution->payload);
    CHECK(next);
    rules.next = std::move(*next);
  }
  return rules;
}

std::vector<Requirement> requirements_of(const Proposal& proposal) {
  const ProposedRules rules = rules_of(proposal);
  std::vector<Requirement> all;
  if (proposal.constitution) {
    all.push_back(requirement("the constitution, by the rule in force", rules.present.threshold,
                              rules.present, *proposal.constitution));
    all.push_back(requirement("the constitution, by the new rule", rules.next->threshold,
                              *rules.next, *proposal.constitution));
  }
  if (proposal.directory) {
    const Constitution& rule = rules.next ? *rules.next : rules.present;
    all.push_back(requirement("the directory", rule.threshold, rule, *proposal.directory));
  }
  if (proposal.suspension) {
    const auto suspension = parse_suspension(proposal.suspension->payload);
    CHECK(suspension);
    all.push_back(requirement(suspension->lift ? "the end of the suspension" : "the suspension",
                              suspension->lift ? signers_to_lift : 1, rules.present,
                              *proposal.suspension));
  }
  return all;
}

bool is_complete(std::span<const Requirement> requirements) {
  return std::ranges::all_of(requirements, &Requirement::is_met);
}

std::vector<Bytes> statements_of(const Proposal& proposal) {
  std::vector<Bytes> statements;
  if (proposal.constitution) {
    statements.push_back(encode_signed_constitution(*proposal.constitution));
  }
  if (proposal.directory) {
    statements.push_back(encode_directory_file(
        {*proposal.directory, DirectoryForm::delta, proposal.records, CompactRange{}}));
  }
  if (proposal.suspension) {
    statements.push_back(encode_signed_suspension(*proposal.suspension));
  }
  return statements;
}

Digest proposal_hash(const Proposal& proposal) {
  return crypto::sha256({encode(proposal, Signatures::without)});
}

Bytes encode_signatures(const std::vector<AdminSignature>& signatures) {
  Bytes out;
  put_u8(out, static_cast<std::uint8_t>(signatures.size()));
  for (const AdminSignature& signature : signatures) {
    append(out, signature.key.view());
    append(out, signature.signature.view());
  }
  return out;
}

Result<std::vector<AdminSignature>> parse_signatures(ByteReader& reader) {
  const std::size_t count = reader.u8();
  if (count > limits::administrators_max) {
    return peer_error(Code::too_large, "too many signatures");
  }
  std::vector<AdminSignature> signatures;
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    AdminSignature signature;
    signature.key = reader.fixed<AdminKey>();
    signature.signature = reader.fixed<Signature>();
    if (i > 0 && signatures.back().key == signature.key) {
      return peer_error(Code::duplicate_signer, "an administrator signed twice");
    }
    if (i > 0 && signature.key < signatures.back().key) {
      return peer_error(Code::malformed, "signatures are not sorted by key");
    }
    signatures.push_back(signature);
  }
  return signatures;
}

void unite_signatures(std::vector<AdminSignature>& signatures,
                      std::span<const AdminSignature> more) {
  for (const AdminSignature& one : more) {
    const auto at = std::ranges::lower_bound(signatures, one.key, {}, &AdminSignature::key);
    if (at == signatures.end() || at->key != one.key) {
      signatures.insert(at, one);
    } else {
      at->signature = std::min(at->signature, one.signature);  // the same one, whatever the order
    }
  }
}

bool has_signed(const SignedPayload& part, const AdminKey& key) {
  return std::ranges::find(part.signatures, key, &AdminSignature::key) != part.signatures.end();
}

}  // namespace hamroh
