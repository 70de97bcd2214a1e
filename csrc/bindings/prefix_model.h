// What register_prefix.cc is split into. Not for: anything else.
#pragma once

#include <pybind11/pybind11.h>

namespace tlg::bindings {

// PrefixLexicon, PrefixModelOptions, PrefixModel.
void register_prefix_model(pybind11::module_& module);

}  // namespace tlg::bindings
