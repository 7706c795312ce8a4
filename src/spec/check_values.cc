#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/units.h"
#include "data/render.h"
#include "data/type.h"
#include "spec/check_fields.h"
#include "spec/parse.h"

namespace weir {
namespace {

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Digits behind an optional minus.
bool is_whole_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_bare_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text != "." && text != ".." &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

// What is wrong with a broker's "host:port", or empty.
std::string broker_mistake(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return "write host:port; the protocol is `security` of a cluster in weir.yaml";
  }
  if (text.find(',') != std::string_view::npos)
    return "write several as a list: [k1:9092, k2:9092]";
  return address_mistake(text, "localhost:9092");
}

class ScalarCheck {
 public:
  ScalarCheck(YamlNode& node, const FieldInfo& field, std::string_view key,
              const CheckContext& context)
      : node_(node), field_(field), key_(key), context_(context) {}

  void run() {
    const bool keeps_files =
        field_.type == FieldType::kSecret || field_.type == FieldType::kProperty;
    if (field_.type != FieldType::kSql && !keeps_files) {
      const auto parts = resolve_references(context_.source, node_, context_.references, false,
                                            context_.diagnostics);
      if (!parts) {
        node_.bad = true;
        return;
      }
      std::string text;
      for (const SecretText::Part& part : *parts) text += part.text;
      if (text != node_.scalar) node_.scalar = std::move(text);
    } else if (keeps_files) {
      node_.bad = !resolve_references(context_.source, node_, context_.references, true,
                                      context_.diagnostics)
                       .has_value();
    }
    if (!node_.bad) by_type();
  }

 private:
  void fail(Code code, std::string message, std::string hint = {}) {
    node_.bad = true;
    context_.diagnostics.error(context_.source, node_.at, code, std::move(message),
                               std::move(hint));
  }
  const std::string& text() const { return node_.scalar; }

  void by_type() {
    switch (field_.type) {
      case FieldType::kMap:  // one of its words
      case FieldType::kChoice:
        return choice();
      case FieldType::kCount:
        return count();
      case FieldType::kDuration:
        return with_unit(parse_duration, "duration", "5s or 250ms", [](std::uint64_t us) {
          return format_duration(std::chrono::microseconds(static_cast<std::int64_t>(us)));
        });
      case FieldType::kSize:
        return with_unit(parse_size, "size", "64MiB or 10kB", format_size);
      case FieldType::kPercent:
        return with_unit(parse_percent, "share", "50% or 150%", format_percent);
      case FieldType::kRate:
        return rate();
      case FieldType::kName:
        if (is_name(text())) return;
        return fail(Code::kBadName, fmt::format("\"{}\" cannot be a name", text()),
                    "1 to 48 letters, digits, - and _, the first a letter or a digit");
      case FieldType::kTopic:
        if (is_topic(text())) return;
        return fail(Code::kBadName, fmt::format("\"{}\" cannot be a Kafka topic", text()),
                    "1 to 249 letters, digits, dots, - and _");
      case FieldType::kBroker:
        if (const std::string mistake = broker_mistake(text()); !mistake.empty()) {
          fail(Code::kBadValue, fmt::format("\"{}\" is not the address of a broker", text()),
               mistake);
        }
        return;
      case FieldType::kAddress:
        return address();
      case FieldType::kSqlType:
        return sql_type();
      case FieldType::kTimestamp:
        if (parse_timestamp(text())) return;
        return fail(
            Code::kBadValue, fmt::format("\"{}\" is not a time", text()),
            "such as 2026-11-01T00:00:00Z or 2026-11-01T00:00:00+01:00; without a zone it is UTC");
      case FieldType::kSql:
        return sql();
      default:
        if (text().empty() && field_.type != FieldType::kProperty && field_.path != "description" &&
            field_.path != "params.*.default" && field_.key() != "null") {
          fail(Code::kBadValue, fmt::format("\"{}\" is empty", key_));
        }
    }
  }

  void choice() {
    std::vector<std::string_view> known;
    for (const FieldChoice& choice : choices_of(field_)) {
      if (choice.word == text()) {
        if (!choice.later) return;
        return fail(Code::kNotInThisVersion,
                    fmt::format("\"{}: {}\" is not in this version of weir", key_, text()),
                    fmt::format("use {}", choice_list(field_)));
      }
      known.push_back(choice.word);
    }
    std::string hint = did_you_mean(text(), known);
    // The one key whose next value means a file of a newer weir.
    if (field_.path == "version" && is_whole_number(text())) {
      hint = "a file of a later version needs a newer weir";
    }
    fail(Code::kBadChoice,
         fmt::format("\"{}\" must be {}{}, not \"{}\"", key_, choice_list(field_),
                     takes_map(context_.table, field_) ? " or a map" : "", text()),
         std::move(hint));
  }

  void address() {
    for (const FieldChoice& choice : choices_of(field_)) {
      if (choice.word == text()) return;
    }
    const bool listens = !field_.choices.empty();
    const std::string mistake = address_mistake(text(), listens ? field_.preset : "nn1:9870");
    if (mistake.empty()) return;
    fail(Code::kBadValue, fmt::format("\"{}\" is not an address", text()),
         listens ? fmt::format("{}, or {}", mistake, choice_list(field_)) : mistake);
  }

  void count() {
    for (const FieldChoice& choice : choices_of(field_)) {
      if (choice.word == text()) return;
    }
    const std::optional<std::uint64_t> value = parse_count(text());
    const std::string words =
        field_.choices.empty() ? std::string() : fmt::format(" or {}", choice_list(field_));
    if (!value && !is_whole_number(text())) {
      return fail(Code::kBadValue,
                  fmt::format("\"{}\" must be a whole number{}, not \"{}\"", key_, words, text()));
    }
    const std::uint64_t max =
        field_.max != 0 ? field_.max : std::numeric_limits<std::uint64_t>::max();
    if (!value || *value < field_.min || *value > max) {
      fail(Code::kBadValue,
           fmt::format("\"{}\" must be between {} and {}{}", key_, field_.min, max, words));
    }
  }

  void rate() {
    const std::optional<double> value = parse_rate(text());
    if (!value && is_bare_number(text())) {
      return fail(Code::kNeedsUnit, fmt::format("\"{}\" needs a unit, such as 20000/s", key_));
    }
    if (!value || *value <= 0 || *value > 1e7) {
      fail(Code::kBadValue, fmt::format("\"{}\" must be a rate above 0 and up to 10000000/s", key_),
           "such as 20000/s");
    }
  }

  static std::uint64_t whole(std::chrono::microseconds us) {
    return static_cast<std::uint64_t>(us.count());
  }
  static std::uint64_t whole(std::uint64_t bytes) { return bytes; }

  // A number below zero, or one that is too large for `parse`.
  template <class Parse>
  bool is_out_of_range(Parse parse) const {
    const std::size_t digits = text().starts_with('-') ? 1 : 0;
    const std::size_t unit = text().find_first_not_of("0123456789.", digits);
    if (unit == std::string::npos) return digits == 1 && is_bare_number(text().substr(1));
    return unit > digits && std::count(text().begin(), text().end(), '.') <= 1 &&
           parse("1" + text().substr(unit)).has_value();
  }

  template <class Parse, class Format>
  void with_unit(Parse parse, std::string_view what, std::string_view such_as, Format format) {
    const auto value = parse(text());
    if (!value && !is_out_of_range(parse)) {
      if (is_bare_number(text())) {
        return fail(Code::kNeedsUnit,
                    fmt::format("\"{}\" needs a unit, such as {}", key_, such_as));
      }
      return fail(Code::kBadValue, fmt::format("\"{}\" is not a {}: \"{}\"", key_, what, text()),
                  fmt::format("such as {}", such_as));
    }
    if (!value || whole(*value) < field_.min || whole(*value) > field_.max) {
      fail(Code::kBadValue, fmt::format("\"{}\" must be between {} and {}", key_,
                                        format(field_.min), format(field_.max)));
    }
  }

  void sql_type() {
    if (parse_type(text())) return;
    fail(Code::kBadValue, fmt::format("\"{}\" is not a type", text()),
         fmt::format("one of {}", type_names()));
  }

  void sql() {
    if (node_.comment) {
      node_.bad = true;
      context_.diagnostics.error(
          context_.source, *node_.comment, Code::kCutByComment,
          fmt::format("\"{}\" is cut here: to YAML this # begins a comment", key_),
          "put the expression in quotes, or the comment on a line of its own");
      return;
    }
    if (text().find_first_not_of(" \t\r\n") == std::string::npos) {
      fail(Code::kBadValue, fmt::format("\"{}\" is empty", key_));
    } else if (text().find("${") != std::string::npos) {
      reference_in_sql();
    }
  }

  void reference_in_sql() {
    const std::size_t from = text().find("${");
    const std::size_t close = std::min(text().find('}', from), text().size() - 1);
    const SqlText sql(text(), node_.at, scalar_offsets(context_.source, node_));
    const std::string reference = text().substr(from, close + 1 - from);
    const bool param = reference.starts_with("${param:");
    node_.bad = true;
    context_.diagnostics.error(
        context_.source, sql.place(from, reference.size()), Code::kBadReference,
        "references are not replaced in SQL",
        param ? fmt::format("write params.{}", reference.substr(8, reference.size() - 9))
              : "write the value into the expression, or make it a parameter");
  }

  YamlNode& node_;
  const FieldInfo& field_;
  const std::string_view key_;
  const CheckContext& context_;
};

}  // namespace

std::string address_mistake(std::string_view text, std::string_view example) {
  if (text.empty() || text.find_first_of(" \t/@,") != std::string_view::npos) {
    return fmt::format("write host:port, such as {}", example);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fmt::format("write host:port, such as {}", example);
  const std::optional<std::uint64_t> port = parse_count(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return "the port must be 1 to 65535";
  if (colon == 0) return "the host is missing";
  return {};
}

void check_scalar(YamlNode& node, const FieldInfo& field, std::string_view key,
                  const CheckContext& context) {
  ScalarCheck(node, field, key, context).run();
}

}  // namespace weir
