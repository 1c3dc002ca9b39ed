/* Small compiler helpers that every file may use. */
#pragma once

#include <stddef.h>

/* Run FN(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE               __attribute__((warn_unused_result))
#define NO_RETURN              __attribute__((noreturn))
#define UNUSED                 __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Return the error code of EXPR to the caller when it is not ERR_OK. */
#define TRY(expr)                                 \
	do {                                      \
		enum err_code try_code_ = (expr); \
		if (try_code_ != ERR_OK)          \
			return try_code_;         \
	} while (0)
