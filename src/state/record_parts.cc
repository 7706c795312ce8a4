#include "state/record_parts.h"

#include "base/hash.h"

namespace weir {

void put_time(ByteWriter& out, const std::optional<WallTime>& time) {
  out.u8(time ? 1 : 0);
  if (time) out.i64(time->time_since_epoch().count());
}

std::optional<WallTime> get_time(ByteReader& in) {
  if (in.u8() == 0) return std::nullopt;
  return WallTime(std::chrono::microseconds(in.i64()));
}

void put_splits(ByteWriter& out, const SplitProgressMap& splits) {
  out.u32(static_cast<std::uint32_t>(splits.size()));
  for (const auto& [split, progress] : splits) {
    out.str(split.source);
    out.str(split.split);
    out.str(progress.position.bytes);
    put_time(out, progress.watermark);
    out.u8(progress.idle ? 1 : 0);
  }
}

SplitProgressMap get_splits(ByteReader& in) {
  SplitProgressMap splits;
  for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) {
    const std::string source(in.str());
    const std::string split(in.str());
    SplitProgress& progress = splits[{source, split}];
    progress.position.bytes = in.str();
    progress.watermark = get_time(in);
    progress.idle = in.u8() != 0;
  }
  return splits;
}

std::string with_checksum(const std::string& record) {
  ByteWriter framed;
  framed.u32(crc32c(record));
  framed.raw(record);
  return framed.take();
}

std::optional<std::string_view> checked(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint32_t crc = in.u32();
  if (!in.ok() || crc != crc32c(bytes.substr(4))) return std::nullopt;
  return bytes.substr(4);
}

}  // namespace weir
