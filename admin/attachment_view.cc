#include "admin/attachment_view.h"

#include <algorithm>

#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

std::string part_text(std::uint64_t here, std::uint64_t chunks) {
  return std::to_string(here) + " of " + std::to_string(chunks) + " chunks (" +
         std::to_string(chunks == 0 ? 0 : here * 100 / chunks) + " %)";
}

std::string state_text(const AttachmentView& one) {
  switch (one.state) {
    case AttachmentState::whole:
      return "here as a whole";
    case AttachmentState::uploading:
      return "not sent yet, " + part_text(one.here, one.chunks);
    case AttachmentState::coming:
      return "coming, " + part_text(one.here, one.chunks);
    case AttachmentState::waiting:
      return "waits: there is no room for more of its sender's files here";
    case AttachmentState::gone:
      return "gone: its sender does not hold it any more";
    case AttachmentState::damaged:
      return "refused: what came was not what had been announced";
  }
  return "";
}

// The last chunk is shorter than the others, and nobody says which ones are here: at the most.
std::uint64_t bytes_here(const AttachmentView& one) {
  return std::min<std::uint64_t>(one.bytes,
                                 std::uint64_t{one.here} * limits::attachment_chunk_bytes);
}

std::string holders_json(const AttachmentView& one, const Names& names) {
  std::string json;
  for (const AttachmentHolder& holder : one.holders) {
    json += std::string(json.empty() ? "" : ", ") + "{\"member\": \"" + to_uuid(holder.member) +
            "\", \"name\": " + json_string(name_in(names, holder.member)) +
            ", \"chunks\": " + std::to_string(holder.have) + ", \"whole\": " +
            (holder.whole.ms != 0 ? "\"" + to_iso8601(holder.whole) + "\"" : "null") + "}";
  }
  return json;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024;
  if (bytes < kib) {
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  }
  const std::uint64_t unit = bytes < kib * kib ? kib : kib * kib;
  return std::to_string(bytes / unit) + "." + std::to_string(bytes % unit * 10 / unit) +
         (unit == kib ? " KiB" : " MiB");
}

std::string attachments_text(const std::vector<AttachmentView>& all, const Names& names) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AttachmentView& one = all[i];
    text += "  " + std::to_string(i + 1) + "  " + escape_for_terminal(one.name) + "  (" +
            media_name(one.media) + ", " + size_text(one.bytes) + ") from " +
            escape_for_terminal(name_in(names, one.author)) + "\n     " + state_text(one) + "\n";
    for (const AttachmentHolder& holder : one.holders) {
      text += "     " + escape_for_terminal(name_in(names, holder.member)) + ": " +
              (holder.whole.ms != 0 ? "has it whole since " + to_iso8601(holder.whole)
                                    : part_text(holder.have, one.chunks)) +
              "\n";
    }
  }
  return text;
}

std::string attachments_json(const std::vector<AttachmentView>& all, const Names& names) {
  return "{\"attachments\": " + attachment_list_json(all, names) + "}\n";
}

std::string attachment_list_json(const std::vector<AttachmentView>& all, const Names& names) {
  std::string json;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AttachmentView& one = all[i];
    json += std::string(i == 0 ? "" : ", ") + "{\"number\": " + std::to_string(i + 1) +
            ", \"message\": \"" + to_uuid(one.message) + "\", \"author\": \"" +
            to_uuid(one.author) +
            "\", \"author_name\": " + json_string(name_in(names, one.author)) +
            ", \"name\": " + json_string(one.name) + ", \"media\": \"" + media_name(one.media) +
            "\", \"bytes\": " + std::to_string(one.bytes) + ", \"sha256\": \"" + one.sha256.hex() +
            "\", \"state\": \"" + attachment_state_name(one.state) +
            "\", \"chunks\": " + std::to_string(one.chunks) +
            ", \"here\": " + std::to_string(one.here) +
            ", \"bytes_here\": " + std::to_string(bytes_here(one)) + ", \"created\": \"" +
            to_iso8601(one.created) + "\", \"recipients\": [" + holders_json(one, names) + "]}";
  }
  return "[" + json + "]";
}

}  // namespace hamroh
