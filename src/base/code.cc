#include "base/code.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace weir {
namespace {

// "kOtherOwner" -> "other_owner", once at start.
std::string snake_case(std::string_view enumerator) {
  std::string name;
  for (const char c : enumerator.substr(1)) {
    if (c >= 'A' && c <= 'Z') {
      if (!name.empty()) name += '_';
      name += static_cast<char>(c - 'A' + 'a');
    } else {
      name += c;
    }
  }
  return name;
}

struct Table {
  std::vector<std::string> names;
  std::vector<CodePage> pages;

  Table() {
    struct Row {
      Code code;
      std::string_view enumerator, title, cause, cure;
    };
    const Row rows[] = {
#define WEIR_CODE(number, name, title, cause, cure) {Code::name, #name, title, cause, cure},
#include "base/codes.def"
#undef WEIR_CODE
    };
    names.reserve(std::size(rows));
    for (const Row& row : rows) {
      names.push_back(snake_case(row.enumerator));
      pages.push_back({row.code, names.back(), row.title, row.cause, row.cure});
    }
    std::sort(pages.begin(), pages.end(),
              [](const CodePage& a, const CodePage& b) { return a.code < b.code; });
  }
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

std::span<const CodePage> code_pages() { return table().pages; }

std::optional<CodePage> find_code_page(Code code) {
  for (const CodePage& page : code_pages()) {
    if (page.code == code) return page;
  }
  return std::nullopt;
}

std::string to_string(Code code) {
  if (code == Code::kNone) return {};
  return "W" + std::to_string(static_cast<unsigned>(code));
}

std::string_view code_name(Code code) {
  const std::optional<CodePage> page = find_code_page(code);
  return page ? page->name : std::string_view{};
}

std::optional<Code> parse_code(std::string_view text) {
  if (!text.empty() && (text.front() == 'W' || text.front() == 'w')) text.remove_prefix(1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  const Code code{number};
  return find_code_page(code) ? std::optional(code) : std::nullopt;
}

}  // namespace weir
