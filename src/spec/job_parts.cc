#include "spec/job_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/check_fields.h"
#include "spec/fields.h"
#include "spec/job_words.h"

namespace weir {

bool exactly_one(const YamlNode& map, std::initializer_list<std::string_view> keys, Place at,
                 const std::string& where, std::string_view example, const PartContext& context,
                 bool others) {
  std::vector<std::string_view> there;
  for (const std::string_view key : keys) {
    if (map.find(key) != nullptr) there.push_back(key);
  }
  if (there.size() == 1) return true;
  if (there.empty()) {
    if (others) return false;
    std::string list;
    std::size_t left = keys.size();
    for (const std::string_view key : keys) {
      list += fmt::format("{}\"{}\"", list.empty() ? "" : left == 1 ? " or " : ", ", key);
      --left;
    }
    context.error(at, Code::kMissingField, fmt::format("{} is missing in {}", list, where),
                  fmt::format("such as {}", example));
    return false;
  }
  context.error(
      map.find(there[1])->at, Code::kExclusiveFields,
      fmt::format("\"{}\" and \"{}\" exclude one another in {}", there[0], there[1], where),
      "keep one of them");
  return false;
}

bool has_later_key(const YamlNode& map, std::string_view path) {
  return std::any_of(map.entries.begin(), map.entries.end(), [&](const YamlEntry& entry) {
    const FieldInfo* field = find_field(job_fields(), fmt::format("{}.{}", path, entry.key.scalar));
    return field == nullptr || field->status == FieldStatus::kLater;
  });
}

std::optional<Located<FormatKind>> read_format(const YamlNode& map) {
  return choice_of(&map, "format", kFormats);
}

CsvSpec read_csv(const YamlNode& map, const Located<FormatKind>& format,
                 const PartContext& context) {
  CsvSpec made;
  const YamlNode* const csv = map.find("csv");
  if (csv == nullptr) return made;
  if (format.given && *format != FormatKind::kCsv) {
    context.error(csv->at, Code::kExclusiveFields,
                  fmt::format("\"csv\" has no use with format {}", to_string(*format)));
  }
  if (const auto delimiter = text_of(usable(&map, "csv"), "delimiter")) {
    const std::string& text = **delimiter;
    if (text == "\\t") {
      made.delimiter = '\t';
    } else if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r") {
      made.delimiter = text[0];
    } else {
      context.error(delimiter->at, Code::kBadValue,
                    "\"delimiter\" must be one ASCII character, not a quote or a newline",
                    "such as delimiter: \";\", or \"\\t\" for a tab");
    }
  }
  if (const auto header = text_of(usable(&map, "csv"), "header")) {
    made.header = **header == "true";
  }
  if (const auto null_text = text_of(usable(&map, "csv"), "null")) made.null_text = **null_text;
  return made;
}

bool same_cluster(const KafkaEndpoint& a, const KafkaEndpoint& b) {
  std::vector<std::string> x = a.cluster.brokers;
  std::vector<std::string> y = b.cluster.brokers;
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  return a.cluster.name == b.cluster.name && x == y;
}

KafkaEndpoint read_endpoint(const YamlNode& map, Place at, const std::string& label,
                            const PartContext& context) {
  KafkaEndpoint made;
  made.at = at;
  if (!exactly_one(map, {"cluster", "brokers"}, at, fmt::format("\"kafka\" of {}", label),
                   "brokers: localhost:9092", context)) {
    return made;
  }
  if (const YamlNode* brokers = map.find("brokers"); brokers != nullptr) {
    made.at = brokers->at;
    made.cluster.brokers = context.kafka.brokers(&map);
    return made;
  }
  const auto name = text_of(&map, "cluster");
  if (!name) return made;
  made.at = name->at;
  const auto found = context.config.clusters.find(**name);
  if (found != context.config.clusters.end()) {
    made.cluster = found->second;
    return made;
  }
  std::vector<std::string_view> known;
  for (const auto& [known_name, unused] : context.config.clusters) known.push_back(known_name);
  std::string hint = did_you_mean(**name, known);
  if (hint.empty() && context.config.source == nullptr)
    hint = "there is no weir.yaml; --config names it";
  context.error(name->at, Code::kUnknownCluster,
                fmt::format("weir.yaml has no cluster \"{}\"", **name), hint);
  return made;
}

}  // namespace weir
