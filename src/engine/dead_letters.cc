#include "engine/dead_letters.h"

namespace weir {
namespace {

enum Place : std::size_t { kValue, kKey, kError, kStep, kSource, kJob };

// Of a text, at most as much as fits into the smallest record that a producer may be limited to,
// and no half of a character.
constexpr std::size_t kBytesMax = 600;
std::string_view beginning(std::string_view text, std::size_t bytes_max = kBytesMax) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::shared_ptr<const Schema> dead_letter_schema() {
  static const auto schema = std::make_shared<const Schema>(std::vector<Field>{
      {"value", {.kind = TypeKind::kBytea}, false},
      {"key", {.kind = TypeKind::kBytea}, false},
      {"error", {.kind = TypeKind::kText}, true},
      {"step", {.kind = TypeKind::kText}, true},
      {"source", {.kind = TypeKind::kText}, true},
      {"job", {.kind = TypeKind::kText}, true},
  });
  return schema;
}

void DeadLetters::add(SinkIndex sink, const Batch& batch, RowIndex row,
                      const DeadLetterText& text) {
  Pending& pending = pending_[sink];
  Arena& arena = *pending.arena;
  pending.origin = batch.origin;
  Letter letter{batch.records[row], arena.copy(beginning(text.error)), arena.copy(text.step),
                arena.copy(text.source), arena.copy(text.job)};
  letter.record.key = arena.copy(letter.record.key);
  letter.record.value = arena.copy(letter.record.value, kValuePadding);
  letter.record.id_suffix = arena.copy(letter.record.id_suffix);
  letter.record.headers = {};
  pending.letters.push_back(letter);
}

bool DeadLetters::add_shortened(SinkIndex sink, const Batch& batch, const RowError& error) {
  const Record& record = batch.records[error.row];
  if (record.value_null && record.key_null) return false;
  const bool value =
      record.key_null || (!record.value_null && record.value.size() >= record.key.size());
  const auto text = [&](Place place) {
    return batch.columns[place].values<std::string_view>()[error.row];
  };
  // Half of the room is for what follows.
  std::string why(beginning(text(kError), kBytesMax / 2));
  why += value ? "; its value of " : "; its key of ";
  why += std::to_string((value ? record.value : record.key).size()) + " bytes is left out: ";
  why += error.message;
  add(sink, batch, error.row, {why, text(kStep), text(kSource), text(kJob)});
  Record& shortened = pending_[sink].letters.back().record;
  (value ? shortened.value_null : shortened.key_null) = true;
  (value ? shortened.value : shortened.key) = {};
  return true;
}

std::vector<std::pair<SinkIndex, BatchPtr>> DeadLetters::take() {
  std::vector<std::pair<SinkIndex, BatchPtr>> batches;
  for (auto& [sink, pending] : pending_) {
    auto batch = std::make_unique<Batch>();
    batch->schema = dead_letter_schema();
    batch->rows = pending.letters.size();
    for (const Field& field : batch->schema->fields()) {
      batch->columns.push_back(Column::make(field.type, batch->rows, *pending.arena));
    }
    std::vector<Column>& columns = batch->columns;
    for (RowIndex row = 0; row < batch->rows; ++row) {
      const Letter& letter = pending.letters[row];
      const auto set = [&](Place place, std::string_view value) {
        columns[place].values<std::string_view>()[row] = value;
      };
      set(kValue, letter.record.value);
      set(kKey, letter.record.key);
      if (letter.record.value_null) columns[kValue].set_null(row);
      if (letter.record.key_null) columns[kKey].set_null(row);
      set(kError, letter.error);
      set(kStep, letter.step);
      set(kSource, letter.source);
      set(kJob, letter.job);
      batch->records.push_back(letter.record);
    }
    batch->select_all();
    batch->arena = std::move(pending.arena);
    batch->origin = std::move(pending.origin);
    batches.emplace_back(sink, std::move(batch));
  }
  pending_.clear();
  return batches;
}

}  // namespace weir
