// Arrays in memory and in mapped temporary files hold the same; a full disk is an error.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "util/job.h"
#include "util/pages.h"
#include "util/parallel.h"
#include "util/workspace.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>

#include <csignal>
#endif

namespace tlg::util {
namespace {

std::string temp() { return std::filesystem::temp_directory_path().string(); }

std::size_t files_in(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    count += entry.path().filename().string().rfind("tlg-", 0) == 0;
  return count;
}

TEST(workspace_arrays_keep_what_is_written_wherever_they_live) {
  for (const std::uint64_t memory : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{16} << 20}) {
    Workspace workspace(memory, temp());
    CHECK(workspace.limited() == (memory != 0) && workspace.memory() == memory);
    const std::size_t before = files_in(temp());
    std::vector<Array<std::uint64_t>> arrays;
    for (const std::size_t size : {0, 1, 100, 70000, 700000, 1300000})
      arrays.push_back(workspace.make_zeroed<std::uint64_t>(size));
    for (Array<std::uint64_t>& array : arrays)
      for (std::size_t i = 0; i < array.size(); ++i) {
        CHECK(array[i] == 0);
        array[i] = i * 7;
        if (i % 1000 == 0) workspace.touched(8000);
      }
    workspace.trim();
    for (const Array<std::uint64_t>& array : arrays)
      for (std::size_t i = 0; i < array.size(); ++i) CHECK(array[i] == i * 7);
    CHECK(files_in(temp()) == before);  // they have no names
    // What is left of a page that is partly discarded stays.
    Array<std::uint64_t>& last = arrays.back();
    workspace.discard(last.data() + 5, last.data() + 1000000);
    for (std::size_t i = 0; i < 5; ++i) CHECK(last[i] == i * 7);
    for (std::size_t i = 1000000; i < last.size(); ++i) CHECK(last[i] == i * 7);
  }
}

TEST(workspace_arrays_outlive_it) {
  std::optional<Workspace> workspace(std::in_place, 1, temp());
  Array<std::uint32_t> array = workspace->make_zeroed<std::uint32_t>(300000);
  workspace.reset();
  array[299999] = 5;
  CHECK(array[299999] == 5 && array[0] == 0);
}

// The thread sanitizer notes what each piece of memory was used for, in memory that counts too.
#if defined(__SANITIZE_THREAD__)
constexpr bool kShadowed = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kShadowed = true;
#else
constexpr bool kShadowed = false;
#endif
#else
constexpr bool kShadowed = false;
#endif

TEST(workspace_limit_holds_back_the_pages) {
  if (resident_bytes() != 0 && !kShadowed) {
    Workspace workspace(std::uint64_t{32} << 20, temp());
    const std::size_t before = resident_bytes();
    std::size_t most = 0;
    std::vector<Array<std::uint64_t>> arrays;
    for (int k = 0; k < 8; ++k) {
      arrays.push_back(workspace.make<std::uint64_t>(std::size_t{2} << 20));  // 16 MB each
      for (std::size_t i = 0; i < arrays.back().size(); ++i) {
        arrays.back()[i] = i;
        if (i % 65536 == 65535) {
          workspace.touched(8 * 65536);
          most = std::max(most, resident_bytes() - before);
        }
      }
    }
    CHECK(most <= std::size_t{34} << 20);
    for (const auto& array : arrays) CHECK(array[12345] == 12345);
  }
}

TEST(workspace_says_where_no_temporary_file_can_be_made) {
  Workspace workspace(1, "/no/such/folder");
  CHECK_THROWS(workspace.make<char>(100000), "temporary files cannot be made here");
}

#if defined(__unix__) && !defined(__APPLE__)
TEST(workspace_says_when_the_disk_is_full) {
  // Files that may not grow beyond 1 MB stand for a disk with that much room.
  rlimit was;
  ::getrlimit(RLIMIT_FSIZE, &was);
  rlimit small = was;
  small.rlim_cur = 1 << 20;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  {
    Workspace workspace(1, temp());
    CHECK_THROWS(workspace.make<char>(3 << 20), "no room for a temporary file of 3 MB");
    CHECK_THROWS(workspace.make<char>(3 << 20), "temp_dir");
    CHECK(workspace.make<char>(1 << 19).size() == 1 << 19);
  }
  ::setrlimit(RLIMIT_FSIZE, &was);
  std::signal(SIGXFSZ, handler);
}
#endif

TEST(progress_tells_the_thread_that_began_and_may_be_stopped) {
  const std::thread::id self = std::this_thread::get_id();
  int calls = 0;
  Job job(3, Workspace(), [&](const std::string& phase, std::uint64_t done, std::uint64_t total) {
    CHECK(std::this_thread::get_id() == self && phase == "work" && total == 300 && done <= total);
    if (++calls == 3) throw Error(ErrorKind::kText, "stopped");
  });
  job.progress.begin("work", 300);
  const auto work = [&] {
    parallel_for(300, job.threads, [&](std::size_t, std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      job.progress.add(1);
    });
  };
  CHECK_THROWS(work(), "stopped");
  CHECK(calls == 3);
  Job silent;
  silent.progress.begin("work", 1);
  silent.progress.add(1);
}

}  // namespace
}  // namespace tlg::util
