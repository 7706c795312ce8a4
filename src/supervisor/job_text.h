#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "spec/job_spec.h"
#include "spec/weir_config.h"
#include "supervisor/job_machine.h"

namespace weir {

/// A job file's text as the daemon reads it: whole, checked, planned. A value.
struct JobText {
  std::string file;
  std::string text;
  /// Of the job, when the file got as far as naming one, though it has mistakes elsewhere.
  std::string name = {};
  std::string mistakes = {};  ///< as `weir check` prints them; empty: the job may run

  // Without mistakes:
  JobTerms terms = {};
  /// Of all that a process of the job goes by: its file but for comments, white space, description
  /// and `restart`, and what it uses of weir.yaml. Two texts with one meaning have one.
  std::uint64_t meaning = 0;
};

/// Pure, but for the environment and files that `${...}` name.
JobText read_job_text(std::string file, std::string text, const WeirConfig& config);

/// What a daemon cannot change while it runs, of two weir.yaml: "state_dir"; empty: nothing.
std::string fixed_difference(const WeirConfig& before, const WeirConfig& now);

}  // namespace weir
