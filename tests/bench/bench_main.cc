// hamroh-bench: how fast the pipeline is on this machine, and what the machine would allow.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "protocol/crypto.h"
#include "tests/bench/pair.h"

int main(int count, char** values) {
  hamroh::bench::PairOptions pair;
  hamroh::bench::FloorOptions floor;
  CLI::App app(
      "hamroh-bench: measure this machine\n\n"
      "Example: hamroh-bench pair --messages 20000 --size 2048 --window 64 --json");
  app.require_subcommand(1);
  CLI::App* pairing =
      app.add_subcommand("pair", "Two nodes, submission to verified opened receipt");
  pairing->add_option("--messages", pair.messages, "How many (default 20000)")
      ->check(CLI::Range(1, 5'000'000));
  pairing->add_option("--size", pair.bytes, "Bytes of a form (default 2048)")
      ->check(CLI::Range(700, 60'000));
  pairing
      ->add_option("--window", pair.window, "Messages between submission and receipt (default 64)")
      ->check(CLI::Range(1, 2'048));
  pairing->add_option("--directory", pair.directory, "Where the homes are made (default: here)");
  pairing->add_flag("--json", pair.json, "Print JSON");
  CLI::App* flooring = app.add_subcommand("floor", "What primitives and disk of one turn cost");
  flooring->add_option("--size", floor.bytes, "Bytes of a form (default 2048)");
  flooring->add_option("--directory", floor.directory, "Whose disk (default: here)");
  flooring->add_flag("--json", floor.json, "Print JSON");
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!hamroh::crypto::start()) {
    std::fputs("hamroh-bench: libsodium cannot start\n", stderr);
    return 1;
  }
  return pairing->parsed() ? hamroh::bench::run_pair(pair) : hamroh::bench::run_floor(floor);
}
