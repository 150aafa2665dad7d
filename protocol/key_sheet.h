// A member's signed list of its coming epoch keys.
//
// Epochs are weekly; eight are published ahead. The author key signs label ‖ network ‖
// SHA-256(payload); the serial only rises. Senders seal to the newest sheet's key of the current
// epoch. FlatBuffers identifier HKEY. A private half is destroyed at its epoch's end plus a grace
// of 30 days, but never while an unopened envelope needs it.
#pragma once

#include <vector>

#include "protocol/constants.h"
#include "protocol/crypto.h"

namespace hamroh {

struct SheetKey {
  EpochKey key;
  Timestamp begins;
  Timestamp ends;  // exclusive
  bool operator==(const SheetKey&) const = default;
};

struct KeySheet {
  NetworkId network;
  MemberId member;
  std::uint32_t incarnation = 0;
  std::uint64_t serial = 0;
  Timestamp created;
  std::vector<SheetKey> keys;  // 1 to key_sheet_epochs_max, sorted by begins, contiguous, distinct
  bool operator==(const KeySheet&) const = default;
};

// First 16 bytes of SHA-256(label ‖ key).
[[nodiscard]] EpochKeyId epoch_key_id(const EpochKey& key);

[[nodiscard]] Bytes sign_key_sheet(const KeySheet& sheet, const crypto::SigningKey& author);

class VerifiedKeySheet {
 public:
  [[nodiscard]] const KeySheet& value() const { return value_; }
  [[nodiscard]] const Bytes& file() const { return file_; }  // the exact signed bytes
  // The key to seal with at `now`: that of the current epoch; outside the sheet's time the nearest
  // (clocks may be wrong, and a sealed message is better than none).
  [[nodiscard]] const SheetKey& key_at(Timestamp now) const;

 private:
  friend Result<VerifiedKeySheet> verify_key_sheet(ByteView, const NetworkId&, const MemberId&,
                                                   std::uint32_t, const AuthorKey&);
  KeySheet value_;
  Bytes file_;
};
[[nodiscard]] Result<VerifiedKeySheet> verify_key_sheet(ByteView file, const NetworkId& network,
                                                        const MemberId& member,
                                                        std::uint32_t incarnation,
                                                        const AuthorKey& author);

}  // namespace hamroh
