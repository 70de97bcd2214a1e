#include "fst/openfst_io.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fst/openfst_bytes.h"
#include "util/error.h"

namespace tlg::fst {
namespace {

constexpr std::int32_t kHasInputSymbols = 1, kHasOutputSymbols = 2, kIsAligned = 4;
constexpr std::size_t kAlignment = 16;
constexpr std::int64_t kMaxStates = std::numeric_limits<StateId>::max();
constexpr std::int64_t kMaxArcs = std::numeric_limits<std::uint32_t>::max();
constexpr const char* kCopyAgain = "Build the graph or copy the file again";

// OpenFst's property bits (fst/properties.h of OpenFst); those not set mean "unknown".
constexpr std::uint64_t kExpanded = 0x1, kMutable = 0x2;
constexpr std::uint64_t kAcceptor = 0x10000, kNotAcceptor = 0x20000;
constexpr std::uint64_t kEpsilons = 0x400000, kNoEpsilons = 0x800000;
constexpr std::uint64_t kInputEpsilons = 0x1000000, kNoInputEpsilons = 0x2000000;
constexpr std::uint64_t kOutputEpsilons = 0x4000000, kNoOutputEpsilons = 0x8000000;
constexpr std::uint64_t kInputSorted = 0x10000000, kNotInputSorted = 0x20000000;
constexpr std::uint64_t kOutputSorted = 0x40000000, kNotOutputSorted = 0x80000000;
constexpr std::uint64_t kWeighted = 0x100000000, kUnweighted = 0x200000000;

constexpr OpenFstReader::Refusal kRefusal{ErrorKind::kGraph, kCopyAgain, false};

void align(OpenFstReader& in) {
  const std::size_t beyond = in.at() % kAlignment;
  if (beyond != 0) in.take(kAlignment - beyond, "the padding");
}

struct Header {
  std::string type;
  std::int32_t version, flags;
  std::int64_t start, num_states, num_arcs;
};

Header read_header(OpenFstReader& in) {
  if (in.left() < 4 || in.read<std::int32_t>("the header") != kFstMagic)
    in.fail("is no OpenFst binary file", "Write it with build-tlg, or in OpenFst's binary form");
  Header header;
  header.type = in.read_string("the header", 64);
  const std::string arc = in.read_string("the header", 64);
  header.version = in.read<std::int32_t>("the header");
  header.flags = in.read<std::int32_t>("the header");
  in.read<std::uint64_t>("the header");  // properties: not trusted, not needed
  header.start = in.read<std::int64_t>("the header");
  header.num_states = in.read<std::int64_t>("the header");
  header.num_arcs = in.read<std::int64_t>("the header");
  if (header.type != "vector" && header.type != "const")
    in.fail("is a transducer of type '" + printable(header.type) + "', not 'vector' or 'const'",
            "Convert it with OpenFst: fstconvert --fst_type=const");
  if (arc != "standard")
    in.fail("has arcs of type '" + printable(arc) + "', not 'standard'",
            "Convert it with OpenFst: fstmap --map_type=to_standard");
  const int newest = 2, oldest = header.type == "const" ? 1 : 2;
  if (header.version < oldest || header.version > newest)
    in.fail(
        "has format version " + std::to_string(header.version) + " of type '" + header.type + "'",
        "Write it with OpenFst 1.3 or newer");
  if (header.type == "const" && header.version == 1) header.flags |= kIsAligned;
  if ((header.flags & ~(kHasInputSymbols | kHasOutputSymbols | kIsAligned)) != 0)
    in.fail("has unknown flags " + std::to_string(header.flags));
  if (header.flags & kHasInputSymbols) in.skip_symbol_table();
  if (header.flags & kHasOutputSymbols) in.skip_symbol_table();
  return header;
}

Fst read_vector(OpenFstReader& in, const Header& header) {
  constexpr std::size_t least =
      sizeof(float) + sizeof(std::int64_t);  // bytes of a state without arcs
  // A writer that cannot seek leaves -1: the states go on to the end of the file.
  const bool counted = header.num_states >= 0;
  if (counted && static_cast<std::uint64_t>(header.num_states) > in.left() / least)
    in.fail(std::to_string(header.num_states) + " states do not fit into the file");
  FstBuilder builder;
  builder.reserve(counted ? static_cast<std::size_t>(header.num_states) : 0,
                  in.left() / sizeof(Arc));
  for (std::int64_t s = 0; counted ? s < header.num_states : in.left() > 0; ++s) {
    if (s >= kMaxStates) in.fail("has too many states");
    builder.add_state(in.read<float>("a state"));
    const auto num_arcs = in.read<std::int64_t>("a state");
    if (num_arcs < 0 || static_cast<std::uint64_t>(num_arcs) > in.left() / sizeof(Arc))
      in.fail("state " + std::to_string(s) + " has " + std::to_string(num_arcs) +
              " arcs, more than the file holds");
    for (std::int64_t i = 0; i < num_arcs; ++i) builder.add_arc(in.read<Arc>("an arc"));
  }
  const std::size_t num_states = builder.num_states();
  if (header.start < -1 || header.start >= static_cast<std::int64_t>(num_states))
    in.fail("the start state is " + std::to_string(header.start) + " of " +
            std::to_string(num_states));
  return std::move(builder).build(static_cast<StateId>(header.start));
}

template <typename T>
bool is_aligned(const char* bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes) % alignof(T) == 0;
}

Fst read_const(OpenFstReader& in, const Header& header,
               std::shared_ptr<const util::FileBytes> bytes) {
  if (header.num_states < 0 || header.num_states > kMaxStates ||
      static_cast<std::uint64_t>(header.num_states) > in.left() / sizeof(State))
    in.fail(std::to_string(header.num_states) + " states do not fit into the file");
  if (header.flags & kIsAligned) align(in);
  const auto num_states = static_cast<std::size_t>(header.num_states);
  const char* states = in.take(num_states * sizeof(State), "the states");
  if (header.flags & kIsAligned) align(in);
  if (header.num_arcs < 0 || header.num_arcs > kMaxArcs ||
      static_cast<std::uint64_t>(header.num_arcs) > in.left() / sizeof(Arc))
    in.fail(std::to_string(header.num_arcs) + " arcs do not fit into the file");
  const auto num_arcs = static_cast<std::size_t>(header.num_arcs);
  const char* arcs = in.take(num_arcs * sizeof(Arc), "the arcs");
  if (header.start < -1 || header.start >= header.num_states)
    in.fail("the start state is " + std::to_string(header.start) + " of " +
            std::to_string(header.num_states));
  const auto start = static_cast<StateId>(header.start);
  if (is_aligned<State>(states) && is_aligned<Arc>(arcs))
    return Fst(start, reinterpret_cast<const State*>(states), num_states,
               reinterpret_cast<const Arc*>(arcs), num_arcs, bytes, bytes);
  struct Copy {
    std::vector<State> states;
    std::vector<Arc> arcs;
  };
  auto copy = std::make_shared<Copy>();
  copy->states.resize(num_states);
  copy->arcs.resize(num_arcs);
  if (num_states > 0) std::memcpy(copy->states.data(), states, num_states * sizeof(State));
  if (num_arcs > 0) std::memcpy(copy->arcs.data(), arcs, num_arcs * sizeof(Arc));
  return Fst(start, copy->states.data(), num_states, copy->arcs.data(), num_arcs, copy);
}

std::uint64_t known_properties(const Fst& fst) {
  bool acceptor = true, epsilons = false, input_epsilons = false, output_epsilons = false;
  bool input_sorted = true, output_sorted = true, weighted = false;
  for (std::size_t s = 0; s < fst.num_states(); ++s) {
    const auto state = static_cast<StateId>(s);
    const float final_cost = fst.final_cost(state);
    weighted |= final_cost != 0.0f && final_cost != kInfinity;
    for (const Arc* arc = fst.begin(state); arc != fst.end(state); ++arc) {
      acceptor &= arc->ilabel == arc->olabel;
      epsilons |= arc->ilabel == 0 && arc->olabel == 0;
      input_epsilons |= arc->ilabel == 0;
      output_epsilons |= arc->olabel == 0;
      weighted |= arc->weight != 0.0f && arc->weight != kInfinity;
      if (arc != fst.begin(state)) {
        input_sorted &= arc[-1].ilabel <= arc->ilabel;
        output_sorted &= arc[-1].olabel <= arc->olabel;
      }
    }
  }
  return (acceptor ? kAcceptor : kNotAcceptor) | (epsilons ? kEpsilons : kNoEpsilons) |
         (input_epsilons ? kInputEpsilons : kNoInputEpsilons) |
         (output_epsilons ? kOutputEpsilons : kNoOutputEpsilons) |
         (input_sorted ? kInputSorted : kNotInputSorted) |
         (output_sorted ? kOutputSorted : kNotOutputSorted) | (weighted ? kWeighted : kUnweighted);
}

// A name beside `path` that no other writer of it has.
std::filesystem::path temporary_name(const std::string& path) {
  std::random_device random;
  return std::filesystem::u8path(path + "." + std::to_string(random()) + std::to_string(random()) +
                                 ".part");
}

// A file under a temporary name; it takes its real name in finish() and vanishes without it.
class Writer {
 public:
  explicit Writer(const std::string& path) : path_(path), part_(temporary_name(path)) {
    errno = 0;
    file_.open(part_, std::ios::binary | std::ios::trunc);
    if (!file_) fail(errno);
  }
  ~Writer() {
    if (is_done_) return;
    file_.close();
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(const void* data, std::size_t size) {
    errno = 0;
    file_.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    if (!file_) fail(errno);
    at_ += size;
  }
  template <typename T>
  void write(T value) {
    write(&value, sizeof value);
  }
  void write_string(const std::string& text) {
    write(static_cast<std::int32_t>(text.size()));
    write(text.data(), text.size());
  }
  void align() {
    static const char zeros[kAlignment] = {};
    if (at_ % kAlignment != 0) write(zeros, kAlignment - at_ % kAlignment);
  }
  void finish() {
    errno = 0;
    file_.close();
    if (!file_) fail(errno);
    std::error_code error;
    std::filesystem::rename(part_, std::filesystem::u8path(path_), error);
    if (error) fail(error.value());
    is_done_ = true;
  }

 private:
  [[noreturn]] void fail(int reason) const {
    throw Error(ErrorKind::kIo,
                std::string("cannot be written (") +
                    (reason != 0 ? std::strerror(reason) : "the disk takes no more") + ")",
                "Check the folder and the free space", path_);
  }

  std::string path_;
  std::filesystem::path part_;
  std::ofstream file_;
  bool is_done_ = false;
  std::size_t at_ = 0;
};

}  // namespace

Fst parse_fst(std::shared_ptr<const util::FileBytes> bytes, const std::string& name) {
  OpenFstReader in(bytes->data(), bytes->size(), 0, name, kRefusal);
  const Header header = read_header(in);
  Fst fst = header.type == "const" ? read_const(in, header, bytes) : read_vector(in, header);
  try {
    fst.check();
  } catch (const Error& error) {
    throw Error(error.kind(), error.message(), kCopyAgain, name);
  }
  return fst;
}

Fst read_fst(const std::string& path) { return parse_fst(util::map_file(path), path); }

void write_fst(const Fst& fst, const std::string& path, FstKind kind) {
  const bool is_const = kind == FstKind::kConst;
  Writer out(path);
  out.write(kFstMagic);
  out.write_string(is_const ? "const" : "vector");
  out.write_string("standard");
  out.write(std::int32_t{2});
  out.write(is_const ? kIsAligned : std::int32_t{0});
  out.write(known_properties(fst) | kExpanded | (is_const ? 0 : kMutable));
  out.write(static_cast<std::int64_t>(fst.start()));
  out.write(static_cast<std::int64_t>(fst.num_states()));
  out.write(static_cast<std::int64_t>(fst.num_arcs()));
  if (is_const) {
    out.align();
    out.write(fst.states(), fst.num_states() * sizeof(State));
    out.align();
    out.write(fst.arcs(), fst.num_arcs() * sizeof(Arc));
  } else {
    for (std::size_t s = 0; s < fst.num_states(); ++s) {
      const auto state = static_cast<StateId>(s);
      out.write(fst.final_cost(state));
      out.write(static_cast<std::int64_t>(fst.state(state).num_arcs));
      out.write(fst.begin(state), fst.state(state).num_arcs * sizeof(Arc));
    }
  }
  out.finish();
}

}  // namespace tlg::fst
