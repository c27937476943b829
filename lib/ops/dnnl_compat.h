// oneDNN 2.x builds a primitive from a desc, 3.x from an engine and the same arguments: this header
// is the only place that knows. What several of its users ask oneDNN is here, too.
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

// Of oneDNN's ways to do what `first` describes, in its order, the first that `takes` is true of;
// if there is none, the first of all.
template <class Desc, class First, class Takes>
Desc first_taken(const First& first, const Takes& takes) {
  Desc desc = first();
  while (!takes(desc)) {
    if (!desc.next_impl()) return first();
  }
  return desc;
}

// That of oneDNN's ways which `takes` chooses.
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
  return first_taken<Desc>(first, takes);
}

// The same for a gradient, which also names its forward.
template <class Primitive, class Forward, class Takes, class... Arguments>
typename Primitive::primitive_desc make_backward_desc(const dnnl::engine& engine,
                                                      const dnnl::primitive_attr& attributes,
                                                      const Forward& forward, const Takes& takes,
                                                      const Arguments&... arguments) {
  using Desc = typename Primitive::primitive_desc;
#if DNNL_VERSION_MAJOR >= 3
  const auto first = [&] { return Desc(engine, arguments..., forward, attributes); };
#else
  const typename Primitive::desc operation(arguments...);
  const auto first = [&] { return Desc(operation, attributes, engine, forward); };
#endif
  return first_taken<Desc>(first, takes);
}

// Whether oneDNN's kernels are those for AVX2, without AVX-512.
inline bool for_avx2() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx2 || isa == dnnl::cpu_isa::avx2_vnni;
}

}  // namespace pipetrain
