#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/lane.h"

namespace weir::test {

/// A row that says where it came from: "7|in/0@12#1" is the second row of record 12 of partition
/// in/0, written in epoch 7.
struct RowName {
  EpochId epoch;
  std::string split;
  std::int64_t offset = 0;
  int number = 0;
  auto operator<=>(const RowName&) const = default;
};
std::string to_text(const RowName& row);
std::optional<RowName> parse_row(std::string_view text);

/// The value of a record that becomes one row, too large for the simulator's output.
inline const std::string kPoison = "1 poison";

/// How many rows a record becomes: its value's first digit.
int rows_of(std::string_view value);

/// The simulator's job: each record becomes rows_of() rows that name it, with its key, for sink 0
/// and, when there is a follower, for sink 1.
std::unique_ptr<Pipeline> make_naming_pipeline(bool follows);

}  // namespace weir::test
