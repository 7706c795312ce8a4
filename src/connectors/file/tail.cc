#include "connectors/file/tail.h"

#include <array>

#include "base/hash.h"

namespace weir::file {

Result<std::optional<std::int64_t>> newline_after(InputFile& input, const FilePosition& position) {
  std::array<char, 2> bytes{};
  WEIR_ASSIGN(const std::size_t got, input.read(position.next, bytes));
  const std::string_view text(bytes.data(), got);
  using Bytes = std::optional<std::int64_t>;
  if (text.empty()) return Bytes{0};
  if (text[0] == '\n') return Bytes{1};
  if (text == "\r\n") return Bytes{2};
  return Bytes{};
}

Result<std::optional<std::string>> find_change(InputFile& input, const FilePosition& position) {
  using Change = std::optional<std::string>;
  const std::string place = std::to_string(position.next);
  if (!input.compressed() && input.disk_bytes() < position.next) {
    return Change{"the file is shorter than it was: it was read up to byte " + place + " and has " +
                  std::to_string(input.disk_bytes()) + " now"};
  }
  if (position.tail_bytes == 0) return Change{};
  std::string tail(position.tail_bytes, '\0');
  WEIR_ASSIGN(const std::size_t got, input.read(position.next - position.tail_bytes, tail));
  if (got < tail.size() || hash64(tail) != position.tail_fp) {
    return Change{"other bytes stand before byte " + place + ", up to which the file was read"};
  }
  if (!position.open_row) return Change{};
  WEIR_ASSIGN(const auto newline, newline_after(input, position));
  if (newline) return Change{};
  return Change{
      "the last line had no newline and was read as a row up to byte " + place +
      ", and the line has become longer since\n  `last_line: wait` reads a line only when its "
      "newline is there"};
}

}  // namespace weir::file
