// The frames between hamrohd and hamroh-link.

#include "daemon/pair.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  using namespace pair;
  const auto member = filled<MemberId>(1);
  std::vector<Bytes> all;
  const auto add = [&](const Frame& frame) { all.push_back(encode(frame)); };
  add(PeerSet{member, filled<TransportKey>(2), "tcp://127.0.0.1:7000"});
  add(PeerRemove{member});
  add(EndSessions{member});
  add(Stop{});
  add(Ready{"tcp://0.0.0.0:7000"});
  add(Failed{Code::io_failed});
  add(PeerUp{member});
  add(PeerDown{member});
  add(Statistics{1, 2, 3, 4, 5, 6});
  Bytes received = encode(Received{member, {}});
  append(received, Bytes(40, 3));
  all.push_back(received);
  return all;
}

void run(ByteView input) {
  const auto frame = pair::parse(input);
  if (frame) {
    Bytes again = pair::encode(*frame);
    if (const auto* received = std::get_if<pair::Received>(&*frame)) {
      append(again, received->frame);
    } else if (const auto* sent = std::get_if<pair::Send>(&*frame)) {
      append(again, sent->frame);
    }
    CHECK(std::ranges::equal(again, input));
  }
}

}  // namespace hamroh::fuzz
