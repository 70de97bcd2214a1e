#include "lm/query/open_model.h"

#include "lm/query/backoff_model.h"
#include "lm/query/compact_model.h"
#include "util/error.h"

namespace tlg::lm {

std::unique_ptr<const QueryModel> open_model(const LmFile& file) {
  if (file.structure() == BackoffModel::kStructure) return std::make_unique<BackoffModel>(file);
  if (file.structure() == CompactModel::kStructure) return std::make_unique<CompactModel>(file);
  throw Error(ErrorKind::kArpa, "a model of the structure '" + file.structure() + "'",
              "Use a newer tlg, or make the file with this one from the ARPA file", file.name());
}

}  // namespace tlg::lm
