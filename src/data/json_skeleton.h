#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/json_pass.h"

namespace weir {

/// For JsonShapeReader only: a record is taken for its values in a fixed frame. Everything between
/// two values, keys and brackets and commas, is one text, learned from a record and compared in
/// place; so a record of the same frame costs a comparison and the finding of its end per value.
///
/// Thread: a worker.
class JsonSkeleton {
 public:
  /// Forgets what it knew and takes on the frame of `document`, which a JsonPass has read.
  void learn(std::string_view document, std::span<const std::string_view> names, Arena& arena);
  /// False: another frame, or not JSON. Fields that the frame lacks are left as they are.
  bool read(JsonPass& pass, std::string_view document);

 private:
  class Learner;
  struct Step {
    ExpectedText before;  // from the value before, or the beginning, to this value
    int wanted;
    std::unique_ptr<JsonObjectShape> nested;  // of objects in an array, and of a wanted object
  };

  std::vector<Step> steps_;
  std::optional<ExpectedText> end_;  // behind the last value; none: nothing is known
};

}  // namespace weir
