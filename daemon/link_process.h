// hamroh-link as hamrohd sees it: a child that may die at any moment without loss.
//
// It is started with one end of a fresh pair as descriptor 3, and again with a growing delay (100
// ms to 30 s) whenever it dies. What could not be written to the pair waits in a bounded queue;
// beyond that frames are dropped, because the outbox will send them again. Single-threaded; never
// blocks.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>

#include "daemon/pair.h"

namespace hamroh {

class LinkProcess {
 public:
  // `program` is the path of hamroh-link.
  explicit LinkProcess(std::string program);
  ~LinkProcess();  // kills the child and waits for it
  LinkProcess(const LinkProcess&) = delete;
  LinkProcess& operator=(const LinkProcess&) = delete;

  // Starts the child if it is not running and its delay is over. True if it has just been started:
  // then it has to be configured.
  [[nodiscard]] bool start_if_due(Duration monotonic);
  [[nodiscard]] bool running() const { return child_ > 0; }
  [[nodiscard]] pid_t process() const { return child_; }
  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] bool wants_to_write() const { return !waiting_.empty(); }
  [[nodiscard]] Duration next_start() const { return next_start_; }

  void send(const pair::Frame& frame, ByteView payload = {});
  void write_waiting();
  // The next frame from the child; absent if there is none. An error means that it is gone: it has
  // been reaped, and start_if_due will start it again. The frame's views end with the next call.
  [[nodiscard]] Result<std::optional<pair::Frame>> receive(Duration monotonic);
  // It said that it is ready: the delay begins anew at its shortest.
  void settled();
  void stop();  // for good
  // Ends it so that start_if_due begins it again at once: its state belonged to what is gone.
  void restart(Duration monotonic);

 private:
  void reap(Duration monotonic);

  std::string program_;
  pid_t child_ = -1;
  pair::Socket socket_;
  std::deque<std::pair<Bytes, Bytes>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<std::uint8_t> buffer_;
  Duration delay_;
  Duration next_start_;
  std::uint64_t starts_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace hamroh
