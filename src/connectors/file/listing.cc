#include "connectors/file/listing.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "connectors/file/input.h"

namespace weir::file {
namespace {

bool is_pattern(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<FoundFile> look_at(const std::string& directory, const std::string& path) {
  WEIR_ASSIGN(const auto input, InputFile::open(below(directory, path)));
  return FoundFile{path, input->disk_bytes(), input->compressed()};
}

/// Walks down the parts of a pattern.
class Walk {
 public:
  Walk(const std::string& directory, const std::string& pattern) : directory_(directory) {
    std::size_t begin = 0;
    for (std::size_t slash = 0; (slash = pattern.find('/', begin)) != std::string::npos;
         begin = slash + 1) {
      parts_.push_back(pattern.substr(begin, slash + 1 - begin));
    }
    parts_.push_back(pattern.substr(begin));
  }

  Result<> go(std::size_t part, const std::string& before, bool fixed) {
    std::string name = parts_[part];
    const bool last = part + 1 == parts_.size();
    if (!last) name.pop_back();
    if (is_pattern(name)) return go_matching(part, name, before, fixed);
    if (!last) return go(part + 1, before + parts_[part], fixed);
    struct stat info {};
    // Not every directory that matches has it.
    if (stat(below(directory_, before + name).c_str(), &info) != 0 && errno == ENOENT) return {};
    return take(before + name);
  }

  std::vector<FoundFile> take_all() { return std::move(found_); }

 private:
  Result<> go_matching(std::size_t part, const std::string& pattern, const std::string& before,
                       bool fixed) {
    const std::string place = below(directory_, before.empty() ? "." : before);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(place.c_str()), &closedir);
    if (!entries) {
      // What a wildcard has found may have vanished since, or be no directory.
      if (!fixed && (errno == ENOENT || errno == ENOTDIR)) return {};
      return io_error(errno, "cannot list", place);
    }
    errno = 0;
    while (const dirent* const entry = readdir(entries.get())) {
      if (fnmatch(pattern.c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
      const std::string path = before + entry->d_name;
      const bool directory = is_directory(below(directory_, path));
      if (part + 1 < parts_.size()) {
        if (directory) WEIR_TRY(go(part + 1, path + "/", false));
      } else if (!directory) {
        WEIR_TRY(take(path));
      }
      errno = 0;
    }
    if (errno != 0) return io_error(errno, "cannot list", place);
    return {};
  }

  Result<> take(const std::string& path) {
    Result<FoundFile> found = look_at(directory_, path);
    // Listed, and gone since: or a link to nowhere.
    if (!found && found.error().code() == Code::kFileMissing) return {};
    if (!found) return std::move(found.error());
    found_.push_back(std::move(*found));
    return {};
  }

  const std::string& directory_;
  std::vector<std::string> parts_;  // each but the last with its slash
  std::vector<FoundFile> found_;
};

}  // namespace

std::string below(const std::string& directory, const std::string& path) {
  return directory.empty() || path.starts_with('/') ? path : directory + "/" + path;
}

Result<std::vector<FoundFile>> find_files(const std::string& directory,
                                          const std::string& pattern) {
  if (!is_pattern(pattern)) {
    WEIR_ASSIGN(FoundFile found, look_at(directory, pattern));
    return std::vector<FoundFile>{std::move(found)};
  }
  if (pattern.find("**") != std::string::npos) {
    return Error{Action::kStopJob, Code::kFileRefused,
                 pattern + ": ** does not go down into directories; write one /*/ per level"};
  }
  Walk walk(directory, pattern);
  WEIR_TRY(walk.go(0, "", true));
  std::vector<FoundFile> files = walk.take_all();
  std::sort(files.begin(), files.end(),
            [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace weir::file
