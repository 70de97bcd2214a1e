// OpenFst files, checks and small operations, under the sanitizers: also every truncation and many
// seeded mutations of a file.
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "check.h"
#include "fst/fst.h"
#include "fst/openfst_io.h"
#include "fst/ops.h"

namespace {

using namespace tlg::fst;  // NOLINT: this file speaks of nothing else

// Accepts "1", says 7, costs 0.5; or, over an epsilon, reads 2 any number of times.
Fst two_ways() {
  FstBuilder builder;
  builder.add_state();
  builder.add_arc({1, 7, 0.5f, 1});
  builder.add_arc({0, 0, 1.25f, 2});
  builder.add_state(0.75f);
  builder.add_state(0.0f);
  builder.add_arc({2, 2, 0.0f, 2});
  return std::move(builder).build(0);
}

std::string written(const Fst& fst, FstKind kind) {
  const std::string path = "tlg_test_fst.tmp";
  write_fst(fst, path, kind);
  const auto file = tlg::util::map_file(path);
  std::string bytes(file->data(), file->size());
  std::remove(path.c_str());
  return bytes;
}

// From an exact copy on the heap, so that the sanitizer sees a read beyond its end.
Fst parse(const std::string& bytes) {
  std::shared_ptr<char> exact(new char[bytes.empty() ? 1 : bytes.size()],
                              std::default_delete<char[]>());
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  return parse_fst(std::make_shared<tlg::util::FileBytes>(exact.get(), bytes.size(), exact),
                   "bytes");
}

bool same(const Fst& a, const Fst& b) {
  if (a.start() != b.start() || a.num_states() != b.num_states() || a.num_arcs() != b.num_arcs())
    return false;
  for (std::size_t s = 0; s < a.num_states(); ++s) {
    const auto state = static_cast<StateId>(s);
    if (a.final_cost(state) != b.final_cost(state) ||
        a.state(state).num_arcs != b.state(state).num_arcs)
      return false;
    if (a.state(state).num_arcs > 0 &&
        std::memcmp(a.begin(state), b.begin(state), sizeof(Arc) * a.state(state).num_arcs) != 0)
      return false;
  }
  return true;
}

}  // namespace

TEST(fst_files_round_trip) {
  for (const FstKind kind : {FstKind::kConst, FstKind::kVector}) {
    CHECK(same(parse(written(two_ways(), kind)), two_ways()));
    CHECK(parse(written(FstBuilder().build(kNoState), kind)).num_states() == 0);
  }
}

TEST(fst_files_cut_anywhere_are_refused) {
  for (const FstKind kind : {FstKind::kConst, FstKind::kVector}) {
    const std::string bytes = written(two_ways(), kind);
    for (std::size_t end = 0; end < bytes.size(); ++end)
      CHECK_THROWS(parse(bytes.substr(0, end)), "bytes: ");
  }
}

TEST(fst_files_mutated) {
  std::mt19937 dice(11);
  for (const FstKind kind : {FstKind::kConst, FstKind::kVector}) {
    const std::string original = written(two_ways(), kind);
    for (int round = 0; round < 20000; ++round) {
      std::string bytes = original;
      for (unsigned edits = 1 + dice() % 3; edits > 0; --edits)
        bytes[dice() % bytes.size()] = static_cast<char>(dice());
      try {
        const Fst read = parse(bytes);
        read.check();
        for (std::size_t s = 0; s < read.num_states(); ++s)
          for (const Arc* arc = read.begin(static_cast<StateId>(s));
               arc != read.end(static_cast<StateId>(s)); ++arc)
            CHECK(arc->nextstate < static_cast<StateId>(read.num_states()));
      } catch (const tlg::Error& error) {
        CHECK(error.kind() == tlg::ErrorKind::kGraph);
      }
    }
  }
}

TEST(fst_check_names_the_state) {
  FstBuilder builder;
  builder.add_state();
  builder.add_state();
  builder.add_arc({1, 1, 0.0f, 2});
  CHECK_THROWS((std::move(builder).build(0).check(), 0), "state 1 has an arc to state 2 of 2");
}

TEST(fst_check_wants_each_arc_to_belong_to_a_state) {
  const Arc fine{1, 1, 0.0f, 0}, wild{1, 1, 0.0f, 99};
  CHECK_THROWS((make_fst(0, {{0.0f, 0, 1, 0, 0}}, {fine, wild}).check(), 0),
               "2 arcs, of which the states have 1");
  CHECK_THROWS((make_fst(0, {{0.0f, 0, 1, 0, 0}, {0.0f, 0, 1, 0, 0}}, {fine, wild}).check(), 0),
               "arc 1, which no state has, is none");
  make_fst(0, {{0.0f, 1, 1, 0, 0}, {0.0f, 0, 1, 0, 0}}, {fine, fine}).check();  // in any order
  CHECK_THROWS(make_fst(0, {{0.0f, 0, 3, 0, 0}}, {fine, wild}),
               "state 0 has arcs beyond the end of the arcs");
  CHECK_THROWS(make_fst(0, {{0.0f, 0xffffffffu, 2, 0, 0}}, {fine, wild}),
               "state 0 has arcs beyond the end of the arcs");
}

TEST(fst_operations) {
  FstBuilder builder;  // state 1 is no way to the end, state 3 cannot be reached
  builder.add_state();
  builder.add_arc({2, 0, 0.0f, 2});
  builder.add_arc({1, 0, 0.0f, 1});
  builder.add_state();
  builder.add_state(0.0f);
  builder.add_arc({0, 5, 0.0f, 0});
  builder.add_state();
  builder.add_arc({0, 0, 0.0f, 3});
  const Fst made = std::move(builder).build(0);
  CHECK(connect(made).num_states() == 2);
  CHECK(connect(made).num_arcs() == 2);
  CHECK(find_input_epsilon_cycle(made) == 3);
  CHECK(find_input_epsilon_cycle(connect(made)) == kNoState);
  CHECK(sort_arcs(made).begin(0)->ilabel == 1);
  CHECK_THROWS((check_labels(made, 1, 9, "x"), 0),
               "x: has the input label 2, but the tokens end at 1");
  CHECK_THROWS((check_labels(made, 2, 4, "x"), 0),
               "x: has the output label 5, but the words end at 4");
}
