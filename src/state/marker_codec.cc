#include "state/marker_codec.h"

#include "state/record_parts.h"

namespace weir {
namespace {

constexpr std::uint8_t kFormat = 1;

Error corrupt(std::string_view why) {
  return {Action::kHalt, Code::kCorruptStore,
          "the record MARKER of the job's store " + std::string(why)};
}

}  // namespace

std::string encode_marker(const MarkerRecord& marker) {
  ByteWriter out;
  out.u8(kFormat);
  out.str(marker.name);
  out.str(marker.surroundings);
  return with_checksum(out.bytes());
}

Result<MarkerRecord> decode_marker(std::string_view bytes) {
  const std::optional<std::string_view> record = checked(bytes);
  if (!record) return corrupt("fails its checksum");
  ByteReader in(*record);
  const std::uint8_t format = in.u8();
  if (format > kFormat) {
    return Error{Action::kStopJob, Code::kCorruptStore,
                 "the state directory was written by a newer weir (MARKER format " +
                     std::to_string(format) + ", this one knows " + std::to_string(kFormat) +
                     "); run that version"};
  }
  MarkerRecord marker;
  marker.name = in.str();
  marker.surroundings = in.str();
  if (format == 0 || !in.done()) return corrupt("does not follow its grammar");
  return marker;
}

}  // namespace weir
