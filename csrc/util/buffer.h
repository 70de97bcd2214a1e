// A vector for inner loops: growing copies, pushing costs one comparison, clearing nothing. Not
// for: types with destructors, or what is copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#if defined(__GNUC__)
#define TLG_NOINLINE __attribute__((noinline))
#define TLG_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define TLG_NOINLINE
#define TLG_ALWAYS_INLINE inline
#endif

namespace tlg::util {

template <typename T>
class Buffer {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : values_(std::move(other.values_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    values_ = std::move(other.values_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  TLG_ALWAYS_INLINE void push(const T& value) {
    if (size_ == capacity_) grow();
    values_[size_++] = value;
  }
  void clear() { size_ = 0; }
  void cut(std::size_t size) { size_ = size; }  // keeps the first `size`
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t i) const { return values_[i]; }
  T& operator[](std::size_t i) { return values_[i]; }
  const T* begin() const { return values_.get(); }
  const T* end() const { return values_.get() + size_; }

 private:
  TLG_NOINLINE void grow() {
    const std::size_t capacity = capacity_ == 0 ? 256 : 2 * capacity_;
    std::unique_ptr<T[]> values(new T[capacity]);
    std::copy(begin(), end(), values.get());
    values_ = std::move(values);
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> values_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace tlg::util
