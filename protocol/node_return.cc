// A member comes back with what a backup held: as the next incarnation, because nobody can know
// what the lost one has signed since.

#include <utility>

#include "protocol/node.h"

namespace hamroh {
namespace {

// Rows that belong to the keys of before.
Status erase_key_rows(Turn& turn) {
  std::vector<Bytes> past;
  const Bytes from = row::past_key({});
  Bytes until = from;
  ++until.back();
  HAMROH_TRY(turn.store.scan(Table::meta, from, until, Transaction::Order::ascending,
                             [&](ByteView key, ByteView) {
                               past.emplace_back(key.begin(), key.end());
                               return true;
                             }));
  past.push_back(row::waiting_rotation);
  past.push_back(row::restored);
  // What the clock of the lost machine said means nothing on this one.
  past.push_back(row::clock);
  for (const Bytes& key : past) {
    HAMROH_TRY(turn.store.erase(Table::meta, key));
  }
  HAMROH_TRY(turn.store.erase(Table::reader_secret, row::next(row::author)));
  for (const Bytes& key : {row::receipt, row::witness, row::transport}) {
    HAMROH_TRY(turn.store.erase(Table::node_secret, row::next(key)));
  }
  return {};
}

// Of a backup: its end, because nothing is in it that was entered later. Of an old copy that was
// started before anybody noticed: what its newest note covers, because what it has entered since
// stands in nobody's ledger. Too low costs a few duplicates, too high loses messages.
Result<std::uint64_t> position_of(const Return& how, bool admitted, std::uint64_t ledger_size,
                                  Turn& turn) {
  HAMROH_ASSIGN(const auto restored, turn.store.get(Table::meta, row::restored));
  if (restored) {
    return ledger_size;
  }
  HAMROH_ASSIGN(const auto returned, turn.store.get(Table::meta, row::returned));
  if (returned && !admitted) {
    ByteReader reader(*returned);
    const bool known = reader.u8() == 1;
    const std::uint64_t position = reader.u64();
    return known && reader.finished()
               ? Result<std::uint64_t>(position)
               : environment_error(Code::store_corrupt, "the record of a return does not parse");
  }
  if (!how.old_copy) {
    return caller_error(Code::conflict,
                        "this home was not restored, and nothing shows that it is an old copy");
  }
  std::uint64_t signed_size = 0;
  HAMROH_TRY(turn.store.scan(Table::session_note, key_u64(0), {}, Transaction::Order::descending,
                             [&](ByteView, ByteView value) {
                               const auto note = Note::parse(value);
                               signed_size = note ? note->size : 0;
                               return false;
                             }));
  return std::min(signed_size, ledger_size);
}

}  // namespace

Result<ReturnedMember> Node::come_back(const Return& how, Turn& turn) {
  HAMROH_ASSIGN(const std::optional<Bytes> row, turn.store.get(Table::meta, row::identity));
  if (!row) {
    return caller_error(Code::not_found, "this home holds no node");
  }
  Node made;
  HAMROH_ASSIGN(made.identity_, Identity::parse(*row));
  HAMROH_ASSIGN(made.ledger_, Ledger::load(turn.store));
  ReturnedMember returned;
  HAMROH_TRY(made.load_membership(turn));
  if (!how.directory.empty()) {
    HAMROH_ASSIGN(const std::vector<Bytes> statements, statements_in(how.directory));
    for (const Bytes& statement : statements) {
      const auto taken = made.membership_->take(statement);
      if (!taken && !is_passed_over(statement, taken.error())) {
        return tl::unexpected(taken.error());
      }
    }
  }
  const Member* self = made.membership_->find(made.identity_.member);
  if (made.directory() != nullptr && self == nullptr) {
    return caller_error(Code::unknown_member, "the directory does not have this node's member");
  }
  const std::uint32_t listed = self != nullptr ? self->incarnation : 0;
  const bool admitted = made.identity_.incarnation <= listed || made.directory() == nullptr;
  HAMROH_ASSIGN(returned.position, position_of(how, admitted, made.ledger_.size(), turn));
  // One behind the last that was admitted. Keys that never were are simply drawn again.
  made.identity_.incarnation =
      admitted ? std::max(made.identity_.incarnation, listed) + 1 : listed + 1;
  if (!how.endpoint.empty()) {
    made.identity_.endpoint = how.endpoint;
  }
  HAMROH_ASSIGN(const MemberKeys keys, draw_member_keys(turn));
  HAMROH_TRY(erase_key_rows(turn));
  Bytes position{1};
  put_u64(position, returned.position);
  HAMROH_TRY(turn.store.put(Table::meta, row::returned, position));
  HAMROH_TRY(turn.store.put(Table::meta, row::identity, made.identity_.encode()));
  // Envelopes that were held sealed need the epoch keys of before, for as long as they wait.
  made.author_ = crypto::SigningKey::from_seed(keys.author.seed());
  HAMROH_TRY(made.load_epochs(turn));
  HAMROH_TRY(made.keep_key_sheet(turn, EpochKeys::all_new));
  HAMROH_TRY(made.ledger_.flush(turn.store));
  HAMROH_ASSIGN(returned.request, request_of(made.identity_, keys));
  returned.member = made.identity_.member;
  returned.name = made.identity_.name;
  returned.incarnation = made.identity_.incarnation;
  return returned;
}

}  // namespace hamroh
