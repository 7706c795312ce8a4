#include <algorithm>

#include "formats/internal.h"

namespace weir {
namespace {

// Whatever a decoder makes of a record that its source could not give whole is not what was there.
class UnreadableDecoder final : public Decoder {
 public:
  explicit UnreadableDecoder(std::unique_ptr<Decoder> decoder) : decoder_(std::move(decoder)) {}

  BatchPtr decode(RecordBatch&& records, std::vector<RowError>& errors) override {
    const std::size_t before = errors.size();
    BatchPtr batch = decoder_->decode(std::move(records), errors);
    for (RowIndex row = 0; row < batch->rows; ++row) {
      const RecordHeader* const why = find_header(batch->records[row], kUnreadable);
      if (why == nullptr) continue;
      std::erase(batch->selection, row);
      const auto first = errors.begin() + static_cast<std::ptrdiff_t>(before);
      errors.erase(std::remove_if(first, errors.end(),
                                  [&](const RowError& error) { return error.row == row; }),
                   errors.end());
      errors.push_back({row, std::string(why->value)});
    }
    return batch;
  }

 private:
  const std::unique_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<Decoder> refuse_unreadable(std::unique_ptr<Decoder> decoder) {
  return std::make_unique<UnreadableDecoder>(std::move(decoder));
}

}  // namespace weir
