#include "sql/syntax.h"

#include <pg_query.h>
#include <pthread.h>

#include <algorithm>

#include "base/check.h"

namespace weir {
namespace {

using Errors = std::vector<SqlError>;
constexpr std::string_view kSelect = "SELECT ";
constexpr std::string_view kCreate = "CREATE TABLE t (";

// libpg_query's cursor counts characters of the statement from 1.
std::size_t byte_of_cursor(std::string_view sql, int cursor) {
  std::size_t byte = 0;
  for (int left = cursor - 1; left > 0 && byte < sql.size(); --left) {
    for (++byte; byte < sql.size() && (static_cast<unsigned char>(sql[byte]) & 0xc0U) == 0x80U;) {
      ++byte;
    }
  }
  return byte;
}

void add_parse_error(const PgQueryError& error, std::string_view sql, std::size_t prefix,
                     std::string_view text, Errors& errors) {
  const std::size_t byte = byte_of_cursor(sql, error.cursorpos);
  const std::size_t offset = std::min(byte > prefix ? byte - prefix : 0, text.size());
  const std::size_t blanks_from = text.find_last_not_of(" \t\r\n") + 1;
  if (offset >= blanks_from) {
    errors.push_back({blanks_from, 1, Code::kSqlSyntax, "the text ends too early", {}});
    return;
  }
  const bool joined = text.find("&&") != text.npos || text.find("||") != text.npos;
  const bool compares = text[offset] == '=' || text[offset] == '<' || text[offset] == '>';
  std::size_t length = 1;
  // The message ends with what stands there: syntax error at or near "FORM".
  const std::string_view message(error.message);
  const std::size_t open = message.find("near \"");
  if (open != message.npos && message.ends_with('"')) {
    length = std::max<std::size_t>(message.size() - open - 7, 1);
  }
  // Both bind tighter than a comparison: a = 1 && b = 2 is a = (1 && b) = 2.
  errors.push_back({offset, std::min(length, text.size() - offset), Code::kSqlSyntax,
                    std::string(message),
                    joined && compares ? "AND and OR join conditions, not && and ||" : ""});
}

// PostgreSQL's grammar cuts longer names, and a field's name cut would be another field's.
void refuse_long_names(const std::string& sql, std::size_t prefix, Errors& errors) {
  constexpr std::size_t kNameBytesMax = 63;
  if (sql.size() <= kNameBytesMax) return;
  const PgQueryScanResult scanned = pg_query_scan(sql.c_str());
  PgQuery__ScanResult* const tokens = pg_query__scan_result__unpack(
      nullptr, scanned.pbuf.len, reinterpret_cast<const std::uint8_t*>(scanned.pbuf.data));
  WEIR_CHECK(tokens != nullptr, "libpg_query unpacks what it packed");
  for (std::size_t i = 0; i < tokens->n_tokens; ++i) {
    const PgQuery__ScanToken& token = *tokens->tokens[i];
    if (token.token != PG_QUERY__TOKEN__IDENT) continue;
    const auto from = static_cast<std::size_t>(token.start);
    const auto bytes = static_cast<std::size_t>(token.end - token.start);
    const std::size_t quotes = sql[from] == '"' ? 2 : 0;
    if (bytes - quotes <= kNameBytesMax) continue;
    errors.push_back(
        {from - prefix, bytes, Code::kSqlNotHere,
         "a name has at most " + std::to_string(kNameBytesMax) + " bytes, this one " +
             std::to_string(bytes - quotes),
         "for a JSON field of a longer name: format: text, and value::jsonb ->> 'the name'"});
  }
  pg_query__scan_result__free_unpacked(tokens, nullptr);
  pg_query_free_scan_result(scanned);
}

SyntaxTree parse(std::string_view prefix, std::string_view text, std::string_view suffix,
                 Errors& errors) {
  SyntaxTree tree;
  tree.prefix = prefix.size();
  if (text.find('\0') != std::string_view::npos) {
    errors.push_back({text.find('\0'), 1, Code::kSqlSyntax, "a NUL byte cannot stand in SQL", {}});
    return tree;
  }
  if (text.size() > kSqlBytesMax) {
    errors.push_back({0,
                      1,
                      Code::kSqlSyntax,
                      "this text has " + std::to_string(text.size()) + " bytes, at most " +
                          std::to_string(kSqlBytesMax) + " can be read",
                      {}});
    return tree;
  }
  const std::string sql = std::string(prefix) + std::string(text) + std::string(suffix);
  const PgQueryProtobufParseResult result = pg_query_parse_protobuf(sql.c_str());
  if (result.error != nullptr) {
    add_parse_error(*result.error, sql, prefix.size(), text, errors);
  } else {
    tree.parsed.reset(pg_query__parse_result__unpack(
        nullptr, result.parse_tree.len,
        reinterpret_cast<const std::uint8_t*>(result.parse_tree.data)));
    WEIR_CHECK(tree.parsed != nullptr, "libpg_query unpacks what it packed");
    const std::size_t before = errors.size();
    refuse_long_names(sql, prefix.size(), errors);
    if (errors.size() > before) tree.parsed.reset();
  }
  pg_query_free_protobuf_parse_result(result);
  if (tree.parsed && tree.parsed->n_stmts != 1) {
    const std::size_t semicolon = text.find(';');
    errors.push_back({semicolon == std::string_view::npos ? 0 : semicolon,
                      1,
                      Code::kSqlSyntax,
                      "one expression is wanted here, and there are more statements",
                      {}});
    tree.parsed.reset();
  }
  return tree;
}

// What follows a select list in a whole SELECT, as a person calls it; empty when nothing does.
std::string_view more_than_a_list(const PgQuery__SelectStmt& select) {
  if (select.n_from_clause != 0) return "FROM";
  if (select.where_clause != nullptr) return "WHERE";
  if (select.n_distinct_clause != 0) return "DISTINCT";
  if (select.n_group_clause != 0) return "GROUP BY";
  if (select.having_clause != nullptr) return "HAVING";
  if (select.n_window_clause != 0) return "WINDOW";
  if (select.n_sort_clause != 0) return "ORDER BY";
  if (select.limit_count != nullptr || select.limit_offset != nullptr) return "LIMIT and OFFSET";
  if (select.n_locking_clause != 0) return "FOR UPDATE";
  if (select.larg != nullptr) return "UNION and the like";
  if (select.into_clause != nullptr) return "INTO";
  if (select.with_clause != nullptr) return "WITH";
  return {};
}

struct Trampoline {
  const std::function<void()>& work;
};
void* run_work(void* argument) {
  static_cast<Trampoline*>(argument)->work();
  return nullptr;
}

}  // namespace

SyntaxTree parse_select(std::string_view text, Errors& errors) {
  SyntaxTree tree = parse(kSelect, text, "", errors);
  if (!tree.parsed) return tree;
  const PgQuery__Node& statement = *tree.parsed->stmts[0]->stmt;
  if (statement.node_case != PG_QUERY__NODE__NODE_SELECT_STMT) return tree;
  const std::string_view more = more_than_a_list(*statement.select_stmt);
  if (more.empty() && statement.select_stmt->n_target_list > 0) {
    tree.select = statement.select_stmt;
  } else if (more.empty()) {
    errors.push_back({0, 1, Code::kSqlSyntax, "an expression is wanted here", {}});
  } else {
    errors.push_back({0,
                      text.size(),
                      Code::kSqlNotHere,
                      "only expressions may stand here, no " + std::string(more),
                      {}});
  }
  return tree;
}

SyntaxTree parse_columns(std::string_view text, Errors& errors) {
  SyntaxTree tree = parse(kCreate, text, "\n)", errors);
  if (!tree.parsed) return tree;
  const PgQuery__Node& statement = *tree.parsed->stmts[0]->stmt;
  const bool create = statement.node_case == PG_QUERY__NODE__NODE_CREATE_STMT;
  const PgQuery__CreateStmt* const found = create ? statement.create_stmt : nullptr;
  const bool plain = found != nullptr && found->n_options == 0 && found->n_inh_relations == 0 &&
                     found->partspec == nullptr && found->n_table_elts > 0;
  if (plain) {
    tree.columns = found;
  } else {
    errors.push_back({0,
                      1,
                      Code::kSqlSyntax,
                      "a list of columns with their types is wanted here, such as id bigint NOT "
                      "NULL, name text",
                      {}});
  }
  return tree;
}

std::string_view string_of(const PgQuery__Node& node) {
  return node.node_case == PG_QUERY__NODE__NODE_STRING ? node.string->sval : std::string_view{};
}

std::string_view catalog_name(std::size_t count, PgQuery__Node* const* parts) {
  if (count == 1 || (count == 2 && string_of(*parts[0]) == "pg_catalog")) {
    return string_of(*parts[count - 1]);
  }
  return {};
}

bool on_deep_stack(const std::function<void()>& work) {
  // Only what is touched becomes memory.
  constexpr std::size_t kStackBytes = 256U << 20U;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  Trampoline trampoline{work};
  pthread_t thread{};
  const int failed = pthread_create(&thread, &attributes, &run_work, &trampoline);
  pthread_attr_destroy(&attributes);
  if (failed != 0) return false;
  pthread_join(thread, nullptr);
  return true;
}

}  // namespace weir
