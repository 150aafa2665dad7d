#include "protocol/user_keys.h"

#include "protocol/constants.h"

namespace hamroh {
namespace {

constexpr std::size_t check_bytes = 8;

Bytes statement_of(std::string_view label, const UserHome& home, const UserId& user,
                   ByteView what) {
  Bytes out;
  append(out, view(label));
  append(out, home.network.view());
  append(out, home.member.view());
  append(out, user.view());
  append(out, what);
  return out;
}

bool takes_label(ByteReader& reader, std::string_view label) {
  return text(reader.take(label.size())) == label;
}

bool is_role(std::uint8_t value) {
  return value >= 1 && value <= all_roles.size();
}

}  // namespace

Bytes UserKeyFile::encode() const {
  Bytes out;
  out.reserve(encoded_size);
  append(out, view(labels::user_key));
  append(out, home.network.view());
  append(out, home.member.view());
  append(out, user.view());
  seed.expose([&](auto raw) { append(out, raw); });
  const Digest check = crypto::sha256({out});
  append(out, check.view().first(check_bytes));
  CHECK(out.size() == encoded_size);
  return out;
}

Result<UserKeyFile> UserKeyFile::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const bool labelled = takes_label(reader, labels::user_key);
  UserKeyFile file;
  file.home.network = reader.fixed<NetworkId>();
  file.home.member = reader.fixed<MemberId>();
  file.user = reader.fixed<UserId>();
  const ByteView seed = reader.take(32);
  const ByteView check = reader.take(check_bytes);
  if (!labelled || !reader.finished()) {
    return caller_error(Code::malformed, "that is no key file of a user");
  }
  const Digest wanted = crypto::sha256({bytes.first(bytes.size() - check_bytes)});
  if (!std::ranges::equal(check, wanted.view().first(check_bytes))) {
    return caller_error(Code::malformed, "this key file is damaged");
  }
  file.seed = Seed(seed.first<32>());
  return file;
}

Signature sign_login(const Seed& seed, const UserHome& home, const UserId& user,
                     const LoginChallenge& challenge) {
  return crypto::SigningKey::from_seed(seed).sign(
      statement_of(labels::login, home, user, challenge.view()));
}

bool verify_login(const SigningPublicKey& key, const UserHome& home, const UserId& user,
                  const LoginChallenge& challenge, const Signature& signature) {
  return crypto::verify(key, statement_of(labels::login, home, user, challenge.view()), signature);
}

Bytes UserCertificate::statement() const {
  Bytes out;
  append(out, view(labels::user_certificate));
  append(out, home.network.view());
  append(out, home.member.view());
  put_u32(out, incarnation);
  append(out, user.view());
  put_u8(out, static_cast<std::uint8_t>(role));
  append(out, key.view());
  put_u64(out, serial);
  put_u64(out, time.ms);
  CHECK(out.size() == signed_size);
  return out;
}

bool UserCertificate::verify() const {
  return crypto::verify(*SigningPublicKey::from(author.view()), statement(), signature);
}

Bytes UserCertificate::encode() const {
  Bytes out = statement();
  append(out, author.view());
  append(out, signature.view());
  return out;
}

Result<UserCertificate> UserCertificate::parse(ByteView bytes) {
  ByteReader reader(bytes);
  const bool labelled = takes_label(reader, labels::user_certificate);
  UserCertificate parsed;
  parsed.home.network = reader.fixed<NetworkId>();
  parsed.home.member = reader.fixed<MemberId>();
  parsed.incarnation = reader.u32();
  parsed.user = reader.fixed<UserId>();
  const std::uint8_t role = reader.u8();
  parsed.key = reader.fixed<SigningPublicKey>();
  parsed.serial = reader.u64();
  parsed.time.ms = reader.u64();
  parsed.author = reader.fixed<AuthorKey>();
  parsed.signature = reader.fixed<Signature>();
  if (!labelled || !reader.finished() || !is_role(role)) {
    return caller_error(Code::malformed, "that is no certificate of a user's key");
  }
  parsed.role = static_cast<Role>(role);
  return parsed;
}

Signature sign_vote(const Seed& seed, const UserHome& home, const UserId& user,
                    const Digest& digest) {
  return crypto::SigningKey::from_seed(seed).sign(
      statement_of(labels::vote, home, user, digest.view()));
}

bool verify_vote(const UserCertificate& certificate, const Digest& digest,
                 const Signature& signature) {
  return crypto::verify(
      certificate.key,
      statement_of(labels::vote, certificate.home, certificate.user, digest.view()), signature);
}

}  // namespace hamroh
