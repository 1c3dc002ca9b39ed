#include "job/lock.h"

#include <stdlib.h>

#include "base/mem.h"

void lock_want(struct lock_wish *w, int64_t cluster_id, bool exclusive)
{
	if (cluster_id == 0)
		return;
	for (size_t i = 0; i < w->len; i++) {
		if (w->items[i].cluster_id != cluster_id)
			continue;
		w->items[i].exclusive |= exclusive;
		return;
	}
	if (w->len < LOCK_WISHES_MAX)
		w->items[w->len++] = (struct lock){ cluster_id, exclusive, w->job_id };
}

static bool in_the_way(const struct lock *held, const struct lock *wanted)
{
	return held->cluster_id == wanted->cluster_id && held->job_id != wanted->job_id &&
	       (held->exclusive || wanted->exclusive);
}

const struct lock *lock_conflict(const struct lock_table *t, const struct lock_wish *w)
{
	for (size_t i = 0; i < t->len; i++) {
		for (size_t k = 0; k < w->len; k++) {
			if (in_the_way(&t->items[i], &w->items[k]))
				return &t->items[i];
		}
	}
	return NULL;
}

void lock_take(struct lock_table *t, const struct lock_wish *w)
{
	for (size_t i = 0; i < w->len; i++) {
		if (t->len == t->cap) {
			t->cap = t->cap ? t->cap * 2 : 16;
			t->items = xrealloc(t->items, t->cap, sizeof(*t->items));
		}
		t->items[t->len++] = w->items[i];
	}
}

void lock_drop(struct lock_table *t, int64_t job_id)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->items[i].job_id != job_id)
			t->items[kept++] = t->items[i];
	}
	t->len = kept;
}

void lock_table_release(struct lock_table *t)
{
	free(t->items);
	*t = (struct lock_table){ 0 };
}
