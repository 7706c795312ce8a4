#include <fmt/format.h>

#include "base/units.h"
#include "spec/fields.h"

namespace weir {
namespace {

// "sources.*.kafka.assign.*" as a person reads it.
std::string shown_path(std::string_view path) {
  std::string shown;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view segment = path.substr(0, dot);
    if (segment == "[]") {
      shown += "[]";
    } else {
      if (!shown.empty()) shown += '.';
      shown += segment == "*" ? "NAME" : segment;
    }
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return shown;
}

// A cell of a table: no bar may end it early.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::kMap:
    case FieldType::kNamed:
      return "map";
    case FieldType::kList:
      return "list";
    case FieldType::kTextOrList:
      return "text or list";
    case FieldType::kText:
    case FieldType::kProperty:
      return "text";
    case FieldType::kName:
      return "name";
    case FieldType::kTopic:
      return "topic";
    case FieldType::kBroker:
    case FieldType::kAddress:
      return "host:port";
    case FieldType::kSql:
      return "SQL";
    case FieldType::kSqlType:
      return "SQL type";
    case FieldType::kSecret:
      return "secret";
    case FieldType::kDuration:
      return "duration";
    case FieldType::kSize:
      return "size";
    case FieldType::kPercent:
      return "percent";
    case FieldType::kRate:
      return "rate";
    case FieldType::kCount:
      return "number";
    case FieldType::kTimestamp:
      return "time";
    case FieldType::kChoice:
      return "";
  }
  return "?";
}

std::string type_cell(std::span<const FieldInfo> table, const FieldInfo& field) {
  std::string words;
  for (const FieldChoice& choice : choices_of(field)) {
    if (choice.later) continue;
    words += (words.empty() ? "" : ", ") + code(choice.word);
  }
  std::string_view type = type_name(field.type);
  if (field.type == FieldType::kMap && !field.choices.empty() && !takes_map(table, field)) {
    type = "";
  }
  if (words.empty()) return std::string(type);
  return type.empty() ? words : fmt::format("{}, or {}", words, type);
}

std::string limits_text(const FieldInfo& field) {
  if (field.max == 0) return {};
  const auto duration = [](std::uint64_t us) {
    return format_duration(std::chrono::microseconds(static_cast<std::int64_t>(us)));
  };
  switch (field.type) {
    case FieldType::kDuration:
      return fmt::format(" {} to {}.", duration(field.min), duration(field.max));
    case FieldType::kSize:
      return fmt::format(" {} to {}.", format_size(field.min), format_size(field.max));
    case FieldType::kPercent:
      return fmt::format(" {} to {}.", format_percent(field.min), format_percent(field.max));
    case FieldType::kCount:
      return fmt::format(" {} to {}.", field.min, field.max);
    default:
      return {};
  }
}

bool has_row(const FieldInfo& field) {
  return field.status == FieldStatus::kSupported && field.key() != "*" && field.key() != "[]";
}

void append_rows(std::string& out, std::span<const FieldInfo> table, std::string_view parent) {
  for (const FieldInfo* field : children_of(table, parent)) {
    if (!has_row(*field)) continue;
    out += fmt::format("| `{}` | {} | {} | {} | {}{} | {} |\n", field->key(),
                       cell(type_cell(table, *field)),
                       field->required ? "required" : cell(code(field->preset)), field->since,
                       cell(field->description), limits_text(*field), cell(code(field->example)));
  }
}

bool has_section(std::span<const FieldInfo> table, std::string_view path) {
  for (const FieldInfo* child : children_of(table, path)) {
    if (has_row(*child)) return true;
  }
  return false;
}

void append_section(std::string& out, std::span<const FieldInfo> table, std::string_view path,
                    std::string_view title, std::string_view text) {
  out += fmt::format("### {}\n\n", title);
  if (!text.empty()) out += fmt::format("{}\n\n", text);
  out +=
      "| key | type | default | since | meaning | example |\n| --- | --- | --- | --- | --- | --- "
      "|\n";
  append_rows(out, table, path);
  out += '\n';
}

void append_table(std::string& out, std::span<const FieldInfo> table, std::string_view top) {
  append_section(out, table, "", top, "");
  for (const FieldInfo& field : table) {
    if (field.status != FieldStatus::kSupported || !has_section(table, field.path)) continue;
    append_section(out, table, field.path, code(shown_path(field.path)), field.description);
  }
}

void append_later(std::string& out, std::span<const FieldInfo> table) {
  std::string list;
  for (const FieldInfo& field : table) {
    if (field.status == FieldStatus::kLater) {
      list += (list.empty() ? "" : ", ") + code(shown_path(field.path));
    }
    for (const FieldChoice& choice : choices_of(field)) {
      if (!choice.later) continue;
      list += (list.empty() ? "" : ", ") +
              code(fmt::format("{}: {}", shown_path(field.path), choice.word));
    }
  }
  out += list + ".\n";
}

constexpr std::string_view kIntroduction = R"(# Job files and weir.yaml

<!-- Made from the table that src/spec parses with. To change it, change src/spec/job_fields.cc or
src/spec/weir_fields.cc and run the unit tests of spec with WEIR_UPDATE_GOLDEN=1. -->

Beside this page: [late-departures.yaml](late-departures.yaml), a job to begin with;
[weir.yaml](weir.yaml), what the jobs of a machine share; `job.schema.json` and `weir.schema.json`,
JSON Schemas for editors. With the YAML language server, put this on a job's first line:

```yaml
# yaml-language-server: $schema=job.schema.json
```

`weir check JOB.yaml` names every mistake with its line; `weir explain W1004` says more about one.

## What holds for every key

- A key that is not listed here is an error, never ignored.
- **duration**: a number with `us`, `ms`, `s`, `m`, `h` or `d`, such as `250ms`. **size**: with `B`, `kB`, `MB`,
  `GB`, `TB` (powers of 1,000) or `KiB`, `MiB`, `GiB`, `TiB` (of 1,024). **rate**: `20000/s`. **percent**: `150%`. A bare number is an error.
- **name**: 1 to 48 letters, digits, `-` and `_`, the first a letter or a digit.
- **SQL**: PostgreSQL's grammar. Put it in a block (`|`) or in quotes where it holds a comma in `{ }`, a `: ` or a ` #`,
  and comments on lines of their own.
- **SQL types**, and what they are in JSON, read and written: `boolean` is true or false; `smallint`, `integer`, `bigint`,
  `real`, `double precision` and `numeric` are numbers (`numeric` reads strings too, with every digit); `text` is a
  string, `jsonb` any value; `timestamptz` is a string in RFC 3339, written in UTC, `timestamp` one without a zone,
  `date` `2026-11-22`; `interval` is a string such as `1 day 02:00:00`, read in ISO 8601's form as well; `uuid` is a
  string, `bytea` one in base64. In CSV they are the same without quotes, but `bytea` is `\x00ff`.
- `${env:NAME}` and `${param:name}` are replaced in every text but SQL.
  `${file:/path}` is for secrets: it may stand for user name and passwords in `security`, and in `properties`, and
  is read again at every connect.
  `$${` stands for `${`. Secrets are not shown in any message or log.
- Anchors, aliases, tags, merge keys (`<<`) and several documents in one file are refused. A text that begins with
  `*`, `&`, `!`, `%` or `@` is one of these to YAML: write `select: "*"` in quotes.

## What SQL may say

The types, functions and operators, and where they differ from PostgreSQL's, are in [src/sql/README.md](../src/sql/README.md).
Beside its columns every row has, without naming them in `schema`: `_key` (bytea), `_topic`, `_partition`, `_offset`,
`_timestamp`, `_headers` (jsonb) and `_id` (text, the same in every replay). They ride along through all steps, so
`key: _key` works behind a `select`, and are written only when they are selected under another name: `_offset AS position`.
A copy of a topic with its keys is `format: raw` on both sides and `key: _key`.
`_headers` is an object of texts; a name that a record has more than once holds the array of its values, in their order. A sink
writes headers one by one, each name once: `headers: { trace: "_headers->>'trace'" }`, of several the array as one text.

How a JSON field becomes a value of its column's type: a field that is missing, and null, are NULL; `text` takes a string,
`boolean` true and false, numbers a number, `timestamptz` a string in RFC 3339 (without a zone:
UTC), `jsonb` anything. What does not fit, an overflow, and NULL in a NOT NULL column are decode errors.

)";

}  // namespace

std::string config_readme() {
  std::string out(kIntroduction);
  out += "## A job file\n\n";
  append_table(out, job_fields(), "The top of a job file");
  out +=
      "## weir.yaml\n\nFound at `--config FILE`, else `$WEIR_CONFIG`, else `/etc/weir/weir.yaml`; "
      "optional.\n\n";
  append_table(out, weir_fields(), "The top of weir.yaml");
  out +=
      "## Known, and not in this version\n\n`weir check` refuses these by name (W1006). In a job "
      "file: ";
  append_later(out, job_fields());
  out += "\nIn weir.yaml: ";
  append_later(out, weir_fields());
  return out;
}

}  // namespace weir
