// Ctrl-C while the core works without the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <memory>

namespace tlg::bindings {

// To be called often, without the GIL: looks after signals once a while, and throws what Python's
// handler raises.
class SignalPulse {
 public:
  static constexpr std::chrono::milliseconds kInterval{50};

  void operator()() const {
    const Clock::time_point now = Clock::now();
    if (now - *told_ < kInterval) return;
    *told_ = now;
    const pybind11::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::shared_ptr<Clock::time_point> told_ = std::make_shared<Clock::time_point>(Clock::now());
};

}  // namespace tlg::bindings
