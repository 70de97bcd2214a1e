#include "decoder/lattice/lattice_io.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "decoder/lattice/lattice_build.h"
#include "decoder/lattice/lattice_fst.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();  // states, labels
constexpr std::int32_t kFrame = 1;  // the label of each frame: files need one, times its number

float to_cost(double score) {
  const auto cost = static_cast<float>(0.0 - score);  // no -0
  if (!std::isfinite(cost))
    throw Error(ErrorKind::kLattice, "a score of " + std::to_string(score) + " is beyond float32",
                "Use smaller scales");
  return cost;
}

LatticeWeights weights_of(LatticeForm form) {
  if (form == LatticeForm::kOpenFst) return LatticeWeights::kTropical;
  return form == LatticeForm::kCompact || form == LatticeForm::kCompactText
             ? LatticeWeights::kCompact
             : LatticeWeights::kPair;
}

// Writes states one after another; where each frame has an arc, the states within words between.
class FstMaker {
 public:
  FstMaker(const Lattice& lattice, LatticeWeights weights, double acoustic_scale)
      : lattice_(lattice), weights_(weights), acoustic_scale_(acoustic_scale) {}

  FileFst make() {
    const std::uint32_t size = lattice_.num_states();
    if (size == 0) return {};
    if (weights_ != LatticeWeights::kTropical && lattice_.num_frames > kMost)
      throw Error(ErrorKind::kLattice,
                  std::to_string(lattice_.num_frames) + " frames are too many for Kaldi's files",
                  "Cut the utterance");
    number_states();
    for (std::uint32_t s = 0; s < size; ++s) add_state(s);
    fst_.states.push_back({fst_.arcs.size(), false, {}});
    return std::move(fst_);
  }

 private:
  std::int64_t frames_behind(const Lattice::State& state) const {
    return lattice_.num_frames - state.frame;
  }
  std::int64_t frames(const Lattice::Arc& arc) const {
    return lattice_.states[arc.target].frame - lattice_.states[arc.source].frame;
  }

  void number_states() {
    std::int64_t next = 0;
    for (std::uint32_t s = 0; s < lattice_.num_states(); ++s) {
      const Lattice::State& state = lattice_.states[s];
      number_.push_back(next++);
      if (weights_ == LatticeWeights::kPair) {
        if (state.is_final) next += frames_behind(state);
        for (std::uint32_t a = state.first_arc; a < lattice_.states[s + 1].first_arc; ++a)
          next += std::max<std::int64_t>(frames(lattice_.arcs[a]) - 1, 0);
      }
      if (next > kMost)
        throw Error(ErrorKind::kLattice, "too many states for a file with an arc for each frame",
                    "Write compact lattices");
    }
  }

  FileWeight weight(const LatticeScore& score, std::int64_t length) const {
    if (weights_ == LatticeWeights::kTropical) return {to_cost(score.total()), 0, 0};
    return {to_cost(score.graph + score.hotword), to_cost(score.am / acoustic_scale_),
            weights_ == LatticeWeights::kCompact ? length : 0};
  }

  void add_state(std::uint32_t s) {
    const Lattice::State& state = lattice_.states[s];
    const std::uint32_t end = lattice_.states[s + 1].first_arc;
    const bool spelled = weights_ == LatticeWeights::kPair;  // an arc for each frame
    const std::int64_t tail = state.is_final && spelled ? frames_behind(state) : 0;
    fst_.states.push_back({fst_.arcs.size(), state.is_final && tail == 0, {}});
    if (state.is_final && tail == 0)
      fst_.states.back().final_weight = weight(state.final_score, frames_behind(state));
    std::int64_t inner = number_[s] + 1;  // the next state within a word
    if (tail > 0) {
      add_arc(kFrame, 0, weight(state.final_score, 0), inner);
      inner += tail;
    }
    for (std::uint32_t a = state.first_arc; a < end; ++a) {
      const Lattice::Arc& arc = lattice_.arcs[a];
      const std::int64_t length = frames(arc);
      const std::int32_t ilabel = !spelled ? arc.word : length > 0 ? kFrame : 0;
      const bool is_short = !spelled || length <= 1;
      add_arc(ilabel, arc.word, weight(arc.score, length), is_short ? number_[arc.target] : inner);
      if (!is_short) inner += length - 1;
    }
    if (!spelled) return;
    std::int64_t at = number_[s] + 1;
    for (std::int64_t i = 1; i <= tail; ++i) add_inner(i < tail ? ++at : -1);
    at += tail > 0;
    for (std::uint32_t a = state.first_arc; a < end; ++a) {
      const Lattice::Arc& arc = lattice_.arcs[a];
      for (std::int64_t i = 1; i < frames(arc); ++i, ++at)
        add_inner(i + 1 < frames(arc) ? at + 1 : number_[arc.target]);
    }
  }

  // A state with one arc of a frame, or (-1) the end behind the last frame.
  void add_inner(std::int64_t target) {
    fst_.states.push_back({fst_.arcs.size(), target < 0, {}});
    if (target >= 0) add_arc(kFrame, 0, {}, target);
  }

  void add_arc(std::int32_t ilabel, std::int32_t olabel, FileWeight weight, std::int64_t target) {
    fst_.arcs.push_back({ilabel, olabel, weight, static_cast<std::int32_t>(target)});
  }

  const Lattice& lattice_;
  const LatticeWeights weights_;
  const double acoustic_scale_;
  FileFst fst_;
  std::vector<std::int64_t> number_;  // of each state, in the file
};

}  // namespace

FileFst to_file_fst(const Lattice& lattice, LatticeWeights weights, double acoustic_scale) {
  return FstMaker(lattice, weights, acoustic_scale).make();
}

LatticeScore to_score(LatticeWeights weights, double cost, double acoustic_cost,
                      double acoustic_scale) {
  if (weights == LatticeWeights::kTropical) return {0, 0.0 - cost, 0};
  return {0.0 - acoustic_cost * acoustic_scale, 0.0 - cost, 0};
}

std::string write_lattice(const Lattice& lattice, LatticeForm form, double acoustic_scale) {
  const LatticeWeights weights = weights_of(form);
  const FileFst fst = to_file_fst(lattice, weights, acoustic_scale);
  const bool text = form == LatticeForm::kCompactText || form == LatticeForm::kFramesText;
  return text ? write_text(fst, weights) : write_binary(fst, weights);
}

ParsedLattice parse_lattice(const char* data, std::size_t size, std::size_t begin,
                            double acoustic_scale, const std::string& name) {
  const FileDraft found = is_binary(data, size, begin)
                              ? read_binary(data, size, begin, acoustic_scale, name)
                              : read_text(data, size, begin, acoustic_scale, name);
  return {found.weights == LatticeWeights::kPair ? make_lattice_of_frames(found.draft, name)
                                                 : make_lattice(found.draft, name),
          found.end};
}

}  // namespace tlg::decoder
