// The one exception the core throws. It says what is wrong, where (file and line when there is one)
// and what to do about it; bindings/register_errors.cc turns it into the Python exception tree of
// tlg.errors. Nothing in the core prints, aborts or exits.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace tlg {

enum class ErrorKind {
  kOption,       // an argument out of its range
  kPosterior,    // log_probs that are no posteriors
  kTokens,       // tokens.txt
  kLexicon,      // lexicon.txt
  kText,         // training or test text
  kArpa,         // an ARPA file
  kGraph,        // LG.fst, TLG.fst, graph.json
  kHotword,      // a hotword list
  kLattice,      // a word lattice or a file of them
  kMissingFile,  // becomes FileNotFoundError as well
  kIo,           // becomes OSError as well
};

class Error : public std::exception {
 public:
  // line is 1-based; 0 means that the fault has no line.
  Error(ErrorKind kind, std::string what, std::string remedy = "", std::string file = "",
        std::int64_t line = 0)
      : kind_(kind),
        message_(std::move(what)),
        remedy_(std::move(remedy)),
        file_(std::move(file)),
        line_(line) {
    if (!file_.empty()) full_ = file_ + (line_ > 0 ? ":" + std::to_string(line_) : "") + ": ";
    full_ += message_;
    if (!remedy_.empty()) full_ += ". " + remedy_;
  }

  const char* what() const noexcept override { return full_.c_str(); }
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& remedy() const { return remedy_; }
  const std::string& file() const { return file_; }
  std::int64_t line() const { return line_; }

 private:
  ErrorKind kind_;
  std::string message_, remedy_, file_;
  std::int64_t line_;
  std::string full_;
};

}  // namespace tlg
