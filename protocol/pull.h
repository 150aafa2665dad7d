// What lacks of one attachment, and how much of it to ask for at once.
//
// Rules, each with its reason:
// * Only what was asked for is expected: whatever else comes costs nothing.
// * At most `window` chunks are under way. The window follows how long a chunk takes: it grows
//   while that is short, and shrinks when it gets long, so that on a slow line there is never much
//   of an attachment in front of a message. It never passes limits::chunks_asked_max.
// * What does not come in time is asked for again, after a delay that doubles from chunk_wait_min
//   to chunk_wait_max; a chunk that comes sets it back.
// * What lacks is not remembered here over a restart: it follows from what the store has.
//
// Time is monotonic and a parameter.
#pragma once

#include <map>
#include <vector>

#include "protocol/constants.h"

namespace hamroh {

class Pull {
 public:
  explicit Pull(std::vector<bool> here) : here_(std::move(here)) {
    for (const bool one : here_) {
      count_ += one ? 1 : 0;
    }
  }
  [[nodiscard]] std::size_t here() const { return count_; }
  [[nodiscard]] bool whole() const { return count_ == here_.size(); }
  [[nodiscard]] std::size_t window() const { return window_; }

  // The next chunks to ask for, rising; from here on they are expected. None while enough are under
  // way.
  [[nodiscard]] std::vector<std::uint16_t> ask(Duration now);
  [[nodiscard]] bool expects(std::uint16_t index) const { return asked_.contains(index); }
  void arrived(std::uint16_t index, Duration now);  // and is kept
  // It came, and was no good: asked for again, but not at once.
  void refused(std::uint16_t index, Duration now);
  // The connection has gone, and what was under way with it.
  void forget_asked();
  // When to look again; absent if nothing lacks.
  [[nodiscard]] std::optional<Duration> next() const;

 private:
  [[nodiscard]] bool may_ask(Duration now);

  std::vector<bool> here_;
  std::size_t count_ = 0;
  std::size_t from_ = 0;                     // nothing lacks before it
  std::map<std::uint16_t, Duration> asked_;  // since when
  std::size_t window_ = 4;
  Duration wait_ = tuning::chunk_wait_min;
  Duration not_before_;
  Duration last_news_;
};

}  // namespace hamroh
