// Several n-gram models as what mixing takes. Not for: one model.
#pragma once

#include <vector>

#include "lm/change/mix.h"
#include "lm/ngram_model.h"

namespace tlg::bindings {

inline lm::Models tries_of(const std::vector<const lm::NgramModel*>& models) {
  lm::Models tries;
  for (const lm::NgramModel* model : models) tries.push_back(&model->trie());
  return tries;
}

inline lm::UnknownWords unknown_of(bool share) {
  return share ? lm::UnknownWords::kShare : lm::UnknownWords::kZero;
}

}  // namespace tlg::bindings
