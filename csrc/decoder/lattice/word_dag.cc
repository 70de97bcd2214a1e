#include "decoder/lattice/word_dag.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "decoder/lattice/step_ways.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// In front of targets that are steps, until all nodes have their numbers.
constexpr std::uint32_t kIsStep = 1u << 31;
// Nodes and arcs are numbered with 32 bits: room for what one more step adds.
constexpr std::size_t kMostArcs = std::size_t{1} << 31;

class DagMaker {
 public:
  DagMaker(const RawLattice& raw, const SearchGraph& graph, const SearchOptions& options,
           const Frames& frames, const HotwordUse* hotwords)
      : raw_(raw),
        graph_(graph, hotwords),
        frames_(frames),
        scale_(options.acoustic_scale),
        penalty_(options.blank_penalty),
        blank_(graph.options().blank),
        ctc_(graph.options().topology == Topology::kCtc),
        automaton_(hotwords != nullptr ? hotwords->automaton() : nullptr),
        labels_(hotwords != nullptr ? hotwords->labels() : HotwordLabels::kNone),
        neutral_(hotwords != nullptr ? hotwords->neutral() : -1) {}

  WordDag make() {
    dag_.num_frames = raw_.num_frames;
    dag_.is_final = raw_.is_final;
    dag_.beam = raw_.lattice_beam;
    if (raw_.ends.empty()) return std::move(dag_);
    ways_ = find_step_ways(raw_);
    dag_.beam = ways_.beam;
    end_ = ways_.num_steps();
    read_steps();
    for (std::uint32_t t = 0; ctc_ && t < raw_.num_frames; ++t)
      blanks_.push_back(frame_score(t, blank_));
    dag_.arcs.reserve(ways_.targets.size() + ways_.targets.size() / 2);
    dag_.nodes.reserve(end_ + end_ / 2 + 2);
    for (std::uint32_t k = 0; k < end_; ++k) {
      leave(k);
      if (std::max(dag_.arcs.size(), dag_.nodes.size()) > kMostArcs)
        throw Error(ErrorKind::kLattice,
                    "the lattice of " + std::to_string(raw_.num_frames) +
                        " frames has more arcs than can be counted",
                    "Use a smaller lattice_beam or max_active, or shorter utterances");
    }
    dag_.nodes.push_back(node_at(kNoNode, 0, false));  // the end
    number_targets();
    dag_.nodes.push_back(node_at(kNoNode, 0, false));  // closes the list
    find_best();
    return std::move(dag_);
  }

 private:
  struct Step {
    std::uint32_t hot_arc, frame;
    hotwords::StateId hotword;
    bool is_silent;
    bool has_epsilons;             // behind it
    SearchGraph::ArcRange arcs;    // behind it
    std::uint32_t node;            // of the graph of words, when it has one
    SearchGraph::PathArc content;  // without its source
  };
  // Where a path can be behind a step and epsilon arcs.
  struct Point {
    std::uint32_t lg_state;
    hotwords::StateId hotword;
    std::uint32_t node;  // kNoNode: leads nowhere
    SearchGraph::ArcRange arcs;
  };
  struct Epsilon {
    std::uint32_t from, to;  // points
    std::int32_t word;
    LatticeScore score;
  };
  struct Exit {
    std::uint32_t from;    // point
    std::uint32_t target;  // in ways_.targets
    LatticeScore score;
  };

  const RawLattice& raw_;
  PathGraph graph_;
  const Frames& frames_;
  const double scale_, penalty_;
  const std::int32_t blank_;
  const bool ctc_;
  const hotwords::Automaton* const automaton_;
  const HotwordLabels labels_;
  const std::int32_t neutral_;
  std::vector<double> blanks_;  // score of each frame as a blank
  WordDag dag_;
  StepWays ways_;
  std::uint32_t end_ = 0;  // as a step
  std::vector<Step> steps_;

  // Of the step that is left:
  std::vector<double> am_;  // up to each target
  std::vector<Point> points_;
  std::vector<Epsilon> epsilons_;  // `from` rises
  std::vector<Exit> exits_;
  std::vector<std::uint32_t> order_;
  std::map<std::pair<std::uint32_t, hotwords::StateId>, std::uint32_t> point_of_;

  // In passes: each waits for memory that nothing in it depends on, so that the waits overlap.
  void read_steps() {
    steps_.resize(end_);
    steps_[0] = {0,
                 0,
                 hotwords::kRoot,
                 true,
                 false,
                 {0, 0},
                 0,
                 {0, graph_.start_lg_state(), -1, 0, 0, false}};
    for (std::uint32_t k = 1; k < end_; ++k) {
      const RawLattice::Node& node = raw_.nodes[ways_.nodes[k]];
      steps_[k].frame = node.frame;
      steps_[k].hotword = node.hotword;
      steps_[k].hot_arc = graph_.hot_arc(node.arc);
      steps_[k].is_silent = graph_.is_silent(node.arc);
      steps_[k].content = graph_.arc_content(node.arc);
    }
    for (Step& step : steps_) {
      step.arcs = graph_.arcs_of(step.content.target);
      step.has_epsilons = graph_.level(step.content.target) > 0;
    }
  }

  WordDag::Node node_at(std::uint32_t step, std::uint32_t lg_state, bool begins_token) const {
    return {static_cast<std::uint32_t>(dag_.arcs.size()), kNoNode, step, lg_state, begins_token};
  }

  // The arcs out of step k, and out of the places that epsilon arcs lead to from it.
  void leave(std::uint32_t k) {
    align(k);
    find_points(k);
    steps_[k].node = static_cast<std::uint32_t>(dag_.nodes.size());
    if (points_.size() == 1) {
      dag_.nodes.push_back(node_at(ways_.nodes[k], points_[0].lg_state, !steps_[k].is_silent));
      for_each_exit(k, 0, [&](std::uint32_t target, const LatticeScore& score) {
        add_exit(steps_[k].node, target, score);
      });
      return;
    }
    exits_.clear();
    for (std::uint32_t p = 0; p < points_.size(); ++p)
      for_each_exit(k, p, [&](std::uint32_t target, const LatticeScore& score) {
        exits_.push_back({p, target, score});
      });
    // Epsilon arcs lead to lower levels.
    order_.clear();
    for (std::uint32_t p = 0; p < points_.size(); ++p) order_.push_back(p);
    std::sort(order_.begin() + 1, order_.end(), [this](std::uint32_t a, std::uint32_t b) {
      const std::uint32_t x = graph_.level(points_[a].lg_state);
      const std::uint32_t y = graph_.level(points_[b].lg_state);
      return x != y ? x > y : a < b;
    });
    keep_useful_points();
    std::uint32_t next = steps_[k].node;
    for (const std::uint32_t p : order_)
      if (p == 0 || points_[p].node != kNoNode) points_[p].node = next++;
    for (const std::uint32_t p : order_)
      if (points_[p].node != kNoNode) add_node(p, k);
  }

  // Between step k and each target: the frames of its token and of blanks behind it, read on as the
  // targets come later. What alignment.h does, without the places.
  void align(std::uint32_t k) {
    const std::int32_t column = k > 0 ? steps_[k].content.column : -1;
    std::uint32_t at = k > 0 ? steps_[k].frame : 0;
    double token = kNever, blank = 0;  // scores of paths that have ended in either
    if (k > 0) {
      token = frame_score(at++, column);
      if (ctc_) blank = kNever;
    }
    am_.clear();
    for (std::uint32_t i = ways_.first[k]; i < ways_.first[k + 1]; ++i) {
      const std::uint32_t target = ways_.targets[i];
      const bool is_end = target == end_;
      if (!ctc_) {  // each arc reads one frame
        am_.push_back(k > 0 ? token : 0);
        continue;
      }
      const auto to = is_end ? static_cast<std::uint32_t>(raw_.num_frames) : steps_[target].frame;
      for (; at < to; ++at) {
        blank = std::max(token, blank) + blanks_[at];
        token = column < 0 ? kNever : token + frame_score(at, column);
      }
      const bool repeated = !is_end && steps_[target].content.column == column;
      am_.push_back(repeated ? blank : std::max(token, blank));
    }
  }

  double frame_score(std::uint32_t t, std::int32_t column) const {
    const double score = scale_ * frames_.at(static_cast<std::int32_t>(t), column);
    return column == blank_ ? score - penalty_ : score;
  }

  void find_points(std::uint32_t k) {
    const Step& step = steps_[k];
    points_.assign(1, {step.content.target, step.hotword, kNoNode, step.arcs});
    epsilons_.clear();
    if (!step.has_epsilons) return;
    point_of_.clear();
    for (std::uint32_t p = 0; p < points_.size(); ++p) {
      const Point from = points_[p];
      if (graph_.level(from.lg_state) == 0) continue;
      graph_.visit_epsilons(from.lg_state, [&](const SearchGraph::PathArc& arc) {
        LatticeScore score{0, -arc.cost, 0};
        hotwords::StateId hotword = from.hotword;
        if (labels_ == HotwordLabels::kWords && arc.word != 0)
          score.hotword = automaton_->advance(hotword, arc.word, &hotword);
        epsilons_.push_back({p, point(arc.target, hotword), arc.word, score});
      });
    }
  }

  std::uint32_t point(std::uint32_t lg_state, hotwords::StateId hotword) {
    constexpr std::uint32_t kFew = 16;
    const auto count = static_cast<std::uint32_t>(points_.size());
    for (std::uint32_t p = 0; p < count && p < kFew; ++p)
      if (points_[p].lg_state == lg_state && points_[p].hotword == hotword) return p;
    if (count >= kFew) {
      const auto [known, is_new] = point_of_.try_emplace({lg_state, hotword}, count);
      if (!is_new) return known->second;
    }
    points_.push_back({lg_state, hotword, kNoNode, graph_.arcs_of(lg_state)});
    return count;
  }

  template <typename Visit>
  void for_each_exit(std::uint32_t k, std::uint32_t p, const Visit& visit) const {
    for (std::uint32_t i = 0; i < am_.size(); ++i) {
      const std::uint32_t target = ways_.targets[ways_.first[k] + i];
      LatticeScore score{am_[i], 0, 0};
      if (!(am_[i] > kNever)) continue;
      if (target == end_ ? ends(p, &score) : goes_on(points_[p], steps_[target], &score))
        visit(target, score);
    }
  }

  void add_exit(std::uint32_t node, std::uint32_t target, const LatticeScore& score) {
    const std::int32_t word = target == end_ ? 0 : steps_[target].content.word;
    dag_.arcs.push_back({node, target | kIsStep, word, score});
  }

  bool goes_on(const Point& from, const Step& step, LatticeScore* score) const {
    if (!from.arcs.has(step.hot_arc)) return false;
    score->graph = -step.content.cost;
    if (labels_ == HotwordLabels::kNone) return true;
    const bool in_words = labels_ == HotwordLabels::kWords;
    const bool moves =
        in_words ? step.content.word != 0 : !step.is_silent && step.content.column != neutral_;
    hotwords::StateId hotword = from.hotword;
    if (moves)
      score->hotword = automaton_->advance(
          from.hotword, in_words ? step.content.word : step.content.column, &hotword);
    return hotword == step.hotword;
  }

  bool ends(std::uint32_t p, LatticeScore* score) const {
    const Point& from = points_[p];
    if (automaton_ != nullptr) score->hotword = automaton_->end_score(from.hotword);
    if (!raw_.is_final) return p == 0;  // cut off where it stands
    score->graph = -double{graph_.own_final_cost(from.lg_state)};
    return score->graph > kNever;
  }

  // Marks those that lead to an exit: `node` is set.
  void keep_useful_points() {
    for (const Exit& exit : exits_) points_[exit.from].node = 0;
    for (auto at = order_.rbegin(); at != order_.rend(); ++at) {
      const auto of_point = epsilons_of(*at);
      for (auto e = of_point.first; e != of_point.second; ++e)
        if (points_[e->to].node != kNoNode) points_[*at].node = 0;
    }
  }

  std::pair<std::vector<Epsilon>::const_iterator, std::vector<Epsilon>::const_iterator> epsilons_of(
      std::uint32_t p) const {
    const auto begin =
        std::partition_point(epsilons_.begin(), epsilons_.end(),
                             [p](const Epsilon& epsilon) { return epsilon.from < p; });
    const auto end = std::partition_point(
        begin, epsilons_.end(), [p](const Epsilon& epsilon) { return epsilon.from == p; });
    return {begin, end};
  }

  void add_node(std::uint32_t p, std::uint32_t k) {
    const bool is_step = p == 0;
    const Point& point = points_[p];
    dag_.nodes.push_back(node_at(is_step ? ways_.nodes[k] : kNoNode, point.lg_state,
                                 is_step && !steps_[k].is_silent));
    const auto of_point = epsilons_of(p);
    for (auto e = of_point.first; e != of_point.second; ++e)
      if (points_[e->to].node != kNoNode)
        dag_.arcs.push_back({point.node, points_[e->to].node, e->word, e->score});
    for (auto exit = std::partition_point(exits_.begin(), exits_.end(),
                                          [p](const Exit& one) { return one.from < p; });
         exit != exits_.end() && exit->from == p; ++exit)
      add_exit(point.node, exit->target, exit->score);
  }

  void number_targets() {
    const auto end = static_cast<std::uint32_t>(dag_.nodes.size()) - 1;
    for (WordDag::Arc& arc : dag_.arcs) {
      if ((arc.target & kIsStep) == 0) continue;
      const std::uint32_t step = arc.target & ~kIsStep;
      arc.target = step == end_ ? end : steps_[step].node;
    }
  }

  void find_best() {
    dag_.ahead.assign(dag_.num_nodes(), kNever);
    dag_.ahead[dag_.end()] = 0;
    for (std::uint32_t n = dag_.end(); n-- > 0;)
      for (std::uint32_t a = dag_.nodes[n].first_arc; a < dag_.nodes[n + 1].first_arc; ++a) {
        const double ahead = dag_.ahead[dag_.arcs[a].target] + dag_.arcs[a].score.total();
        if (!(ahead > dag_.ahead[n])) continue;
        dag_.ahead[n] = ahead;
        dag_.nodes[n].best_arc = a;
      }
  }
};

}  // namespace

WordDag make_word_dag(const RawLattice& raw, const SearchGraph& graph, const SearchOptions& options,
                      const Frames& frames, const std::shared_ptr<const HotwordUse>& hotwords) {
  return DagMaker(raw, graph, options, frames, hotwords.get()).make();
}

ExplicitPath explicit_path(const WordDag& dag, const RawLattice& raw,
                           const std::vector<std::uint32_t>& arcs) {
  ExplicitPath path;
  path.is_final = dag.is_final;
  path.num_frames = dag.num_frames;
  for (const std::uint32_t a : arcs) {
    const WordDag::Arc& arc = dag.arcs[a];
    const WordDag::Node& to = dag.nodes[arc.target];
    path.cost -= arc.score.total();
    if (to.step != kNoNode) {
      const RawLattice::Node& step = raw.nodes[to.step];
      path.steps.push_back({{step.arc, step.frame}, std::move(path.epsilons)});
      path.epsilons.clear();
    } else if (arc.target != dag.end()) {
      path.epsilons.push_back(
          {dag.nodes[arc.source].lg_state, to.lg_state, -1, arc.word, -arc.score.graph});
    } else {
      path.final_cost = dag.is_final ? -arc.score.graph : 0;
    }
  }
  return path;
}

}  // namespace tlg::decoder
