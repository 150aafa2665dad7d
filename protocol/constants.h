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
// A referral as it is submitted: what of it is disclosed later fits a body, with its opening.
inline constexpr std::size_t referral_bytes_max = body_bytes_max - 1024;
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
// One version's changes; larger steps are made in several versions, so that each can be passed on.
inline constexpr std::size_t directory_delta_bytes_max = 128 * 1024;
inline constexpr std::size_t constitutions_max = 1'024;  // in one chain
// Statements that travel in one hello, and their bytes; the rest follows in the next.
inline constexpr std::size_t statements_max = 64;
inline constexpr std::size_t statements_bytes_max = 200 * 1024;
inline constexpr std::size_t statement_bytes_max = 64 * 1024;  // of suspensions and rotations
inline constexpr std::size_t suspensions_per_administrator_max = 16;
inline constexpr std::size_t rotations_per_member_max = 64;  // until a directory takes them over
inline constexpr std::size_t constitution_bytes_max = 64 * 1024;
inline constexpr std::size_t proposal_bytes_max = 1024 * 1024;
inline constexpr std::size_t proposal_records_max = 512;
inline constexpr std::size_t proposal_grounds_max = 256;  // requests and rotations that it rests on
inline constexpr std::size_t comment_characters_max = 500;
inline constexpr std::size_t passphrase_characters_min = 8;
inline constexpr std::size_t passphrase_bytes_max = 1024;
inline constexpr std::size_t user_name_bytes_max = 64;
inline constexpr std::size_t sections_max = 4'096;  // sections in one envelope
inline constexpr std::size_t proof_leaves_max = 4'096;
inline constexpr std::size_t proof_hashes_max = 4'096 * 8;
inline constexpr std::size_t envelope_plaintext_max = 240 * 1024;  // before padding
// Kept free in an envelope for its proof; a single entry's proof needs at most 2 KiB.
inline constexpr std::size_t proof_room_bytes = 32 * 1024;
inline constexpr std::size_t in_flight_messages_max = 2'048;  // per peer
inline constexpr std::size_t in_flight_bytes_max = 4 * 1024 * 1024;
// Besides, for emergencies: what was sent before must not keep one back.
inline constexpr std::size_t in_flight_urgent_max = 64;
inline constexpr std::size_t in_flight_urgent_bytes_max = 512 * 1024;
inline constexpr std::size_t outbox_messages_per_peer_max = 65'536;
inline constexpr std::size_t outbox_messages_max = 262'144;
inline constexpr std::size_t held_bytes_per_peer_max = 16 * 1024 * 1024;
inline constexpr std::size_t held_envelopes_per_peer_max = 4'096;
inline constexpr std::size_t conflicts_per_peer_and_day_max = 64;
// Envelopes opened in a row although their note was not shown to extend the one known before.
inline constexpr std::size_t unproven_envelopes_max = 16;
inline constexpr std::size_t case_events_max = 4'096;
inline constexpr std::size_t case_marks_max = 512;      // of its clocks
inline constexpr std::size_t escalations_max = 16'384;  // that an oversight body keeps
inline constexpr std::size_t assigned_users_max = 32;   // of one case
inline constexpr std::size_t users_max = 4'096;
inline constexpr std::size_t teams_max = 8;      // of one user
inline constexpr std::size_t tasks_max = 4'096;  // that wait, or were decided not long ago
inline constexpr std::size_t broken_glass_max = 1'024;
inline constexpr std::size_t evidence_max = 32;                  // in one status file
inline constexpr std::size_t status_file_bytes_max = 48 * 1024;  // as it is kept
inline constexpr std::size_t status_files_max = 32;              // kept for one case
inline constexpr std::size_t votes_max = 32;                     // under one decision
inline constexpr std::size_t services_max = 32;                  // in one statement
inline constexpr std::size_t services_bytes_max = 16 * 1024;     // one encoded statement
inline constexpr std::uint32_t places_max = 9'999;
inline constexpr Duration services_valid_max = days(31);
// Attachments. A chunk is counted before it is sealed.
inline constexpr std::size_t attachment_chunk_bytes = 64 * 1024;
inline constexpr std::size_t attachment_chunks_max = 1'024;
inline constexpr std::uint64_t attachment_bytes_max =
    std::uint64_t{attachment_chunk_bytes} * attachment_chunks_max;
inline constexpr std::size_t attachment_name_bytes_max = 128;
inline constexpr std::size_t attachments_per_case_max = 64;
inline constexpr std::size_t uploads_max = 16;  // begun here and not sent yet
// What a node keeps of the attachments of one other member, and of its own.
inline constexpr std::uint64_t attachment_bytes_per_member_max = std::uint64_t{2} << 30;
inline constexpr std::uint64_t attachment_bytes_own_max = std::uint64_t{16} << 30;
// Served to one peer in a day, so that nobody can keep a disk busy by asking again and again; and
// taken from one. Less where the jurisdiction pack of the case says so.
inline constexpr std::uint64_t attachment_bytes_per_day_max = std::uint64_t{16} << 30;
inline constexpr std::size_t chunks_asked_max = 32;    // of one peer, that have not come yet
inline constexpr std::size_t chunks_in_want_max = 64;  // in one frame
inline constexpr std::size_t pulls_max = 4'096;        // attachments that are not whole here yet
inline constexpr std::size_t export_bytes_max = 4 * 1024 * 1024;          // of one page
inline constexpr std::size_t case_participants_max = recipients_max + 1;  // all but one are told
inline constexpr std::size_t turn_inputs_max = 4'096;  // upper bound of the configured batch
inline constexpr unsigned verifier_depth_max = 8;
inline constexpr unsigned verifier_tables_max = 256;
inline constexpr unsigned json_depth_max = 16;
inline constexpr std::size_t json_bytes_max = 512 * 1024;
inline constexpr std::size_t fingerprint_text_bytes_max = 1024;  // as people type it
inline constexpr std::size_t qr_text_bytes_max = 512;

static_assert(directory_delta_bytes_max < statements_bytes_max &&
                  statements_bytes_max + 32 * 1024 < frame_bytes_max,
              "one hello carries any statement beside what it always says");
static_assert(chunks_asked_max <= chunks_in_want_max &&
                  chunks_asked_max * (attachment_chunk_bytes + 1024) < in_flight_bytes_max,
              "what is asked for at once fits the queue of the link beside messages");
static_assert(attachment_chunk_bytes + 1024 < frame_bytes_max, "a chunk and its path fit a frame");
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
inline constexpr std::string_view member{"hamroh/member/1\0", 16};
inline constexpr std::string_view rotation{"hamroh/rotation/1\0", 18};
inline constexpr std::string_view constitution{"hamroh/constitution/1\0", 22};
inline constexpr std::string_view suspension{"hamroh/suspension/1\0", 20};
inline constexpr std::string_view possession{"hamroh/possession/1\0", 20};
inline constexpr std::string_view join_request{"hamroh/join-request/1\0", 22};
inline constexpr std::string_view epoch_key_id{"hamroh/epoch-key-id/1\0", 22};
inline constexpr std::string_view record_key{"hamroh/record-key/1\0", 20};
inline constexpr std::string_view vault_wrap{"hamroh/vault-wrap/1\0", 20};
// What happens inside one organisation.
inline constexpr std::string_view access{"hamroh/access/1\0", 16};
inline constexpr std::string_view pseudonym{"hamroh/pseudonym/1\0", 19};
inline constexpr std::string_view account{"hamroh/account/1\0", 17};
inline constexpr std::string_view login{"hamroh/login/1\0", 15};
inline constexpr std::string_view user_key{"hamroh/user-key/1\0", 18};
inline constexpr std::string_view user_certificate{"hamroh/user-certificate/1\0", 26};
inline constexpr std::string_view vote{"hamroh/vote/1\0", 14};
inline constexpr std::string_view disclosure{"hamroh/disclosure/1\0", 20};
inline constexpr std::string_view decision{"hamroh/decision/1\0", 18};  // what is voted on
inline constexpr std::string_view case_key{"hamroh/case-key/1\0", 18};
inline constexpr std::string_view erasure{"hamroh/erasure/1\0", 17};
inline constexpr std::string_view attachment{"hamroh/attachment/1\0", 20};
inline constexpr std::string_view recovery{"hamroh/recovery/1\0", 18};
inline constexpr std::string_view backup{"hamroh/backup/1\0", 16};
// At the front of the administrators' own files.
inline constexpr std::string_view administrator_key{"hamroh/administrator-key/1\0", 27};
inline constexpr std::string_view administrator_card{"hamroh/administrator-card/1\0", 28};
inline constexpr std::string_view founding{"hamroh/founding/1\0", 18};
inline constexpr std::string_view proposal{"hamroh/proposal/1\0", 18};
inline constexpr std::string_view fingerprint{"hamroh/fingerprint/1\0", 21};
}  // namespace labels

namespace tuning {
inline constexpr Duration epoch_length = days(7);
inline constexpr std::size_t epochs_ahead = 8;
inline constexpr Duration epoch_grace = days(30);
inline constexpr Duration chunk_wait_min = seconds(20);  // then a chunk is asked for again
inline constexpr Duration chunk_wait_max = minutes(10);
inline constexpr Duration upload_lifetime = days(3);  // of one that is not sent
inline constexpr Duration retry_delay_min = seconds(5);
inline constexpr Duration retry_delay_max = minutes(10);
inline constexpr Duration message_lifetime = days(30);
inline constexpr Duration start_wait_max = seconds(30);  // for peers after a start
inline constexpr Duration start_connect_wait =
    seconds(3);  // then an unconnected peer is unreachable
inline constexpr Duration start_traffic_window = days(7);
inline constexpr Duration start_check_interval = milliseconds(250);
inline constexpr Duration hello_interval_min = milliseconds(200);  // answers to one peer
inline constexpr Duration hello_retry = seconds(2);
inline constexpr Duration clock_tolerance = hours(24);
inline constexpr Duration clock_persist_interval = minutes(1);
inline constexpr std::size_t rekeys_per_minute_max = 30;
// Statements of one peer that brought nothing new: so many at once, and so many more each second.
// Each costs a few signature verifications, so this bounds what a member can make others compute.
inline constexpr std::size_t useless_statements_max = 128;
inline constexpr std::size_t useless_statements_per_second = 32;
// Cases that one user opens within an hour before she is slowed down, and then one in each pause.
inline constexpr std::size_t cases_opened_per_hour = 40;
inline constexpr std::size_t cases_opened_per_hour_by_program = 10'000;
inline constexpr Duration reading_pause = minutes(1);
inline constexpr Duration reading_repeats = minutes(5);  // the same case again is no new reading
inline constexpr Duration broken_glass_lasts = hours(4);
inline constexpr Duration agreement_lasts = hours(24);
inline constexpr Duration suspension_max = hours(72);
// A jurisdiction pack is sent to one peer at most so often, and asked for so often at first.
inline constexpr Duration pack_interval = seconds(30);
// How far ahead a clock elsewhere may be before what it says of an event counts as said now.
inline constexpr Duration clock_skew = minutes(10);
inline constexpr Duration suspension_pause = days(30);  // before the same member again, without m
}  // namespace tuning

}  // namespace hamroh
