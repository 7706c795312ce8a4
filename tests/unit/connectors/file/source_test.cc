#include "connectors/file/source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "connectors/file/position.h"
#include "start_rig.h"

namespace weir::file::test {
namespace {

using Values = std::vector<std::string>;

FileSourceOptions options(const Folder& folder, const std::string& path,
                          Format format = Format::kJson, const CsvOptions& csv = {}) {
  return {.index = {},
          .name = "in",
          .path = path,
          .directory = folder.path(),
          .framing = framing_of(format, csv)};
}

FileSourceOptions csv_options(const Folder& folder, const std::string& path) {
  return options(folder, path, Format::kCsv);
}

TEST_CASE("file: each line is a row, named by its path and byte", "[file]") {
  const Folder folder;
  folder.write("a.ndjson", "{\"n\":1}\r\n\n  \n{\"n\":2}\n");
  Job job(options(folder, "a.ndjson"));
  const auto rows = job.read();
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].value == "{\"n\":1}");
  CHECK((*rows)[0].offset == 0);
  CHECK((*rows)[1].value == "{\"n\":2}");
  CHECK((*rows)[1].offset == 13);
  CHECK((*rows)[1].path == "a.ndjson");
  const auto found = job.source().discover({});
  CHECK((*found)[0].origin->id_prefix == "a.ndjson:");
  CHECK(decode_position(job.positions().at("a.ndjson"))->line == 5);
}

TEST_CASE("file: a byte order mark is no part of the first row, and UTF-16 is refused", "[file]") {
  const Folder folder;
  folder.write("a.txt", "\xef\xbb\xbfone\ntwo\n");
  CHECK(Job(options(folder, "a.txt", Format::kText)).values() == Values{"one", "two"});
  folder.write("a.csv", "\xef\xbb\xbfn\n1\n");
  const auto rows = Job(csv_options(folder, "a.csv")).read();
  REQUIRE(rows);
  CHECK(rows->at(0).header == "n");
  folder.write("a.txt", std::string("\xff\xfeo\0", 4));
  const Error error = Job(options(folder, "a.txt", Format::kText)).error();
  CHECK(error.action() == Action::kStopJob);
  CHECK_THAT(error.message(), Catch::Contains("UTF-16"));
}

TEST_CASE("file: the next start reads what was appended, and files that begin to match", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2\n");
  Job job(options(folder, "*.txt", Format::kText));
  REQUIRE(job.start());
  // After the start: the next one's.
  folder.append("a.txt", "3\n");
  folder.write("b.txt", "4\n");
  CHECK(job.run()->size() == 2);
  CHECK(job.values() == Values{"3", "4"});
  CHECK(job.values().empty());
}

TEST_CASE("file: a row that begins before the end belongs to it, though its newline came later",
          "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2");
  Job job(options(folder, "a.txt", Format::kText));
  REQUIRE(job.start());
  folder.append("a.txt", "2\n3\n");
  const auto rows = job.run();
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK(rows->at(1).value == "22");
  CHECK(job.values() == Values{"3"});
}

TEST_CASE("file: a last line without a newline is a row", "[file]") {
  for (const std::string newline : {"\n", "\r\n"}) {
    const Folder folder;
    folder.write("a.txt", "1\n2");
    Job job(options(folder, "a.txt", Format::kText));
    CHECK(job.values() == Values{"1", "2"});
    CHECK(job.values().empty());
    folder.append("a.txt", newline + "3");
    CHECK(job.values() == Values{"3"});
    // The line that was read as a row was not whole: never half a row more.
    folder.append("a.txt", "3" + newline);
    const Error error = job.error();
    CHECK(error.action() == Action::kHalt);
    CHECK(error.code() == Code::kSourceRewritten);
    CHECK_THAT(error.message(), Catch::Contains("last_line: wait"));
    job.verify(false);  // a reader finds it as well
    CHECK(job.error().code() == Code::kSourceRewritten);
  }
}

TEST_CASE("file: last_line: wait reads a line when its newline is there", "[file]") {
  const Folder folder;
  folder.write("a.csv", "n\n1\n2,\"");
  FileSourceOptions waiting = csv_options(folder, "a.csv");
  waiting.last_line = LastLine::kWait;
  Job job(std::move(waiting));
  CHECK(job.values() == Values{"1"});
  folder.append("a.csv", "\n3");
  CHECK(job.values().empty());
  folder.append("a.csv", "\"\n4");
  CHECK(job.values() == Values{"2,\"\n3\""});
  folder.append("a.csv", "\n");
  CHECK(job.values() == Values{"4"});
}

TEST_CASE("file: one that is shorter or has other bytes is HALT source_rewritten", "[file]") {
  for (const char* now : {"one\n", "one\nTwo\n", "One\ntwo\nthree\n", "one\ntwo!\nthree\n", ""}) {
    INFO(now);
    const Folder folder;
    folder.write("a.txt", "one\ntwo\n");
    Job job(options(folder, "a.txt", Format::kText));
    CHECK(job.values() == Values{"one", "two"});
    // Something to read, so that the reader has to open it.
    folder.write("a.txt", now);
    Error error = job.error();
    CHECK(error.action() == Action::kHalt);
    CHECK(error.code() == Code::kSourceRewritten);
    if (folder.read("a.txt").size() <= 8) continue;
    job.verify(false);
    CHECK(job.error().code() == Code::kSourceRewritten);
  }
}

TEST_CASE("file: one that becomes shorter while it is read is HALT source_rewritten", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2\n3\n");
  Job job(options(folder, "a.txt", Format::kText));
  REQUIRE(job.start());
  folder.write("a.txt", "1\n");
  const auto rows = job.run();
  REQUIRE_FALSE(rows);
  CHECK(rows.error().action() == Action::kHalt);
  CHECK(rows.error().code() == Code::kSourceRewritten);
}

TEST_CASE("file: one that is replaced while it is read is read to its end as it was", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2\n3\n4\n");
  Job job(options(folder, "a.txt", Format::kText));
  REQUIRE(job.start());
  const Waker waker = std::move(*Waker::open());
  const SplitAssignment all{{"in", "a.txt"}, job.positions().at("a.txt"), {}};
  auto reader = std::move(job.source().assign({all}, {&waker})->front());
  Values values;
  Position reached;
  while (true) {
    RecordBatch batch;
    const auto fetched = reader->fetch(batch, 1, 1000);
    REQUIRE(fetched);
    for (const Record& record : batch.records) values.emplace_back(record.value);
    if (values.size() == 1 && folder.read("a.txt").starts_with("1")) {
      folder.write("b.tmp", "another\nfile of the same name\n");
      std::filesystem::rename(folder / "b.tmp", folder / "a.txt");
    }
    reached = fetched->next;
    if (fetched->state == FetchState::kEnd) break;
  }
  CHECK(values == Values{"1", "2", "3", "4"});
  job.positions()["a.txt"] = reached;
  CHECK(job.error().code() == Code::kSourceRewritten);
}

TEST_CASE("file: one that is gone is data_loss unless it was read to its end", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2\n3\n");
  folder.write("b.txt", "4\n5\n");
  folder.write("empty.txt", "");
  Job job(options(folder, "*.txt", Format::kText));
  REQUIRE(job.read(1, 2));  // dies before its epoch is committed
  std::filesystem::remove(folder / "empty.txt");
  CHECK(job.values() == Values{"1", "2", "3", "4", "5"});
  std::filesystem::remove(folder / "a.txt");
  CHECK(job.values().empty());
  folder.append("b.txt", "6\n");
  REQUIRE(job.start());
  std::filesystem::remove(folder / "b.txt");
  const auto rows = job.run();
  REQUIRE_FALSE(rows);
  CHECK(rows.error().action() == Action::kHalt);
  CHECK(rows.error().code() == Code::kDataLoss);
  CHECK_THAT(rows.error().message(), Catch::Contains("up to byte 4") && Catch::Contains("=latest"));
}

TEST_CASE("file: a file that was never read and a directory that vanishes are data_loss",
          "[file]") {
  const Folder folder;
  std::filesystem::create_directory(folder / "day");
  folder.write("day/a.txt", "1\n");
  Job job(options(folder, "*/*.txt", Format::kText));
  REQUIRE(job.start());
  std::filesystem::remove_all(folder / "day");
  CHECK(job.run().error().code() == Code::kDataLoss);
  const Error next = job.error();
  CHECK(next.code() == Code::kDataLoss);
  // The way out that the message names.
  job.positions() = *job.source().ends_now({"day/a.txt"}, {});
  CHECK(job.values().empty());
}

TEST_CASE("file: what cannot be read again is refused", "[file]") {
  const Folder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_directory(folder / "day");
  for (const auto& [path, words] :
       std::vector<std::pair<std::string, std::string>>{{"pipe", "is a FIFO"},
                                                        {"p*", "is a FIFO"},
                                                        {"day", "is a directory"},
                                                        {"/dev/null", "is a device"},
                                                        {"**/a.txt", "one /*/ per level"}}) {
    INFO(path);
    const Error error = Job(options(folder, path)).error();
    CHECK(error.action() == Action::kStopJob);
    CHECK(error.code() == Code::kFileRefused);
    CHECK_THAT(error.message(), Catch::Contains("source \"in\"") && Catch::Contains(words));
  }
  for (const char* path : {"a.txt", "night/a.txt", "night/*.txt"}) {
    INFO(path);
    const Error error = Job(options(folder, path)).error();
    CHECK(error.action() == Action::kStopJob);
    CHECK(error.code() == Code::kFileMissing);
  }
}

TEST_CASE("file: a missing permission is said at the start", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n");
  REQUIRE(chmod((folder / "a.txt").c_str(), 0) == 0);
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  const bool root = geteuid() == 0;
  if (root) REQUIRE(seteuid(65'534) == 0);
  Job job(options(folder, "*.txt", Format::kText));
  const Result<> started = job.start();
  if (root) REQUIRE(seteuid(0) == 0);
  REQUIRE_FALSE(started);
  CHECK(started.error().action() == Action::kStopJob);
  CHECK_THAT(started.error().message(), Catch::Contains("Permission denied"));
}

TEST_CASE("file: a pattern finds names in order, without hidden ones and directories", "[file]") {
  const Folder folder;
  for (const char* day : {"2", "1", ".3"}) {
    std::filesystem::create_directory(folder / day);
    folder.write(std::string(day) + "/b.txt", std::string(day) + "b\n");
    folder.write(std::string(day) + "/a.txt", std::string(day) + "a\n");
    folder.write(std::string(day) + "/.a.txt.part", "hidden\n");
    std::filesystem::create_directory(folder / (std::string(day) + "/c.txt"));
  }
  folder.write("x.txt", "no directory\n");
  std::filesystem::create_symlink(folder / "nowhere", folder / "1/link.txt");
  FileSourceOptions one_by_one = options(folder, "*/*.txt", Format::kText);
  one_by_one.files_max = 1;
  CHECK(Job(one_by_one).values() == Values{"1a", "1b", "2a", "2b"});
  one_by_one.path = "[12]/a.t?t";
  CHECK(Job(one_by_one).values() == Values{"1a", "2a"});
  one_by_one.path = folder / "*/b.txt";
  const auto rows = Job(one_by_one).read();
  REQUIRE(rows);
  CHECK(rows->at(0).path == folder / "1/b.txt");
  one_by_one.path = "none*.txt";
  CHECK(Job(one_by_one).values().empty());
}

TEST_CASE("file: many files are read a few at a time, none is forgotten", "[file]") {
  const Folder folder;
  for (int i = 0; i < 100; ++i) folder.write(std::to_string(i), "x\ny\n");
  FileSourceOptions few = options(folder, "*", Format::kText);
  few.files_max = 3;
  Job job(std::move(few));
  CHECK(job.values().size() == 200);
  folder.append("57", "z\n");
  CHECK(job.values() == Values{"z"});
}

TEST_CASE("file: an empty file and a header alone have no rows, until there are some", "[file]") {
  const Folder folder;
  folder.write("a.csv", "");
  folder.write("b.csv", "n,m");
  folder.write("c.csv", "n,m\n");
  Job job(csv_options(folder, "*.csv"));
  CHECK(job.values().empty());
  folder.append("a.csv", "n\n1\n");
  folder.append("b.csv", "m\n2,2\n");
  folder.append("c.csv", "3,3\n");
  const auto rows = job.read();
  REQUIRE(rows);
  std::map<std::string, std::string> seen;
  for (const Row& row : *rows) seen[row.path] = *row.header + ":" + row.value;
  CHECK(seen == std::map<std::string, std::string>{
                    {"a.csv", "n:1"}, {"b.csv", "n,mm:2,2"}, {"c.csv", "n,m:3,3"}});
}

TEST_CASE("file: rows of csv hold newlines between quotes, and the header is that of their file",
          "[file]") {
  const Folder folder;
  folder.write("a.csv", "\"a\nb\",c\r\n\"1\n\",2\r\n3,\"\"\"\n\"\r\n");
  Job job(csv_options(folder, "a.csv"));
  const auto rows = job.read(1);
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK(rows->at(0).header == "\"a\nb\",c");
  CHECK(rows->at(0).value == "\"1\n\",2");
  CHECK(rows->at(0).offset == 9);
  CHECK(rows->at(1).value == "3,\"\"\"\n\"");
  CHECK(decode_position(job.positions().at("a.csv"))->line == 7);
  folder.append("a.csv", "4,5\r\n");
  const auto more = job.read();
  CHECK(more->at(0).header == "\"a\nb\",c");
}

TEST_CASE("file: a header that does not end is refused", "[file]") {
  const Folder folder;
  folder.write("a.csv", "a,\"b\n1,2\n");
  CHECK_THAT(Job(csv_options(folder, "a.csv")).error().message(),
             Catch::Contains("opened in the header line"));
  folder.write("a.csv", std::string(10'000, 'x'));
  FileSourceOptions small = csv_options(folder, "a.csv");
  small.row_bytes_max = 100;
  CHECK_THAT(Job(small).error().message(), Catch::Contains("does not end"));
}

TEST_CASE("file: a quote that nothing closes costs its line, not the rest of the file", "[file]") {
  const Folder folder;
  const std::string rest = "4\n5\n" + std::string(300, 'x') + "\n";
  folder.write("a.csv", "n\n1\n\"2\n3\n" + rest);
  // At the end of the file, and where the row is larger than allowed before it.
  for (const std::size_t row_bytes_max : {std::size_t{100'000}, std::size_t{100}}) {
    for (const std::size_t rows_max : {1U, 100U}) {
      FileSourceOptions small = csv_options(folder, "a.csv");
      small.row_bytes_max = row_bytes_max;
      const auto rows = Job(small).read(rows_max);
      REQUIRE(rows);
      REQUIRE(rows->size() == 6);
      CHECK_FALSE(rows->at(0).unreadable);
      CHECK(rows->at(1).value == "\"2");
      CHECK(rows->at(1).offset == 4);
      REQUIRE(rows->at(1).unreadable);
      CHECK_THAT(*rows->at(1).unreadable, Catch::StartsWith("line 3: "));
      CHECK(rows->at(2).value == "3");
      CHECK(rows->at(3).value == "4");
      CHECK(rows->at(5).unreadable.has_value() == (row_bytes_max == 100));
    }
  }
}

TEST_CASE("file: a row of 10 MB is read, one over the limit is an error and the next is read",
          "[file]") {
  const Folder folder;
  const std::string large(10'000'000, 'x');
  folder.write("a.txt", "1\n" + large + "\n2\n" + large + large + "\n3\n" + large + large);
  for (const Format format : {Format::kText, Format::kCsv}) {
    Job job(options(folder, "a.txt", format, {.header = false}));
    const auto rows = job.read(1);
    REQUIRE(rows);
    REQUIRE(rows->size() == 6);
    CHECK(rows->at(1).value == large);
    CHECK_FALSE(rows->at(1).unreadable);
    CHECK(rows->at(2).value == "2");
    CHECK(rows->at(3).value == std::string(1024, 'x'));
    REQUIRE(rows->at(3).unreadable);
    CHECK_THAT(*rows->at(3).unreadable, Catch::StartsWith("line 4: the row is larger than 16MiB"));
    CHECK(rows->at(4).value == "3");
    REQUIRE(rows->at(5).unreadable);
    CHECK_THAT(*rows->at(5).unreadable, Catch::StartsWith("line 6: the row is larger than 16MiB"));
    CHECK(job.values().empty());
  }
}

TEST_CASE("file: a compressed file is read as its text", "[file]") {
  const Folder folder;
  std::string text = "n\n";
  Values expected;
  for (int i = 0; i < 20'000; ++i) {
    expected.push_back("row " + std::to_string(i * 7919));
    text += expected.back() + "\n";
  }
  const std::string half = text.substr(0, text.size() / 2);
  // Two members, as `cat a.gz b.gz` makes them; the name says nothing.
  folder.write("a.csv", gzipped(half) + gzipped(text.substr(half.size())));
  Job job(csv_options(folder, "a.csv"));
  const auto rows = job.read(1000);
  REQUIRE(rows);
  REQUIRE(rows->size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(rows->at(i).value == expected[i]);
  CHECK(rows->at(1).offset == 8);
  CHECK(job.values().empty());

  folder.append("a.csv", gzipped("one more\n"));
  CHECK(job.values() == Values{"one more"});
}

TEST_CASE("file: a compressed file goes on at its position, and other content is found", "[file]") {
  const Folder folder;
  folder.write("a.txt", gzipped("1\n2\n3\n4"));
  Job job(options(folder, "a.txt", Format::kText));
  REQUIRE(job.start());
  const Waker waker = std::move(*Waker::open());
  Position middle;
  {
    const SplitAssignment all{{"in", "a.txt"}, job.positions().at("a.txt"), {}};
    const auto reader = std::move(job.source().assign({all}, {&waker})->front());
    for (std::size_t got = 0; got < 2;) {
      RecordBatch batch;
      middle = reader->fetch(batch, 2, 1000)->next;
      got += batch.records.size();
    }
  }
  job.positions()["a.txt"] = middle;
  CHECK(job.source().describe(middle) == "4");
  CHECK(job.values() == Values{"3", "4"});
  job.positions()["a.txt"] = middle;
  folder.write("a.txt", gzipped("1\nX\n3\n4"));
  CHECK(job.error().code() == Code::kSourceRewritten);
  folder.write("a.txt", gzipped("1\n"));
  CHECK(job.error().code() == Code::kSourceRewritten);
}

TEST_CASE("file: a compressed file that is cut or damaged says so, its rows before are read",
          "[file]") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string whole = gzipped(text);
  folder.write("a.txt", whole.substr(0, whole.size() / 2));
  Job job(options(folder, "a.txt", Format::kText));
  const auto rows = job.read(1000, 1000);
  REQUIRE(rows);
  Error error = job.error();
  CHECK(error.action() == Action::kStopJob);
  CHECK_THAT(error.message(), Catch::Contains("in the middle of its compressed data"));
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
  folder.write("a.txt", damaged);
  CHECK_THAT(job.error().message(), Catch::Contains("is damaged"));
  folder.write("a.txt", whole + "garbage");
  CHECK_THAT(job.error().message(), Catch::Contains("is damaged"));
  folder.write("a.txt", whole);
  CHECK(job.values().size() == 50'000);
}

TEST_CASE("file: rows that were given up are left out and passed", "[file]") {
  const Folder folder;
  folder.write("a.txt", "one\ntwo\nthree\nfour\n");
  FileSourceOptions small = options(folder, "a.txt", Format::kText);
  small.row_bytes_max = 5;  // "three" and its newline are larger
  Job job(small);
  REQUIRE(job.start());
  const auto at = [&](const char* byte) { return *job.source().parse_position(byte); };
  // The second row, the one that is too large, and the middle of the fourth, where none begins.
  job.skip({at("4"), at("8"), at("15")});
  const auto rows = job.run();
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].value == "one");
  CHECK((*rows)[1].value == "four");
  CHECK(job.skipped() == 2);
  CHECK(job.values().empty());
}

TEST_CASE("file: distances are bytes, unless only reading finds the end", "[file]") {
  const Folder folder;
  folder.write("a.txt", "one\n");
  const auto source = make_file_source(options(folder, "a.txt", Format::kText));
  const Position four = *source->parse_position("4");
  CHECK(source->distance(*source->parse_position("1"), four) == 3);
  CHECK(source->distance(four, *source->parse_position("1")) == -3);
  CHECK(source->distance(four, source->ends_now({"a.txt"}, {})->at("a.txt")) == 0);
  CHECK_FALSE(source->distance(four, source->ends({"a.txt"}, {})->at("a.txt")));
}

TEST_CASE("file: a seek goes to the beginning of a row only", "[file]") {
  const Folder folder;
  folder.write("a.csv", "n\n1\n22\n3\n");
  Job job(csv_options(folder, "a.csv"));
  CHECK(job.values().size() == 3);
  const auto seek = [&](const char* to) {
    job.positions()["a.csv"] = *job.source().parse_position(to);
  };
  seek("4");
  const auto rows = job.read();
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK(rows->at(0).value == "22");
  CHECK(rows->at(0).header == "n");
  seek("0");
  CHECK(job.values().size() == 3);
  seek("5");
  CHECK_THAT(job.error().message(), Catch::Contains("no row begins at byte 5"));
  CHECK(job.source().describe(*job.source().parse_position("17")) == "17");
  for (const char* bad : {"", "-1", "x", "1 "}) CHECK_FALSE(job.source().parse_position(bad));
}

TEST_CASE("file: a moved end gives what lies before it", "[file]") {
  const Folder folder;
  folder.write("a.txt", "1\n2\n3\n");
  Job job(options(folder, "a.txt", Format::kText));
  REQUIRE(job.start());
  const Waker waker = std::move(*Waker::open());
  const Position begin = job.positions().at("a.txt");
  const auto reader =
      std::move(job.source().assign({{{"in", "a.txt"}, begin, begin}}, {&waker})->front());
  const auto read_on = [&] {
    Values values;
    while (true) {
      RecordBatch batch;
      const auto fetched = reader->fetch(batch, 10, 1000);
      REQUIRE(fetched);
      for (const Record& record : batch.records) values.emplace_back(record.value);
      if (fetched->state == FetchState::kEnd) return values;
    }
  };
  CHECK(read_on().empty());
  reader->read_to(*job.source().parse_position("2"));
  CHECK(read_on() == Values{"1"});
  reader->read_to(job.source().ends({"a.txt"}, {})->at("a.txt"));
  CHECK(read_on() == Values{"2", "3"});
}

TEST_CASE("file position: bytes read back, others do not", "[file]") {
  const FilePosition position{.next = 123'456,
                              .line = 17,
                              .tail_bytes = 99,
                              .tail_fp = 0xfedc'ba98'7654'3210,
                              .open_row = true,
                              .finished = false,
                              .disk_bytes = 5};
  const Position bytes = encode_position(position);
  CHECK(decode_position(bytes) == position);
  CHECK_FALSE(decode_position({bytes.bytes.substr(1)}));
  CHECK_FALSE(decode_position({bytes.bytes + "x"}));
  CHECK_FALSE(decode_position({""}));
}

}  // namespace
}  // namespace weir::file::test
