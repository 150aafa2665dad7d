#include "daemon/login_delays.h"

#include <algorithm>

namespace hamroh {
namespace {

constexpr Duration running_wait = seconds(1);

}  // namespace

Duration LoginDelays::delay_after(std::uint32_t failures) {
  if (failures < free_failures) {
    return {};
  }
  constexpr std::uint32_t doublings_max = 6;  // 64 s is over the bound already
  const std::uint32_t doublings = std::min(failures - free_failures, doublings_max);
  return std::min(delay_max, Duration{seconds(1).ms << doublings});
}

std::optional<Duration> LoginDelays::begin(const Digest& name, std::uint32_t failures,
                                           Duration now) {
  refill(now);
  const auto found = names_.find(name);
  const Name known = found != names_.end() ? found->second : Name{failures, 0, started_};
  const Duration due{known.last.ms + delay_after(known.failures).ms};
  if (now < due) {
    return Duration{due.ms - now.ms};
  }
  if (known.running > 0 && known.failures + known.running >= free_failures) {
    return running_wait;  // each attempt that runs may become a failure
  }
  if (spent_ >= (known.failures > 0 ? budget : budget_all)) {
    return Duration{refilled_.ms + budget_step.ms - now.ms};
  }
  ++find(name, failures).running;
  return std::nullopt;
}

void LoginDelays::fail(const Digest& name, Duration now) {
  Name& known = find(name, 0);
  known.running -= known.running > 0 ? 1 : 0;
  known.failures += known.failures < UINT32_MAX ? 1 : 0;
  known.last = now;
  spent_ = std::min(spent_ + 1, budget_all);
}

void LoginDelays::succeed(const Digest& name) {
  drop(name);
  if (const auto known = names_.find(name); known != names_.end()) {
    known->second.failures = 0;
    if (known->second.running == 0) {
      names_.erase(known);
    }
  }
}

void LoginDelays::drop(const Digest& name) {
  if (const auto known = names_.find(name); known != names_.end() && known->second.running > 0) {
    --known->second.running;
  }
}

LoginDelays::Name& LoginDelays::find(const Digest& name, std::uint32_t failures) {
  const auto known = names_.find(name);
  if (known != names_.end()) {
    return known->second;
  }
  if (names_.size() >= names_max) {
    forget_oldest();
  }
  return names_[name] = {failures, 0, started_};
}

void LoginDelays::refill(Duration now) {
  while (spent_ > 0 && now.ms >= refilled_.ms + budget_step.ms) {
    --spent_;
    refilled_.ms += budget_step.ms;
  }
  if (spent_ == 0) {
    refilled_ = now;
  }
}

// Of those without an attempt that runs; these are few, as the worker's queue is short.
void LoginDelays::forget_oldest() {
  auto oldest = names_.end();
  for (auto name = names_.begin(); name != names_.end(); ++name) {
    if (name->second.running == 0 &&
        (oldest == names_.end() || name->second.last < oldest->second.last)) {
      oldest = name;
    }
  }
  if (oldest != names_.end()) {
    names_.erase(oldest);
  }
}

}  // namespace hamroh
