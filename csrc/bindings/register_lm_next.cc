// n-gram models: states, what may follow them, draws; sentences that two texts share.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "lm/count/sentence_hash.h"
#include "lm/ngram_model.h"
#include "lm/query/sampling.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

// The state a caller gives, which may be any number.
LmState checked(const NgramModel& model, std::uint64_t state) {
  if (state >= model.queries().num_states())
    throw Error(ErrorKind::kOption, "the state " + std::to_string(state) + " is none of this model",
                "Pass what begin() or score() of the same model gave");
  return {state};
}

// --- until the query room brings its own ---
WordId checked_word(const NgramModel& model, std::int64_t id) {
  if (id == -1) return kNoWord;
  if (id < 0 || id >= static_cast<std::int64_t>(model.trie().vocabulary.size()))
    throw Error(ErrorKind::kOption, "there is no word " + std::to_string(id),
                "Ids run from 0 to the size of the vocabulary; -1 is an unknown word");
  return static_cast<WordId>(id);
}
std::uint64_t begin(const NgramModel& model, bool bos) {
  return bos ? model.queries().start().id : model.queries().empty().id;
}
std::pair<std::uint64_t, float> step(const NgramModel& model, std::uint64_t state,
                                     std::int64_t id) {
  LmState to;
  const float score = model.queries().score(checked(model, state), checked_word(model, id), &to);
  return {to.id, score};
}
float finish(const NgramModel& model, std::uint64_t state) {
  return model.queries().finish(checked(model, state));
}
std::int64_t find_word(const NgramModel& model, std::string_view word) {
  const WordId id = model.queries().find(word);
  return id == kNoWord ? -1 : static_cast<std::int64_t>(id);
}
Array<std::int32_t> find_all(const NgramModel& model, const std::vector<std::string_view>& words) {
  Array<std::int32_t> ids(static_cast<py::ssize_t>(words.size()));
  for (std::size_t i = 0; i < words.size(); ++i)
    ids.mutable_data()[i] = static_cast<std::int32_t>(find_word(model, words[i]));
  return ids;
}
std::pair<Array<float>, Array<std::uint64_t>> score_batch(const NgramModel& model,
                                                          const Array<std::uint64_t>& states,
                                                          const Array<std::int32_t>& words) {
  Array<float> scores(states.size());
  Array<std::uint64_t> after(states.size());
  for (py::ssize_t i = 0; i < states.size(); ++i) {
    const auto [to, score] = step(model, states.data()[i], words.data()[i]);
    scores.mutable_data()[i] = score;
    after.mutable_data()[i] = to;
  }
  return {scores, after};
}
Array<float> score_sequences(const NgramModel& model, const Array<std::int32_t>& ids,
                             const Array<std::int64_t>& offsets, bool bos, bool eos) {
  const py::ssize_t count = offsets.size() - 1;
  Array<float> scores(ids.size() + (eos ? count : 0));
  float* to = scores.mutable_data();
  for (py::ssize_t s = 0; s < count; ++s) {
    std::uint64_t state = begin(model, bos);
    for (auto i = offsets.data()[s]; i < offsets.data()[s + 1]; ++i) {
      const auto [next, score] = step(model, state, ids.data()[i]);
      *to++ = score;
      state = next;
    }
    if (eos) *to++ = finish(model, state);
  }
  return scores;
}

std::pair<Array<WordId>, Array<float>> next_words(const NgramModel& model, std::uint64_t state,
                                                  std::size_t count) {
  std::vector<Successor> found;
  {
    const py::gil_scoped_release unlocked;
    found = model.successors().best(model.queries(), checked(model, state), count);
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
  model.successors().distribution(model.queries(), checked(model, state), to);
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
  py::object model = m.attr("NgramModel");
  const auto add = [&](const char* name, auto function) {
    model.attr(name) = py::cpp_function(function, py::is_method(model), py::name(name));
  };
  add("begin", &begin);
  add("step", &step);
  add("finish", &finish);
  add("find", &find_word);
  add("find_all", &find_all);
  m.attr("NgramModel").attr("special_ids") =
      py::module_::import("builtins").attr("property")(py::cpp_function([](const NgramModel& self) {
        return py::make_tuple(self.trie().bos, self.trie().eos, self.trie().unk);
      }));
  add("score_batch", &score_batch);
  add("score_sequences", &score_sequences);
  m.def("next_words", &next_words);
  m.def("next_distribution", &next_distribution);
  m.def("draw", &draw_one);
  m.def("hash_sentences", &sentence_hashes);
}

}  // namespace tlg::bindings
