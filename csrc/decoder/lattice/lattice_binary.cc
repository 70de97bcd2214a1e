// OpenFst's `vector` container, with the three kinds of weight of a lattice.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "decoder/lattice/lattice_fst.h"
#include "fst/openfst_bytes.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int32_t kHasInputSymbols = 1, kHasOutputSymbols = 2;
constexpr std::int32_t kVersion = 2;
constexpr const char* kCopyAgain = "Write the lattice or copy the file again";
constexpr std::int64_t kMaxStates = std::numeric_limits<std::int32_t>::max();

// OpenFst's property bits (fst/properties.h of OpenFst); those not set mean "unknown".
constexpr std::uint64_t kExpanded = 0x1, kMutable = 0x2, kAcceptor = 0x10000;
constexpr std::uint64_t kDeterministic = 0x40000 | 0x100000;             // input, output
constexpr std::uint64_t kNoEpsilons = 0x800000 | 0x2000000 | 0x8000000;  // both, input, output
constexpr std::uint64_t kSorted = 0x10000000 | 0x40000000;               // input, output
constexpr std::uint64_t kWeighted = 0x100000000, kUnweighted = 0x200000000;
constexpr std::uint64_t kAcyclic = 0x800000000 | 0x2000000000 | 0x800000000000;  // initial, weights
constexpr std::uint64_t kTopSorted = 0x4000000000;
constexpr std::uint64_t kConnected = 0x10000000000 | 0x40000000000;

const char* arc_type(LatticeWeights weights) {
  switch (weights) {
    case LatticeWeights::kTropical:
      return "standard";
    case LatticeWeights::kPair:
      return "lattice4";
    case LatticeWeights::kCompact:
      break;
  }
  return "compactlattice44";
}

std::uint64_t properties(const FileFst& fst, LatticeWeights weights) {
  bool weighted = false;
  for (const FileFst::Arc& arc : fst.arcs) weighted |= !arc.weight.is_one();
  for (const FileFst::State& state : fst.states)
    weighted |= state.is_final && !state.final_weight.is_one();
  return kExpanded | kMutable | kAcyclic | kTopSorted | kConnected |
         (weighted ? kWeighted : kUnweighted) |
         (weights == LatticeWeights::kPair ? 0
                                           : kAcceptor | kDeterministic | kNoEpsilons | kSorted);
}

class Writer {
 public:
  template <typename T>
  void add(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void add_string(const std::string& text) {
    add(static_cast<std::int32_t>(text.size()));
    bytes_ += text;
  }
  void add_weight(const FileWeight& weight, LatticeWeights weights) {
    add(weight.cost);
    if (weights == LatticeWeights::kTropical) return;
    add(weight.acoustic_cost);
    if (weights == LatticeWeights::kPair) return;
    add(static_cast<std::int32_t>(weight.length));
    for (std::int64_t i = 0; i < weight.length; ++i) add(std::int32_t{1});
  }
  std::string bytes() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

using Reader = fst::OpenFstReader;
using fst::kFstMagic;
using fst::printable;
constexpr Reader::Refusal kRefusal{ErrorKind::kLattice, kCopyAgain, true};

struct Header {
  LatticeWeights weights;
  bool is_double;
  std::int64_t start, num_states;
};

Header read_header(Reader& in) {
  in.read<std::int32_t>("the header");  // the magic number: seen already
  const std::string type = in.read_string("the header", 64);
  if (type != "vector")
    in.fail("is an FST of type '" + printable(type) + "', not 'vector'",
            "Convert it with OpenFst: fstconvert --fst_type=vector");
  const std::string arc = in.read_string("the header", 64);
  Header header{};
  header.is_double = arc == "lattice8" || arc == "compactlattice84";
  if (arc == "standard")
    header.weights = LatticeWeights::kTropical;
  else if (arc == "lattice4" || arc == "lattice8")
    header.weights = LatticeWeights::kPair;
  else if (arc == "compactlattice44" || arc == "compactlattice84")
    header.weights = LatticeWeights::kCompact;
  else
    in.fail("has arcs of type '" + printable(arc) +
                "', not 'compactlattice44', 'lattice4' or 'standard'",
            "Write it with Kaldi's lattice-copy, or convert it with OpenFst's fstmap");
  const auto version = in.read<std::int32_t>("the header");
  if (version != kVersion)
    in.fail("has format version " + std::to_string(version) + ", not 2",
            "Write it with OpenFst 1.3 or newer");
  const auto flags = in.read<std::int32_t>("the header");
  if ((flags & ~(kHasInputSymbols | kHasOutputSymbols)) != 0)
    in.fail("has unknown flags " + std::to_string(flags));
  in.read<std::uint64_t>("the header");  // properties: not trusted, not needed
  header.start = in.read<std::int64_t>("the header");
  header.num_states = in.read<std::int64_t>("the header");
  in.read<std::int64_t>("the header");  // the number of arcs: writers leave it at 0
  if (flags & kHasInputSymbols) in.skip_symbol_table();
  if (flags & kHasOutputSymbols) in.skip_symbol_table();
  // A state takes 12 bytes at least.
  if (header.num_states < 0 || header.num_states > kMaxStates ||
      static_cast<std::uint64_t>(header.num_states) > in.left() / 12)
    in.fail(std::to_string(header.num_states) + " states do not fit into the file");
  if (header.start < -1 || header.start >= header.num_states)
    in.fail("the start state is " + std::to_string(header.start) + " of " +
            std::to_string(header.num_states));
  return header;
}

struct ReadWeight {
  bool is_zero;  // infinite: no path
  LatticeScore score;
  std::int64_t length;
};

ReadWeight read_weight(Reader& in, const Header& header, double acoustic_scale) {
  const auto next = [&] {
    return header.is_double ? in.read<double>("a weight")
                            : static_cast<double>(in.read<float>("a weight"));
  };
  const double cost = next();
  const double acoustic = header.weights == LatticeWeights::kTropical ? 0 : next();
  ReadWeight weight{};
  if (header.weights == LatticeWeights::kCompact) {
    weight.length = in.read<std::int32_t>("a weight");
    if (weight.length < 0 || static_cast<std::uint64_t>(weight.length) > in.left() / 4)
      in.fail("a string of " + std::to_string(weight.length) + " labels does not fit");
    in.take(static_cast<std::size_t>(weight.length) * 4, "a string");
  }
  weight.is_zero = std::isinf(cost) && cost > 0;
  weight.score = to_score(header.weights, cost, acoustic, acoustic_scale);
  if (!weight.is_zero && !std::isfinite(weight.score.am + weight.score.graph))
    in.fail("a weight is not finite");
  return weight;
}

void read_state(Reader& in, const Header& header, double acoustic_scale, LatticeDraft* draft) {
  const auto source = static_cast<std::int64_t>(draft->states.size());
  const ReadWeight end = read_weight(in, header, acoustic_scale);
  draft->states.push_back({!end.is_zero, end.length, end.is_zero ? LatticeScore{} : end.score});
  const auto num_arcs = in.read<std::int64_t>("a state");
  if (num_arcs < 0 || static_cast<std::uint64_t>(num_arcs) > in.left() / 16)
    in.fail("state " + std::to_string(source) + " has " + std::to_string(num_arcs) +
            " arcs, more than the file holds");
  for (std::int64_t i = 0; i < num_arcs; ++i) {
    const auto ilabel = in.read<std::int32_t>("an arc");
    const auto olabel = in.read<std::int32_t>("an arc");
    const ReadWeight weight = read_weight(in, header, acoustic_scale);
    const auto target = in.read<std::int32_t>("an arc");
    if (target < 0 || target >= header.num_states)
      in.fail("an arc leads to state " + std::to_string(target) + " of " +
              std::to_string(header.num_states));
    if (header.weights != LatticeWeights::kPair && ilabel != olabel)
      in.fail(
          "has two labels on an arc, " + std::to_string(ilabel) + " and " + std::to_string(olabel),
          "Give an acceptor over words: fstproject --project_type=output");
    if (weight.is_zero) continue;
    const std::int64_t frames =
        header.weights == LatticeWeights::kPair ? ilabel != 0 : weight.length;
    draft->arcs.push_back({source, target, olabel, frames, weight.score});
  }
}

}  // namespace

std::string write_binary(const FileFst& fst, LatticeWeights weights) {
  Writer out;
  out.add(kFstMagic);
  out.add_string("vector");
  out.add_string(arc_type(weights));
  out.add(kVersion);
  out.add(std::int32_t{0});
  out.add(properties(fst, weights));
  out.add(fst.states.empty() ? std::int64_t{-1} : std::int64_t{0});
  out.add(static_cast<std::int64_t>(fst.num_states()));
  out.add(std::int64_t{0});  // the number of arcs, which OpenFst leaves out of vector files
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (std::size_t s = 0; s < fst.num_states(); ++s) {
    const FileFst::State& state = fst.states[s];
    const FileWeight zero{kInfinity, kInfinity, 0};
    const std::size_t end = fst.states[s + 1].first_arc;
    out.add_weight(state.is_final ? state.final_weight : zero, weights);
    out.add(static_cast<std::int64_t>(end - state.first_arc));
    for (std::size_t a = state.first_arc; a < end; ++a) {
      out.add(fst.arcs[a].ilabel);
      out.add(fst.arcs[a].olabel);
      out.add_weight(fst.arcs[a].weight, weights);
      out.add(fst.arcs[a].target);
    }
  }
  return std::move(out).bytes();
}

bool is_binary(const char* data, std::size_t size, std::size_t begin) {
  return begin < size && size - begin >= sizeof kFstMagic &&
         std::memcmp(data + begin, &kFstMagic, sizeof kFstMagic) == 0;
}

FileDraft read_binary(const char* data, std::size_t size, std::size_t begin, double acoustic_scale,
                      const std::string& name) {
  Reader in(data, size, begin, name, kRefusal);
  const Header header = read_header(in);
  FileDraft found;
  found.weights = header.weights;
  found.draft.start = header.start;
  for (std::int64_t s = 0; s < header.num_states; ++s)
    read_state(in, header, acoustic_scale, &found.draft);
  found.end = in.at();
  return found;
}

}  // namespace tlg::decoder
