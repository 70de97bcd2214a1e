// One function per room; module.cc calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace tlg::bindings {

void register_errors(pybind11::module_& module);
void register_posteriors(pybind11::module_& module);
void register_fst(pybind11::module_& module);
void register_fst_files(pybind11::module_& module);  // after register_fst
void register_lm(pybind11::module_& module);
void register_lm_change(pybind11::module_& module);     // after register_lm
void register_lm_mix(pybind11::module_& module);        // after register_lm
void register_lm_loglinear(pybind11::module_& module);  // after register_lm_mix
void register_lm_corpus(pybind11::module_& module);     // after register_lm
void register_lm_next(pybind11::module_& module);       // after register_lm
void register_lm_smoothing(pybind11::module_& module);  // after register_lm_corpus
void register_lm_files(pybind11::module_& module);      // after register_lm
void register_lm_texts(pybind11::module_& module);      // after register_lm
void register_lm_query(pybind11::module_& module);      // after register_lm
void register_lm_arrays(pybind11::module_& module);     // after register_lm
void register_lm_open(pybind11::module_& module);       // after register_lm
void register_lm_binary(pybind11::module_& module);     // after register_lm
void register_lm_counts(pybind11::module_& module);     // after register_lm_smoothing
void register_lexicon(pybind11::module_& module);
void register_grammar(pybind11::module_& module);  // after register_lm, register_lexicon
void register_graph(pybind11::module_& module);    // after register_fst, register_grammar
void register_hotwords(pybind11::module_& module);
void register_hotword_tables(pybind11::module_& module);
void register_hotword_words(pybind11::module_& module);
void register_results(pybind11::module_& module);       // after register_lattice
void register_search_graph(pybind11::module_& module);  // after register_fst, register_hotwords
void register_attached(pybind11::module_& module);      // before register_search_graph
void register_decoder(pybind11::module_& module);       // after register_search_graph
void register_batch(pybind11::module_& module);         // after register_decoder
void register_stream(pybind11::module_& module);        // after register_decoder
void register_lattice(pybind11::module_& module);
void register_lattice_files(pybind11::module_& module);  // after register_lattice
void register_prefix_lexicon(pybind11::module_& module);
void register_prefix_model(pybind11::module_& module);  // after register_prefix_lexicon
void register_prefix_results(pybind11::module_& module);
void register_prefix(pybind11::module_& module);  // after register_prefix_model

}  // namespace tlg::bindings
