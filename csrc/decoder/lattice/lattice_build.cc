#include "decoder/lattice/lattice_build.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr const char* kDeterminize =
    "Determinise it over words first, with Kaldi's lattice-determinize-pruned";
constexpr std::size_t kMaxStates = std::numeric_limits<std::uint32_t>::max() - 1;

[[noreturn]] void fail(const std::string& what, const char* remedy = "",
                       const std::string& name = "") {
  throw Error(ErrorKind::kLattice, what, remedy, name);
}

std::string named(const char* what, std::uint64_t number) {
  return std::string(what) + " " + std::to_string(number);
}

bool is_finite(const LatticeScore& score) {
  return std::isfinite(score.am) && std::isfinite(score.graph) && std::isfinite(score.hotword);
}

LatticeScore operator+(const LatticeScore& a, const LatticeScore& b) {
  return {a.am + b.am, a.graph + b.graph, a.hotword + b.hotword};
}

void check_state(const Lattice& lattice, std::uint32_t s) {
  const Lattice::State& state = lattice.states[s];
  if (state.first_arc > lattice.states[s + 1].first_arc ||
      lattice.states[s + 1].first_arc > lattice.arcs.size())
    fail("the arcs of " + named("state", s) + " are not among the arcs");
  if (state.frame < 0 || state.frame > lattice.num_frames || (s == 0 && state.frame != 0))
    fail(named("state", s) + " lies at frame " + std::to_string(state.frame) + " of " +
             std::to_string(lattice.num_frames),
         "The start lies at frame 0, no state behind num_frames");
  if (state.is_final && !is_finite(state.final_score))
    fail("the final score of " + named("state", s) + " is not finite");
  for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
    const Lattice::Arc& arc = lattice.arcs[a];
    if (arc.source != s)
      fail(named("arc", a) + " has source " + std::to_string(arc.source) + ", not " +
               std::to_string(s),
           "Sort the arcs by source");
    if (arc.target <= s || arc.target >= lattice.num_states())
      fail(named("arc", a) + " goes from state " + std::to_string(s) + " to " +
               std::to_string(arc.target) + " of " + std::to_string(lattice.num_states()),
           "Number the states in topological order");
    if (arc.word <= 0)
      fail(named("arc", a) + " has word " + std::to_string(arc.word),
           "Words are numbered from 1; 0 is no word");
    if (a > state.first_arc && arc.word <= lattice.arcs[a - 1].word)
      fail(named("arc", a) + " has word " + std::to_string(arc.word) + " behind word " +
               std::to_string(lattice.arcs[a - 1].word),
           "The arcs of a state are sorted by word, and no two have the same");
    if (lattice.states[arc.target].frame < state.frame)
      fail(named("arc", a) + " goes back from frame " + std::to_string(state.frame) + " to " +
           std::to_string(lattice.states[arc.target].frame));
    if (!is_finite(arc.score)) fail("a score of " + named("arc", a) + " is not finite");
  }
}

void check_states_are_on_paths(const Lattice& lattice) {
  std::vector<char> reached(lattice.num_states(), 0), ends(lattice.num_states(), 0);
  reached[0] = 1;
  for (const Lattice::Arc& arc : lattice.arcs) reached[arc.target] |= reached[arc.source];
  for (std::uint32_t s = lattice.num_states(); s-- > 0;) ends[s] = lattice.states[s].is_final;
  for (std::size_t a = lattice.arcs.size(); a-- > 0;)
    ends[lattice.arcs[a].source] |= ends[lattice.arcs[a].target];
  for (std::uint32_t s = 0; s < lattice.num_states(); ++s)
    if (!reached[s] || !ends[s])
      fail(named("state", s) + (reached[s] ? " leads to no final state" : " is not reached"),
           "Leave out states that are on no path");
}

// An arc without a word to an end behind which nothing comes is an end itself: Kaldi has such arcs
// where frames follow the last word.
LatticeDraft without_last_arcs(const LatticeDraft& draft) {
  std::vector<char> goes_on(draft.states.size(), 0);
  for (const LatticeDraft::Arc& arc : draft.arcs) goes_on[static_cast<std::size_t>(arc.source)] = 1;
  LatticeDraft made{draft.start, draft.states, {}};
  for (const LatticeDraft::Arc& arc : draft.arcs) {
    const auto target = static_cast<std::size_t>(arc.target);
    const LatticeDraft::State& end = draft.states[target];
    LatticeDraft::State& from = made.states[static_cast<std::size_t>(arc.source)];
    if (arc.word == 0 && end.is_final && !goes_on[target] && !from.is_final)
      from = {true, arc.num_frames + end.num_frames, arc.score + end.score};
    else
      made.arcs.push_back(arc);
  }
  return made;
}

// Walks a draft: arcs by source, which states are on paths, in what order.
class Maker {
 public:
  Maker(const LatticeDraft& draft, const std::string& name) : draft_(draft), name_(name) {}

  Lattice make() {
    Lattice lattice;
    if (draft_.start < 0) return lattice;
    find_paths();
    if (!on_path_[start()]) return lattice;
    const std::vector<std::size_t> order = sort_states();
    place(order);
    lattice.num_frames = -1;
    for (std::size_t s : order) {
      const LatticeDraft::State& state = draft_.states[s];
      lattice.states.push_back({static_cast<std::uint32_t>(lattice.arcs.size()), frames_[s],
                                state.is_final, state.is_final ? state.score : LatticeScore{}});
      if (state.is_final) end_at(frames_[s], state.num_frames, &lattice.num_frames);
      add_arcs(s, &lattice);
    }
    lattice.states.push_back(
        {static_cast<std::uint32_t>(lattice.arcs.size()), lattice.num_frames, false, {}});
    check(lattice);
    return lattice;
  }

 private:
  std::size_t start() const { return static_cast<std::size_t>(draft_.start); }
  const LatticeDraft::Arc& arc(std::size_t s, std::size_t i) const {
    return draft_.arcs[by_source_[first_[s] + i]];
  }
  std::size_t num_arcs(std::size_t s) const { return first_[s + 1] - first_[s]; }

  void find_paths() {
    const std::size_t size = draft_.states.size();
    first_.assign(size + 1, 0);
    std::vector<std::size_t> first_in(size + 1, 0);
    for (const auto& arc : draft_.arcs) {
      ++first_[static_cast<std::size_t>(arc.source) + 1];
      ++first_in[static_cast<std::size_t>(arc.target) + 1];
    }
    for (std::size_t s = 0; s < size; ++s) {
      first_[s + 1] += first_[s];
      first_in[s + 1] += first_in[s];
    }
    by_source_.resize(draft_.arcs.size());
    std::vector<std::size_t> by_target(draft_.arcs.size());
    std::vector<std::size_t> out = first_, in = first_in;
    for (std::size_t a = 0; a < draft_.arcs.size(); ++a) {
      by_source_[out[static_cast<std::size_t>(draft_.arcs[a].source)]++] = a;
      by_target[in[static_cast<std::size_t>(draft_.arcs[a].target)]++] = a;
    }
    std::vector<char> reached(size, 0);
    std::vector<std::size_t> waiting{start()};
    reached[start()] = 1;
    while (!waiting.empty()) {
      const std::size_t s = waiting.back();
      waiting.pop_back();
      for (std::size_t i = 0; i < num_arcs(s); ++i) {
        const auto target = static_cast<std::size_t>(arc(s, i).target);
        if (!std::exchange(reached[target], char{1})) waiting.push_back(target);
      }
    }
    on_path_.assign(size, 0);
    for (std::size_t s = 0; s < size; ++s)
      if (draft_.states[s].is_final && reached[s]) {
        on_path_[s] = 1;
        waiting.push_back(s);
      }
    while (!waiting.empty()) {
      const std::size_t s = waiting.back();
      waiting.pop_back();
      for (std::size_t i = first_in[s]; i < first_in[s + 1]; ++i) {
        const auto source = static_cast<std::size_t>(draft_.arcs[by_target[i]].source);
        if (reached[source] && !std::exchange(on_path_[source], char{1})) waiting.push_back(source);
      }
    }
  }

  std::vector<std::size_t> sort_states() {
    const std::size_t size = draft_.states.size();
    std::vector<std::size_t> incoming(size, 0), order;
    std::size_t wanted = 0;
    for (std::size_t s = 0; s < size; ++s) {
      wanted += on_path_[s];
      for (std::size_t i = 0; on_path_[s] && i < num_arcs(s); ++i)
        ++incoming[static_cast<std::size_t>(arc(s, i).target)];
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    if (incoming[start()] == 0) ready.push(start());
    new_number_.assign(size, 0);
    while (!ready.empty()) {
      const std::size_t s = ready.top();
      ready.pop();
      new_number_[s] = static_cast<std::uint32_t>(order.size());
      order.push_back(s);
      for (std::size_t i = 0; i < num_arcs(s); ++i) {
        const auto target = static_cast<std::size_t>(arc(s, i).target);
        if (on_path_[target] && --incoming[target] == 0) ready.push(target);
      }
    }
    if (order.size() != wanted)
      fail("its paths run in a cycle", "A lattice is acyclic: write it again", name_);
    if (wanted > kMaxStates) fail("has too many states", "Prune it", name_);
    return order;
  }

  void place(const std::vector<std::size_t>& order) {
    frames_.assign(draft_.states.size(), -1);
    frames_[start()] = 0;
    for (std::size_t s : order)
      for (std::size_t i = 0; i < num_arcs(s); ++i) {
        const auto target = static_cast<std::size_t>(arc(s, i).target);
        const std::int64_t frame = frames_[s] + arc(s, i).num_frames;
        if (!on_path_[target]) continue;
        if (frames_[target] >= 0 && frames_[target] != frame)
          fail("state " + std::to_string(target) + " is reached after " +
                   std::to_string(frames_[target]) + " and after " + std::to_string(frame) +
                   " frames",
               "Give every arc as many labels in its string as it has frames", name_);
        frames_[target] = frame;
      }
  }

  void end_at(std::int64_t frame, std::int64_t more, std::int64_t* num_frames) const {
    if (*num_frames >= 0 && *num_frames != frame + more)
      fail("some paths have " + std::to_string(*num_frames) + " frames, others " +
               std::to_string(frame + more),
           "Give every path as many labels as the utterance has frames", name_);
    *num_frames = frame + more;
  }

  void add_arcs(std::size_t s, Lattice* lattice) const {
    const std::size_t first = lattice->arcs.size();
    for (std::size_t i = 0; i < num_arcs(s); ++i) {
      const LatticeDraft::Arc& from = arc(s, i);
      const auto target = static_cast<std::size_t>(from.target);
      if (!on_path_[target]) continue;
      if (from.word <= 0)
        fail("an arc from state " + std::to_string(s) + " to " + std::to_string(target) +
                 (from.word == 0 ? " has no word" : " has a negative label"),
             kDeterminize, name_);
      lattice->arcs.push_back({new_number_[s], new_number_[target], from.word, from.score});
    }
    const auto by_word = [](const Lattice::Arc& a, const Lattice::Arc& b) {
      return a.word < b.word;
    };
    std::sort(lattice->arcs.begin() + static_cast<std::ptrdiff_t>(first), lattice->arcs.end(),
              by_word);
    for (std::size_t a = first + 1; a < lattice->arcs.size(); ++a)
      if (lattice->arcs[a].word == lattice->arcs[a - 1].word)
        fail("state " + std::to_string(s) + " has two arcs with word " +
                 std::to_string(lattice->arcs[a].word),
             kDeterminize, name_);
  }

  const LatticeDraft& draft_;
  const std::string& name_;
  std::vector<std::size_t> first_, by_source_;  // arcs of each state
  std::vector<char> on_path_;
  std::vector<std::uint32_t> new_number_;
  std::vector<std::int64_t> frames_;
};

}  // namespace

void check(const Lattice& lattice) {
  if (lattice.num_frames < 0) fail("num_frames is negative");
  if (lattice.states.empty()) {
    if (!lattice.arcs.empty()) fail("there are arcs, but no states");
    return;
  }
  if (lattice.num_states() == 0) fail("there is no state but the one that closes the list");
  if (lattice.states[0].first_arc != 0 || lattice.states.back().first_arc != lattice.arcs.size())
    fail("not every arc belongs to a state");
  for (std::uint32_t s = 0; s < lattice.num_states(); ++s) check_state(lattice, s);
  check_states_are_on_paths(lattice);
}

Lattice make_lattice(std::vector<Lattice::State> states, std::vector<Lattice::Arc> arcs,
                     std::int64_t num_frames, bool partial) {
  if (arcs.size() > kMaxStates || states.size() > kMaxStates) fail("is too large");
  Lattice lattice{std::move(states), std::move(arcs), num_frames, partial};
  if (!lattice.states.empty()) {
    lattice.states.push_back({0, num_frames, false, {}});
    std::size_t a = 0;
    for (std::size_t s = 0; s < lattice.states.size(); ++s) {
      lattice.states[s].first_arc = static_cast<std::uint32_t>(a);
      while (a < lattice.arcs.size() && lattice.arcs[a].source == s) ++a;
    }
    if (a < lattice.arcs.size())
      fail(named("arc", a) + " has source " + std::to_string(lattice.arcs[a].source) + " of " +
               std::to_string(lattice.num_states()) + ", behind arcs of later states",
           "Sort the arcs by source");
  }
  check(lattice);
  return lattice;
}

Lattice make_lattice(const LatticeDraft& draft, const std::string& name) {
  const auto has_word = [](const LatticeDraft::Arc& arc) { return arc.word != 0; };
  if (std::all_of(draft.arcs.begin(), draft.arcs.end(), has_word)) return Maker(draft, name).make();
  return Maker(without_last_arcs(draft), name).make();
}

Lattice make_lattice_of_frames(const LatticeDraft& draft, const std::string& name) {
  const std::size_t size = draft.states.size();
  std::vector<std::vector<std::size_t>> arcs_of(size);
  std::vector<std::size_t> incoming(size, 0);
  for (std::size_t a = 0; a < draft.arcs.size(); ++a) {
    arcs_of[static_cast<std::size_t>(draft.arcs[a].source)].push_back(a);
    ++incoming[static_cast<std::size_t>(draft.arcs[a].target)];
  }
  LatticeDraft short_form{draft.start, draft.states, {}};
  // Only these states stay; the others have one way in and one way out. A cycle of such states has
  // no way in but the start, so that the start ends it.
  std::vector<char> queued(size, 0);
  std::vector<std::size_t> waiting;
  const auto keep = [&](std::size_t s) {
    if (!std::exchange(queued[s], char{1})) waiting.push_back(s);
  };
  if (draft.start >= 0) keep(static_cast<std::size_t>(draft.start));
  while (!waiting.empty()) {
    const std::size_t s = waiting.back();
    waiting.pop_back();
    for (std::size_t first : arcs_of[s]) {
      LatticeDraft::Arc whole = draft.arcs[first];
      for (auto at = static_cast<std::size_t>(whole.target);
           incoming[at] == 1 && arcs_of[at].size() == 1 && !draft.states[at].is_final &&
           static_cast<std::int64_t>(at) != draft.start;
           at = static_cast<std::size_t>(whole.target)) {
        const LatticeDraft::Arc& next = draft.arcs[arcs_of[at][0]];
        if (whole.word != 0 && next.word != 0) break;
        if (whole.word == 0) whole.word = next.word;
        whole.num_frames += next.num_frames;
        whole.score = whole.score + next.score;
        whole.target = next.target;
      }
      short_form.arcs.push_back(whole);
      keep(static_cast<std::size_t>(whole.target));
    }
  }
  return make_lattice(short_form, name);
}

}  // namespace tlg::decoder
