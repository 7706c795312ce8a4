#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// What `weir top` shows of one job at one moment. A value.
struct TopJob {
  std::string name, state, why;
  std::string pid;  ///< empty: no process
  std::int64_t failures = 0, max_attempts = 0;
  // What its process says; nothing when it says nothing.
  std::optional<std::int64_t> epoch, rows_in, rows_out, lag_records, resident_bytes;
  std::optional<double> commit_age_seconds;
};

struct TopLook {
  std::chrono::steady_clock::time_point at;
  std::vector<TopJob> jobs;
  std::size_t problems = 0;
  bool stopping = false;
};

/// Of the daemon's answer to /v1/jobs?process=1. Pure.
TopLook read_top(const std::string& json, std::chrono::steady_clock::time_point at);

struct TopSize {
  std::size_t rows, columns;
};

/// A row for each job, those that need a person first, then by how far they are behind; what does
/// not fit into `size` is counted in the last row. Rates are of the time between two looks. Pure.
std::string top_text(const TopLook& before, const TopLook& now, const std::optional<TopSize>& size);

}  // namespace weir
