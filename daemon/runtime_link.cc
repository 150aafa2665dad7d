// The turn loop's side of hamroh-link: frames and connections of peers, and whom it may talk to.

#include "daemon/log.h"
#include "daemon/runtime_state.h"

namespace hamroh {

Status Runtime::State::take_link_frames(std::size_t& budget, Turn& turn) {
  // Half of the turn for peers at most, so that people here are not kept waiting by them.
  for (std::size_t left = std::max<std::size_t>(budget / 2, 1); left > 0; --left) {
    auto frame = link.receive(turn.monotonic);
    if (!frame) {
      link_died();
      return {};
    }
    if (!*frame) {
      return {};
    }
    --budget;
    ++inputs;
    HAMROH_TRY(take_link_frame(**frame, turn));
  }
  return {};
}

Status Runtime::State::take_link_frame(const pair::Frame& frame, Turn& turn) {
  Node& node = keeper.node();
  if (const auto* received = std::get_if<pair::Received>(&frame)) {
    const Status taken = node.receive(received->member, received->frame, turn);
    if (!taken && taken.error().blame == Blame::environment) {
      return taken;
    }
    if (!taken) {
      log::debug("peer.refused", {log::id("member", received->member),
                                  log::text("code", code_name(taken.error().code)),
                                  log::text("why", taken.error().text)});
    }
  } else if (const auto* up = std::get_if<pair::PeerUp>(&frame)) {
    log::info("peer.up", {log::id("member", up->member)});
    node.peer_up(up->member, turn);
  } else if (const auto* down = std::get_if<pair::PeerDown>(&frame)) {
    log::info("peer.down", {log::id("member", down->member)});
    node.peer_down(down->member);
  } else if (std::holds_alternative<pair::Ready>(frame)) {
    log::info("link.ready", {log::count("process", static_cast<std::uint64_t>(link.process()))});
    link_ready = true;
    link_fault.clear();
    link.settled();
  } else if (const auto* failed = std::get_if<pair::Failed>(&frame)) {
    link_fault = failed->code == Code::busy ? "cannot listen: is the port in use?"
                                            : "cannot open its sockets";
    log::warn("link.failed", {log::text("code", code_name(failed->code))});
  } else if (const auto* statistics = std::get_if<pair::Statistics>(&frame)) {
    link_statistics = *statistics;
  }
  return {};
}

void Runtime::State::link_died() {
  log::warn("link.died", {log::count("restarts", link.restarts())});
  link_configured = false;
  link_ready = false;
  told_peers.clear();
  if (keeper.has_node() && keeper.node().directory() != nullptr) {
    for (const Member& member : keeper.node().directory()->value().members) {
      keeper.node().peer_down(member.id);
    }
  }
}

void Runtime::State::renew_link() {
  if (new_transport_at && monotonic_now() >= *new_transport_at) {
    new_transport_at.reset();
    log::info("link.renewed");
    link.restart(monotonic_now());
    link_died();
  }
}

void Runtime::State::configure_link() {
  if (options.read_only) {
    return;
  }
  renew_link();
  if (link.start_if_due(monotonic_now())) {
    log::debug("link.started");
  }
  if (!link.running() || link_configured || !keeper.has_node()) {
    return;
  }
  auto transaction = keeper.store().begin();
  if (!transaction) {
    return;
  }
  Effects effects;
  Turn turn{wall_now(), monotonic_now(), **transaction, keeper.entropy(), effects};
  auto secret = keeper.node().transport_secret(turn);
  if (!secret) {
    note_damage(secret.error());
    return;
  }
  const std::string& listen = options.configuration.listen;
  link.send(pair::Configure{std::move(*secret), keeper.node().id(),
                            listen.empty() ? keeper.node().endpoint() : listen});
  link_configured = true;
  told_peers.clear();
  tell_peers();
}

void Runtime::State::tell_peers() {
  if (!link_configured || !keeper.has_node() || keeper.node().directory() == nullptr) {
    return;
  }
  std::map<MemberId, std::pair<TransportKey, std::string>> wanted;
  for (const PeerAddress& peer : keeper.node().addresses()) {
    wanted[peer.member] = {peer.transport, peer.endpoint};
  }
  for (const auto& [member, facts] : told_peers) {
    if (!wanted.contains(member)) {
      link.send(pair::PeerRemove{member});
    }
  }
  for (const auto& [member, facts] : wanted) {
    const auto told = told_peers.find(member);
    if (told == told_peers.end() || told->second != facts) {
      link.send(pair::PeerSet{member, facts.first, facts.second});
    }
  }
  told_peers = std::move(wanted);
}

}  // namespace hamroh
