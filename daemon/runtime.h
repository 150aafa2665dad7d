// The turn loop of hamrohd: inputs in, one transaction, commit, then effects.
//
// Waits for frames from the link, requests from local programs, signals and time; takes as many
// inputs as have come, up to the configured bound; lets Node work on all of them in one
// transaction; commits; and only then answers, sends and notifies. A turn whose store failed has
// not happened: its clients are told so, and the node is opened again from disk. Requests that only
// read are answered after the commit, each for itself: one that meets a damaged page fails alone.
//
// Read-only, the node is only looked at: no link, no turn, nothing written (read_only_store.h).
#pragma once

#include <memory>
#include <string>

#include "daemon/configuration.h"
#include "daemon/home.h"

namespace hamroh {

struct RuntimeOptions {
  Home home;
  Configuration configuration;
  std::string link_program;
  bool read_only = false;
  bool memory_locked = false;  // all of this process: lock_all_memory
};

class Runtime {
 public:
  // Takes the lock of the home, starts the link, opens vault, store and node, and the local API.
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> open(RuntimeOptions options);
  ~Runtime();
  // Until SIGTERM or SIGINT. Returns hamrohd's exit code.
  int run();

 private:
  struct State;
  explicit Runtime(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hamroh
