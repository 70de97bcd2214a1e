// tlg::Error -> the exception classes of tlg.errors, with message, remedy, file and line as fields.
#include <pybind11/pybind11.h>

#include "bindings/register.h"
#include "util/error.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

const char* class_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kOption:
      return "OptionError";
    case ErrorKind::kPosterior:
      return "PosteriorError";
    case ErrorKind::kTokens:
      return "TokensError";
    case ErrorKind::kLexicon:
      return "LexiconError";
    case ErrorKind::kText:
      return "TextError";
    case ErrorKind::kArpa:
      return "ArpaError";
    case ErrorKind::kGraph:
      return "GraphError";
    case ErrorKind::kHotword:
      return "HotwordError";
    case ErrorKind::kLattice:
      return "LatticeError";
    case ErrorKind::kMissingFile:
      return "MissingFileError";
    case ErrorKind::kIo:
      return "OutputError";
  }
  return "TlgError";
}

// A message can quote bytes of a broken file.
py::str text(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<py::ssize_t>(bytes.size()), "replace"));
}

}  // namespace

void register_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      py::object type = py::module_::import("tlg.errors").attr(class_name(error.kind()));
      py::object line = error.line() > 0 ? py::cast(error.line()) : py::none();
      py::object file = error.file().empty() ? py::object(py::none()) : text(error.file());
      py::object value = type(text(error.message()), py::arg("remedy") = text(error.remedy()),
                              py::arg("file") = file, py::arg("line") = line);
      PyErr_SetObject(type.ptr(), value.ptr());
    }
  });
}

}  // namespace tlg::bindings
