#include "daemon/passphrase_worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace hamroh {

Derivation::Derivation(Bytes given, const Salt& with, crypto::PassphraseCost at)
    : passphrase(std::move(given)), salt(with), cost(at) {}

Derivation::~Derivation() {
  crypto::wipe(passphrase);
}

struct PassphraseWorker::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> queue;          // guarded by mutex
  std::vector<Outcome> outcomes;  // likewise
  bool ending = false;            // likewise
  int done = -1;                  // eventfd
  std::thread thread;

  void run();
};

void PassphraseWorker::State::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return ending || !queue.empty(); });
      if (ending) {
        return;
      }
      job = std::move(queue.front());
      queue.pop_front();
    }
    Outcome outcome{job.id, {}};
    for (const Derivation& one : job.derivations) {
      outcome.keys.push_back(crypto::passphrase_key(one.passphrase, one.salt.bytes, one.cost));
    }
    job = {};  // wiped before anybody hears of it
    const std::uint64_t one = 1;
    const std::lock_guard lock(mutex);
    outcomes.push_back(std::move(outcome));
    [[maybe_unused]] const ssize_t written = ::write(done, &one, sizeof one);
  }
}

PassphraseWorker::PassphraseWorker(std::unique_ptr<State> state) : state_(std::move(state)) {}

PassphraseWorker::~PassphraseWorker() {
  if (state_->thread.joinable()) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->ending = true;
    }
    state_->wake.notify_one();
    state_->thread.join();
  }
  if (state_->done >= 0) {
    ::close(state_->done);
  }
}

Result<std::unique_ptr<PassphraseWorker>> PassphraseWorker::start() {
  std::unique_ptr<PassphraseWorker> worker(new PassphraseWorker(std::make_unique<State>()));
  State* state = worker->state_.get();
  state->done = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (state->done < 0) {
    return environment_error(Code::io_failed, "no eventfd can be made");
  }
  try {
    state->thread = std::thread([state] { state->run(); });
  } catch (const std::system_error&) {
    return environment_error(Code::io_failed, "no thread can be started");
  }
  return worker;
}

Status PassphraseWorker::offer(Job job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= queued_max) {
      return caller_error(Code::busy, "too many passphrases wait already: try again");
    }
    state_->queue.push_back(std::move(job));
  }
  state_->wake.notify_one();
  return {};
}

int PassphraseWorker::descriptor() const {
  return state_->done;
}

std::vector<PassphraseWorker::Outcome> PassphraseWorker::take() {
  std::uint64_t counted = 0;
  [[maybe_unused]] const ssize_t got = ::read(state_->done, &counted, sizeof counted);
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->outcomes, {});
}

}  // namespace hamroh
