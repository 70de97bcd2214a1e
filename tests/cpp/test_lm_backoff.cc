// The hash table of n-grams, the query structure on it, batches, texts and damaged files; models
// are small, random and closed.
#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <random>
#include <set>

#include "check.h"
#include "lm/files/ngram_lists.h"
#include "lm/query/array_score.h"
#include "lm/query/backoff_model.h"
#include "lm/query/open_model.h"
#include "lm/query/text_score.h"
#include "lm/query/word_reader.h"

using namespace tlg;      // NOLINT
using namespace tlg::lm;  // NOLINT

namespace {

using Words = std::vector<WordId>;

// N-grams with all their beginnings and ends, probabilities and backoffs of few values, zeros of
// both among them; every word has its unigram.
NgramTrie random_trie(std::mt19937* random, int order, WordId num_words, int size, bool specials) {
  NgramLists lists;
  for (WordId id = 0; id < num_words; ++id) lists.vocabulary.push_back("w" + std::to_string(id));
  if (specials) {
    lists.vocabulary[0] = "<s>";
    lists.vocabulary[1] = "</s>";
    lists.vocabulary[2] = "<unk>";
  }
  std::set<Words> ngrams;
  for (WordId id = 0; id < num_words; ++id) ngrams.insert({id});
  for (int i = 0; i < size; ++i) {
    Words words(1 + (*random)() % static_cast<unsigned>(order));
    for (WordId& word : words) word = (*random)() % (1 + (*random)() % num_words);
    for (std::size_t begin = 0; begin < words.size(); ++begin)
      for (std::size_t end = begin + 1; end <= words.size(); ++end)
        ngrams.insert(Words(words.begin() + static_cast<std::ptrdiff_t>(begin),
                            words.begin() + static_cast<std::ptrdiff_t>(end)));
  }
  lists.orders.resize(static_cast<std::size_t>(order));
  for (const Words& words : ngrams) {
    NgramList& list = lists.orders[words.size() - 1];
    list.words.insert(list.words.end(), words.begin(), words.end());
    list.log10_prob.push_back((*random)() % 40 == 0 ? kLog10Zero
                                                    : -static_cast<float>((*random)() % 90) / 7);
    if (words.size() < lists.orders.size())
      list.log10_backoff.push_back((*random)() % 3 == 0 ? -static_cast<float>((*random)() % 9) / 3
                                                        : 0.0f);
  }
  NgramTrie trie = make_trie(&lists);
  name_specials(&trie);
  return trie;
}

// The rule of ARPA files, from lists of words.
class Twin {
 public:
  explicit Twin(const NgramTrie& trie) : trie_(trie) {
    for (int k = 1; k <= trie.order(); ++k)
      for (LevelWalk at(trie, k); !at.done(); at.next()) {
        const Words words(at.words(), at.words() + k);
        prob_[words] = trie.level(k).log10_prob[at.node()];
        if (k < trie.order()) backoff_[words] = trie.level(k).log10_backoff[at.node()];
      }
  }
  // `words` are a context of any length and the word.
  LmHit hit(Words words) const {
    LmHit found;
    if (words.back() == kNoWord) words.back() = static_cast<WordId>(trie_.unk);
    if (trie_.unk < 0 && words.back() == kNoWord) return {nats(kLog10Zero), 1, {}, true};
    const auto longest = static_cast<std::size_t>(trie_.order());
    if (words.size() > longest)
      words.erase(words.begin(), words.end() - static_cast<long>(longest));
    for (;; words.erase(words.begin())) {
      const auto at = prob_.find(words);
      if (at != prob_.end()) {
        found.score += nats(at->second);
        found.order = static_cast<int>(words.size());
        found.zero = at->second <= kLog10Zero;
        return found;
      }
      const auto backoff = backoff_.find(Words(words.begin(), words.end() - 1));
      if (backoff != backoff_.end()) found.score += nats(backoff->second);
    }
  }

 private:
  const NgramTrie& trie_;
  std::map<Words, float> prob_, backoff_;
};

template <typename T>
bool same(const util::Array<T>& a, const util::Array<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

bool same(const NgramTrie& a, const NgramTrie& b) {
  bool equal = a.vocabulary == b.vocabulary && a.bos == b.bos && a.eos == b.eos && a.unk == b.unk &&
               a.levels.size() == b.levels.size();
  for (std::size_t k = 0; equal && k < a.levels.size(); ++k)
    equal = same(a.levels[k].word, b.levels[k].word) &&
            same(a.levels[k].context, b.levels[k].context) &&
            same(a.levels[k].first_child, b.levels[k].first_child) &&
            same(a.levels[k].log10_prob, b.levels[k].log10_prob) &&
            same(a.levels[k].log10_backoff, b.levels[k].log10_backoff);
  return equal;
}

std::string file_of(const QueryModel& model) {
  LmFileWriter writer(model.structure());
  model.add_to(&writer);
  std::string bytes;
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) bytes += piece;
  return bytes;
}

LmFile open_bytes(const std::string& text) {
  constexpr std::align_val_t kAlign{LmFile::kAlignment};
  auto* memory = static_cast<char*>(::operator new(text.size() + 1, kAlign));
  std::memcpy(memory, text.data(), text.size());
  const std::shared_ptr<const void> owner(memory, [](char* p) { ::operator delete(p, kAlign); });
  return LmFile(std::make_shared<util::FileBytes>(memory, text.size(), owner), "lm.tlglm");
}

struct Sequences {
  std::vector<std::uint64_t> offsets{0};
  Words words;
};

Sequences random_sequences(std::mt19937* random, WordId num_words, int count) {
  Sequences made;
  for (int i = 0; i < count; ++i) {
    for (unsigned left = (*random)() % 9; left > 0; --left)
      made.words.push_back((*random)() % 12 == 0 ? kNoWord : (*random)() % num_words);
    made.offsets.push_back(made.words.size());
  }
  return made;
}

}  // namespace

TEST(ngram_table_holds_exactly_what_was_put_in) {
  std::mt19937_64 random(3);
  struct Size {
    std::size_t ngrams, contexts, words;
  };
  for (const Size size : {Size{0, 2, 1}, Size{1, 2, 2}, Size{700, 40, 30}, Size{5000, 1 << 20, 9},
                          Size{20000, 20000, 3}, Size{3000, 5, 1 << 20}}) {
    NgramTable table(size.ngrams, size.contexts, size.words);
    std::map<std::pair<std::uint32_t, WordId>, std::uint32_t> wanted;
    while (wanted.size() < size.ngrams)
      wanted[{static_cast<std::uint32_t>(random() % size.contexts),
              static_cast<WordId>(random() % size.words)}] = static_cast<std::uint32_t>(random());
    for (bool full = true; full;) {
      full = false;
      for (const auto& [key, to] : wanted)
        full = full || !table.insert(table.place(key.first, key.second), -1.5f, to);
      if (full) table.grow();
    }
    NgramTable::Found found{};
    for (const auto& [key, to] : wanted)
      CHECK(table.find(table.place(key.first, key.second), &found) && found.to == to);
    for (int i = 0; i < 3000; ++i) {
      const std::pair<std::uint32_t, WordId> key{
          static_cast<std::uint32_t>(random() % size.contexts),
          static_cast<WordId>(random() % size.words)};
      CHECK(table.find(table.place(key.first, key.second), &found) == (wanted.count(key) > 0));
    }
    std::size_t seen = 0;
    table.for_each([&](NgramTable::Key key, NgramTable::Found entry) {
      const auto at = wanted.find({key.context, key.word});
      CHECK(at != wanted.end() && at->second == entry.to && entry.log10_prob == -1.5f);
      ++seen;
    });
    CHECK(seen == wanted.size());
  }
}

TEST(ngram_table_says_when_it_is_full) {
  NgramTable table(10, 1000, 1000);
  bool full = false;
  for (std::uint32_t i = 1; i < 1000 && !full; ++i)
    for (WordId word = 0; word < 1000 && !full; ++word)
      full = !table.insert(table.place(i, word), 0, 0);
  CHECK(full);
  CHECK_THROWS(NgramTable(util::Array<NgramBucket>(3), 10, 10), "another size");
}

TEST(backoff_model_scores_as_the_rule_says) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 60; ++trial) {
    const WordId num_words = 4 + random() % 12;
    const int order = 1 + static_cast<int>(random() % 6);
    const NgramTrie trie = random_trie(&random, order, num_words, 60, trial % 4 != 0);
    const BackoffModel model(trie);
    const Twin twin(trie);
    CHECK(model.order() == order);
    const Sequences made = random_sequences(&random, num_words, 60);
    std::vector<LmState> states(60, trial % 2 ? model.start() : model.empty());
    const std::vector<LmState> first = states;
    std::vector<TokenHit> hits(made.words.size());
    model.score_all({60, made.offsets.data(), made.words.data(), states.data(), hits.data()});
    for (std::size_t s = 0; s < 60; ++s) {
      Words context;
      if (trial % 2 && trie.bos >= 0) context.push_back(static_cast<WordId>(trie.bos));
      LmState state = first[s];
      for (std::uint64_t i = made.offsets[s]; i < made.offsets[s + 1]; ++i) {
        context.push_back(made.words[i]);
        const LmHit wanted = twin.hit(context), hit = model.hit(state, made.words[i]);
        CHECK(hit.score == wanted.score && hit.order == wanted.order && hit.zero == wanted.zero);
        CHECK(hits[i].score == hit.score && hits[i].order == hit.order && hits[i].zero == hit.zero);
        CHECK(model.valid(hit.to));
        state = hit.to;
        if (made.words[i] == kNoWord) context.back() = static_cast<WordId>(trie.unk);
        if (made.words[i] == kNoWord && trie.unk < 0) context.clear();
      }
      CHECK(states[s] == state);
    }
  }
}

// Of all contexts up to the order, those in one state agree on every word, and on the states after.
TEST(backoff_model_states_merge_only_what_scores_alike) {
  std::mt19937 random(6);
  for (int trial = 0; trial < 30; ++trial) {
    const NgramTrie trie = random_trie(&random, 3, 5, 25, true);
    const BackoffModel model(trie);
    const Twin twin(trie);
    std::map<std::uint64_t, std::vector<Words>> reached;
    for (WordId a = 0; a < 5; ++a)
      for (WordId b = 0; b < 5; ++b)
        for (WordId c = 0; c < 5; ++c) {
          LmState state = model.empty();
          for (const WordId word : {a, b, c}) state = model.hit(state, word).to;
          reached[state.id].push_back({a, b, c});
        }
    for (const auto& [state, contexts] : reached)
      for (Words words : contexts)
        for (WordId next = 0; next < 5; ++next) {
          words.push_back(next);
          for (WordId last = 0; last < 5; ++last) {
            const LmHit one = model.hit({state}, next);
            words.push_back(last);
            CHECK(model.hit(one.to, last).score == twin.hit(words).score);
            words.pop_back();
          }
          CHECK(model.hit({state}, next).score == twin.hit(words).score);
          words.pop_back();
        }
    CHECK(reached.size() < 125);
  }
}

TEST(backoff_model_file_and_trie_come_back_bit_for_bit) {
  std::mt19937 random(8);
  for (int trial = 0; trial < 40; ++trial) {
    const WordId num_words = 4 + random() % 30;
    const NgramTrie trie = random_trie(&random, 1 + trial % 5, num_words, 200, trial % 3 != 0);
    const BackoffModel model(trie);
    CHECK(same(model.expand(), trie));
    const LmFile file = open_bytes(file_of(model));
    file.verify();
    const std::unique_ptr<const QueryModel> mapped = open_model(file);
    CHECK(std::string(mapped->structure()) == "probing");
    CHECK(mapped->counts() == model.counts() && mapped->start() == model.start());
    CHECK(same(mapped->expand(), trie));
    CHECK(file_of(*mapped) == file_of(model));
    for (std::uint64_t state = 0; state < model.num_states(); ++state)
      for (WordId word = 0; word < num_words; ++word) {
        const LmHit a = model.hit({state}, word), b = mapped->hit({state}, word);
        CHECK(a.score == b.score && a.to == b.to && a.order == b.order && a.zero == b.zero);
      }
  }
}

TEST(backoff_model_damaged_files_never_fault) {
  std::mt19937 random(9);
  const NgramTrie trie = random_trie(&random, 4, 20, 300, true);
  const std::string good = file_of(BackoffModel(trie));
  const Sequences made = random_sequences(&random, 20, 50);
  int opened = 0, expanded = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string bad = good;
    // The header has its own checksum: damage behind it is what gets this far.
    const std::size_t from = trial % 8 == 0 ? 0 : 600;
    for (unsigned left = 1 + random() % 60; left > 0; --left)
      bad[from + random() % (bad.size() - from)] = static_cast<char>(random());
    try {
      const LmFile file = open_bytes(bad);
      const std::unique_ptr<const QueryModel> model = open_model(file);
      ++opened;
      std::vector<LmState> states(50, model->start());
      std::vector<TokenHit> hits(made.words.size());
      model->score_all({50, made.offsets.data(), made.words.data(), states.data(), hits.data()});
      for (const WordId word : made.words) states[0] = model->hit(states[0], word).to;
      (void)model->find("w7");
      (void)model->expand();
      ++expanded;
    } catch (const Error&) {
    }
  }
  CHECK(opened > 1000 && expanded < opened);
}

TEST(texts_score_the_same_on_any_number_of_threads) {
  std::mt19937 random(10);
  const NgramTrie trie = random_trie(&random, 3, 30, 400, true);
  const BackoffModel model(trie);
  std::string text;
  for (int line = 0; line < 60000; ++line) {
    for (unsigned left = random() % 6; left > 0; --left)
      text += (random() % 9 == 0 ? "\tunseen " : " w") + std::to_string(3 + random() % 27);
    text += '\n';
  }
  TextScorer one(model, true), three(model, true, 3);
  one.add_text(text, "a.txt", 1);
  three.add_text(text, "a.txt", 1);
  CHECK(one.total().sentences == 60000 && one.sentences().size() == 60000);
  CHECK(one.total().oovs > 0 && one.total().zeroprobs > 0);
  CHECK(one.total().log10_prob == three.total().log10_prob);
  CHECK(one.total().log10_oov == three.total().log10_oov && one.total().hits == three.total().hits);
  double sum = 0;
  for (const TextScore& sentence : three.sentences()) sum += sentence.log10_prob;
  CHECK(std::abs(sum - one.total().log10_prob) < 1e-6 * std::abs(sum));
  text.insert(text.find('\n', text.size() / 2) + 1, "w3 <s>\n");
  const std::string before = text.substr(0, text.find("<s>"));
  const std::int64_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string wanted = "a.txt:" + std::to_string(line) + ": '<s>' is in the text";
  CHECK_THROWS(TextScorer(model, false, 2).add_text(text, "a.txt", 1), wanted.c_str());
}

TEST(words_of_a_text_are_split_as_for_training) {
  const std::string long_word(300, 'q');
  const std::string text = "a  bb\tccc\r\n\n" + std::string("nul\0one", 7) +
                           "\x0b\x0c two\xc2\xa0" + "two\n" + long_word + " x\x1fy " + long_word +
                           "z\n   \nlast";
  std::vector<std::vector<std::string>> lines(1);
  read_words(
      text, [&](const WordKey& key) { lines.back().emplace_back(key.text, key.size); },
      [&] { lines.emplace_back(); });
  const std::vector<std::vector<std::string>> wanted = {{"a", "bb", "ccc"},
                                                        {},
                                                        {"nul", "one\x0b\x0c", "two\xc2\xa0two"},
                                                        {long_word, "x\x1fy", long_word + "z"},
                                                        {},
                                                        {"last"},
                                                        {}};
  CHECK(lines == wanted);
}

TEST(arrays_from_outside_are_checked) {
  std::mt19937 random(11);
  const NgramTrie trie = random_trie(&random, 3, 6, 30, true);
  const BackoffModel model(trie);
  const std::int32_t ids[] = {3, -1, 4};
  const std::int64_t offsets[] = {0, 0, 3};
  float scores[5];
  score_sequences(model, ids, 3, offsets, 2, true, true, scores);
  LmState state = model.start();
  CHECK(scores[0] == model.finish(state));
  for (int i = 0; i < 3; ++i) {
    const LmHit hit = model.hit(state, ids[i] < 0 ? kNoWord : static_cast<WordId>(ids[i]));
    CHECK(scores[1 + i] == hit.score);
    state = hit.to;
  }
  CHECK(scores[4] == model.finish(state));
  const std::int32_t far[] = {6, -2, 0};
  CHECK_THROWS(score_sequences(model, far, 3, offsets, 2, true, true, scores), "no word 6 among 6");
  CHECK_THROWS(checked_word(model, -2), "there is no word -2");
  const std::int64_t down[] = {0, 2, 1};
  CHECK_THROWS(score_sequences(model, ids, 3, down, 2, true, true, scores), "offsets[2] is 1");
  CHECK_THROWS(score_sequences(model, ids, 3, offsets, 1, true, true, scores), "not from 0 to 3");
  const std::uint64_t states[] = {0, model.num_states()};
  std::uint64_t to[2];
  CHECK_THROWS(score_batch(model, states, ids, 2, scores, to), "is none of this model");
  CHECK(find_all(model, {"w3", "zebra", "<unk>"}) == (std::vector<std::int32_t>{3, -1, -1}));
}
