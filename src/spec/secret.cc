#include "spec/secret.h"

#include <algorithm>

#include "spec/read_file.h"

namespace weir {

// Secrets are passwords and keys; 64 KiB is far above any of them.
constexpr std::size_t kSecretBytesMax = 64U << 10U;

bool SecretText::has_file() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.is_file; });
}

bool SecretText::is_secret() const { return secret_ || has_file(); }

Result<Secret> SecretText::resolve() const {
  std::string value;
  for (const Part& part : parts_) {
    if (!part.is_file) {
      value += part.text;
      continue;
    }
    Result<std::string> content = read_file(part.text, kSecretBytesMax);
    if (!content) {
      return Error{Action::kRetry, Code::kSecretUnreadable,
                   "cannot read ${file:" + part.text + "}: " + content.error().message()};
    }
    if (!content->empty() && content->back() == '\n') content->pop_back();
    if (!content->empty() && content->back() == '\r') content->pop_back();
    value += *content;
  }
  return Secret(std::move(value));
}

std::string SecretText::redacted() const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.is_file) {
      out += "${file:" + part.text + "}";
    } else {
      out += secret_ ? std::string("***") : part.text;
    }
  }
  return out;
}

}  // namespace weir
