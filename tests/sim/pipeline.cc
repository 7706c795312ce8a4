#include "sim/pipeline.h"

#include <charconv>

#include "base/check.h"

namespace weir::test {
namespace {

BatchPtr named_rows(const RecordBatch& records, const EpochContext& epoch) {
  auto batch = std::make_unique<Batch>();
  batch->arena = std::make_unique<Arena>();
  batch->origin = records.origin;
  static const auto schema =
      std::make_shared<const Schema>(std::vector<Field>{{"row", {TypeKind::kText}, true}});
  batch->schema = schema;
  for (const Record& record : records.records) {
    Record copy = record;
    copy.key = batch->arena->copy(record.key);
    copy.value = batch->arena->copy(record.value);
    batch->records.insert(batch->records.end(), static_cast<std::size_t>(rows_of(record.value)),
                          copy);
  }
  batch->rows = batch->records.size();
  batch->columns.push_back(Column::make({TypeKind::kText}, batch->rows, *batch->arena));
  const auto texts = batch->columns[0].values<std::string_view>();
  RowName name{.epoch = epoch.epoch, .split = records.origin->split, .offset = -1, .number = 0};
  for (std::size_t i = 0; i < batch->rows; ++i) {
    name.number = batch->records[i].offset == name.offset ? name.number + 1 : 0;
    name.offset = batch->records[i].offset;
    const std::string padding = batch->records[i].value == kPoison ? std::string(1000, '.') : "";
    texts[i] = batch->arena->copy(to_text(name) + padding);
  }
  batch->select_all();
  return batch;
}

class NamingPipeline final : public Pipeline {
 public:
  explicit NamingPipeline(bool follows) : follows_(follows) {}

  Result<> process(RecordBatch&& records, const EpochContext& epoch, PipelineOut& out) override {
    out.rows(SinkIndex{0}, named_rows(records, epoch));
    if (follows_) out.rows(SinkIndex{1}, named_rows(records, epoch));
    return {};
  }

 private:
  const bool follows_;
};

template <class Number>
bool take_number(std::string_view& text, char before, Number& value) {
  if (before != '\0') {
    if (text.empty() || text.front() != before) return false;
    text.remove_prefix(1);
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string to_text(const RowName& row) {
  return std::to_string(row.epoch.value()) + "|" + row.split + "@" + std::to_string(row.offset) +
         "#" + std::to_string(row.number);
}

std::optional<RowName> parse_row(std::string_view text) {
  RowName row;
  EpochId::rep epoch = 0;
  if (!take_number(text, '\0', epoch) || text.empty() || text.front() != '|') return std::nullopt;
  row.epoch = EpochId{epoch};
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  row.split = text.substr(1, at - 1);
  text.remove_prefix(at);
  if (!take_number(text, '@', row.offset) || !take_number(text, '#', row.number)) {
    return std::nullopt;
  }
  return row;
}

int rows_of(std::string_view value) {
  WEIR_CHECK(!value.empty() && value.front() >= '0' && value.front() <= '9',
             "the simulator writes its input itself");
  return value.front() - '0';
}

std::unique_ptr<Pipeline> make_naming_pipeline(bool follows) {
  return std::make_unique<NamingPipeline>(follows);
}

}  // namespace weir::test
