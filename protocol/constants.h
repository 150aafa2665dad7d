// The constants that writer and reader share. `limits` bounds everything that a stranger, a peer or
// a client could make grow; `labels` separates every hash, derivation and signature from every
// other. Specification constants change only with the wire version; tuning constants stand in
// `tuning`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/types.h"

namespace hamroh {

inline constexpr std::uint8_t wire_version = 1;
inline constexpr std::uint8_t suite_x25519 = 1;  // DHKEM(X25519), HKDF-SHA256, ChaCha20Poly1305
// Reserved: 2 = X-Wing hybrid with the same KDF and AEAD.

namespace limits {
inline constexpr std::size_t frame_bytes_max = 256 * 1024;
inline constexpr std::size_t message_bytes_max = 128 * 1024;  // one encoded inner
inline constexpr std::size_t body_bytes_max = 120 * 1024;     // one encoded body inside an inner
inline constexpr std::size_t string_bytes_max = 4 * 1024;
inline constexpr std::size_t long_text_bytes_max = 64 * 1024;  // narrative, health and notes
inline constexpr std::size_t vector_items_max = 256;
inline constexpr std::size_t recipients_max = 16;
inline constexpr std::size_t heads_max = 16;
inline constexpr std::size_t administrators_max = 32;  // also signers
inline constexpr std::size_t key_sheet_epochs_max = 16;
inline constexpr std::size_t suspensions_max = 32;
inline constexpr std::size_t members_max = 16'384;
inline constexpr std::size_t directory_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t constitution_bytes_max = 64 * 1024;
inline constexpr std::size_t directories_per_envelope_max = 16;
inline constexpr std::size_t sections_max = 4'096;  // sections in one envelope
inline constexpr std::size_t proof_leaves_max = 4'096;
inline constexpr std::size_t proof_hashes_max = 4'096 * 8;
inline constexpr std::size_t envelope_plaintext_max = 240 * 1024;  // before padding
// Kept free in an envelope for its proof; a single entry's proof needs at most 2 KiB.
inline constexpr std::size_t proof_room_bytes = 32 * 1024;
// A directory larger than this is not passed on between nodes; administrators hand it out.
inline constexpr std::size_t directory_passed_on_max = envelope_plaintext_max - proof_room_bytes;
inline constexpr std::size_t in_flight_messages_max = 2'048;  // per peer
inline constexpr std::size_t in_flight_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t outbox_messages_per_peer_max = 65'536;
inline constexpr std::size_t outbox_messages_max = 262'144;
inline constexpr std::size_t held_bytes_per_peer_max = 16 * 1024 * 1024;
inline constexpr std::size_t held_envelopes_per_peer_max = 4'096;
inline constexpr std::size_t conflicts_per_peer_and_day_max = 64;
inline constexpr std::size_t case_events_max = 4'096;
inline constexpr std::size_t turn_inputs_max = 4'096;  // upper bound of the configured batch
inline constexpr unsigned verifier_depth_max = 8;
inline constexpr unsigned verifier_tables_max = 256;
inline constexpr unsigned json_depth_max = 16;
inline constexpr std::size_t json_bytes_max = 512 * 1024;
inline constexpr std::size_t fingerprint_text_bytes_max = 1024;  // as people type it
inline constexpr std::size_t qr_text_bytes_max = 512;

static_assert(body_bytes_max < message_bytes_max, "a body travels inside an inner");
static_assert(message_bytes_max < envelope_plaintext_max, "an inner travels inside an envelope");
// PADMÉ adds at most 12 %, and less above 4 KiB: at 240 KiB the step is 4 KiB.
static_assert(envelope_plaintext_max + 4 * 1024 + 1024 < frame_bytes_max,
              "a padded, sealed envelope fits one frame");
}  // namespace limits

// Every label ends in a NUL, so none is a prefix of another and none can begin a signed note (whose
// text never holds a control character, C2SP signed-note).
namespace labels {
inline constexpr std::string_view entry{"hamroh/entry/1\0", 15};
inline constexpr std::string_view message_digest{"hamroh/message/1\0", 17};
inline constexpr std::string_view envelope_digest{"hamroh/envelope/1\0", 18};
inline constexpr std::string_view seal_info{"hamroh/seal/1\0", 14};
inline constexpr std::string_view key_sheet{"hamroh/key-sheet/1\0", 19};
inline constexpr std::string_view directory{"hamroh/directory/1\0", 19};
inline constexpr std::string_view constitution{"hamroh/constitution/1\0", 22};
inline constexpr std::string_view suspension{"hamroh/suspension/1\0", 20};
inline constexpr std::string_view possession{"hamroh/possession/1\0", 20};
inline constexpr std::string_view join_request{"hamroh/join-request/1\0", 22};
inline constexpr std::string_view epoch_key_id{"hamroh/epoch-key-id/1\0", 22};
inline constexpr std::string_view record_key{"hamroh/record-key/1\0", 20};
inline constexpr std::string_view vault_wrap{"hamroh/vault-wrap/1\0", 20};
inline constexpr std::string_view fingerprint{"hamroh/fingerprint/1\0", 21};
}  // namespace labels

namespace tuning {
inline constexpr Duration epoch_length = days(7);
inline constexpr std::size_t epochs_ahead = 8;
inline constexpr Duration epoch_grace = days(30);
inline constexpr Duration retry_delay_min = seconds(5);
inline constexpr Duration retry_delay_max = minutes(10);
inline constexpr Duration message_lifetime = days(30);
inline constexpr Duration start_wait_max = seconds(30);  // for peers after a start
inline constexpr Duration start_connect_wait =
    seconds(3);  // then an unconnected peer is unreachable
inline constexpr Duration start_traffic_window = days(7);
inline constexpr Duration hello_interval_min = milliseconds(200);  // answers to one peer
inline constexpr Duration hello_retry = seconds(2);
inline constexpr Duration clock_tolerance = hours(24);
inline constexpr Duration clock_persist_interval = minutes(1);
inline constexpr std::size_t rekeys_per_minute_max = 30;
// Kept for peers that were away: each version names the one before, so none may be left out.
inline constexpr std::uint64_t directory_versions_kept = 256;
}  // namespace tuning

}  // namespace hamroh
