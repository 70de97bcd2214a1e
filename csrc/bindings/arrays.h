// Arrays are checked here, at the door; the code behind trusts them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>
#include <vector>

#include "util/error.h"

namespace tlg::bindings {

// C-contiguous; pybind11 copies what is strided or of another dtype.
template <typename T>
using Array = pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>;

template <typename T>
Array<T> to_array(const std::vector<T>& values) {
  return Array<T>(static_cast<pybind11::ssize_t>(values.size()), values.data());
}

// A read-only view of what `self` holds, which it keeps alive.
template <typename Item>
pybind11::array view_of(const pybind11::object& self, const Item* data, std::size_t size) {
  pybind11::array_t<Item> array(static_cast<pybind11::ssize_t>(size), data, self);
  array.attr("setflags")(pybind11::arg("write") = false);
  return array;
}

inline void check_rank(const pybind11::array& array, int rank, const char* name) {
  if (array.ndim() != rank)
    throw Error(ErrorKind::kOption, std::string(name) + " has " + std::to_string(array.ndim()) +
                                        " dimensions, not " + std::to_string(rank));
}

// The size of an array of rank 1.
template <typename T>
std::size_t size_of(const Array<T>& array, const char* name) {
  check_rank(array, 1, name);
  return static_cast<std::size_t>(array.size());
}

}  // namespace tlg::bindings
