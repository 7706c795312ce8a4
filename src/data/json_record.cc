#include "data/json_record.h"

// GCC 12 sees dangling pointers in simdjson 3.0.1 where there are none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data/json.h"
#include "data/record.h"

namespace weir {

namespace ondemand = simdjson::ondemand;

struct JsonRecordReader::Parser {
  ondemand::parser parser;
  /// order[k]: which name stood at place k of the record before; -1 an unwanted one.
  std::vector<int> order;
  std::vector<std::string> keys;
};

namespace {

Error not_json(std::string_view why) {
  return {Action::kSkipRecord, "not JSON: " + std::string(why)};
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\t' ||
                            token.back() == '\r')) {
    token.remove_suffix(1);
  }
  return token;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The grammar of RFC 8259, section 6.
bool is_number(std::string_view token) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < token.size() && is_digit(token[at])) ++at;
    return at - from;
  };
  if (at < token.size() && token[at] == '-') ++at;
  if (at < token.size() && token[at] == '0') {
    ++at;
  } else if (digits() == 0) {
    return false;
  }
  if (at < token.size() && token[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < token.size() && (token[at] | 0x20) == 'e') {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == token.size();
}

// Checks a value all through; `value`, when wanted, gets it.
template <class Value>
Result<> check_value(Value&& element, int depth, JsonValue* value, Arena& arena);

Result<> check_string(ondemand::value& element, std::string_view token, JsonValue* value,
                      Arena& arena) {
  const std::string_view inner = token.substr(1, token.size() - 2);
  if (std::memchr(inner.data(), '\\', inner.size()) == nullptr) {
    // Taken, though its text is known: simdjson skips a string that was not as a key where a colon
    // stands behind it, and with that whatever comes up to the next bracket.
    if (const auto error = element.get_raw_json_string().error()) {
      return not_json(simdjson::error_message(error));
    }
    if (value != nullptr) *value = {JsonKind::kString, inner};
    return {};
  }
  std::string_view text;
  if (const auto error = element.get_string().get(text)) {
    return not_json(simdjson::error_message(error));
  }
  if (value != nullptr) *value = {JsonKind::kString, arena.copy(text)};
  return {};
}

Result<> check_nested(ondemand::value& element, ondemand::json_type type, int depth, Arena& arena) {
  if (depth >= kJsonDepthMax) return not_json("nested deeper than 256 levels");
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const auto error = element.get_array().get(array)) {
      return not_json(simdjson::error_message(error));
    }
    for (auto item : array) {
      ondemand::value inner;
      if (const auto error = std::move(item).get(inner)) {
        return not_json(simdjson::error_message(error));
      }
      WEIR_TRY(check_value(inner, depth + 1, nullptr, arena));
    }
    return {};
  }
  ondemand::object object;
  if (const auto error = element.get_object().get(object)) {
    return not_json(simdjson::error_message(error));
  }
  for (auto field : object) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) {
      return not_json(simdjson::error_message(error));
    }
    ondemand::value inner;
    if (const auto error = field.value().get(inner)) {
      return not_json(simdjson::error_message(error));
    }
    WEIR_TRY(check_value(inner, depth + 1, nullptr, arena));
  }
  return {};
}

template <class Value>
Result<> check_value(Value&& element, int depth, JsonValue* value, Arena& arena) {
  const std::string_view token = trimmed(element.raw_json_token());
  if (token.empty()) return not_json("a value is missing");
  switch (token.front()) {
    case '"':
      return check_string(element, token, value, arena);
    case '{':
    case '[': {
      const auto type =
          token.front() == '[' ? ondemand::json_type::array : ondemand::json_type::object;
      if (value == nullptr) return check_nested(element, type, depth, arena);
      // The text of a nested value is only known after it was walked. raw_json() gives it and
      // looks at the brackets alone, so it is checked here.
      std::string_view raw;
      if (type == ondemand::json_type::array) {
        ondemand::array array;
        if (const auto error = element.get_array().get(array)) {
          return not_json(simdjson::error_message(error));
        }
        if (const auto error = array.raw_json().get(raw)) {
          return not_json(simdjson::error_message(error));
        }
      } else {
        ondemand::object object;
        if (const auto error = element.get_object().get(object)) {
          return not_json(simdjson::error_message(error));
        }
        if (const auto error = object.raw_json().get(raw)) {
          return not_json(simdjson::error_message(error));
        }
      }
      // A later field of the same name may take the place of this one: it is JSON all the same.
      if (const auto mistake = find_json_mistake(raw, depth)) return not_json(mistake->what);
      *value = {JsonKind::kNested, trimmed(raw)};
      return {};
    }
    default:
      break;
  }
  JsonKind kind = JsonKind::kNumber;
  if (token == "null") {
    kind = JsonKind::kNull;
  } else if (token == "true") {
    kind = JsonKind::kTrue;
  } else if (token == "false") {
    kind = JsonKind::kFalse;
  } else if (!is_number(token)) {
    return not_json("\"" + std::string(token.substr(0, 32)) + "\" is not a value");
  }
  if (value != nullptr) *value = {kind, token};
  return {};
}

}  // namespace

JsonRecordReader::JsonRecordReader() : parser_(std::make_unique<Parser>()) {}
JsonRecordReader::~JsonRecordReader() = default;

Result<> JsonRecordReader::read_slowly(std::string_view document,
                                       std::span<const std::string_view> names,
                                       std::span<JsonValue> values, Arena& arena) {
  Result<> done = read_fields(document, names, values, arena);
  if (done) return done;
  // simdjson says that something is wrong; a person wants to know where.
  const std::optional<JsonMistake> mistake = find_json_mistake(document);
  return mistake ? not_json(to_string(*mistake)) : std::move(done.error());
}

Result<> JsonRecordReader::read_fields(std::string_view document,
                                       std::span<const std::string_view> names,
                                       std::span<JsonValue> values, Arena& arena) {
  std::fill(values.begin(), values.end(), JsonValue{});
  ondemand::document parsed;
  const simdjson::padded_string_view padded(document.data(), document.size(),
                                            document.size() + kValuePadding);
  if (const auto error = parser_->parser.iterate(padded).get(parsed)) {
    return not_json(simdjson::error_message(error));
  }
  ondemand::object object;
  if (const auto error = parsed.get_object().get(object)) {
    if (error == simdjson::INCORRECT_TYPE) {
      return Error{Action::kSkipRecord, "not a JSON object"};
    }
    return not_json(simdjson::error_message(error));
  }
  std::size_t place = 0;
  for (auto field : object) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) {
      return not_json(simdjson::error_message(error));
    }
    if (place == parser_->order.size()) {
      parser_->order.push_back(-1);
      parser_->keys.emplace_back();
    }
    if (parser_->keys[place] != key) {
      parser_->keys[place] = key;
      const auto found = std::find(names.begin(), names.end(), key);
      parser_->order[place] = found == names.end() ? -1 : static_cast<int>(found - names.begin());
    }
    const int wanted = parser_->order[place++];
    ondemand::value value;
    if (const auto error = field.value().get(value)) {
      return not_json(simdjson::error_message(error));
    }
    WEIR_TRY(check_value(value, 1, wanted < 0 ? nullptr : &values[static_cast<std::size_t>(wanted)],
                         arena));
  }
  // What stands behind the closing brace; current_location fails where nothing does.
  if (parsed.current_location().error() == simdjson::SUCCESS) {
    return not_json("more text behind the object");
  }
  return {};
}

}  // namespace weir
