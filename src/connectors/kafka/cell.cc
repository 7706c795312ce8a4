#include "connectors/kafka/cell.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/check.h"
#include "base/hash.h"

namespace weir::kafka {
namespace {

constexpr std::size_t kHostMax = 40;
// Brokers take 4,096 bytes by default; some are set lower.
constexpr std::size_t kMetadataMax = 256;

std::vector<std::string_view> fields_of(std::string_view text) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = text.find(';');
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::string cell_host(std::string_view host) {
  std::string clean(host.substr(0, kHostMax));
  for (char& c : clean) {
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-';
    if (!kept) c = '_';
  }
  return clean;
}

std::string encode_cell(const Cell& cell) {
  const std::string head = "w2;" + cell.id.instance + ";" + cell.id.job + ";" + cell.id.lane + ";" +
                           std::to_string(cell.epoch.value()) + ";" +
                           to_hex16(cell.attempt.value()) + ";" + to_hex16(cell.owner.value()) +
                           ";" + (cell.digest ? to_hex16(cell.digest->value()) : "-") + ";" +
                           to_hex16(cell.plan.value()) + ";";
  const std::string tail = ";" + std::to_string(cell.claimed_at.time_since_epoch().count());
  // The host is for people; it gives way to long names.
  WEIR_CHECK(head.size() + tail.size() <= kMetadataMax, "names are at most 48 characters");
  return head + cell_host(cell.host).substr(0, kMetadataMax - head.size() - tail.size()) + tail;
}

std::optional<Cell> parse_cell(std::string_view metadata) {
  const std::vector<std::string_view> fields = fields_of(metadata);
  if (fields.size() != 11 || fields[0] != "w2") return std::nullopt;
  const auto epoch = parse_number(fields[4]);
  const auto attempt = parse_hex16(fields[5]);
  const auto owner = parse_hex16(fields[6]);
  const auto digest = parse_hex16(fields[7]);
  const auto plan = parse_hex16(fields[8]);
  const auto seconds = parse_number(fields[10]);
  if (!epoch || !attempt || !owner || !plan || !seconds || (!digest && fields[7] != "-")) {
    return std::nullopt;
  }
  Cell cell;
  cell.id = {std::string(fields[1]), std::string(fields[2]), std::string(fields[3])};
  cell.epoch = EpochId{*epoch};
  cell.attempt = AttemptId{*attempt};
  cell.owner = OwnerId{*owner};
  if (digest) cell.digest = Digest{*digest};
  cell.plan = PlanHash{*plan};
  cell.host = fields[9];
  cell.claimed_at = std::chrono::sys_seconds(std::chrono::seconds(*seconds));
  return cell;
}

std::string encode_mirror(const MirrorMetadata& mirror) {
  return "w2m;" + mirror.mark.instance + ";" + mirror.mark.job + ";" +
         std::to_string(mirror.mark.epoch.value()) + ";" + to_hex16(mirror.tail_fp);
}

std::optional<MirrorMetadata> parse_mirror(std::string_view metadata) {
  const std::vector<std::string_view> fields = fields_of(metadata);
  if (fields.size() != 5 || fields[0] != "w2m") return std::nullopt;
  const auto epoch = parse_number(fields[3]);
  const auto tail_fp = parse_hex16(fields[4]);
  if (!epoch || !tail_fp) return std::nullopt;
  return MirrorMetadata{{std::string(fields[1]), std::string(fields[2]), EpochId{*epoch}},
                        *tail_fp};
}

}  // namespace weir::kafka
