// What a node keeps of attachments: Table::attachment, Table::chunk and Table::chunk_leaf.
//
// Each attachment has a number here, which rises. Chunk i of number n stands in Table::chunk under
// n · 1,024 + i, and its leaf under the same key in Table::chunk_leaf: so which chunks are here is
// read without them.
//
// Table::attachment, keys by their first byte:
//   'a' ‖ case id[16] ‖ author[16] ‖ message[16]  AttachmentRecord, sealed under the case's key
//   'w' ‖ author[16] ‖ message[16]                case id: its author is still to be asked or told
//   'x' ‖ number u64                              member[16] ‖ bytes u64: its chunks are to go
//   'q' ‖ member[16]                              u64: bytes kept of that member's attachments
//   'n'                                           u64: the next number
//
// The keys of chunks lie under the key of the case, so an erased case's chunks open with nothing
// that is left; their rows go a few in each turn, and until then 'x' remembers them.
#pragma once

#include <deque>

#include "protocol/attachment.h"
#include "protocol/ports.h"
#include "protocol/pull.h"

namespace hamroh {

struct AttachmentRecord {
  std::uint64_t number = 0;
  AttachmentState state{};
  std::uint64_t bytes = 0;
  Digest root;  // zero while it is uploaded
  SymmetricKey key;
  Digest sha256;
  MediaType media{};
  std::string name;
  Timestamp created;
  std::vector<MemberId> to;      // of an own one
  std::vector<Timestamp> whole;  // beside `to`: since when it is all there; 0: not yet

  [[nodiscard]] AttachmentShape shape() const;
  [[nodiscard]] AttachmentView view(const MemberId& author, const MessageId& message) const;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<AttachmentRecord> parse(ByteView bytes);
};

namespace attachment_row {
[[nodiscard]] Bytes of_case(const CaseId& id);  // where those of a case begin
[[nodiscard]] Bytes record(const CaseId& id, const MemberId& author, const MessageId& message);
[[nodiscard]] Bytes wanted(const MemberId& author, const MessageId& message);
[[nodiscard]] Bytes removed(std::uint64_t number);
[[nodiscard]] Bytes kept_of(const MemberId& member);
inline const Bytes next_number{'n'};
// The first key behind all that begin so.
[[nodiscard]] Bytes behind(Bytes beginning);
[[nodiscard]] Bytes chunk(std::uint64_t number, std::size_t index);
}  // namespace attachment_row

// What a node remembers of transfers while it runs; all of it follows from the store or from what
// peers say again.
struct AttachmentWork {
  // One that is not whole here, or whose author has not heard that it is.
  struct Coming {
    CaseId case_id;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    Digest root;
    bool waiting = false;      // for room
    std::optional<Pull> pull;  // only of the one that is asked for at the moment
    std::uint64_t quota = 0;   // of its case, by author and day; known once there is a pull
    bool whole = false;
    Duration tell_at;  // when to tell the author again that it is whole
    Duration tell_delay = tuning::chunk_wait_min;
    unsigned refused = 0;  // chunks that did not verify
  };
  struct Asked {
    MessageId message;
    std::uint16_t index = 0;
    bool operator==(const Asked&) const = default;
  };
  // What went one way between two members on one day.
  struct Day {
    std::uint64_t day = 0;
    std::uint64_t bytes = 0;
    // False if that were more than the quota; else it is counted.
    bool take(std::uint64_t today, std::uint64_t more, std::uint64_t quota);
    [[nodiscard]] bool has_room(std::uint64_t today, std::uint64_t more, std::uint64_t quota) const;
  };
  struct Serving {
    std::deque<Asked> asked;  // at most limits::chunks_in_want_max
    Day sent;
  };
  struct Served {
    std::uint64_t number = 0;
    AttachmentTree tree;
    std::uint64_t quota = 0;
  };
  std::map<MemberId, std::map<MessageId, Coming>> coming;
  bool more_coming = false;       // in the store
  std::map<MemberId, Day> taken;  // from whom
  std::map<MemberId, Serving> serving;
  std::map<MessageId, Served> served;  // a few, of those asked for last
  std::map<std::pair<MessageId, MemberId>, std::uint16_t> have;
  bool removals = false;  // rows 'x' wait
  bool room = true;       // on the disk, as the runtime says
};

}  // namespace hamroh
