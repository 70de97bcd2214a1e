// tlg._core.Slots, AttachedWords: words put into a graph while it is decoded over.
#include <pybind11/pybind11.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "decoder/attached_words.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

template <typename T>
std::vector<T> to_vector(const Array<T>& values) {
  return {values.data(), values.data() + values.size()};
}

}  // namespace

using decoder::AttachedWords;
using decoder::SearchGraph;
using decoder::Slots;

void register_attached(py::module_& module) {
  py::class_<Slots, std::shared_ptr<Slots>>(module, "Slots")
      .def(py::init<std::shared_ptr<const SearchGraph>, const fst::Fst&>(), py::arg("graph"),
           py::arg("slot_arcs"), py::call_guard<py::gil_scoped_release>());
  py::class_<AttachedWords, std::shared_ptr<AttachedWords>>(module, "AttachedWords")
      .def(py::init([](std::shared_ptr<const Slots> slots, const Array<std::int32_t>& slot_words,
                       const Array<fst::Label>& labels, const Array<float>& scores,
                       const Array<std::int32_t>& columns, const Array<std::int32_t>& sizes,
                       const Array<std::int32_t>& owners, const Array<float>& costs) {
             const decoder::WordsToAttach words{
                 to_vector(slot_words), to_vector(labels), to_vector(scores), to_vector(columns),
                 to_vector(sizes),      to_vector(owners), to_vector(costs)};
             const py::gil_scoped_release release;
             return std::make_shared<AttachedWords>(std::move(slots), words);
           }),
           py::arg("slots").none(false), py::kw_only(), py::arg("slot_words"), py::arg("labels"),
           py::arg("scores"), py::arg("columns"), py::arg("sizes"), py::arg("owners"),
           py::arg("costs"));
}

}  // namespace tlg::bindings
