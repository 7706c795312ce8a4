#include "spec/fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

std::string_view FieldInfo::key() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string_view FieldInfo::parent() const {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

const FieldInfo* find_field(std::span<const FieldInfo> table, std::string_view path) {
  for (const FieldInfo& field : table) {
    if (field.path == path) return &field;
  }
  return nullptr;
}

std::vector<const FieldInfo*> children_of(std::span<const FieldInfo> table, std::string_view path) {
  std::vector<const FieldInfo*> children;
  for (const FieldInfo& field : table) {
    if (field.parent() == path) children.push_back(&field);
  }
  return children;
}

bool takes_map(std::span<const FieldInfo> table, const FieldInfo& field) {
  if (field.type != FieldType::kMap) return false;
  const std::vector<const FieldInfo*> children = children_of(table, field.path);
  return std::any_of(children.begin(), children.end(), [](const FieldInfo* child) {
    return child->status == FieldStatus::kSupported;
  });
}

std::vector<FieldChoice> choices_of(const FieldInfo& field) {
  std::vector<FieldChoice> choices;
  std::string_view rest = field.choices;
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    std::string_view word = rest.substr(0, bar);
    const bool later = word.starts_with('~');
    if (later) word.remove_prefix(1);
    choices.push_back({word, later});
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return choices;
}

std::string choice_list(const FieldInfo& field) {
  std::vector<std::string_view> words;
  for (const FieldChoice& choice : choices_of(field)) {
    if (!choice.later) words.push_back(choice.word);
  }
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += fmt::format("\"{}\"", words[i]);
  }
  return list;
}

}  // namespace weir
