#include "formats/json_text.h"

#include <cmath>

#include "data/base64.h"
#include "data/json.h"
#include "data/render.h"

namespace weir {
namespace {

bool is_finite(const Column& column, RowIndex row) {
  return column.type().kind == TypeKind::kReal ? std::isfinite(column.values<float>()[row])
                                               : std::isfinite(column.values<double>()[row]);
}

}  // namespace

bool append_json_value(std::string& out, const Column& column, RowIndex row) {
  if (column.is_null(row)) {
    out += "null";
    return true;
  }
  switch (column.type().kind) {
    case TypeKind::kText:
      append_json_string(out, column.values<std::string_view>()[row]);
      return true;
    case TypeKind::kReal:
    case TypeKind::kDouble:
      if (!is_finite(column, row)) return false;
      append_text(out, column, row);
      return true;
    case TypeKind::kBoolean:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kNumeric:
    case TypeKind::kJsonb:
      append_text(out, column, row);
      return true;
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kInterval:
    case TypeKind::kBytea:
    case TypeKind::kUuid:
      break;
  }
  out += '"';
  switch (column.type().kind) {
    case TypeKind::kTimestamptz:
      append_rfc3339(out, column.values<std::int64_t>()[row]);
      break;
    case TypeKind::kTimestamp:
      append_iso_local(out, column.values<std::int64_t>()[row]);
      break;
    case TypeKind::kBytea:
      append_base64(out, column.values<std::string_view>()[row]);
      break;
    default:
      append_text(out, column, row);
  }
  out += '"';
  return true;
}

}  // namespace weir
