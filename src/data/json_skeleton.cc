#include "data/json_skeleton.h"

#include <utility>

namespace weir {
namespace {

// A frame of more values is worth no more than reading it by its objects.
constexpr std::size_t kStepsMax = 256;

}  // namespace

// Walks a document that was found to be JSON of plain keys.
class JsonSkeleton::Learner {
 public:
  Learner(std::string_view document, std::span<const std::string_view> names, Arena& arena)
      : pass_(document, names, {}, arena),
        from_(document.data()),
        end_(document.data() + document.size()) {}

  // False when there are too many values.
  bool run() {
    const char* const at = object(json_scan::skip_blanks(from_, end_), 0);
    return at != nullptr;
  }
  std::vector<Step> steps() { return std::move(steps_); }
  std::string_view rest() const { return text(from_, end_); }

 private:
  static std::string_view text(const char* from, const char* to) {
    return {from, static_cast<std::size_t>(to - from)};
  }

  const char* object(const char* at, int depth) {
    at = json_scan::skip_blanks(at + 1, end_);
    if (*at == '}') return at + 1;
    while (true) {
      const char* const close = json_scan::plain_string_end(at + 1, end_);
      const int wanted = depth == 0 ? pass_.wanted(text(at + 1, close)) : -1;
      at = json_scan::skip_blanks(close + 1, end_);
      at = json_scan::skip_blanks(at + 1, end_);
      // An object that nobody wants is a part of the frame with all that is in it.
      at = *at == '{' && wanted < 0 ? object(at, depth + 1) : value(at, depth, wanted);
      if (at == nullptr) return nullptr;
      at = json_scan::skip_blanks(at, end_);
      if (*at == '}') return at + 1;
      at = json_scan::skip_blanks(at + 1, end_);
    }
  }

  const char* value(const char* at, int depth, int wanted) {
    if (steps_.size() == kStepsMax) return nullptr;
    Step& step = steps_.emplace_back(Step{ExpectedText(text(from_, at)), wanted, nullptr});
    from_ = pass_.value(step.nested, at, depth, -1);
    return from_;
  }

  JsonPass pass_;
  const char* from_;  // behind the last value
  const char* const end_;
  std::vector<Step> steps_;
};

void JsonSkeleton::learn(std::string_view document, std::span<const std::string_view> names,
                         Arena& arena) {
  Learner learner(document, names, arena);
  end_.reset();
  if (!learner.run()) return;
  steps_ = learner.steps();
  end_.emplace(learner.rest());
}

bool JsonSkeleton::read(JsonPass& pass, std::string_view document) {
  if (!end_) return false;
  const char* at = document.data();
  const char* const end = at + document.size();
  for (Step& step : steps_) {
    if (!step.before.stands_at(at, end)) return false;
    at += step.before.size();
    at = pass.value(step.nested, at, 0, step.wanted);
    if (at == nullptr) return false;
  }
  return end_->stands_at(at, end) && at + end_->size() == end;
}

}  // namespace weir
