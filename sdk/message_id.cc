#include <chrono>
#include <mutex>

#include "protocol/crypto.h"
#include "sdk/include/hamroh/client.h"

namespace hamroh {
namespace {

constexpr std::uint64_t tail_mask = (1ULL << 62) - 1;
constexpr std::uint64_t fresh_tail_mask = tail_mask >> 1;  // room above, to count up in

std::uint64_t random_u64() {
  std::array<std::uint8_t, 8> raw{};
  crypto::system_random(raw);
  ByteReader reader(raw);
  return reader.u64();
}

// Time, then 12 random bits, then a tail of 62 bits that rises by a random step while the
// millisecond stays (RFC 9562 section 6.2, method 2).
class Sequence {
 public:
  MessageId next(std::uint64_t now_ms) {
    const std::lock_guard lock(mutex_);
    constexpr std::uint64_t step_mask = 0xffff'ffff;
    if (now_ms > ms_) {
      begin(now_ms);
    } else if (const std::uint64_t step = 1 + (random_u64() & step_mask);
               tail_ > tail_mask - step) {
      begin(ms_ + 1);
    } else {
      tail_ += step;
    }
    Bytes id;
    put_u64(id, ms_ << 16 | 0x7000U | head_);
    put_u64(id, 1ULL << 63 | tail_);
    return MessageId::from(id).value();
  }

 private:
  void begin(std::uint64_t ms) {
    ms_ = ms;
    head_ = random_u64() & 0xfffU;
    tail_ = random_u64() & fresh_tail_mask;
  }
  std::mutex mutex_;
  std::uint64_t ms_ = 0;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace

MessageId new_message_id() {
  static Sequence sequence;  // one for the process: that is what makes ids rise within it
  CHECK(crypto::start());
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  return sequence.next(ms < 0 ? 0 : static_cast<std::uint64_t>(ms) & 0xffff'ffff'ffffU);
}

}  // namespace hamroh
