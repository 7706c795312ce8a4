// Inner loops beside what one would write by hand:
//   micro [ROUNDS]
// JSON decoding of three fields beside simdjson's ondemand `object["key"]`, and expressions over a
// column beside plain loops that give the same rows, NULLs and overflows. Each pair runs in turn,
// ROUNDS times (default 301); printed are medians of CPU time per row, as a Markdown table.
// GCC 12 sees dangling pointers in simdjson 3.0.1 where there are none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/payment.h"
#include "formats/decoder.h"
#include "sql/evaluator.h"
#include "sql/expression.h"

namespace {

using namespace weir;
using bench::payment;

// Two batches: what a worker has just copied lies in the second-level cache.
constexpr std::size_t kBatches = 2;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "micro: %s\n", why.c_str());
  std::exit(1);
}

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Two ways to one result. Each gives a number that both must agree on.
struct Pair {
  std::string what;
  std::string yardstick_name;
  double must = 0;
  double goal = 0;
  std::size_t rows = 0;
  std::function<void()> prepare;  // not timed
  std::function<std::uint64_t()> ours;
  std::function<std::uint64_t()> yardstick;
};

void print(const Pair& pair, int rounds) {
  std::vector<double> ours;
  std::vector<double> yardstick;
  for (int i = 0; i < rounds; ++i) {
    pair.prepare();
    const double began = cpu_ns();
    const std::uint64_t a = pair.ours();
    const double between = cpu_ns();
    const std::uint64_t b = pair.yardstick();
    const double ended = cpu_ns();
    if (a != b) die(pair.what + ": the results differ");
    ours.push_back((between - began) / static_cast<double>(pair.rows));
    yardstick.push_back((ended - between) / static_cast<double>(pair.rows));
  }
  const auto median = [](std::vector<double>& all) {
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                     all.end());
    return all[all.size() / 2];
  };
  const double x = median(ours);
  const double y = median(yardstick);
  std::printf("| %s | %.1f | %s | %.1f | %.2f | %.2f | %.2f |\n", pair.what.c_str(), x,
              pair.yardstick_name.c_str(), y, x / y, pair.must, pair.goal);
  std::fflush(stdout);
}

// The payments as a source gives them, and as simdjson takes them.
class Documents {
 public:
  Documents() {
    for (std::size_t i = 0; i < kBatches * kBatchRowsMax; ++i) {
      texts_.push_back(payment(static_cast<std::int64_t>(i)));
      texts_.back().reserve(texts_.back().size() + kValuePadding);
    }
  }
  std::vector<RecordBatch> batches() const {
    std::vector<RecordBatch> batches(kBatches);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      RecordBatch& batch = batches[i / kBatchRowsMax];
      Record& record = batch.records.emplace_back();
      record.value = batch.arena->copy(texts_[i], kValuePadding);
      record.value_null = false;
    }
    return batches;
  }
  std::size_t size() const { return texts_.size(); }

 private:
  std::vector<std::string> texts_;
};

constexpr std::string_view kSchema =
    "merchant_id bigint NOT NULL, amount double precision NOT NULL, status text NOT NULL";

std::shared_ptr<const Schema> schema_of(std::string_view text) {
  std::vector<SqlError> errors;
  auto schema = std::make_shared<const Schema>(compile_schema(text, errors));
  if (!errors.empty()) die(errors[0].message);
  return schema;
}

// Whole numbers of cents and lengths add up to the same in any order.
std::uint64_t checksum(std::int64_t merchant, double amount, std::string_view status) {
  return static_cast<std::uint64_t>(merchant) + static_cast<std::uint64_t>(amount * 100 + 0.5) +
         status.size() + static_cast<std::uint64_t>(status.front());
}

struct Payment {
  std::int64_t merchant;
  double amount;
  std::string_view status;
};

Pair json_pair(const Documents& documents) {
  Pair pair{.what = "JSON decode of 3 fields",
            .yardstick_name = "simdjson ondemand o[\"k\"]",
            .must = 0.8,
            .goal = 0.3,
            .rows = documents.size(),
            .prepare = {},
            .ours = {},
            .yardstick = {}};
  auto decoder = std::shared_ptr<Decoder>(*make_decoder(Format::kJson, schema_of(kSchema)));
  auto batches = std::make_shared<std::vector<RecordBatch>>();
  auto texts = std::make_shared<std::vector<RecordBatch>>(documents.batches());
  auto parser = std::make_shared<simdjson::ondemand::parser>();
  pair.prepare = [=, &documents] { *batches = documents.batches(); };
  pair.ours = [=] {
    std::vector<RowError> errors;
    std::uint64_t sum = 0;
    for (RecordBatch& records : *batches) {
      const BatchPtr batch = decoder->decode(std::move(records), errors);
      const auto merchants = batch->columns[0].values<std::int64_t>();
      const auto amounts = batch->columns[1].values<double>();
      const auto statuses = batch->columns[2].values<std::string_view>();
      for (const RowIndex row : batch->selection) {
        sum += checksum(merchants[row], amounts[row], statuses[row]);
      }
    }
    return sum;
  };
  pair.yardstick = [=] {
    std::uint64_t sum = 0;
    std::vector<Payment> payments;
    for (const RecordBatch& batch : *texts) {
      payments.clear();
      for (const Record& record : batch.records) {
        const simdjson::padded_string_view padded(record.value.data(), record.value.size(),
                                                  record.value.size() + kValuePadding);
        simdjson::ondemand::document document;
        simdjson::ondemand::object object;
        Payment payment{};
        if (parser->iterate(padded).get(document) != simdjson::SUCCESS ||
            document.get_object().get(object) != simdjson::SUCCESS ||
            object["merchant_id"].get(payment.merchant) != simdjson::SUCCESS ||
            object["amount"].get(payment.amount) != simdjson::SUCCESS ||
            object["status"].get(payment.status) != simdjson::SUCCESS) {
          die("simdjson refused a payment");
        }
        // Its strings live until the next document.
        payments.push_back(payment);
        sum += checksum(payment.merchant, payment.amount, payment.status);
      }
    }
    return sum;
  };
  return pair;
}

// One batch of payments, decoded.
BatchPtr decoded(const Documents& documents) {
  auto decoder = make_decoder(
      Format::kJson,
      schema_of("merchant_id bigint, amount double precision, status text, ts timestamptz"));
  std::vector<RowError> errors;
  BatchPtr batch = (*decoder)->decode(std::move(documents.batches()[0]), errors);
  if (!errors.empty()) die(errors[0].message);
  return batch;
}

struct Columns {
  Column merchant, amount, status;
};
using RowLoop = std::function<std::uint64_t(const Columns&, std::span<const RowIndex>, Arena&)>;

// What the arena grew by is given back untimed. Expressions run over one batch, many times: a
// single one is over before the clock has ticked.
constexpr std::size_t kRepeats = 16;

Pair expression_pair(const Documents& documents, const std::string& text, const RowLoop& by_hand) {
  Pair pair{.what = "`" + text + "`",
            .yardstick_name = "a loop",
            .must = 3,
            .goal = 1.5,
            .rows = kBatchRowsMax * kRepeats,
            .prepare = {},
            .ours = {},
            .yardstick = {}};
  std::shared_ptr<Batch> batch = decoded(documents);
  std::vector<SqlError> errors;
  const std::optional<Expression> expression =
      compile_expression(text, {batch->schema.get(), "payments"}, errors);
  if (!expression) die(text + ": " + errors[0].message);
  const bool filters = expression->type().kind == TypeKind::kBoolean;
  const Columns columns{batch->columns[0], batch->columns[1], batch->columns[2]};
  // The batch's own columns stay in the arena they were made in.
  auto home = std::shared_ptr<Arena>(std::move(batch->arena));
  pair.prepare = [=] { batch->arena = std::make_unique<Arena>(); };
  pair.ours = [=] {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kRepeats; ++i) {
      batch->arena->reset();
      std::vector<RowError> failed;
      if (filters) {
        apply_filter(*expression, *batch, failed);
        for (const RowIndex row : batch->selection) sum += row;
        batch->select_all();
        continue;
      }
      const Column out = evaluate(*expression, *batch, batch->selection, failed);
      for_type(expression->type().kind, [&]<class T>(std::type_identity<T>) {
        if constexpr (std::is_arithmetic_v<T>) {
          const std::span<T> values = out.values<T>();
          for (const RowIndex row : batch->selection) {
            if (!out.is_null(row)) sum += static_cast<std::uint64_t>(values[row]);
          }
        }
      });
    }
    return sum;
  };
  pair.yardstick = [=] {
    static_cast<void>(home);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kRepeats; ++i) {
      batch->arena->reset();
      batch->select_all();
      sum += by_hand(columns, batch->selection, *batch->arena);
    }
    return sum;
  };
  return pair;
}

// The rows for which `keep` holds, as apply_filter leaves them.
template <class T, class Keep>
std::uint64_t filtered(const Column& column, std::span<const RowIndex> rows, Arena& arena,
                       Keep keep) {
  const std::span<RowIndex> kept = arena.array<RowIndex>(rows.size());
  const std::span<T> values = column.values<T>();
  std::size_t count = 0;
  for (const RowIndex row : rows) {
    kept[count] = row;
    count += !column.is_null(row) && keep(row, values[row]) ? 1U : 0U;
  }
  std::uint64_t sum = 0;
  for (const RowIndex row : kept.first(count)) sum += row;
  return sum;
}

// `compute(value, out)` is true when the row overflows, which none of these does.
template <class T, class Compute>
std::uint64_t computed(const Column& column, std::span<const RowIndex> rows, Arena& arena,
                       Compute compute) {
  Column out = Column::make(column.type(), column.rows(), arena);
  const std::span<T> values = column.values<T>();
  const std::span<T> results = out.values<T>();
  for (const RowIndex row : rows) {
    if (column.is_null(row)) {
      out.set_null(row);
    } else if (compute(values[row], results[row])) {
      die("overflow");
    }
  }
  std::uint64_t sum = 0;
  for (const RowIndex row : rows) {
    if (!out.is_null(row)) sum += static_cast<std::uint64_t>(results[row]);
  }
  return sum;
}

std::vector<Pair> expression_pairs(const Documents& documents) {
  using Rows = std::span<const RowIndex>;
  std::vector<Pair> pairs;
  const auto add = [&](const std::string& text, const RowLoop& by_hand) {
    pairs.push_back(expression_pair(documents, text, by_hand));
  };
  add("merchant_id < 50", [](const Columns& columns, Rows rows, Arena& arena) {
    return filtered<std::int64_t>(columns.merchant, rows, arena,
                                  [](RowIndex, std::int64_t value) { return value < 50; });
  });
  add("status = 'settled'", [](const Columns& columns, Rows rows, Arena& arena) {
    return filtered<std::string_view>(
        columns.status, rows, arena,
        [](RowIndex, std::string_view value) { return value == "settled"; });
  });
  add("status = 'settled' AND merchant_id < 5000",
      [](const Columns& columns, Rows rows, Arena& arena) {
        const auto merchants = columns.merchant.values<std::int64_t>();
        return filtered<std::string_view>(
            columns.status, rows, arena, [&](RowIndex row, std::string_view value) {
              return value == "settled" && !columns.merchant.is_null(row) && merchants[row] < 5000;
            });
      });
  add("status = 'refused' OR amount >= 900", [](const Columns& columns, Rows rows, Arena& arena) {
    const auto amounts = columns.amount.values<double>();
    return filtered<std::string_view>(
        columns.status, rows, arena, [&](RowIndex row, std::string_view value) {
          return value == "refused" || (!columns.amount.is_null(row) && amounts[row] >= 900);
        });
  });
  add("merchant_id * 2 + 1", [](const Columns& columns, Rows rows, Arena& arena) {
    return computed<std::int64_t>(columns.merchant, rows, arena,
                                  [](std::int64_t value, std::int64_t& out) {
                                    return __builtin_mul_overflow(value, std::int64_t{2}, &out) ||
                                           __builtin_add_overflow(out, std::int64_t{1}, &out);
                                  });
  });
  add("amount * 1.25 + 2", [](const Columns& columns, Rows rows, Arena& arena) {
    return computed<double>(columns.amount, rows, arena, [](double value, double& out) {
      out = value * 1.25 + 2;
      return std::isinf(out) && !std::isinf(value);
    });
  });
  return pairs;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 301;
  if (rounds < 1) {
    std::fprintf(stderr, "micro [ROUNDS]\n");
    return 64;
  }
  const Documents documents;
  std::printf("| what | ns a row | yardstick | ns a row | ratio | at most | goal |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  print(json_pair(documents), rounds);
  for (const Pair& pair : expression_pairs(documents)) print(pair, rounds);
  return 0;
}
