/* Clusters that replicate from one another are a lineage: one writable node feeds all of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/live.h"

/* For each cluster of L the id of the cluster at its top; its own id when the chain leads
 * nowhere. */
int64_t *lineage_tops(const struct cluster_list *l, struct arena *a);

/* One line for each lineage with more than one writable node, sorted, in the arena: "" when there
 * is none.  Only nodes that answer count. */
const char *lineage_conflicts(const struct cluster_list *l, const struct live_list *live,
                              struct arena *a);
