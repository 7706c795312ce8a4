#include "state/lane_codec.h"

#include <algorithm>

#include "state/record_parts.h"

namespace weir {
namespace {

constexpr std::uint8_t kFormat = 3;

Error corrupt(std::string_view why) {
  return {Action::kHalt, Code::kCorruptStore,
          "the record LANE of the job's store " + std::string(why)};
}

}  // namespace

std::string encode_lane(const LaneRecord& lane) {
  ByteWriter out;
  out.u8(kFormat);
  out.str(lane.id.instance);
  out.str(lane.id.job);
  out.str(lane.id.lane);
  out.u64(lane.owner.value());
  out.u64(lane.owner_next.value());
  out.i64(lane.epoch.value());
  out.u64(lane.attempt.value());
  out.u8(lane.digest ? 1 : 0);
  if (lane.digest) out.u64(lane.digest->value());
  out.u8(lane.light ? 1 : 0);
  out.u8(lane.clean_stop ? 1 : 0);
  out.u64(lane.plan.value());
  out.u8(static_cast<std::uint8_t>(lane.decider.kind));
  out.str(lane.decider.cluster_id);
  out.str(lane.decider.cluster_name);
  out.str(lane.decider.brokers);
  out.str(lane.decider.epoch_topic);
  out.str(lane.decider.transactional_id);
  out.u32(static_cast<std::uint32_t>(lane.sources.size()));
  for (const auto& [name, source] : lane.sources) {
    out.str(name);
    out.str(source.cluster_id);
    out.u32(static_cast<std::uint32_t>(source.ends.size()));
    for (const auto& [split, end] : source.ends) {
      out.str(split);
      out.str(end.bytes);
    }
  }
  put_splits(out, lane.splits);
  put_time(out, lane.watermark);
  out.i64(lane.clock.time_since_epoch().count());
  out.u32(static_cast<std::uint32_t>(lane.skips.size()));
  for (const auto& [split, positions] : lane.skips) {
    out.str(split.source);
    out.str(split.split);
    out.u32(static_cast<std::uint32_t>(positions.size()));
    for (const Position& position : positions) out.str(position.bytes);
  }
  const auto has_end = [](const auto& source) { return !source.second.end.empty(); };
  out.u32(
      static_cast<std::uint32_t>(std::count_if(lane.sources.begin(), lane.sources.end(), has_end)));
  for (const auto& [name, source] : lane.sources) {
    if (source.end.empty()) continue;
    out.str(name);
    out.str(source.end);
  }
  return with_checksum(out.bytes());
}

Result<LaneRecord> decode_lane(std::string_view bytes) {
  const std::optional<std::string_view> record = checked(bytes);
  if (!record) return corrupt("fails its checksum");
  ByteReader in(*record);
  const std::uint8_t format = in.u8();
  if (format == 0) return corrupt("does not follow its grammar");
  if (format > kFormat) {
    return Error{Action::kStopJob, Code::kCorruptStore,
                 "the state directory was written by a newer weir (LANE format " +
                     std::to_string(format) + ", this one knows up to " + std::to_string(kFormat) +
                     "); run that version"};
  }
  LaneRecord lane;
  lane.id.instance = in.str();
  lane.id.job = in.str();
  lane.id.lane = in.str();
  lane.owner = OwnerId{in.u64()};
  lane.owner_next = OwnerId{in.u64()};
  lane.epoch = EpochId{in.i64()};
  lane.attempt = AttemptId{in.u64()};
  if (in.u8() != 0) lane.digest = Digest{in.u64()};
  lane.light = in.u8() != 0;
  lane.clean_stop = in.u8() != 0;
  lane.plan = PlanHash{in.u64()};
  lane.decider.kind = static_cast<DeciderKind>(in.u8());
  lane.decider.cluster_id = in.str();
  lane.decider.cluster_name = in.str();
  lane.decider.brokers = in.str();
  lane.decider.epoch_topic = in.str();
  lane.decider.transactional_id = in.str();
  for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) {
    SourceRecord& source = lane.sources[std::string(in.str())];
    source.cluster_id = in.str();
    for (std::uint32_t ends = in.u32(); ends > 0 && in.ok(); --ends) {
      const std::string split(in.str());
      source.ends[split] = {std::string(in.str())};
    }
  }
  lane.splits = get_splits(in);
  lane.watermark = get_time(in);
  lane.clock = WallTime(std::chrono::microseconds(in.i64()));
  for (std::uint32_t count = format >= 2 ? in.u32() : 0; count > 0 && in.ok(); --count) {
    const std::string source(in.str());
    const std::string split(in.str());
    std::set<Position>& positions = lane.skips[{source, split}];
    for (std::uint32_t records = in.u32(); records > 0 && in.ok(); --records) {
      positions.insert({std::string(in.str())});
    }
  }
  for (std::uint32_t count = format >= 3 ? in.u32() : 0; count > 0 && in.ok(); --count) {
    const std::string source(in.str());
    lane.sources[source].end = in.str();
  }
  if (!in.done()) return corrupt("does not follow its grammar");
  return lane;
}

}  // namespace weir
