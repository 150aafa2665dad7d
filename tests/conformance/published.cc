// Vectors that others have published.

#include "protocol/proof.h"
#include "protocol/seal.h"
#include "tests/conformance/vectors.h"

namespace hamroh::conformance {
namespace {

template <std::size_t N>
std::optional<Secret<N>> secret_of(ByteView bytes) {
  return bytes.size() == N ? std::optional<Secret<N>>(Secret<N>(bytes.first<N>())) : std::nullopt;
}

// Calls `check(group, test, result)` for every test of a Wycheproof file.
void each_wycheproof(
    const Json& file, Count& count,
    const std::function<bool(const Json&, const Json&, const std::string&)>& check) {
  std::size_t tests = 0;
  for (const Json& group : file.at("testGroups")) {
    for (const Json& test : group.at("tests")) {
      ++tests;
      const auto result = test.at("result").get<std::string>();
      count.take(check(group, test, result), "tcId " + test.at("tcId").dump());
    }
  }
  if (tests != file.at("numberOfTests").get<std::size_t>()) {
    throw std::runtime_error("the file does not hold as many tests as it says");
  }
}

bool has_flag(const Json& test, const char* flag) {
  const Json& flags = test.at("flags");
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

void check_ed25519(const Json& file, Count& count) {
  each_wycheproof(file, count, [](const Json& group, const Json& test, const std::string& result) {
    const auto key = SigningPublicKey::from(hex_at(group.at("publicKey"), "pk"));
    const auto signature = Signature::from(hex_at(test, "sig"));
    // A signature of another length cannot even be expressed.
    const bool good = key && signature && crypto::verify(*key, hex_at(test, "msg"), *signature);
    return good == (result == "valid");
  });
}

// libsodium 1.0.18 recomputes R and compares its bytes, and refuses points of low order and keys
// that are not canonical. So it accepts exactly what has none of these marks.
void check_cctv(const Json& file, Count& count) {
  for (const Json& test : file) {
    bool expected = true;
    if (!test.at("flags").is_null()) {
      for (const char* mark : {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R",
                               "low_order_residue"}) {
        expected = expected && !has_flag(test, mark);
      }
    }
    const auto message = test.at("msg").get<std::string>();
    const bool good = crypto::verify(fixed_at<SigningPublicKey>(test, "key"), view(message),
                                     fixed_at<Signature>(test, "sig"));
    count.take(good == expected, "number " + test.at("number").dump());
  }
}

void check_x25519(const Json& file, Count& count) {
  each_wycheproof(file, count, [](const Json&, const Json& test, const std::string& result) {
    const auto secret = secret_of<32>(hex_at(test, "private"));
    const auto peer = EpochKey::from(hex_at(test, "public"));
    if (!secret || !peer) {
      return result == "invalid";
    }
    const auto shared = crypto::x25519_agree(*secret, *peer);
    if (has_flag(test, "ZeroSharedSecret")) {
      return !shared;
    }
    const Bytes expected = hex_at(test, "shared");
    if (result == "invalid") {
      return !shared;
    }
    return shared && shared->expose([&](auto raw) { return std::ranges::equal(raw, expected); });
  });
}

template <std::size_t nonce_bytes, class Seal, class Open>
void check_aead(const Json& file, Count& count, Seal seal, Open open) {
  each_wycheproof(file, count, [&](const Json&, const Json& test, const std::string& result) {
    const auto key = secret_of<32>(hex_at(test, "key"));
    const Bytes nonce = hex_at(test, "iv");
    if (!key || nonce.size() != nonce_bytes) {
      return result == "invalid";  // such a nonce cannot even be expressed
    }
    const auto fixed = ByteView(nonce).template first<nonce_bytes>();
    const Bytes aad = hex_at(test, "aad");
    const Bytes message = hex_at(test, "msg");
    Bytes sealed = hex_at(test, "ct");
    append(sealed, hex_at(test, "tag"));
    const auto opened = open(*key, fixed, aad, sealed);
    if (result == "invalid") {
      return !opened;
    }
    return opened && *opened == message && seal(*key, fixed, aad, message) == sealed;
  });
}

void check_hmac(const Json& file, Count& count) {
  each_wycheproof(file, count, [](const Json&, const Json& test, const std::string& result) {
    const Bytes tag = hex_at(test, "tag");
    const Digest mac = crypto::hmac_sha256(hex_at(test, "key"), {hex_at(test, "msg")});
    const bool good =
        tag.size() <= Digest::size && std::ranges::equal(mac.view().first(tag.size()), tag);
    return good == (result == "valid");
  });
}

void check_hkdf(const Json& file, Count& count) {
  each_wycheproof(file, count, [](const Json&, const Json& test, const std::string& result) {
    const SymmetricKey key = crypto::hkdf_extract(hex_at(test, "salt"), hex_at(test, "ikm"));
    Bytes out(test.at("size").get<std::size_t>());
    const Bytes info = hex_at(test, "info");
    const bool made =
        key.expose([&](auto raw) { return crypto::hkdf_expand(raw, info, out).has_value(); });
    return result == "valid" ? made && out == hex_at(test, "okm") : !made;
  });
}

// One setup of RFC 9180's file: from the keys' seeds through the key schedule to every seal.
void check_hpke_setup(const Json& setup, const std::string& which, Count& count) {
  const hpke::KeyPair recipient = hpke::derive_key_pair(hex_at(setup, "ikmR"));
  const hpke::KeyPair ephemeral = hpke::derive_key_pair(hex_at(setup, "ikmE"));
  const auto same = [](const auto& secret, const Bytes& expected) {
    return secret.expose([&](auto raw) { return std::ranges::equal(raw, expected); });
  };
  count.take(same(recipient.secret, hex_at(setup, "skRm")) &&
                 recipient.public_key == fixed_at<EpochKey>(setup, "pkRm") &&
                 same(ephemeral.secret, hex_at(setup, "skEm")) &&
                 ephemeral.public_key == fixed_at<EpochKey>(setup, "pkEm"),
             which + ", key pairs");
  const auto shared = hpke::encapsulate(ephemeral, recipient.public_key);
  const auto received = hpke::decapsulate(fixed_at<hpke::Encapsulated>(setup, "enc"),
                                          recipient.secret, recipient.public_key);
  const Bytes expected = hex_at(setup, "shared_secret");
  count.take(shared && received && same(*shared, expected) && same(*received, expected),
             which + ", shared secret");
  if (!shared) {
    return;
  }
  const Bytes info = hex_at(setup, "info");
  hpke::Context sender = hpke::key_schedule_base(*shared, info);
  hpke::Context receiver = hpke::key_schedule_base(*shared, info);
  count.take(same(sender.key(), hex_at(setup, "key")) &&
                 std::ranges::equal(sender.base_nonce(), hex_at(setup, "base_nonce")) &&
                 same(sender.exporter(), hex_at(setup, "exporter_secret")),
             which + ", key schedule");
  std::size_t number = 0;
  for (const Json& item : setup.at("encryptions")) {
    const Bytes aad = hex_at(item, "aad");
    const Bytes sealed = hex_at(item, "ct");
    const Bytes plain = hex_at(item, "pt");
    const auto opened = receiver.open(aad, sealed);
    count.take(sender.seal(aad, plain) == sealed && opened && *opened == plain,
               which + ", encryption " + std::to_string(number++));
  }
  for (const Json& item : setup.at("exports")) {
    const auto secret =
        sender.export_secret(hex_at(item, "exporter_context"), item.at("L").get<std::size_t>());
    count.take(secret && *secret == hex_at(item, "exported_value"), which + ", export");
  }
}

void check_hpke(const Json& file, Count& count) {
  std::size_t number = 0;
  for (const Json& setup : file) {
    const std::string which = "setup " + std::to_string(number++);
    const bool ours = setup.at("mode") == 0 && setup.at("kem_id") == 32 &&
                      setup.at("kdf_id") == 1 && setup.at("aead_id") == 3;
    if (!ours) {
      throw std::runtime_error(which + " is of another suite");
    }
    check_hpke_setup(setup, which, count);
  }
}

// A hash or a path as these files have them; nothing for one that is no hash, as some are.
std::optional<Digest> digest_of(const Json& base64) {
  if (base64.is_null()) {
    return std::nullopt;
  }
  const auto bytes = from_base64(base64.get<std::string>());
  return bytes ? Digest::from(*bytes) : std::nullopt;
}
// Some roots are placeholders of another length, of which only matters whether they are equal: then
// their hash stands for them.
std::optional<Digest> root_of(const Json& base64) {
  const auto bytes = base64.is_null() ? std::nullopt : from_base64(base64.get<std::string>());
  if (!bytes) {
    return std::nullopt;
  }
  const auto root = Digest::from(*bytes);
  return root ? *root : crypto::sha256({*bytes});
}
std::optional<std::vector<Digest>> path_of(const Json& proof) {
  std::vector<Digest> path;
  if (!proof.is_null()) {
    for (const Json& item : proof) {
      const auto hash = digest_of(item);
      if (!hash) {
        return std::nullopt;
      }
      path.push_back(*hash);
    }
  }
  return path;
}

void check_inclusion(const Json& file, Count& count) {
  for (const Json& test : file) {
    const auto leaf = digest_of(test.at("leafHash"));
    const auto root = root_of(test.at("root"));
    const auto path = path_of(test.at("proof"));
    const bool good =
        leaf && root && path &&
        verify_inclusion(test.at("leafIdx").get<std::uint64_t>(),
                         test.at("treeSize").get<std::uint64_t>(), *leaf, *path, *root)
            .has_value();
    count.take(good != test.at("wantErr").get<bool>(), test.at("name").get<std::string>());
  }
}

void check_consistency(const Json& file, Count& count) {
  for (const Json& test : file) {
    const auto root1 = root_of(test.at("root1"));
    const auto root2 = root_of(test.at("root2"));
    const auto path = path_of(test.at("proof"));
    const bool good =
        root1 && root2 && path &&
        verify_consistency(test.at("size1").get<std::uint64_t>(),
                           test.at("size2").get<std::uint64_t>(), *root1, *root2, *path)
            .has_value();
    count.take(good != test.at("wantErr").get<bool>(), test.at("name").get<std::string>());
  }
}

}  // namespace

std::vector<Kind> published_kinds() {
  return {
      {"cctv_ed25519.json", check_cctv},
      {"hpke_rfc9180_base_0020_0001_0003.json", check_hpke},
      {"rfc6962_consistency.json", check_consistency},
      {"rfc6962_inclusion.json", check_inclusion},
      {"wycheproof_chacha20_poly1305.json",
       [](const Json& file, Count& count) {
         check_aead<12>(file, count, crypto::chacha_seal, crypto::chacha_open);
       }},
      {"wycheproof_ed25519.json", check_ed25519},
      {"wycheproof_hkdf_sha256.json", check_hkdf},
      {"wycheproof_hmac_sha256.json", check_hmac},
      {"wycheproof_x25519.json", check_x25519},
      {"wycheproof_xchacha20_poly1305.json",
       [](const Json& file, Count& count) {
         check_aead<24>(file, count, crypto::xchacha_seal, crypto::xchacha_open);
       }},
  };
}

}  // namespace hamroh::conformance
