#include "cli/explain.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/code.h"
#include "base/nearest.h"
#include "job/run.h"

namespace weir {
namespace {

std::string with_number(const CodePage& page) {
  return to_string(page.code) + " (" + std::string(page.name) + ")";
}

int list_codes() {
  for (const CodePage& page : code_pages()) {
    std::printf("%s  %-22s %s\n", to_string(page.code).c_str(), std::string(page.name).c_str(),
                std::string(page.title).c_str());
  }
  return kExitDone;
}

}  // namespace

int explain_code(const std::string& code) {
  if (code.empty()) return list_codes();
  const auto pages = code_pages();
  const std::optional<Code> number = parse_code(code);
  const auto found = std::find_if(pages.begin(), pages.end(), [&](const CodePage& page) {
    return number ? page.code == *number : page.name == code;
  });
  if (found == pages.end()) {
    std::vector<std::string_view> names;
    for (const CodePage& page : pages) names.push_back(page.name);
    const std::string hint = did_you_mean(code, names);
    std::fprintf(stderr, "%s: there is no such code, %s\n", code.c_str(),
                 hint.empty() ? "they look like W2104; weir explain lists them all" : hint.c_str());
    return kExitUsage;
  }
  std::printf("%s: %s\n\n%s\n\n%s\n", with_number(*found).c_str(),
              std::string(found->title).c_str(), std::string(found->cause).c_str(),
              std::string(found->cure).c_str());
  return kExitDone;
}

}  // namespace weir
