#include "spec/check_fields.h"

#include <fmt/format.h>

#include <set>
#include <string>

#include "spec/parse.h"
#include "spec/secret_names.h"

namespace weir {
namespace {

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kList:
      return "a list";
  }
  return "?";
}

// What one entry of a list or named map is called in messages.
std::string_view singular(std::string_view path) {
  if (path == "sources") return "source";
  if (path == "sinks" || path == "errors.sinks") return "sink";
  if (path == "steps") return "step";
  if (path == "steps.[].route") return "route entry";
  if (path == "params") return "parameter";
  if (path == "clusters") return "cluster";
  return {};
}

std::string join(std::string_view path, std::string_view segment) {
  return path.empty() ? std::string(segment) : fmt::format("{}.{}", path, segment);
}

class Walker {
 public:
  explicit Walker(const CheckContext& context) : context_(context) {}

  // `owner` is the thing with a name that the map belongs to, `where` the map itself.
  void map(YamlNode& node, std::string_view path, Place at, const std::string& owner,
           const std::string& where) {
    bool later = false;
    for (YamlEntry& entry : node.entries) {
      const FieldInfo* field = find_field(context_.table, join(path, entry.key.scalar));
      if (field == nullptr) {
        unknown(entry, path, where);
      } else if (field->status == FieldStatus::kLater) {
        later = true;
        entry.value.bad = true;
        context_.diagnostics.error(
            context_.source, entry.key.at, Code::kNotInThisVersion,
            fmt::format("\"{}\" is not in this version of weir", entry.key.scalar));
      } else {
        value(entry.value, *field, entry.key.at, entry.key.scalar, owner);
      }
    }
    // A source of a later kind lacks `kafka`, but that is not its mistake.
    if (!later) missing(node, path, at, where);
  }

 private:
  void error(Place at, Code code, std::string message, std::string hint = {}) {
    context_.diagnostics.error(context_.source, at, code, std::move(message), std::move(hint));
  }

  void unknown(YamlEntry& entry, std::string_view path, const std::string& where) {
    entry.value.bad = true;
    const std::string& key = entry.key.scalar;
    std::vector<std::string_view> known;
    std::string hint;
    for (const FieldInfo* field : children_of(context_.table, path)) {
      if (field->status == FieldStatus::kLater) continue;
      known.push_back(field->key());
      if (find_field(context_.table, join(field->path, key)) != nullptr) {
        hint = fmt::format("it belongs under \"{}\"", field->key());
      }
    }
    if (hint.empty()) hint = did_you_mean(key, known);
    if (hint.empty() && !path.empty() && find_field(context_.table, key) != nullptr) {
      hint = "it belongs at the top of the file; check the indent";
    }
    error(
        entry.key.at, Code::kUnknownField,
        fmt::format("unknown field \"{}\" in {}", context_.source.shown(entry.key.at, key), where),
        hint);
  }

  void missing(const YamlNode& node, std::string_view path, Place at, const std::string& where) {
    for (const FieldInfo* field : children_of(context_.table, path)) {
      if (!field->required || node.find(field->key()) != nullptr) continue;
      error(at, Code::kMissingField, fmt::format("\"{}\" is missing in {}", field->key(), where),
            field->example.empty() ? std::string() : fmt::format("such as {}", field->example));
    }
  }

  void wrong_shape(YamlNode& node, const FieldInfo& field, std::string_view key,
                   std::string_view wanted) {
    node.bad = true;
    std::string expected(wanted);
    if (field.type == FieldType::kMap && !field.choices.empty()) {
      expected = choice_list(field) + (takes_map(context_.table, field) ? " or a map" : "");
    } else if (!field.choices.empty()) {
      expected += " or " + choice_list(field);
    }
    error(node.at, Code::kWrongShape,
          fmt::format("\"{}\" must be {}, not {}", key, expected, kind_name(node)),
          field.example.empty() ? std::string() : fmt::format("such as {}", field.example));
  }

  void value(YamlNode& node, const FieldInfo& field, Place key_at, const std::string& key,
             const std::string& owner) {
    if (node.bad) return;
    switch (field.type) {
      case FieldType::kMap:
        return map_value(node, field, key_at, key, owner);
      case FieldType::kNamed:
        return named(node, field, key, owner);
      case FieldType::kTextOrList:
        if (node.is_scalar()) {
          const FieldInfo* item = find_field(context_.table, join(field.path, "[]"));
          return check_scalar(node, *item, key, context_);
        }
        return list(node, field, key, owner);
      case FieldType::kList:
        return list(node, field, key, owner);
      default:
        if (node.is_scalar()) return check_scalar(node, field, key, context_);
        if (node.kind == YamlNode::Kind::kNull) {
          node.bad = true;
          return error(
              key_at, Code::kWrongShape, fmt::format("\"{}\" needs a value", key),
              field.example.empty() ? std::string() : fmt::format("such as {}", field.example));
        }
        return wrong_shape(node, field, key,
                           field.type == FieldType::kCount ? "a number" : "a text");
    }
  }

  void map_value(YamlNode& node, const FieldInfo& field, Place key_at, const std::string& key,
                 const std::string& owner) {
    if (node.is_scalar() && !field.choices.empty()) {
      return check_scalar(node, field, key, context_);
    }
    // A key with nothing behind it must not read as one that is not there.
    if (!node.is_map()) return wrong_shape(node, field, key, "a map");
    const std::string where =
        owner.empty() ? fmt::format("\"{}\"", key) : fmt::format("\"{}\" of {}", key, owner);
    map(node, field.path, key_at, owner, where);
  }

  void named(YamlNode& node, const FieldInfo& field, const std::string& key,
             const std::string& owner) {
    const bool empty_section = node.kind == YamlNode::Kind::kNull && field.parent().empty();
    if (!node.is_map() && !empty_section) return wrong_shape(node, field, key, "a map");
    if (field.required && node.entries.empty()) {
      node.bad = true;
      return error(node.at, Code::kMissingField, fmt::format("\"{}\" is empty", key),
                   fmt::format("such as {}", field.example));
    }
    const FieldInfo* each = find_field(context_.table, join(field.path, "*"));
    const std::string_view word = singular(field.path);
    for (YamlEntry& entry : node.entries) {
      if (!word.empty() && !is_name(entry.key.scalar)) bad_name(entry.key, word);
      if (!word.empty() && each->type == FieldType::kMap) {
        entry_map(entry, *each, fmt::format("{} \"{}\"", word, entry.key.scalar));
      } else {
        value(entry.value, *each, entry.key.at, entry.key.scalar, owner);
      }
    }
  }

  void entry_map(YamlEntry& entry, const FieldInfo& each, const std::string& name) {
    if (entry.value.bad) return;
    if (entry.value.is_scalar() || entry.value.is_list()) {
      entry.value.bad = true;
      return error(entry.value.at, Code::kWrongShape,
                   fmt::format("{} must be a map, not {}", name, kind_name(entry.value)));
    }
    map(entry.value, each.path, entry.key.at, name, name);
  }

  void bad_name(const YamlNode& key, std::string_view word) {
    error(key.at, Code::kBadName, fmt::format("\"{}\" cannot name a {}", key.scalar, word),
          "1 to 48 letters, digits, - and _, the first a letter or a digit");
  }

  void list(YamlNode& node, const FieldInfo& field, const std::string& key,
            const std::string& owner) {
    if (!node.is_list()) {
      if (node.kind == YamlNode::Kind::kNull && !field.required && field.path == "steps") return;
      return wrong_shape(node, field, key, "a list");
    }
    const FieldInfo* each = find_field(context_.table, join(field.path, "[]"));
    const std::string_view word = singular(field.path);
    if (node.items.empty() && word.empty()) {
      node.bad = true;
      return error(node.at, Code::kMissingField, fmt::format("\"{}\" is empty", key));
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      YamlNode& item = node.items[i];
      if (item.bad) continue;
      if (each->type != FieldType::kMap) {
        value(item, *each, item.at, key, owner);
        continue;
      }
      const YamlNode* id = item.find("id");
      const std::string name = id != nullptr && id->is_scalar()
                                   ? fmt::format("{} \"{}\"", word, id->scalar)
                                   : fmt::format("{} {}", word, i + 1);
      if (!item.is_map()) {
        item.bad = true;
        error(item.at, Code::kWrongShape,
              fmt::format("{} must be a map, not {}", name, kind_name(item)));
        continue;
      }
      const Place at = item.entries.empty() ? item.at : item.entries.front().key.at;
      map(item, each->path, at, name, name);
    }
  }

  const CheckContext& context_;
};

// Before anything is shown: literal values of secret leaves never appear in a message.
void mask_secrets(const YamlNode& node, std::string_view path, const CheckContext& context) {
  const auto child = [&](const YamlNode& value, std::string_view segment, std::string_view key) {
    const FieldInfo* field = find_field(context.table, join(path, segment));
    if (field == nullptr) field = find_field(context.table, join(path, "*"));
    if (field == nullptr) return;
    const bool secret = field->type == FieldType::kSecret ||
                        (field->type == FieldType::kProperty && is_secret_name(key));
    if (value.is_scalar() && secret) {
      Place place = value.at;
      // A block begins at its mark; everything behind it that belongs to it is masked too.
      const std::vector<std::uint32_t> offsets = scalar_offsets(context.source, value);
      place.length = std::max(place.length, offsets.back() - place.offset);
      context.source.mask(place);
    }
    mask_secrets(value, field->path, context);
  };
  for (const YamlEntry& entry : node.entries)
    child(entry.value, entry.key.scalar, entry.key.scalar);
  for (const YamlNode& item : node.items) child(item, "[]", {});
}

// Where the keys stand that name a source, a sink, a cluster. A parameter's name is as telling of
// its value as a property's. Where there is no map behind a name, the key may be a misplaced one.
std::set<std::uint32_t> given_names(const YamlNode& root) {
  std::set<std::uint32_t> names;
  for (const std::string_view of : {"sources", "sinks", "errors.sinks", "clusters"}) {
    const YamlNode* node = &root;
    for (std::string_view rest = of; node != nullptr && !rest.empty();) {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      node = node->find(rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    if (node == nullptr) continue;
    for (const YamlEntry& entry : node->entries) {
      if (entry.value.is_map()) names.insert(entry.key.at.offset);
    }
  }
  return names;
}

}  // namespace

void check_fields(YamlNode& root, const CheckContext& context) {
  context.source.show_names(given_names(root));
  mask_secrets(root, "", context);
  const std::string top(context.file_is);
  if (!root.is_map()) {
    root.bad = true;
    context.diagnostics.error(context.source, root.at, Code::kWrongShape,
                              fmt::format("{} must be a map of keys", top));
    return;
  }
  Walker(context).map(root, "", {root.at.offset, 0}, "", top);
}

}  // namespace weir
