#pragma once

/// Whether a sanitizer looks at every access: the same takes ten times as long then.
#ifdef __has_feature
inline constexpr bool checked = __has_feature(address_sanitizer) ||
                                __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool checked = true;
#else
inline constexpr bool checked = false;
#endif

/// So many of `count` equal tries.
constexpr int tried(int count) { return checked ? count / 10 : count; }
