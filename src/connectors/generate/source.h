#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connectors/generate/pace.h"
#include "flow/source.h"

namespace weir::generate {

struct GenerateSourceOptions {
  SourceIndex index;
  std::string name;  ///< in the job file
  Pace pace;
  std::optional<std::int64_t> count;  ///< records in the life of the job; none: for ever
};

/// Numbers 0, 1, 2, ... at a pace: one split, its position the next number. A record's offset is
/// the number and its value the number's text, for format `generated`; its timestamp is the time it
/// was made, so a record that was not committed comes again with another one.
///
/// The pace begins anew with each assignment: what was due while the job was down never comes
/// later, what a busy job was late for does. Position, version 1: u8 1 | i64 next.
///
/// `clock` outlives it.
std::unique_ptr<Source> make_generate_source(GenerateSourceOptions options, const Clock& clock);

}  // namespace weir::generate
