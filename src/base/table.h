#pragma once

#include <string>
#include <vector>

namespace weir {

/// Rows of text in columns, for a terminal: each column as wide as its widest cell, two blanks
/// between them, nothing behind the last one.
class Table {
 public:
  /// Numbers stand at the right; `right` names such columns, from 0.
  explicit Table(std::vector<std::size_t> right = {}) : right_(std::move(right)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Every row as a line.
  std::string text() const;

 private:
  const std::vector<std::size_t> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
