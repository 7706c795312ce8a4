#include <algorithm>
#include <optional>

#include "sql/compiler.h"
#include "sql/type_rules.h"

namespace weir {
namespace {

using Node = Compiler::Node;
using Candidates = std::vector<const Function*>;

bool fits(const ExpressionNode& arg, TypeKind wanted) {
  return arg.unknown || arg.type.kind == wanted || goes_implicitly(arg.type.kind, wanted);
}

// Those with the most arguments for which `counts` holds.
template <class Counts>
void keep_most(Candidates& candidates, const std::vector<Node>& args, Counts counts) {
  const auto score = [&](const Function* candidate) {
    int sum = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!args[i]->unknown && counts(args[i]->type.kind, candidate->args[i])) ++sum;
    }
    return sum;
  };
  int most = 0;
  for (const Function* candidate : candidates) most = std::max(most, score(candidate));
  std::erase_if(candidates, [&](const Function* candidate) { return score(candidate) < most; });
}

// What a literal is taken for by the candidates: text when one of them does, else the category that
// all of them agree on.
struct Slot {
  TypeCategory category = TypeCategory::kOther;
  bool preferred = false;
};
std::optional<Slot> slot_of(const Candidates& candidates, std::size_t place) {
  std::optional<Slot> slot;
  bool conflict = false;
  for (const Function* candidate : candidates) {
    const TypeKind kind = candidate->args[place];
    const Slot its{category_of(kind), is_preferred(kind)};
    if (!slot || (its.category != slot->category && its.category == TypeCategory::kText)) {
      slot = its;
    } else if (its.category == slot->category) {
      slot->preferred = slot->preferred || its.preferred;
    } else {
      conflict = true;
    }
  }
  if (conflict && slot->category != TypeCategory::kText) return std::nullopt;
  return slot;
}

void keep_by_literals(Candidates& candidates, const std::vector<Node>& args) {
  std::vector<std::optional<Slot>> slots(args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!args[i]->unknown) continue;
    slots[i] = slot_of(candidates, i);
    if (!slots[i]) return;
  }
  Candidates left = candidates;
  std::erase_if(left, [&](const Function* candidate) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!slots[i]) continue;
      const TypeKind kind = candidate->args[i];
      if (category_of(kind) != slots[i]->category) return true;
      if (slots[i]->preferred && !is_preferred(kind)) return true;
    }
    return false;
  });
  if (!left.empty()) candidates = std::move(left);
}

// The one type of all arguments that have one.
std::optional<TypeKind> only_kind(const std::vector<Node>& args) {
  std::optional<TypeKind> kind;
  for (const Node& arg : args) {
    if (arg->unknown) continue;
    if (kind && *kind != arg->type.kind) return std::nullopt;
    kind = arg->type.kind;
  }
  return kind;
}

const Function* of_kind(const Candidates& candidates, const std::vector<Node>& args,
                        TypeKind literals) {
  const auto found =
      std::find_if(candidates.begin(), candidates.end(), [&](const Function* candidate) {
        for (std::size_t i = 0; i < args.size(); ++i) {
          const TypeKind kind = args[i]->unknown ? literals : args[i]->type.kind;
          if (candidate->args[i] != kind) return false;
        }
        return true;
      });
  return found == candidates.end() ? nullptr : *found;
}

}  // namespace

// PostgreSQL's rules ("Operator Type Resolution", "Function Type Resolution"), step by step.
Compiler::Choice Compiler::choose(const std::string& name, const std::vector<Node>& args) const {
  Candidates candidates = find_functions(name);
  std::erase_if(candidates, [&](const Function* each) { return each->args.size() != args.size(); });
  // A literal beside a value is first taken to be of the value's type, where there is an operator
  // for that.
  const std::optional<TypeKind> kind = only_kind(args);
  const bool literals =
      std::any_of(args.begin(), args.end(), [](const Node& arg) { return arg->unknown; });
  if (!literals || (kind && args.size() == 2 && is_operator(name))) {
    if (const Function* exact = of_kind(candidates, args, kind.value_or(TypeKind::kText))) {
      return {exact};
    }
  }
  std::erase_if(candidates, [&](const Function* candidate) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!fits(*args[i], candidate->args[i])) return true;
    }
    return false;
  });
  if (candidates.size() > 1) {
    keep_most(candidates, args, [](TypeKind given, TypeKind wanted) { return given == wanted; });
  }
  if (candidates.size() > 1) {
    keep_most(candidates, args, [](TypeKind given, TypeKind wanted) {
      return given == wanted || (category_of(given) == category_of(wanted) && is_preferred(wanted));
    });
  }
  if (candidates.size() > 1 && literals) keep_by_literals(candidates, args);
  if (candidates.size() > 1 && literals && kind) {
    if (const Function* same = of_kind(candidates, args, *kind)) return {same};
  }
  if (candidates.empty()) return {};
  return {candidates[0], candidates.size() > 1};
}

}  // namespace weir
