// `hamroh-bench rights`: what it costs to know who asks and whether she may: token to session to
// the table of rights, as the daemon does it for every request.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "daemon/sessions.h"
#include "protocol/api_rights.h"
#include "tests/bench/pair.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Drawn final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override { crypto::system_random(out); }
};

}  // namespace

int run_rights(const RightsOptions& options) {
  Drawn entropy;
  Sessions sessions({minutes(30), hours(12)});
  constexpr Duration now = seconds(1);
  std::vector<SessionToken> tokens;
  for (std::size_t i = 0; i < Sessions::sessions_max; ++i) {
    Actor actor;
    actor.user = entropy.draw<UserId>();
    actor.role = all_roles[i % all_roles.size()];
    actor.teams = {"intake"};
    tokens.push_back(sessions.open(actor, 1, now, entropy));
  }
  const api::Request request{1, api::ListCases{}, {}};
  std::vector<double> medians;
  std::size_t allowed = 0;
  for (int run = 0; run < options.runs; ++run) {
    const auto from = SteadyClock::now();
    for (std::size_t i = 0; i < options.checks; ++i) {
      const SessionId id = Sessions::id_of(tokens[(i * 7) % tokens.size()].view());
      const Sessions::Session* found = sessions.use(id, now);
      allowed += api::check_rights(request, found != nullptr ? &found->actor : nullptr) ? 1U : 0U;
    }
    const double us = std::chrono::duration<double, std::micro>(SteadyClock::now() - from).count();
    medians.push_back(us / static_cast<double>(options.checks));
  }
  std::ranges::sort(medians);
  const double median = medians[medians.size() / 2];
  if (options.json) {
    std::printf("{\"check_us\": %.3f, \"highest_us\": %.3f, \"sessions\": %zu}\n", median,
                medians.back(), sessions.count());
  } else {
    std::printf(
        "token, session and role of one request: %.3f us (highest of %d runs %.3f us), %zu "
        "sessions\n",
        median, options.runs, medians.back(), sessions.count());
  }
  return allowed > 0 ? 0 : 1;
}

}  // namespace hamroh::bench
