// golden_vectors DIR: writes our own test vectors, always the same ones. Run it only when the wire
// changes, which is a new version of SPEC.md.

#include <cstdio>
#include <fstream>

#include "protocol/crypto.h"
#include "tests/conformance/vectors.h"

int main(int count, char** values) {
  if (count != 2 || !hamroh::crypto::start()) {
    std::fputs("golden_vectors DIR: writes Hamroh's own test vectors\n", stderr);
    return 2;
  }
  for (const auto& [name, content] : hamroh::conformance::make_golden()) {
    std::ofstream file(std::string(values[1]) + "/" + name);
    file << content.dump(1) << '\n';
    if (!file.flush()) {
      std::fprintf(stderr, "golden_vectors: %s/%s cannot be written\n", values[1], name.c_str());
      return 1;
    }
  }
  return 0;
}
