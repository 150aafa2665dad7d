#include "protocol/outbox.h"

namespace hamroh {
namespace {

Duration retry_delay(std::uint32_t attempts, Entropy& entropy) {
  std::uint64_t delay_ms = tuning::retry_delay_min.ms;
  for (std::uint32_t i = 1; i < attempts && delay_ms < tuning::retry_delay_max.ms; ++i) {
    delay_ms *= 2;
  }
  delay_ms = std::min(delay_ms, tuning::retry_delay_max.ms);
  std::array<std::uint8_t, 2> noise{};
  entropy.fill(noise);
  const std::uint64_t fraction = static_cast<std::uint64_t>(noise[0]) << 8 | noise[1];
  return {delay_ms + delay_ms * fraction / (4 * 65'536)};
}

}  // namespace

Status Outbox::enqueue(std::uint64_t sequence, const OutboxItem& item) {
  if (items_.size() >= limits::outbox_messages_per_peer_max) {
    return caller_error(Code::full, "too many messages wait for this member");
  }
  CHECK(!sequence_of_.contains(item.message));
  const bool added = items_.emplace(sequence, Slot{item, std::nullopt}).second;
  CHECK(added);
  sequence_of_.emplace(item.message, sequence);
  waiting_.insert(place_of(sequence));
  return {};
}

bool Outbox::fits(const Slot& slot) const {
  const std::size_t more = slot.item.urgent ? limits::in_flight_urgent_max : 0;
  const std::size_t more_bytes = slot.item.urgent ? limits::in_flight_urgent_bytes_max : 0;
  // One message always fits, so that a single large one cannot block the queue for ever.
  return in_flight_ == 0 ||
         (in_flight_ < limits::in_flight_messages_max + more &&
          in_flight_bytes_ + slot.item.bytes <= limits::in_flight_bytes_max + more_bytes);
}

void Outbox::leave_flight(Slot& slot) {
  if (slot.retry_at) {
    retries_.erase({*slot.retry_at, sequence_of_.at(slot.item.message)});
    slot.retry_at.reset();
    --in_flight_;
    in_flight_bytes_ -= slot.item.bytes;
  }
}

std::vector<OutboxItem> Outbox::take_due(Duration monotonic, Entropy& entropy) {
  while (!retries_.empty() && retries_.begin()->first <= monotonic) {
    const std::uint64_t sequence = retries_.begin()->second;
    leave_flight(items_.at(sequence));
    waiting_.insert(place_of(sequence));
  }
  std::vector<OutboxItem> due;
  while (!waiting_.empty()) {
    const std::uint64_t sequence = waiting_.begin()->second;
    Slot& slot = items_.at(sequence);
    if (!fits(slot)) {
      break;
    }
    waiting_.erase(waiting_.begin());
    ++slot.item.attempts;
    slot.retry_at = Duration{monotonic.ms + retry_delay(slot.item.attempts, entropy).ms};
    retries_.insert({*slot.retry_at, sequence});
    ++in_flight_;
    in_flight_bytes_ += slot.item.bytes;
    due.push_back(slot.item);
  }
  return due;
}

std::optional<OutboxItem> Outbox::settle(const MessageId& message) {
  const auto found = sequence_of_.find(message);
  if (found == sequence_of_.end()) {
    return std::nullopt;
  }
  const std::uint64_t sequence = found->second;
  Slot& slot = items_.at(sequence);
  leave_flight(slot);
  OutboxItem item = slot.item;
  waiting_.erase(place_of(sequence));
  items_.erase(sequence);
  sequence_of_.erase(found);
  return item;
}

const OutboxItem* Outbox::find(const MessageId& message) const {
  const auto found = sequence_of_.find(message);
  return found == sequence_of_.end() ? nullptr : &items_.at(found->second).item;
}

void Outbox::set_sent_index(const MessageId& message, std::uint64_t index) {
  const auto found = sequence_of_.find(message);
  CHECK(found != sequence_of_.end());
  items_.at(found->second).item.sent_index = index;
}

void Outbox::retry_all() {
  for (const auto& [when, sequence] : retries_) {
    Slot& slot = items_.at(sequence);
    slot.retry_at.reset();
    waiting_.insert(place_of(sequence));
  }
  retries_.clear();
  in_flight_ = 0;
  in_flight_bytes_ = 0;
}

void Outbox::postpone(const MessageId& message, Duration monotonic) {
  const auto found = sequence_of_.find(message);
  if (found == sequence_of_.end()) {
    return;
  }
  Slot& slot = items_.at(found->second);
  if (!slot.retry_at) {
    return;
  }
  retries_.erase({*slot.retry_at, found->second});
  slot.retry_at = Duration{monotonic.ms + tuning::retry_delay_max.ms};
  retries_.insert({*slot.retry_at, found->second});
}

std::vector<OutboxItem> Outbox::expired_at(Timestamp now) const {
  std::vector<OutboxItem> expired;
  for (const auto& [sequence, slot] : items_) {
    if (slot.item.expires <= now && slot.item.redelivered == 0) {
      expired.push_back(slot.item);
    }
  }
  return expired;
}

std::vector<OutboxItem> Outbox::all() const {
  std::vector<OutboxItem> items;
  for (const auto& [sequence, slot] : items_) {
    items.push_back(slot.item);
  }
  return items;
}

std::optional<Duration> Outbox::next_due() const {
  if (!waiting_.empty() && fits(items_.at(waiting_.begin()->second))) {
    return Duration{0};
  }
  if (retries_.empty()) {
    return std::nullopt;
  }
  return retries_.begin()->first;
}

bool Outbox::has_due(Duration monotonic) const {
  const auto due = next_due();
  return due && *due <= monotonic;
}

void Outbox::check_invariants() const {
  CHECK(items_.size() == sequence_of_.size());
  CHECK(items_.size() == waiting_.size() + retries_.size());
  CHECK(in_flight_ == retries_.size());
  std::size_t bytes = 0;
  for (const auto& [sequence, slot] : items_) {
    CHECK(slot.retry_at.has_value() != waiting_.contains(place_of(sequence)));
    CHECK(!slot.retry_at || retries_.contains({*slot.retry_at, sequence}));
    bytes += slot.retry_at ? slot.item.bytes : 0;
  }
  CHECK(bytes == in_flight_bytes_);
  CHECK(in_flight_ <= limits::in_flight_messages_max + limits::in_flight_urgent_max);
}

}  // namespace hamroh
