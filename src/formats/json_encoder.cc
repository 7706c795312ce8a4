#include <cmath>

#include "data/json.h"
#include "data/render.h"
#include "formats/internal.h"

namespace weir {
namespace {

void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    out += kDigits[group >> 18U];
    out += kDigits[group >> 12U & 63U];
    out += left > 1 ? kDigits[group >> 6U & 63U] : '=';
    out += left > 2 ? kDigits[group & 63U] : '=';
  }
}

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
      const Column& column = batch.columns[i];
      if (column.is_null(row)) {
        out += "null";
        continue;
      }
      switch (column.type().kind) {
        case TypeKind::kText:
          append_json_string(out, column.values<std::string_view>()[row]);
          break;
        case TypeKind::kTimestamptz:
          out += '"';
          append_rfc3339(out, column.values<std::int64_t>()[row]);
          out += '"';
          break;
        case TypeKind::kBytea:
          out += '"';
          append_base64(out, column.values<std::string_view>()[row]);
          out += '"';
          break;
        case TypeKind::kDouble:
          if (!std::isfinite(column.values<double>()[row])) {
            return Error{Action::kSkipRecord, "column \"" + (*batch.schema)[i].name +
                                                  "\": JSON has no NaN and no Infinity"};
          }
          append_double(out, column.values<double>()[row]);
          break;
        case TypeKind::kBoolean:
        case TypeKind::kInteger:
        case TypeKind::kBigint:
        case TypeKind::kNumeric:
        case TypeKind::kJsonb:
          append_text(out, column, row);
          break;
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
