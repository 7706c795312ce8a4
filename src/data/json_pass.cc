#include "data/json_pass.h"

#include <tuple>

namespace weir {
namespace {

// Deeper records are rare, and the slower reader counts to kJsonDepthMax.
constexpr int kDepthMax = 24;
// Objects with more kinds of keys are maps; remembering all of their keys would help nothing.
constexpr std::size_t kFieldsMax = 64;
// How many fields may be missing in a row before a key is looked up by its name.
constexpr std::size_t kAheadMax = 8;

JsonObjectShape& made(std::unique_ptr<JsonObjectShape>& shape) {
  if (!shape) shape = std::make_unique<JsonObjectShape>();
  return *shape;
}

// Without its quotes.
std::string_view name_of(const JsonField& field) {
  const std::string_view text = field.key.text();
  return text.substr(1, text.find('"', 1) - 1);
}

// Inside a wanted value, numbers that need too many zeros are refused: the slower reader decides.
bool is_extreme(std::string_view number) {
  constexpr std::size_t kUsualMax = 64;
  const std::size_t exponent = number.find_first_of("eE");
  return number.size() > kUsualMax ||
         (exponent != number.npos && number.size() - exponent > std::string_view("e-99").size());
}

}  // namespace

ExpectedText::ExpectedText(std::string_view text)
    : head_mask_((1U << std::min(text.size(), json_scan::kStep)) - 1), text_(text) {
  text.copy(head_.data(), head_.size());
  if (text.size() > tail_.size()) {
    text.copy(tail_.data(), tail_.size(), text.size() - tail_.size());
  }
}

// Objects in it are read by the same loop, which is why it keeps a stack.
const char* JsonPass::object(JsonObjectShape& outermost, const char* at, int depth) {
  std::array<Frame, kDepthMax> frames;
  const int outside = depth;
  JsonObjectShape* shape = &outermost;
  JsonField* next = shape->fields.data();
  at = json_scan::skip_blanks(at + 1, end_);
  if (*at == '}') return at + 1;
  while (true) {
    // Also finds that the document is over: a key needs room before its end.
    if (next != shape->fields.data() + shape->fields.size() && next->key.stands_at(at, end_))
        [[likely]] {
      at += next->key.size();
    } else {
      std::tie(next, at) = elsewhere(*shape, next, at, depth == 0);
      if (at == nullptr) return nullptr;
    }
    JsonField& field = *next++;
    if (*at == '"') [[likely]] {
      at = string(at, field.wanted);
      if (at == nullptr) return nullptr;
    } else if (*at == '{') {
      if (++depth == kDepthMax) return nullptr;
      frames[static_cast<std::size_t>(depth)] = {shape, next, field.wanted, at};
      shape = &made(field.nested);
      next = shape->fields.data();
      at = json_scan::skip_blanks(at + 1, end_);
      if (*at != '}') continue;
    } else {
      at = other(field.nested, at, depth, field.wanted);
      if (at == nullptr) return nullptr;
    }
    at = json_scan::skip_blanks(at, end_);
    while (*at != ',') {
      if (*at != '}') return nullptr;
      ++at;
      if (depth == outside) return at;
      const Frame& frame = frames[static_cast<std::size_t>(depth--)];
      shape = frame.shape;
      next = frame.next;
      put(frame.wanted, JsonKind::kNested, text(frame.from, at));
      at = json_scan::skip_blanks(at, end_);
    }
    at = json_scan::skip_blanks(at + 1, end_);
  }
}

// Finds the field of the key at `at`, which is not the expected one, or makes it; and where its
// value begins.
std::pair<JsonField*, const char*> JsonPass::elsewhere(JsonObjectShape& shape, JsonField* expected,
                                                       const char* at, bool top) {
  std::vector<JsonField>& fields = shape.fields;
  const auto place = static_cast<std::size_t>(expected - fields.data());
  const std::size_t tries = std::min(fields.size(), kAheadMax);
  for (std::size_t i = 1; i <= tries; ++i) {
    JsonField& next = fields[(place + i) % fields.size()];
    if (next.key.stands_at(at, end_)) return {&next, at + next.key.size()};
  }
  constexpr std::pair<JsonField*, const char*> kNone{nullptr, nullptr};
  const char* const from = at;
  if (at >= end_ || *at != '"') return kNone;
  unsigned seen = 0;
  at = json_scan::string_end(at + 1, end_, seen);
  // Keys that are remembered are compared by their bytes alone, and never checked again.
  if (at == nullptr || seen != 0) return kNone;
  const std::string_view key = text(from + 1, at);
  at = json_scan::skip_blanks(at + 1, end_);
  if (at >= end_ || *at != ':') return kNone;
  at = json_scan::skip_blanks(at + 1, end_);
  const auto known = std::find_if(fields.begin(), fields.end(),
                                  [key](const JsonField& each) { return name_of(each) == key; });
  if (known != fields.end()) return {&*known, at};
  JsonField field{ExpectedText(text(from, at)), top ? wanted(key) : -1, nullptr};
  if (fields.size() == kFieldsMax) {
    fields.clear();
    fields.push_back(std::move(field));
    return {fields.data(), at};
  }
  const auto where = fields.begin() + static_cast<std::ptrdiff_t>(place);
  return {&*fields.insert(where, std::move(field)), at};
}

const char* JsonPass::unusual_string(const char* at, int wanted) {
  unsigned seen = 0;
  const char* const close = json_scan::string_end(at + 1, end_, seen);
  if (close == nullptr) return nullptr;
  seen_ |= seen;
  if (wanted >= 0) {
    const std::string_view inner = text(at + 1, close);
    put(wanted, JsonKind::kString, (seen & json_scan::kEscapes) != 0 ? unescaped(inner) : inner);
  }
  return close + 1;
}

const char* JsonPass::rarer(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth,
                            int wanted) {
  const char* const from = at;
  JsonKind kind = JsonKind::kNumber;
  switch (*at) {
    case '[':
      kind = JsonKind::kNested;
      at = array(shape, at, depth + 1);
      break;
    case 't':
      kind = JsonKind::kTrue;
      at = json_scan::word_end(at, end_);
      break;
    case 'f':
      kind = JsonKind::kFalse;
      at = json_scan::word_end(at, end_);
      break;
    case 'n':
      kind = JsonKind::kNull;
      at = json_scan::word_end(at, end_);
      break;
    default:
      at = json_scan::number_end(at, end_);
      if (at != nullptr && is_extreme(text(from, at))) return nullptr;
  }
  if (at != nullptr) put(wanted, kind, text(from, at));
  return at;
}

const char* JsonPass::nested(std::unique_ptr<JsonObjectShape>& shape, const char* at, int depth,
                             int wanted) {
  if (depth + 1 >= kDepthMax) return nullptr;
  const char* const end = object(made(shape), at, depth + 1);
  if (end != nullptr) put(wanted, JsonKind::kNested, text(at, end));
  return end;
}

const char* JsonPass::array(std::unique_ptr<JsonObjectShape>& elements, const char* at, int depth) {
  if (depth >= kDepthMax) return nullptr;
  at = json_scan::skip_blanks(at + 1, end_);
  if (*at == ']') return at + 1;
  while (at < end_) {
    at = value(elements, at, depth, -1);
    if (at == nullptr) return nullptr;
    at = json_scan::skip_blanks(at, end_);
    if (*at == ']') return at + 1;
    if (*at != ',') return nullptr;
    at = json_scan::skip_blanks(at + 1, end_);
  }
  return nullptr;
}

// Of a text that string_end has taken.
std::string_view JsonPass::unescaped(std::string_view text) {
  const std::span<char> plain = arena_.array<char>(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\') {
      constexpr std::string_view kNames = "bfnrt";
      constexpr std::string_view kMeant = "\b\f\n\r\t";
      c = text[++i];
      if (const std::size_t named = kNames.find(c); named != kNames.npos) c = kMeant[named];
    }
    plain[size++] = c;
  }
  return {plain.data(), size};
}

}  // namespace weir
