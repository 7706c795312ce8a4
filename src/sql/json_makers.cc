#include <cmath>
#include <optional>

#include "data/json.h"
#include "data/record.h"
#include "data/render.h"
#include "sql/kernel.h"

namespace weir {
namespace {

bool is_object(Text value) { return value.starts_with('{'); }
bool is_array(Text value) { return value.starts_with('['); }
bool is_scalar(Text value) { return !is_object(value) && !is_array(value); }

// Behind the value at `at` of canonical text, which has no white space.
std::size_t behind_value(Text text, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth-- == 0) return at;
    } else if (depth == 0 && (c == ',' || c == ':')) {
      return at;
    }
  }
  return at;
}

// Calls take(key, element) for each, `key` with its quotes, or empty in an array; stops and is
// false when that says false.
template <class Take>
bool each_element(Text container, Take take) {
  const bool object = is_object(container);
  for (std::size_t at = 1; at + 1 < container.size();) {
    Text key;
    if (object) {
      const std::size_t colon = behind_value(container, at);
      key = container.substr(at, colon - at);
      at = colon + 1;
    }
    const std::size_t end = behind_value(container, at);
    if (!take(key, container.substr(at, end - at))) return false;
    at = end + 1;
  }
  return true;
}

bool contains(Arena& arena, Text a, Text b);

bool has_element(Arena& arena, Text array, Text wanted) {
  return !each_element(array, [&](Text, Text element) {
    if (is_scalar(wanted)) return element != wanted;
    return is_scalar(element) || !contains(arena, element, wanted);
  });
}

// `a @> b` of two values of one kind.
bool contains(Arena& arena, Text a, Text b) {
  if (is_object(a) != is_object(b) || is_array(a) != is_array(b)) return false;
  if (is_scalar(a)) return a == b;
  return each_element(b, [&](Text key, Text wanted) {
    if (is_array(a)) return has_element(arena, a, wanted);
    const std::optional<Text> name = json_as_text(key, arena);
    const std::optional<Text> found = json_get(a, *name);
    return found && contains(arena, *found, wanted);
  });
}

// An array contains a scalar as it contains its elements; only here, not further in.
bool contains_at_top(Arena& arena, Text a, Text b) {
  if (is_array(a) && is_scalar(b)) return has_element(arena, a, b);
  return contains(arena, a, b);
}

// From JSON that is not canonical yet, such as an object with a key twice.
Failure canonical(Arena& arena, const std::string& made, Text& out) {
  if (made.size() > kTextBytesMax) return kTextTooLong;
  const Result<Text> json = canonical_json(arena.copy(made, kValuePadding), arena);
  if (!json) return "this would be no JSON";
  out = *json;
  return kDone;
}

// What stands between the brackets.
Text inner(Text container) { return container.substr(1, container.size() - 2); }

Failure joined(Arena& arena, Text a, Text b, Text& out) {
  const bool objects = is_object(a) && is_object(b);
  // What is no array goes into one.
  const Text left = objects || is_array(a) ? inner(a) : a;
  const Text right = objects || is_array(b) ? inner(b) : b;
  std::string made(objects ? "{" : "[");
  made += left;
  if (!left.empty() && !right.empty()) made += ',';
  made += right;
  made += objects ? '}' : ']';
  return canonical(arena, made, out);
}

// Without the elements for which `drop` holds, which is asked for (key, element, place).
template <class Drop>
Text without(Arena& arena, Text container, Drop drop) {
  std::string made(container.substr(0, 1));
  std::int64_t place = 0;
  each_element(container, [&](Text key, Text element) {
    if (drop(key, element, place++)) return true;
    if (made.size() > 1) made += ',';
    if (!key.empty()) made.append(key).append(":");
    made += element;
    return true;
  });
  made += container.back();
  return arena.copy(made);
}

constexpr Failure kScalar = "cannot delete from scalar";

Failure without_key(Arena& arena, Text value, Text name, Text& out) {
  if (is_scalar(value)) return kScalar;
  // A key of an object, a string of an array.
  out = without(arena, value, [&](Text key, Text element, std::int64_t) {
    return json_as_text(key.empty() ? element : key, arena) == name &&
           (key.empty() ? element : key).starts_with('"');
  });
  return kDone;
}

Failure without_place(Arena& arena, Text value, std::int32_t place, Text& out) {
  if (is_object(value)) return "cannot delete from object using integer index";
  if (is_scalar(value)) return kScalar;
  std::int64_t count = 0;
  each_element(value, [&](Text, Text) { return ++count > 0; });
  const std::int64_t wanted = place < 0 ? count + place : place;
  out = without(arena, value, [&](Text, Text, std::int64_t at) { return at == wanted; });
  return kDone;
}

bool is_finite(const Column& column, RowIndex row) {
  if (column.type().kind == kR) return std::isfinite(column.values<float>()[row]);
  return column.type().kind != kD || std::isfinite(column.values<double>()[row]);
}

// As PostgreSQL's to_jsonb: numbers and booleans are themselves, the rest are strings.
void append_json(std::string& out, const Column& column, RowIndex row, Arena& arena) {
  std::string text;
  switch (column.type().kind) {
    case TypeKind::kBoolean:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kNumeric:
    case TypeKind::kJsonb:
      append_text(out, column, row);
      return;
    case TypeKind::kReal:
    case TypeKind::kDouble:
      if (is_finite(column, row)) {
        Text number;
        append_text(text, column, row);
        if (canonical(arena, text, number) == kDone) out += number;
        return;
      }
      append_text(text, column, row);
      break;
    case TypeKind::kTimestamp:
      append_iso_local(text, column.values<std::int64_t>()[row]);
      break;
    case TypeKind::kTimestamptz:
      append_iso_local(text, column.values<std::int64_t>()[row]);
      text += "+00:00";
      break;
    case TypeKind::kText:
    case TypeKind::kDate:
    case TypeKind::kInterval:
    case TypeKind::kBytea:
    case TypeKind::kUuid:
      append_text(text, column, row);
      break;
  }
  append_json_string(out, text);
}

void to_jsonb(KernelCall& call) {
  std::string made;
  for (const RowIndex row : call.rows) {
    if (call.args[0].is_null(row)) {
      call.out.set_null(row);
      continue;
    }
    made.clear();
    append_json(made, call.args[0], row, call.arena);
    Text json;
    if (const Failure failure = canonical(call.arena, made, json); failure != kDone) {
      call.fail(row, failure);
    } else {
      call.out.values<Text>()[row] = json;
    }
  }
}

// The values are jsonb already, the keys of an object text.
void build(KernelCall& call, bool object) {
  std::string made;
  for (const RowIndex row : call.rows) {
    made.assign(1, object ? '{' : '[');
    Failure failure = kDone;
    for (std::size_t i = 0; i < call.args.size(); ++i) {
      const Column& arg = call.args[i];
      const bool key = object && i % 2 == 0;
      if (i > 0 && (key || !object)) made += ',';
      if (key && arg.is_null(row)) {
        failure = "the key of an object must not be NULL";
      } else if (key) {
        append_json_string(made, arg.values<Text>()[row]);
        made += ':';
      } else if (arg.is_null(row)) {
        made += "null";
      } else {
        made += arg.values<Text>()[row];
      }
    }
    made += object ? '}' : ']';
    Text json;
    if (failure == kDone) failure = canonical(call.arena, made, json);
    if (failure != kDone) {
      call.fail(row, failure);
    } else {
      call.out.values<Text>()[row] = json;
    }
  }
}

}  // namespace

void add_json_makers(FunctionTable& table) {
  for (const TypeKind kind : type_kinds()) table.add("to_jsonb", {kind}, kJ, &to_jsonb);
  table.add_variadic("jsonb_build_object", kJ, [](KernelCall& call) { build(call, true); });
  table.add_variadic("jsonb_build_array", kJ, [](KernelCall& call) { build(call, false); });
  table.add("||", {kJ, kJ}, kJ, strict<Text, Text, Text>(&joined));
  table.add("-", {kJ, kT}, kJ, strict<Text, Text, Text>(&without_key));
  table.add("-", {kJ, kI}, kJ, strict<Text, Text, std::int32_t>(&without_place));
  table.add("@>", {kJ, kJ}, kB,
            strict<std::uint8_t, Text, Text>([](Arena& arena, Text a, Text b, std::uint8_t& out) {
              out = contains_at_top(arena, a, b) ? 1 : 0;
              return kDone;
            }));
  table.add("<@", {kJ, kJ}, kB,
            strict<std::uint8_t, Text, Text>([](Arena& arena, Text a, Text b, std::uint8_t& out) {
              out = contains_at_top(arena, b, a) ? 1 : 0;
              return kDone;
            }));
}

}  // namespace weir
