#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/arena.h"

namespace weir {

/// JSON that the daemon answered, to be read by name. What is absent, null or no JSON at all reads
/// as empty. Values are views into it. Thread: its owner's.
class ApiAnswer {
 public:
  explicit ApiAnswer(std::string_view json);
  ApiAnswer(const ApiAnswer&) = delete;
  ApiAnswer& operator=(const ApiAnswer&) = delete;

  std::string_view root() const { return root_; }
  std::string_view member(std::string_view value, std::string_view key) const;
  std::vector<std::string_view> elements(std::string_view value, std::string_view key) const;
  std::string text(std::string_view value, std::string_view key);
  std::optional<double> number(std::string_view value, std::string_view key) const;

 private:
  Arena arena_;
  std::string_view root_;
};

}  // namespace weir
