#include <deque>
#include <utility>

#include "sdk/connection.h"

namespace hamroh {
namespace {

constexpr std::uint64_t poll_wait_ms = 30'000;
constexpr auto resend_after = std::chrono::seconds(35);  // longer than the daemon may take
constexpr std::size_t buffered_max = api::limits::events_max;
constexpr std::uint64_t timeout_ms_max = 86'400'000;

using SteadyClock = std::chrono::steady_clock;

}  // namespace

struct EventStream::State {
  Client::Connection* connection = nullptr;
  std::deque<Event> ready;
  std::uint64_t position = 0;  // after what `next` returned
  std::uint64_t asked = 0;     // after what is ready
  std::optional<std::uint64_t> request;
  std::optional<Error> failure;
};

EventStream::EventStream(Client& client, std::uint64_t cursor) : state_(std::make_unique<State>()) {
  state_->connection = client.connection_.get();
  state_->position = cursor;
  state_->asked = cursor;
}

EventStream::EventStream(EventStream&&) noexcept = default;

EventStream::~EventStream() {
  if (state_ && state_->request) {
    state_->connection->forget(*state_->request);
  }
}

std::uint64_t EventStream::cursor() const {
  return state_->position;
}

void EventStream::ask() {
  State* state = state_.get();
  state->request = state->connection->ask(
      api::NextEvents{state->asked, api::limits::events_max, poll_wait_ms},
      {resend_after, std::nullopt}, [state](Result<api::Answer> reply) {
        state->request.reset();
        if (!reply) {
          state->failure = reply.error();
          return;
        }
        auto* page = std::get_if<api::Events>(&*reply);
        if (page == nullptr) {
          state->failure = Error{Code::malformed, Blame::peer, "the node answered something else"};
          return;
        }
        state->ready.insert(state->ready.end(), page->events.begin(), page->events.end());
        state->asked = page->next_cursor;
        if (state->ready.empty()) {
          state->position = state->asked;
        }
      });
}

Result<std::optional<Event>> EventStream::next(Duration timeout) {
  const SteadyClock::time_point until =
      SteadyClock::now() + std::chrono::milliseconds(std::min(timeout.ms, timeout_ms_max));
  for (;;) {
    // Asked ahead while the caller works on what is ready, but never more than a page ahead.
    if (!state_->request && !state_->failure && state_->ready.size() < buffered_max) {
      ask();
    }
    if (!state_->ready.empty()) {
      const Event event = state_->ready.front();
      state_->ready.pop_front();
      state_->position = state_->ready.empty() ? state_->asked : event.index + 1;
      return event;
    }
    if (state_->failure) {
      return tl::unexpected(*std::exchange(state_->failure, std::nullopt));
    }
    if (SteadyClock::now() >= until) {
      return std::optional<Event>{};
    }
    state_->connection->poll(until);
  }
}

}  // namespace hamroh
