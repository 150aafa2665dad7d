// Tells a write-ahead log that a crash cut short from one that was damaged.
//
// SQLite replays its log up to the first frame whose checksum fails and forgets the rest without a
// word. That is right for the transaction that a crash interrupted, and wrong for a flipped bit:
// then it forgets transactions that were synced and promised. The two can be told apart, because
// with synchronous=FULL every commit is synced before the next frame is written: if, behind the
// first bad frame, a frame marked as commit is followed by a frame whose checksum continues from
// it, then that commit was durable once, and so was the frame that is bad now.
//
// What cannot be told apart from an interrupted write is damage to the very last transaction; the
// anchor file outside the database finds that one.
//
// Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "protocol/error.h"

namespace hamroh {

// Reads exactly out.size() bytes at the offset; false if that cannot be done.
using ReadAt = std::function<bool(std::uint64_t offset, std::span<std::uint8_t> out)>;

// Code::store_corrupt for a damaged log, io_failed if it cannot be read. `bytes` is the file's
// size.
[[nodiscard]] Status examine_wal(std::uint64_t bytes, const ReadAt& read);

}  // namespace hamroh
