#include "sql/regexes.h"

#include <re2/re2.h>

#include <array>
#include <memory>
#include <optional>

namespace weir {
namespace {

constexpr Failure kNoRegex = "invalid regular expression";
// \1 to \9 in a replacement.
constexpr int kGroupsMax = 9;
using Groups = std::array<re2::StringPiece, kGroupsMax + 1>;

// As in PostgreSQL, a point takes a newline, and ^ and $ are the ends of the text.
RE2::Options options_of(bool ignore_case) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_case_sensitive(!ignore_case);
  return options;
}

re2::StringPiece piece(Text text) { return {text.data(), text.size()}; }
Text view(const re2::StringPiece& found) { return {found.data(), found.size()}; }

// The pattern of one row is mostly that of the row before, which is compiled already.
class Pattern {
 public:
  // Null when the pattern is none.
  const RE2* of(Text text, bool ignore_case) {
    if (!regex_ || text != text_ || ignore_case != ignore_case_) {
      text_ = text;
      ignore_case_ = ignore_case;
      regex_ = std::make_unique<RE2>(piece(text), options_of(ignore_case));
    }
    return regex_->ok() ? regex_.get() : nullptr;
  }

 private:
  std::string text_;
  bool ignore_case_ = false;
  std::unique_ptr<RE2> regex_;
};

// As strict(); `f` is called as f(pattern, arena, a, b, ..., out) with one Pattern a batch.
template <class Out, class... Args, class F>
Kernel with_pattern(F f) {
  Kernel kernel = [f](KernelCall& call) {
    Pattern pattern;
    const Kernel rows = strict<Out, Args...>([&](Arena& arena, const Args&... args, Out& out) {
      return f(pattern, arena, args..., out);
    });
    rows(call);
  };
  kernel.takes_constants = true;
  return kernel;
}

struct Flags {
  bool all = false;
  bool ignore_case = false;
};
// Of the letters that PostgreSQL has, those that RE2 can do.
std::optional<Flags> flags_of(Text letters) {
  Flags flags;
  for (const char letter : letters) {
    if (letter == 'g') {
      flags.all = true;
    } else if (letter == 'i' || letter == 'c') {
      flags.ignore_case = letter == 'i';
    } else if (letter != 's') {
      return std::nullopt;
    }
  }
  return flags;
}

Failure matches(const RE2* regex, Text text, bool wanted, std::uint8_t& out) {
  if (regex == nullptr) return kNoRegex;
  out = RE2::PartialMatch(piece(text), *regex) == wanted ? 1 : 0;
  return kDone;
}

bool search(const RE2& regex, Text text, std::size_t from, Groups& groups) {
  return regex.Match(piece(text), from, text.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()));
}

// \1 is the first group, \& all that matched, \\ a backslash.
void append_replacement(std::string& out, Text replacement, const Groups& groups) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (replacement[i] != '\\' || !((next >= '1' && next <= '9') || next == '&' || next == '\\')) {
      out += replacement[i];
      continue;
    }
    ++i;
    if (next == '\\') {
      out += '\\';
    } else {
      out += view(groups[next == '&' ? 0 : static_cast<std::size_t>(next - '0')]);
    }
  }
}

// Calls found(groups) for each match, empty ones between characters too, until it says false.
template <class Found>
void each_match(const RE2& regex, Text text, Found found) {
  Groups groups;
  for (std::size_t at = 0; at <= text.size() && search(regex, text, at, groups);) {
    if (!found(groups)) return;
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    at = begin + groups[0].size();
    if (groups[0].empty()) at += std::max<std::size_t>(byte_of_character(text.substr(at), 1), 1);
  }
}

Failure replaced(const RE2* regex, Arena& arena, Text text, Text replacement, bool all, Text& out) {
  if (regex == nullptr) return kNoRegex;
  std::string made;
  std::size_t copied = 0;
  bool too_long = false;
  each_match(*regex, text, [&](const Groups& groups) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    made.append(text, copied, begin - copied);
    append_replacement(made, replacement, groups);
    copied = begin + groups[0].size();
    too_long = made.size() > kTextBytesMax;
    return all && !too_long;
  });
  if (too_long) return kTextTooLong;
  made.append(text, copied);
  out = arena.copy(made);
  return kDone;
}

Failure counted(const RE2* regex, Text text, std::int32_t& out) {
  if (regex == nullptr) return kNoRegex;
  out = 0;
  each_match(*regex, text, [&](const Groups&) {
    ++out;
    return true;
  });
  return kDone;
}

// The first match, or of it the first group where `by_group`.
Failure found(const RE2* regex, Text text, bool by_group, Text& out) {
  if (regex == nullptr) return kNoRegex;
  Groups groups;
  if (!search(*regex, text, 0, groups)) return kIsNull;
  const re2::StringPiece& wanted = groups[by_group && regex->NumberOfCapturingGroups() > 0 ? 1 : 0];
  if (wanted.data() == nullptr) return kIsNull;
  out = view(wanted);
  return kDone;
}

constexpr Failure kNoFlags = "of the flags of a regular expression there are g, i and c";

void operators(FunctionTable& table) {
  const auto add = [&](const char* name, bool wanted, bool ignore_case) {
    table
        .add(name, {kT, kT}, kB,
             with_pattern<std::uint8_t, Text, Text>([wanted, ignore_case](Pattern& pattern, Arena&,
                                                                          Text text, Text regex,
                                                                          std::uint8_t& out) {
               return matches(pattern.of(regex, ignore_case), text, wanted, out);
             }))
        .check_second = &regex_mistake;
  };
  add("~", true, false);
  add("~*", true, true);
  add("!~", false, false);
  add("!~*", false, true);
}

void functions(FunctionTable& table) {
  const auto add = [&](const char* name, std::vector<TypeKind> args, TypeKind result,
                       Kernel kernel) {
    table.add(name, std::move(args), result, std::move(kernel)).check_second = &regex_mistake;
  };
  add("regexp_like", {kT, kT}, kB,
      with_pattern<std::uint8_t, Text, Text>(
          [](Pattern& pattern, Arena&, Text text, Text regex, std::uint8_t& out) {
            return matches(pattern.of(regex, false), text, true, out);
          }));
  add("regexp_like", {kT, kT, kT}, kB,
      with_pattern<std::uint8_t, Text, Text, Text>(
          [](Pattern& pattern, Arena&, Text text, Text regex, Text letters, std::uint8_t& out) {
            const std::optional<Flags> flags = flags_of(letters);
            if (!flags || flags->all) return kNoFlags;
            return matches(pattern.of(regex, flags->ignore_case), text, true, out);
          }));
  add("regexp_replace", {kT, kT, kT}, kT,
      with_pattern<Text, Text, Text, Text>(
          [](Pattern& pattern, Arena& arena, Text text, Text regex, Text by, Text& out) {
            return replaced(pattern.of(regex, false), arena, text, by, false, out);
          }));
  add("regexp_replace", {kT, kT, kT, kT}, kT,
      with_pattern<Text, Text, Text, Text, Text>([](Pattern& pattern, Arena& arena, Text text,
                                                    Text regex, Text by, Text letters, Text& out) {
        const std::optional<Flags> flags = flags_of(letters);
        if (!flags) return kNoFlags;
        return replaced(pattern.of(regex, flags->ignore_case), arena, text, by, flags->all, out);
      }));
  add("regexp_count", {kT, kT}, kI,
      with_pattern<std::int32_t, Text, Text>(
          [](Pattern& pattern, Arena&, Text text, Text regex, std::int32_t& out) {
            return counted(pattern.of(regex, false), text, out);
          }));
  add("regexp_substr", {kT, kT}, kT,
      with_pattern<Text, Text, Text>(
          [](Pattern& pattern, Arena&, Text text, Text regex, Text& out) {
            return found(pattern.of(regex, false), text, false, out);
          }));
  add("substring", {kT, kT}, kT,
      with_pattern<Text, Text, Text>(
          [](Pattern& pattern, Arena&, Text text, Text regex, Text& out) {
            return found(pattern.of(regex, false), text, true, out);
          }));
}

}  // namespace

std::function<bool(std::string_view)> regex_search(std::string_view pattern) {
  const auto regex = std::make_shared<const RE2>(piece(pattern), options_of(false));
  return [regex](std::string_view text) { return RE2::PartialMatch(piece(text), *regex); };
}

std::string regex_mistake(std::string_view pattern) {
  const RE2 regex(piece(pattern), options_of(false));
  return regex.ok() ? std::string() : "no regular expression of RE2: " + regex.error();
}

void add_regexes(FunctionTable& table) {
  operators(table);
  functions(table);
  constexpr const char* kNoArrays =
      "this gives an array, which is not in this version; regexp_substr gives a match, substring(a "
      "from 'x(y)z') a group";
  for (const char* name : {"regexp_match", "regexp_matches", "regexp_split_to_array"}) {
    table.refuse(name, {kT, kT}, kNoArrays);
  }
}

}  // namespace weir
