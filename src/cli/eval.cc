#include "cli/eval.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/eval_schema.h"
#include "data/render.h"
#include "formats/decoder.h"
#include "formats/encoder.h"
#include "formats/json_text.h"
#include "job/run.h"
#include "spec/diagnostics.h"
#include "sql/evaluator.h"
#include "sql/expression.h"
#include "sql/node.h"

namespace weir {
namespace {

// So many objects say what columns there are, when --schema does not.
constexpr std::size_t kGuessLines = 100;

struct EvalFlags {
  std::string expression;
  std::string schema;
  bool text = false;
};

struct Line {
  std::size_t number = 0;
  std::string text;
};

// What is computed, over the columns of one schema.
struct Program {
  std::shared_ptr<const Schema> schema;
  bool list = false;  // a select list: its rows are objects
  std::vector<SelectTarget> targets;

  // A list is printed for each row whatever is in it: `*` is one, too.
  bool reads_rows() const { return list || !is_constant(targets[0].expression.root()); }

 private:
  static bool is_constant(const ExpressionNode& node) {
    if (node.kind == NodeKind::kColumn || node.kind == NodeKind::kMeta) return false;
    for (const NodePtr& arg : node.args) {
      if (!is_constant(*arg)) return false;
    }
    return true;
  }
};

std::optional<Program> compile(const std::string& text, const Schema& schema,
                               std::vector<SqlError>& errors) {
  Program program{std::make_shared<Schema>(schema), is_select_list(text), {}};
  const SqlScope scope{program.schema.get(), "standard input", {}};
  if (program.list) {
    program.targets = compile_select(text, scope, errors);
  } else if (std::optional<Expression> one = compile_expression(text, scope, errors)) {
    program.targets.push_back({"value", std::move(*one)});
  }
  return errors.empty() ? std::optional(std::move(program)) : std::nullopt;
}

// Mistakes in a word of the command line, which `name` stands for.
int report(const std::string& name, const std::string& text, const std::vector<SqlError>& errors) {
  const SourceText source(name, text);
  Diagnostics diagnostics;
  for (const SqlError& error : errors) {
    diagnostics.error(
        source,
        {static_cast<std::uint32_t>(error.offset), static_cast<std::uint32_t>(error.length)},
        error.code, error.message, error.hint);
  }
  std::fputs(diagnostics.render().c_str(), stderr);
  return kExitUsage;
}

// The columns that are used, and those that the schema promises to be there.
Schema narrowed(const Program& program) {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < program.schema->size(); ++i) {
    bool used = (*program.schema)[i].not_null;
    for (const SelectTarget& target : program.targets) {
      used = used || target.expression.columns().contains(i);
    }
    if (used) fields.push_back((*program.schema)[i]);
  }
  return Schema(std::move(fields));
}

class Evaluation {
 public:
  Evaluation(Program program, bool text)
      : program_(std::move(program)),
        text_(text),
        decoder_(*make_decoder(Format::kJson, program_.schema)) {
    Origin origin;
    origin.topic = origin.split = "stdin";
    origin.id_prefix = "stdin:";
    origin_ = std::make_shared<Origin>(std::move(origin));
    std::vector<Field> fields;
    for (const SelectTarget& target : program_.targets) {
      fields.push_back({target.name, target.expression.type(), false});
    }
    output_ = std::make_shared<Schema>(std::move(fields));
    encoder_ = *make_encoder(Format::kJson, *output_);
  }

  // Prints a line for each that can be evaluated, and a mistake for each other one.
  void run(const std::vector<Line>& lines) {
    RecordBatch records;
    records.origin = origin_;
    for (const Line& line : lines) {
      Record& record = records.records.emplace_back();
      record.value = records.arena->copy(line.text, kValuePadding);
      record.offset = static_cast<std::int64_t>(line.number) - 1;
    }
    std::vector<RowError> errors;
    const BatchPtr batch = decoder_->decode(std::move(records), errors);
    std::vector<Column> columns;
    for (const SelectTarget& target : program_.targets) {
      columns.push_back(evaluate(target.expression, *batch, batch->selection, errors));
    }
    deselect(*batch, errors);
    batch->columns = std::move(columns);
    batch->schema = output_;
    std::string out;
    for (const RowIndex row : batch->selection) {
      if (const Result<> printed = print(*batch, row, out); !printed) {
        errors.push_back({row, printed.error().message()});
      }
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
    fail(lines, std::move(errors));
  }

  bool failed() const { return failed_; }

 private:
  Result<> print(const Batch& batch, RowIndex row, std::string& out) const {
    const std::size_t before = out.size();
    if (text_) {
      for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        if (i > 0) out += '\t';
        if (!batch.columns[i].is_null(row)) append_text(out, batch.columns[i], row);
      }
    } else if (!program_.list) {
      if (!append_json_value(out, batch.columns[0], row)) {
        return Error{Action::kSkipRecord, "JSON has no NaN and no Infinity; --text prints them"};
      }
    } else if (const Result<Encoded> encoded = encoder_->encode(batch, row, out); !encoded) {
      out.resize(before);
      return encoded.error();
    }
    out += '\n';
    return {};
  }

  void fail(const std::vector<Line>& lines, std::vector<RowError> errors) {
    std::stable_sort(errors.begin(), errors.end(),
                     [](const RowError& a, const RowError& b) { return a.row < b.row; });
    // A row can fail in several columns; it is one bad line.
    errors.erase(std::unique(errors.begin(), errors.end(),
                             [](const RowError& a, const RowError& b) { return a.row == b.row; }),
                 errors.end());
    for (const RowError& error : errors) {
      failed_ = true;
      // An expression without columns has no line.
      const std::size_t number = lines[error.row].number;
      const std::string place = number == 0 ? "EXPR" : "stdin:" + std::to_string(number);
      std::fprintf(stderr, "%s: %s\n", place.c_str(), error.message.c_str());
    }
  }

  const Program program_;
  const bool text_;
  const std::unique_ptr<Decoder> decoder_;
  std::shared_ptr<const Origin> origin_;
  std::shared_ptr<const Schema> output_;
  std::unique_ptr<Encoder> encoder_;
  bool failed_ = false;
};

// Standard input by lines that are not blank.
class Input {
 public:
  // False at the end.
  bool read(Line& line) {
    while (std::getline(std::cin, line.text)) {
      line.number = ++number_;
      if (line.text.find_first_not_of(" \t\r") != std::string::npos) return true;
    }
    return false;
  }
  // More is there without waiting for it.
  static bool has_more() { return std::cin.rdbuf()->in_avail() > 0; }

 private:
  std::size_t number_ = 0;
};

int evaluate_lines(Input& input, std::vector<Line> lines, Program program, bool text) {
  Evaluation evaluation(std::move(program), text);
  std::size_t bytes = 0;
  for (Line line; input.read(line); line = {}) {
    bytes += line.text.size();
    lines.push_back(std::move(line));
    // What a person types, or a pipe brings now and then, is answered at once.
    if (lines.size() < kBatchRowsMax && bytes < kBatchBytesMax && Input::has_more()) continue;
    evaluation.run(lines);
    lines.clear();
    bytes = 0;
  }
  if (!lines.empty()) evaluation.run(lines);
  return evaluation.failed() ? kExitFailed : kExitDone;
}

// One that reads no column has one value, whatever stands on standard input. Nothing for others.
std::optional<int> evaluate_constant(const EvalFlags& flags) {
  std::vector<SqlError> errors;
  std::optional<Program> program = compile(flags.expression, {}, errors);
  // A mistake that no column would mend needs no rows to be told.
  const bool wants_columns = std::any_of(errors.begin(), errors.end(), [](const SqlError& error) {
    return error.code == Code::kUnknownColumn;
  });
  if (!program && !wants_columns) return report("EXPR", flags.expression, errors);
  if (!program || program->reads_rows()) return std::nullopt;
  Evaluation evaluation(std::move(*program), flags.text);
  evaluation.run({{0, "{}"}});
  return evaluation.failed() ? kExitFailed : kExitDone;
}

// An expression wants columns, and what came in first gave none.
int no_columns(const std::vector<Line>& first) {
  if (first.empty()) {
    std::fputs("stdin: nothing came in, and EXPR reads columns: pipe JSON objects, one a line\n",
               stderr);
  } else {
    std::fprintf(stderr, "stdin:%zu: this line is no JSON object with fields, such as {\"a\": 1}\n",
                 first.front().number);
  }
  return first.empty() ? kExitUsage : kExitFailed;
}

int eval(const EvalFlags& flags) {
  std::ios::sync_with_stdio(false);
  if (const std::optional<int> code = evaluate_constant(flags)) return *code;
  std::vector<SqlError> errors;
  Schema schema = flags.schema.empty() ? Schema() : compile_schema(flags.schema, errors);
  if (!errors.empty()) return report("--schema", flags.schema, errors);
  Input input;
  std::vector<Line> first;
  if (flags.schema.empty()) {
    SchemaGuess guess;
    for (Line line; first.size() < kGuessLines && input.read(line); line = {}) {
      guess.learn(line.text);
      first.push_back(std::move(line));
    }
    schema = guess.schema();
  }
  std::optional<Program> program = compile(flags.expression, schema, errors);
  if (program) program = compile(flags.expression, narrowed(*program), errors);
  if (!program && flags.schema.empty() && schema.size() == 0) return no_columns(first);
  if (!program) return report("EXPR", flags.expression, errors);
  return evaluate_lines(input, std::move(first), std::move(*program), flags.text);
}

}  // namespace

void add_eval_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("eval", "an expression over the JSON objects on standard input");
  const auto flags = std::make_shared<EvalFlags>();
  command->add_option("EXPR", flags->expression, "an expression, or a select list")->required();
  command
      ->add_option("--schema", flags->schema,
                   "the columns and their types, as in a job file: \"a bigint, ts timestamptz\"")
      ->type_name("COLUMNS");
  command->add_flag("--text", flags->text,
                    "values as plain text, columns between tabs, NULL as nothing");
  command->callback([flags, &exit_code] { exit_code = eval(*flags); });
}

}  // namespace weir
