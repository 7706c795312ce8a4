#include "engine/mend_words.h"

#include <algorithm>
#include <string_view>

namespace weir {
namespace {

struct Word {
  const Source* source = nullptr;
  SplitId split;
  std::string_view rest;  // behind the separator
};

Error misread(const std::string& word, const std::string& why) {
  return {Action::kStopJob, "\"" + word + "\": " + why};
}

Result<Word> take_apart(const LaneParts& parts, const std::string& word, char separator,
                        const std::string& form) {
  const std::string_view text = word;
  const std::size_t end = text.rfind(separator);
  const std::size_t slash = text.find('/');
  if (end == std::string_view::npos || slash == std::string_view::npos || slash > end ||
      end + 1 == text.size()) {
    return misread(word, "write it as " + form);
  }
  const std::string name(text.substr(0, slash));
  const auto found = std::find_if(parts.sources.begin(), parts.sources.end(),
                                  [&](const auto& source) { return source->name() == name; });
  if (found == parts.sources.end()) {
    std::string names;
    for (const auto& source : parts.sources) names += " " + source->name();
    return misread(word, "the job has no source \"" + name + "\"; its sources are:" + names);
  }
  return Word{found->get(),
              {name, std::string(text.substr(slash + 1, end - slash - 1))},
              text.substr(end + 1)};
}

// A partition that is named twice could mean either.
bool is_named_already(const std::vector<Seek>& seeks, const SplitId& split) {
  return std::any_of(seeks.begin(), seeks.end(),
                     [&](const Seek& each) { return each.split == split; });
}

}  // namespace

Result<std::vector<Seek>> parse_seeks(const LaneParts& parts,
                                      const std::vector<std::string>& words) {
  std::vector<Seek> seeks;
  for (const std::string& text : words) {
    WEIR_ASSIGN(const Word word, take_apart(parts, text, '=',
                                            "SOURCE/TOPIC/PARTITION=earliest, =latest or =OFFSET"));
    if (is_named_already(seeks, word.split)) {
      return misread(text, "the partition is named twice");
    }
    Seek seek{.split = word.split, .to = SeekTo::kOffset, .offset = {}};
    if (word.rest == "earliest") {
      seek.to = SeekTo::kEarliest;
    } else if (word.rest == "latest") {
      seek.to = SeekTo::kLatest;
    } else {
      Result<Position> offset = word.source->parse_position(word.rest);
      if (!offset) return misread(text, offset.error().message());
      seek.offset = std::move(*offset);
    }
    seeks.push_back(std::move(seek));
  }
  return seeks;
}

Result<std::vector<std::pair<SplitId, Position>>> parse_skips(
    const LaneParts& parts, const std::vector<std::string>& words) {
  std::vector<std::pair<SplitId, Position>> skips;
  for (const std::string& text : words) {
    WEIR_ASSIGN(const Word word, take_apart(parts, text, '@', "SOURCE/TOPIC/PARTITION@OFFSET"));
    Result<Position> record = word.source->parse_position(word.rest);
    if (!record) return misread(text, record.error().message());
    skips.emplace_back(word.split, std::move(*record));
  }
  return skips;
}

}  // namespace weir
