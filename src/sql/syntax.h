#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/expression.h"

namespace weir {

/// The side of libpg_query: a text becomes PostgreSQL's parse tree, or the mistake that kept it
/// from that. Nodes know their byte in the whole statement; what is wrapped around the text is
/// SyntaxTree::prefix bytes in front of it.

/// More is no expression that a person wrote, and the parser's stack grows with it.
constexpr std::size_t kSqlBytesMax = 64U * 1024;

struct ParseResultDeleter {
  void operator()(PgQuery__ParseResult* result) const {
    pg_query__parse_result__free_unpacked(result, nullptr);
  }
};

/// `SELECT <text>`, or `CREATE TABLE t (<text>)`, parsed. Exactly one of the statements is there.
///
/// Thread: the one that made it (see on_deep_stack).
struct SyntaxTree {
  std::size_t prefix = 0;
  std::unique_ptr<PgQuery__ParseResult, ParseResultDeleter> parsed;
  const PgQuery__SelectStmt* select = nullptr;
  const PgQuery__CreateStmt* columns = nullptr;
};

/// A select list and nothing behind it; no `select` in the tree when `errors` grew.
SyntaxTree parse_select(std::string_view text, std::vector<SqlError>& errors);
/// A list of columns with types; no `columns` in the tree when `errors` grew.
SyntaxTree parse_columns(std::string_view text, std::vector<SqlError>& errors);

/// The text of a String node; empty when it is none.
std::string_view string_of(const PgQuery__Node& node);
/// The last of a name's parts when it stands alone or behind `pg_catalog`; else empty.
std::string_view catalog_name(std::size_t count, PgQuery__Node* const* parts);

/// Runs `work` on a thread of its own whose stack holds what kSqlBytesMax can nest: libpg_query
/// recurses without a limit, about 2 KiB a level. Blocks until it is done; false when the system
/// has no thread left, and nothing was done.
[[nodiscard]] bool on_deep_stack(const std::function<void()>& work);

}  // namespace weir
