#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "spec/parse.h"

namespace weir {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string check_like_the_command(const std::filesystem::path& folder) {
  ParseOptions options;
  options.env = [](const std::string&) { return std::nullopt; };
  Diagnostics diagnostics;
  WeirConfig config;
  if (std::filesystem::exists(folder / "weir.yaml")) {
    const auto parsed =
        parse_weir_config("weir.yaml", slurp(folder / "weir.yaml"), diagnostics, options);
    if (!parsed) return diagnostics.render();
    config = *parsed;
  }
  parse_job("job.yaml", slurp(folder / "job.yaml"), config, diagnostics, options);
  return diagnostics.render();
}

}  // namespace

// The same folders that `weir check` is run on (tests/messages/run.py). WEIR_UPDATE_GOLDEN=1
// writes what is said now; read the difference before you commit it.
TEST_CASE("messages: every mistake of a file reads as its stderr.txt says", "[spec]") {
  const std::filesystem::path root = std::filesystem::path(WEIR_SOURCE_DIR) / "tests/messages";
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    // A folder with a `needs` file takes more than spec/ to check, such as sql/; one with a
    // `command` is about the command line.
    if (!entry.is_directory() || std::filesystem::exists(entry.path() / "needs") ||
        std::filesystem::exists(entry.path() / "command")) {
      continue;
    }
    ++cases;
    const std::string said = check_like_the_command(entry.path());
    if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(entry.path() / "stderr.txt", std::ios::binary) << said;
    }
    INFO("tests/messages/" << entry.path().filename().string());
    CHECK(said == slurp(entry.path() / "stderr.txt"));
  }
  CHECK(cases >= 25);
}

}  // namespace weir
