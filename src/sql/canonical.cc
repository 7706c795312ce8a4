#include "data/render.h"
#include "sql/expression.h"
#include "sql/node.h"

namespace weir {
namespace {

// These words are a part of durable plan hashes: a kind keeps its word for ever.
std::string_view word_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kColumn:
      return "column";
    case NodeKind::kMeta:
      return "meta";
    case NodeKind::kConstant:
      return "constant";
    case NodeKind::kCall:
      return "call";
    case NodeKind::kFit:
      return "fit";
    case NodeKind::kAnd:
      return "and";
    case NodeKind::kOr:
      return "or";
    case NodeKind::kNot:
      return "not";
    case NodeKind::kIsNull:
      return "is_null";
    case NodeKind::kIsTrue:
      return "is_true";
    case NodeKind::kIsFalse:
      return "is_false";
    case NodeKind::kDistinct:
      return "distinct";
    case NodeKind::kCase:
      return "case";
    case NodeKind::kCoalesce:
      return "coalesce";
  }
  return "?";
}

// Length first, so that no text can look like two.
void append_sized(std::string& out, std::string_view text) {
  out += std::to_string(text.size()) + ":";
  out += text;
}

void append_constant(std::string& out, const ExpressionNode& node) {
  if (node.null) {
    out += "null";
    return;
  }
  std::string text;
  switch (node.type.kind) {
    case TypeKind::kReal:
      append_real(text, static_cast<float>(node.real));
      break;
    case TypeKind::kInterval:
      append_interval(text, node.interval);
      break;
    case TypeKind::kUuid:
      append_uuid(text, node.uuid);
      break;
    case TypeKind::kDouble:
      append_double(text, node.real);
      break;
    case TypeKind::kNumeric:
      append_numeric(text, node.numeric);
      break;
    case TypeKind::kText:
    case TypeKind::kJsonb:
    case TypeKind::kBytea:
      text = node.text;
      break;
    default:
      text = std::to_string(node.integer);
  }
  append_sized(out, text);
}

void append_node(std::string& out, const ExpressionNode& node, const Schema& schema) {
  out += "(";
  out += word_of(node.kind);
  out += " " + to_string(node.type) + " ";
  switch (node.kind) {
    case NodeKind::kColumn:
      append_sized(out, schema[node.column].name);
      break;
    case NodeKind::kMeta:
      for (const MetaFieldInfo& meta : meta_fields()) {
        if (meta.field == node.meta) append_sized(out, meta.name);
      }
      break;
    case NodeKind::kConstant:
      append_constant(out, node);
      break;
    case NodeKind::kCall:
      append_sized(out, node.function->name);
      break;
    default:
      break;
  }
  for (const NodePtr& arg : node.args) append_node(out, *arg, schema);
  out += ")";
}

}  // namespace

std::string Expression::canonical(const Schema& schema) const {
  std::string out;
  append_node(out, *root_, schema);
  return out;
}

}  // namespace weir
