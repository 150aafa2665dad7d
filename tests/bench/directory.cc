// `hamroh-bench directory`: what a large network's directory costs a member: to join by it, and to
// follow it when one more member is admitted.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "protocol/membership.h"
#include "tests/bench/pair.h"

namespace hamroh::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Timestamp made_at{1'800'000'000'000};

template <class Work>
double median_ms(int runs, Work&& work) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto from = SteadyClock::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - from).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

crypto::SigningKey administrator(std::uint8_t number) {
  return crypto::SigningKey::from_seed(
      Seed::make([number](auto raw) { std::ranges::fill(raw, number); }));
}

VerifiedConstitution found() {
  Constitution constitution;
  constitution.network_name = "bench";
  constitution.created = made_at;
  constitution.threshold = 2;
  for (std::uint8_t number = 1; number <= 3; ++number) {
    const std::string name = "admin-" + std::to_string(number);
    const crypto::SigningKey key = administrator(number);
    constitution.administrators.push_back({name, *AdminKey::from(key.public_key().view()),
                                           prove_founder(constitution.network_name, name, key)});
  }
  SignedPayload file{encode_constitution(constitution), {}};
  const NetworkId network = *NetworkId::from(constitution_hash(file.payload).view());
  for (std::uint8_t number = 1; number <= 3; ++number) {
    file.signatures.push_back(sign_constitution(file.payload, network, administrator(number)));
  }
  const auto founded = verify_founding(file);
  CHECK(founded);
  return *founded;
}

// Names and addresses of the lengths that such names and addresses have.
Member random_member(std::size_t number) {
  Member member;
  const auto draw = [](auto& fixed) { crypto::system_random(fixed.bytes); };
  draw(member.id);
  draw(member.author);
  draw(member.receipt);
  draw(member.witness);
  draw(member.transport);
  member.name = "Ташкилоти ҷамъиятии «Умед», ноҳияи " + std::to_string(number);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(member.kind);
  member.endpoint = "tcp://node-" + std::to_string(number) + ".hamroh.example:7311";
  return member;
}

Bytes signed_by_two(DirectoryFile file, const NetworkId& network) {
  for (const std::uint8_t number : Bytes{1, 2}) {
    file.head.signatures.push_back(
        sign_directory(file.head.payload, network, administrator(number)));
  }
  return encode_directory_file(file);
}

}  // namespace

int run_directory(const DirectoryOptions& options) {
  const VerifiedConstitution constitution = found();
  Directory directory;
  directory.network = constitution.network();
  directory.version = 1;
  directory.constitution = constitution.hash();
  directory.created = made_at;
  directory.warns = made_at + days(60);
  directory.expires = made_at + days(90);
  for (std::size_t number = 0; number < options.members; ++number) {
    directory.members.push_back(random_member(number));
  }
  std::ranges::sort(directory.members, {}, &Member::id);
  const Bytes whole = signed_by_two(complete_file(directory), directory.network);

  std::optional<VerifiedDirectory> verified;
  const double verify_ms = median_ms(options.runs, [&] {
    const auto parsed = parse_directory_file(whole);
    CHECK(parsed);
    verified.emplace(verify_directory(constitution, *parsed).value());
  });
  Directory next = verified->successor(made_at + days(1), days(90));
  next.members.push_back(random_member(options.members));
  std::ranges::sort(next.members, {}, &Member::id);
  const Bytes step = signed_by_two(delta_file(directory, next), directory.network);
  const double follow_ms = median_ms(options.runs, [&] {
    const auto parsed = parse_directory_file(step);
    CHECK(parsed && follow_directory(*verified, constitution, *parsed));
  });
  const char* format =
      options.json
          ? "{\"members\": %zu, \"runs\": %d, \"verify_ms\": %.1f, \"complete_bytes\": %zu, "
            "\"follow_ms\": %.1f, \"delta_bytes\": %zu}\n"
          : "%zu members, medians of %d runs: verified in %.1f ms, %zu bytes; one admission "
            "followed "
            "in %.1f ms, %zu bytes\n";
  std::printf(format, options.members, options.runs, verify_ms, whole.size(), follow_ms,
              step.size());
  return 0;
}

}  // namespace hamroh::bench
