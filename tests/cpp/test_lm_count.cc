// Counting compared with sets and maps, for every number of threads, with and without room in
// memory, with open, fixed and closed vocabularies.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "lm/count/corpus.h"
#include "lm/count/count_trie.h"
#include "lm/count/parts.h"
#include "util/job.h"

namespace tlg::lm {
namespace {

using Words = std::vector<std::string>;
using Ngram = std::vector<std::string>;

struct Setting {
  int order = 3;
  std::size_t threads = 1;
  std::uint64_t memory = 0;
  bool fixed = false, closed = false;
  Words vocab;
};

// What the trie of a text must hold, written from the definitions alone.
struct Naive {
  std::map<Ngram, std::uint32_t> occurs;
  std::map<Ngram, std::set<std::string>> left;
  std::set<std::string> listed;

  Naive(const std::vector<Words>& sentences, const Setting& setting) {
    const std::set<std::string> vocab(setting.vocab.begin(), setting.vocab.end());
    if (setting.fixed) listed = vocab;
    for (const Words& words : sentences) {
      Ngram padded = {"<s>"};
      for (const std::string& word : words) {
        if (!setting.fixed) listed.insert(word);
        padded.push_back(!setting.fixed || vocab.count(word) ? word : "<unk>");
      }
      padded.push_back("</s>");
      for (std::size_t end = 2; end <= padded.size(); ++end)
        for (std::size_t k = 1; k <= end && k <= static_cast<std::size_t>(setting.order); ++k) {
          const Ngram ngram(padded.begin() + (end - k), padded.begin() + end);
          if (setting.closed && std::count(ngram.begin(), ngram.end(), "<unk>")) break;
          ++occurs[ngram];
          if (end > k) left[ngram].insert(padded[end - k - 1]);
        }
    }
  }

  std::uint32_t adjusted(const Ngram& ngram, int order) const {
    const bool plain = static_cast<int>(ngram.size()) == order || ngram[0] == "<s>";
    return plain ? occurs.at(ngram) : static_cast<std::uint32_t>(left.at(ngram).size());
  }
};

std::vector<Words> random_sentences(std::mt19937* rng, std::size_t count, unsigned types) {
  std::vector<Words> sentences(count);
  for (Words& words : sentences)
    for (std::size_t j = (*rng)() % 9; j > 0; --j)
      words.push_back(std::string((*rng)() % 40 ? 1 : 30, 'w') +
                      std::to_string((*rng)() % (1 + (*rng)() % types)));
  return sentences;
}

std::string text_of(const std::vector<Words>& sentences, std::mt19937* rng) {
  const std::string blanks[] = {" ", "  ", "\t", " \r", std::string(1, '\0')};
  std::string text;
  for (const Words& words : sentences) {
    for (const std::string& word : words) text += blanks[(*rng)() % 5] + word;
    text += (*rng)() % 3 ? "\n" : " \n";
  }
  return text;
}

Corpus corpus_of(const Setting& setting) {
  CorpusOptions options;
  options.fixed_vocab = setting.fixed;
  options.closed = setting.closed;
  options.vocab = setting.vocab;
  return Corpus(
      options, std::make_shared<util::Job>(
                   setting.threads,
                   util::Workspace(setting.memory, std::filesystem::temp_directory_path().string()),
                   nullptr));
}

// In pieces of any whole lines.
void add(const std::string& text, std::mt19937* rng, Corpus* corpus) {
  std::size_t begin = 0;
  while (begin != text.size()) {
    const std::size_t newline = text.find('\n', begin + (*rng)() % (text.size() - begin));
    const std::size_t end = newline == std::string::npos ? text.size() : newline + 1;
    corpus->add_text(std::string_view(text).substr(begin, end - begin), "text", 1);
    begin = end;
  }
}

void check_against(const Naive& naive, const CountTrie& trie, const Corpus& corpus, int order) {
  const auto raw = raw_counts(trie);
  std::size_t nodes = 0;
  std::vector<Ngram> above;
  for (int k = 1; k <= order; ++k) {
    const CountLevel& level = trie.levels[k - 1];
    std::vector<Ngram> ngrams;
    if (k == 1) {
      for (WordId word = 0; word < level.count.size(); ++word)
        ngrams.push_back({std::string(corpus.words().word(word))});
    } else {
      const auto& first = trie.levels[k - 2].first_child;
      CHECK(first.size() == above.size() + 1 && first[0] == 0);
      CHECK(first.back() == level.word.size());
      for (std::size_t parent = 0; parent + 1 < first.size(); ++parent)
        for (std::uint32_t node = first[parent]; node < first[parent + 1]; ++node) {
          CHECK(node == first[parent] || level.word[node - 1] < level.word[node]);
          Ngram ngram = {std::string(corpus.words().word(level.word[node]))};
          ngram.insert(ngram.end(), above[parent].begin(), above[parent].end());
          ngrams.push_back(ngram);
        }
    }
    CHECK(ngrams.size() == level.count.size());
    for (std::size_t node = 0; node < ngrams.size(); ++node) {
      const auto found = naive.occurs.find(ngrams[node]);
      if (found == naive.occurs.end()) {
        CHECK(k == 1 && level.count[node] == 0 && raw[0][node] == 0);
        continue;
      }
      ++nodes;
      CHECK(level.count[node] == naive.adjusted(ngrams[node], order));
      CHECK(raw[k - 1][node] == found->second);
    }
    above = ngrams;
  }
  CHECK(nodes == naive.occurs.size());
}

TEST(lm_counts_are_those_of_sets_and_maps_whatever_the_setting) {
  for (unsigned round = 0; round < 240; ++round) {
    std::mt19937 rng(round);
    Setting setting;
    setting.order = static_cast<int>(1 + round % 9);
    setting.threads = 1 + rng() % 4;
    setting.memory = round % 3 == 0 ? 0 : round % 3 == 1 ? 1 : 100000;
    setting.fixed = rng() % 2;
    setting.closed = setting.fixed && rng() % 2;
    const unsigned types = rng() % 4 == 0 ? 70000 : 1 + rng() % 12;
    if (setting.fixed)
      for (unsigned i = 0; i < 8; ++i) setting.vocab.push_back("w" + std::to_string(i * 2));
    const auto sentences = random_sentences(&rng, 1 + rng() % 60, types);
    const std::string text = text_of(sentences, &rng);
    Corpus corpus = corpus_of(setting);
    add(text, &rng, &corpus);
    CHECK(corpus.num_sentences() == sentences.size());
    const Naive naive(sentences, setting);
    CHECK(corpus.words().size() == naive.listed.size() + 3);
    std::size_t words = 0, outside = 0;
    for (const Words& one : sentences)
      for (const std::string& word : one) {
        ++words;
        outside += !naive.listed.count(word);
      }
    CHECK(corpus.num_words() == words && corpus.num_outside() == outside);
    check_against(naive, count_ngrams(&corpus, setting.order), corpus, setting.order);
  }
}

// Enough text for several pieces a thread, several parts and keys that are parted before they are
// sorted.
TEST(lm_ids_and_counts_do_not_depend_on_threads_and_memory) {
  std::mt19937 rng(1);
  const std::string text = text_of(random_sentences(&rng, 90000, 20000), &rng);
  Setting setting;
  Corpus plain = corpus_of(setting);
  plain.add_text(text, "text", 1);
  const CountTrie expected = count_ngrams(&plain, setting.order);
  for (const std::size_t threads : {1, 2, 5})
    for (const std::uint64_t memory : {0, 1, 300000}) {
      setting.threads = threads;
      setting.memory = memory;
      Corpus corpus = corpus_of(setting);
      add(text, &rng, &corpus);
      CHECK(corpus.words().size() == plain.words().size());
      for (WordId id = 0; id < plain.words().size(); ++id)
        CHECK(corpus.words().word(id) == plain.words().word(id));
      const CountTrie trie = count_ngrams(&corpus, setting.order);
      CHECK(trie.last_raw_count == expected.last_raw_count);
      const auto same = [](const auto& a, const auto& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
      };
      for (int k = 0; k < setting.order; ++k) {
        const CountLevel &a = trie.levels[k], &b = expected.levels[k];
        CHECK(same(a.word, b.word) && same(a.first_child, b.first_child));
        CHECK(same(a.count, b.count));
      }
    }
}

TEST(lm_words_get_their_ids_in_order_of_appearance) {
  Corpus corpus;
  corpus.add_text(
      "b a\x01 \xe3\x80\x80 b\n\nc\xe3\x80\x80"
      "d b\v\n",
      "text", 1);
  const std::vector<std::string> words = {"<unk>",
                                          "<s>",
                                          "</s>",
                                          "b",
                                          "a\x01",
                                          "\xe3\x80\x80",
                                          "c\xe3\x80\x80"
                                          "d",
                                          "b\v"};
  CHECK(corpus.words().size() == words.size());
  for (WordId id = 0; id < words.size(); ++id) CHECK(corpus.words().word(id) == words[id]);
  const std::vector<WordId> expected = {3, 4, 5, 3, 2, 2, 6, 7, 2};
  std::vector<WordId> ids;
  for (const IdBlock& block : corpus.blocks()) ids.insert(ids.end(), block.begin(), block.end());
  CHECK(ids == expected);
}

// The line of the first fault, whichever thread sees which first.
TEST(lm_text_faults_are_named_by_the_first_line) {
  std::string text;
  for (int line = 1; line <= 300000; ++line)
    text += line % 100000 == 77777 ? "a b\xff c\n" : line == 99999 ? "<s>\n" : "a b c\n";
  for (const std::size_t threads : {1, 3, 8}) {
    Setting setting;
    setting.threads = threads;
    Corpus corpus = corpus_of(setting);
    CHECK_THROWS(corpus.add_text(text, "text.txt", 11), "text.txt:77787: not UTF-8");
  }
}

TEST(lm_parts_keep_keys_short) {
  // 17 bits a word: four words would need 68 bits, but for narrow ranges of the last.
  std::vector<std::uint64_t> histogram(100000, 1);
  histogram[5] = 9000000;
  const Parts parts = make_parts(histogram, 4);
  CHECK(parts.limbs == 1 && parts.bits(4) == 64 && parts.windows() == 9099999);
  CHECK(make_parts(histogram, 5).limbs == 2 && make_parts(histogram, 9).limbs == 3);
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (WordId word = parts.parts[i].base; word < parts.parts[i + 1].base; ++word)
      CHECK(parts.of_word[word] == i);
  CHECK(parts.parts.back().base == histogram.size());
  CHECK(make_parts({0, 0, 5}, 1).windows() == 5);
}

}  // namespace
}  // namespace tlg::lm
