#include "plan/links.h"

#include "base/nearest.h"

namespace weir {
namespace {

class Linker {
 public:
  Linker(const JobSpec& job, Diagnostics& diagnostics) : job_(job), diagnostics_(diagnostics) {}

  Links run() {
    for (const SourceSpec& source : job_.sources) taken_[*source.name] = false;
    if (job_.sources.size() == 1) previous_ = *job_.sources[0].name;
    for (std::size_t i = 0; i < job_.steps.size(); ++i) step(i);
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      const SinkSpec& sink = job_.sinks[i];
      const std::string from = take(sink.from, "sink \"" + *sink.name + "\"", sink.name.at);
      links_.takers[from] = {false, i};
    }
    all_are_taken();
    return std::move(links_);
  }

 private:
  void error(Place place, std::string message, std::string hint = {}) {
    diagnostics_.error(*job_.source, place, Code::kPlanLink, std::move(message), std::move(hint));
  }

  void step(std::size_t index) {
    const StepSpec& step = job_.steps[index];
    const std::string from = take(step.from, "step \"" + *step.id + "\"", step.id.at);
    links_.takers[from] = {true, index};
    // A step whose id is missing or taken was reported; it still has its place.
    const bool named = step.id.given && !taken_.contains(*step.id);
    previous_ = named ? *step.id : "step " + std::to_string(index + 1);
    links_.step_names.push_back(previous_);
    taken_[previous_] = false;
  }

  std::string take(const Located<std::string>& from, const std::string& what, Place place) {
    const std::string name = from.given ? *from : previous_;
    if (name.empty()) {
      error(place, what + " needs `from:`, there is more than one source", "from: " + sources());
    } else if (!taken_.contains(name)) {
      std::vector<std::string_view> known;
      for (const auto& [each, unused] : taken_) known.push_back(each);
      error(from.at, what + ": there is no source or earlier step \"" + name + "\"",
            did_you_mean(name, known));
    } else if (taken_[name]) {
      error(from.given ? from.at : place, "\"" + name + "\" has two takers, " + what +
                                              " among them; in this version each has one");
    } else {
      taken_[name] = true;
    }
    return name;
  }

  std::string sources() const {
    std::string list;
    for (const SourceSpec& source : job_.sources)
      list += (list.empty() ? "" : " or ") + *source.name;
    return list;
  }

  void all_are_taken() {
    for (const SourceSpec& source : job_.sources) {
      if (!taken_[*source.name])
        error(source.name.at, "no step and no sink uses source \"" + *source.name + "\"");
    }
    for (std::size_t i = 0; i < job_.steps.size(); ++i) {
      const StepSpec& step = job_.steps[i];
      if (!taken_[links_.step_names[i]] && step.id.given)
        error(step.id.at, "no step and no sink uses step \"" + *step.id + "\"");
    }
  }

  const JobSpec& job_;
  Diagnostics& diagnostics_;
  std::map<std::string, bool> taken_;  // names of sources and earlier steps
  std::string previous_;               // whose rows the next one takes without a `from:`
  Links links_;
};

}  // namespace

Links find_links(const JobSpec& job, Diagnostics& diagnostics) {
  return Linker(job, diagnostics).run();
}

}  // namespace weir
