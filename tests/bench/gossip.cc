// Real nodes over stores in memory, joined by a random graph, with frames lost. One round: what was
// sent is delivered, then the clock moves on and every node that has something to do ticks.

#include "tests/bench/gossip.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <set>

#include "protocol/memory_store.h"
#include "protocol/node.h"
#include "tests/sim/authority.h"

namespace hamroh::bench {
namespace {

using sim::Authority;
using sim::Random;
using sim::SeededEntropy;

constexpr Timestamp begin{1'790'000'000'000};
constexpr Duration round_length = milliseconds(250);
constexpr std::size_t rounds_most = 400;

struct Peer {
  explicit Peer(Random random) : entropy(random) {}
  MemoryStore store;
  SeededEntropy entropy;
  std::optional<Node> node;
  MemberId id;
  std::vector<std::size_t> links;
};

struct Frame {
  std::size_t from = 0;
  std::size_t to = 0;
  Bytes bytes;
};

class Graph {
 public:
  Graph(std::size_t nodes, const GossipOptions& options, std::uint64_t seed)
      : random_(seed), options_(options), authority_(random_.fork(), begin) {
    for (std::size_t i = 0; i < nodes; ++i) {
      peers_.push_back(std::make_unique<Peer>(random_.fork()));
      initialise(i);
    }
    const Bytes first = authority_.publish(begin);
    for (std::size_t i = 0; i < nodes; ++i) {
      Peer& peer = *peers_[i];
      turn(i, [&](Turn& turn) -> Status {
        HAMROH_ASSIGN(peer.node, Node::open({}, turn));
        return peer.node->install(first, turn);
      });
      index_.emplace(peer.id, i);
    }
    link();
  }

  // Rounds until every node has the version that one was given; absent if it takes too long.
  std::optional<std::size_t> spread() {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      turn(i, [&](Turn& turn) -> Status {
        for (const std::size_t other : peers_[i]->links) {
          peers_[i]->node->peer_up(peers_[other]->id, turn);
        }
        return {};
      });
    }
    for (int settle = 0; settle < 40; ++settle) {
      round();
    }
    const Bytes next = authority_.publish(begin + Duration{now_});
    turn(0, [&](Turn& turn) { return peers_[0]->node->install(next, turn); });
    for (std::size_t rounds = 0; rounds <= rounds_most; ++rounds) {
      const bool all = std::ranges::all_of(peers_, [](const std::unique_ptr<Peer>& peer) {
        return peer->node->membership().version() == 2;
      });
      if (all) {
        return rounds;
      }
      round();
    }
    return std::nullopt;
  }

 private:
  void initialise(std::size_t i) {
    Member entry;
    turn(i, [&](Turn& turn) -> Status {
      HAMROH_ASSIGN(const Bytes request,
                    Node::initialise({authority_.network_file(), "node " + std::to_string(i),
                                      MemberKind::ngo, "tcp://127.0.0.1:7311", std::nullopt, 1},
                                     turn));
      HAMROH_ASSIGN(const JoinRequest parsed, parse_join_request(request));
      entry = parsed.member;
      return {};
    });
    peers_[i]->id = entry.id;
    authority_.admit(entry);
  }

  // A ring through all in random order keeps it connected; random chords do the rest.
  void link() {
    std::vector<std::size_t> ring(peers_.size());
    for (std::size_t i = 0; i < ring.size(); ++i) {
      ring[i] = i;
      std::swap(ring[i], ring[random_.below(i + 1)]);
    }
    const auto join = [&](std::size_t a, std::size_t b) {
      if (a != b && std::ranges::find(peers_[a]->links, b) == peers_[a]->links.end()) {
        peers_[a]->links.push_back(b);
        peers_[b]->links.push_back(a);
      }
    };
    for (std::size_t i = 0; i < ring.size(); ++i) {
      join(ring[i], ring[(i + 1) % ring.size()]);
    }
    const std::size_t wanted = std::min(options_.links, peers_.size() - 1);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      for (int tries = 0; peers_[i]->links.size() < wanted && tries < 1'000; ++tries) {
        join(i, random_.below(peers_.size()));
      }
    }
  }

  template <class Work>
  void turn(std::size_t i, Work&& work) {
    Peer& peer = *peers_[i];
    auto transaction = peer.store.begin();
    CHECK(transaction);
    Effects effects;
    Turn turn{begin + Duration{now_}, {now_}, **transaction, peer.entropy, effects};
    const Status done = work(turn);
    CHECK(done || done.error().blame == Blame::peer);
    if (peer.node) {
      const Status finished = peer.node->finish(turn);
      CHECK(finished);
    }
    const Status committed = (*transaction)->commit();
    CHECK(committed);
    for (SendFrame& frame : effects.frames) {
      sent_.push_back({i, index_.at(frame.peer), std::move(frame.frame)});
    }
  }

  void round() {
    now_ += round_length.ms;
    std::vector<Frame> frames;
    frames.swap(sent_);
    for (const Frame& frame : frames) {
      if (random_.below(100) >= options_.loss_percent) {
        turn(frame.to, [&](Turn& turn) {
          return peers_[frame.to]->node->receive(peers_[frame.from]->id, frame.bytes, turn);
        });
      }
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i]->node->next_wakeup({now_}).ms <= now_) {
        turn(i, [&](Turn& turn) { return peers_[i]->node->tick(turn); });
      }
    }
  }

  Random random_;
  GossipOptions options_;
  Authority authority_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<MemberId, std::size_t> index_;
  std::vector<Frame> sent_;
  std::uint64_t now_ = 1'000;
};

struct Point {
  std::size_t nodes = 0;
  std::size_t median = 0;
  std::size_t most = 0;
};

std::optional<Point> measure(std::size_t nodes, const GossipOptions& options) {
  std::vector<std::size_t> rounds;
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
    Graph graph(nodes, options, seed * 1'000'003 + nodes);
    const auto one = graph.spread();
    if (!one) {
      return std::nullopt;
    }
    rounds.push_back(*one);
  }
  std::ranges::sort(rounds);
  return Point{nodes, rounds[rounds.size() / 2], rounds.back()};
}

}  // namespace

int run_gossip(const GossipOptions& options) {
  std::vector<std::size_t> sizes{10, 30, 100, 300, 1'000};
  if (options.nodes != 0) {
    sizes = {options.nodes};
  }
  if (options.json) {
    std::printf("{\"links\": %zu, \"loss_percent\": %u, \"seeds\": %llu, \"gossip\": [",
                options.links, options.loss_percent,
                static_cast<unsigned long long>(options.seeds));
  } else {
    std::printf("A new version to every node: %zu links each, %u %% of frames lost, %llu seeds\n",
                options.links, options.loss_percent,
                static_cast<unsigned long long>(options.seeds));
    std::puts("nodes  rounds (median)  most  median/log2 n");
  }
  for (const std::size_t nodes : sizes) {
    const auto point = measure(nodes, options);
    if (!point) {
      std::fprintf(stderr, "hamroh-bench: %zu nodes did not agree within %zu rounds\n", nodes,
                   rounds_most);
      return 1;
    }
    const double relative =
        static_cast<double>(point->median) / std::log2(static_cast<double>(nodes));
    std::printf(options.json ? "%s{\"nodes\": %zu, \"median_rounds\": %zu, \"most_rounds\": %zu, "
                               "\"rounds_per_log2\": %.2f}"
                             : "%s%5zu  %15zu  %4zu  %13.2f\n",
                options.json && nodes != sizes.front() ? ", " : "", point->nodes, point->median,
                point->most, relative);
    std::fflush(stdout);
  }
  if (options.json) {
    std::puts("]}");
  }
  return 0;
}

}  // namespace hamroh::bench
