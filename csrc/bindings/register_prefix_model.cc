// tlg._core.PrefixLexicon, PrefixModelOptions, PrefixModel: what prefixes are made of.
#include <pybind11/native_enum.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/prefix_model.h"
#include "bindings/python_lm.h"
#include "decoder/prefix/model.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace decoder::prefix;  // NOLINT: this file speaks of nothing else

using Texts = std::vector<std::string>;
using SharedLexicon = std::shared_ptr<Lexicon>;

// Finds the words of a model that the lexicon lacks. Never changes: searches share it.
struct NgramWords final : OpenVocabulary {
  explicit NgramWords(const lm::QueryModel& model) : queries(model) {}
  lm::WordId find(const std::string& word, bool* known) override {
    const lm::WordId id = queries.find(word);
    *known = id != lm::kNoWord;
    return id;
  }
  const lm::QueryModel& queries;
};

// A model of tlg answers by itself.
std::shared_ptr<Model> with_ngrams(ModelOptions options, std::shared_ptr<const Lexicon> lexicon,
                                   const std::shared_ptr<const lm::NgramModel>& ngrams) {
  const py::gil_scoped_release release;
  const std::shared_ptr<const lm::LmModel> shared(ngrams, &ngrams->queries());
  const auto words = std::make_shared<NgramWords>(ngrams->queries());
  return std::make_shared<Model>(std::move(options), std::move(lexicon),
                                 [shared, words] { return SearchLm{shared, words.get()}; });
}

// Any other is asked through Python, by `words`.
std::shared_ptr<Model> with_python(ModelOptions options, std::shared_ptr<const Lexicon> lexicon,
                                   py::object model, Texts words) {
  // Held and let go under the GIL, whatever thread does it.
  const std::shared_ptr<py::object> held(new py::object(std::move(model)), [](py::object* one) {
    const py::gil_scoped_acquire locked;
    delete one;
  });
  const auto texts = std::make_shared<const Texts>(std::move(words));
  return std::make_shared<Model>(std::move(options), std::move(lexicon), [held, texts] {
    const py::gil_scoped_acquire locked;
    const auto made = std::make_shared<PythonLm>(*held, texts);
    return SearchLm{made, made.get()};
  });
}

SharedLexicon pronounce(const Texts& words, const std::vector<std::uint32_t>& word_of,
                        const std::vector<std::int32_t>& tokens,
                        const std::vector<std::int64_t>& offsets, std::int32_t num_tokens) {
  const py::gil_scoped_release release;
  return std::const_pointer_cast<Lexicon>(
      Lexicon::pronounce(words, word_of, tokens, offsets, num_tokens));
}

SharedLexicon spell(const Texts& words, const Texts& texts,
                    const std::vector<std::uint8_t>& starts_word,
                    const std::vector<std::uint8_t>& usable) {
  const py::gil_scoped_release release;
  return std::const_pointer_cast<Lexicon>(Lexicon::spell(words, texts, starts_word, usable));
}

}  // namespace

void register_prefix_model(py::module_& module) {
  py::native_enum<WordMode>(module, "WordMode", "enum.Enum")
      .value("TOKENS", WordMode::kTokens)
      .value("SEPARATOR", WordMode::kSeparator)
      .value("START", WordMode::kStart)
      .value("LEXICON", WordMode::kLexicon)
      .finalize();
  py::class_<Lexicon, SharedLexicon>(module, "PrefixLexicon")
      .def_static("spell", &spell, py::arg("words"), py::arg("texts"), py::arg("starts_word"),
                  py::arg("usable"))
      .def_static("pronounce", &pronounce, py::arg("words"), py::arg("word_of"), py::arg("tokens"),
                  py::arg("offsets"), py::arg("num_tokens"))
      .def_property_readonly("unspelled", &Lexicon::unspelled)
      .def_property_readonly("num_states", &Lexicon::num_states)
      .def_property_readonly("num_arcs", &Lexicon::num_arcs);
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
