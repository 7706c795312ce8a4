#include "spec/load.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/nearest.h"
#include "spec/read_file.h"
#include "spec/yaml.h"

namespace weir {
namespace {

// A file beside the one that is not there, with a name like it.
std::string file_hint(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(path, error) || error) return {};
  if (fs::is_symlink(path, error)) {
    return ", it is a link to " + fs::read_symlink(path, error).string();
  }
  std::vector<std::string> names;
  fs::directory_iterator entries(path.has_parent_path() ? path.parent_path() : ".", error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename());
  }
  const std::string hint = did_you_mean(path.filename().string(), {names.begin(), names.end()});
  return hint.empty() ? hint : ", " + hint;
}

}  // namespace

std::optional<std::string> load_file(const std::string& path, Diagnostics& diagnostics) {
  Result<std::string> text = read_file(path, kYamlBytesMax);
  if (!text) {
    diagnostics.file_error(path, Code::kFileUnreadable,
                           "cannot read the file: " + text.error().message() + file_hint(path));
    return std::nullopt;
  }
  return std::move(*text);
}

std::shared_ptr<SourceText> make_source(std::string path, std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return std::make_shared<SourceText>(std::move(path), std::move(text));
}

std::function<std::optional<std::string>(const std::string&)> environment(
    const ParseOptions& options) {
  if (options.env) return options.env;
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

bool is_name(std::string_view text) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  if (text.empty() || text.size() > 48 || kLetters.find(text.front()) == std::string_view::npos) {
    return false;
  }
  for (const char c : text) {
    if (kLetters.find(c) == std::string_view::npos && c != '-' && c != '_') return false;
  }
  return true;
}

}  // namespace weir
