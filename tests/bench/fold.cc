// `hamroh-bench fold`: what it costs to say how a case stands, out of its events.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "protocol/case_fold.h"
#include "protocol/crypto.h"
#include "tests/bench/pair.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct SampleCase {
  std::vector<MemberId> participants;
  std::vector<std::vector<Digest>> heads;  // of each event
  FoldInput input;
};

// Referrals, and what their recipients and their sender say of them by turns. Each event names the
// two before it; or nothing if all happened at once.
SampleCase sample_case(std::size_t events, bool at_once) {
  constexpr std::size_t members = 8;
  constexpr std::array kinds{EventKind::referral_receive, EventKind::info_request,
                             EventKind::info_answer, EventKind::referral_accept,
                             EventKind::case_note};
  SampleCase sample;
  for (std::size_t i = 0; i < members; ++i) {
    sample.participants.emplace_back();
    sample.participants.back().bytes.fill(static_cast<std::uint8_t>(i + 1));
  }
  Digest referral;
  for (std::size_t i = 0; i < events; ++i) {
    FoldEvent event;
    Bytes number;
    put_u64(number, i);
    event.digest = crypto::sha256({number});
    event.created = {i};
    event.audience = (1U << members) - 1;
    const std::size_t step = i % (kinds.size() + 1);
    event.kind = step == 0 ? EventKind::referral_send : kinds[step - 1];
    referral = step == 0 ? event.digest : referral;
    event.about = step == 0 ? Digest{} : referral;
    const bool of_sender = step == 0 || event.kind == EventKind::info_answer;
    event.author = of_sender ? 0 : static_cast<std::uint8_t>(1 + i / 7 % (members - 1));
    std::vector<Digest>& heads = sample.heads.emplace_back();
    for (std::size_t back = 1; back <= 2 && back <= i && !at_once; ++back) {
      heads.push_back(sample.input.events[i - back].digest);
    }
    sample.input.events.push_back(event);
  }
  for (std::size_t i = 0; i < events; ++i) {
    sample.input.events[i].heads = sample.heads[i];
  }
  sample.input.participants = sample.participants;
  sample.input.opening = sample.input.events.front().digest;
  return sample;
}

}  // namespace

int run_fold(const FoldOptions& options) {
  for (const bool at_once : {false, true}) {
    const SampleCase sample = sample_case(options.events, at_once);
    std::vector<double> times;
    std::size_t happened = 0;
    for (int run = 0; run < options.runs; ++run) {
      const auto from = SteadyClock::now();
      const CaseState state = fold_case(sample.input);
      times.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - from).count());
      happened = static_cast<std::size_t>(std::ranges::count(state.reasons, Code::none));
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    const char* shape = at_once ? "at once" : "one after the other";
    if (options.json) {
      std::printf("{\"events\": %zu, \"shape\": \"%s\", \"fold_us\": %.1f, \"highest_us\": %.1f}\n",
                  options.events, shape, median, times.back());
    } else {
      std::printf("%zu events %s: %.1f us (highest of %d runs %.1f us), %zu not void\n",
                  options.events, shape, median, options.runs, times.back(), happened);
    }
  }
  return 0;
}

}  // namespace hamroh::bench
