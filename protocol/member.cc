#include "protocol/member.h"

#include <algorithm>
#include <charconv>

#include "protocol/proof.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t endpoint_bytes_max = 300;

bool proves(const NetworkId& network, const MemberId& member, KeyPurpose purpose, ByteView key,
            const Signature& signature) {
  return crypto::verify(*SigningPublicKey::from(key),
                        possession_bytes(network, member, purpose, key), signature);
}

// A key as it is sorted among tens of thousands: nearly always by its first eight bytes.
struct OrderedKey {
  explicit OrderedKey(ByteView key) : first(ByteReader(key).u64()), whole(key) {}
  bool operator==(const OrderedKey& other) const {
    return first == other.first && std::ranges::equal(whole, other.whole);
  }
  bool operator<(const OrderedKey& other) const {
    return first != other.first ? first < other.first
                                : std::ranges::lexicographical_compare(whole, other.whole);
  }
  std::uint64_t first;
  ByteView whole;
};

}  // namespace

const char* member_kind_name(MemberKind kind) {
  switch (kind) {
    case MemberKind::ngo:
      return "ngo";
    case MemberKind::provider:
      return "provider";
    case MemberKind::commission:
      return "commission";
    case MemberKind::ministry:
      return "ministry";
    case MemberKind::appeal_body:
      return "appeal_body";
    case MemberKind::relief_fund:
      return "relief_fund";
    case MemberKind::oversight:
      return "oversight";
    case MemberKind::relay:
      return "relay";
    case MemberKind::clinic:
      return "clinic";
  }
  return "unknown";
}

std::optional<MemberKind> parse_member_kind(std::string_view name) {
  for (std::uint8_t value = 1; value <= static_cast<std::uint8_t>(member_kind_last); ++value) {
    const auto kind = static_cast<MemberKind>(value);
    if (name == member_kind_name(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

const char* capability_name(Capability capability) {
  switch (capability) {
    case Capability::refer_send:
      return "refer.send";
    case Capability::consent_record:
      return "consent.record";
    case Capability::status_apply:
      return "status.apply";
    case Capability::case_own:
      return "case.own";
    case Capability::refer_receive:
      return "refer.receive";
    case Capability::refer_decide:
      return "refer.decide";
    case Capability::service_provide:
      return "service.provide";
    case Capability::case_receive:
      return "case.receive";
    case Capability::status_decide:
      return "status.decide";
    case Capability::status_confirm:
      return "status.confirm";
    case Capability::appeal_decide:
      return "appeal.decide";
    case Capability::fund_decide:
      return "fund.decide";
    case Capability::fund_pay:
      return "fund.pay";
    case Capability::fund_ask:
      return "fund.ask";
    case Capability::metrics:
      return "metrics";
    case Capability::relay_hold:
      return "relay.hold";
  }
  return "unknown";
}

Capabilities default_capabilities(MemberKind kind) {
  const auto set = [](std::initializer_list<Capability> list) {
    Capabilities capabilities;
    for (const Capability capability : list) {
      capabilities.bits |= std::uint64_t{1} << static_cast<unsigned>(capability);
    }
    return capabilities;
  };
  using enum Capability;
  switch (kind) {
    case MemberKind::ngo:
      return set({refer_send, consent_record, status_apply, case_own, fund_ask});
    case MemberKind::provider:
    case MemberKind::clinic:
      return set({refer_receive, refer_decide, service_provide, case_receive, fund_ask});
    case MemberKind::commission:
      return set({refer_receive, refer_decide, status_decide, fund_ask});
    case MemberKind::ministry:
      return set({status_confirm});
    case MemberKind::appeal_body:
      return set({appeal_decide});
    case MemberKind::relief_fund:
      return set({fund_decide, fund_pay});
    case MemberKind::oversight:
      return set({metrics});
    case MemberKind::relay:
      return set({relay_hold});
  }
  return {};
}

std::optional<Capability> parse_capability(std::string_view name) {
  for (std::uint8_t value = 0; value <= capability_last; ++value) {
    const auto capability = static_cast<Capability>(value);
    if (name == capability_name(capability)) {
      return capability;
    }
  }
  return std::nullopt;
}

const char* key_purpose_name(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::author:
      return "author";
    case KeyPurpose::receipt:
      return "receipt";
    case KeyPurpose::witness:
      return "witness";
    case KeyPurpose::transport:
      return "transport";
    case KeyPurpose::administrator:
      return "administrator";
    case KeyPurpose::epoch:
      return "epoch";
  }
  return "unknown";
}

std::optional<KeyPurpose> parse_key_purpose(std::string_view name) {
  using enum KeyPurpose;
  for (const KeyPurpose purpose : {author, receipt, witness, transport, epoch}) {
    if (name == key_purpose_name(purpose)) {
      return purpose;
    }
  }
  return std::nullopt;
}

Bytes encode_member(const Member& member) {
  Bytes out;
  out.reserve(256);
  put_u8(out, record_version);
  append(out, member.id.view());
  put_u8(out, static_cast<std::uint8_t>(member.kind));
  put_u8(out, static_cast<std::uint8_t>(member.state));
  put_u64(out, member.capabilities.bits);
  put_u32(out, member.incarnation);
  put_u64(out, member.key_serial);
  put_u64(out, member.position);
  append(out, member.author.view());
  append(out, member.receipt.view());
  append(out, member.witness.view());
  append(out, member.transport.view());
  put_u16(out, static_cast<std::uint16_t>(member.name.size()));
  append(out, view(member.name));
  put_u16(out, static_cast<std::uint16_t>(member.endpoint.size()));
  append(out, view(member.endpoint));
  return out;
}

Result<Member> parse_member(ByteView record) {
  ByteReader reader(record);
  Member member;
  if (reader.u8() != record_version) {
    return peer_error(Code::unsupported_version, "a member's record of an unknown version");
  }
  member.id = reader.fixed<MemberId>();
  const std::uint8_t kind = reader.u8();
  const std::uint8_t state = reader.u8();
  member.capabilities = {reader.u64()};
  member.incarnation = reader.u32();
  member.key_serial = reader.u64();
  member.position = reader.u64();
  member.author = reader.fixed<AuthorKey>();
  member.receipt = reader.fixed<ReceiptKey>();
  member.witness = reader.fixed<WitnessKey>();
  member.transport = reader.fixed<TransportKey>();
  member.name = text(reader.take(reader.u16()));
  member.endpoint = text(reader.take(reader.u16()));
  if (!reader.finished() || member.id.is_zero() || member.incarnation == 0) {
    return peer_error(Code::malformed, "a member's record has a wrong length, id or incarnation");
  }
  if (kind < 1 || kind > 8 || state < 1 || state > 2) {
    return peer_error(Code::malformed, "a member has an unknown kind or state");
  }
  member.kind = static_cast<MemberKind>(kind);
  member.state = static_cast<MemberState>(state);
  if (!is_fit_name(member.name)) {
    return peer_error(Code::malformed, "a name is empty, too long or holds unfit characters");
  }
  if (!is_endpoint(member.endpoint)) {
    return peer_error(Code::malformed, "an endpoint is not of the form tcp://host:port");
  }
  return member;
}

Digest member_leaf(ByteView record) {
  constexpr std::array<std::uint8_t, 1> leaf{0x00};
  return crypto::sha256({leaf, view(labels::member), record});
}

bool is_fit_name(std::string_view name) {
  const bool padded = !name.empty() && (name.front() == ' ' || name.back() == ' ');
  return !name.empty() && name.size() <= name_bytes_max && !padded && is_plain_text(name);
}

bool is_endpoint(std::string_view endpoint) {
  constexpr std::string_view scheme = "tcp://";
  if (!endpoint.starts_with(scheme) || endpoint.size() > endpoint_bytes_max) {
    return false;
  }
  endpoint.remove_prefix(scheme.size());
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view host = endpoint.substr(0, colon);
  const std::string_view port = endpoint.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  const bool plain = std::ranges::all_of(host, [bracketed](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || c == '.' || c == '-' || (bracketed && (c == ':' || c == '[' || c == ']'));
  });
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return plain && error == std::errc{} && end == port.data() + port.size() && number >= 1 &&
         number <= 65'535 && port.front() != '0';
}

std::string fold_name(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

Status check_distinct(std::span<const Member> members) {
  std::vector<std::string> names;
  std::vector<OrderedKey> keys;
  names.reserve(members.size());
  keys.reserve(members.size() * 4);
  for (const Member& member : members) {
    names.push_back(fold_name(member.name));
    keys.emplace_back(member.author.view());
    keys.emplace_back(member.receipt.view());
    keys.emplace_back(member.witness.view());
    keys.emplace_back(member.transport.view());
  }
  std::ranges::sort(names);
  std::sort(keys.begin(), keys.end());
  if (std::ranges::adjacent_find(names) != names.end() ||
      std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return peer_error(Code::conflict, "a name or a key stands twice in the directory");
  }
  return {};
}

Bytes possession_bytes(const NetworkId& network, const MemberId& owner, KeyPurpose purpose,
                       ByteView key) {
  Bytes bytes;
  append(bytes, view(labels::possession));
  append(bytes, network.view());
  append(bytes, owner.view());
  put_u8(bytes, static_cast<std::uint8_t>(purpose));
  append(bytes, key);
  return bytes;
}

Possessions prove_possessions(const NetworkId& network, const MemberId& member,
                              const crypto::SigningKey& author, const crypto::SigningKey& receipt,
                              const crypto::SigningKey& witness) {
  const auto prove = [&](KeyPurpose purpose, const crypto::SigningKey& key) {
    return key.sign(possession_bytes(network, member, purpose, key.public_key().view()));
  };
  return {prove(KeyPurpose::author, author), prove(KeyPurpose::receipt, receipt),
          prove(KeyPurpose::witness, witness)};
}

Status check_possessions(const NetworkId& network, const Member& member,
                         const Possessions& possessions) {
  const bool all =
      proves(network, member.id, KeyPurpose::author, member.author.view(), possessions.author) &&
      proves(network, member.id, KeyPurpose::receipt, member.receipt.view(), possessions.receipt) &&
      proves(network, member.id, KeyPurpose::witness, member.witness.view(), possessions.witness);
  if (!all) {
    return peer_error(Code::bad_signature, "possession of a key is not proven");
  }
  return {};
}

}  // namespace hamroh
