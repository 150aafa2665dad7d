#include "protocol/suspension.h"

#include <map>
#include <tuple>
#include <utility>

#include "protocol/wire_directory.h"

namespace hamroh {
namespace {

constexpr char suspension_file[] = "HSUS";
constexpr std::size_t signers_to_lift = 2;

// What the statements so far have come to.
struct Standing {
  ActiveSuspension suspension;
  bool active = false;
};

class Count {
 public:
  explicit Count(std::uint32_t threshold) : threshold_(threshold) {}

  void take(const VerifiedSuspension& statement) {
    const Suspension& suspension = statement.value;
    const auto known = standing_.find(suspension.member);
    if (suspension.lift) {
      if (known != standing_.end()) {
        known->second.active = false;
        known->second.suspension.until = std::min(known->second.suspension.until, suspension.from);
      }
      return;
    }
    const bool agreed = statement.signers.size() >= threshold_;
    const bool too_soon =
        known != standing_.end() &&
        suspension.from < known->second.suspension.until + tuning::suspension_pause;
    // One free hand is enough: else whoever is busy could spoil a statement by signing it too.
    const bool busy = std::ranges::all_of(statement.signers, [&](const AdminKey& signer) {
      return busy_until_.contains(signer) && suspension.from < busy_until_[signer];
    });
    if (!agreed && (too_soon || busy)) {
      return;
    }
    standing_[suspension.member] = {
        {suspension.member, suspension.until, suspension.reason, statement.signers}, true};
    for (const AdminKey& signer : statement.signers) {
      if (!agreed) {
        busy_until_[signer] = std::max(busy_until_[signer], suspension.until);
      }
    }
  }

  [[nodiscard]] std::vector<ActiveSuspension> at(Timestamp now) const {
    std::vector<ActiveSuspension> active;
    for (const auto& [member, standing] : standing_) {
      if (standing.active && now < standing.suspension.until) {
        active.push_back(standing.suspension);
      }
    }
    return active;
  }

 private:
  std::uint32_t threshold_;
  std::map<AdminKey, Timestamp> busy_until_;
  std::map<MemberId, Standing> standing_;
};

}  // namespace

const char* suspension_reason_name(SuspensionReason reason) {
  switch (reason) {
    case SuspensionReason::other:
      return "other";
    case SuspensionReason::device_lost:
      return "device_lost";
    case SuspensionReason::keys_suspected:
      return "keys_suspected";
    case SuspensionReason::misuse:
      return "misuse";
    case SuspensionReason::asked_by_member:
      return "asked_by_member";
  }
  return "other";
}

std::optional<SuspensionReason> parse_suspension_reason(std::string_view name) {
  for (std::uint16_t value = 1; value <= 5; ++value) {
    const auto reason = static_cast<SuspensionReason>(value);
    if (name == suspension_reason_name(reason)) {
      return reason;
    }
  }
  return std::nullopt;
}

AdminSignature sign_suspension(ByteView payload, const NetworkId& network,
                               const crypto::SigningKey& key) {
  return sign_as(labels::suspension, payload, network, key);
}

Bytes encode_signed_suspension(const SignedPayload& file) {
  return wire::encode_signed_file(file, suspension_file);
}

Result<SignedPayload> parse_signed_suspension(ByteView bytes) {
  return wire::parse_signed_file(bytes, suspension_file, limits::statement_bytes_max);
}

Result<VerifiedSuspension> verify_suspension(const VerifiedConstitution& constitution,
                                             ByteView bytes) {
  HAMROH_ASSIGN(SignedPayload file, parse_signed_suspension(bytes));
  VerifiedSuspension verified;
  HAMROH_ASSIGN(verified.signers,
                signers_of(constitution.value(), labels::suspension, constitution.network(), file));
  HAMROH_ASSIGN(verified.value, parse_suspension(file.payload));
  if (verified.value.network != constitution.network()) {
    return peer_error(Code::wrong_network, "a suspension of another network");
  }
  HAMROH_TRY(check_threshold(verified.signers.size(), verified.value.lift ? signers_to_lift : 1));
  verified.file.assign(bytes.begin(), bytes.end());
  verified.payload = std::move(file.payload);
  return verified;
}

std::vector<ActiveSuspension> active_suspensions(std::span<const VerifiedSuspension> statements,
                                                 std::uint32_t threshold, Timestamp now) {
  std::vector<const VerifiedSuspension*> ordered;
  for (const VerifiedSuspension& statement : statements) {
    if (statement.value.from <= now) {
      ordered.push_back(&statement);
    }
  }
  std::ranges::sort(ordered, [](const auto* a, const auto* b) {
    return std::tie(a->value.from, a->payload) < std::tie(b->value.from, b->payload);
  });
  Count count(threshold);
  for (const VerifiedSuspension* statement : ordered) {
    count.take(*statement);
  }
  return count.at(now);
}

}  // namespace hamroh
