#include "lm/query/text_score.h"

#include <utility>

#include "lm/count/corpus.h"
#include "util/error.h"
#include "util/utf8.h"

namespace tlg::lm {
void TextScorer::count(const LmHit& hit, bool oov) {
  const double log10_prob = hit.score * kLog10E;
  if (oov) {
    ++one_.oovs;
    if (hit.zero)
      ++one_.oov_zeroprobs;
    else
      one_.log10_oov += log10_prob;
  } else if (hit.zero) {
    ++one_.zeroprobs;
  } else {
    one_.log10_prob += log10_prob;
  }
  ++one_.hits[static_cast<std::size_t>(hit.order) - 1];
  state_ = hit.to;
}

void TextScorer::add_word(std::string_view word, const std::string& name, std::int64_t line) {
  const WordId id = model_.find(word);
  if (word == "<s>" || word == "</s>")
    throw Error(ErrorKind::kText, "'" + std::string(word) + "' is in the text",
                "Remove it: sentence ends are added to each line", name, line);
  if (id == kNoWord && find_invalid_utf8(word) != std::string_view::npos)
    throw Error(ErrorKind::kText, "not UTF-8", "Convert the text to UTF-8", name, line);
  count(model_.hit(state_, id), id == kNoWord);
  ++one_.words;
}

void TextScorer::end_sentence() {
  count(model_.hit_end(state_), false);
  one_.sentences = 1;
  total_.sentences += 1;
  total_.words += one_.words;
  total_.oovs += one_.oovs;
  total_.zeroprobs += one_.zeroprobs;
  total_.oov_zeroprobs += one_.oov_zeroprobs;
  total_.log10_prob += one_.log10_prob;
  total_.log10_oov += one_.log10_oov;
  for (std::size_t k = 0; k < one_.hits.size(); ++k) total_.hits[k] += one_.hits[k];
  const std::size_t order = one_.hits.size();
  if (per_sentence_) sentences_.push_back(std::move(one_));
  one_ = TextScore();
  one_.hits.assign(order, 0);
  state_ = model_.start();
}

void TextScorer::add_text(std::string_view text, const std::string& name, std::int64_t first_line) {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (std::int64_t line = first_line; p != end; ++line) {
    p = split_line(p, end, [&](std::string_view word) { add_word(word, name, line); });
    end_sentence();
    if (p != end) ++p;
  }
}

void TextScorer::add_sentence(const std::vector<std::string>& words, std::int64_t number) {
  for (const std::string& word : words) add_word(word, "sentence " + std::to_string(number), 0);
  end_sentence();
}

std::vector<TokenScore> score_tokens(const BackoffModel& model,
                                     const std::vector<std::string>& words) {
  std::vector<TokenScore> scores;
  LmState state = model.start();
  for (const std::string& word : words) {
    const WordId id = model.find(word);
    const LmHit hit = model.hit(state, id);
    scores.push_back({hit.score * kLog10E, hit.order, id == kNoWord});
    state = hit.to;
  }
  const LmHit last = model.hit_end(state);
  scores.push_back({last.score * kLog10E, last.order, false});
  return scores;
}

}  // namespace tlg::lm
