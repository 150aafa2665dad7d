// The entry points that libFuzzer calls. With HAMROH_FUZZ_SEEDS=DIR the program writes its seeds
// there and ends.

#include <cstdlib>
#include <fstream>

#include "protocol/crypto.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using namespace hamroh;
  CHECK(crypto::start());
  if (const char* directory = std::getenv("HAMROH_FUZZ_SEEDS")) {
    std::size_t number = 0;
    for (const Bytes& seed : fuzz::seeds()) {
      std::ofstream file(std::string(directory) + "/seed-" + std::to_string(number++),
                         std::ios::binary);
      file.write(reinterpret_cast<const char*>(seed.data()),
                 static_cast<std::streamsize>(seed.size()));
      CHECK(file.good());
    }
    std::_Exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hamroh::fuzz::run({data, size});
  return 0;
}
