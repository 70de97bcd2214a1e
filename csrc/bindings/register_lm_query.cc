// n-gram models: queries one by one.
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

std::int64_t python_id(WordId id) { return id == kNoWord ? -1 : static_cast<std::int64_t>(id); }

std::uint64_t begin(const NgramModel& model, bool bos) {
  return bos ? model.queries().start().id : model.queries().empty().id;
}
std::pair<std::uint64_t, float> step(const NgramModel& model, std::uint64_t state,
                                     std::int64_t word) {
  const QueryModel& queries = model.queries();
  const LmHit hit = queries.hit(checked_state(queries, state), checked_word(queries, word));
  return {hit.to.id, hit.score};
}
float finish(const NgramModel& model, std::uint64_t state) {
  return model.queries().finish(checked_state(model.queries(), state));
}
py::object special_ids(const NgramModel& model) {
  const QueryModel& queries = model.queries();
  return py::make_tuple(python_id(queries.bos()), python_id(queries.eos()),
                        python_id(queries.unk()));
}

}  // namespace

void register_lm_query(py::module_& m) {
  auto model = py::reinterpret_borrow<py::class_<NgramModel, std::shared_ptr<NgramModel>>>(
      m.attr("NgramModel"));
  model.def("begin", &begin, py::arg("bos") = true)
      .def("step", &step)
      .def("finish", &finish)
      .def("find", [](const NgramModel& self,
                      const std::string& word) { return python_id(self.queries().find(word)); })
      .def("find_all",
           [](const NgramModel& self, const std::vector<std::string>& words) {
             return to_array(find_all(self.queries(), words));
           })
      .def_property_readonly("special_ids", &special_ids);
}

}  // namespace tlg::bindings
