// The sections of a compact trie in a binary model, and what each costs. Not for: the container
// (lm/query/lm_file.h), the vocabulary (lm/query/frozen_vocabulary.h).
//
// trie.levels: a row of numbers for each order above 1. trie.unigrams: {log10 probability, log10
// backoff, first child} of each word, and one more. Then for each order k above 1: k.records, the
// packed nodes; k.probs and k.backoffs, codebooks, empty where values are stored as they are; and,
// below the top order, k.children with k.before, k.ones and k.zeros to search it.
#pragma once

#include <cstdint>
#include <vector>

#include "lm/query/compact_trie.h"
#include "lm/query/lm_file.h"

namespace tlg::lm {

// The writer reads from the trie until its last piece is out.
void write_compact(const CompactTrie& trie, LmFileWriter* writer);

// `counts`: of n-grams, by order. Looks at sizes alone. Throws Error(kArpa) if they do not fit.
CompactTrie read_compact(const LmFile& file, const std::vector<std::uint64_t>& counts);

}  // namespace tlg::lm
