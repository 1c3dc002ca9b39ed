#include "monitor/lag.h"

#include <string.h>

/* Of the older half every second mark goes. */
static void thin(struct lag_ring *r)
{
	size_t half = LAG_MARKS_MAX / 2, kept = 0;

	for (size_t i = 0; i < half; i += 2)
		r->marks[kept++] = r->marks[i];
	memmove(&r->marks[kept], &r->marks[half], (r->count - half) * sizeof(r->marks[0]));
	r->count = kept + r->count - half;
}

void lag_add(struct lag_ring *r, pg_lsn lsn, int64_t now_ms)
{
	if (r->count > 0 && lsn < lag_newest(r))
		r->count = 0;
	if (r->count > 0 && lsn == lag_newest(r)) {
		r->marks[r->count - 1].last_ms = now_ms;
		return;
	}
	if (r->count == LAG_MARKS_MAX)
		thin(r);
	r->marks[r->count++] = (struct lag_mark){ lsn, now_ms, now_ms };
}

pg_lsn lag_newest(const struct lag_ring *r)
{
	return r->count == 0 ? LSN_INVALID : r->marks[r->count - 1].lsn;
}

/* When the source passed LSN, which lies at A or between A and B. */
static int64_t passed_ms(const struct lag_mark *a, const struct lag_mark *b, pg_lsn lsn)
{
	double part = (double)(lsn - a->lsn) / (double)(b->lsn - a->lsn);

	return a->last_ms + (int64_t)(part * (double)(b->first_ms - a->last_ms));
}

int64_t lag_age_ms(const struct lag_ring *r, pg_lsn lsn, int64_t now_ms, bool *at_least)
{
	size_t low = 0, high = r->count;

	*at_least = false;
	if (r->count == 0)
		return -1;
	if (lsn >= lag_newest(r))
		return 0;
	/* the first mark beyond LSN */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->marks[middle].lsn > lsn)
			high = middle;
		else
			low = middle + 1;
	}
	*at_least = low == 0;
	if (low == 0)
		return now_ms - r->marks[0].first_ms;
	return now_ms - passed_ms(&r->marks[low - 1], &r->marks[low], lsn);
}
