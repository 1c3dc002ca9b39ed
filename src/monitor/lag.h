/* True lag: when did the source pass the position at which a replica stands?  The source's
 * positions are sampled with our own clock, so that an idle system has no lag, whatever the age of
 * its last transaction, and a link that is silently dead has a growing one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/lsn.h"

#define LAG_MARKS_MAX 256

/* The source stood at LSN from FIRST_MS to LAST_MS. */
struct lag_mark {
	pg_lsn lsn;
	int64_t first_ms, last_ms;
};

/* Oldest first.  Older marks are thinned out, so that it reaches far back. */
struct lag_ring {
	size_t count;
	struct lag_mark marks[LAG_MARKS_MAX];
};

/* The source stands at LSN now.  Going backwards means another history: the ring starts anew. */
void lag_add(struct lag_ring *r, pg_lsn lsn, int64_t now_ms);
/* LSN_INVALID when nothing is known. */
pg_lsn lag_newest(const struct lag_ring *r);
/* Milliseconds since the source passed LSN, 0 when it has not, -1 when nothing is known.
 * *AT_LEAST says that it was before the ring begins. */
int64_t lag_age_ms(const struct lag_ring *r, pg_lsn lsn, int64_t now_ms, bool *at_least);
