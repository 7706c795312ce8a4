#include "supervisor/reload_plan.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace weir {
namespace {

using Kind = ReloadStep::Kind;

class Planner {
 public:
  Planner(const std::vector<KnownJob>& known, std::map<std::string, JobText> read)
      : read_(std::move(read)) {
    for (const KnownJob& job : known) {
      jobs_[job.name] = &job;
      by_file_[job.file] = &job;
    }
  }

  ReloadPlan plan(const std::vector<FoundFile>& found) {
    for (const FoundFile& file : found) {
      const auto text = read_.find(file.path);
      if (text != read_.end() && text->second.mistakes.empty()) {
        claims_[text->second.name].push_back(&text->second);
      }
    }
    for (const auto& [name, texts] : claims_) settle(name, texts);
    for (const FoundFile& file : found) {
      if (const auto text = read_.find(file.path); text == read_.end()) {
        spare(file.path, {}, file.path + ": cannot be read: " + file.unreadable + "\n");
      } else if (!text->second.mistakes.empty()) {
        spare(file.path, text->second.name, text->second.mistakes);
      }
    }
    for (const auto& [name, job] : jobs_) {
      if (!seen_.contains(name)) step(Kind::kStop, name, job->file, "its file is gone");
    }
    std::sort(plan_.steps.begin(), plan_.steps.end(), [](const ReloadStep& a, const ReloadStep& b) {
      return std::tie(a.job, a.file) < std::tie(b.job, b.file);
    });
    return std::move(plan_);
  }

 private:
  void step(Kind kind, const std::string& job, const std::string& file, std::string text) {
    plan_.steps.push_back({kind, job, file, std::move(text)});
  }

  // The files without a mistake that name one job.
  void settle(const std::string& name, const std::vector<const JobText*>& texts) {
    const auto known = jobs_.find(name);
    const JobText* chosen = texts.size() == 1 ? texts.front() : nullptr;
    for (const JobText* text : texts) {
      if (known != jobs_.end() && text->file == known->second->file) chosen = text;
    }
    for (const JobText* text : texts) {
      if (text != chosen) refuse_twin(name, *text, texts);
    }
    if (chosen != nullptr) {
      take(known == jobs_.end() ? nullptr : known->second, *chosen);
    } else if (known != jobs_.end()) {
      // It was renamed into two.
      seen_.insert(name);
      plan_.pending[name] = "more than one file names this job";
    }
  }

  void refuse_twin(const std::string& name, const JobText& text,
                   const std::vector<const JobText*>& texts) {
    std::string others;
    for (const JobText* other : texts) {
      if (other != &text) others += (others.empty() ? "" : ", ") + other->file;
    }
    const std::string why = text.file + ": names the job \"" + name + "\", as " + others +
                            " does; give one of them another `job:` or `generation:`\n";
    step(Kind::kKeep, name, text.file, why);
    plan_.problems.push_back({text.file, {}, why});
  }

  void take(const KnownJob* known, const JobText& text) {
    seen_.insert(text.name);
    if (known == nullptr) {
      step(Kind::kStart, text.name, text.file, "");
    } else if (known->meaning != text.meaning) {
      step(Kind::kRestart, text.name, text.file, "it was changed");
    } else if (known->file != text.file) {
      step(Kind::kRename, text.name, text.file, "was " + known->file);
    } else if (known->text != text.text) {
      step(Kind::kUpdate, text.name, text.file, "nothing that its process goes by was changed");
    } else {
      step(Kind::kUnchanged, text.name, text.file, "");
      return;
    }
    plan_.texts[text.name] = text;
  }

  // A file that is no job now: the one that it was runs on.
  void spare(const std::string& file, const std::string& name, const std::string& why) {
    const auto by_name = jobs_.find(name);
    const auto by_file = by_file_.find(file);
    const KnownJob* known = by_name != jobs_.end()      ? by_name->second
                            : by_file != by_file_.end() ? by_file->second
                                                        : nullptr;
    if (known == nullptr) {
      step(Kind::kKeep, name, file, why);
      plan_.problems.push_back({file, name, why});
      return;
    }
    if (!seen_.insert(known->name).second) {
      // Another file has become this job.
      step(Kind::kKeep, known->name, file, why);
      plan_.problems.push_back({file, {}, why});
      return;
    }
    step(Kind::kKeep, known->name, file, why);
    plan_.pending[known->name] = why;
  }

  std::map<std::string, JobText> read_;
  std::map<std::string, const KnownJob*> jobs_, by_file_;
  std::map<std::string, std::vector<const JobText*>> claims_;
  std::set<std::string> seen_;  // known jobs that still have a file
  ReloadPlan plan_;
};

}  // namespace

ReloadPlan plan_reload(const std::vector<KnownJob>& known, const std::vector<FoundFile>& found,
                       std::map<std::string, JobText> read) {
  return Planner(known, std::move(read)).plan(found);
}

}  // namespace weir
