#pragma once

/// Before a function in which unsigned numbers wrap around, or lose bits on the left, as they are
/// meant to, and before its XTAPE_INLINE callers: clang's integer sanitizer, which the tests run
/// under, reports all others.
#ifdef __clang__
#define XTAPE_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow", "unsigned-shift-base")))
#else
#define XTAPE_WRAPS
#endif
