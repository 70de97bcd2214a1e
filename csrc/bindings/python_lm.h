// A language model written in Python, as the C++ contract: for one search, under the GIL for each
// question that has not been asked before. Not for: models of tlg (they need no Python).
#pragma once

#include <pybind11/pybind11.h>

#include <cmath>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "decoder/prefix/model.h"
#include "lm/lm_model.h"
#include "util/error.h"

namespace tlg::bindings {

class PythonLm final : public lm::LmModel, public decoder::prefix::OpenVocabulary {
 public:
  // `words` are those with the numbers 0, 1, ... Call it with the GIL.
  PythonLm(pybind11::object model, std::shared_ptr<const std::vector<std::string>> words)
      : model_(std::move(model)), words_(std::move(words)) {
    tells_words_ = pybind11::hasattr(model_, "__contains__");
    start_ = number(model_.attr("begin")());
  }
  ~PythonLm() override {
    const pybind11::gil_scoped_acquire locked;
    states_.clear();
    numbers_.release().dec_ref();
    model_.release().dec_ref();
  }
  PythonLm(const PythonLm&) = delete;
  PythonLm& operator=(const PythonLm&) = delete;

  lm::LmState start() const override { return {start_}; }
  float score(lm::LmState from, lm::WordId word, lm::LmState* to) const override {
    const std::uint64_t key = (from.id << 32) | word;
    const auto known = answers_.find(key);
    if (known != answers_.end()) {
      *to = {known->second.first};
      return known->second.second;
    }
    const pybind11::gil_scoped_acquire locked;
    const std::string& text = word == lm::kNoWord ? unknown_ : text_of(word);
    const pybind11::object answer =
        model_.attr("score")(states_[static_cast<std::size_t>(from.id)], text);
    if (!pybind11::isinstance<pybind11::tuple>(answer) || pybind11::len(answer) != 2)
      throw Error(ErrorKind::kOption, "score() of the language model gave no (state, score)",
                  "Try it with tlg.lm.check_language_model");
    const auto pair = pybind11::reinterpret_borrow<pybind11::tuple>(answer);
    const std::pair<std::uint64_t, float> found{number(pair[0]), number_of(pair[1], text)};
    answers_.emplace(key, found);
    *to = {found.first};
    return found.second;
  }
  float finish(lm::LmState from) const override {
    const pybind11::gil_scoped_acquire locked;
    return number_of(model_.attr("end")(states_[static_cast<std::size_t>(from.id)]), "</s>");
  }

  lm::WordId find(const std::string& word, bool* known) override {
    const auto found = open_.find(word);
    if (found != open_.end()) {
      *known = found->second.second;
      return found->second.first;
    }
    const pybind11::gil_scoped_acquire locked;
    *known = !tells_words_ || model_.contains(word);
    const auto id = static_cast<lm::WordId>(words_->size() + open_texts_.size());
    open_texts_.push_back(word);
    open_.emplace(word, std::make_pair(id, *known));
    return id;
  }

 private:
  static constexpr double kRounding = 1e-6;  // of the logarithm of a certainty

  const std::string& text_of(lm::WordId word) const {
    return word < words_->size() ? (*words_)[word] : open_texts_[word - words_->size()];
  }
  std::uint64_t number(const pybind11::object& state) const {
    if (numbers_.contains(state)) return numbers_[state].cast<std::uint64_t>();
    const std::uint64_t id = states_.size();
    if (id >> 32 != 0) throw Error(ErrorKind::kOption, "the language model has too many states");
    numbers_[state] = id;
    states_.push_back(state);
    return id;
  }
  static float number_of(const pybind11::handle& value, const std::string& word) {
    double score = NAN;
    try {
      score = value.cast<double>();
    } catch (const pybind11::cast_error&) {
    }
    if (!(score <= kRounding))
      throw Error(ErrorKind::kOption,
                  "the language model scores '" + word + "' with " +
                      pybind11::repr(value).cast<std::string>(),
                  "Scores are natural logarithms of probabilities: at most 0, not NaN");
    return static_cast<float>(std::fmin(score, 0.0));
  }

  pybind11::object model_;
  std::shared_ptr<const std::vector<std::string>> words_;
  const std::string unknown_ = "<unk>";
  bool tells_words_ = false;
  std::uint64_t start_ = 0;
  mutable pybind11::dict numbers_;  // state -> its number
  mutable std::vector<pybind11::object> states_;
  mutable std::unordered_map<std::uint64_t, std::pair<std::uint64_t, float>> answers_;
  std::unordered_map<std::string, std::pair<lm::WordId, bool>> open_;
  std::vector<std::string> open_texts_;
};

}  // namespace tlg::bindings
