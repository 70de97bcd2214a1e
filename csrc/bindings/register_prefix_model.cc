// tlg._core.PrefixModelOptions, PrefixModel: what prefixes are made of.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>

#include "bindings/prefix_lms.h"
#include "bindings/register.h"

namespace py = pybind11;

namespace tlg::bindings {

using namespace decoder::prefix;  // NOLINT: this file speaks of nothing else

void register_prefix_model(py::module_& module) {
  py::native_enum<WordMode>(module, "WordMode", "enum.Enum")
      .value("TOKENS", WordMode::kTokens)
      .value("SEPARATOR", WordMode::kSeparator)
      .value("START", WordMode::kStart)
      .value("LEXICON", WordMode::kLexicon)
      .finalize();
  py::class_<ModelOptions>(module, "PrefixModelOptions")
      .def(py::init<>())
      .def_readwrite("mode", &ModelOptions::mode)
      .def_readwrite("separator", &ModelOptions::separator)
      .def_readwrite("starts_word", &ModelOptions::starts_word)
      .def_readwrite("usable", &ModelOptions::usable)
      .def_readwrite("texts", &ModelOptions::texts)
      .def_readwrite("lm_on_tokens", &ModelOptions::lm_on_tokens)
      .def_readwrite("lm_ids", &ModelOptions::lm_ids)
      .def_readwrite("open", &ModelOptions::open)
      .def_readwrite("judges_words", &ModelOptions::judges_words)
      .def_readwrite("closed_by_lexicon", &ModelOptions::closed_by_lexicon)
      .def_readwrite("lookahead", &ModelOptions::lookahead)
      .def_readwrite("lm_weight", &ModelOptions::lm_weight)
      .def_readwrite("word_score", &ModelOptions::word_score)
      .def_readwrite("unk_score", &ModelOptions::unk_score);
  py::class_<Model, std::shared_ptr<Model>>(module, "PrefixModel")
      .def(py::init([](ModelOptions options, std::shared_ptr<const Lexicon> lexicon) {
             return std::make_shared<Model>(std::move(options), std::move(lexicon), nullptr);
           }),
           py::arg("options"), py::arg("lexicon"))
      .def_static("with_ngrams", &with_ngrams, py::arg("options"), py::arg("lexicon"),
                  py::arg("ngrams").none(false))
      .def_static("with_python", &with_python, py::arg("options"), py::arg("lexicon"),
                  py::arg("model"), py::arg("words"));
}

}  // namespace tlg::bindings
