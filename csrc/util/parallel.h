// Runs independent jobs on a few threads. Jobs are taken in order by whoever is free; an exception
// stops the taking of further jobs and the one of the lowest job is thrown again in the caller.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tlg {

// Calls job(index, worker) for index in [0, count), worker in [0, threads); on fewer threads where
// the system has no more.
inline void parallel_for(std::size_t count, std::size_t threads,
                         const std::function<void(std::size_t, std::size_t)>& job) {
  if (threads > count) threads = count;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
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
  try {
    for (std::size_t worker = 1; worker < threads; ++worker) pool.emplace_back(work, worker);
  } catch (const std::exception&) {
    // The system gives no more threads: those that run, and this one, do all jobs. (Leaving here
    // would destroy threads that nobody joined, which ends the program.)
  }
  work(0);
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tlg
