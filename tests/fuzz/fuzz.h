// What every fuzz target defines, and the property that most of them check.
//
// A target is one file of targets/. It is built twice: with libFuzzer (preset asan, and
// tests/fuzz/run), and with replay_main.cc into the ordinary tests, so that it never rots.
#pragma once

#include <vector>

#include "protocol/error.h"
#include "protocol/types.h"

namespace hamroh::fuzz {

// Valid inputs, made by the encoders.
[[nodiscard]] std::vector<Bytes> seeds();
// Parses hostile bytes; a property that does not hold ends the process by CHECK.
void run(ByteView input);

// What parses can be encoded, and that parses to the same value again.
template <class Parse, class Encode>
void check_round_trip(ByteView input, Parse&& parse, Encode&& encode) {
  const auto value = parse(input);
  if (!value) {
    return;
  }
  const auto encoded = encode(*value);
  const auto again = parse(ByteView(encoded));
  CHECK(again && *again == *value);
}

// The first byte chooses among several parsers of one target.
struct Choice {
  std::uint8_t parser = 0;
  ByteView rest;
};
[[nodiscard]] inline Choice choose(ByteView input, std::uint8_t parsers) {
  return input.empty() ? Choice{}
                       : Choice{static_cast<std::uint8_t>(input[0] % parsers), input.subspan(1)};
}
[[nodiscard]] inline Bytes chosen(std::uint8_t parser, ByteView rest) {
  Bytes out{parser};
  append(out, rest);
  return out;
}

template <class Fixed>
[[nodiscard]] Fixed filled(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

}  // namespace hamroh::fuzz
