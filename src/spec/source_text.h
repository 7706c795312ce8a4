#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Bytes of a SourceText: where a value stands. Length 0 is a position without an extent.
struct Place {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const Place&) const = default;
};

struct LineColumn {
  std::size_t line = 1;
  std::size_t column = 1;  ///< in characters, not bytes
  bool operator==(const LineColumn&) const = default;
};

/// The text of a job file or weir.yaml, as messages show it. What stands behind the names of
/// secrets is masked from the beginning, whatever goes wrong with the file (secret_names.h).
///
/// Shared by the spec made from it (shared_ptr<const>).
/// Thread: any, immutable once parsing is done.
class SourceText {
 public:
  SourceText(std::string path, std::string text);

  /// As the person named it, for messages.
  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }

  LineColumn line_column(std::size_t offset) const;
  /// Line `line` (from 1) without its end, for showing: every byte of a secret is `*`.
  std::string shown_line(std::size_t line) const;
  /// Offset of the first byte of `line`; the text's size behind the last one.
  std::size_t line_start(std::size_t line) const;

  /// Keys begin at these offsets that are names a person gave, of a source or a sink: they are like
  /// no secret's name, and hide nothing. Once the file is read; what mask() masks stays.
  void show_names(const std::set<std::uint32_t>& keys);
  /// These bytes are a secret and are never shown; references in them, `${...}`, are none.
  void mask(Place place);
  /// True when a part of `place` is a secret.
  bool is_masked(Place place) const;
  /// `text`, which stands at `place`, as a message may quote it.
  std::string shown(Place place, std::string_view text) const;

 private:
  std::string path_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  std::vector<Place> behind_secret_names_;
  std::vector<Place> masked_;
};

/// A value and where it was written; `given` is false for a default.
template <class T>
struct Located {
  T value{};
  Place at;
  bool given = false;

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};

/// An expression, select list or column list as PostgreSQL will read it, with the way back: each
/// byte of `text` knows where it stands in the file, through quotes, escapes, folding and the
/// indent of a block.
class SqlText {
 public:
  SqlText() = default;
  SqlText(std::string text, Place at, std::vector<std::uint32_t> offsets)
      : text_(std::move(text)), at_(at), offsets_(std::move(offsets)) {}

  const std::string& text() const { return text_; }
  /// The whole leaf as it stands in the file, with its quotes.
  Place at() const { return at_; }
  bool given() const { return at_.length != 0; }

  /// Where bytes [`from`, `from` + `length`) of text() stand. The extent ends at the end of the
  /// line in the file. `from` may be the end of the text ("unexpected end").
  Place place(std::size_t from, std::size_t length) const;

 private:
  std::string text_;
  Place at_;
  std::vector<std::uint32_t> offsets_;  // of each byte of text_ in the file, and one for its end
};

}  // namespace weir
