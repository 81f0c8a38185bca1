#pragma once

/// Before a function in which unsigned numbers wrap around as they are meant to, and before its
/// XTAPE_INLINE callers: clang's integer sanitizer, which the tests run under, reports all others.
#ifdef __clang__
#define XTAPE_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow")))
#else
#define XTAPE_WRAPS
#endif
