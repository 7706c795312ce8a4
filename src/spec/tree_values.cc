#include "spec/tree_values.h"

#include <charconv>

#include "base/units.h"

namespace weir {

const YamlNode* usable(const YamlNode* map, std::string_view key) {
  if (map == nullptr) return nullptr;
  const YamlNode* node = map->find(key);
  return node == nullptr || node->bad || node->kind == YamlNode::Kind::kNull ? nullptr : node;
}

std::optional<Located<std::string>> text_of(const YamlNode* map, std::string_view key) {
  const YamlNode* node = usable(map, key);
  if (node == nullptr || !node->is_scalar()) return std::nullopt;
  return Located<std::string>{node->scalar, node->at, true};
}

std::vector<std::string> texts_of(const YamlNode* map, std::string_view key) {
  std::vector<std::string> all;
  const YamlNode* node = usable(map, key);
  if (node == nullptr) return all;
  if (node->is_scalar()) all.push_back(node->scalar);
  for (const YamlNode& item : node->items) {
    if (!item.bad && item.is_scalar()) all.push_back(item.scalar);
  }
  return all;
}

std::optional<std::uint64_t> count_of(const YamlNode* map, std::string_view key) {
  const auto text = text_of(map, key);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const std::string& digits = text->value;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> size_of(const YamlNode* map, std::string_view key) {
  const auto text = text_of(map, key);
  return text ? parse_size(text->value) : std::nullopt;
}

std::optional<std::chrono::microseconds> duration_of(const YamlNode* map, std::string_view key) {
  const auto text = text_of(map, key);
  return text ? parse_duration(text->value) : std::nullopt;
}

SqlText sql_of(const SourceText& source, const YamlNode* map, std::string_view key) {
  const YamlNode* node = usable(map, key);
  if (node == nullptr || !node->is_scalar()) return {};
  return SqlText(node->scalar, node->at, scalar_offsets(source, *node));
}

void read_limits(const YamlNode* map, LimitsSpec& limits) {
  if (const auto threads = text_of(map, "threads")) {
    const auto count = count_of(map, "threads");
    limits.threads = count ? std::optional(static_cast<std::uint32_t>(*count)) : std::nullopt;
  }
  if (const auto memory = size_of(map, "memory")) limits.memory_bytes = *memory;
  if (const auto cpu = text_of(map, "cpu")) limits.cpu_percent = parse_percent(**cpu);
}

void read_restart(const YamlNode* map, RestartSpec& restart) {
  if (const auto attempts = count_of(map, "max_attempts")) {
    restart.max_attempts = static_cast<std::uint32_t>(*attempts);
  }
  if (const auto window = duration_of(map, "window")) restart.window = *window;
  const YamlNode* backoff = usable(map, "backoff");
  if (const auto initial = duration_of(backoff, "initial")) restart.backoff_initial = *initial;
  if (const auto max = duration_of(backoff, "max")) restart.backoff_max = *max;
  // One that names only the other bound means it.
  if (backoff != nullptr && backoff->find("max") == nullptr) {
    restart.backoff_max = std::max(restart.backoff_max, restart.backoff_initial);
  } else {
    restart.backoff_initial = std::min(restart.backoff_initial, restart.backoff_max);
  }
}

}  // namespace weir
