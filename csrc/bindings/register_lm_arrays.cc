// n-gram models: queries over arrays.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/query/array_score.h"
#include "lm/query/text_score.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

std::pair<Array<float>, Array<std::uint64_t>> score_arrays(const NgramModel& model,
                                                           const Array<std::uint64_t>& states,
                                                           const Array<std::int32_t>& words) {
  check_rank(states, 1, "states");
  check_rank(words, 1, "words");
  if (states.size() != words.size())
    throw Error(
        ErrorKind::kOption,
        std::to_string(states.size()) + " states and " + std::to_string(words.size()) + " words",
        "Give one word per state");
  Array<float> scores(states.size());
  Array<std::uint64_t> to(states.size());
  float* const scores_out = scores.mutable_data();
  std::uint64_t* const to_out = to.mutable_data();
  const py::gil_scoped_release unlocked;
  score_batch(model.queries(), states.data(), words.data(), static_cast<std::size_t>(states.size()),
              scores_out, to_out);
  return {scores, to};
}

Array<float> score_ragged(const NgramModel& model, const Array<std::int32_t>& ids,
                          const Array<std::int64_t>& offsets, bool bos, bool eos) {
  check_rank(ids, 1, "ids");
  check_rank(offsets, 1, "offsets");
  if (offsets.size() == 0) throw Error(ErrorKind::kOption, "offsets are empty", "Begin with 0");
  Array<float> scores(ids.size() + (eos ? offsets.size() - 1 : 0));
  float* const out = scores.mutable_data();
  const py::gil_scoped_release unlocked;
  score_sequences(model.queries(), ids.data(), static_cast<std::size_t>(ids.size()), offsets.data(),
                  static_cast<std::size_t>(offsets.size()) - 1, bos, eos, out);
  return scores;
}

}  // namespace

void register_lm_arrays(py::module_& m) {
  auto model = py::reinterpret_borrow<py::class_<NgramModel, std::shared_ptr<NgramModel>>>(
      m.attr("NgramModel"));
  model.def("score_batch", &score_arrays)
      .def("score_sequences", &score_ragged, py::arg("ids"), py::arg("offsets"),
           py::arg("bos") = true, py::arg("eos") = true)
      .def("score_tokens", [](const NgramModel& self, const std::vector<std::string>& words) {
        return score_tokens(self.queries(), words);
      });
}

}  // namespace tlg::bindings
