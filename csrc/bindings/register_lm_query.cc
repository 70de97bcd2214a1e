// n-gram models: queries one by one and over arrays, binary files.
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
#include "lm/query/open_model.h"
#include "lm/query/text_score.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

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

std::shared_ptr<NgramModel> open_file(const std::string& path, bool verify) {
  const std::shared_ptr<const LmFile> file = LmFile::open(path);
  if (verify) file->verify();
  return std::make_shared<NgramModel>(open_model(*file));
}

py::bytes next_piece(LmFileWriter& writer) {
  std::string_view piece;
  {
    const py::gil_scoped_release unlocked;
    piece = writer.next();
  }
  return {piece.data(), piece.size()};
}

}  // namespace

void register_lm_query(py::module_& m) {
  auto model = py::reinterpret_borrow<py::class_<NgramModel, std::shared_ptr<NgramModel>>>(
      m.attr("NgramModel"));
  model.def_static("open", &open_file, py::arg("path"), py::arg("verify"), release())
      .def("begin", &begin, py::arg("bos") = true)
      .def("step", &step)
      .def("finish", &finish)
      .def("find", [](const NgramModel& self,
                      const std::string& word) { return python_id(self.queries().find(word)); })
      .def("find_all",
           [](const NgramModel& self, const std::vector<std::string>& words) {
             return to_array(find_all(self.queries(), words));
           })
      .def_property_readonly("special_ids", &special_ids)
      .def("score_batch", &score_arrays)
      .def("score_sequences", &score_ragged, py::arg("ids"), py::arg("offsets"),
           py::arg("bos") = true, py::arg("eos") = true)
      .def("score_tokens", [](const NgramModel& self, const std::vector<std::string>& words) {
        return score_tokens(self.queries(), words);
      });
  py::class_<LmFileWriter>(m, "LmFileWriter")
      .def(py::init([](const NgramModel& self) {
             LmFileWriter writer(self.queries().structure());
             self.queries().add_to(&writer);
             return writer;
           }),
           py::keep_alive<1, 2>(), release())
      .def_property_readonly("size", &LmFileWriter::size)
      .def("next", &next_piece);
}

}  // namespace tlg::bindings
