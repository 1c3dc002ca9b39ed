/* The daemon's log: one line per event on stderr (journald takes it) or in a file. */
#pragma once

#include <stdbool.h>

#include "err.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* IDENT ("engine") is printed in each line; no file: stderr. */
void log_open(const char *ident, enum log_level max_level);
bool log_level_parse(const char *s, enum log_level *out);
void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "WHAT: sentence (hint)". */
void log_err(enum log_level level, const char *what, const struct err *e);

#define log_error(...)   log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)
