#include "connectors/file/reader.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "connectors/file/rows.h"
#include "connectors/file/tail.h"
#include "data/batch.h"

namespace weir::file {
namespace {

FilePosition decoded(const Position& position) {
  const std::optional<FilePosition> value = decode_position(position);
  WEIR_CHECK(value.has_value(), "positions of a file source come from it");
  return *value;
}

// What fetch() may answer: a disk that fails for now is tried again by recovering.
Error for_reader(Error error) {
  if (error.action() != Action::kRetry) return error;
  return {Action::kRecover, error.code(), error.message()};
}

}  // namespace

FileReader::FileReader(std::shared_ptr<Reading> reading, std::shared_ptr<const Origin> origin,
                       std::optional<FoundFile> found, const SplitAssignment& assignment,
                       const Waker& waker)
    : reading_(std::move(reading)),
      origin_(std::move(origin)),
      found_(std::move(found)),
      path_(below(reading_->options.directory, assignment.split.split)),
      waker_(waker),
      position_(decoded(assignment.position)),
      end_(resolve(assignment.end.value_or(encode_position({.next = kWhole})))) {
  for (const Position& skip : assignment.skips) skips_.insert(decoded(skip).next);
}

FileReader::~FileReader() { close(); }

std::int64_t FileReader::resolve(const Position& end) const {
  const std::int64_t next = decoded(end).next;
  return next == kWhole && found_ && !found_->compressed ? found_->bytes : next;
}

void FileReader::read_to(const Position& end) {
  const std::int64_t further = resolve(end);
  if (further <= end_) return;
  end_ = further;
  done_ = false;
}

Result<Fetch> FileReader::fetch(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) {
  if (done_ || position_.next >= end_) return answer(FetchState::kEnd);
  if (!found_) {
    WEIR_TRY(check_gone());
    done_ = true;
    return answer(FetchState::kEnd);
  }
  if (!has_turn_) has_turn_ = reading_->turns.take(waker_);
  if (!has_turn_) return answer(FetchState::kNothing);
  into.origin = origin_;
  Result<> step;
  if (!input_) {
    step = open();
  } else if (!arrived_) {
    step = arrive();
  } else if (passing_) {
    step = pass_over(into);
  } else {
    step = read_rows(into, rows_max, bytes_max);
  }
  if (!step) return for_reader(std::move(step.error()));
  Fetch fetched = answer(done_ ? FetchState::kEnd : FetchState::kRecords);
  fetched.skipped = leave_out(into);
  return fetched;
}

// Rows that a person has given up. They count as consumed, so the tail covers them.
std::uint64_t FileReader::leave_out(RecordBatch& batch) const {
  if (skips_.empty()) return 0;
  return std::erase_if(batch.records, [&](const Record& record) {
    if (!skips_.contains(record.offset)) return false;
    log(LogLevel::kWarn, "record " + split() + "@" + std::to_string(record.offset) +
                             " is left out, as `weir offsets skip` asked");
    batch.payload_bytes -= record.value.size();
    return true;
  });
}

// A file that was not there at the start: gone, or not what `path` means any more.
Result<> FileReader::check_gone() const {
  if (position_.finished) return {};
  const Result<std::unique_ptr<InputFile>> there = InputFile::open(path_);
  if (!there && there.error().code() == Code::kFileMissing) return gone();
  log(LogLevel::kWarn, path_ + " does not match any more and was read up to byte " +
                           std::to_string(position_.next) + " only");
  return {};
}

std::string FileReader::way_out(const std::string& to) const {
  return "\n  weir offsets " + reading_->options.job + " seek " + split() + "=" + to;
}

Error FileReader::gone() const {
  return {Action::kHalt, Code::kDataLoss,
          path_ + " is gone, and was read up to byte " + std::to_string(position_.next) + " only" +
              way_out("latest   goes on without it")};
}

Result<> FileReader::open() {
  Result<std::unique_ptr<InputFile>> opened = InputFile::open(path_);
  if (!opened && opened.error().code() == Code::kFileMissing) return gone();
  if (!opened) return std::move(opened.error());
  input_ = std::move(*opened);
  if (position_.finished && position_.disk_bytes != 0 &&
      position_.disk_bytes == input_->disk_bytes()) {
    finish();
    return {};
  }
  if (position_.next == kWhole) {
    return rewritten("the file was left out up to its end, which cannot be found again");
  }
  return read_front();
}

// What stands before the rows.
Result<> FileReader::read_front() {
  Arena arena;
  WEIR_ASSIGN(const Part front, read_part(0, 3, arena));
  if (front.text.starts_with("\xff\xfe") || front.text.starts_with("\xfe\xff")) {
    return Error{Action::kStopJob, Code::kFileRefused,
                 path_ + " is UTF-16; `iconv -f utf-16 -t utf-8` converts it"};
  }
  const std::size_t mark_bytes = front.text == "\xef\xbb\xbf" ? 3 : 0;
  if (reading_->options.framing.header) return read_header(mark_bytes);
  position_.next = std::max(position_.next, static_cast<std::int64_t>(mark_bytes));
  return {};
}

Result<> FileReader::read_header(std::size_t mark_bytes) {
  const std::size_t row_bytes_max = reading_->options.row_bytes_max;
  for (std::size_t bytes = 4096;; bytes *= 4) {
    Arena arena;
    WEIR_ASSIGN(const Part part, read_part(static_cast<std::int64_t>(mark_bytes), bytes, arena));
    const RowEnd end = find_row_end(part.text, reading_->options.framing);
    if (end.bytes != 0) {
      const std::string_view line = part.text.substr(0, end.bytes);
      header_ = without_newline(line);
      if (position_.next < static_cast<std::int64_t>(mark_bytes + end.bytes)) {
        position_.next = static_cast<std::int64_t>(mark_bytes + end.bytes);
        position_.line = 1 + std::count(line.begin(), line.end(), '\n');
      }
      return {};
    }
    if (end.in_quotes && (part.eof || bytes > row_bytes_max)) {
      return Error{Action::kStopJob, Code::kFileRefused,
                   path_ + ": a quote is opened in the header line and not closed"};
    }
    if (part.eof) {
      // A header without a newline, or none: no row is there yet.
      finish();
      return {};
    }
    if (bytes > row_bytes_max) {
      return Error{Action::kStopJob, Code::kFileRefused,
                   path_ + ": the header line does not end; is it a CSV file?"};
    }
  }
}

// Goes to the position and looks whether all is there as it was.
Result<> FileReader::arrive() {
  WEIR_ASSIGN(const bool there, input_->seek(position_.next - position_.tail_bytes));
  if (!there) return {};
  WEIR_ASSIGN(const auto change, find_change(*input_, position_));
  if (change) return rewritten(*change);
  if (position_.open_row) {
    WEIR_ASSIGN(const auto newline, newline_after(*input_, position_));
    step_over(newline.value_or(0));
  } else if (position_.line == 0 && position_.next > 0) {
    Arena arena;
    WEIR_ASSIGN(const Part before, read_part(position_.next - 1, 1, arena));
    if (before.text != "\n") {
      return Error{Action::kStopJob, Code::kFileRefused,
                   path_ + ": no row begins at byte " + std::to_string(position_.next)};
    }
  }
  position_.finished = false;
  position_.disk_bytes = 0;
  arrived_ = true;
  return {};
}

// The newline came that the last row lacked.
void FileReader::step_over(std::int64_t newline_bytes) {
  if (newline_bytes == 0) return;
  position_.next += newline_bytes;
  if (position_.line != 0) ++position_.line;
  position_.open_row = false;
  set_tail(position_, newline_bytes == 1 ? "\n" : "\r\n");
}

Result<FileReader::Part> FileReader::read_part(std::int64_t offset, std::size_t bytes,
                                               Arena& arena) {
  char* const buffer = static_cast<char*>(arena.allocate(bytes + kValuePadding, 1));
  WEIR_ASSIGN(const std::size_t got, input_->read(offset, {buffer, bytes}));
  std::fill_n(buffer + got, kValuePadding, '\0');
  const std::int64_t part_end = offset + static_cast<std::int64_t>(got);
  if (got < bytes && !input_->compressed() && part_end < end_) {
    return rewritten("the file became shorter: it had " + std::to_string(end_) +
                     " bytes at the start of the job, and ends at " + std::to_string(part_end));
  }
  return Part{{buffer, got}, got < bytes};
}

Result<> FileReader::read_rows(RecordBatch& into, std::size_t rows_max, std::size_t bytes_max) {
  const FileSourceOptions& options = reading_->options;
  const CutLimits limits{.framing = options.framing,
                         .last_line = options.last_line,
                         .row_bytes_max = options.row_bytes_max,
                         .rows_max = rows_max,
                         .end = end_};
  // As much as the rows are likely to take: what does not fit into the batch is read again.
  constexpr std::size_t kBytesMin = 4096;
  std::size_t bytes = std::clamp(std::min(rows_max, kBatchRowsMax) * row_bytes_ * 5 / 4, kBytesMin,
                                 std::max(kBytesMin, bytes_max));
  const std::int64_t before = position_.next;
  while (true) {
    WEIR_ASSIGN(const Part part, read_part(position_.next, bytes, *into.arena));
    const Cut cut = cut_rows(part.text, part.eof, limits, header_, position_, into);
    if (cut == Cut::kFinished) {
      finish();
      break;
    }
    if (cut == Cut::kEndless) {
      passing_ = Passing{position_.next + static_cast<std::int64_t>(part.text.size()),
                         std::string(part.text.substr(0, 1024))};
      break;
    }
    if (cut == Cut::kRows) break;
    bytes = std::min(bytes * 4, std::max(bytes, options.row_bytes_max) + 1);
  }
  if (!into.records.empty()) {
    row_bytes_ = static_cast<std::size_t>(position_.next - before) / into.records.size() + 1;
  }
  return {};
}

// Looks for the end of a line that is too large, and gives its beginning as what cannot be read.
Result<> FileReader::pass_over(RecordBatch& into) {
  constexpr std::size_t kStepBytes = 1024 * 1024;
  const FileSourceOptions& options = reading_->options;
  Arena arena;
  WEIR_ASSIGN(const Part part, read_part(passing_->scanned, kStepBytes, arena));
  const std::size_t newline = part.text.find('\n');
  const bool ends = newline != std::string_view::npos;
  if (!ends && !part.eof) {
    passing_->scanned += static_cast<std::int64_t>(part.text.size());
    return {};
  }
  if (!ends && options.last_line == LastLine::kWait) {
    finish();
    return {};
  }
  const std::string_view passed = part.text.substr(0, ends ? newline + 1 : part.text.size());
  append_row(into.arena->copy(passing_->shown, kValuePadding), position_.next,
             header_.empty() ? header_ : into.arena->copy(header_),
             too_large_text(position_.line, options.row_bytes_max, options.framing), into);
  position_.next = passing_->scanned + static_cast<std::int64_t>(passed.size());
  if (ends && position_.line != 0) ++position_.line;
  position_.open_row = !ends;
  set_tail(position_, passed);
  passing_.reset();
  if (!ends || position_.next >= end_) finish();
  return {};
}

void FileReader::finish() {
  if (position_.next < end_ && input_ && !input_->compressed() && arrived_) {
    log(LogLevel::kWarn, path_ + ": the line at byte " + std::to_string(position_.next) +
                             " has no newline yet and is not read (last_line: wait)");
  }
  position_.finished = true;
  if (input_ && input_->compressed()) position_.disk_bytes = input_->disk_bytes();
  done_ = true;
  close();
}

void FileReader::close() {
  input_.reset();
  arrived_ = false;
  if (has_turn_) reading_->turns.give_back();
  has_turn_ = false;
}

Fetch FileReader::answer(FetchState state) const {
  return {.state = state, .next = encode_position(position_), .dropped = 0, .lag_records = {}};
}

Error FileReader::rewritten(const std::string& what) const {
  return {Action::kHalt, Code::kSourceRewritten,
          path_ + ": " + what + way_out("earliest   reads what is there now from its beginning")};
}

}  // namespace weir::file
