// Arrays of other libraries through DLPack. numpy reads DLPack too, but no bfloat16, and says of
// what it does not take no more than that.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace tlg::bindings {

// The array in a capsule "dltensor", without a copy; bfloat16 as uint16. Throws Error(kPosterior)
// for what is not floating point or not in CPU memory.
pybind11::array from_dlpack(const pybind11::capsule& capsule);

}  // namespace tlg::bindings
