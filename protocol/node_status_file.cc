// The file that a decision on a status rests on (tier S). It stays with the commission, which
// commits to it in the decision; the votes sign the commitment. Of those who heard the decision,
// and as far as the consent opens it, another commission is shown the file at once, and the body
// that is appealed to with the appeal: they can check that it is what was decided on.

#include <utility>

#include "protocol/node.h"
#include "protocol/wire_form.h"

namespace hamroh {
namespace {

bool is_kind(const CaseRecord::CaseEvent& event, EventKind kind) {
  return event.kind == static_cast<std::uint16_t>(kind);
}

bool is_decision(const CaseRecord::CaseEvent& event) {
  return may_have_status_file(static_cast<EventKind>(event.kind));
}

const CaseRecord::CaseEvent* find_event(const CaseRecord& record, const Digest& digest) {
  const auto found = std::ranges::find(record.events, digest, &CaseRecord::CaseEvent::digest);
  return found == record.events.end() ? nullptr : &*found;
}

tl::unexpected<Error> no_such_file() {
  return caller_error(Code::not_found, "this node holds no such status file of that case");
}

}  // namespace

// ---- kept here, named in decisions --------------------------------------------------------------

Result<std::optional<StatusFileRecord>> Node::read_status_file(const CaseId& id,
                                                               const Digest& commitment,
                                                               Turn& turn) const {
  const Bytes key = StatusFileRecord::key(id, commitment);
  HAMROH_ASSIGN(std::optional<Bytes> row, turn.store.get(Table::tier, key));
  if (row) {
    HAMROH_ASSIGN(row, open_for_case(Table::tier, key, std::move(*row), turn));
  }
  if (!row) {
    return std::optional<StatusFileRecord>{};
  }
  HAMROH_ASSIGN(StatusFileRecord record, StatusFileRecord::parse(*row));
  return std::optional(std::move(record));
}

Result<std::vector<Digest>> Node::status_files_kept(const CaseId& id, Turn& turn) const {
  std::vector<Digest> kept;
  const Bytes from = StatusFileRecord::key(id, Digest{});
  Bytes until = from;
  std::ranges::fill(until.end() - Digest::size, until.end(), std::uint8_t{0xff});
  HAMROH_TRY(turn.store.scan(Table::tier, from, until, Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               kept.push_back(*Digest::from(key.last(Digest::size)));
                               return kept.size() < limits::status_files_max;
                             }));
  return kept;
}

Status Node::keep_status_file(const CaseId& id, const NamedFile& named, Turn& turn) const {
  return named.fresh ? keep_for_case(Table::tier, StatusFileRecord::key(id, named.fresh->first), id,
                                     named.fresh->second.encode(), turn)
                     : Status{};
}

Status Node::erase_status_files(const CaseId& id, Turn& turn) {
  HAMROH_ASSIGN(const std::vector<Digest> kept, status_files_kept(id, turn));
  for (const Digest& commitment : kept) {
    HAMROH_TRY(turn.store.erase(Table::tier, StatusFileRecord::key(id, commitment)));
  }
  return {};
}

// The same file again is the same commitment, so that several can vote on it.
Result<Node::NamedFile> Node::commit_to_file(const CaseId& id, StatusFile file, Turn& turn) const {
  if (find_fault(file) || encode(file).size() > limits::status_file_bytes_max) {
    return caller_error(Code::invalid_form, "the status file says nothing, or is over 48 KiB");
  }
  HAMROH_ASSIGN(const std::vector<Digest> kept, status_files_kept(id, turn));
  NamedFile named;
  for (const Digest& commitment : kept) {
    HAMROH_ASSIGN(const auto known, read_status_file(id, commitment, turn));
    if (known && known->file == file) {
      named.commitment = commitment;
      return named;
    }
  }
  if (kept.size() == limits::status_files_max) {
    return caller_error(Code::full, "this case has as many status files as it may");
  }
  StatusFileRecord record{turn.entropy.draw<TierSeed>(), std::move(file)};
  named.commitment = commit(record.file, record.seed);
  named.fresh.emplace(named.commitment, std::move(record));
  return named;
}

Result<std::optional<Digest>> Node::file_named_in(const CaseRecord::CaseEvent& event,
                                                  Turn& turn) const {
  HAMROH_ASSIGN(const auto inner, read_event(event, turn));
  if (!inner) {
    return std::optional<Digest>{};
  }
  HAMROH_ASSIGN(const Particulars said,
                parse_particulars(inner->body, static_cast<EventKind>(event.kind)));
  return said.file;
}

Result<Node::NamedFile> Node::name_status_file(const CaseId& id, EventKind kind, Bytes body,
                                               Turn& turn) const {
  NamedFile named;
  named.body = std::move(body);
  if (!may_have_status_file(kind)) {
    return named;
  }
  auto said = parse_particulars(named.body, kind);
  if (!said) {
    return named;  // it is refused for what it says
  }
  if (said->status_file) {
    if (said->file) {
      return caller_error(Code::invalid_argument, "a status file, or which one: not both");
    }
    HAMROH_ASSIGN(NamedFile file, commit_to_file(id, std::move(*said->status_file), turn));
    said->status_file.reset();
    said->file = file.commitment;
    named.fresh = std::move(file.fresh);
  } else if (said->file) {
    HAMROH_ASSIGN(const auto kept, read_status_file(id, *said->file, turn));
    if (!kept) {
      return no_such_file();
    }
  }
  if (said->file) {
    named.commitment = *said->file;
    named.body = encode(*said);
  }
  return named;
}

// Whether that is what was submitted for a decision, whose file was named since.
Result<bool> Node::says_the_same_file(const Inner& inner, ByteView submitted, Turn& turn) const {
  const auto kind = static_cast<EventKind>(inner.kind);
  HAMROH_ASSIGN(const Particulars sent, parse_particulars(inner.body, kind));
  auto asked = parse_particulars(submitted, kind);
  if (!asked) {
    return false;
  }
  const auto file = std::exchange(asked->status_file, std::nullopt);
  if (file && !sent.file) {
    return false;
  }
  if (file) {
    HAMROH_ASSIGN(const auto kept, read_status_file(inner.case_id, *sent.file, turn));
    if (!kept || kept->file != *file) {
      return false;
    }
    asked->file = sent.file;
  }
  return *asked == sent;
}

// ---- disclosed by the commission ----------------------------------------------------------------

// To whom the file of that decision is due and was not disclosed.
std::vector<MemberId> Node::file_readers(const CaseRecord& record, const CaseState& state,
                                         const CaseRecord::CaseEvent& decision) const {
  CaseRecord::Audience appealed_to = 0;
  CaseRecord::Audience disclosed_to = 0;
  for (std::size_t at = 0; at < record.events.size(); ++at) {
    const CaseRecord::CaseEvent& event = record.events[at];
    if (is_kind(event, EventKind::status_appeal) && state.reasons[at] == Code::none) {
      appealed_to |= event.audience;
    }
    if (is_kind(event, EventKind::status_disclose) && event.author == identity_.member &&
        event.facts.about == decision.digest) {
      disclosed_to |= event.audience;
    }
  }
  std::vector<MemberId> readers = record.members_of(decision.audience & ~disclosed_to);
  std::erase_if(readers, [&](const MemberId& member) {
    const Member* entry = active_member(member);
    const bool decides = entry != nullptr && member != identity_.member &&
                         (entry->kind == MemberKind::commission ||
                          (entry->kind == MemberKind::appeal_body &&
                           (appealed_to & record.audience_of(std::span(&member, 1))) != 0));
    return !decides;
  });
  return readers;
}

// True if something has to wait.
Result<bool> Node::disclose_status_files(const CaseId& id, CaseRecord& record, Turn& turn) {
  const auto is_own = [&](const CaseRecord::CaseEvent& event) {
    return is_decision(event) && event.author == identity_.member;
  };
  if (std::ranges::none_of(record.events, is_own)) {
    return false;
  }
  const CaseState state = record.fold(id);
  std::vector<CaseRecord::CaseEvent> decisions;
  for (const std::size_t at : state.order) {
    if (is_own(record.events[at]) && state.reasons[at] == Code::none) {
      decisions.push_back(record.events[at]);
    }
  }
  bool waits = false;
  for (const CaseRecord::CaseEvent& decision : decisions) {
    HAMROH_ASSIGN(const auto commitment, file_named_in(decision, turn));
    if (!commitment) {
      continue;
    }
    HAMROH_ASSIGN(const auto kept, read_status_file(id, *commitment, turn));
    if (!kept) {
      continue;  // of an incarnation that was lost
    }
    for (const MemberId& reader : file_readers(record, state, decision)) {
      HAMROH_ASSIGN(const bool opens, opens_status_file(id, record, state, reader, turn));
      if (!opens) {
        continue;
      }
      if (!may_disclose_to(reader)) {
        waits = true;
        continue;
      }
      HAMROH_TRY(send_disclosure(EventKind::status_disclose, id, decision, reader,
                                 disclose(kept->file, kept->seed), record, turn));
    }
  }
  return waits;
}

// ---- at who is shown it -------------------------------------------------------------------------

bool Node::carries_status_file(EventKind kind, ByteView body) {
  if (!may_have_status_file(kind)) {
    return false;
  }
  const auto said = parse_particulars(body, kind);
  return said && said->status_file;
}

// One that overtook its decision is not judged: it comes again.
Result<Node::Verdict> Node::judge_status_disclosure(const MemberId& member, const Inner& inner,
                                                    const Disclosure& disclosure,
                                                    const std::optional<CaseRecord>& record,
                                                    Turn& turn) const {
  const auto refuse = [](Code code) { return Verdict{EntryKind::refused, code}; };
  const CaseRecord::CaseEvent* decision = record ? find_event(*record, disclosure.about) : nullptr;
  if (decision == nullptr) {
    HAMROH_ASSIGN(const bool erased, was_erased(inner.case_id, turn));
    return erased ? Result<Verdict>(refuse(Code::erased))
                  : peer_error(Code::not_ready, "a status file of a decision not known here yet");
  }
  if (!is_decision(*decision) || decision->author != member ||
      decision->message != disclosure.referral) {
    return refuse(Code::not_found);
  }
  HAMROH_ASSIGN(const auto commitment, file_named_in(*decision, turn));
  if (!commitment) {
    return refuse(Code::not_found);
  }
  const Commitment committed{static_cast<std::uint8_t>(DisclosureTier::s), *commitment};
  return check(disclosure, std::span(&committed, 1))
             ? Verdict{EntryKind::opened, Code::none}
             : Verdict{EntryKind::refused, Code::commitment_mismatch, {}, disclosure.referral};
}

Result<StatusFile> Node::status_file(const CaseId& id, const Digest& commitment, const Actor& actor,
                                     Turn& turn) const {
  HAMROH_ASSIGN(const CaseRecord record, seen_case(id, actor, turn));
  HAMROH_ASSIGN(auto own, read_status_file(id, commitment, turn));
  if (own) {
    return std::move(own->file);
  }
  for (const CaseRecord::CaseEvent& event : record.events) {
    const CaseRecord::CaseEvent* decision = is_kind(event, EventKind::status_disclose)
                                                ? find_event(record, event.facts.about)
                                                : nullptr;
    if (decision == nullptr) {
      continue;
    }
    HAMROH_ASSIGN(const auto named, file_named_in(*decision, turn));
    HAMROH_ASSIGN(const auto inner, read_event(event, turn));
    if (named != commitment || !inner) {
      continue;
    }
    HAMROH_ASSIGN(const bool stopped, stops_status_file(id, record, turn));
    if (stopped) {
      return caller_error(
          Code::not_granted,
          "the consent does not open the status file to this organisation any more");
    }
    HAMROH_ASSIGN(const Disclosure disclosure, parse_disclosure(inner->body));
    const Commitment committed{static_cast<std::uint8_t>(DisclosureTier::s), commitment};
    HAMROH_ASSIGN(const CheckedDisclosure checked, check(disclosure, std::span(&committed, 1)));
    return checked.status_file();
  }
  return no_such_file();
}

}  // namespace hamroh
