// _core.Lexicon. Not for: what is done with it.
#pragma once

#include "graph/lexicon.h"

namespace tlg::bindings {

// A lexicon with the tokens it was read for.
struct ParsedLexicon {
  graph::Tokens tokens;
  graph::Lexicon lexicon;
};

}  // namespace tlg::bindings
