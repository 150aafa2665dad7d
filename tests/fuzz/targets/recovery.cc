// Recovery shares, as bytes and as people type them, and the vault file that they open.

#include "daemon/vault.h"
#include "tests/fuzz/fuzz.h"

namespace hamroh::fuzz {
namespace {

SymmetricKey sample_key() {
  return SymmetricKey::make([](auto raw) { std::fill(raw.begin(), raw.end(), 7); });
}
RecoveryShare sample_share() {
  return {{filled<NetworkStart>(1), filled<MemberId>(2), split_id_of(sample_key()), {3, 5}},
          {4, sample_key()}};
}
Vault sample_vault() {
  Vault vault;
  (void)vault.renew_node_root(sample_key());
  (void)vault.renew_reader_root(sample_key());
  vault.wrap_for_recovery(sample_share().split, sample_key(), {sample_key(), sample_key()});
  return vault;
}

// A hash at its end lets nothing but the seeds through: so it is set right.
Bytes with_hash(ByteView vault) {
  Bytes file(vault.begin(), vault.end());
  append(file, crypto::sha256({vault}).view());
  return file;
}

}  // namespace

std::vector<Bytes> seeds() {
  const Bytes share = encode(sample_share());
  Bytes vault = sample_vault().encode();
  vault.resize(vault.size() - Digest::size);
  Vault destroyed = sample_vault();
  destroyed.destroy();
  Bytes after_panic = destroyed.encode();
  after_panic.resize(after_panic.size() - Digest::size);
  return {chosen(0, share), chosen(1, view(recovery_share_text(share))),
          chosen(1, view(recovery_share_code(share))), chosen(2, vault), chosen(2, after_panic)};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 3);
  if (parser == 2) {
    const Bytes file = with_hash(rest);
    const auto vault = Vault::parse(file);
    // Version 1 is written anew as version 2; whatever else is taken is the same again.
    CHECK(!vault || file.front() == 1 || vault->encode() == file);
    return;
  }
  const auto share = parser == 0 ? parse_recovery_share(rest) : read_recovery_share(text(rest));
  if (share) {
    const Bytes bytes = encode(*share);
    CHECK(parser == 1 || std::ranges::equal(bytes, rest));
    const auto typed = read_recovery_share(recovery_share_text(bytes));
    CHECK(typed && encode(*typed) == bytes);
  }
}

}  // namespace hamroh::fuzz
