#include <catch2/catch.hpp>
#include <random>

#include "start_rig.h"

namespace weir::file::test {
namespace {

using Values = std::vector<std::string>;

struct Kind {
  std::string name;
  Format format;
  bool compressed;
};

/// Files that are written while jobs start, die and go on: every row is committed once, in order.
class Growing {
 public:
  Growing(std::uint32_t seed, const Kind& kind, LastLine last_line)
      : random_(seed), kind_(kind), last_line_(last_line), job_(options()) {}

  void run() {
    for (int step = 0; step < 30; ++step) {
      switch (below(4)) {
        case 0:
        case 1:
          write();
          break;
        case 2:
          start(below(8));
          break;
        case 3:
          start(SIZE_MAX);
          break;
      }
    }
    for (auto& [path, file] : files_) {
      put(path, file, file.text.size());
      if (!file.text.empty() && !file.text.ends_with('\n')) {
        file.text += "\n";
        put(path, file, file.text.size());
      }
    }
    start(SIZE_MAX);
    for (const auto& [path, file] : files_) {
      INFO(path);
      CHECK(committed_[path] == file.rows);
    }
  }

 private:
  struct File {
    std::string text;     // what is there, or will be
    std::size_t put = 0;  // how much of it is
    Values rows;
  };

  FileSourceOptions options() {
    return {.index = {},
            .name = "in",
            .path = "*",
            .directory = folder_.path(),
            .framing = framing_of(kind_.format, {.header = false}),
            .last_line = last_line_,
            .files_max = 2};
  }
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  std::string row() {
    const std::string number = std::to_string(counter_++);
    const std::string padding(below(4) == 0 ? below(9000) : 0, '.');
    if (kind_.format == Format::kCsv && below(2) == 0) {
      return "\"" + number + "\n\"\"" + padding + "\",\"\r\n\"";
    }
    return number + padding;
  }

  void write() {
    const std::string path = std::to_string(below(4));
    File& file = files_[path];
    for (std::size_t i = below(6); i > 0; --i) {
      // A row whose newline came before the row after it, as a writer may do it.
      if (!file.text.empty() && !file.text.ends_with('\n')) file.text += "\n";
      file.rows.push_back(row());
      file.text += file.rows.back();
      if (last_line_ == LastLine::kWait || i > 1 || below(2) == 0) {
        file.text += below(2) == 0 ? "\n" : "\r\n";
      }
    }
    // Who reads a last line as a row must not be shown half of one.
    put(path, file,
        last_line_ == LastLine::kRow ? file.text.size()
                                     : file.put + below(file.text.size() - file.put + 1));
  }

  void put(const std::string& path, File& file, std::size_t upto) {
    const std::string more = file.text.substr(file.put, upto - file.put);
    file.put = upto;
    if (more.empty() && !file.text.empty()) return;
    folder_.append(path, kind_.compressed ? gzipped(more) : more);
  }

  void start(std::size_t dies_after) {
    const auto rows = job_.read(1 + below(5), dies_after);
    INFO((rows ? "" : rows.error().message()));
    REQUIRE(rows);
    if (rows->size() >= dies_after) return;  // nothing of it was committed
    for (const Row& row : *rows) {
      CHECK_FALSE(row.unreadable);
      committed_[row.path].push_back(row.value);
    }
  }

  const Folder folder_;
  std::mt19937 random_;
  const Kind kind_;
  const LastLine last_line_;
  Job job_;
  std::map<std::string, File> files_;
  std::map<std::string, Values> committed_;
  int counter_ = 0;
};

TEST_CASE("file: every row of growing files is read once, whatever dies meanwhile", "[file]") {
  for (const Kind& kind : {Kind{"text", Format::kText, false}, Kind{"csv", Format::kCsv, false},
                           Kind{"compressed csv", Format::kCsv, true}}) {
    for (const LastLine last_line : {LastLine::kRow, LastLine::kWait}) {
      for (std::uint32_t seed = 1; seed <= 30; ++seed) {
        INFO(kind.name << ", " << (last_line == LastLine::kRow ? "row" : "wait") << ", seed "
                       << seed);
        Growing(seed, kind, last_line).run();
      }
    }
  }
}

std::string described(const Row& row) {
  return std::to_string(row.offset) + "|" + row.value + "|" + row.unreadable.value_or("");
}

TEST_CASE("file: of any bytes, the rows are the same whatever the batches", "[file]") {
  std::mt19937 random(7);  // NOLINT: the same bytes in every run
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 60; ++round) {
    const Folder folder;
    std::string text;
    // More than the smallest buffer, with lines and quotes that are rare enough to exceed it.
    const std::size_t rare = 2 + below(400);
    for (std::size_t i = 30'000; i > 0; --i) {
      text += below(rare) == 0 ? "\"\"\n\r,"[below(5)] : 'x';
    }
    const bool compressed = below(4) == 0;
    folder.write("a", compressed ? gzipped(text) : text);
    const FileSourceOptions options{.index = {},
                                    .name = "in",
                                    .path = "a",
                                    .directory = folder.path(),
                                    .framing = framing_of(Format::kCsv, {.header = false}),
                                    .row_bytes_max = 10 + below(12'000)};
    INFO("round " << round);
    Values expected;
    for (const std::size_t rows_max : {1024U, 1U, 7U}) {
      const auto rows = Job(options).read(rows_max);
      REQUIRE(rows);
      Values found;
      for (const Row& row : *rows) found.push_back(described(row));
      if (expected.empty()) expected = found;
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == expected[i]);
    }
    // From any row on, after a seek too, they are the rest.
    Job job(options);
    REQUIRE(job.start());
    const std::size_t from = below(expected.size());
    const std::string offset = expected[from].substr(0, expected[from].find('|'));
    job.positions()["a"] = *job.source().parse_position(offset);
    const auto rest = job.run(5);
    REQUIRE(rest);
    REQUIRE(rest->size() == expected.size() - from);
    for (std::size_t i = 0; i < rest->size(); ++i) {
      CHECK(rest->at(i).offset == std::stoll(expected[from + i]));
    }
  }
}

}  // namespace
}  // namespace weir::file::test
