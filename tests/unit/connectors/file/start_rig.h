#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/source.h"

namespace weir::file::test {

/// A directory of its own, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  void write(const std::string& name, const std::string& text) const;
  void append(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

 private:
  std::string path_;
};

/// `text` as gzip stores it.
std::string gzipped(const std::string& text);

struct Row {
  std::string path;
  std::int64_t offset = 0;
  std::string value;
  std::optional<std::string> header;      ///< of csv
  std::optional<std::string> unreadable;  ///< why it is
};

/// Starts of one job that reads files, one after the other, with what a lane keeps between them:
/// positions and ends.
class Job {
 public:
  explicit Job(FileSourceOptions options) : options_(std::move(options)) {}

  FileSourceOptions& options() { return options_; }
  /// Makes the source anew and looks for files; what a test does until run() comes later.
  Result<> start();
  /// Reads until every file has ended, or until the process "dies" after so many rows: then the
  /// positions stay as they were. `rows_max` of each fetch.
  Result<std::vector<Row>> run(std::size_t rows_max = 3, std::size_t dies_after = SIZE_MAX);
  /// start() and run().
  Result<std::vector<Row>> read(std::size_t rows_max = 3, std::size_t dies_after = SIZE_MAX);
  /// The values of read(), which succeeds.
  std::vector<std::string> values();
  /// The error of read().
  Error error();

  Source& source() { return *source_; }
  std::map<std::string, Position>& positions() { return positions_; }
  /// Of every file, the rows that are left out from now on.
  void skip(std::vector<Position> rows) { skips_ = std::move(rows); }
  /// How many rows the last run left out.
  std::uint64_t skipped() const { return skipped_; }
  /// Leaves out what recovery does, to see what a reader finds by itself.
  void verify(bool yes) { verify_ = yes; }

 private:
  FileSourceOptions options_;
  std::unique_ptr<Source> source_;
  std::map<std::string, Position> positions_;
  std::map<std::string, Position> ends_;
  std::vector<Position> skips_;
  std::uint64_t skipped_ = 0;
  bool verify_ = true;
};

}  // namespace weir::file::test
