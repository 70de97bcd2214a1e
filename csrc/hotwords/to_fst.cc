#include "hotwords/to_fst.h"

#include <algorithm>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::hotwords {
namespace {

class Exporter {
 public:
  Exporter(const Automaton& automaton, const FstForm& form)
      : automaton_(automaton),
        form_(form),
        number_(static_cast<std::size_t>(automaton.max_state()) + 1, fst::kNoState) {
    for (std::size_t unit = 0; unit < form.labels.size(); ++unit) {
      if (form.labels[unit] == 0) continue;
      if (form.labels[unit] == form.phi)
        throw Error(ErrorKind::kOption,
                    "phi label " + std::to_string(form.phi) + " is the label of unit " +
                        std::to_string(unit),
                    "Choose one above " +
                        std::to_string(*std::max_element(form.labels.begin(), form.labels.end())));
      all_.push_back(static_cast<Unit>(unit));
      if (unit < form.starts_word.size() && form.starts_word[unit])
        starting_.push_back(static_cast<Unit>(unit));
    }
  }

  fst::Fst run() {
    visit(kRoot);
    std::vector<fst::Arc> arcs;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const StateId s = open_[i];
      builder_.add_state(0.0f - automaton_.end_score(s));
      collect(s, &arcs);
      num_arcs_ += arcs.size();
      if (num_arcs_ > form_.max_arcs)
        throw Error(ErrorKind::kHotword,
                    "the transducer has more than " + std::to_string(form_.max_arcs) + " arcs",
                    form_.phi == 0 ? "Use failure arcs (phi), or allow more"
                                   : "Use a shorter list, or allow more");
      for (const fst::Arc& arc : arcs) builder_.add_arc(arc);
    }
    return std::move(builder_).build(0);
  }

 private:
  // A state is numbered when it is met first.
  fst::StateId visit(StateId s) {
    fst::StateId& number = number_[s];
    if (number == fst::kNoState) {
      number = static_cast<fst::StateId>(open_.size());
      open_.push_back(s);
    }
    return number;
  }

  void add(StateId s, Unit unit, std::vector<fst::Arc>* arcs) {
    const fst::Label label = form_.labels[static_cast<std::size_t>(unit)];
    if (label == 0) return;
    StateId next = kRoot;
    const float gain = automaton_.advance(s, unit, &next);
    arcs->push_back({label, label, 0.0f - gain, visit(next)});
  }

  // Arcs for what differs from the fallback. A unit that starts a word takes a boundary first, and
  // does differ where that boundary ends a phrase.
  void collect(StateId s, std::vector<fst::Arc>* arcs) {
    arcs->clear();
    if (form_.phi == 0 || automaton_.is_base(s)) {
      for (const Unit unit : all_) add(s, unit, arcs);
    } else {
      bool ends_word = false;
      for (const Unit* unit = automaton_.next_units_begin(s); unit < automaton_.next_units_end(s);
           ++unit) {
        ends_word |= *unit == form_.boundary;
        add(s, *unit, arcs);
      }
      if (ends_word)
        for (const Unit unit : starting_) add(s, unit, arcs);
      arcs->push_back(
          {form_.phi, form_.phi, automaton_.fallback_cost(s), visit(automaton_.fallback(s))});
    }
    std::sort(arcs->begin(), arcs->end(),
              [](const fst::Arc& a, const fst::Arc& b) { return a.ilabel < b.ilabel; });
  }

  const Automaton& automaton_;
  const FstForm& form_;
  std::vector<Unit> all_, starting_;  // units that a model emits; those that start a word
  std::vector<fst::StateId> number_;
  std::vector<StateId> open_;
  fst::FstBuilder builder_;
  std::size_t num_arcs_ = 0;
};

}  // namespace

fst::Fst to_fst(const Automaton& automaton, const FstForm& form) {
  return Exporter(automaton, form).run();
}

}  // namespace tlg::hotwords
