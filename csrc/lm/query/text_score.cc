#include "lm/query/text_score.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "lm/query/word_reader.h"
#include "util/error.h"
#include "util/parallel.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 18;
constexpr std::size_t kPartWords = std::size_t{1} << 16;

// What is wrong with a word of a text, and what to do about it; nothing for most.
struct Fault {
  std::string what, remedy;
};
Fault fault_of(std::string_view word, WordId id) {
  if (word == "<s>" || word == "</s>")
    return {"'" + std::string(word) + "' is in the text",
            "Remove it: sentence ends are added to each line"};
  if (id == kNoWord && find_invalid_utf8(word) != std::string_view::npos)
    return {"not UTF-8", "Convert the text to UTF-8"};
  return {};
}

// Words to ids, some of which are always under way: their slots are being fetched.
class Lookup {
 public:
  Lookup(const QueryModel& model, std::vector<WordId>* ids) : model_(model), ids_(ids) {}

  // Calls check(word, id) for what may have to be refused.
  template <typename Check>
  void add(const WordKey& key, Check&& check) {
    WordKey& slot = waiting_[count_++ % kWaiting];
    if (count_ > kWaiting) resolve(slot, check);
    model_.words().prefetch(key);
    slot = key;
  }
  template <typename Check>
  void finish(Check&& check) {
    for (std::size_t i = count_ > kWaiting ? count_ - kWaiting : 0; i < count_; ++i)
      resolve(waiting_[i % kWaiting], check);
    count_ = 0;
  }
  // For the end of a sentence, in the row of words.
  static WordKey end_key() { return {nullptr, 0, 0, 0, 0}; }

 private:
  static constexpr std::size_t kWaiting = 16;

  template <typename Check>
  void resolve(const WordKey& key, Check&& check) {
    if (key.size == 0) {
      ids_->push_back(model_.eos());
      return;
    }
    const WordId id = model_.find(key);
    if (id == kNoWord || key.text[0] == '<') check(std::string_view(key.text, key.size), id);
    ids_->push_back(id);
  }

  const QueryModel& model_;
  std::vector<WordId>* ids_;
  std::size_t count_ = 0;
  WordKey waiting_[kWaiting];
};

}  // namespace

// Sentences scored together.
class TextScorer::Part {
 public:
  std::vector<WordId> words;              // each sentence with its </s>
  std::vector<std::uint64_t> offsets{0};  // of the sentences, and one past the last
  TextScore sum;
  std::vector<TextScore> sentences;

  void clear() {
    words.clear();
    offsets.assign(1, 0);
    sentences.clear();
  }

  void read(const QueryModel& model, std::string_view text, const char* begin,
            const std::string& name, std::int64_t first_line) {
    Lookup lookup(model, &words);
    std::uint64_t count = 0;
    const auto check = [&](std::string_view word, WordId id) {
      if (const Fault fault = fault_of(word, id); !fault.what.empty())
        throw Error(ErrorKind::kText, fault.what, fault.remedy, name,
                    first_line + std::count(begin, word.data(), '\n'));
    };
    read_words(
        text,
        [&](const WordKey& key) {
          lookup.add(key, check);
          ++count;
        },
        [&] {
          lookup.add(Lookup::end_key(), check);
          offsets.push_back(++count);
        });
    lookup.finish(check);
  }

  void score(const QueryModel& model, bool per_sentence) {
    const std::size_t size = offsets.size() - 1;
    hits_.resize(words.size());
    states_.assign(size, model.start());
    model.score_all({size, offsets.data(), words.data(), states_.data(), hits_.data()});
    const bool has_end = model.eos() != kNoWord;
    if (!has_end)
      for (std::size_t i = 1; i <= size; ++i) hits_[offsets[i] - 1] = {0, 1, true};
    sum = TextScore();
    sum.hits.resize(static_cast<std::size_t>(model.order()));
    for (std::size_t i = 0; i < size; ++i) {
      if (per_sentence) {
        sentences.emplace_back();
        sentences.back().hits.resize(sum.hits.size());
        add_sentence(i, &sentences.back());
      }
      add_sentence(i, &sum);
    }
  }

 private:
  // The last word of a sentence is </s>, which is never unknown.
  void add_sentence(std::size_t sentence, TextScore* to) const {
    const std::uint64_t end = offsets[sentence + 1] - 1;
    double score = 0, oov_score = 0;
    for (std::uint64_t i = offsets[sentence]; i <= end; ++i) {
      const TokenHit& hit = hits_[i];
      ++to->hits[hit.order - 1U];
      if (words[i] == kNoWord && i < end) {
        ++to->oovs;
        to->oov_zeroprobs += hit.zero;
        oov_score += hit.zero ? 0 : hit.score;
      } else {
        to->zeroprobs += hit.zero;
        score += hit.zero ? 0 : hit.score;
      }
    }
    ++to->sentences;
    to->words += end - offsets[sentence];
    to->log10_prob += score * kLog10E;
    to->log10_oov += oov_score * kLog10E;
  }

  std::vector<LmState> states_;
  std::vector<TokenHit> hits_;
};

TextScorer::TextScorer(const QueryModel& model, bool per_sentence, std::size_t threads)
    : model_(model), per_sentence_(per_sentence), threads_(std::max<std::size_t>(threads, 1)) {
  total_.hits.resize(static_cast<std::size_t>(model.order()));
  waiting_ = std::make_shared<Part>();
}

void TextScorer::add_part(const TextScore& sum, std::vector<TextScore>* sentences) {
  total_.sentences += sum.sentences;
  total_.words += sum.words;
  total_.oovs += sum.oovs;
  total_.zeroprobs += sum.zeroprobs;
  total_.oov_zeroprobs += sum.oov_zeroprobs;
  total_.log10_prob += sum.log10_prob;
  total_.log10_oov += sum.log10_oov;
  for (std::size_t k = 0; k < sum.hits.size(); ++k) total_.hits[k] += sum.hits[k];
  std::move(sentences->begin(), sentences->end(), std::back_inserter(sentences_));
}

void TextScorer::add_text(std::string_view text, const std::string& name, std::int64_t first_line) {
  flush();
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end =
        text.size() - at > kPartBytes ? text.find('\n', at + kPartBytes) : text.size();
    end = end >= text.size() ? text.size() : end + 1;
    texts.push_back(text.substr(at, end - at));
    at = end;
  }
  std::vector<Part> parts(std::max<std::size_t>(1, std::min(threads_, texts.size())));
  struct Result {
    TextScore sum;
    std::vector<TextScore> sentences;
  };
  std::vector<Result> results(texts.size());
  parallel_for(texts.size(), parts.size(), [&](std::size_t i, std::size_t worker) {
    Part& part = parts[worker];
    part.clear();
    part.read(model_, texts[i], text.data(), name, first_line);
    part.score(model_, per_sentence_);
    results[i] = {std::move(part.sum), std::move(part.sentences)};
  });
  for (Result& result : results) add_part(result.sum, &result.sentences);
}

void TextScorer::add_sentence(const std::vector<std::string>& words, std::int64_t number) {
  Part& part = *waiting_;
  for (const std::string& word : words) {
    const WordId id = model_.find(word);
    if (id == kNoWord || word[0] == '<')
      if (const Fault fault = fault_of(word, id); !fault.what.empty())
        throw Error(ErrorKind::kText, fault.what, fault.remedy,
                    "sentence " + std::to_string(number));
    part.words.push_back(id);
  }
  part.words.push_back(model_.eos());
  part.offsets.push_back(part.words.size());
  if (part.words.size() >= kPartWords) flush();
}

void TextScorer::flush() {
  Part& part = *waiting_;
  if (part.words.empty()) return;
  part.score(model_, per_sentence_);
  add_part(part.sum, &part.sentences);
  part.clear();
}

const TextScore& TextScorer::total() {
  flush();
  return total_;
}

const std::vector<TextScore>& TextScorer::sentences() {
  flush();
  return sentences_;
}

std::vector<TokenScore> score_tokens(const QueryModel& model,
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
