#include <algorithm>
#include <optional>

#include "formats/csv_scan.h"
#include "formats/internal.h"
#include "formats/text_value.h"

namespace weir {
namespace {

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  return "\"" + std::string(text.substr(0, kShownMax)) + (text.size() > kShownMax ? "...\"" : "\"");
}

Error mistake(std::string message) { return {Action::kSkipRecord, std::move(message)}; }

std::string explain(CsvMistake what, std::size_t field) {
  const std::string place = "field " + std::to_string(field + 1) + ": ";
  return place + (what == CsvMistake::kOpenQuote ? "the quote that opens it is not closed"
                                                 : "text follows its closing quote");
}

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(std::shared_ptr<const Schema> schema, CsvOptions options)
      : schema_(std::move(schema)), options_(std::move(options)) {
    if (!options_.header) map_columns(options_.columns);
  }

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& errors) override {
    auto batch = std::make_unique<Batch>();
    batch->arena = std::move(records.arena);
    batch->records = std::move(records.records);
    batch->origin = std::move(records.origin);
    batch->schema = schema_;
    batch->rows = batch->records.size();
    for (const Field& field : schema_->fields()) {
      batch->columns.push_back(Column::make(field.type, batch->rows, *batch->arena));
    }
    batch->selection.reserve(batch->rows);
    seen_ = nullptr;
    for (RowIndex row = 0; row < batch->rows; ++row) {
      const Result<bool> decoded = decode_row(*batch, row);
      if (!decoded) {
        errors.push_back({row, decoded.error().message()});
      } else if (*decoded) {
        batch->selection.push_back(row);
      }
    }
    return batch;
  }

 private:
  static constexpr std::size_t kAbsent = SIZE_MAX;

  // False for an empty line, which is no row unless there is one column.
  Result<bool> decode_row(Batch& batch, RowIndex row) {
    const Record& record = batch.records[row];
    if (record.value_null) return mistake("the record has no value");
    if (options_.header) WEIR_TRY(take_header(record));
    if (record.value.empty() && names_ != 1) return false;
    split_csv_row(record.value, options_.delimiter, fields_);
    WEIR_TRY(check_fields(record.value));
    for (std::size_t i = 0; i < places_.size(); ++i) {
      WEIR_TRY(decode_field(batch.columns[i], (*schema_)[i], places_[i], row, *batch.arena));
    }
    return true;
  }

  Result<> check_fields(std::string_view value) const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].mistake != CsvMistake::kNone) return mistake(explain(fields_[i].mistake, i));
    }
    if (fields_.back().end == CsvEnd::kNewline && fields_.back().next < value.size()) {
      return mistake("the record has more than one row");
    }
    if (fields_.size() == names_) return {};
    return mistake(std::to_string(fields_.size()) + (fields_.size() == 1 ? " field" : " fields") +
                   " where there are " + std::to_string(names_) +
                   (options_.header ? " in the header" : " columns in the schema"));
  }

  Result<> decode_field(Column& column, const Field& field, std::size_t place, RowIndex row,
                        Arena& arena) const {
    const bool absent = place == kAbsent;
    if (absent || (!fields_[place].quoted && fields_[place].text == options_.null_text)) {
      column.set_null(row);
      if (!field.not_null) return {};
      return mistake("column \"" + field.name + "\" is NOT NULL and " +
                     (absent ? "the file has no such column" : "the row has NULL"));
    }
    const std::string_view value = csv_value(fields_[place], arena);
    if (store_text(value, column, row, arena)) return {};
    return mistake("column \"" + field.name + "\": " + shown(value) + " is not " +
                   (field.type.kind == TypeKind::kText ? "UTF-8" : to_string(field.type)));
  }

  // All records of a file share the header; it is looked at again when it is another one.
  Result<> take_header(const Record& record) {
    const RecordHeader* const found = find_header(record, kCsvHeader);
    if (found == nullptr) return mistake("there is no header line; `header: false` expects none");
    if (found->value.data() != seen_) {
      seen_ = found->value.data();
      if (header_ != found->value) read_header(found->value);
    }
    if (!header_mistake_.empty()) return mistake(header_mistake_);
    return {};
  }

  void read_header(std::string_view line) {
    header_ = line;
    header_mistake_.clear();
    Arena arena;
    split_csv_row(line, options_.delimiter, fields_);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].mistake != CsvMistake::kNone) {
        header_mistake_ = "the header, " + explain(fields_[i].mistake, i);
      }
      names.emplace_back(csv_value(fields_[i], arena));
    }
    map_columns(names);
  }

  void map_columns(const std::vector<std::string>& names) {
    names_ = names.size();
    places_.clear();
    for (const Field& field : schema_->fields()) {
      const auto found = std::find(names.begin(), names.end(), field.name);
      places_.push_back(found == names.end() ? kAbsent
                                             : static_cast<std::size_t>(found - names.begin()));
      if (found != names.end() && std::find(found + 1, names.end(), field.name) != names.end()) {
        header_mistake_ = "the header names column \"" + field.name + "\" twice";
      }
    }
  }

  const std::shared_ptr<const Schema> schema_;
  const CsvOptions options_;
  std::size_t names_ = 0;            // fields of every row
  std::vector<std::size_t> places_;  // of each column among the fields; kAbsent
  std::vector<CsvField> fields_;     // of the row in hand
  std::optional<std::string> header_;
  const char* seen_ = nullptr;  // where the last record's header stands in this batch's arena
  std::string header_mistake_;
};

}  // namespace

Result<> check_csv(const CsvOptions& options) {
  const std::string reserved = {options.delimiter, '"', '\r', '\n'};
  if (reserved.find(options.delimiter, 1) != std::string::npos || options.delimiter == '\0') {
    return Error{Action::kStopJob, "a CSV delimiter is one byte, no quote and no newline"};
  }
  if (options.null_text.find_first_of(reserved) != std::string::npos) {
    return Error{Action::kStopJob,
                 "the text for NULL has no delimiter, quote or newline: it stands without quotes"};
  }
  return {};
}

Result<std::unique_ptr<Decoder>> make_csv_decoder(std::shared_ptr<const Schema> schema,
                                                  const CsvOptions& options) {
  WEIR_TRY(check_csv(options));
  return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(std::move(schema), options));
}

}  // namespace weir
