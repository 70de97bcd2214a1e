// Runs independent jobs on a few threads. Jobs are taken in order by whoever is free; an exception
// stops the taking of further jobs and the one of the lowest job is thrown again in the caller.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tlg {

// Calls job(index, worker) for index in [0, count), worker in [0, threads); on fewer threads where
// the system has no more. Worker 0 is the caller's thread; once it has no more to do, it calls
// `pulse` now and then till the others have ended. What that throws is thrown before all else, but
// after their jobs: whoever passes it sees to it that those end soon.
inline void parallel_for(std::size_t count, std::size_t threads,
                         const std::function<void(std::size_t, std::size_t)>& job,
                         const std::function<void()>& pulse = {}) {
  constexpr std::chrono::milliseconds kPatience{20};
  if (threads > count) threads = count;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t running = 0;
  std::size_t failed = count;
  std::exception_ptr failure;
  const auto work = [&](std::size_t worker) {
    for (std::size_t i; (i = next.fetch_add(1)) < count;) {
      try {
        job(i, worker);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (i < failed) {
          failed = i;
          failure = std::current_exception();
        }
        next.store(count);
      }
    }
  };
  std::vector<std::thread> pool;
  pool.reserve(threads);
  const auto help = [&](std::size_t worker) {
    work(worker);
    const std::lock_guard<std::mutex> lock(mutex);
    --running;
    ended.notify_one();
  };
  const auto begin = [&](std::size_t worker) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      ++running;
    }
    try {
      pool.emplace_back(help, worker);
    } catch (const std::exception&) {
      // The system gives no more threads: those that run, and this one, do all jobs. (Leaving here
      // would destroy threads that nobody joined, which ends the program.)
      const std::lock_guard<std::mutex> lock(mutex);
      --running;
      return false;
    }
    return true;
  };
  for (std::size_t worker = 1; worker < threads && begin(worker); ++worker) continue;
  work(0);
  if (pulse) {
    std::unique_lock<std::mutex> lock(mutex);
    try {
      while (!ended.wait_for(lock, kPatience, [&] { return running == 0; })) {
        lock.unlock();
        pulse();
        lock.lock();
      }
    } catch (...) {
      lock.lock();
      failure = std::current_exception();
      failed = 0;
    }
  }
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tlg
