// What a long piece of work is given: how many threads, where its large arrays live, and who hears
// how far it has come. None of it changes a result.
#pragma once

#include <cstddef>
#include <utility>

#include "util/progress.h"
#include "util/workspace.h"

namespace tlg::util {

struct Job {
  Job() = default;
  Job(std::size_t thread_count, Workspace space, Progress::Hook hook)
      : threads(thread_count), workspace(std::move(space)), progress(std::move(hook)) {}

  std::size_t threads = 1;
  Workspace workspace;  // without a limit
  Progress progress;    // nobody listens
};

}  // namespace tlg::util
