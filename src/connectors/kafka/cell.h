#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "flow/decider.h"

namespace weir::kafka {

/// The metadata of the cell's committed offset (epochs.md, section 2), printable ASCII, at most
/// 256 bytes:
///   w2;<instance>;<job>;<lane>;<epoch>;<attempt>;<owner>;<digest>;<plan>;<host>;<seconds>
/// attempt, owner, digest and plan are 16 hex digits, the digest "-" when the epoch wrote no D
/// record; the host as cell_host() makes it.
std::string encode_cell(const Cell& cell);
/// A host's name as cells hold it: cut to 40 characters, all but A-Za-z0-9.- made "_".
std::string cell_host(std::string_view host);
/// Nothing when it is not weir's; whose lane it names is the caller's to compare.
std::optional<Cell> parse_cell(std::string_view metadata);

/// The metadata of a mirror offset: w2m;<instance>;<job>;<epoch>;<tail_fp>
struct MirrorMetadata {
  MirrorMark mark;
  std::uint64_t tail_fp = 0;
};
std::string encode_mirror(const MirrorMetadata& mirror);
std::optional<MirrorMetadata> parse_mirror(std::string_view metadata);

}  // namespace weir::kafka
