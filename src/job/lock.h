/* Who works on which cluster: one job alone, or several that only need it to stay as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_WISHES_MAX 4

struct lock {
	int64_t cluster_id;
	bool exclusive;
	int64_t job_id;
};

/* The locks that are held. */
struct lock_table {
	struct lock *items;
	size_t len, cap;
};

/* What one job needs. */
struct lock_wish {
	int64_t job_id;
	struct lock items[LOCK_WISHES_MAX];
	size_t len;
};

/* Cluster 0 is none; asking for the same cluster again keeps the stronger lock. */
void lock_want(struct lock_wish *w, int64_t cluster_id, bool exclusive);
/* The lock of another job that stands in the way; NULL: W can be had. */
const struct lock *lock_conflict(const struct lock_table *t, const struct lock_wish *w);
void lock_take(struct lock_table *t, const struct lock_wish *w);
void lock_drop(struct lock_table *t, int64_t job_id);
void lock_table_release(struct lock_table *t);
