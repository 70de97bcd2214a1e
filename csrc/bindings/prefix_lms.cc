#include "bindings/prefix_lms.h"

#include <utility>

#include "bindings/python_lm.h"

namespace py = pybind11;

namespace tlg::bindings {

using namespace decoder::prefix;  // NOLINT: this file speaks of nothing else

namespace {

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

}  // namespace

std::shared_ptr<Model> with_ngrams(ModelOptions options, SharedPrefixLexicon lexicon,
                                   const std::shared_ptr<const lm::NgramModel>& ngrams) {
  const py::gil_scoped_release release;
  const std::shared_ptr<const lm::LmModel> shared(ngrams, &ngrams->queries());
  const auto words = std::make_shared<NgramWords>(ngrams->queries());
  return std::make_shared<Model>(std::move(options), std::move(lexicon),
                                 [shared, words] { return SearchLm{shared, words.get()}; });
}

std::shared_ptr<Model> with_python(ModelOptions options, SharedPrefixLexicon lexicon,
                                   py::object model, std::vector<std::string> words) {
  // Held and let go under the GIL, whatever thread does it.
  const std::shared_ptr<py::object> held(new py::object(std::move(model)), [](py::object* one) {
    const py::gil_scoped_acquire locked;
    delete one;
  });
  const auto texts = std::make_shared<const std::vector<std::string>>(std::move(words));
  return std::make_shared<Model>(std::move(options), std::move(lexicon), [held, texts] {
    const py::gil_scoped_acquire locked;
    const auto made = std::make_shared<PythonLm>(*held, texts);
    return SearchLm{made, made.get()};
  });
}

}  // namespace tlg::bindings
