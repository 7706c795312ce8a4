#include "state/epoch_codec.h"

#include "base/hash.h"
#include "state/record_parts.h"

namespace weir {
namespace {

constexpr std::uint8_t kFormat = 1;

Error corrupt(std::string_view name, std::string_view why) {
  return {Action::kHalt, Code::kCorruptStore,
          "the record " + std::string(name) + " of the job's store " + std::string(why)};
}

// The bytes behind checksum and format.
Result<ByteReader> open_record(std::string_view bytes, std::string_view name) {
  const std::optional<std::string_view> record = checked(bytes);
  if (!record) return corrupt(name, "fails its checksum");
  ByteReader in(*record);
  const std::uint8_t format = in.u8();
  if (format > kFormat) {
    return Error{Action::kStopJob, Code::kCorruptStore,
                 "the record " + std::string(name) + " was written by a newer weir (format " +
                     std::to_string(format) + ", this one knows up to " + std::to_string(kFormat) +
                     "); run that version"};
  }
  if (!in.ok() || format == 0) return corrupt(name, "does not follow its grammar");
  return in;
}

Digest digest_of(const std::string& encoded, const std::vector<OutboxRow>& rows) {
  ByteWriter all;
  all.raw(encoded);
  for (const OutboxRow& row : rows) {
    all.str(row.follower);
    all.str(row.bytes);
  }
  return Digest{hash64(all.bytes())};
}

}  // namespace

std::string encode_epoch(EpochRecord& record, const std::vector<OutboxRow>& rows) {
  ByteWriter out;
  out.u8(kFormat);
  out.i64(record.epoch.value());
  out.u64(record.attempt.value());
  out.u32(static_cast<std::uint32_t>(record.ranges.size()));
  for (const SplitRange& range : record.ranges) {
    out.str(range.split.source);
    out.str(range.split.split);
    out.str(range.first.bytes);
    out.str(range.next.bytes);
    out.u64(range.records);
  }
  put_splits(out, record.splits);
  put_time(out, record.watermark);
  out.i64(record.clock.time_since_epoch().count());
  out.str(record.state_delta);
  out.u32(static_cast<std::uint32_t>(record.followers.size()));
  for (const auto& [follower, epoch] : record.followers) {
    out.str(follower);
    out.i64(epoch.value());
  }
  record.digest = digest_of(out.bytes(), rows);
  out.u64(record.digest->value());
  return with_checksum(out.bytes());
}

Result<EpochRecord> decode_epoch(std::string_view bytes, std::string_view name) {
  WEIR_ASSIGN(ByteReader in, open_record(bytes, name));
  EpochRecord record;
  record.epoch = EpochId{in.i64()};
  record.attempt = AttemptId{in.u64()};
  for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) {
    SplitRange& range = record.ranges.emplace_back();
    range.split.source = in.str();
    range.split.split = in.str();
    range.first.bytes = in.str();
    range.next.bytes = in.str();
    range.records = in.u64();
  }
  record.splits = get_splits(in);
  record.watermark = get_time(in);
  record.clock = WallTime(std::chrono::microseconds(in.i64()));
  record.state_delta = in.str();
  for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) {
    const std::string follower(in.str());
    record.followers[follower] = EpochId{in.i64()};
  }
  record.digest = Digest{in.u64()};
  if (!in.done()) return corrupt(name, "does not follow its grammar");
  return record;
}

std::string encode_outbox(const std::vector<std::string_view>& rows) {
  ByteWriter out;
  out.u8(kFormat);
  out.u32(static_cast<std::uint32_t>(rows.size()));
  for (const std::string_view row : rows) out.str(row);
  return with_checksum(out.bytes());
}

Result<std::vector<std::string>> decode_outbox(std::string_view bytes, std::string_view name) {
  WEIR_ASSIGN(ByteReader in, open_record(bytes, name));
  std::vector<std::string> rows;
  for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) rows.emplace_back(in.str());
  if (!in.done()) return corrupt(name, "does not follow its grammar");
  return rows;
}

}  // namespace weir
