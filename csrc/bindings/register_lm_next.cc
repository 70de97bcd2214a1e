// n-gram models: what may follow a state, draws; sentences that two texts share.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "lm/count/sentence_hash.h"
#include "lm/ngram_model.h"
#include "lm/query/array_score.h"
#include "lm/query/sampling.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

std::pair<Array<WordId>, Array<float>> next_words(const NgramModel& model, std::uint64_t state,
                                                  std::size_t count) {
  std::vector<Successor> found;
  {
    const py::gil_scoped_release unlocked;
    found = model.successors().best(checked_state(model.queries(), state), count);
  }
  Array<WordId> words(static_cast<py::ssize_t>(found.size()));
  Array<float> scores(words.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    words.mutable_data()[i] = found[i].word;
    scores.mutable_data()[i] = found[i].score;
  }
  return {words, scores};
}

Array<float> next_distribution(const NgramModel& model, std::uint64_t state) {
  Array<float> scores(static_cast<py::ssize_t>(model.counts()[0]));
  float* to = scores.mutable_data();
  const py::gil_scoped_release unlocked;
  model.successors().distribution(checked_state(model.queries(), state), to);
  return scores;
}

std::size_t draw_one(const Array<float>& scores, double uniform, double temperature,
                     std::size_t top_k, double top_p) {
  check_rank(scores, 1, "scores");
  const py::gil_scoped_release unlocked;
  return draw(scores.data(), static_cast<std::size_t>(scores.size()), uniform,
              {temperature, top_k, top_p});
}

Array<std::uint64_t> sentence_hashes(std::string_view text, std::size_t least) {
  std::vector<std::uint64_t> hashes;
  {
    const py::gil_scoped_release unlocked;
    hashes = hash_sentences(text, least);
  }
  return to_array(hashes);
}

}  // namespace

void register_lm_next(py::module_& m) {
  m.def("next_words", &next_words);
  m.def("next_distribution", &next_distribution);
  m.def("draw", &draw_one);
  m.def("hash_sentences", &sentence_hashes);
}

}  // namespace tlg::bindings
