// tlg._core.PrefixLexicon: the words that prefixes may become.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/register.h"
#include "decoder/prefix/lexicon.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::prefix::Lexicon;

using Texts = std::vector<std::string>;
using SharedLexicon = std::shared_ptr<Lexicon>;

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

void register_prefix_lexicon(py::module_& module) {
  py::class_<Lexicon, SharedLexicon>(module, "PrefixLexicon")
      .def_static("spell", &spell, py::arg("words"), py::arg("texts"), py::arg("starts_word"),
                  py::arg("usable"))
      .def_static("pronounce", &pronounce, py::arg("words"), py::arg("word_of"), py::arg("tokens"),
                  py::arg("offsets"), py::arg("num_tokens"))
      .def_property_readonly("unspelled", &Lexicon::unspelled)
      .def_property_readonly("num_states", &Lexicon::num_states)
      .def_property_readonly("num_arcs", &Lexicon::num_arcs);
}

}  // namespace tlg::bindings
