// A fixed-size array of plain data that owns its memory or shares a mapped file's: what large
// models are made of. Not for: growing (use std::vector, and hand it over).
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "util/large_memory.h"

namespace tlg::util {

// Moves are cheap, copies are asked for by name (copy()). const access never writes.
template <typename T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Array() = default;
  // Not initialised: the caller writes all of it.
  explicit Array(std::size_t size) : size_(size) {
    if (size >= kLargeMemory / sizeof(T)) {
      std::shared_ptr<void> memory = large_memory(size * sizeof(T));
      data_ = static_cast<T*>(memory.get());
      owner_ = std::move(memory);
    } else {
      std::shared_ptr<T[]> memory(new T[size]);
      data_ = memory.get();
      owner_ = std::move(memory);
    }
  }
  Array(std::size_t size, T value) : Array(size) { std::fill_n(data_, size, value); }
  // Takes over what the vector holds.
  Array(std::vector<T>&& values) : size_(values.size()) {
    auto kept = std::make_shared<std::vector<T>>(std::move(values));
    data_ = kept->data();
    owner_ = std::move(kept);
  }
  // Memory of somebody else, who is kept alive: a part of a mapped file.
  Array(T* data, std::size_t size, std::shared_ptr<const void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}

  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    Array(std::move(other)).swap(*this);
    return *this;
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  Array copy() const {
    Array made(size_);
    std::copy_n(data_, size_, made.data_);
    return made;
  }

  // The same memory for other values of that size: those that were there are lost.
  template <typename Other>
  Array<Other> reuse() && {
    static_assert(sizeof(Other) == sizeof(T) && alignof(Other) <= alignof(T));
    Array<Other> other(reinterpret_cast<Other*>(data_), size_, std::move(owner_));
    data_ = nullptr;
    size_ = 0;
    return other;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* data() const { return data_; }
  T* data() { return data_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T& operator[](std::size_t i) const {
    assert(i < size_);
    return data_[i];
  }
  T& operator[](std::size_t i) {
    assert(i < size_);
    return data_[i];
  }
  const T& back() const { return (*this)[size_ - 1]; }

 private:
  void swap(Array& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    owner_.swap(other.owner_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::shared_ptr<const void> owner_;
};

}  // namespace tlg::util
