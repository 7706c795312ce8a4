#include "plan/links.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/nearest.h"

namespace weir {
namespace {

class Linker {
 public:
  Linker(const JobSpec& job, Diagnostics& diagnostics) : job_(job), diagnostics_(diagnostics) {}

  Links run() {
    for (std::size_t i = 0; i < job_.sources.size(); ++i) {
      known_[*job_.sources[i].name] = {.is_step = false, .index = i, .port = 0};
    }
    if (job_.sources.size() == 1) previous_ = known_.begin()->second;
    links_.of_steps.resize(job_.steps.size());
    links_.of_sinks.resize(job_.sinks.size());
    for (std::size_t i = 0; i < job_.steps.size(); ++i) routes_of(i);
    for (std::size_t i = 0; i < job_.steps.size(); ++i) step(i);
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) sink(i);
    all_are_taken();
    return std::move(links_);
  }

 private:
  void error(Place place, std::string message, std::string hint = {}) {
    diagnostics_.error(*job_.source, place, Code::kPlanLink, std::move(message), std::move(hint));
  }
  std::string name_of(std::size_t step) const {
    const StepSpec& spec = job_.steps[step];
    return spec.id.given ? "step \"" + *spec.id + "\"" : "step " + std::to_string(step + 1);
  }

  // The ways out of a route name who takes them.
  void routes_of(std::size_t index) {
    const StepSpec& route = job_.steps[index];
    for (std::size_t port = 0; port < route.route.size(); ++port) {
      const Located<std::string>& to = route.route[port].to;
      if (!to.given) continue;
      std::vector<Giver>* const givers = target(*to, index);
      if (givers == nullptr) {
        no_target(to, index);
      } else if (!givers->empty() && givers->front().index != index) {
        error(to.at,
              "\"" + *to + "\" takes the rows of " + name_of(givers->front().index) + " already",
              "a union step takes those of several");
      } else {
        givers->push_back({.is_step = true, .index = index, .port = port});
      }
    }
  }

  std::vector<Giver>* target(const std::string& name, std::size_t route) {
    for (std::size_t i = 0; i < job_.sinks.size(); ++i) {
      if (*job_.sinks[i].name == name) return &links_.of_sinks[i];
    }
    for (std::size_t i = route + 1; i < job_.steps.size(); ++i) {
      if (job_.steps[i].id.given && *job_.steps[i].id == name) return &links_.of_steps[i];
    }
    return nullptr;
  }

  void no_target(const Located<std::string>& to, std::size_t index) {
    std::vector<std::string_view> names;
    for (const SinkSpec& sink : job_.sinks) names.push_back(*sink.name);
    for (std::size_t i = index + 1; i < job_.steps.size(); ++i) names.push_back(*job_.steps[i].id);
    error(to.at, name_of(index) + ": there is no sink or later step \"" + *to + "\"",
          did_you_mean(*to, names));
  }

  void step(std::size_t index) {
    const StepSpec& step = job_.steps[index];
    std::vector<Giver>& givers = links_.of_steps[index];
    const std::string what = name_of(index);
    if (!givers.empty()) {
      routed(step.from, what, givers);
      if (step.kind == StepKind::kUnion) {
        error(step.id.at, what + " is a union, and lists whose rows it takes",
              "a route cannot name it");
      }
    } else if (step.kind == StepKind::kUnion) {
      for (const Located<std::string>& input : step.inputs) {
        if (const auto giver = find(input, what)) givers.push_back(*giver);
      }
      if (givers.size() != step.inputs.size()) givers.clear();
    } else if (const auto giver = one(step.from, what, step.id.at)) {
      givers.push_back(*giver);
    }
    previous_ = {.is_step = true, .index = index, .port = 0};
    // A step whose id is missing or taken was reported; it still has its place.
    if (step.id.given) known_.emplace(*step.id, *previous_);
  }

  void sink(std::size_t index) {
    const SinkSpec& sink = job_.sinks[index];
    std::vector<Giver>& givers = links_.of_sinks[index];
    const std::string what = "sink \"" + *sink.name + "\"";
    if (!givers.empty()) {
      routed(sink.from, what, givers);
    } else if (const auto giver = one(sink.from, what, sink.name.at)) {
      givers.push_back(*giver);
    }
  }

  void routed(const Located<std::string>& from, const std::string& what,
              const std::vector<Giver>& givers) {
    if (!from.given) return;
    error(from.at, what + " gets its rows by " + name_of(givers.front().index), "remove `from`");
  }

  std::optional<Giver> one(const Located<std::string>& from, const std::string& what, Place place) {
    if (from.given) return find(from, what);
    // That there is no source was reported.
    if (job_.sources.empty()) return std::nullopt;
    if (!previous_) {
      error(place, what + " needs `from:`, there is more than one source", "from: " + sources());
    } else if (previous_->is_step && job_.steps[previous_->index].kind == StepKind::kRoute) {
      error(place, what + " has nothing to take: " + name_of(previous_->index) + " is a route",
            "name it in the route's `to`, or say `from`");
      return std::nullopt;
    }
    return previous_;
  }

  std::optional<Giver> find(const Located<std::string>& from, const std::string& what) {
    const auto giver = known_.find(*from);
    if (giver == known_.end()) {
      error(from.at, what + ": there is no source or earlier step \"" + *from + "\"",
            from_hint(*from, what));
      taken_by_mistake_ = true;
      return std::nullopt;
    }
    if (giver->second.is_step && job_.steps[giver->second.index].kind == StepKind::kRoute) {
      error(from.at, what + ": step \"" + *from + "\" is a route, and names who takes its rows",
            "add an entry with `to` there");
      return std::nullopt;
    }
    return giver->second;
  }

  // The name that was meant, or that it comes later, or those there are, in the job's order.
  std::string from_hint(const std::string& from, const std::string& who) const {
    std::vector<std::string_view> names;
    for (const SourceSpec& source : job_.sources) names.push_back(*source.name);
    for (const StepSpec& step : job_.steps) {
      if (!step.id.given || step.kind == StepKind::kRoute) continue;
      if (known_.contains(*step.id)) {
        names.push_back(*step.id);
      } else if (*step.id == from && who == "step \"" + from + "\"") {
        return "a step does not take its own rows";
      } else if (*step.id == from) {
        return "rows go from above to below: put that step above this one";
      }
    }
    if (std::string meant = did_you_mean(from, names); !meant.empty()) return meant;
    std::string list;
    for (const std::string_view name : names) {
      list += (list.empty() ? "there is " : ", ") + std::string(name);
    }
    return list;
  }

  std::string sources() const {
    std::string list;
    for (const SourceSpec& source : job_.sources)
      list += (list.empty() ? "" : " or ") + *source.name;
    return list;
  }

  void all_are_taken() {
    // Whom a mistaken `from` meant to take is not known.
    if (taken_by_mistake_) return;
    for (std::size_t i = 0; i < job_.sources.size(); ++i) {
      if (is_taken(false, i)) continue;
      error(job_.sources[i].name.at,
            "no step and no sink uses source \"" + *job_.sources[i].name + "\"");
    }
    for (std::size_t i = 0; i < job_.steps.size(); ++i) {
      const StepSpec& step = job_.steps[i];
      if (step.kind == StepKind::kRoute || !step.id.given || is_taken(true, i)) continue;
      error(step.id.at, "no step and no sink uses step \"" + *step.id + "\"");
    }
  }

  bool is_taken(bool is_step, std::size_t index) const {
    for (const auto* all : {&links_.of_steps, &links_.of_sinks}) {
      for (const std::vector<Giver>& givers : *all) {
        const auto same = [&](const Giver& g) { return g.is_step == is_step && g.index == index; };
        if (std::any_of(givers.begin(), givers.end(), same)) return true;
      }
    }
    return false;
  }

  const JobSpec& job_;
  Diagnostics& diagnostics_;
  std::map<std::string, Giver> known_;  // sources and earlier steps
  std::optional<Giver> previous_;       // whose rows the next one takes without a `from:`
  bool taken_by_mistake_ = false;
  Links links_;
};

}  // namespace

Links find_links(const JobSpec& job, Diagnostics& diagnostics) {
  return Linker(job, diagnostics).run();
}

}  // namespace weir
