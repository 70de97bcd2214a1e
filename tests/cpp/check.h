// The smallest harness that will do: TEST registers a case, CHECK and CHECK_THROWS report file and
// line. One binary runs all cases, so that the sanitizers see every room.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "util/error.h"

namespace tlg::test {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

}  // namespace tlg::test

#define TEST(name)                                                              \
  static void test_##name();                                                    \
  static const tlg::test::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) {                                                   \
      std::printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      ++tlg::test::failures();                                            \
    }                                                                     \
  } while (false)

#define CHECK_THROWS(expression, text)                                                         \
  do {                                                                                         \
    std::string thrown = "nothing was thrown";                                                 \
    try {                                                                                      \
      (void)(expression);                                                                      \
    } catch (const tlg::Error& error) {                                                        \
      thrown = error.what();                                                                   \
    }                                                                                          \
    if (thrown.find(text) == std::string::npos) {                                              \
      std::printf("%s:%d: wanted '%s', got '%s'\n", __FILE__, __LINE__, text, thrown.c_str()); \
      ++tlg::test::failures();                                                                 \
    }                                                                                          \
  } while (false)
