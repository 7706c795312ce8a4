#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class FieldType : unsigned char {
  kMap,         ///< a map with the keys listed under it; with choices, one of these words instead
  kNamed,       ///< a map whose keys the user names; what is under each stands at `path.*`
  kList,        ///< a list; what each entry is stands at `path.[]`
  kTextOrList,  ///< one text or a list of texts, each as at `path.[]`
  kText,
  kName,      ///< [A-Za-z0-9][A-Za-z0-9_-]{0,47}
  kTopic,     ///< a Kafka topic's name
  kBroker,    ///< host:port
  kAddress,   ///< host:port
  kSql,       ///< an expression, select list or column list; references are not replaced in it
  kSqlType,   ///< bigint, numeric(12,2), ...
  kSecret,    ///< a text that is never shown
  kProperty,  ///< a librdkafka property's value; `${file:}` allowed
  kDuration,  ///< min and max in microseconds
  kSize,      ///< min and max in bytes
  kPercent,   ///< 150%; min and max in percents
  kRate,      ///< per second: 20000/s
  kCount,     ///< a whole number; with choices, one of these words instead
  kTimestamp,
  kChoice,
};

enum class FieldStatus : unsigned char {
  kSupported,
  kLater,  ///< part of the design; refused by name. What is under it is not listed
};

/// One key of a job file or of weir.yaml: the parser takes what is listed here and nothing else,
/// config/README.md and the JSON Schemas are made from it.
///
/// Thread: any, immutable.
struct FieldInfo {
  std::string_view path;  ///< "sources.*.kafka.topics"; `*` a user's name, `[]` a list's entry
  FieldType type = FieldType::kText;
  FieldStatus status = FieldStatus::kSupported;
  bool required = false;
  std::string_view choices = {};  ///< "json|raw|~csv": a word behind `~` comes later
  std::string_view preset = {};   ///< the default, as it would be written
  std::string_view example = {};
  std::string_view description = {};
  std::uint64_t min = 0;
  std::uint64_t max = 0;  ///< 0: none
  std::string_view since = "0.1";

  /// The last segment of the path.
  std::string_view key() const;
  std::string_view parent() const;
};

std::span<const FieldInfo> job_fields();
std::span<const FieldInfo> weir_fields();

/// The field at `path`; null when there is none.
const FieldInfo* find_field(std::span<const FieldInfo> table, std::string_view path);
/// Fields directly under `path` ("" for the top), `*` and `[]` included, in the table's order.
std::vector<const FieldInfo*> children_of(std::span<const FieldInfo> table, std::string_view path);

/// A kMap that this version takes as a map: one with words, and other keys than later ones.
bool takes_map(std::span<const FieldInfo> table, const FieldInfo& field);

struct FieldChoice {
  std::string_view word;
  bool later = false;
};
std::vector<FieldChoice> choices_of(const FieldInfo& field);
/// `"a", "b" or "c"` of the choices that this version has.
std::string choice_list(const FieldInfo& field);

/// config/README.md, as it is committed.
std::string config_readme();
/// JSON Schemas (draft 7) for editors.
std::string job_json_schema();
std::string weir_json_schema();

}  // namespace weir
