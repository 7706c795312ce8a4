#include <fmt/format.h>

#include "spec/fields.h"

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Writes the schema of a field and of all under it, two blanks deeper per level.
class SchemaWriter {
 public:
  explicit SchemaWriter(std::span<const FieldInfo> table) : table_(table) {}

  std::string document(std::string_view title) {
    out_ = "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n  \"title\": " +
           quoted(title) + ",\n";
    map_members("", 1);
    out_ += "\n}\n";
    return out_;
  }

 private:
  void indent(std::size_t depth) { out_.append(2 * depth, ' '); }

  // "type", "properties", "required" of the map at `path`, without the braces around them.
  void map_members(std::string_view path, std::size_t depth) {
    indent(depth);
    out_ += "\"type\": \"object\",\n";
    std::string required;
    const FieldInfo* any = nullptr;
    bool first = true;
    for (const FieldInfo* child : children_of(table_, path)) {
      if (child->status == FieldStatus::kLater) continue;
      if (child->key() == "*") {
        any = child;
        continue;
      }
      if (child->required) required += (required.empty() ? "" : ", ") + quoted(child->key());
      if (first) {
        indent(depth);
        out_ += "\"properties\": {\n";
      } else {
        out_ += ",\n";
      }
      first = false;
      indent(depth + 1);
      out_ += quoted(child->key()) + ": ";
      field(*child, depth + 1);
    }
    if (!first) {
      out_ += "\n";
      indent(depth);
      out_ += "},\n";
    }
    if (!required.empty()) {
      indent(depth);
      out_ += "\"required\": [" + required + "],\n";
    }
    indent(depth);
    out_ += "\"additionalProperties\": ";
    if (any == nullptr) {
      out_ += "false";
    } else {
      field(*any, depth);
    }
  }

  void field(const FieldInfo& info, std::size_t depth) {
    out_ += "{\n";
    if (!info.description.empty()) {
      indent(depth + 1);
      out_ += "\"description\": " + quoted(info.description) + ",\n";
    }
    body(info, depth + 1);
    out_ += "\n";
    indent(depth);
    out_ += "}";
  }

  void body(const FieldInfo& info, std::size_t depth) {
    switch (info.type) {
      case FieldType::kMap:
        return map_or_word(info, depth);
      case FieldType::kNamed:
        return map_members(info.path, depth);
      case FieldType::kList:
        return list(info, depth);
      case FieldType::kTextOrList:
        indent(depth);
        out_ += "\"anyOf\": [\n";
        indent(depth + 1);
        out_ += "{ \"type\": \"string\" },\n";
        indent(depth + 1);
        out_ += "{\n";
        list(info, depth + 2);
        out_ += "\n";
        indent(depth + 1);
        out_ += "}\n";
        indent(depth);
        out_ += "]";
        return;
      default:
        indent(depth);
        out_ += scalar(info);
    }
  }

  void map_or_word(const FieldInfo& info, std::size_t depth) {
    if (info.choices.empty()) return map_members(info.path, depth);
    if (!takes_map(table_, info)) {
      indent(depth);
      out_ += "\"enum\": [" + words(info) + "]";
      return;
    }
    indent(depth);
    out_ += "\"anyOf\": [\n";
    indent(depth + 1);
    out_ += "{ \"enum\": [" + words(info) + "] },\n";
    indent(depth + 1);
    out_ += "{\n";
    map_members(info.path, depth + 2);
    out_ += "\n";
    indent(depth + 1);
    out_ += "}\n";
    indent(depth);
    out_ += "]";
  }

  void list(const FieldInfo& info, std::size_t depth) {
    indent(depth);
    out_ += "\"type\": \"array\",\n";
    indent(depth);
    out_ += "\"items\": ";
    field(*find_field(table_, fmt::format("{}.[]", info.path)), depth);
  }

  static std::string words(const FieldInfo& info) {
    std::string list;
    for (const FieldChoice& choice : choices_of(info)) {
      if (choice.later) continue;
      list += (list.empty() ? "" : ", ");
      // `version: 1` is a number to an editor.
      list += choice.word == "1" ? "1" : quoted(choice.word);
    }
    return list;
  }

  // References may stand where a text may, so patterns let them through.
  static std::string scalar(const FieldInfo& info) {
    switch (info.type) {
      case FieldType::kChoice:
        return "\"enum\": [" + words(info) + "]";
      case FieldType::kName:
        return R"("type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9_-]{0,47}|.*\\$\\{.*)$")";
      case FieldType::kTopic:
        return R"("type": "string", "pattern": "^([A-Za-z0-9._-]{1,249}|.*\\$\\{.*)$")";
      case FieldType::kDuration:
        return R"("type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)|.*\\$\\{.*)$")";
      case FieldType::kSize:
        return R"("type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?([kMGT]?B|[KMGT]iB)|.*\\$\\{.*)$")";
      case FieldType::kPercent:
        return R"("type": "string", "pattern": "^([0-9]+%|.*\\$\\{.*)$")";
      case FieldType::kRate:
        return R"("type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?/s|.*\\$\\{.*)$")";
      case FieldType::kCount: {
        std::string number = fmt::format("{{ \"type\": \"integer\", \"minimum\": {}", info.min);
        if (info.max != 0) number += fmt::format(", \"maximum\": {}", info.max);
        const std::string list = info.choices.empty()
                                     ? std::string()
                                     : fmt::format("{{ \"enum\": [{}] }}, ", words(info));
        return fmt::format(
            "\"anyOf\": [{}{} }}, {{ \"type\": \"string\", \"pattern\": \"\\\\$\\\\{{\" }}]", list,
            number);
      }
      case FieldType::kText:
      case FieldType::kProperty:
        return R"("type": ["string", "number", "boolean"])";
      default:
        return R"("type": "string")";
    }
  }

  const std::span<const FieldInfo> table_;
  std::string out_;
};

}  // namespace

std::string job_json_schema() { return SchemaWriter(job_fields()).document("A weir job file"); }
std::string weir_json_schema() { return SchemaWriter(weir_fields()).document("weir.yaml"); }

}  // namespace weir
