#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/code.h"
#include "base/nearest.h"
#include "spec/source_text.h"

namespace weir {

enum class Severity : unsigned char { kError, kWarning };

/// One mistake of a person, with its place.
struct Diagnostic {
  std::string file;
  std::size_t line = 0;    ///< from 1; 0 when the file as a whole is meant
  std::size_t column = 1;  ///< from 1, in characters
  std::size_t length = 0;  ///< characters to underline; 0 and 1 are both one caret
  Code code = Code::kNone;
  Severity severity = Severity::kError;
  std::string message;      ///< one line, no period: `unknown field "widow" in step "per_minute"`
  std::string source_line;  ///< secrets masked; empty when line is 0
  std::string hint;         ///< behind the underline: `did you mean "window"?`; may be empty
};

/// All mistakes of one or more files, gathered instead of stopping at the first.
///
/// Thread: the owner's; not shared.
class Diagnostics {
 public:
  /// Adds an error at `place` of `source`.
  void error(const SourceText& source, Place place, Code code, std::string message,
             std::string hint = {});
  void warning(const SourceText& source, Place place, Code code, std::string message,
               std::string hint = {});
  /// Adds an error about `file` as a whole (it cannot be read).
  void file_error(std::string file, Code code, std::string message);
  /// Adds one as it is.
  void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }

  bool has_errors() const;
  bool empty() const { return all_.empty(); }
  std::size_t error_count() const;
  /// In the order they were added.
  const std::vector<Diagnostic>& all() const { return all_; }
  /// By file (in the order of their first mistake), line and column; the same mistake once.
  std::vector<Diagnostic> sorted() const;

  /// What a person sees, every line ended:
  ///   jobs/clicks.yaml:14:5: error[W1004]: unknown field "widow" in step "per_minute"
  ///      14 |     widow: { tumbling: 1m }
  ///         |     ^^^^^ did you mean "window"?
  std::string render() const;

 private:
  std::vector<Diagnostic> all_;
};

/// One diagnostic as render() writes it.
std::string render(const Diagnostic& diagnostic);

}  // namespace weir
