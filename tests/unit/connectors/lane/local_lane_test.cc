#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "connectors/file/sink.h"
#include "connectors/file/source.h"
#include "connectors/generate/source.h"
#include "connectors/stdout/sink.h"
#include "engine/lane.h"
#include "engine/local_decider.h"
#include "formats/decoder.h"
#include "state/rocksdb_store.h"

#if defined(__SANITIZE_THREAD__)
// Debian's RocksDB is built without the thread sanitizer, which therefore does not see its locks.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:librocksdb.so"; }
#endif

namespace weir {
namespace {

using namespace std::chrono_literals;
using Lines = std::multiset<std::string>;

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-lane-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name, std::ios::app) << text;
  }
  std::string path;
};

/// Decodes, and lets every row out.
class Through final : public Pipeline {
 public:
  explicit Through(std::unique_ptr<Decoder> decoder) : decoder_(std::move(decoder)) {}
  Result<> process(RecordBatch&& records, const EpochContext& /*epoch*/,
                   PipelineOut& out) override {
    std::vector<RowError> errors;
    BatchPtr batch = decoder_->decode(std::move(records), errors);
    for (const RowError& error : errors) {
      WEIR_TRY(out.reject(RowErrorKind::kDecode, "in", *batch, error));
    }
    out.rows(SinkIndex{0}, std::move(batch));
    return {};
  }

 private:
  const std::unique_ptr<Decoder> decoder_;
};

/// Kills the process, as kill -9 does, around one of its deliveries.
class Deadly final : public FollowerSink {
 public:
  enum class When : unsigned char { kBefore, kAfter };
  Deadly(std::unique_ptr<FollowerSink> sink, int deliveries, When when)
      : sink_(std::move(sink)), left_(deliveries), when_(when) {}

  const std::string& name() const override { return sink_->name(); }
  Result<> render(const Batch& batch, std::vector<std::string>& rows,
                  std::vector<RowError>& errors) const override {
    return sink_->render(batch, rows, errors);
  }
  Result<> deliver(EpochId epoch, std::span<const std::string> rows, MonoTime deadline) override {
    const bool now = --left_ == 0;
    if (now && when_ == When::kBefore) raise(SIGKILL);
    Result<> delivered = sink_->deliver(epoch, rows, deadline);
    if (now) raise(SIGKILL);
    return delivered;
  }

 private:
  const std::unique_ptr<FollowerSink> sink_;
  int left_;
  const When when_;
};

struct Outcome {
  std::string state;  ///< of the lane; "dead" when its process was
  std::string code;   ///< of the error
  std::string message;
};

/// A job without Kafka: one source, decider local, one follower. Each start is a process of its
/// own, as a lane that ends before its follower has everything asks for.
struct LocalJob {
  std::function<std::unique_ptr<Source>()> source;
  std::function<std::unique_ptr<FollowerSink>()> sink;
  Format format;
  std::shared_ptr<const Schema> schema;
  FormatOptions options;
  std::uint64_t commit_records = 200'000;

  Outcome run(const std::string& store_path, bool skip_decode_errors = false) const {
    int answer[2];
    REQUIRE(pipe(answer) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const LaneOutcome outcome = run_lane(store_path, skip_decode_errors);
      std::string text(to_string(outcome.state));
      if (outcome.error) {
        text +=
            "\n" + std::string(code_name(outcome.error->code())) + "\n" + outcome.error->message();
      }
      const bool written = write(answer[1], text.data(), text.size()) > 0;
      std::_Exit(written ? 0 : 1);
    }
    close(answer[1]);
    std::string text;
    char bytes[4096];
    for (ssize_t got = 0; (got = read(answer[0], bytes, sizeof bytes)) > 0;) {
      text.append(bytes, static_cast<std::size_t>(got));
    }
    close(answer[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || text.empty()) return {"dead", {}, {}};
    std::istringstream lines(text);
    Outcome outcome;
    std::getline(lines, outcome.state);
    std::getline(lines, outcome.code);
    std::getline(lines, outcome.message, '\0');
    return outcome;
  }

 private:
  LaneOutcome run_lane(const std::string& store_path, bool skip_decode_errors) const {
    LaneParts parts;
    parts.id = {"weir", "local", "0"};
    parts.store = std::move(*open_rocksdb_store(store_path));
    parts.sources.push_back(source());
    parts.followers.push_back(sink());
    parts.outbox_bounds = {{.follower = "out", .bytes_max = 1ULL << 30}};
    parts.make_pipeline = [this](std::size_t) -> Result<std::unique_ptr<Pipeline>> {
      WEIR_ASSIGN(auto decoder, make_decoder(format, schema, options));
      return std::unique_ptr<Pipeline>(std::make_unique<Through>(std::move(decoder)));
    };
    parts.make_decider = [id = parts.id,
                          store = parts.store.get()]() -> Result<std::unique_ptr<Decider>> {
      return make_local_decider(id, *store);
    };
    parts.options.job_file = "local.yaml";
    parts.options.may_be_light = false;
    parts.options.commit_every = 5ms;
    parts.options.commit_records = commit_records;
    if (skip_decode_errors) parts.options.decode_errors.kind = RowErrorRule::Kind::kSkip;
    parts.options.threads_max = 2;
    static const SystemClock clock;
    static SeededRandom random(1);
    // Never destroyed: the process ends.
    Lane* const lane = Lane::open(std::move(parts), clock, random)->release();
    return lane->run();
  }
};

// What all parts of a directory hold, without the headers.
Lines lines_of(const std::string& directory, const std::string& header) {
  Lines lines;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    CHECK_FALSE(entry.path().filename().string().starts_with("."));
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    CHECK(line == header);
    while (std::getline(file, line)) lines.insert(line);
  }
  return lines;
}

const auto kPair = std::make_shared<const Schema>(std::vector<Field>{
    {"n", {.kind = TypeKind::kBigint}, true}, {"text", {.kind = TypeKind::kText}, false}});

LocalJob csv_job(const Folder& folder) {
  const FormatOptions options{.csv = {}, .framed = true};
  return {.source =
              [=, path = folder.path] {
                return file::make_file_source({.index = {},
                                               .name = "in",
                                               .path = "*.csv",
                                               .directory = path,
                                               .framing = framing_of(Format::kCsv, options.csv)});
              },
          .sink =
              [=, path = folder.path] {
                return file::make_file_sink(
                    {.name = "out",
                     .directory = path + "/out",
                     .stem = "local-0",
                     .writer = LineWriter(Format::kCsv, *make_encoder(Format::kCsv, *kPair), *kPair,
                                          options)});
              },
          .format = Format::kCsv,
          .schema = kPair,
          .options = options,
          .commit_records = 500};
}

TEST_CASE("a job from files to files: each start reads what is there since the last", "[lane]") {
  const Folder folder;
  const LocalJob job = csv_job(folder);
  Lines expected;
  const auto write = [&](const std::string& name, int from, int to) {
    std::string text = std::filesystem::exists(folder.path + "/" + name) ? "" : "text,n\n";
    for (int i = from; i < to; ++i) {
      text += "t" + std::to_string(i) + "," + std::to_string(i) + "\n";
      expected.insert(std::to_string(i) + ",t" + std::to_string(i));
    }
    folder.append(name, text);
  };
  const auto run = [&] {
    const Outcome outcome = job.run(folder.path + "/db");
    INFO(outcome.message);
    CHECK(outcome.state == "finished");
  };
  run();  // nothing is there
  write("a.csv", 0, 3000);
  write("b.csv", 3000, 3001);
  run();
  CHECK(lines_of(folder.path + "/out", "n,text") == expected);
  run();  // nothing new
  write("a.csv", 4000, 5000);
  write("c.csv", 5000, 7000);
  run();
  CHECK(lines_of(folder.path + "/out", "n,text") == expected);
}

TEST_CASE("a job from files to files: killed around any delivery, each row is there once",
          "[lane]") {
  const Folder folder;
  LocalJob job = csv_job(folder);
  Lines expected;
  int rows = 0;
  const auto write = [&](int count) {
    std::string text = rows == 0 ? "n,text\n" : "";
    for (; count > 0; --count, ++rows) {
      expected.insert(std::to_string(rows) + ",t");
      text += std::to_string(rows) + ",t\n";
    }
    folder.append("a.csv", text);
  };
  const auto make_sink = job.sink;
  for (const Deadly::When when : {Deadly::When::kBefore, Deadly::When::kAfter}) {
    for (const int deliveries : {1, 2, 3, 2, 1}) {
      write(3000);
      job.sink = [&] { return std::make_unique<Deadly>(make_sink(), deliveries, when); };
      CHECK(job.run(folder.path + "/db").state == "dead");
    }
  }
  job.sink = make_sink;
  const Outcome outcome = job.run(folder.path + "/db");
  INFO(outcome.message);
  CHECK(outcome.state == "finished");
  CHECK(lines_of(folder.path + "/out", "n,text") == expected);
}

TEST_CASE("a job from files: a broken row halts it, or is left out", "[lane]") {
  const Folder folder;
  const LocalJob job = csv_job(folder);
  folder.append("a.csv", "n,text\n1,a\n2,\"b\n3,c\n");
  Outcome outcome = job.run(folder.path + "/db");
  REQUIRE(outcome.state == "halted");
  CHECK(outcome.code == "poison_record");
  CHECK_THAT(outcome.message, Catch::Contains("in/a.csv@11: line 3: a quote is opened"));
  outcome = job.run(folder.path + "/db", true);
  INFO(outcome.message);
  CHECK(outcome.state == "finished");
  CHECK(lines_of(folder.path + "/out", "n,text") == Lines{"1,a", "3,c"});
}

TEST_CASE("a job from files: one that was rewritten between two starts halts it", "[lane]") {
  const Folder folder;
  const LocalJob job = csv_job(folder);
  folder.append("a.csv", "n,text\n1,a\n");
  CHECK(job.run(folder.path + "/db").state == "finished");
  std::ofstream(folder.path + "/a.csv") << "n,text\n1,b\n2,c\n";
  const Outcome outcome = job.run(folder.path + "/db");
  CHECK(outcome.state == "halted");
  CHECK(outcome.code == "source_rewritten");
}

TEST_CASE("the smallest job: numbers to standard output", "[lane]") {
  const Folder folder;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const auto schema =
      std::make_shared<const Schema>(std::vector<Field>{{"i", {.kind = TypeKind::kBigint}, true}});
  static const SystemClock clock;
  const auto job = [&](std::int64_t count) {
    return LocalJob{
        .source =
            [=] {
              return generate::make_generate_source({.index = {},
                                                     .name = "ticks",
                                                     .pace = generate::Pace::every(1ms),
                                                     .count = count},
                                                    clock);
            },
        .sink =
            [=, fd = ends[1]] {
              return stdout_sink::make_stdout_sink(
                  {.name = "out",
                   .writer = LineWriter(Format::kJson, *make_encoder(Format::kJson, *schema),
                                        *schema, {}),
                   .fd = fd});
            },
        .format = Format::kGenerated,
        .schema = schema,
        .options = {},
        .commit_records = 200'000};
  };
  // The second start raises the count.
  for (const std::int64_t count : {20, 30}) {
    const Outcome outcome = job(count).run(folder.path + "/db");
    INFO(outcome.message);
    CHECK(outcome.state == "finished");
  }
  close(ends[1]);
  std::string expected;
  for (int i = 0; i < 30; ++i) expected += "{\"i\":" + std::to_string(i) + "}\n";
  std::string seen(65'536, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0; (got = read(ends[0], seen.data() + size, seen.size() - size)) > 0;) {
    size += static_cast<std::size_t>(got);
  }
  close(ends[0]);
  CHECK(seen.substr(0, size) == expected);
}

}  // namespace
}  // namespace weir
