// oneDNN 2.x builds a primitive from a desc, 3.x from an engine and the same arguments: this header
// is the only place that knows.
#pragma once

#include <dnnl.hpp>
#include <utility>

namespace pipetrain {

template <class Primitive, class... Arguments>
typename Primitive::primitive_desc make_primitive_desc(const dnnl::engine& engine,
                                                       const dnnl::primitive_attr& attributes,
                                                       Arguments&&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, std::forward<Arguments>(arguments)..., attributes};
#else
  return {typename Primitive::desc(std::forward<Arguments>(arguments)...), attributes, engine};
#endif
}

// Of oneDNN's ways to do it, in its order, the first that `takes` is true of; if there is none, the
// first of all.
template <class Primitive, class Takes, class... Arguments>
typename Primitive::primitive_desc make_chosen_desc(const dnnl::engine& engine,
                                                    const dnnl::primitive_attr& attributes,
                                                    const Takes& takes,
                                                    const Arguments&... arguments) {
  using Desc = typename Primitive::primitive_desc;
#if DNNL_VERSION_MAJOR >= 3
  const auto first = [&] { return Desc(engine, arguments..., attributes); };
#else
  const typename Primitive::desc operation(arguments...);  // next_impl() reads it again
  const auto first = [&] { return Desc(operation, attributes, engine); };
#endif
  Desc desc = first();
  while (!takes(desc)) {
    if (!desc.next_impl()) return first();
  }
  return desc;
}

// As make_primitive_desc for a gradient, which also names its forward.
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc make_backward_desc(const dnnl::engine& engine,
                                                      const dnnl::primitive_attr& attributes,
                                                      const Forward& forward,
                                                      Arguments&&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, std::forward<Arguments>(arguments)..., forward, attributes};
#else
  return {typename Primitive::desc(std::forward<Arguments>(arguments)...), attributes, engine,
          forward};
#endif
}

}  // namespace pipetrain
