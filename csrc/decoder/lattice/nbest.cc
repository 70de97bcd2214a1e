#include "decoder/lattice/nbest.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "util/bits.h"

namespace tlg::decoder {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// Sums of the same terms in another order differ by less; what differs by less counts as equal.
constexpr double kRounding = 1e-9;

// A suffix of word sequences stands for the places that its paths can begin at, each with the best
// score from there to the end. Suffixes form a tree: no two have the same words.
class Finder {
 public:
  explicit Finder(const WordDag& dag) : dag_(dag) {}

  std::vector<WordPath> find(std::size_t count) {
    std::vector<WordPath> found;
    if (dag_.num_nodes() == 0 || count == 0 || !(dag_.ahead[0] > kNever)) return found;
    look_back();
    threshold_ = dag_.ahead[0] - dag_.beam - kRounding;
    best_.assign(dag_.num_nodes(), kNever);
    place_of_.assign(dag_.num_nodes(), kNoNode);
    is_waiting_.assign((dag_.num_nodes() + 63) / 64, 0);
    places_.push_back({dag_.end(), kNoNode, kNoNode, 0});
    suffixes_.push_back({0, 1, kNoNode});
    queue_.push({dag_.ahead[0], 0});
    while (!queue_.empty() && found.size() < count) {
      const Entry entry = queue_.top();
      queue_.pop();
      const Suffix suffix = suffixes_[entry.suffix];
      if (suffix.whole != kNoNode)
        found.push_back(path_from(suffix.whole));
      else
        expand(suffix, entry.score);
    }
    return found;
  }

 private:
  // Where a path of a suffix can begin: with `arc`, and on from place `next`.
  struct Place {
    std::uint32_t node, arc, next;
    double score;  // from here to the end
  };
  struct Suffix {
    std::size_t begin, end;  // places
    std::uint32_t whole;     // all is read: the place at the beginning; else kNoNode
  };
  struct Entry {
    double score;  // of the best path with the suffix
    std::size_t suffix;
    // Of equals the longer one, so that ties do not widen the search.
    bool operator<(const Entry& other) const {
      return score != other.score ? score < other.score : suffix < other.suffix;
    }
  };
  struct Candidate {
    std::int32_t word;
    std::uint32_t node, arc, next;
    double score;
  };

  const WordDag& dag_;
  double threshold_ = 0;
  std::vector<double> behind_;                     // node -> best score from the beginning
  std::vector<std::uint32_t> first_in_, arcs_in_;  // arcs by target
  std::vector<Place> places_;
  std::vector<Suffix> suffixes_;
  std::priority_queue<Entry> queue_;
  // While a suffix is expanded: nodes that its paths without more words lead back to.
  std::vector<double> best_;
  std::vector<std::uint32_t> place_of_;
  std::vector<std::uint64_t> is_waiting_;
  std::vector<std::uint32_t> visited_;
  std::vector<Candidate> candidates_;

  void look_back() {
    behind_.assign(dag_.num_nodes(), kNever);
    behind_[0] = 0;
    first_in_.assign(dag_.num_nodes() + 1, 0);
    for (const WordDag::Arc& arc : dag_.arcs) {
      ++first_in_[arc.target + 1];
      behind_[arc.target] = std::max(behind_[arc.target], behind_[arc.source] + arc.score.total());
    }
    for (std::size_t n = 1; n < first_in_.size(); ++n) first_in_[n] += first_in_[n - 1];
    arcs_in_.resize(dag_.arcs.size());
    std::vector<std::uint32_t> next(first_in_.begin(), first_in_.end() - 1);
    for (std::uint32_t a = 0; a < dag_.arcs.size(); ++a) arcs_in_[next[dag_.arcs[a].target]++] = a;
  }

  // Arcs lead to higher nodes: from the highest down, a node is left when its score is known.
  void expand(const Suffix& suffix, double score) {
    candidates_.clear();
    std::size_t highest = 0;
    for (std::size_t p = suffix.begin; p < suffix.end; ++p) {
      const std::uint32_t n = places_[p].node;
      best_[n] = places_[p].score;
      place_of_[n] = static_cast<std::uint32_t>(p);
      is_waiting_[n / 64] |= std::uint64_t{1} << (n % 64);
      highest = std::max<std::size_t>(highest, n / 64);
    }
    for (std::size_t w = highest + 1; w-- > 0;)
      while (is_waiting_[w] != 0) {
        const int highest_one = util::highest_bit(is_waiting_[w]);
        is_waiting_[w] ^= std::uint64_t{1} << highest_one;
        leave_backwards(static_cast<std::uint32_t>(64 * w) +
                        static_cast<std::uint32_t>(highest_one));
      }
    if (best_[0] > kNever) {
      suffixes_.push_back({0, 0, place_of_[0]});
      queue_.push({snapped(best_[0], score), suffixes_.size() - 1});
    }
    for (const std::uint32_t n : visited_) best_[n] = kNever;
    visited_.clear();
    add_longer_suffixes(score);
  }

  void leave_backwards(std::uint32_t n) {
    visited_.push_back(n);
    for (std::uint32_t i = first_in_[n]; i < first_in_[n + 1]; ++i) {
      const std::uint32_t a = arcs_in_[i];
      const WordDag::Arc& arc = dag_.arcs[a];
      const double score = best_[n] + arc.score.total();
      const double whole = score + behind_[arc.source];
      if (!(whole > kNever && whole >= threshold_)) continue;
      if (arc.word != 0) {
        candidates_.push_back({arc.word, arc.source, a, place_of_[n], score});
      } else if (score > best_[arc.source]) {
        best_[arc.source] = score;
        place_of_[arc.source] = static_cast<std::uint32_t>(places_.size());
        places_.push_back({arc.source, a, place_of_[n], score});
        is_waiting_[arc.source / 64] |= std::uint64_t{1} << (arc.source % 64);
      }
    }
  }

  void add_longer_suffixes(double score) {
    std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
      if (a.word != b.word) return a.word < b.word;
      if (a.node != b.node) return a.node < b.node;
      return a.score != b.score ? a.score > b.score : a.arc < b.arc;
    });
    for (std::size_t i = 0; i < candidates_.size();) {
      const std::int32_t word = candidates_[i].word;
      const std::size_t begin = places_.size();
      double whole = kNever;
      for (; i < candidates_.size() && candidates_[i].word == word; ++i) {
        const Candidate& one = candidates_[i];
        if (places_.size() > begin && places_.back().node == one.node) continue;
        places_.push_back({one.node, one.arc, one.next, one.score});
        whole = std::max(whole, one.score + behind_[one.node]);
      }
      suffixes_.push_back({begin, places_.size(), kNoNode});
      queue_.push({snapped(whole, score), suffixes_.size() - 1});
    }
  }

  static double snapped(double score, double before) {
    return score > before - kRounding ? before : score;
  }

  WordPath path_from(std::uint32_t place) const {
    WordPath path{{}, places_[place].score};
    for (; places_[place].arc != kNoNode; place = places_[place].next)
      path.arcs.push_back(places_[place].arc);
    return path;
  }
};

}  // namespace

std::vector<WordPath> best_word_paths(const WordDag& dag, std::size_t count) {
  return Finder(dag).find(count);
}

}  // namespace tlg::decoder
