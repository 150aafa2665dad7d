#include "daemon/link_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace hamroh {
namespace {

constexpr Duration delay_min = milliseconds(100);
constexpr Duration delay_max = seconds(30);
constexpr std::size_t waiting_bytes_max = 16 * 1024 * 1024;
constexpr int pair_descriptor = 3;

// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, int descriptor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Terminal signals are hamrohd's business; it tells the link to stop.
  setpgid(0, 0);
  if (descriptor != pair_descriptor) {
    dup2(descriptor, pair_descriptor);
  } else {
    fcntl(descriptor, F_SETFD, 0);
  }
  close_range(pair_descriptor + 1, ~0U, 0);
  char* const arguments[] = {const_cast<char*>("hamroh-link"), nullptr};
  char* const environment[] = {nullptr};
  execve(program, arguments, environment);
  _exit(127);
}

}  // namespace

LinkProcess::LinkProcess(std::string program)
    : program_(std::move(program)), buffer_(pair::datagram_bytes_max), delay_(delay_min) {}

LinkProcess::~LinkProcess() {
  stop();
}

bool LinkProcess::start_if_due(Duration monotonic) {
  if (running() || monotonic < next_start_) {
    return false;
  }
  next_start_ = Duration{monotonic.ms + delay_.ms};
  delay_ = std::min(Duration{delay_.ms * 2}, delay_max);
  auto ends = pair::make_pair();
  if (!ends) {
    return false;
  }
  const pid_t child = fork();
  if (child < 0) {
    return false;
  }
  if (child == 0) {
    become(program_.c_str(), ends->second.descriptor());
  }
  child_ = child;
  socket_ = std::move(ends->first);
  waiting_.clear();
  waiting_bytes_ = 0;
  restarts_ = starts_++;
  return true;
}

void LinkProcess::settled() {
  delay_ = delay_min;
}

void LinkProcess::send(const pair::Frame& frame, ByteView payload) {
  if (!running()) {
    return;
  }
  Bytes head = pair::encode(frame);
  if (waiting_.empty() && socket_.send(head, payload) == pair::Socket::Sent::done) {
    return;
  }
  if (waiting_bytes_ + payload.size() > waiting_bytes_max) {
    return;
  }
  waiting_bytes_ += payload.size();
  waiting_.emplace_back(std::move(head), Bytes(payload.begin(), payload.end()));
}

void LinkProcess::write_waiting() {
  while (!waiting_.empty() && socket_.send(waiting_.front().first, waiting_.front().second) ==
                                  pair::Socket::Sent::done) {
    waiting_bytes_ -= waiting_.front().second.size();
    waiting_.pop_front();
  }
}

Result<std::optional<pair::Frame>> LinkProcess::receive(Duration monotonic) {
  if (!running()) {
    return std::optional<pair::Frame>{};
  }
  for (;;) {
    auto datagram = socket_.receive(buffer_);
    if (!datagram) {
      reap(monotonic);
      return tl::unexpected(datagram.error());
    }
    if (!*datagram) {
      return std::optional<pair::Frame>{};
    }
    auto frame = pair::parse(**datagram);
    if (frame) {
      return std::optional<pair::Frame>(std::move(*frame));
    }
    // A datagram that does not parse is dropped: the link is not trusted to be well.
  }
}

void LinkProcess::reap(Duration monotonic) {
  socket_ = pair::Socket();
  waiting_.clear();
  waiting_bytes_ = 0;
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
  }
  next_start_ = Duration{monotonic.ms + delay_.ms};
}

void LinkProcess::restart(Duration monotonic) {
  if (running()) {
    send(pair::Stop{});
    settled();
    reap(monotonic);
    next_start_ = monotonic;
  }
}

void LinkProcess::stop() {
  if (running()) {
    send(pair::Stop{});
    reap(Duration{UINT64_MAX / 2});
  }
}

}  // namespace hamroh
