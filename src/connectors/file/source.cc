#include "connectors/file/source.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/log.h"
#include "connectors/file/reader.h"
#include "connectors/file/tail.h"

namespace weir::file {
namespace {

using Positions = std::map<std::string, Position>;

FilePosition decoded(const Position& position) {
  const std::optional<FilePosition> value = decode_position(position);
  WEIR_CHECK(value.has_value(), "positions of a file source come from it");
  return *value;
}

class FileSource final : public Source {
 public:
  explicit FileSource(FileSourceOptions options) : options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }

  // Which file it is, each one's tail tells.
  Result<std::string> identity(MonoTime /*deadline*/) override { return std::string("file"); }

  Result<std::vector<SplitListing>> discover(MonoTime /*deadline*/) override {
    WEIR_TRY(find());
    std::vector<SplitListing> listings;
    for (const auto& [path, file] : *found_) listings.push_back({path, origin(path)});
    return listings;
  }

  bool starts_at_committed() const override { return false; }
  bool start_is_explicit() const override { return false; }
  Result<Positions> first_positions(const std::vector<std::string>& splits,
                                    MonoTime deadline) override {
    return beginnings(splits, deadline);
  }
  Result<Positions> beginnings(const std::vector<std::string>& splits,
                               MonoTime /*deadline*/) override {
    WEIR_TRY(find());
    Positions positions;
    for (const std::string& split : splits) {
      const auto file = found_->find(split);
      const bool empty = file != found_->end() && file->second.bytes == 0;
      positions[split] = encode_position({.finished = empty});
    }
    return positions;
  }

  bool bounded() const override { return true; }
  Result<Positions> ends(const std::vector<std::string>& splits, MonoTime /*deadline*/) override {
    Positions positions;
    for (const std::string& split : splits) positions[split] = encode_position({.next = kWhole});
    return positions;
  }
  Result<Positions> ends_now(const std::vector<std::string>& splits,
                             MonoTime /*deadline*/) override {
    WEIR_TRY(find());
    Positions positions;
    for (const std::string& split : splits) {
      const auto file = found_->find(split);
      FilePosition end{.next = kWhole, .line = 0, .finished = true};
      if (file != found_->end()) {
        end.disk_bytes = file->second.compressed ? file->second.bytes : 0;
        if (!file->second.compressed) end.next = file->second.bytes;
      }
      positions[split] = encode_position(end);
    }
    return positions;
  }

  Result<std::vector<TailCheck>> verify_tails(const std::vector<SplitAssignment>& assignments,
                                              MonoTime /*deadline*/) override {
    std::vector<TailCheck> checks;
    for (const SplitAssignment& each : assignments) {
      WEIR_ASSIGN(TailCheck check, verify_tail(each));
      checks.push_back(std::move(check));
    }
    return checks;
  }

  Result<std::vector<std::unique_ptr<SplitReader>>> assign(
      const std::vector<SplitAssignment>& assignments,
      const std::vector<const Waker*>& wakers) override {
    WEIR_TRY(find());
    const auto reading = std::make_shared<Reading>(options_);
    std::vector<std::unique_ptr<SplitReader>> readers;
    for (std::size_t i = 0; i < assignments.size(); ++i) {
      const std::string& path = assignments[i].split.split;
      const auto file = found_->find(path);
      readers.push_back(std::make_unique<FileReader>(
          reading, origin(path),
          file == found_->end() ? std::nullopt : std::optional<FoundFile>(file->second),
          assignments[i], *wakers[i]));
    }
    return readers;
  }
  void unassign() override {}
  Result<> health() override { return {}; }

  std::string describe(const Position& position) const override {
    const std::int64_t next = decoded(position).next;
    return next == kWhole ? "end" : std::to_string(next);
  }
  Result<Position> parse_position(std::string_view text) const override {
    FilePosition position{.line = 0};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), position.next);
    if (error != std::errc{} || end != text.data() + text.size() || position.next < 0) {
      return Error{Action::kStopJob, "\"" + std::string(text) + "\" is not a byte of a file"};
    }
    if (position.next == 0) position.line = 1;
    return encode_position(position);
  }
  /// In bytes of text; nothing to or from an end that only reading finds.
  std::optional<std::int64_t> distance(const Position& from, const Position& to) const override {
    const std::int64_t before = decoded(from).next;
    const std::int64_t behind = decoded(to).next;
    if (before == kWhole || behind == kWhole) return std::nullopt;
    return behind - before;
  }

 private:
  // What is there at the start is what is read until the next one.
  Result<> find() {
    if (found_) return {};
    Result<std::vector<FoundFile>> files = find_files(options_.directory, options_.path);
    if (!files) return std::move(files.error()).within("source \"" + options_.name + "\"");
    found_.emplace();
    for (FoundFile& file : *files) (*found_)[file.path] = std::move(file);
    if (found_->empty()) {
      log(LogLevel::kWarn, "source \"" + options_.name + "\": no file matches " + options_.path);
    }
    return {};
  }

  Result<TailCheck> verify_tail(const SplitAssignment& assignment) const {
    const FilePosition position = decoded(assignment.position);
    if (position.tail_bytes == 0) {
      return TailCheck{assignment.split, TailState::kUnverified, "nothing was consumed yet"};
    }
    Result<std::unique_ptr<InputFile>> input =
        InputFile::open(below(options_.directory, assignment.split.split));
    if (!input && input.error().code() == Code::kFileMissing) {
      return TailCheck{assignment.split, TailState::kUnverified, "the file is gone"};
    }
    if (!input) return std::move(input.error());
    if ((*input)->compressed()) {
      // Its reader looks, when it has come there anyway.
      return TailCheck{assignment.split, TailState::kUnverified, "the file is compressed"};
    }
    WEIR_ASSIGN(const auto change, find_change(**input, position));
    if (change) return TailCheck{assignment.split, TailState::kRewritten, *change};
    return TailCheck{assignment.split, TailState::kSame, {}};
  }

  std::shared_ptr<const Origin> origin(const std::string& path) const {
    auto made = std::make_shared<Origin>();
    made->source = options_.index;
    made->split = path;
    made->topic = path;
    made->id_prefix = path + ":";
    return made;
  }

  const FileSourceOptions options_;
  std::optional<std::map<std::string, FoundFile>> found_;  // at the first question
};

}  // namespace

std::unique_ptr<Source> make_file_source(FileSourceOptions options) {
  return std::make_unique<FileSource>(std::move(options));
}

}  // namespace weir::file
