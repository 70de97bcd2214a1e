// What prefixes are made of, with a language model: one of tlg, which answers by itself, or any
// other through Python. Not for: the contract between Python and the core (python_lm.h).
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "decoder/prefix/model.h"
#include "lm/ngram_model.h"

namespace tlg::bindings {

using SharedPrefixLexicon = std::shared_ptr<const decoder::prefix::Lexicon>;

std::shared_ptr<decoder::prefix::Model> with_ngrams(
    decoder::prefix::ModelOptions options, SharedPrefixLexicon lexicon,
    const std::shared_ptr<const lm::NgramModel>& ngrams);

// `words` are those that the model is asked for, by number.
std::shared_ptr<decoder::prefix::Model> with_python(decoder::prefix::ModelOptions options,
                                                    SharedPrefixLexicon lexicon,
                                                    pybind11::object model,
                                                    std::vector<std::string> words);

}  // namespace tlg::bindings
