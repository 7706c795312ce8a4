#pragma once

#include <string>
#include <vector>

#include "cli/load_job.h"

namespace weir {

/// `weir check PATH...`: job files, directories of them (*.yaml, *.yml; not what is below), and
/// weir.yaml by its name. Prints every mistake on stderr, and on stdout how many files are in
/// order. Returns 0, 64 for a wrong flag, 78 for a mistake in a file.
int check_paths(const JobFlags& flags, const std::vector<std::string>& paths);

}  // namespace weir
