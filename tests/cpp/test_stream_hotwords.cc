// Another list in the middle of a stream's utterance: against every path there is, one by one, with
// the change applied to its labels; then that the score read back from the path is the search's
// own, for any chunks, beams and lengths.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "check.h"
#include "decoder/stream.h"
#include "hotwords/swap.h"
#include "search_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;
using tlg::hotwords::Automaton;
using tlg::hotwords::Handover;
using tlg::hotwords::StateId;
using tlg::hotwords::Swap;

namespace {

struct Change {
  int frame;
  std::shared_ptr<const Automaton> automaton;  // null: no list
};

// All paths, none merged.
class Everything : private Moves {
 public:
  Everything(const Problem& problem, const std::vector<Change>& changes)
      : Moves(problem), changes_(changes), automaton_(problem.automaton.get()) {
    const Automaton* before = automaton_;
    for (const Change& change : changes_) {
      swaps_.emplace_back(before, change.automaton.get());
      before = change.automaton.get();
    }
    go({p_.fst.start(), -1, true, 0, 0, {}}, 0, 0);
  }
  double cost() const { return final_ < kNever ? final_ : any_; }
  double any() const { return any_; }

 private:
  struct Path {
    tlg::fst::StateId state;
    int unit;
    bool blank;
    StateId hotword;
    double cost;
    std::vector<int> labels;
  };

  void go(Path path, int t, std::size_t change) {
    if (change < changes_.size() && changes_[change].frame == t) {
      const Automaton* old = automaton_;
      automaton_ = changes_[change].automaton.get();
      Swap& swap = swaps_[change];
      std::size_t from = path.labels.size();
      for (std::size_t left = swap.num_read(path.hotword); left > 0; --left) --from;
      const bool in_word = from > 0 && automaton_ != nullptr && automaton_->has_boundary() &&
                           path.labels[from - 1] != automaton_->boundary();
      const Handover handover = swap.of(path.hotword, in_word);
      path.cost -= handover.gain;
      path.hotword = handover.state;
      go(std::move(path), t, change + 1);
      automaton_ = old;
      return;
    }
    if (t == p_.frames.num_frames) {
      any_ = std::min(any_, path.cost - ended(path.hotword));
      each_way(path, [&](const Path& there) {
        const float own = p_.fst.final_cost(there.state);
        if (own != tlg::fst::kInfinity)
          final_ = std::min(final_,
                            there.cost + double{p_.graph.lm_weight * own} - ended(there.hotword));
      });
      return;
    }
    const bool ctc = p_.graph.topology == Topology::kCtc;
    if (ctc) {
      Path stay = path;
      stay.blank = true;
      stay.cost += column_cost(t, p_.graph.blank);
      if (stay.cost < kNever) go(std::move(stay), t + 1, change);
      stay = path;
      if (!path.blank) {
        stay.cost += column_cost(t, path.unit);
        if (stay.cost < kNever) go(std::move(stay), t + 1, change);
      }
    }
    each_way(path, [&](const Path& there) {
      for (const auto* arc = p_.fst.begin(there.state); arc != p_.fst.end(there.state); ++arc) {
        if (arc->ilabel == 0) continue;
        const int unit = arc->ilabel - 1;
        if (ctc && unit == there.unit && !there.blank) continue;
        Path next = there;
        next.cost += arc_cost(*arc) + column_cost(t, unit);
        if (!(next.cost < kNever)) continue;
        hear(there.state, *arc, &next);
        next.state = arc->nextstate;
        next.unit = unit;
        next.blank = false;
        go(std::move(next), t + 1, change);
      }
    });
  }

  // All places that epsilon arcs lead to, this one among them.
  template <typename Visit>
  void each_way(const Path& path, const Visit& visit) {
    visit(path);
    for (const auto* arc = p_.fst.begin(path.state); arc != p_.fst.end(path.state); ++arc) {
      if (arc->ilabel != 0) continue;
      Path next = path;
      next.cost += arc_cost(*arc);
      if (!(next.cost < kNever)) continue;
      hear(path.state, *arc, &next);
      next.state = arc->nextstate;
      each_way(next, visit);
    }
  }

  void hear(tlg::fst::StateId source, const tlg::fst::Arc& arc, Path* path) const {
    const bool in_words = p_.labels == HotwordLabels::kWords;
    const int unit = in_words ? arc.olabel : arc.ilabel - 1;
    if (unit < (in_words ? 1 : 0) || (!in_words && is_silent(source, arc))) return;
    if (!in_words && unit == p_.neutral) return;
    path->labels.push_back(unit);
    if (automaton_ != nullptr)
      path->cost -= automaton_->advance(path->hotword, unit, &path->hotword);
  }

  double ended(StateId state) const {
    return automaton_ != nullptr ? automaton_->end_score(state) : 0;
  }

  const std::vector<Change>& changes_;
  std::vector<Swap> swaps_;
  const Automaton* automaton_;
  double final_ = kNever, any_ = kNever;
};

std::shared_ptr<const Automaton> another_list(Dice& dice, const Problem& p) {
  if (dice.chance(15)) return nullptr;
  if (p.labels == HotwordLabels::kWords) return random_hotwords(dice, 1, 6, false);
  return random_hotwords(dice, 0, p.frames.num_tokens, dice.chance(60));
}

std::shared_ptr<const HotwordUse> use_of(const SearchGraph& graph, const Problem& p,
                                         const std::shared_ptr<const Automaton>& automaton) {
  if (automaton == nullptr) return nullptr;
  return std::make_shared<HotwordUse>(graph, automaton, p.labels, p.neutral, p.wanted);
}

std::vector<Change> random_changes(Dice& dice, const Problem& p, int most) {
  std::vector<Change> changes(static_cast<std::size_t>(dice.within(1, most)));
  for (Change& change : changes)
    change = {dice.within(0, p.frames.num_frames), another_list(dice, p)};
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.frame < b.frame; });
  return changes;
}

struct Found {
  Hypothesis result;
  double any = 0;  // of the partial result at the end
  bool fine = true;
};

// Pushes chunks of up to `most` frames, changing lists on the way.
Found run(const std::shared_ptr<const Decoder>& decoder, const Problem& p,
          const std::vector<Change>& changes, int most, Dice& dice) {
  // A narrow beam can lose the best alignment of a path that it finds; it is read with that.
  const bool is_exact = p.options.beam >= 200 && p.options.max_active > 1000;
  const auto agrees = [&](const Hypothesis& path) {
    return !is_exact || std::fabs(path.score - path.search_score) < 2e-3;
  };
  Stream stream(decoder, use_of(decoder->graph(), p, p.automaton), {});
  Found found;
  std::size_t change = 0;
  for (std::int32_t t = 0;;) {
    for (; change < changes.size() && changes[change].frame == t; ++change)
      stream.change_hotwords(use_of(decoder->graph(), p, changes[change].automaton));
    if (t == p.frames.num_frames) break;
    const int stop = change < changes.size() ? changes[change].frame : p.frames.num_frames;
    const std::int32_t n = std::min(dice.within(1, most), stop - t);
    stream.push(p.frames.part(t, n));
    t += n;
    if (dice.chance(40)) {
      found.fine = found.fine && agrees(stream.partial().path);
    }
  }
  const PartialPath partial = stream.partial();
  found.any = partial.path.search_score;
  double reward = 0;
  for (const FiredHotword& one : stream.hotwords(0, partial.first_hotword)) reward += one.reward;
  for (const FiredHotword& one : partial.hotwords) reward += one.reward;
  found.fine = found.fine && reward == partial.path.hotword_score && agrees(partial.path);
  found.result = stream.finish();
  found.fine = found.fine && agrees(found.result);
  return found;
}

void check_all_paths(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  Problem p = random_problem(seed, shape, labels);
  Dice dice(seed);
  p.options.beam = INFINITY;
  p.options.max_active = 1 << 30;
  p.options.blank_skip = 1;
  p.options.token_beam = INFINITY;
  p.options.max_tokens = 0;
  if (dice.chance(15)) p.automaton = nullptr;
  const std::vector<Change> changes = random_changes(dice, p, 2);
  Everything everything(p, changes);
  // Paths that the old list and the graph have no reason to tell apart have met, although a list
  // that begins to see words would: whether they end in mid-word.
  const auto sees_words = [](const std::shared_ptr<const Automaton>& one) {
    return one != nullptr && one->has_boundary();
  };
  const bool merges_words = (shape.plain || p.neutral >= 0) && !sees_words(p.automaton) &&
                            std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
                              return sees_words(change.automaton);
                            });
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  SpanOptions spans;
  spans.separator = p.neutral;
  for (const std::string& kernel : kernels()) {
    const auto decoder = std::make_shared<const Decoder>(graph, p.options, spans, kernel);
    const Found found = run(decoder, p, changes, 3, dice);
    const Hypothesis& result = found.result;
    if (result.num_frames < p.frames.num_frames) continue;  // no path went on
    const double lost = -everything.cost() - result.search_score;
    const double any_lost = -everything.any() - found.any;
    const bool fine = found.fine && lost > -1e-3 && any_lost > -1e-3 &&
                      (merges_words || (lost < 1e-3 && any_lost < 1e-3)) &&
                      std::fabs(result.score - result.search_score) < 1e-3;
    CHECK(fine);
    if (!fine) {
      std::printf("seed %u %s: %d, search %.6f, score %.6f, wanted %.6f; any %.6f, wanted %.6f\n",
                  seed, kernel.c_str(), found.fine, result.search_score, result.score,
                  -everything.cost(), found.any, -everything.any());
      return;
    }
  }
}

bool same(const Hypothesis& a, const Hypothesis& b) {
  const auto equal = [](const tlg::hotwords::Match& x, const tlg::hotwords::Match& y) {
    return x.phrase == y.phrase && x.start == y.start && x.end == y.end && x.reward == y.reward;
  };
  return a.score == b.score && a.hotword_score == b.hotword_score && a.tokens == b.tokens &&
         a.words == b.words && a.search_score == b.search_score &&
         std::equal(a.hotwords.begin(), a.hotwords.end(), b.hotwords.begin(), b.hotwords.end(),
                    equal);
}

void check_any_beam(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  Problem p = random_problem(seed, shape, labels);
  Dice dice(seed);
  // What is read back need not keep to these.
  p.options.blank_skip = 1;
  p.options.token_beam = INFINITY;
  p.options.max_tokens = 0;
  if (dice.chance(15)) p.automaton = nullptr;
  const std::vector<Change> changes = random_changes(dice, p, 5);
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  SpanOptions spans;
  spans.separator = p.neutral;
  spans.num_roots = static_cast<std::uint32_t>(dice.one_of<int>({0, 2}));
  const auto decoder = std::make_shared<const Decoder>(graph, p.options, spans);
  const Found whole = run(decoder, p, changes, 1000, dice);
  std::size_t num_phrases = p.automaton != nullptr ? p.automaton->num_phrases() : 0;
  for (const Change& change : changes)
    if (change.automaton != nullptr) num_phrases += change.automaton->num_phrases();
  bool fine = whole.fine;
  std::int32_t at = 0;
  for (const tlg::hotwords::Match& match : whole.result.hotwords) {
    fine = fine && match.start >= at && match.end > match.start &&
           static_cast<std::size_t>(match.phrase) < num_phrases;
    at = match.end;
  }
  for (const int most : {1, 7}) {
    const Found other = run(decoder, p, changes, most, dice);
    fine = fine && other.fine && same(other.result, whole.result);
  }
  CHECK(fine);
  if (!fine)
    std::printf("seed %u: %d, score %.9g, search %.9g\n", seed, whole.fine, whole.result.score,
                whole.result.search_score);
}

void many(std::uint32_t first, std::uint32_t count, const Shape& shape,
          void (*check)(std::uint32_t, const Shape&, HotwordLabels)) {
  for (const HotwordLabels labels : {HotwordLabels::kTokens, HotwordLabels::kWords})
    for (std::uint32_t seed = first; seed < first + count; ++seed) check(seed, shape, labels);
}

}  // namespace

TEST(changed_lists_against_all_paths) {
  Shape shape;
  shape.width = 3;
  shape.states = 4;
  shape.fan_out = 3;
  shape.frames = 6;
  many(200000, 600, shape, check_all_paths);
  shape.plain = true;
  many(210000, 400, shape, check_all_paths);
}

TEST(changed_lists_in_wide_graphs) {
  std::uint32_t seed = 220000;
  for (const int width : {66, 130}) {
    Shape wide;
    wide.width = width;
    wide.states = 10;
    wide.fan_out = 4;
    wide.frames = 4;
    many(seed, 20, wide, check_all_paths);
    seed += 100;
  }
}

TEST(changed_lists_with_any_beam_and_chunks) {
  Shape shape;
  shape.frames = 30;
  many(230000, 250, shape, check_any_beam);
  shape.plain = true;
  many(240000, 150, shape, check_any_beam);
  Shape long_one;
  long_one.states = 5;
  long_one.frames = 600;
  many(250000, 12, long_one, check_any_beam);
  long_one.plain = true;
  many(251000, 12, long_one, check_any_beam);
}

TEST(lists_over_tokens_and_over_words_do_not_meet) {
  Shape shape;
  const Problem p = random_problem(1, shape, HotwordLabels::kTokens);
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  const auto decoder = std::make_shared<const Decoder>(graph, p.options, SpanOptions{});
  Dice dice(1);
  const auto tokens = use_of(*graph, p, random_hotwords(dice, 0, shape.width, false));
  const auto words = std::make_shared<HotwordUse>(*graph, random_hotwords(dice, 1, 6, false),
                                                  HotwordLabels::kWords);
  Stream stream(decoder, tokens, {});
  stream.change_hotwords(nullptr);
  CHECK_THROWS(stream.change_hotwords(words), "matched on tokens, those of the new list on words");
  stream.change_hotwords(tokens);
  stream.reset(nullptr);
  stream.change_hotwords(words);
}

// One thread compiles lists and swaps them into a slot, as Python's decoder does; others decode
// with what they find there, or change to it in the middle. For the thread sanitizer, and: each
// result is that of one whole list.
TEST(threads_swap_lists_while_others_search) {
  Shape shape;
  shape.states = 8;
  shape.frames = 40;
  Problem p = random_problem(7, shape, HotwordLabels::kTokens);
  for (std::uint32_t seed = 8; p.frames.num_frames < 20; ++seed)
    p = random_problem(seed, shape, HotwordLabels::kTokens);
  p.options.beam = 8;
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  const auto decoder = std::make_shared<const Decoder>(graph, p.options, SpanOptions{});
  constexpr std::uint32_t kLists = 6;
  const auto list_of = [&](std::uint32_t i) {
    Dice dice(i);
    return use_of(*graph, p, random_hotwords(dice, 0, p.frames.num_tokens, i % 2 == 0));
  };
  std::vector<double> wanted;
  for (std::uint32_t i = 0; i < kLists; ++i)
    wanted.push_back(decoder->decode(p.frames, list_of(i)).score);
  std::shared_ptr<const HotwordUse> slot = list_of(0);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0}, decoded{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 3; ++worker)
    threads.emplace_back([&, worker] {
      while (!done.load() || decoded.load() < 30) {
        if (worker < 2) {
          const double score = decoder->decode(p.frames, std::atomic_load(&slot)).score;
          if (std::find(wanted.begin(), wanted.end(), score) == wanted.end()) ++wrong;
        } else {
          Stream stream(decoder, std::atomic_load(&slot), {});
          for (std::int32_t t = 0; t < p.frames.num_frames; ++t) {
            stream.push(p.frames.part(t, 1));
            if (t % 5 == 4) stream.change_hotwords(std::atomic_load(&slot));
          }
          const Hypothesis found = stream.finish();
          if (std::fabs(found.score - found.search_score) > 2e-3) ++wrong;
        }
        ++decoded;
      }
    });
  for (std::uint32_t turn = 0; turn < 200; ++turn) {
    std::atomic_store(&slot, list_of(turn % kLists));
    if (turn % 16 == 0) std::this_thread::yield();
  }
  done.store(true);
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong.load() == 0 && decoded.load() >= 30);
}
