// The part of the local API's wire form that concerns attachments (api.h). Only for wire_api.cc.
#pragma once

#include "protocol/wire_api_users.h"

namespace hamroh::api {

// sha256[32] ‖ media u8 ‖ length u8 ‖ name
[[nodiscard]] Bytes encode_part(const AttachFile& ask);
// view ‖ (index u16)…
[[nodiscard]] Bytes encode_part(const Attaching& reply);
// view…
[[nodiscard]] Bytes encode_part(const Attachments& reply);
// view = author[16] ‖ message[16] ‖ state u8 ‖ media u8 ‖ length u8 ‖ name ‖ bytes u64 ‖
//        sha256[32] ‖ chunks u16 ‖ here u16 ‖ created u64 ‖ count u8 ‖
//        (member[16] ‖ have u16 ‖ whole u64)…

// Errors (caller): malformed, too_large, invalid_argument.
[[nodiscard]] Result<Ask> parse_attachment_ask(std::size_t verb, const wire::RequestMessage& table);
// Errors (peer): malformed.
[[nodiscard]] Result<Answer> parse_attachment_answer(std::size_t verb,
                                                     const wire::ReplyMessage& table);

}  // namespace hamroh::api
