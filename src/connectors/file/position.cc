#include "connectors/file/position.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"

namespace weir::file {
namespace {

constexpr std::uint8_t kOpenRow = 1;
constexpr std::uint8_t kFinished = 2;
// Enough to tell one row from another; each start reads as much of every file.
constexpr std::size_t kTailBytesMax = 4096;

}  // namespace

Position encode_position(const FilePosition& position) {
  ByteWriter out;
  out.u8(1);
  out.i64(position.next);
  out.i64(position.line);
  out.u32(position.tail_bytes);
  out.u64(position.tail_fp);
  out.u8(static_cast<std::uint8_t>((position.open_row ? kOpenRow : 0) |
                                   (position.finished ? kFinished : 0)));
  out.i64(position.disk_bytes);
  return {out.take()};
}

std::optional<FilePosition> decode_position(const Position& position) {
  ByteReader in(position.bytes);
  if (in.u8() != 1) return std::nullopt;
  FilePosition decoded;
  decoded.next = in.i64();
  decoded.line = in.i64();
  decoded.tail_bytes = in.u32();
  decoded.tail_fp = in.u64();
  const std::uint8_t flags = in.u8();
  decoded.open_row = (flags & kOpenRow) != 0;
  decoded.finished = (flags & kFinished) != 0;
  decoded.disk_bytes = in.i64();
  if (!in.done() || decoded.next < 0 || decoded.tail_bytes > kTailBytesMax ||
      decoded.next < static_cast<std::int64_t>(decoded.tail_bytes)) {
    return std::nullopt;
  }
  return decoded;
}

void set_tail(FilePosition& position, std::string_view consumed) {
  const std::string_view tail =
      consumed.substr(consumed.size() - std::min(consumed.size(), kTailBytesMax));
  position.tail_bytes = static_cast<std::uint32_t>(tail.size());
  position.tail_fp = hash64(tail);
}

}  // namespace weir::file
