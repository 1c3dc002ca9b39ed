/* Questions on the terminal. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The value of --WHAT, asked for on the terminal without echo; caller owns *OUT.  FROM_STDIN: "-"
 * was given, so the first line of the standard input is taken when that is no terminal. */
enum err_code ask_secret(const char *what, bool from_stdin, char **out, struct err *e);
