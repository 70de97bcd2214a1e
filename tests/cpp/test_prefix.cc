// The parts of prefix beam search: the logarithm, the lexicon, the tree, and the search itself
// against sums over all paths.
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "decoder/prefix/decoder.h"
#include "decoder/prefix/scaled.h"
#include "util/error.h"
#include "util/parallel.h"

namespace {

using namespace tlg::decoder::prefix;  // NOLINT: this file speaks of nothing else
using tlg::decoder::Frames;

TEST(prefix_fast_log_keeps_its_bound) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-300, 200), mantissa(1, 2);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = std::ldexp(mantissa(random), static_cast<int>(exponent(random)));
    const double error = std::fabs(fast_log(x) - std::log(x));
    worst = std::max(worst, error - 1e-15 * std::fabs(std::log(x)));
  }
  for (int i = 0; i < 4096; ++i) {
    const double x = 1 + i / 4096.0;
    worst = std::max(worst, std::fabs(fast_log(x) - std::log(x)));
  }
  CHECK(worst < 1e-12);
  CHECK(fast_log(0) == -INFINITY);
}

TEST(prefix_step_powers) {
  CHECK(step_power(0) == 1 && step_power(1) == kStepUp && step_power(-1) == kStepDown);
  CHECK(step_power(-2) == kStepDown * kStepDown && step_power(-4) == 0);
}

TEST(prefix_lexicon_takes_every_way_of_cutting_a_word) {
  const std::vector<std::string> texts{"", "a", "ab", "b", "c", "abc"};
  const std::vector<std::uint8_t> starts(6, 0), usable{0, 1, 1, 1, 1, 1};
  const auto lexicon = Lexicon::spell({"abc", "ab", "bd"}, texts, starts, usable);
  const auto walk = [&](const std::vector<std::int32_t>& tokens) {
    LexState state = kRoot;
    for (const std::int32_t token : tokens) state = lexicon->next(state, token);
    return state;
  };
  const LexState whole = walk({5});
  CHECK(whole != kOutside && lexicon->num_words_at(whole) == 1 && lexicon->word_at(whole, 0) == 0);
  CHECK(walk({1, 3, 4}) == whole && walk({2, 4}) == whole);
  CHECK(walk({1, 4}) == kOutside && walk({4}) == kOutside && walk({5, 1}) == kOutside);
  CHECK(lexicon->word_at(walk({2}), 0) == 1 && lexicon->goes_on(walk({2})));
  CHECK(lexicon->unspelled() == std::vector<std::uint32_t>{2});
  const std::vector<float> best = lexicon->best_beyond({-1, -2, 5});
  CHECK(best[walk({2})] == -1 && best[whole] == -1 && best[walk({3})] == -INFINITY);
}

TEST(prefix_lexicon_pieces_start_words_at_the_root_alone) {
  const std::vector<std::string> texts{"", "a", "a", "", "b"};  // blank, _a, a, _, b
  const auto lexicon = Lexicon::spell({"aa", "ab"}, texts, {0, 1, 0, 1, 0}, {0, 1, 1, 1, 1});
  const LexState a = lexicon->next(kRoot, 1);
  CHECK(a != kOutside && lexicon->next(kRoot, 2) == a && lexicon->next(kRoot, 3) == kRoot);
  CHECK(lexicon->next(a, 1) == kOutside && lexicon->next(a, 3) == kOutside);
  CHECK(lexicon->num_words_at(lexicon->next(a, 2)) == 1);
}

TEST(prefix_lexicon_homophones_and_repeated_lines) {
  const auto lexicon =
      Lexicon::pronounce({"x", "y"}, {1, 0, 1}, {1, 2, 1, 2, 1, 2}, {0, 2, 4, 6}, 3);
  const LexState end = lexicon->next(lexicon->next(kRoot, 1), 2);
  CHECK(lexicon->num_words_at(end) == 2);
  CHECK(lexicon->word_at(end, 0) == 0 && lexicon->word_at(end, 1) == 1);
  CHECK(!lexicon->goes_on(end) && lexicon->num_states() == 3 && lexicon->num_arcs() == 2);
}

Node child_of(NodeId parent, std::int32_t token) {
  Node node;
  node.parent = parent;
  node.token = token;
  return node;
}

TEST(prefix_tree_compaction_keeps_what_leads_to_the_living) {
  Tree tree;
  for (int round = 0; round < 3; ++round) {
    tree.clear();
    tree.add(Node());
    std::vector<NodeId> chain{0};
    for (std::int32_t i = 1; i < 3000; ++i) {
      chain.push_back(tree.add(child_of(chain.back(), 1)));
      tree.add(child_of(chain.back(), 2));  // dead
    }
    CHECK(tree.find(chain[10], 1, kNoEnd) == chain[11]);
    CHECK(tree.find(chain[10], 3, kNoEnd) == kNoNode);
    NodeId last = chain.back();
    std::vector<NodeId*> alive{&last};
    tree.compact(&alive);
    CHECK(tree.size() == 3000);
    NodeId at = last;
    std::size_t depth = 0;
    for (; tree[at].token >= 0; at = tree[at].parent, ++depth) {
      CHECK(tree[at].parent < at);
      CHECK(tree.find(tree[at].parent, tree[at].token, kNoEnd) == at);
    }
    CHECK(depth == 2999 && at == 0);
    CHECK(tree.find(0, 2, kNoEnd) == kNoNode);
  }
}

// Every path of `num_frames` frames, its labels and its probability.
std::map<std::vector<std::int32_t>, double> sums_of_all_paths(const std::vector<float>& rows,
                                                              std::int32_t num_tokens,
                                                              std::int32_t num_frames) {
  std::map<std::vector<std::int32_t>, double> sums;
  std::vector<std::int32_t> path(static_cast<std::size_t>(num_frames), 0);
  const std::function<void(std::size_t, double)> visit = [&](std::size_t t, double score) {
    if (t == path.size()) {
      std::vector<std::int32_t> labels;
      std::int32_t before = 0;
      for (const std::int32_t token : path) {
        if (token != 0 && token != before) labels.push_back(token);
        before = token;
      }
      sums[labels] += std::exp(score);
      return;
    }
    for (std::int32_t token = 0; token < num_tokens; ++token) {
      path[t] = token;
      visit(
          t + 1,
          score + rows[t * static_cast<std::size_t>(num_tokens) + static_cast<std::size_t>(token)]);
    }
  };
  visit(0, 0.0);
  return sums;
}

std::shared_ptr<const Model> plain_model(std::size_t num_tokens) {
  ModelOptions options;
  options.starts_word.assign(num_tokens, 0);
  options.usable.assign(num_tokens, 1);
  options.usable[0] = 0;
  options.texts.assign(num_tokens, "x");
  for (std::size_t i = 0; i < num_tokens; ++i)
    options.texts[i] = std::string(1, static_cast<char>('a' + i));
  return std::make_shared<Model>(options, nullptr, nullptr);
}

TEST(prefix_search_can_be_broken_off) {
  const Decoder decoder(plain_model(3), Options());
  const std::vector<float> rows(3 * 5000, -1.0986123f);
  Frames frames;
  frames.num_frames = 5000;
  frames.num_tokens = 3;
  frames.dense = rows.data();
  const std::vector<Frames> batch(8, frames);
  for (const std::size_t threads : {1, 3}) {
    int calls = 0;
    const auto pulse = [&calls] {
      if (++calls == 3) throw tlg::Error(tlg::ErrorKind::kOption, "enough");
    };
    CHECK_THROWS(decoder.decode_batch(batch, nullptr, 1, threads, pulse), "enough");
    CHECK(calls == 3);
  }
}

TEST(prefix_search_on_threads) {
  constexpr std::int32_t kTokens = 4;
  const auto decoder = std::make_shared<const Decoder>(plain_model(kTokens), Options());
  std::mt19937 random(5);
  std::vector<std::vector<float>> rows(20);
  std::vector<Frames> batch;
  for (std::vector<float>& one : rows) {
    Frames frames;
    frames.num_frames = static_cast<std::int32_t>(random() % 40);
    frames.num_tokens = kTokens;
    for (std::int32_t i = 0; i < frames.num_frames * kTokens; ++i)
      one.push_back(-static_cast<float>(random() % 512) / 64);
    frames.dense = one.data();
    batch.push_back(frames);
  }
  const auto alone = decoder->decode_batch(batch, nullptr, 3, 1);
  for (const std::size_t threads : {2, 7}) {
    const auto together = decoder->decode_batch(batch, nullptr, 3, threads, [] {});
    for (std::size_t i = 0; i < batch.size(); ++i) {
      CHECK(together[i].size() == alone[i].size());
      for (std::size_t n = 0; n < alone[i].size(); ++n)
        CHECK(together[i][n].tokens == alone[i][n].tokens &&
              together[i][n].score == alone[i][n].score);
    }
  }
  // Streams of several threads beside them.
  std::vector<double> streamed(batch.size());
  tlg::parallel_for(batch.size(), 4, [&](std::size_t i, std::size_t) {
    Stream stream(decoder, nullptr);
    for (std::int32_t t = 0; t < batch[i].num_frames; ++t) stream.push(batch[i].part(t, 1));
    streamed[i] = stream.best(1)[0].score;
  });
  for (std::size_t i = 0; i < batch.size(); ++i) CHECK(streamed[i] == alone[i][0].score);
}

TEST(prefix_search_sums_all_paths) {
  constexpr std::int32_t kTokens = 3, kFrames = 7;
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 1.5f);
  Options options;
  options.beam = INFINITY;
  options.beam_size = 1 << 20;
  const auto decoder = std::make_shared<Decoder>(plain_model(kTokens), options);
  for (int round = 0; round < 20; ++round) {
    std::vector<float> rows(kTokens * kFrames);
    for (float& one : rows) one = normal(random) - 2;
    Frames frames;
    frames.num_frames = kFrames;
    frames.num_tokens = kTokens;
    frames.dense = rows.data();
    const auto sums = sums_of_all_paths(rows, kTokens, kFrames);
    const auto found = decoder->decode_batch({frames}, nullptr, 1 << 20, 1)[0];
    CHECK(found.size() == sums.size());
    for (const Hypothesis& one : found) {
      CHECK(std::fabs(one.am_score - std::log(sums.at(one.tokens))) < 1e-9);
      CHECK(std::fabs(one.score - one.search_score) < 1e-9);
      for (std::size_t i = 0; i < one.token_spans.size(); ++i) {
        CHECK(one.token_spans[i].start < one.token_spans[i].end);
        CHECK(i == 0 || one.token_spans[i - 1].end <= one.token_spans[i].start);
      }
    }
    Stream stream(decoder, nullptr);
    for (std::int32_t t = 0; t < kFrames; ++t) stream.push(frames.part(t, 1));
    const auto streamed = stream.best(1);
    CHECK(streamed[0].tokens == found[0].tokens && streamed[0].score == found[0].score);
  }
}

// Any score, but the same for the same question.
struct RandomLm final : tlg::lm::LmModel {
  tlg::lm::LmState start() const override { return {1}; }
  float score(tlg::lm::LmState from, tlg::lm::WordId word, tlg::lm::LmState* to) const override {
    to->id = (from.id * 31 + word) % 17;
    return -static_cast<float>((from.id * 7 + word * 13) % 19) / 2;
  }
  float finish(tlg::lm::LmState from) const override { return -static_cast<float>(from.id) / 4; }
};

// What a token adds is never more than the search believes: else it would lose prefixes unseen.
void check_bounds(WordMode mode, bool open, bool lookahead, double word_score, double unk_score) {
  const std::vector<std::string> texts{"", "a", "b", "c", mode == WordMode::kStart ? "a" : ""};
  ModelOptions options;
  options.mode = mode;
  options.separator = mode == WordMode::kSeparator ? 4 : -1;
  options.starts_word = {0, 0, 0, 0, mode == WordMode::kStart ? std::uint8_t{1} : std::uint8_t{0}};
  options.usable = {0, 1, 1, 1, 1};
  options.texts = texts;
  options.open = open;
  options.judges_words = true;
  options.lookahead = lookahead;
  options.lm_weight = 0.7;
  options.word_score = word_score;
  options.unk_score = unk_score;
  options.lm_on_tokens = mode == WordMode::kTokens;
  options.lm_ids = {0, 1, 2, 3, 4};
  std::shared_ptr<const Lexicon> lexicon;
  const std::vector<std::string> words{"a", "ab", "abc", "cb", "ba"};
  if (mode == WordMode::kLexicon) {
    lexicon = Lexicon::pronounce(words, {0, 1, 2, 3, 4}, {1, 1, 2, 1, 2, 3, 3, 2, 2, 1},
                                 {0, 1, 3, 6, 8, 10}, 5);
  } else if (mode != WordMode::kTokens) {
    std::vector<std::uint8_t> spelling = options.usable;
    if (mode == WordMode::kSeparator) spelling[4] = 0;
    lexicon = Lexicon::spell(words, texts, options.starts_word, spelling);
  }
  const auto lm = std::make_shared<RandomLm>();
  const Model model(options, lexicon, [lm] { return SearchLm{lm, nullptr}; });
  tlg::hotwords::Options hot;
  hot.num_units = 5;
  hot.boundary = options.separator;
  const auto list = tlg::hotwords::Automaton::build(
      {{{1, 2}, 1.5, 1.0, {}}, {{2}, 1.0, 3.0, {}}, {{3, 1, 2}, 0.5, -4.0, {}}}, hot);
  const HotwordUse use(list, mode == WordMode::kLexicon, 5);
  const Scorer scorer(model, &use);
  std::mt19937 random(7);
  std::size_t extended = 0;
  for (int round = 0; round < 300; ++round) {
    Tree tree;
    tree.clear();
    NodeId at = tree.add(scorer.root());
    for (int depth = 0; depth < 8; ++depth) {
      std::vector<Node> children;
      if (random() % 2 == 0)
        scorer.for_each_last(tree[at],
                             [&](std::uint32_t ends) { scorer.know_end(&tree, at, ends); });
      float gains[4];
      scorer.bounds(tree[at], gains);
      for (std::int32_t token = 1; token < 5; ++token)
        scorer.for_each_end(tree[at], token, [&](std::uint32_t ends) {
          Node child;
          if (!scorer.extend(&tree, at, token, ends, &child)) return;
          CHECK(child.bonus - tree[at].bonus <= gains[scorer.kind(token)] + 1e-4);
          children.push_back(child);
          ++extended;
        });
      if (children.empty()) break;
      at = tree.add(children[random() % children.size()]);
    }
  }
  CHECK(extended > 300);
}

TEST(prefix_bounds_are_never_exceeded) {
  for (const WordMode mode :
       {WordMode::kTokens, WordMode::kSeparator, WordMode::kStart, WordMode::kLexicon})
    for (const bool open : {false, true})
      for (const bool lookahead : {false, true})
        for (const double word_score : {-1.0, 0.0, 2.5})
          for (const double unk_score : {-3.0, 1.5})
            check_bounds(mode, open, lookahead, word_score, unk_score);
}

TEST(prefix_search_of_scores_beyond_doubles) {
  // 2,000 frames at -50 nats each: e^-100000.
  constexpr std::int32_t kFrames = 2000;
  std::vector<float> rows(2 * kFrames, -50.0f);
  Frames frames;
  frames.num_frames = kFrames;
  frames.num_tokens = 2;
  frames.dense = rows.data();
  Options options;
  options.beam_size = 50;
  const Decoder decoder(plain_model(2), options);
  const Hypothesis found = decoder.decode_batch({frames}, nullptr, 1, 1)[0][0];
  CHECK(std::isfinite(found.score) && found.score < -90000 && found.score > -50.0 * kFrames);
  CHECK(found.num_frames == kFrames && !found.partial);
}

}  // namespace
