#include "lm/change/held_out.h"

#include <cmath>

#include "lm/context_index.h"
#include "lm/count/corpus.h"
#include "lm/ngram_sums.h"
#include "util/error.h"
#include "util/utf8.h"

namespace tlg::lm {

HeldOut::HeldOut(const NgramTrie& words)
    : unk_(words.unk < 0 ? kNoWord : static_cast<WordId>(words.unk)) {
  for (const std::string& word : words.vocabulary) words_.insert(word);
}

void HeldOut::add_word(std::string_view word, const std::string& name, std::int64_t line) {
  if (word == "<s>" || word == "</s>")
    throw Error(ErrorKind::kText, "'" + std::string(word) + "' is in the text",
                "Remove it: sentence ends are added to each line", name, line);
  WordId id = words_.find(word);
  if (id == unk_) id = kNoWord;
  if (id == kNoWord) {
    if (find_invalid_utf8(word) != std::string_view::npos)
      throw Error(ErrorKind::kText, "not UTF-8", "Convert the text to UTF-8", name, line);
    ++oovs_;
  }
  ids_.push_back(id);
}

void HeldOut::end_sentence() {
  ids_.push_back(kEnd);
  ++sentences_;
}

void HeldOut::add_text(std::string_view text, const std::string& name, std::int64_t first_line) {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (std::int64_t line = first_line; p != end; ++line) {
    p = split_line(p, end, [&](std::string_view word) { add_word(word, name, line); });
    end_sentence();
    if (p != end) ++p;
  }
}

void HeldOut::add_sentence(const std::vector<std::string>& words, std::int64_t number) {
  for (const std::string& word : words) add_word(word, "sentence " + std::to_string(number), 0);
  end_sentence();
}

std::vector<double> token_probs(const Models& models, const HeldOut& text, UnknownWords unknown) {
  const NgramTrie all = unite_words(models);
  const std::size_t num_tokens = text.ids().size() - text.num_oovs();
  std::vector<double> probs(num_tokens * models.size(), 0.0);
  for (std::size_t m = 0; m < models.size(); ++m) {
    const NgramTrie& model = *models[m];
    const WordMap map = map_words(all, model, unknown);
    const auto special = [](std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); };
    const WordId bos = special(model.bos), eos = special(model.eos), unk = special(model.unk);
    std::vector<WordId> words{bos};  // of the sentence, as the model knows them
    std::size_t token = 0;
    for (const WordId id : text.ids()) {
      const bool end = id == HeldOut::kEnd, oov = id == kNoWord;
      const WordId word = end ? eos : oov ? unk : map.id[id];
      words.push_back(word);
      if (!oov) {
        double& prob = probs[token++ * models.size() + m];
        if (word != kNoWord) {
          // What the model has no word for ends a context.
          std::size_t first = words.size() - 1;
          while (first > 0 && words[first - 1] != kNoWord &&
                 words.size() - first < static_cast<std::size_t>(model.order()))
            --first;
          prob =
              backed_off_prob(model, words.data() + first, static_cast<int>(words.size() - first)) *
              (end ? 1.0 : std::pow(10.0, map.log10_share[id]));
        }
      }
      if (end) words.assign(1, bos);
    }
  }
  return probs;
}

}  // namespace tlg::lm
