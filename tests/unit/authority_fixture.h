// A network of three numbered administrators, two of whom must agree, and what members ask of them.
#pragma once

#include <gtest/gtest.h>

#include "admin/authority.h"

namespace hamroh::authority_fixture {

inline constexpr Timestamp today{1'800'000'000'000};

// The signing key of a number; another number, another key.
inline crypto::SigningKey key(unsigned number) {
  EXPECT_TRUE(crypto::start());
  const Digest seed = crypto::sha256({view("key of a test"), view(std::to_string(number))});
  return crypto::SigningKey::from_seed(Seed(std::span<const std::uint8_t, 32>(seed.bytes)));
}

template <class Key>
Key public_of(unsigned number) {
  return *Key::from(key(number).public_key().view());
}

inline std::string name_of(unsigned administrator) {
  return "admin-" + std::to_string(administrator);
}

// Entered and signed by administrators 1 … count.
inline FoundingFile founding(std::string_view network = "Test", unsigned count = 3,
                             std::uint32_t threshold = 2) {
  FoundingFile file = start_founding(network, count, threshold, today, days(90)).value();
  for (unsigned number = 1; number <= count; ++number) {
    EXPECT_TRUE(enter_founding(file, name_of(number), key(number)));
  }
  for (unsigned number = 1; number <= count; ++number) {
    EXPECT_TRUE(sign_founding(file, key(number)));
  }
  return file;
}

// Its keys are number × 100 + 10 × incarnation and the three that follow.
inline Member member(unsigned number, std::uint32_t incarnation = 1) {
  const unsigned base = number * 100 + incarnation * 10;
  Member member;
  member.id.bytes[0] = static_cast<std::uint8_t>(number);
  member.name = "Member " + std::to_string(number);
  member.kind = MemberKind::ngo;
  member.capabilities = default_capabilities(MemberKind::ngo);
  member.incarnation = incarnation;
  member.author = public_of<AuthorKey>(base);
  member.receipt = public_of<ReceiptKey>(base + 1);
  member.witness = public_of<WitnessKey>(base + 2);
  member.transport = public_of<TransportKey>(base + 3);
  member.endpoint = "tcp://127.0.0.1:" + std::to_string(7000 + number);
  return member;
}

inline NamedFile request(const NetworkId& network, const Member& member) {
  const unsigned base = member.id.bytes[0] * 100U + member.incarnation * 10;
  return {"request-" + std::to_string(member.id.bytes[0]),
          make_join_request(network, member, key(base), key(base + 1), key(base + 2))};
}

// What one administrator has before her.
class Desk {
 public:
  explicit Desk(const FoundingFile& file = founding()) : history_(statements_of(file)) { replay(); }

  [[nodiscard]] const Membership& membership() const { return replayed_->membership; }
  [[nodiscard]] const Directory& directory() const { return membership().directory()->value(); }
  [[nodiscard]] const NetworkId& network() const { return membership().network(); }
  [[nodiscard]] const std::vector<Bytes>& history() const { return history_; }
  [[nodiscard]] Drafting drafting(Timestamp now = today) const {
    DraftTerms terms;
    terms.rule = replayed_->rule;
    terms.now = now;
    return Drafting(membership(), terms);
  }
  [[nodiscard]] Proposal admission(const std::vector<unsigned>& numbers) const {
    std::vector<NamedFile> requests;
    for (const unsigned number : numbers) {
      requests.push_back(request(network(), member(number)));
    }
    return drafting().admission(requests).value();
  }
  void publish(const Proposal& proposal) {
    for (Bytes& statement : statements_of(proposal)) {
      history_.push_back(std::move(statement));
    }
    replay();
  }
  void agree(Proposal proposal) {  // signed by all
    for (unsigned number = 1; number <= 3; ++number) {
      EXPECT_TRUE(sign_proposal(proposal, key(number), today));
    }
    publish(proposal);
  }

 private:
  void replay() {
    auto replayed = replay_history(history_);
    ASSERT_TRUE(replayed) << replayed.error().where << ": " << replayed.error().error.text;
    replayed_ = std::move(*replayed);
  }

  std::vector<Bytes> history_;
  std::optional<Replayed> replayed_;
};

inline NamedFile card(const NetworkId& network, std::string_view network_name,
                      const std::string& name, unsigned number) {
  return {name + ".card",
          encode_administrator_card({network,
                                     {name, public_of<AdminKey>(number),
                                      prove_founder(network_name, name, key(number))}})};
}

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::none : result.error().code;
}
template <class T>
Code code_of(const Outcome<T>& outcome) {
  return outcome ? Code::none : outcome.error().error.code;
}

// The digest at the end of a file made right again, as somebody who changes it would.
inline Bytes with_digest(Bytes file) {
  file.resize(file.size() - Digest::size);
  append(file, crypto::sha256({file}).view());
  return file;
}

}  // namespace hamroh::authority_fixture
