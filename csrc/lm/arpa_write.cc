// Writing ARPA text.
#include <cstring>

#include "lm/arpa.h"
#include "util/number.h"

namespace tlg::lm {
namespace {

// Grows by doubling; room for the longest line is made sure of once a line.
class Output {
 public:
  char* room(std::size_t bytes) {
    if (text_.size() - used_ < bytes) text_.resize((text_.size() + bytes) * 2);
    return text_.data() + used_;
  }
  void end_at(const char* end) { used_ = static_cast<std::size_t>(end - text_.data()); }
  void append(std::string_view piece) {
    std::memcpy(room(piece.size()), piece.data(), piece.size());
    used_ += piece.size();
  }
  std::string take() {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t used_ = 0;
};

}  // namespace

std::string write_arpa(const ArpaModel& model) {
  Output out;
  out.append("\\data\\\n");
  std::size_t longest = 0;
  for (const std::string& word : model.vocabulary) longest = std::max(longest, word.size());
  for (int k = 1; k <= model.order(); ++k)
    out.append("ngram " + std::to_string(k) + "=" + std::to_string(model.orders[k - 1].size()) +
               "\n");
  for (int k = 1; k <= model.order(); ++k) {
    const NgramOrder& ngrams = model.orders[k - 1];
    out.append("\n\\" + std::to_string(k) + "-grams:\n");
    const std::size_t line = 40 + static_cast<std::size_t>(k) * (longest + 1);
    const WordId* word = ngrams.words.data();
    for (std::size_t i = 0; i < ngrams.size(); ++i) {
      char* p = format_float(out.room(line), ngrams.log10_prob[i]);
      for (int j = 0; j < k; ++j) {
        const std::string& text = model.vocabulary[*word++];
        *p++ = j ? ' ' : '\t';
        std::memcpy(p, text.data(), text.size());
        p += text.size();
      }
      if (!ngrams.log10_backoff.empty()) {
        *p++ = '\t';
        p = format_float(p, ngrams.log10_backoff[i]);
      }
      *p++ = '\n';
      out.end_at(p);
    }
  }
  out.append("\n\\end\\\n");
  return out.take();
}

}  // namespace tlg::lm
