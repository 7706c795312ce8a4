#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/schema.h"

namespace weir {

/// Finds the columns and types that JSON objects have, for `weir eval` without --schema: whole
/// numbers are bigint, other numbers numeric (double precision where a numeric cannot hold them),
/// true and false boolean, strings text, objects and arrays jsonb; a field of several kinds is
/// jsonb, one that is null everywhere text.
///
/// Thread: one.
class SchemaGuess {
 public:
  /// A line that is no JSON object is left out: it is reported when it is decoded.
  void learn(std::string_view line);
  /// In the order in which the fields came.
  Schema schema() const;

 private:
  struct Seen {
    std::string name;
    bool any = false;  // a value that is not null
    TypeKind kind = TypeKind::kText;
  };

  void learn_field(std::string name, std::string_view token);

  std::vector<Seen> fields_;
};

}  // namespace weir
