/* Timeline history files (00000003.history): which timelines a server has gone through and where
 * each ended.  Ancestry is a walk over switch points, never a comparison of numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/lsn.h"

struct history_entry {
	uint32_t tli;
	pg_lsn end; /* where this timeline was left; LSN_INVALID: the present one, no end */
	const char *reason;
};

/* Oldest first; the last entry is the timeline itself. */
struct history {
	struct history_entry *entries;
	size_t count;
};

/* Contents of TLI's history file (empty for timeline 1); ERR_PARSE names the line. */
enum err_code history_parse(const char *text, size_t len, uint32_t tli, struct arena *a,
                            struct history *out, struct err *e);
/* A server that stands at LSN of timeline TLI can follow H without losing anything. */
bool history_contains(const struct history *h, uint32_t tli, pg_lsn lsn);
/* Last point that A and B have in common; UINT64_MAX when one goes on where the other stands;
 * false when they share nothing. */
bool history_fork(const struct history *a, const struct history *b, uint32_t *tli, pg_lsn *lsn);
/* "0000000A.history" into BUF of 32; returns BUF. */
const char *history_file_name(uint32_t tli, char buf[32]);
