#include "cli/check.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "job/run.h"
#include "spec/parse.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

class Check {
 public:
  explicit Check(const JobFlags& flags) : flags_(flags) {}

  int run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) find(path);
    // What every job stands on is said once, whatever the number of jobs.
    std::optional<WeirConfig> config =
        here_ ? read_config(flags_, *here_, once_) : load_config(flags_, once_);
    // A mistake in it is no reason not to look at the jobs beside it.
    if (!config && here_) config = WeirConfig{};
    if (config) {
      for (const std::string& file : jobs_) job(file, *config);
      unknown_params();
    }
    std::fputs(once_.render().c_str(), stderr);
    std::fputs(text_.c_str(), stderr);
    return verdict();
  }

 private:
  // `path` as it was given, or what is in it.
  void find(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return file(path);
    std::vector<std::string> found;
    fs::directory_iterator entries(path, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      const std::string extension = entries->path().extension();
      std::error_code ignored;
      // A dangling or circular link is no directory: reading it says what is wrong.
      const bool below = fs::is_directory(entries->path(), ignored);
      if (below || (extension != ".yaml" && extension != ".yml")) continue;
      found.push_back(entries->path());
      // Reading it could wait for ever.
      if (fs::is_other(entries->path(), ignored)) special_.insert(entries->path());
    }
    if (error) {
      once_.file_error(path, Code::kFileUnreadable,
                       "cannot read the directory: " + error.message());
    } else if (found.empty()) {
      once_.file_error(path, Code::kFileUnreadable,
                       "there is no job file in this directory, none ends with .yaml or .yml");
    }
    std::sort(found.begin(), found.end());
    for (const std::string& each : found) {
      if (special_.contains(each)) {
        ++files_;
        once_.file_error(each, Code::kFileUnreadable,
                         "cannot read the file: it is no regular file");
      } else {
        file(each);
      }
    }
  }

  void file(const std::string& path) {
    // One file under two names is one job.
    std::error_code error;
    const fs::path canonical = fs::canonical(path, error);
    if (!error && !seen_.insert(canonical).second) return;
    if (fs::path(path).filename() == "weir.yaml") {
      ++files_;
      // The jobs beside it stand on it, unless another one is named.
      if (flags_.config.empty() && !here_) {
        here_ = path;
      } else {
        read_config(flags_, path, once_);
      }
    } else {
      jobs_.push_back(path);
    }
  }

  void job(const std::string& path, const WeirConfig& config) {
    ++files_;
    LoadedJob loaded = load_job_under(config, flags_, path, params_known_);
    if (loaded.job && loaded.job->job.given) one_identity(loaded);
    mistakes_ += loaded.diagnostics.error_count();
    flags_are_wrong_ = flags_are_wrong_ || loaded.flags_are_wrong;
    text_ += loaded.diagnostics.render();
  }

  void one_identity(LoadedJob& loaded) {
    const JobSpec& job = *loaded.job;
    const std::string place =
        job.source->path() + ":" + std::to_string(job.source->line_column(job.job.at.offset).line);
    const auto [other, first] = identities_.emplace(job.identity(), place);
    if (first) return;
    loaded.diagnostics.error(*job.source, job.job.at, Code::kSameIdentity,
                             "job \"" + job.identity() + "\" is in " + other->second + " too",
                             "give one of them another name or generation");
  }

  void unknown_params() {
    for (const std::string& param : flags_.params) {
      const std::string name = param.substr(0, param.find('='));
      const bool known =
          std::find(params_known_.begin(), params_known_.end(), name) != params_known_.end();
      if (known || files_ == 0) continue;
      once_.add(unknown_param(name, params_known_));
      flags_are_wrong_ = true;
    }
  }

  int verdict() const {
    const std::size_t mistakes = mistakes_ + once_.error_count();
    const auto count = [](std::size_t number, const std::string& what) {
      return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
    };
    if (mistakes == 0) {
      std::printf("%s in order\n", count(files_, "file").c_str());
      return kExitDone;
    }
    if (files_ > 1) {
      std::fprintf(stderr, "%s in %s\n", count(mistakes, "mistake").c_str(),
                   count(files_, "file").c_str());
    }
    return flags_are_wrong_ ? kExitUsage : kExitConfig;
  }

  const JobFlags& flags_;
  std::vector<std::string> jobs_;
  std::set<fs::path> seen_;
  std::set<std::string> special_;                  // found in directories: pipes, sockets, devices
  std::map<std::string, std::string> identities_;  // identity -> place of the first
  std::vector<std::string> params_known_;
  Diagnostics once_;
  std::string text_;
  std::size_t files_ = 0;
  std::optional<std::string> here_;  // a weir.yaml among the paths
  std::size_t mistakes_ = 0;
  bool flags_are_wrong_ = false;
};

}  // namespace

int check_paths(const JobFlags& flags, const std::vector<std::string>& paths) {
  return Check(flags).run(paths);
}

}  // namespace weir
