// Files that go with cases, as local programs bring and read them.

#include "daemon/log.h"
#include "daemon/runtime_state.h"

namespace hamroh {

bool Runtime::State::has_room_for_files() const {
  return free_disk_bytes(options.home.path()) >= disk_reserve_for_files_bytes;
}

Result<Answer> Runtime::State::reply_to(const api::AttachFile& ask, Turn& turn) {
  HAMROH_ASSIGN(AttachmentBegun begun,
                keeper.node().begin_attachment(
                    {ask.message, ask.case_id, ask.to, ask.bytes, ask.sha256, ask.media, ask.name},
                    actor, turn));
  return api::Attaching{std::move(begun.attachment), std::move(begun.missing)};
}

Result<Answer> Runtime::State::reply_to(const api::AttachPart& ask, Turn& turn) {
  if (!has_room_for_files()) {
    return caller_error(Code::full, "the disk is nearly full: free some space and go on");
  }
  HAMROH_TRY(keeper.node().add_chunks(ask.case_id, ask.message, ask.first, ask.bytes, actor, turn));
  return api::Done{};
}

Result<Answer> Runtime::State::reply_to(const api::AttachDone& ask, Turn& turn) {
  HAMROH_ASSIGN(const hamroh::Accepted accepted,
                keeper.node().finish_attachment(ask.case_id, ask.message, actor, turn));
  log::info("attachment.sent", {log::id("message", ask.message), log::id("user", actor.user)});
  return api::Accepted{accepted.message, accepted.case_id, accepted.duplicate};
}

Result<Answer> Runtime::State::reply_to(const api::ListAttachments& ask, Turn& turn) {
  HAMROH_ASSIGN(std::vector<AttachmentView> found,
                keeper.node().attachments(ask.case_id, actor, turn));
  return api::Attachments{std::move(found)};
}

Result<Answer> Runtime::State::reply_to(const api::GetAttachment& ask, Turn& turn) {
  HAMROH_TRY(keeper.node().admit_reading(ask.case_id, actor, turn));
  HAMROH_ASSIGN(Bytes part, keeper.node().attachment_part(ask.case_id, ask.author, ask.message,
                                                          ask.first, actor, turn));
  opened_case = ask.case_id;
  return api::AttachmentPart{std::move(part)};
}

}  // namespace hamroh
