#include "cli/eval_schema.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/arena.h"
#include "data/json.h"
#include "data/numeric.h"
#include "data/record.h"

namespace weir {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kBlanks, at), text.size());
}

// Behind the value that begins at `at`; the text is JSON.
std::size_t behind_value(std::string_view text, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c != '"') continue;
      quoted = false;
      if (depth == 0) return at + 1;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || c == ':' || kBlanks.find(c) != std::string_view::npos)) {
      return at;
    }
  }
  return at;
}

TypeKind kind_of_number(std::string_view token) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), whole);
  if (error == std::errc{} && end == token.data() + token.size()) return TypeKind::kBigint;
  return parse_numeric(token) ? TypeKind::kNumeric : TypeKind::kDouble;
}

// Nothing for null.
std::optional<TypeKind> kind_of(std::string_view token) {
  switch (token.front()) {
    case 'n':
      return std::nullopt;
    case 't':
    case 'f':
      return TypeKind::kBoolean;
    case '"':
      return TypeKind::kText;
    case '{':
    case '[':
      return TypeKind::kJsonb;
    default:
      return kind_of_number(token);
  }
}

int rung_of(TypeKind kind) {
  return kind == TypeKind::kBigint    ? 1
         : kind == TypeKind::kNumeric ? 2
         : kind == TypeKind::kDouble  ? 3
                                      : 0;
}

TypeKind joined(TypeKind a, TypeKind b) {
  if (a == b) return a;
  if (rung_of(a) == 0 || rung_of(b) == 0) return TypeKind::kJsonb;
  return rung_of(a) > rung_of(b) ? a : b;
}

}  // namespace

void SchemaGuess::learn(std::string_view line) {
  Arena arena;
  const std::string_view text = arena.copy(line, kValuePadding);
  std::size_t at = skip_blanks(text, 0);
  if (at == text.size() || text[at] != '{' || find_json_mistake(text)) return;
  for (at = skip_blanks(text, at + 1); at < text.size() && text[at] == '"';) {
    const std::size_t name_end = behind_value(text, at);
    const std::optional<std::string_view> name =
        json_as_text(text.substr(at, name_end - at), arena);
    at = skip_blanks(text, skip_blanks(text, name_end) + 1);  // behind the colon
    const std::size_t end = behind_value(text, at);
    learn_field(std::string(name.value_or("")), text.substr(at, end - at));
    at = skip_blanks(text, end);
    if (at < text.size() && text[at] == ',') at = skip_blanks(text, at + 1);
  }
}

void SchemaGuess::learn_field(std::string name, std::string_view token) {
  auto field = std::find_if(fields_.begin(), fields_.end(),
                            [&](const Seen& seen) { return seen.name == name; });
  if (field == fields_.end()) field = fields_.insert(field, {std::move(name), false, {}});
  const std::optional<TypeKind> kind = kind_of(token);
  if (!kind) return;
  field->kind = field->any ? joined(field->kind, *kind) : *kind;
  field->any = true;
}

Schema SchemaGuess::schema() const {
  std::vector<Field> fields;
  for (const Seen& seen : fields_) {
    fields.push_back({seen.name, {.kind = seen.any ? seen.kind : TypeKind::kText}, false});
  }
  return Schema(std::move(fields));
}

}  // namespace weir
