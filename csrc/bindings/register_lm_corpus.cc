// n-gram models: what is counted, and how long work is done.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/register.h"
#include "lm/count/corpus.h"
#include "util/job.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

// `progress` is called as progress(phase, done, total), or is None. Ctrl-C is looked for either
// way.
std::shared_ptr<util::Job> make_job(std::size_t threads, std::uint64_t memory,
                                    const std::string& temp_dir, const py::object& progress) {
  // Dies with the interpreter's lock held, wherever the job dies.
  const std::shared_ptr<py::object> kept(new py::object(progress), [](py::object* object) {
    const py::gil_scoped_acquire lock;
    delete object;
  });
  const auto tell = [kept](const std::string& phase, std::uint64_t done, std::uint64_t total) {
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!kept->is_none()) (*kept)(phase, done, total);
  };
  return std::make_shared<util::Job>(threads, util::Workspace(memory, temp_dir), tell);
}

}  // namespace

void register_lm_corpus(py::module_& m) {
  m.def("count_newlines",
        [](std::string_view text) { return std::count(text.begin(), text.end(), '\n'); });
  py::native_enum<Symbols>(m, "Symbols", "enum.Enum")
      .value("error", Symbols::kError)
      .value("skip", Symbols::kSkip)
      .value("unk", Symbols::kUnk)
      .finalize();
  py::class_<util::Job, std::shared_ptr<util::Job>>(m, "Job")
      .def(py::init(&make_job), py::arg("threads"), py::arg("memory"), py::arg("temp_dir"),
           py::arg("progress"))
      .def("touched",
           [](const util::Job& job, std::size_t bytes) {
             util::Workspace(job.workspace).touched(bytes);  // a copy shares the limit
           })
      .def_property_readonly("memory", [](const util::Job& job) { return job.workspace.memory(); });
  py::class_<CorpusOptions>(m, "CorpusOptions")
      .def(py::init<>())
      .def_readwrite("symbols", &CorpusOptions::symbols)
      .def_readwrite("fixed_vocab", &CorpusOptions::fixed_vocab)
      .def_readwrite("vocab", &CorpusOptions::vocab)
      .def_readwrite("closed", &CorpusOptions::closed);
  py::class_<Corpus>(m, "Corpus")
      .def(py::init<CorpusOptions, std::shared_ptr<util::Job>>())
      .def("add_text", &Corpus::add_text, release())
      .def_property_readonly("num_words", &Corpus::num_words)
      .def_property_readonly("num_sentences", &Corpus::num_sentences)
      .def_property_readonly("num_skipped", &Corpus::num_skipped)
      .def_property_readonly("num_listed", &Corpus::num_listed)
      .def_property_readonly("num_outside", &Corpus::num_outside);
}

}  // namespace tlg::bindings
