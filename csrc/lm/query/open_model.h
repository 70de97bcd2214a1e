// From a file to the query structure that lies in it, and from a trie to one of a given name.
// Not for: the structures themselves.
#pragma once

#include <memory>
#include <string>

#include "lm/query/lm_file.h"
#include "lm/query/query_model.h"

namespace tlg::lm {

// The model keeps the file mapped. Throws Error(kArpa) if the file is damaged in what is looked at,
// or of a structure that this tlg does not know.
std::unique_ptr<const QueryModel> open_model(const LmFile& file);

}  // namespace tlg::lm
