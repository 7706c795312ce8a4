#include "data/json.h"
#include "formats/internal.h"
#include "formats/json_text.h"

namespace weir {
namespace {

class JsonEncoder final : public Encoder {
 public:
  explicit JsonEncoder(const Schema& schema) {
    for (const Field& field : schema.fields()) {
      std::string prefix = prefixes_.empty() ? "{" : ",";
      append_json_string(prefix, field.name);
      prefix += ':';
      prefixes_.push_back(std::move(prefix));
    }
  }

  Result<Encoded> encode(const Batch& batch, RowIndex row, std::string& out) const override {
    for (std::size_t i = 0; i < prefixes_.size(); ++i) {
      out += prefixes_[i];
      if (!append_json_value(out, batch.columns[i], row)) {
        return Error{Action::kSkipRecord,
                     "column \"" + (*batch.schema)[i].name + "\": JSON has no NaN and no Infinity"};
      }
    }
    out += prefixes_.empty() ? "{}" : "}";
    return Encoded::kValue;
  }

 private:
  std::vector<std::string> prefixes_;  // `{"a":`, `,"b":`
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_json_encoder(const Schema& schema) {
  return std::unique_ptr<Encoder>(std::make_unique<JsonEncoder>(schema));
}

}  // namespace weir
