#include "protocol/pull.h"

#include <algorithm>

namespace hamroh {
namespace {

constexpr Duration short_time = milliseconds(250);
constexpr Duration long_time = seconds(1);

}  // namespace

// Whether the time for more has come; gives up what did not come in time.
bool Pull::may_ask(Duration now) {
  if (!asked_.empty() && now.ms >= last_news_.ms + wait_.ms) {
    asked_.clear();
    from_ = 0;
    window_ = std::max<std::size_t>(window_ / 2, 1);
    wait_ = std::min(Duration{wait_.ms * 2}, tuning::chunk_wait_max);
  }
  return !whole() && now >= not_before_ && asked_.size() * 2 <= window_;
}

std::vector<std::uint16_t> Pull::ask(Duration now) {
  std::vector<std::uint16_t> next;
  if (!may_ask(now)) {
    return next;
  }
  while (from_ < here_.size() && here_[from_]) {
    ++from_;
  }
  for (std::size_t i = from_; i < here_.size() && asked_.size() < window_; ++i) {
    const auto index = static_cast<std::uint16_t>(i);
    if (!here_[i] && asked_.emplace(index, now).second) {
      next.push_back(index);
    }
  }
  last_news_ = next.empty() ? last_news_ : now;
  return next;
}

void Pull::arrived(std::uint16_t index, Duration now) {
  const auto asked = asked_.find(index);
  if (asked == asked_.end() || here_[index]) {
    return;
  }
  const Duration took{now.ms - asked->second.ms};
  if (took <= short_time) {
    window_ = std::min(window_ + 1, limits::chunks_asked_max);
  } else if (took >= long_time) {
    window_ = std::max<std::size_t>(window_ - 1, 1);
  }
  asked_.erase(asked);
  here_[index] = true;
  ++count_;
  wait_ = tuning::chunk_wait_min;
  last_news_ = now;
}

void Pull::refused(std::uint16_t index, Duration now) {
  asked_.erase(index);
  from_ = 0;
  not_before_ = Duration{now.ms + wait_.ms};
}

void Pull::forget_asked() {
  asked_.clear();
  from_ = 0;
  not_before_ = {};
  wait_ = tuning::chunk_wait_min;
}

std::optional<Duration> Pull::next() const {
  if (whole()) {
    return std::nullopt;
  }
  if (asked_.size() * 2 <= window_ && count_ + asked_.size() < here_.size()) {
    return not_before_;
  }
  return Duration{last_news_.ms + wait_.ms};
}

}  // namespace hamroh
