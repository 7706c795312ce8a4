#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "connectors/file/input.h"
#include "connectors/file/listing.h"
#include "connectors/file/position.h"
#include "connectors/file/source.h"
#include "connectors/file/turns.h"
#include "flow/source.h"

namespace weir::file {

/// What the readers of one assignment have in common.
struct Reading {
  explicit Reading(const FileSourceOptions& source) : options(source), turns(source.files_max) {}
  const FileSourceOptions options;
  Turns turns;
};

/// Reads the rows of one file that begin before an end.
///
/// The buffer that the file is read into is the batch's arena, and the records are views of it.
/// Between two fetches nothing is kept: a row that a buffer did not hold whole is read again.
///
///   waiting for a turn -> opened -> arrived (position checked) -> rows -> done
///                                           rows <-> passing over an endless row
///
/// Owned by the worker of the split. Thread: that worker.
class FileReader final : public SplitReader {
 public:
  /// `found`: nothing when the file was not there at the start. `waker` outlives it.
  FileReader(std::shared_ptr<Reading> reading, std::shared_ptr<const Origin> origin,
             std::optional<FoundFile> found, const SplitAssignment& assignment, const Waker& waker);
  ~FileReader() override;

  Result<Fetch> fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) override;
  void read_to(const Position& end) override;

 private:
  /// Of a row that is too large, in a line that has not ended yet.
  struct Passing {
    std::int64_t scanned = 0;  ///< the file up to here
    std::string shown;         ///< how the row begins
  };
  /// A part of the file, in an arena.
  struct Part {
    std::string_view text;
    bool eof = false;  ///< the file ends behind it
  };

  std::int64_t resolve(const Position& end) const;
  Result<> check_gone() const;
  Error gone() const;
  Result<> open();
  Result<> read_front();
  Result<> read_header(std::size_t mark_bytes);
  Result<> arrive();
  void step_over(std::int64_t newline_bytes);
  Result<> read_rows(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max);
  Result<> pass_over(RecordBatch& into);
  Result<Part> read_part(std::int64_t offset, std::size_t bytes, Arena& arena);
  void finish();
  void close();
  std::uint64_t leave_out(RecordBatch& batch) const;
  std::string split() const { return reading_->options.name + "/" + origin_->split; }
  std::string way_out(const std::string& to) const;

  Fetch answer(FetchState state) const;
  Error rewritten(const std::string& what) const;

  const std::shared_ptr<Reading> reading_;
  const std::shared_ptr<const Origin> origin_;
  const std::optional<FoundFile> found_;
  const std::string path_;  // as one opens it
  const Waker& waker_;
  FilePosition position_;
  std::int64_t end_;
  std::set<std::int64_t> skips_;  // first bytes of the rows to leave out
  bool done_ = false;
  bool has_turn_ = false;
  std::unique_ptr<InputFile> input_;
  bool arrived_ = false;
  std::string header_;           // of csv: the line that names the columns
  std::size_t row_bytes_ = 200;  // of the rows seen last, on average
  std::optional<Passing> passing_;
};

}  // namespace weir::file
