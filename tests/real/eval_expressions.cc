// Evaluates the expressions on standard input, one a line, and prints for each its type and its
// value as text, between tabs as COPY writes them; `!` and a message where it is a mistake.
// `-` in place of the type: the mistake was found before there was a row.
#include <iostream>
#include <string>

#include "data/render.h"
#include "sql/evaluator.h"
#include "sql/expression.h"

namespace {

using namespace weir;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string answer(const std::string& text, const Schema& none) {
  std::vector<SqlError> mistakes;
  const std::optional<Expression> expression =
      compile_expression(text, {&none, "nothing"}, mistakes);
  if (!expression) {
    return "-\t!" + escaped(mistakes.at(0).message + " | " + mistakes.at(0).hint);
  }
  Batch batch;
  batch.arena = std::make_unique<Arena>();
  batch.rows = 1;
  batch.records.resize(1);
  batch.select_all();
  std::vector<RowError> failed;
  const Column column = evaluate(*expression, batch, batch.selection, failed);
  const std::string type = to_string(expression->type()) + "\t";
  if (!failed.empty()) return type + "!" + escaped(failed[0].message);
  if (column.is_null(0)) return type + "\\N";
  std::string value;
  append_text(value, column, 0);
  return type + escaped(value.starts_with('!') ? "!" + value : value);
}

}  // namespace

int main() {
  const Schema none;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(line, none) << '\n';
  }
}
