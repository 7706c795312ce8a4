#pragma once

#include "formats/decoder.h"
#include "formats/encoder.h"

namespace weir {

// The makers of single formats, for make_decoder and make_encoder only.
Result<std::unique_ptr<Decoder>> make_json_decoder(std::shared_ptr<const Schema> schema);
Result<std::unique_ptr<Encoder>> make_json_encoder(const Schema& schema);

}  // namespace weir
