/* Errors: a code for programs, one sentence for people, and a hint what to do.
 * The lowest layer says what failed, each caller puts its own subject in front. */
#pragma once

#include <stdbool.h>

#include "macros.h"

#define ERR(code, text, status, retry) code,
enum err_code {
#include "err.def"
	ERR_CODES
};
#undef ERR

#define ERR_TEXT_MAX 1024

/* Lives on the stack of whoever reports it; zero-initialised is "no error". */
struct err {
	enum err_code code;
	char text[ERR_TEXT_MAX];
	char hint[ERR_TEXT_MAX];
};

/* Set code and sentence (lower case, no full stop, no secret); returns code.  E may be NULL. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Put "WHAT: " in front of the sentence; returns the code that E carries. */
enum err_code err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Say what the operator can do; returns the code that E carries. */
enum err_code err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Set the error from errno: "FMT: strerror". */
enum err_code err_errno(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void err_clear(struct err *e);

/* The code's name ("ERR_TIMEOUT"), its short text, its request_status on the wire. */
const char *err_name(enum err_code code);
const char *err_code_text(enum err_code code);
const char *err_rpc_status(enum err_code code);
bool err_may_retry(enum err_code code);
/* The code whose name is given, ERR_INTERNAL when there is none. */
enum err_code err_code_of(const char *name);
