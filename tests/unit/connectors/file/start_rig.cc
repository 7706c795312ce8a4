#include "start_rig.h"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weir::file::test {
namespace {

constexpr MonoTime kNoDeadline = MonoTime::max();

std::optional<std::string> header_of(const Record& record, std::string_view name) {
  const RecordHeader* const header = find_header(record, name);
  return header == nullptr ? std::nullopt : std::optional<std::string>(header->value);
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "weir-file-XXXXXX").string();
  path_ = mkdtemp(name.data());
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

void Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(*this / name, std::ios::binary) << text;
}
void Folder::append(const std::string& name, const std::string& text) const {
  std::ofstream(*this / name, std::ios::binary | std::ios::app) << text;
}
std::string Folder::read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(*this / name, std::ios::binary).rdbuf();
  return text.str();
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Result<> Job::start() {
  source_ = make_file_source(options_);
  WEIR_ASSIGN(const auto listings, source_->discover(kNoDeadline));
  std::vector<std::string> found;
  for (const SplitListing& listing : listings) {
    if (!positions_.contains(listing.split)) found.push_back(listing.split);
  }
  WEIR_ASSIGN(auto beginnings, source_->beginnings(found, kNoDeadline));
  positions_.merge(beginnings);
  // As a lane does: what has an end keeps it.
  WEIR_ASSIGN(auto ends, source_->ends(found, kNoDeadline));
  ends_.merge(ends);
  return {};
}

Result<std::vector<Row>> Job::read(std::size_t rows_max, std::size_t dies_after) {
  WEIR_TRY(start());
  return run(rows_max, dies_after);
}

Result<std::vector<Row>> Job::run(std::size_t rows_max, std::size_t dies_after) {
  std::vector<SplitAssignment> assignments;
  for (const auto& [split, position] : positions_) {
    assignments.push_back({{options_.name, split}, position, ends_.at(split), skips_});
  }
  if (verify_) {
    WEIR_ASSIGN(const auto checks, source_->verify_tails(assignments, kNoDeadline));
    for (const TailCheck& check : checks) {
      if (check.state != TailState::kRewritten) continue;
      return Error{Action::kHalt, Code::kSourceRewritten, check.detail};
    }
  }
  WEIR_ASSIGN(const Waker waker, Waker::open());
  WEIR_ASSIGN(auto readers,
              source_->assign(assignments, std::vector<const Waker*>(assignments.size(), &waker)));
  std::vector<Row> rows;
  std::map<std::string, Position> reached = positions_;
  skipped_ = 0;
  for (std::size_t open = readers.size(); open > 0;) {
    bool any = false;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if (!readers[i]) continue;
      RecordBatch batch;
      WEIR_ASSIGN(const Fetch fetched, readers[i]->fetch(batch, rows_max, 64U * 1024));
      REQUIRE(batch.records.size() <= rows_max);
      for (const Record& record : batch.records) {
        CHECK(batch.origin->split == assignments[i].split.split);
        rows.push_back({batch.origin->topic, record.offset, std::string(record.value),
                        header_of(record, kCsvHeader), header_of(record, kUnreadable)});
      }
      skipped_ += fetched.skipped;
      any = any || fetched.state != FetchState::kNothing;
      reached[assignments[i].split.split] = fetched.next;
      if (rows.size() >= dies_after) return rows;
      if (fetched.state != FetchState::kEnd) continue;
      readers[i].reset();
      --open;
    }
    // Nobody else would write to the waker.
    REQUIRE((any || waker.wait(std::chrono::milliseconds(0))));
  }
  readers.clear();
  source_->unassign();
  positions_ = std::move(reached);
  return rows;
}

std::vector<std::string> Job::values() {
  const Result<std::vector<Row>> rows = read();
  INFO((rows ? "" : rows.error().message()));
  REQUIRE(rows);
  std::vector<std::string> values;
  for (const Row& row : *rows) values.push_back(row.value);
  return values;
}

Error Job::error() {
  Result<std::vector<Row>> rows = read();
  REQUIRE_FALSE(rows);
  return std::move(rows.error());
}

}  // namespace weir::file::test
