#pragma once

#include "formats/decoder.h"
#include "formats/encoder.h"

namespace weir {

// The makers of single formats, for make_decoder and make_encoder only.
Result<std::unique_ptr<Decoder>> make_json_decoder(std::shared_ptr<const Schema> schema);
Result<std::unique_ptr<Encoder>> make_json_encoder(const Schema& schema);
Result<std::unique_ptr<Decoder>> make_csv_decoder(std::shared_ptr<const Schema> schema,
                                                  const CsvOptions& options);
Result<std::unique_ptr<Encoder>> make_csv_encoder(const CsvOptions& options);
Result<std::unique_ptr<Decoder>> make_text_decoder(std::shared_ptr<const Schema> schema);
Result<std::unique_ptr<Encoder>> make_text_encoder(const Schema& schema);
Result<std::unique_ptr<Decoder>> make_generated_decoder(std::shared_ptr<const Schema> schema);

/// Errors: kStopJob for options that cannot be read back.
Result<> check_csv(const CsvOptions& options);
/// The names of the columns, without a newline.
std::string csv_header_line(const Schema& schema, const CsvOptions& options);

/// `decoder`, with records that carry kUnreadable as errors.
std::unique_ptr<Decoder> refuse_unreadable(std::unique_ptr<Decoder> decoder);

}  // namespace weir
