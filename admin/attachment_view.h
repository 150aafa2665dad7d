// Files of a case, as text for people and as JSON for programs. Pure: values in, strings out; what
// an author chose is escaped.
#pragma once

#include "admin/views.h"

namespace hamroh {

// "12.5 MiB", "3 KiB", "812 bytes".
[[nodiscard]] std::string size_text(std::uint64_t bytes);
// Numbered from 1, in the order given.
[[nodiscard]] std::string attachments_text(const std::vector<AttachmentView>& all,
                                           const Names& names);
// {"attachments": […]}, and the list alone.
[[nodiscard]] std::string attachments_json(const std::vector<AttachmentView>& all,
                                           const Names& names);
[[nodiscard]] std::string attachment_list_json(const std::vector<AttachmentView>& all,
                                               const Names& names);

}  // namespace hamroh
