#include "decoder/lattice/lattice_oracle.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::uint32_t kNoArc = std::numeric_limits<std::uint32_t>::max();

// The best way to a state with so much of the reference read.
struct Cell {
  std::int64_t errors = kFar;
  double score = 0;
  std::uint32_t arc = kNoArc;  // the last one of the way
  std::size_t before = 0;      // how much of the reference was read where it began

  bool is_better(const Cell& other) const {
    return errors != other.errors ? errors < other.errors : score > other.score;
  }
};
using Row = std::vector<Cell>;  // for each part of the reference

void improve(Cell* cell, Cell way, std::int64_t errors) {
  way.errors += errors;
  if (way.is_better(*cell)) *cell = way;
}

void skip_reference(Row* row) {
  for (std::size_t j = 1; j < row->size(); ++j) improve(&(*row)[j], (*row)[j - 1], 1);
}

Row after_unit(const Row& row, std::int32_t unit, const std::vector<std::int32_t>& reference) {
  Row next(row.size());
  for (std::size_t j = 0; j < row.size(); ++j) {
    improve(&next[j], row[j], 1);
    if (j > 0) improve(&next[j], row[j - 1], unit != reference[j - 1]);
  }
  skip_reference(&next);
  return next;
}

}  // namespace

OraclePath oracle_path(const Lattice& lattice, const Spelling& spelling,
                       const std::vector<std::int32_t>& reference) {
  const bool fits = spelling.begin.size() == lattice.arcs.size() + 1 &&
                    spelling.begin.back() == spelling.units.size() &&
                    std::is_sorted(spelling.begin.begin(), spelling.begin.end());
  if (!fits) throw Error(ErrorKind::kLattice, "the units do not belong to the arcs");
  const std::size_t length = reference.size();
  OraclePath best;
  best.errors = static_cast<std::int64_t>(length);
  if (lattice.num_states() == 0) return best;
  std::vector<Row> rows(lattice.num_states(), Row(length + 1));
  rows[0][0].errors = 0;
  Cell end;
  std::uint32_t last = 0;
  for (std::uint32_t s = 0; s < lattice.num_states(); ++s) {
    skip_reference(&rows[s]);
    const Lattice::State& state = lattice.states[s];
    if (state.is_final) {
      Cell here = rows[s][length];
      here.score += state.final_score.total();
      if (here.is_better(end)) {
        end = here;
        last = s;
      }
    }
    for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
      Row row = rows[s];
      for (std::size_t j = 0; j <= length; ++j) {
        row[j].score += lattice.arcs[a].score.total();
        row[j].arc = a;
        row[j].before = j;
      }
      for (std::size_t u = spelling.begin[a]; u < spelling.begin[a + 1]; ++u)
        row = after_unit(row, spelling.units[u], reference);
      Row& target = rows[lattice.arcs[a].target];
      for (std::size_t j = 0; j <= length; ++j) improve(&target[j], row[j], 0);
    }
  }
  best.errors = end.errors;
  std::size_t read = length;
  for (const Cell* cell = &rows[last][read]; cell->arc != kNoArc;
       cell = &rows[lattice.arcs[cell->arc].source][read]) {
    best.arcs.push_back(cell->arc);
    read = cell->before;
  }
  std::reverse(best.arcs.begin(), best.arcs.end());
  return best;
}

}  // namespace tlg::decoder
