// Lattices as bytes, built, and compared with references; broken bytes under the sanitizers.
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "decoder/lattice/lattice_build.h"
#include "decoder/lattice/lattice_io.h"
#include "decoder/lattice/lattice_oracle.h"

using namespace tlg;
using namespace tlg::decoder;

namespace {

constexpr LatticeForm kForms[] = {LatticeForm::kOpenFst, LatticeForm::kCompact,
                                  LatticeForm::kCompactText, LatticeForm::kFrames,
                                  LatticeForm::kFramesText};

// Two ways over "4 3 1" and "5 1", ends on the way, a word without frames, frames behind the end.
Lattice sample() {
  return make_lattice({{0, 0, false, {}},
                       {0, 3, true, {-0.5, -0.25, 0}},
                       {0, 5, true, {}},
                       {0, 5, true, {-1, 0, 0.5}}},
                      {{0, 1, 4, {-1, -2, 0.5}},
                       {0, 2, 5, {-1.5, -2, 0}},
                       {1, 2, 3, {-0.5, -1, 0}},
                       {1, 3, 7, {}},
                       {2, 3, 1, {-0.125, -0.25, 0}}},
                      8, false);
}

bool is_close(double a, double b) { return std::abs(a - b) < 1e-6; }

ParsedLattice parse(const std::string& bytes, std::size_t begin = 0) {
  return parse_lattice(bytes.data(), bytes.size(), begin, 2.0, "some file");
}

}  // namespace

TEST(lattices_come_back_from_every_form) {
  const Lattice lattice = sample();
  for (LatticeForm form : kForms) {
    const std::string bytes = write_lattice(lattice, form, 2.0);
    const ParsedLattice found = parse("key " + bytes + "rest", 4);
    CHECK(found.end == 4 + bytes.size());
    CHECK(found.lattice.num_states() == lattice.num_states());
    CHECK(found.lattice.arcs.size() == lattice.arcs.size());
    CHECK(found.lattice.num_frames == (form == LatticeForm::kOpenFst ? 0 : 8));
    for (std::size_t a = 0; a < lattice.arcs.size(); ++a) {
      const Lattice::Arc &was = lattice.arcs[a], &is = found.lattice.arcs[a];
      CHECK(was.source == is.source && was.target == is.target && was.word == is.word);
      CHECK(is_close(was.score.total(), is.score.total()));
      if (form != LatticeForm::kOpenFst) CHECK(is_close(was.score.am, is.score.am));
    }
    for (std::uint32_t s = 0; s < lattice.num_states(); ++s) {
      const Lattice::State &was = lattice.states[s], &is = found.lattice.states[s];
      CHECK(was.is_final == is.is_final);
      CHECK(is_close(was.final_score.total(), is.final_score.total()));
      if (form != LatticeForm::kOpenFst) CHECK(was.frame == is.frame);
    }
  }
}

TEST(lattices_without_paths_or_words) {
  const Lattice none = make_lattice({}, {}, 0, false);
  const Lattice silence = make_lattice({{0, 0, true, {-1, -2, 0}}}, {}, 4, false);
  for (LatticeForm form : kForms) {
    CHECK(parse(write_lattice(none, form, 1.0)).lattice.num_states() == 0);
    const Lattice found = parse(write_lattice(silence, form, 2.0)).lattice;
    CHECK(found.num_states() == 1 && found.arcs.empty());
    CHECK(is_close(found.states[0].final_score.total(), -3));
    CHECK(found.num_frames == (form == LatticeForm::kOpenFst ? 0 : 4));
  }
}

TEST(lattice_drafts_in_any_order) {
  // States 3 -> 1 -> 0 and 3 -> 0; 2 is on no path, 4 leads nowhere.
  LatticeDraft draft;
  draft.start = 3;
  draft.states.resize(5);
  draft.states[0] = {true, 1, {-1, 0, 0}};
  draft.arcs = {
      {1, 0, 5, 2, {}}, {3, 0, 9, 5, {}}, {3, 1, 4, 3, {}}, {2, 0, 1, 7, {}}, {3, 4, 1, 1, {}}};
  const Lattice lattice = make_lattice(draft, "some file");
  CHECK(lattice.num_states() == 3 && lattice.arcs.size() == 3 && lattice.num_frames == 6);
  CHECK(lattice.arcs[0].word == 4 && lattice.arcs[0].target == 1);
  CHECK(lattice.arcs[1].word == 9 && lattice.arcs[1].target == 2);
  CHECK(lattice.states[1].frame == 3 && lattice.states[2].frame == 5);
  draft.arcs[0].num_frames = 1;
  CHECK_THROWS(make_lattice(draft, "some file"),
               "some file: state 0 is reached after 5 and after 4");
  draft.arcs[0] = {1, 1, 5, 2, {}};
  draft.arcs.push_back({1, 0, 6, 2, {}});
  CHECK_THROWS(make_lattice(draft, "some file"), "run in a cycle");
}

TEST(lattice_cut_anywhere) {
  const Lattice lattice = sample();
  for (LatticeForm form : kForms) {
    const std::string bytes = write_lattice(lattice, form, 1.0);
    const bool text = form == LatticeForm::kCompactText || form == LatticeForm::kFramesText;
    for (std::size_t end = 0; end + 1 < bytes.size(); ++end) {
      // Exactly as much memory as there is: a byte more is a report of the sanitizer.
      const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
      try {
        parse_lattice(cut.data(), cut.size(), 0, 1.0, "some file");
        CHECK(text && end + 2 > bytes.size());  // only the empty line at the end is missing
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::kLattice && error.file() == "some file");
      }
    }
  }
}

TEST(lattice_bytes_changed_at_random) {
  std::mt19937 random(20261121);
  std::size_t refused = 0;
  for (LatticeForm form : kForms) {
    const std::string original = write_lattice(sample(), form, 1.0);
    for (int round = 0; round < 2000; ++round) {
      std::vector<char> bytes(original.begin(), original.end());
      for (std::uint32_t change = random() % 3 + 1; change > 0; --change)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      try {
        check(parse_lattice(bytes.data(), bytes.size(), 0, 1.0, "x").lattice);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}

// No way leads out: such a file must not be followed for ever.
TEST(lattice_that_only_leads_back_to_its_start) {
  for (const char* text : {"\n0 0 1 0 0,0\n\n", "\n0 1 1 0 0,0\n1 0 1 0 0,0\n\n"})
    CHECK(parse(text).lattice.num_states() == 0);
  CHECK_THROWS(parse("\n0 1 1 0 0,0\n1 0 1 0 0,0\n1 0,0\n\n"), "its paths run in a cycle");
}

TEST(lattice_oracle) {
  const Lattice lattice = sample();
  Spelling words;
  for (const Lattice::Arc& arc : lattice.arcs) {
    words.begin.push_back(words.units.size());
    words.units.push_back(arc.word);
  }
  words.begin.push_back(words.units.size());
  const auto errors = [&](const std::vector<std::int32_t>& reference) {
    return oracle_path(lattice, words, reference).errors;
  };
  CHECK(errors({4, 3, 1}) == 0);
  CHECK(errors({4}) == 0);
  CHECK(errors({5, 1}) == 0);
  CHECK(errors({}) == 1);
  CHECK(errors({8, 8}) == 2);
  CHECK(errors({4, 9, 3, 1}) == 1);
  // Both "4 7" and "5 1" have one error; "5 1" scores -1.5 - 2 - 0.375 - 0.5, "4 7" -2.5 - 0.5.
  const OraclePath path = oracle_path(lattice, words, {9, 7});
  CHECK(path.errors == 1 && path.arcs == (std::vector<std::uint32_t>{0, 3}));
  CHECK(oracle_path(make_lattice({}, {}, 0, false), {{}, {0}}, {1, 2}).errors == 2);
}
