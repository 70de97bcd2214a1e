// For the tests of streams: results compared to the bit, and dense frames as sparse ones.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "decoder/decoder.h"

namespace tlg::test {

inline bool same(const std::vector<decoder::Span>& a, const std::vector<decoder::Span>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const decoder::Span& x, const decoder::Span& y) {
                      return x.start == y.start && x.end == y.end;
                    });
}

// To the bit.
inline bool same_scores(const decoder::Hypothesis& a, const decoder::Hypothesis& b) {
  return a.score == b.score && a.am_score == b.am_score && a.lm_score == b.lm_score &&
         a.word_score == b.word_score && a.blank_score == b.blank_score &&
         a.hotword_score == b.hotword_score && a.search_score == b.search_score &&
         a.partial == b.partial && a.num_frames == b.num_frames;
}

inline bool same(const decoder::Hypothesis& a, const decoder::Hypothesis& b) {
  const auto equal = [](const hotwords::Match& x, const hotwords::Match& y) {
    return x.phrase == y.phrase && x.start == y.start && x.end == y.end && x.reward == y.reward;
  };
  return same_scores(a, b) && a.tokens == b.tokens && a.words == b.words &&
         same(a.token_spans, b.token_spans) && same(a.word_spans, b.word_spans) &&
         std::equal(a.hotwords.begin(), a.hotwords.end(), b.hotwords.begin(), b.hotwords.end(),
                    equal);
}

// The frames with every token listed, best first: the same posteriors.
struct Sparse {
  std::vector<std::int32_t> ids;
  std::vector<float> log_probs, rest;
  decoder::Frames frames;

  explicit Sparse(const decoder::Frames& dense) {
    frames.num_frames = dense.num_frames;
    frames.num_tokens = frames.width = dense.num_tokens;
    for (std::int32_t t = 0; t < dense.num_frames; ++t) {
      for (std::int32_t v = dense.num_tokens; v-- > 0;) {
        ids.push_back(v);
        log_probs.push_back(dense.at(t, v));
      }
      rest.push_back(-INFINITY);
    }
    frames.ids = ids.data();
    frames.log_probs = log_probs.data();
    frames.rest = rest.data();
  }
};

}  // namespace tlg::test
