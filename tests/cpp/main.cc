// Runs every registered case; exit status 1 if any check failed.
#include "check.h"

int main() {
  for (const tlg::test::Case& one : tlg::test::cases()) {
    const int before = tlg::test::failures();
    one.run();
    std::printf("%s %s\n", tlg::test::failures() == before ? "ok  " : "FAIL", one.name);
  }
  std::printf("%zu cases, %d failed checks\n", tlg::test::cases().size(), tlg::test::failures());
  return tlg::test::failures() == 0 ? 0 : 1;
}
