// The extension module tlg._core: nothing but the registration of its rooms.
#include "bindings/register.h"

PYBIND11_MODULE(_core, module) {
  module.attr("__version__") = TLG_VERSION;
  tlg::bindings::register_errors(module);
  tlg::bindings::register_hotwords(module);
  tlg::bindings::register_hotword_tables(module);
  tlg::bindings::register_hotword_words(module);
  tlg::bindings::register_fst(module);
  tlg::bindings::register_fst_files(module);
  tlg::bindings::register_lexicon(module);
  tlg::bindings::register_grammar(module);
  tlg::bindings::register_graph(module);
  tlg::bindings::register_posteriors(module);
  tlg::bindings::register_lattice(module);
  tlg::bindings::register_lattice_files(module);
  tlg::bindings::register_results(module);
  tlg::bindings::register_attached(module);
  tlg::bindings::register_search_graph(module);
  tlg::bindings::register_decoder(module);
  tlg::bindings::register_batch(module);
  tlg::bindings::register_stream(module);
  tlg::bindings::register_prefix_lexicon(module);
  tlg::bindings::register_prefix_model(module);
  tlg::bindings::register_prefix_results(module);
  tlg::bindings::register_prefix(module);
  tlg::bindings::register_lm(module);
  tlg::bindings::register_lm_files(module);
  tlg::bindings::register_lm_texts(module);
  tlg::bindings::register_lm_query(module);
  tlg::bindings::register_lm_arrays(module);
  tlg::bindings::register_lm_open(module);
  tlg::bindings::register_lm_binary(module);
  tlg::bindings::register_lm_change(module);
  tlg::bindings::register_lm_mix(module);
  tlg::bindings::register_lm_loglinear(module);
  tlg::bindings::register_lm_next(module);
  tlg::bindings::register_lm_corpus(module);
  tlg::bindings::register_lm_smoothing(module);
  tlg::bindings::register_lm_counts(module);
}
