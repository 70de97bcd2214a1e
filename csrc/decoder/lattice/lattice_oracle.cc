// Levenshtein's recursion over a graph, state by state in topological order; a row holds the best
// way to a state for each part of the reference that may have been read. Where the whole table is
// too large, Hirschberg's trick: rows from the start to the middle and from the end back to it say
// which arc the best path takes across the middle and what it has read there, and each half is a
// smaller problem. Rows are cut to what can still be part of a path with few enough errors
// (Ukkonen): a limit that is doubled until there is a path, and then known for each half.
#include "decoder/lattice/lattice_oracle.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;
constexpr std::uint32_t kNoEdge = std::numeric_limits<std::uint32_t>::max();

struct Cost {
  std::int64_t errors = kFar;
  double score = 0;
};

// The best way to a place, and in a whole table where it came from.
struct Way : Cost {
  std::uint32_t edge = kNoEdge;  // the last one
  std::int64_t before = 0;       // the place where that began
};

void begin_edge(std::uint32_t, std::int64_t, Cost*) {}
void begin_edge(std::uint32_t edge, std::int64_t place, Way* way) {
  way->edge = edge;
  way->before = place;
}

bool is_better(const Cost& a, const Cost& b) {
  return a.errors != b.errors ? a.errors < b.errors : a.score > b.score;
}

template <typename Cell>
void improve(Cell* cell, Cell way, std::int64_t errors) {
  way.errors += errors;
  if (is_better(way, *cell)) *cell = way;
}

// Cells of consecutive places in the reference; those beside them are too far off.
template <typename Cell>
struct Row {
  std::int64_t first = 0;
  std::vector<Cell> cells;

  std::int64_t end() const { return first + static_cast<std::int64_t>(cells.size()); }
  const Cell* find(std::int64_t place) const {
    if (place < first || place >= end()) return nullptr;
    return &cells[static_cast<std::size_t>(place - first)];
  }
  Cell& at(std::int64_t place) { return cells[static_cast<std::size_t>(place - first)]; }

  void add(const Row& other) {
    if (other.cells.empty()) return;
    if (cells.empty()) first = other.first;
    if (other.first < first) {
      cells.insert(cells.begin(), static_cast<std::size_t>(first - other.first), Cell());
      first = other.first;
    }
    if (other.end() > end()) cells.resize(static_cast<std::size_t>(other.end() - first));
    for (std::int64_t place = other.first; place < other.end(); ++place)
      improve(&at(place), *other.find(place), 0);
  }

  // Leaves out both ends as far as they have too many errors, with ahead(place) to come at least.
  template <typename Ahead>
  void trim(std::int64_t limit, const Ahead& ahead) {
    const auto is_far = [&](std::int64_t place) {
      return find(place)->errors + ahead(place) > limit;
    };
    while (!cells.empty() && is_far(end() - 1)) cells.pop_back();
    std::int64_t from = first;
    while (from < end() && is_far(from)) ++from;
    cells.erase(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(from - first));
    first = from;
  }

  // Passes over places of the reference (`length` long), an error each.
  template <typename Ahead>
  void skip(std::int64_t length, std::int64_t limit, const Ahead& ahead) {
    for (std::int64_t place = first; place < std::min(length, end()); ++place) {
      const Cell way = at(place);
      if (place + 1 == end()) {
        if (way.errors + 1 + ahead(place + 1) > limit) return;
        cells.emplace_back();
      }
      improve(&at(place + 1), way, 1);
    }
  }
};

struct Edge {
  std::uint32_t source, target;  // target above source
  std::uint32_t arc;             // kNoEdge: the end of a final state
  double score;
  std::size_t first_unit, last_unit;
};

// A part of the problem: the paths from state `from` to state `to` and the places [begin, end) of
// the reference, with `limit` errors at most.
struct Part {
  std::uint32_t from, to;
  std::int64_t begin, end;
  std::int64_t limit;

  std::int64_t length() const { return end - begin; }
};

// How the best path of a part gets over its middle: with this edge, which begins and ends at these
// places; the errors in front of it and behind.
struct Crossing {
  Cost cost;
  std::uint32_t edge = kNoEdge;
  std::int64_t before = 0, after = 0;
  std::int64_t left = 0, right = 0;
};

struct Range {
  std::int64_t least = kFar, most = -kFar;
};

class Oracle {
 public:
  Oracle(const Lattice& lattice, const Spelling& spelling,
         const std::vector<std::int32_t>& reference, std::size_t table)
      : units_(spelling.units), reference_(reference), table_(table), end_(lattice.num_states()) {
    for (std::uint32_t s = 0; s < end_; ++s) {
      first_out_.push_back(static_cast<std::uint32_t>(edges_.size()));
      const Lattice::State& state = lattice.states[s];
      for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a)
        edges_.push_back({s, lattice.arcs[a].target, a, lattice.arcs[a].score.total(),
                          spelling.begin[a], spelling.begin[a + 1]});
      if (state.is_final) edges_.push_back({s, end_, kNoEdge, state.final_score.total(), 0, 0});
    }
    first_out_.resize(end_ + 2, static_cast<std::uint32_t>(edges_.size()));
    first_in_.assign(end_ + 2, 0);
    for (const Edge& edge : edges_) ++first_in_[edge.target + 1];
    for (std::uint32_t s = 0; s <= end_; ++s) first_in_[s + 1] += first_in_[s];
    std::vector<std::uint32_t> next = first_in_;
    into_.resize(edges_.size());
    for (std::uint32_t e = 0; e < edges_.size(); ++e) into_[next[edges_[e].target]++] = e;
  }

  OraclePath find() const {
    const auto length = static_cast<std::int64_t>(reference_.size());
    // More errors than any path has.
    const auto most = length + static_cast<std::int64_t>(units_.size());
    OraclePath path;
    for (std::int64_t limit = 16; !solve({0, end_, 0, length, std::min(limit, most)}, &path);
         limit *= 2) {
    }
    return path;
  }

 private:
  const std::vector<std::int32_t>& units_;
  const std::vector<std::int32_t>& reference_;
  const std::size_t table_;
  const std::uint32_t end_;  // a state behind all final ones
  std::vector<Edge> edges_;  // by source
  std::vector<std::uint32_t> first_out_, first_in_, into_;

  // The edges out of a state; backwards: into it.
  template <typename Take>
  void each_edge(std::uint32_t s, bool backward, const Take& take) const {
    if (!backward)
      for (std::uint32_t e = first_out_[s]; e < first_out_[s + 1]; ++e) take(e);
    else
      for (std::uint32_t i = first_in_[s]; i < first_in_[s + 1]; ++i) take(into_[i]);
  }

  // Adds the path's errors and arcs; false (and nothing added): none is within the limit.
  bool solve(const Part& part, OraclePath* path) const {
    const std::size_t states = std::size_t{part.to - part.from} + 1;
    if (states <= 2 || states <= table_ / (static_cast<std::size_t>(part.length()) + 1))
      return fill_table(part, path);
    const Crossing best = find_crossing(part, part.from + (part.to - part.from) / 2);
    if (best.cost.errors > part.limit) return false;
    const Edge& edge = edges_[best.edge];
    path->errors += best.cost.errors - best.left - best.right;
    const bool found_left =
        solve({part.from, edge.source, part.begin, part.begin + best.before, best.left}, path);
    if (edge.arc != kNoEdge) path->arcs.push_back(edge.arc);
    const bool found_right =
        solve({edge.target, part.to, part.begin + best.after, part.end, best.right}, path);
    assert(found_left && found_right);
    return found_left && found_right;
  }

  bool fill_table(const Part& part, OraclePath* path) const {
    const std::vector<Row<Way>> rows = sweep<Way>(part, part.to, false, true);
    const Way* cell = rows.back().find(part.length());
    if (cell == nullptr) return false;
    path->errors += cell->errors;
    const std::size_t first = path->arcs.size();
    while (cell->edge != kNoEdge) {
      const Edge& edge = edges_[cell->edge];
      if (edge.arc != kNoEdge) path->arcs.push_back(edge.arc);
      cell = rows[edge.source - part.from].find(cell->before);
    }
    std::reverse(path->arcs.begin() + static_cast<std::ptrdiff_t>(first), path->arcs.end());
    return true;
  }

  Crossing find_crossing(const Part& part, std::uint32_t middle) const {
    std::vector<Row<Cost>> left = sweep<Cost>(part, middle, false, false);
    const std::vector<Row<Cost>> right = sweep<Cost>(part, middle + 1, true, false);
    Crossing best;
    for (std::uint32_t s = part.from; s <= middle; ++s) {
      Row<Cost>& costs = left[s - part.from];
      if (costs.cells.empty()) continue;
      Row<Way> row;
      row.first = costs.first;
      for (const Cost& cost : costs.cells) row.cells.push_back({cost, kNoEdge, 0});
      each_edge(s, false, [&](std::uint32_t e) {
        const std::uint32_t target = edges_[e].target;
        if (target <= middle || target > part.to) return;
        const Row<Cost>& behind = right[part.to - target];
        if (behind.cells.empty()) return;
        const Row<Way> ways = along(row, e, part, false);
        for (std::int64_t place = ways.first; place < ways.end(); ++place) {
          const Cost* rest = behind.find(part.length() - place);
          if (rest == nullptr) continue;
          const Way& way = *ways.find(place);
          const Cost cost{way.errors + rest->errors, way.score + rest->score};
          if (is_better(cost, best.cost))
            best = {cost, e, way.before, place, costs.find(way.before)->errors, rest->errors};
        }
      });
      costs = {};
    }
    return best;
  }

  // The rows of the states from the beginning of the part up to `last`, or backwards from its end,
  // with places counted from there: all, or those that edges lead on from.
  template <typename Cell>
  std::vector<Row<Cell>> sweep(const Part& part, std::uint32_t last, bool backward,
                               bool keep_all) const {
    const std::uint32_t near = backward ? part.to : part.from;
    const auto distance = [&](std::uint32_t s) { return backward ? near - s : s - near; };
    const std::vector<Range> ahead = units_ahead(part, backward);
    std::vector<Row<Cell>> rows(std::size_t{distance(last)} + 1);
    rows[0].cells.emplace_back();
    rows[0].cells[0].errors = 0;
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      Row<Cell>& row = rows[i];
      if (row.cells.empty()) continue;
      const auto to_come = [&](std::int64_t place) {
        const std::int64_t rest = part.length() - place;
        return std::max({std::int64_t{0}, ahead[i].least - rest, rest - ahead[i].most});
      };
      row.skip(part.length(), part.limit, to_come);
      row.trim(part.limit, to_come);
      bool leads_on = false;
      each_edge(backward ? near - i : near + i, backward, [&](std::uint32_t e) {
        const std::uint32_t next = backward ? edges_[e].source : edges_[e].target;
        if (next < part.from || next > part.to) return;
        if (distance(next) >= rows.size())
          leads_on = true;
        else
          rows[distance(next)].add(along(row, e, part, backward));
      });
      if (!leads_on && !keep_all) row = {};
    }
    return rows;
  }

  // How many units may come between a state and the far end of the part, by the state's distance
  // from the near end; none where no path leads there.
  std::vector<Range> units_ahead(const Part& part, bool backward) const {
    const std::uint32_t near = backward ? part.to : part.from;
    std::vector<Range> ahead(std::size_t{part.to - part.from} + 1);
    ahead.back() = {0, 0};
    for (auto i = static_cast<std::uint32_t>(ahead.size() - 1); i-- > 0;)
      each_edge(backward ? near - i : near + i, backward, [&](std::uint32_t e) {
        const Edge& edge = edges_[e];
        const std::uint32_t next = backward ? edge.source : edge.target;
        if (next < part.from || next > part.to) return;
        const Range& rest = ahead[backward ? near - next : next - near];
        if (rest.least == kFar) return;
        const auto units = static_cast<std::int64_t>(edge.last_unit - edge.first_unit);
        ahead[i].least = std::min(ahead[i].least, rest.least + units);
        ahead[i].most = std::max(ahead[i].most, rest.most + units);
      });
    return ahead;
  }

  // A row behind an edge.
  template <typename Cell>
  Row<Cell> along(Row<Cell> row, std::uint32_t e, const Part& part, bool backward) const {
    const Edge& edge = edges_[e];
    for (std::int64_t place = row.first; place < row.end(); ++place) {
      row.at(place).score += edge.score;
      begin_edge(e, place, &row.at(place));
    }
    const auto nothing = [](std::int64_t) { return std::int64_t{0}; };
    const std::size_t count = edge.last_unit - edge.first_unit;
    for (std::size_t u = 0; u < count && !row.cells.empty(); ++u) {
      const std::int32_t unit = units_[backward ? edge.last_unit - 1 - u : edge.first_unit + u];
      Row<Cell> next;
      next.first = row.first;
      next.cells.resize(row.cells.size() + (row.end() <= part.length() ? 1 : 0));
      for (std::int64_t place = row.first; place < row.end(); ++place) {
        const Cell& way = row.at(place);
        improve(&next.at(place), way, 1);
        if (place == part.length()) continue;
        const std::int64_t at = backward ? part.end - 1 - place : part.begin + place;
        improve(&next.at(place + 1), way, unit != reference_[static_cast<std::size_t>(at)]);
      }
      next.skip(part.length(), part.limit, nothing);
      next.trim(part.limit, nothing);
      row = std::move(next);
    }
    return row;
  }
};

}  // namespace

OraclePath oracle_path(const Lattice& lattice, const Spelling& spelling,
                       const std::vector<std::int32_t>& reference, std::size_t table) {
  const bool fits = spelling.begin.size() == lattice.arcs.size() + 1 &&
                    spelling.begin.back() == spelling.units.size() &&
                    std::is_sorted(spelling.begin.begin(), spelling.begin.end());
  if (!fits) throw Error(ErrorKind::kLattice, "the units do not belong to the arcs");
  if (lattice.num_states() > 0) return Oracle(lattice, spelling, reference, table).find();
  OraclePath none;
  none.errors = static_cast<std::int64_t>(reference.size());
  return none;
}

}  // namespace tlg::decoder
