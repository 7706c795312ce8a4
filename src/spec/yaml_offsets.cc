#include <algorithm>

#include "spec/yaml.h"

namespace weir {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks a scalar's value and its source side by side. Folding only ever drops white space, so a
// byte that is not white space is the next such byte of the source.
class Aligner {
 public:
  Aligner(const std::string& text, const YamlNode& scalar) : text_(text), node_(scalar) {
    at_ = scalar.at.offset;
    if (quoted()) ++at_;
    if (block()) {
      at_ = std::min(text.find('\n', at_), text.size() - 1) + 1;
      indent_ = block_indent();
      skip_indent();
    }
  }

  std::vector<std::uint32_t> run() {
    std::vector<std::uint32_t> offsets;
    offsets.reserve(node_.scalar.size() + 1);
    while (offsets.size() < node_.scalar.size()) {
      const char c = node_.scalar[offsets.size()];
      skip_to(c);
      const std::size_t from = std::min(at_, text_.size());
      for (std::size_t bytes = step(); bytes > 0 && offsets.size() < node_.scalar.size(); --bytes) {
        offsets.push_back(static_cast<std::uint32_t>(from));
      }
    }
    const std::size_t end = offsets.empty() ? at_ : std::size_t{offsets.back()} + 1;
    offsets.push_back(
        static_cast<std::uint32_t>(std::min(std::max(end, std::size_t{0}), text_.size())));
    return offsets;
  }

 private:
  bool quoted() const {
    return node_.style == YamlNode::Style::kSingle || node_.style == YamlNode::Style::kDouble;
  }
  bool block() const {
    return node_.style == YamlNode::Style::kLiteral || node_.style == YamlNode::Style::kFolded;
  }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // The block's first line with something on it is indented by this many more blanks than its
  // value, whether the indent was found or written (`|2`).
  std::size_t block_indent() const {
    std::size_t source = at_;
    while (source < text_.size()) {
      const std::size_t first = text_.find_first_not_of(' ', source);
      if (first == std::string::npos) return 0;
      if (text_[first] != '\n' && text_[first] != '\r') {
        const std::size_t value_line = node_.scalar.find_first_not_of("\n");
        if (value_line == std::string::npos) return 0;
        const std::size_t value_first = node_.scalar.find_first_not_of(' ', value_line);
        const std::size_t kept = value_first == std::string::npos ? 0 : value_first - value_line;
        return first - source >= kept ? first - source - kept : 0;
      }
      source = text_.find('\n', first);
      if (source == std::string::npos) return 0;
      ++source;
    }
    return 0;
  }
  void skip_indent() {
    for (std::size_t i = 0; i < indent_ && peek() == ' '; ++i) ++at_;
  }

  // Moves to where `c` of the value must come from.
  void skip_to(char c) {
    if (node_.style == YamlNode::Style::kDouble) {
      // A backslash at the end of a line joins it with the next.
      while (peek() == '\\' && (peek(1) == '\n' || peek(1) == '\r')) {
        ++at_;
        while (is_blank(peek())) ++at_;
      }
    }
    if (!is_blank(c)) {
      while (is_blank(peek())) ++at_;
      if (node_.style == YamlNode::Style::kDouble && peek() == '\\' &&
          (peek(1) == '\n' || peek(1) == '\r')) {
        skip_to(c);
      }
    } else if (peek() == '\r' && peek(1) == '\n') {
      ++at_;
    } else if (c == '\n' && node_.style != YamlNode::Style::kDouble) {
      // Blanks at the end of a line are dropped when lines are folded.
      std::size_t end = at_;
      while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t')) ++end;
      if (end < text_.size() && text_[end] == '\n') at_ = end;
    }
  }

  // Passes over what one or more bytes of the value came from; returns how many.
  std::size_t step() {
    const char c = peek();
    if (node_.style == YamlNode::Style::kSingle && c == '\'' && peek(1) == '\'') {
      at_ += 2;
      return 1;
    }
    if (node_.style == YamlNode::Style::kDouble && c == '\\') return escape();
    if (at_ < text_.size()) ++at_;
    if (block() && c == '\n') skip_indent();
    return 1;
  }

  std::size_t escape() {
    const char kind = peek(1);
    const std::size_t digits = kind == 'x' ? 2U : kind == 'u' ? 4U : kind == 'U' ? 8U : 0U;
    std::uint32_t point = kind == 'N' ? 0x85U : kind == '_' ? 0xa0U : 0U;
    if (kind == 'L' || kind == 'P') point = 0x2028U;
    for (std::size_t i = 0; i < digits; ++i) {
      const char d = peek(2 + i);
      const bool digit = d >= '0' && d <= '9';
      point = point * 16 + static_cast<std::uint32_t>(digit ? d - '0' : ((d | 0x20) - 'a' + 10));
    }
    at_ = std::min(at_ + 2 + digits, text_.size());
    return point < 0x80U ? 1U : point < 0x800U ? 2U : point < 0x10000U ? 3U : 4U;
  }

  const std::string& text_;
  const YamlNode& node_;
  std::size_t at_ = 0;
  std::size_t indent_ = 0;
};

}  // namespace

std::vector<std::uint32_t> scalar_offsets(const SourceText& source, const YamlNode& scalar) {
  if (source.text().empty()) return std::vector<std::uint32_t>(scalar.scalar.size() + 1, 0);
  return Aligner(source.text(), scalar).run();
}

}  // namespace weir
