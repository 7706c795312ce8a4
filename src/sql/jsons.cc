#include "sql/jsons.h"

#include <charconv>
#include <optional>

#include "data/json.h"
#include "sql/kernel.h"

namespace weir {
namespace {

bool is_container(Text value) { return value.starts_with('{') || value.starts_with('['); }

// `->>` of what `->` found: PostgreSQL's text of it.
Failure as_text(Arena& arena, std::optional<Text> found, Text& out) {
  if (!found) return kIsNull;
  if (is_container(*found)) {
    out = json_text(arena, *found);
    return kDone;
  }
  const std::optional<Text> text = json_as_text(*found, arena);
  if (text) out = *text;
  return text ? kDone : kIsNull;
}

std::optional<std::int64_t> index_of(Text element) {
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(element.data(), element.data() + element.size(), index);
  if (error != std::errc{} || end != element.data() + element.size()) return std::nullopt;
  return index;
}

std::optional<Text> at_path(Text value, const std::vector<std::string>& path) {
  for (const std::string& element : path) {
    std::optional<Text> found;
    if (value.starts_with('[')) {
      const std::optional<std::int64_t> index = index_of(element);
      if (index) found = json_get(value, *index);
    } else {
      found = json_get(value, Text(element));
    }
    if (!found) return std::nullopt;
    value = *found;
  }
  return value;
}

// A path is a literal, so one reading serves every row of a call.
template <class Then>
Kernel path_kernel(Then then) {
  return [then](KernelCall& call) {
    const std::span<Text> values = call.args[0].values<Text>();
    const std::span<Text> paths = call.args[1].values<Text>();
    const char* read = nullptr;
    std::optional<std::vector<std::string>> path;
    for (const RowIndex row : call.rows) {
      if (call.args[0].is_null(row) || call.args[1].is_null(row)) {
        call.out.set_null(row);
        continue;
      }
      if (read != paths[row].data()) path = parse_json_path(paths[row]);
      read = paths[row].data();
      if (!path) {
        call.fail(row, "malformed path");
      } else if (then(call.arena, at_path(values[row], *path), call.out.values<Text>()[row]) !=
                 kDone) {
        call.out.set_null(row);
      }
    }
  };
}

// PostgreSQL takes a scalar for a list of one when it is asked by index.
std::optional<Text> field_of(Text value, std::int32_t index) {
  if (is_container(value)) return json_get(value, std::int64_t{index});
  return index == 0 || index == -1 ? std::optional(value) : std::nullopt;
}
std::optional<Text> field_of(Text value, Text key) { return json_get(value, key); }

template <class Key>
void getters(FunctionTable& table, TypeKind key) {
  table.add("->", {kJ, key}, kJ, strict<Text, Text, Key>([](Arena&, Text value, Key at, Text& out) {
              const std::optional<Text> found = field_of(value, at);
              if (found) out = *found;
              return found ? kDone : kIsNull;
            }));
  table.add("->>", {kJ, key}, kT,
            strict<Text, Text, Key>([](Arena& arena, Text value, Key at, Text& out) {
              return as_text(arena, field_of(value, at), out);
            }));
}

Text kind_of(Text value) {
  switch (value.empty() ? '\0' : value.front()) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

Failure array_length(Text value, std::int32_t& out) {
  if (value.starts_with('{')) return "cannot get array length of a non-array";
  if (!value.starts_with('[')) return "cannot get array length of a scalar";
  out = 0;
  for (JsonElements elements(value); elements.next();) ++out;
  return kDone;
}

}  // namespace

Text json_text(Arena& arena, Text value) {
  if (!is_container(value)) return value;
  std::string spaced;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    spaced += c;
    if (quoted && c == '\\') {
      spaced += value[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == ':')) {
      spaced += ' ';
    }
  }
  return arena.copy(spaced);
}

std::optional<std::vector<std::string>> parse_json_path(Text text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> path;
  constexpr Text kBlanks = " \t\n\r\v\f";
  if (text.find_first_not_of(kBlanks) == Text::npos) return path;
  std::size_t at = 0;
  while (true) {
    at = std::min(text.find_first_not_of(kBlanks, at), text.size());
    std::string element;
    const bool quoted = at < text.size() && text[at] == '"';
    if (quoted) {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) return std::nullopt;
        element += text[at];
      }
      if (at++ >= text.size()) return std::nullopt;
      at = std::min(text.find_first_not_of(kBlanks, at), text.size());
    } else {
      for (; at < text.size() && text[at] != ','; ++at) {
        if (Text("{}\"\\").find(text[at]) != Text::npos) return std::nullopt;
        element += text[at];
      }
      element.resize(element.find_last_not_of(kBlanks) + 1);
      if (element.empty()) return std::nullopt;
    }
    path.push_back(std::move(element));
    if (at == text.size()) return path;
    if (text[at++] != ',') return std::nullopt;
  }
}

void add_jsons(FunctionTable& table) {
  getters<Text>(table, kT);
  getters<std::int32_t>(table, kI);
  table.add("#>", {kJ, kT}, kJ, path_kernel([](Arena&, std::optional<Text> found, Text& out) {
              if (found) out = *found;
              return found ? kDone : kIsNull;
            }));
  table.add("#>>", {kJ, kT}, kT, path_kernel(&as_text));
  table.add("jsonb_typeof", {kJ}, kT, strict<Text, Text>([](Arena&, Text value, Text& out) {
              out = kind_of(value);
              return kDone;
            }));
  table.add("jsonb_array_length", {kJ}, kI,
            strict<std::int32_t, Text>(
                [](Arena&, Text value, std::int32_t& out) { return array_length(value, out); }));
  table.add(
      "?", {kJ, kT}, kB,
      strict<std::uint8_t, Text, Text>([](Arena& arena, Text value, Text key, std::uint8_t& out) {
        out = 0;
        if (value.starts_with('{')) {
          out = json_get(value, key) ? 1 : 0;
          return kDone;
        }
        // A string, or an array with that string.
        const auto is_key = [&](Text element) {
          return element.starts_with('"') && json_as_text(element, arena) == key;
        };
        if (!value.starts_with('[')) {
          out = is_key(value) ? 1 : 0;
          return kDone;
        }
        JsonElements elements(value);
        for (auto element = elements.next(); element && out == 0; element = elements.next()) {
          out = is_key(*element) ? 1 : 0;
        }
        return kDone;
      }));
  for (const char* name : {"?|", "?&", "#-"}) {
    table.refuse(name, {kJ, kT}, "arrays are not in this version; write x ? 'a' OR x ? 'b'");
  }
}

}  // namespace weir
