// Argon2id off the turn loop: one thread that makes keys out of passphrases, one after another.
//
// Deriving a key takes half a second and 256 MiB on purpose. In the loop that would stop every
// turn; here whoever floods the node with passphrases delays only others who log in. The queue is
// bounded, results wait until they are taken, and every passphrase is wiped once it has been used
// or is dropped.
#pragma once

#include <memory>
#include <vector>

#include "protocol/crypto.h"

namespace hamroh {

// One key to be made. Its passphrase is wiped with it.
struct Derivation {
  Bytes passphrase;
  Salt salt;
  crypto::PassphraseCost cost;

  Derivation(Bytes passphrase, const Salt& salt, crypto::PassphraseCost cost);
  Derivation(Derivation&&) noexcept = default;
  Derivation& operator=(Derivation&&) noexcept = default;
  ~Derivation();
};

class PassphraseWorker {
 public:
  static constexpr std::size_t queued_max = 8;  // beside the one that is being worked on

  struct Job {
    std::uint64_t id = 0;
    std::vector<Derivation> derivations;
  };
  struct Outcome {
    std::uint64_t id = 0;
    // One for each derivation, in order; an error (environment) if memory could not be had.
    std::vector<Result<SymmetricKey>> keys;
  };

  // Errors (environment): io_failed. Signals must have been blocked, so that none ends up there.
  [[nodiscard]] static Result<std::unique_ptr<PassphraseWorker>> start();
  // Waits for the derivation that runs; what is queued is dropped.
  ~PassphraseWorker();
  PassphraseWorker(const PassphraseWorker&) = delete;
  PassphraseWorker& operator=(const PassphraseWorker&) = delete;

  // Errors (caller): busy. The job is then wiped.
  [[nodiscard]] Status offer(Job job);
  // Readable while there are outcomes to take (an eventfd).
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] std::vector<Outcome> take();

 private:
  struct State;
  explicit PassphraseWorker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
