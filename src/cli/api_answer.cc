#include "cli/api_answer.h"

#include <charconv>

#include "data/json.h"
#include "data/record.h"

namespace weir {

ApiAnswer::ApiAnswer(std::string_view json) {
  const Result<std::string_view> canonical =
      canonical_json(arena_.copy(json, kValuePadding), arena_);
  if (canonical) root_ = *canonical;
}

std::string_view ApiAnswer::member(std::string_view value, std::string_view key) const {
  const auto found = value.empty() ? std::nullopt : json_get(value, key);
  return found.value_or(std::string_view());
}

std::vector<std::string_view> ApiAnswer::elements(std::string_view value,
                                                  std::string_view key) const {
  std::vector<std::string_view> all;
  const std::string_view list = member(value, key);
  if (!list.starts_with('[')) return all;
  JsonElements elements(list);
  while (const auto element = elements.next()) all.push_back(*element);
  return all;
}

std::string ApiAnswer::text(std::string_view value, std::string_view key) {
  const std::string_view found = member(value, key);
  if (found.empty()) return {};
  return std::string(json_as_text(found, arena_).value_or(std::string_view()));
}

std::optional<double> ApiAnswer::number(std::string_view value, std::string_view key) const {
  const std::string_view text = member(value, key);
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace weir
