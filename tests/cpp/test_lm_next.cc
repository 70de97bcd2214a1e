// What follows a state, draws, hashes of sentences: each against the slow way.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "lm/count/sentence_hash.h"
#include "lm/files/arpa.h"
#include "lm/query/backoff_model.h"
#include "lm/query/compact_model.h"
#include "lm/query/sampling.h"
#include "lm/query/successors.h"

using namespace tlg::lm;  // NOLINT

namespace {

// "b" is likely after "a" and unlikely after "x a"; "a b" costs something and begins nothing.
const char kArpa[] =
    "\\data\\\nngram 1=6\nngram 2=5\nngram 3=2\n\n\\1-grams:\n-1\t<unk>\n-99\t<s>\t-0.2\n-1\t</s>\n"
    "-0.5\ta\t-0.2\n-0.6\tb\n-0.7\tx\t-0.3\n\n\\2-grams:\n-0.1\ta b\t-0.5\n-0.9\ta x\n-0.4\tx "
    "a\t-0.1\n"
    "-0.5\t<s> x\t0\n-0.9\t<s> a\n\n\\3-grams:\n-3\tx a b\n-0.3\t<s> x a\n\n\\end\\\n";

void compare(const QueryModel& model) {
  const auto successors = make_successors(model);
  const std::size_t size = model.words().size();
  std::mt19937 random(1);
  for (int run = 0; run < 200; ++run) {
    LmState state = run % 2 ? model.start() : model.empty();
    for (unsigned i = random() % 6; i > 0; --i)
      model.score(state, static_cast<WordId>(random() % (size + 1)), &state);
    std::vector<float> scores(size);
    successors->distribution(state, scores.data());
    std::vector<Successor> all;
    for (WordId word = 0; word < size; ++word) {
      LmState to;
      if (word == model.bos()) {
        CHECK(scores[word] == -std::numeric_limits<float>::infinity());
        continue;
      }
      CHECK(scores[word] == model.score(state, word, &to));
      all.push_back({word, scores[word]});
    }
    std::sort(all.begin(), all.end());
    for (std::size_t count = 0; count < size + 3; ++count) {
      const std::vector<Successor> best = successors->best(state, count);
      CHECK(best.size() == std::min(count, all.size()));
      for (std::size_t i = 0; i < best.size(); ++i)
        CHECK(best[i].word == all[i].word && best[i].score == all[i].score);
    }
  }
}

}  // namespace

TEST(successors_score_as_the_model_does) {
  const ArpaFile file = read_arpa(kArpa, "x.arpa");
  compare(BackoffModel(file.trie));
  compare(CompactModel(file.trie, CompactOptions()));
}

TEST(draws_fall_where_the_running_sum_passes) {
  std::mt19937 random(2);
  for (const std::size_t size : {1, 2, 127, 128, 129, 1000}) {
    std::vector<float> scores(size);
    for (float& one : scores) one = -static_cast<float>(random() % 1000) / 100;
    std::vector<double> sums;
    double sum = 0;
    for (const float one : scores) sums.push_back(sum += std::exp(static_cast<double>(one)));
    for (int i = 0; i < 500; ++i) {
      const double uniform = (i + 0.5) / 500;
      const std::size_t found = draw(scores.data(), size, uniform, {});
      CHECK(found < size);
      CHECK(uniform * sum <= sums[found] + 1e-6 * sum);
      CHECK(found == 0 || uniform * sum >= sums[found - 1] - 1e-6 * sum);
    }
  }
}

TEST(draws_keep_the_best_alone) {
  const float never = -std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {-1, -3, -1, -2, never, -1};
  for (double uniform = 0; uniform < 1; uniform += 0.01) {
    const std::size_t two = draw(scores.data(), scores.size(), uniform, {1, 2, 1});
    CHECK(two == 0 || two == 2);  // of equals the lower index
    CHECK(draw(scores.data(), scores.size(), uniform, {1, 0, 1e-6}) == 0);
    CHECK(draw(scores.data(), scores.size(), uniform, {1000, 0, 1}) != 4);
  }
  const std::vector<float> bad = {0, std::nanf("")};
  CHECK_THROWS(draw(bad.data(), 2, 0.5, {}), "NaN or +inf");
  CHECK_THROWS(draw(&never, 1, 0.5, {}), "every score is -inf");
  CHECK_THROWS(draw(nullptr, 0, 0.5, {}), "every score is -inf");
}

TEST(sentence_hashes_are_of_words) {
  std::mt19937 random(3);
  for (int run = 0; run < 2000; ++run) {
    std::string plain, odd;
    const std::size_t words = random() % 9;
    for (std::size_t i = 0; i < words; ++i) {
      const std::string word(1 + random() % 13, static_cast<char>('a' + random() % 26));
      plain += (i ? " " : "") + word;
      odd += std::string(random() % 3, ' ') + word + " \t\r"[random() % 3];
    }
    const std::vector<std::uint64_t> hashes = hash_sentences(plain + "\n" + odd, 3);
    CHECK(!hashes.empty() && (hashes[0] == 0) == (words < 3));
    if (!odd.empty()) CHECK(hashes.size() == 2 && hashes[1] == hashes[0]);
  }
  CHECK(hash_sentences("", 1).empty());
  CHECK(hash_sentences("\n\n", 1) == std::vector<std::uint64_t>(2, 0));
}
