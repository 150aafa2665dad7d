// What still has to reach one peer, and when to try.
//
// Rules, each with its reason:
// * A message stays until its receipt is verified: zmq_send and TCP promise nothing.
// * Messages go out in the order of submission, so that ids rise at the recipient; but emergencies
//   before everything else that waits, and with room in flight of their own.
// * What is in flight is bounded in messages and bytes, so that a silent peer cannot fill a queue.
// * A message without receipt is sent again after a delay that doubles from retry_delay_min to
//   retry_delay_max, with up to 25 % of jitter, so that peers do not fall into step.
// * A lost connection makes everything in flight due at once, because frames may have died with it.
// * Time is monotonic and a parameter; expiry (wall time) is asked for from outside.
//
// The outbox keeps ids only. Bodies stay in the store.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "protocol/constants.h"
#include "protocol/ports.h"

namespace hamroh {

struct OutboxItem {
  MessageId message;
  Digest digest;
  std::uint64_t sent_index = 0;  // own ledger index of its newest `sent` entry
  std::uint32_t bytes = 0;       // of the inner
  Timestamp expires;
  std::uint32_t attempts = 0;
  // Own ledger index of the `redelivered` entry, if the recipient lost what it had opened; else 0.
  // Such an item does not expire: its author was told long ago that it had arrived.
  std::uint64_t redelivered = 0;
  bool urgent = false;  // an emergency
};

class Outbox {
 public:
  // Fails (caller, Code::full) at limits::outbox_messages_per_peer_max. `sequence` orders the queue
  // and must be new.
  [[nodiscard]] Status enqueue(std::uint64_t sequence, const OutboxItem& item);
  // Takes what is due now: never sent items and those whose retry time has come, emergencies first,
  // then oldest first, while the in-flight bounds allow. They count as in flight from here on.
  [[nodiscard]] std::vector<OutboxItem> take_due(Duration monotonic, Entropy& entropy);
  // Removes and returns it; nothing if it is not (or no longer) here.
  [[nodiscard]] std::optional<OutboxItem> settle(const MessageId& message);
  [[nodiscard]] const OutboxItem* find(const MessageId& message) const;
  void set_sent_index(const MessageId& message, std::uint64_t index);
  // Everything in flight becomes due at once.
  void retry_all();
  // The held receipt came: it is safe there; ask again only after the longest delay.
  void postpone(const MessageId& message, Duration monotonic);
  // Items whose expiry has passed at `now` (wall time), oldest first; they stay until settled.
  [[nodiscard]] std::vector<OutboxItem> expired_at(Timestamp now) const;
  [[nodiscard]] std::vector<OutboxItem> all() const;  // oldest first

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  // The earliest moment at which take_due may return more without further news; absent if none.
  [[nodiscard]] std::optional<Duration> next_due() const;
  [[nodiscard]] bool has_due(Duration monotonic) const;

  // The rules above, checked; for tests.
  void check_invariants() const;

 private:
  struct Slot {
    OutboxItem item;
    std::optional<Duration> retry_at;  // set while in flight
  };
  [[nodiscard]] bool fits(const Slot& slot) const;
  void leave_flight(Slot& slot);

  std::map<std::uint64_t, Slot> items_;  // by sequence
  std::map<MessageId, std::uint64_t> sequence_of_;
  // Never sent, or due again; (not urgent, sequence).
  using Place = std::pair<bool, std::uint64_t>;
  [[nodiscard]] Place place_of(std::uint64_t sequence) const {
    return {!items_.at(sequence).item.urgent, sequence};
  }
  std::set<Place> waiting_;
  std::set<std::pair<Duration, std::uint64_t>> retries_;  // (when, sequence) of those in flight
  std::size_t in_flight_ = 0;
  std::size_t in_flight_bytes_ = 0;
};

}  // namespace hamroh
