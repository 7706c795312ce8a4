#include "sql/kernel.h"

namespace weir {
namespace {

const FunctionTable& table() {
  static const FunctionTable instance = [] {
    FunctionTable made;
    add_comparisons(made);
    add_numbers(made);
    add_texts(made);
    add_patterns(made);
    add_regexes(made);
    add_letters(made);
    add_bytes(made);
    add_times(made);
    add_json_makers(made);
    add_jsons(made);
    add_casts(made);
    return made;
  }();
  return instance;
}

}  // namespace

bool put_nulls(KernelCall& call) {
  const std::span<std::uint64_t> out = call.out.nulls();
  std::uint64_t any = 0;
  for (const Column& arg : call.args) {
    if (arg.rows() == call.out.rows()) {
      const std::span<std::uint64_t> nulls = arg.nulls();
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] |= nulls[i];
        any |= nulls[i];
      }
    } else if (arg.is_null(0)) {
      for (const RowIndex row : call.rows) call.out.set_null(row);
      any = 1;
    }
  }
  return any != 0;
}

std::vector<const Function*> find_functions(std::string_view name) {
  std::vector<const Function*> found;
  const auto [from, to] = table().functions.equal_range(name);
  for (auto at = from; at != to; ++at) found.push_back(&at->second);
  return found;
}

const Function* find_variadic(std::string_view name, TypeKind kind) {
  const auto found = table().variadics.find({std::string(name), kind});
  return found == table().variadics.end() ? nullptr : &found->second;
}

std::vector<std::string_view> function_names() {
  // Those that the grammar knows itself, and the compiler makes.
  std::vector<std::string_view> names = {
      "coalesce", "nullif",    "greatest",           "least",
      "concat",   "concat_ws", "jsonb_build_object", "jsonb_build_array"};
  for (const auto& [name, function] : table().functions) {
    const bool word = name[0] >= 'a' && name[0] <= 'z';
    if (word && function.kernel && names.back() != name) names.push_back(name);
  }
  return names;
}

const Function* find_cast(TypeKind from, TypeKind to) {
  const auto found = table().casts.find({from, to});
  return found == table().casts.end() ? nullptr : &found->second;
}

}  // namespace weir
