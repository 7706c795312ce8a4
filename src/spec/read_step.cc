#include <fmt/format.h>

#include <set>

#include "spec/check_fields.h"
#include "spec/job_parts.h"
#include "spec/job_words.h"

namespace weir {
namespace {

void read_route(const YamlNode& list, StepSpec& made, const std::string& label,
                const PartContext& context) {
  if (list.items.empty()) {
    context.error(list.at, Code::kMissingField, fmt::format("\"route\" of {} is empty", label),
                  "such as route: [ { when: delay > 60, to: late } ]");
  }
  bool otherwise = false;
  bool condition = false;
  for (const YamlNode& item : list.items) {
    if (item.bad) continue;
    RouteSpec entry;
    entry.when = sql_of(context.source, &item, "when");
    if (const YamlNode* node = item.find("otherwise"); node != nullptr) {
      entry.otherwise = true;
      if (const YamlNode* when = item.find("when"); when != nullptr) {
        context.error(node->at, Code::kExclusiveFields,
                      fmt::format("\"when\" and \"otherwise\" exclude one another in {}", label),
                      "otherwise takes what no condition took");
      } else if (otherwise) {
        context.error(node->at, Code::kExclusiveFields,
                      fmt::format("{} has two entries with \"otherwise\"", label),
                      "one takes all that is left");
      }
      otherwise = true;
    }
    condition = condition || item.find("when") != nullptr;
    if (const auto to = text_of(&item, "to")) entry.to = *to;
    made.route.push_back(std::move(entry));
  }
  if (otherwise && !condition) {
    context.error(list.at, Code::kMissingField,
                  fmt::format("\"otherwise\" of {} has no \"when\" beside it", label),
                  "an entry with neither takes every row");
  }
}

void read_union(const YamlNode& list, StepSpec& made, const std::string& label,
                const PartContext& context) {
  std::set<std::string> seen;
  for (const YamlNode& item : list.items) {
    if (item.bad) continue;
    if (!seen.insert(item.scalar).second) {
      context.error(item.at, Code::kBadValue,
                    fmt::format("\"{}\" is listed twice in {}", item.scalar, label));
      continue;
    }
    made.inputs.push_back({item.scalar, item.at, true});
  }
  if (list.items.size() == 1) {
    context.error(list.at, Code::kBadValue, fmt::format("\"union\" of {} has one input", label),
                  "list two or more, or use `from`");
  }
  if (made.from.given) {
    context.error(made.from.at, Code::kExclusiveFields,
                  fmt::format("\"from\" and \"union\" exclude one another in {}", label),
                  "union lists where its rows come from");
  }
}

}  // namespace

StepSpec read_step(const YamlNode& item, const PartContext& context) {
  StepSpec made;
  if (const auto id = text_of(&item, "id")) made.id = *id;
  if (const auto from = text_of(&item, "from")) made.from = *from;
  const std::string label = fmt::format("step \"{}\"", *made.id);
  const Place at = item.entries.empty() ? item.at : item.entries.front().key.at;
  if (!exactly_one(item, {"filter", "select", "explode", "route", "union"}, at, label,
                   "filter: dep_delay > 60", context, has_later_key(item, "steps.[]"))) {
    return made;
  }
  for (const auto& [word, kind] : kStepKinds) {
    const YamlNode* const node = usable(&item, word);
    if (node == nullptr) continue;
    made.kind = kind;
    if (kind == StepKind::kRoute) {
      read_route(*node, made, label, context);
    } else if (kind == StepKind::kUnion) {
      read_union(*node, made, label, context);
    } else {
      made.sql = sql_of(context.source, &item, word);
      if (!made.sql.given()) made.kind = StepKind::kNone;
    }
  }
  return made;
}

}  // namespace weir
