// hamroh-bench: how fast the pipeline is on this machine, and what the machine would allow.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "protocol/crypto.h"
#include "tests/bench/gossip.h"
#include "tests/bench/pair.h"

int main(int count, char** values) {
  hamroh::bench::PairOptions pair;
  hamroh::bench::FloorOptions floor;
  hamroh::bench::GossipOptions gossip;
  hamroh::bench::DirectoryOptions directory;
  hamroh::bench::EraseOptions erase;
  hamroh::bench::ClocksOptions clocks;
  hamroh::bench::RightsOptions rights;
  hamroh::bench::FoldOptions fold;
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
  hamroh::bench::AttachmentOptions attachment;
  CLI::App* attaching = app.add_subcommand(
      "attachment", "A file with a case, beside what seal and disk alone would allow");
  attaching->add_option("--mib", attachment.mebibytes, "Its size (default 64)")
      ->check(CLI::Range(1, 64));
  attaching->add_option("--runs", attachment.runs, "Whose median is taken (default 3)")
      ->check(CLI::Range(1, 30));
  attaching->add_option("--directory", attachment.directory, "Where the homes are made");
  attaching->add_flag("--json", attachment.json, "Print JSON");
  hamroh::bench::OvertakeOptions overtake;
  CLI::App* overtaking = app.add_subcommand(
      "overtake", "An emergency behind many messages and a file: it must be opened first");
  overtaking->add_option("--messages", overtake.messages, "How many (default 10000)")
      ->check(CLI::Range(1, 60'000));
  overtaking->add_option("--mib", overtake.mebibytes, "Size of the file (default 64)")
      ->check(CLI::Range(1, 64));
  overtaking->add_option("--directory", overtake.directory, "Where the homes are made");
  overtaking->add_flag("--json", overtake.json, "Print JSON");
  hamroh::bench::BackupOptions backup;
  CLI::App* backing = app.add_subcommand(
      "backup", "Backups of a large store, and what they cost the messages meanwhile");
  backing->add_option("--store", backup.store_megabytes, "MB of the store (default 1024)")
      ->check(CLI::Range(1, 1'000'000));
  backing->add_option("--messages", backup.messages, "In each round (default 20000)")
      ->check(CLI::Range(100, 5'000'000));
  backing->add_option("--rounds", backup.rounds, "With and without backups (default 3)")
      ->check(CLI::Range(1, 100));
  backing->add_option("--directory", backup.directory, "Where the homes are made (default: here)");
  backing->add_flag("--json", backup.json, "Print JSON");
  CLI::App* gossiping =
      app.add_subcommand("gossip", "Rounds until a new directory has reached every node");
  gossiping->add_option("--nodes", gossip.nodes, "How many (default: 10 to 1000, a table)")
      ->check(CLI::Range(2, 5'000));
  gossiping->add_option("--links", gossip.links, "Random neighbours of each (default 4)")
      ->check(CLI::Range(2, 64));
  gossiping->add_option("--loss", gossip.loss_percent, "Frames lost, in percent (default 5)")
      ->check(CLI::Range(0, 90));
  gossiping->add_option("--seeds", gossip.seeds, "How many graphs of each size (default 5)")
      ->check(CLI::Range(1, 100));
  gossiping->add_flag("--json", gossip.json, "Print JSON");
  CLI::App* folding = app.add_subcommand("fold", "How a case stands, out of its events");
  folding->add_option("--events", fold.events, "How many (default 200)")
      ->check(CLI::Range(1, 4'096));
  folding->add_flag("--json", fold.json, "Print JSON");
  CLI::App* listing = app.add_subcommand(
      "directory", "A large directory: verified as a whole, and one admission followed");
  listing->add_option("--members", directory.members, "How many (default 10000)")
      ->check(CLI::Range(1, 16'000));
  listing->add_option("--runs", directory.runs, "Whose median is taken (default 15)")
      ->check(CLI::Range(9, 1'000));
  listing->add_flag("--json", directory.json, "Print JSON");
  CLI::App* erasing = app.add_subcommand("erase", "Erasing one of many cases for good");
  erasing->add_option("--cases", erase.cases, "How many there are (default 100000)")
      ->check(CLI::Range(100, 250'000));
  erasing->add_option("--erasures", erase.erasures, "How many are erased (default 25)")
      ->check(CLI::Range(1, 100));
  erasing->add_option("--size", erase.bytes, "Bytes of a form (default 2048)")
      ->check(CLI::Range(700, 60'000));
  erasing->add_option("--directory", erase.directory, "Where the database is made (default: here)");
  erasing->add_flag("--json", erase.json, "Print JSON");
  CLI::App* clocking = app.add_subcommand("clocks", "Many cases in which clocks run");
  clocking->add_option("--cases", clocks.cases, "How many (default 100000)")
      ->check(CLI::Range(100, 250'000));
  clocking->add_option("--size", clocks.bytes, "Bytes of a form (default 1024)")
      ->check(CLI::Range(700, 60'000));
  clocking->add_option("--directory", clocks.directory,
                       "Where the database is made (default: here)");
  clocking->add_flag("--json", clocks.json, "Print JSON");
  CLI::App* checking = app.add_subcommand("rights", "To know who asks, and whether she may");
  checking->add_option("--checks", rights.checks, "In one run (default 100000)")
      ->check(CLI::Range(1'000, 10'000'000));
  checking->add_flag("--json", rights.json, "Print JSON");
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!hamroh::crypto::start()) {
    std::fputs("hamroh-bench: libsodium cannot start\n", stderr);
    return 1;
  }
  if (gossiping->parsed()) {
    return hamroh::bench::run_gossip(gossip);
  }
  if (folding->parsed()) {
    return hamroh::bench::run_fold(fold);
  }
  if (clocking->parsed()) {
    return hamroh::bench::run_clocks(clocks);
  }
  if (checking->parsed()) {
    return hamroh::bench::run_rights(rights);
  }
  if (overtaking->parsed()) {
    return hamroh::bench::run_overtake(overtake);
  }
  if (attaching->parsed()) {
    return hamroh::bench::run_attachment(attachment);
  }
  if (backing->parsed()) {
    return hamroh::bench::run_backup(backup);
  }
  if (listing->parsed()) {
    return hamroh::bench::run_directory(directory);
  }
  if (erasing->parsed()) {
    return hamroh::bench::run_erase(erase);
  }
  return pairing->parsed() ? hamroh::bench::run_pair(pair) : hamroh::bench::run_floor(floor);
}
