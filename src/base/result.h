#pragma once

#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace weir {

/// A value, or the Error that stands in its place. Ignoring one does not compile: tl::expected
/// 1.0.0 is not [[nodiscard]], so this class is. The later move to std::expected is this file.
///
/// Thread: any; a value.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}  // NOLINT: implicit by design
};

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

/// WEIR_TRY(state.flush(epoch)): goes on when done, else returns the Error.
#define WEIR_TRY(expr)                                               \
  do {                                                               \
    auto weir_try_result = (expr);                                   \
    if (!weir_try_result) return std::move(weir_try_result.error()); \
  } while (false)

/// WEIR_ASSIGN(const Batch batch, decoder.decode(payload)): the value, else returns the Error.
#define WEIR_ASSIGN(declaration, expr) \
  WEIR_ASSIGN_INNER(WEIR_CONCAT(weir_assign_, __LINE__), declaration, expr)
#define WEIR_ASSIGN_INNER(temporary, declaration, expr) \
  auto temporary = (expr);                              \
  if (!temporary) return std::move(temporary.error());  \
  declaration = std::move(*temporary)
