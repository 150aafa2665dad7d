// How long somebody who typed wrong passphrases has to wait. Pure: time comes as a parameter.
//
// A name may fail three times; then it waits 1 s after the last failure, then 2, 4 … 60 s, and
// never longer: nobody is locked out. Time is the machine's monotonic clock: the wall clock never
// matters. Failures that were counted before a restart wait from its beginning. An attempt that
// comes too early costs nothing and prolongs nothing. While a name has failures, it has at most as
// many attempts at a time as it may still fail.
//
// Trying one passphrase on many names is what the common budget is for: 64 failures at once, and
// one more every two seconds; another 64 are kept for names that have not failed. Names that nobody
// has are counted like the others, so that the delay does not tell which exist.
#pragma once

#include <map>
#include <optional>

#include "protocol/types.h"

namespace hamroh {

class LoginDelays {
 public:
  static constexpr std::uint32_t free_failures = 3;
  static constexpr Duration delay_max = seconds(60);
  static constexpr std::size_t names_max = 8'192;  // above users_max; then the oldest is forgotten
  static constexpr std::uint64_t budget = 64;
  static constexpr std::uint64_t budget_all = 128;
  static constexpr Duration budget_step = seconds(2);

  explicit LoginDelays(Duration started) : started_(started), refilled_(started) {}

  // Wait after the `failures`th failure in a row.
  [[nodiscard]] static Duration delay_after(std::uint32_t failures);

  // How long this name still has to wait; absent: it may try now, and its attempt has begun. `name`
  // is a hash of what was typed; `failures` what its account remembers, 0 if there is none.
  [[nodiscard]] std::optional<Duration> begin(const Digest& name, std::uint32_t failures,
                                              Duration now);
  // How the attempt ended.
  void fail(const Digest& name, Duration now);
  void succeed(const Digest& name);
  void drop(const Digest& name);  // it was not looked at

 private:
  struct Name {
    std::uint32_t failures = 0;
    std::uint32_t running = 0;
    Duration last;  // failure, or when this was made
  };
  Name& find(const Digest& name, std::uint32_t failures);
  void refill(Duration now);
  void forget_oldest();

  Duration started_;
  std::map<Digest, Name> names_;
  std::uint64_t spent_ = 0;  // of the budget
  Duration refilled_;
};

}  // namespace hamroh
