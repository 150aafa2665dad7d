#include "protocol/ballot.h"

#include <algorithm>
#include <set>

#include "protocol/constants.h"
#include "protocol/wire_form.h"

namespace hamroh {

Digest decision_digest(const Subject& subject, EventKind kind, const Particulars& said) {
  Bytes out;
  append(out, view(labels::decision));
  append(out, subject.network.view());
  append(out, subject.case_id.view());
  append(out, subject.event.view());
  put_u16(out, static_cast<std::uint16_t>(kind));
  put_u8(out, static_cast<std::uint8_t>(said.outcome.value_or(State::none)));
  append(out, said.member.value_or(MemberId{}).view());
  put_u16(out, static_cast<std::uint16_t>(said.code.size()));
  append(out, view(said.code));
  const FreeText text = said.text.value_or(FreeText{});
  put_u32(out, static_cast<std::uint32_t>(text.text.size()));
  append(out, view(text.language));
  put_u8(out, 0);
  append(out, view(text.text));
  if (said.file) {
    append(out, said.file->view());
  }
  return crypto::sha256({out});
}

Status check_votes(const UserHome& home, const AuthorKey& author, const Digest& decision,
                   std::span<const Vote> votes) {
  std::set<UserId> users;
  std::set<SigningPublicKey> keys;
  for (const Vote& vote : votes) {
    const UserCertificate& of = vote.certificate;
    if (of.home != home || of.role != Role::commissioner) {
      return peer_error(Code::no_standing, "a vote of somebody who is no commissioner here");
    }
    if (of.author != author || !of.verify() || !verify_vote(of, decision, vote.signature)) {
      return peer_error(Code::bad_signature, "a vote that is not over this decision");
    }
    if (!users.insert(of.user).second || !keys.insert(of.key).second) {
      return peer_error(Code::duplicate_signer, "a commissioner has voted twice");
    }
  }
  return {};
}

bool Proposal::has_voted(const UserId& user) const {
  return std::ranges::any_of(votes,
                             [&](const Vote& vote) { return vote.certificate.user == user; });
}

Bytes Proposal::encode() const {
  const Bytes body = hamroh::encode(said);
  Bytes out;
  put_u16(out, static_cast<std::uint16_t>(kind));
  append(out, subject.view());
  put_u16(out, static_cast<std::uint16_t>(body.size()));
  append(out, body);
  put_u8(out, static_cast<std::uint8_t>(votes.size()));
  for (const Vote& vote : votes) {
    append(out, vote.certificate.encode());
    append(out, vote.signature.view());
  }
  return out;
}

Result<Proposal> Proposal::parse(ByteView bytes) {
  const auto corrupt =
      environment_error(Code::store_corrupt, "a decision that waits for votes does not parse");
  ByteReader reader(bytes);
  Proposal proposal;
  proposal.kind = static_cast<EventKind>(reader.u16());
  proposal.subject = reader.fixed<Digest>();
  const auto said = parse_particulars(reader.take(reader.u16()), proposal.kind);
  const std::size_t count = reader.u8();
  if (!said || said->ballot || !is_voted_on(proposal.kind) || count > limits::votes_max) {
    return corrupt;
  }
  proposal.said = *said;
  for (std::size_t i = 0; i < count; ++i) {
    const auto certificate = UserCertificate::parse(reader.take(UserCertificate::encoded_size));
    const auto signature = reader.fixed<Signature>();
    if (!certificate) {
      return corrupt;
    }
    proposal.votes.push_back({*certificate, signature});
  }
  return reader.finished() ? Result<Proposal>(std::move(proposal)) : corrupt;
}

}  // namespace hamroh
