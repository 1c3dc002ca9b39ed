/* Measurements of nodes: written by the monitor, read by everybody, worth nothing after a crash. */
#pragma once

#include "base/arena.h"
#include "model/live.h"
#include "store/store.h"

/* All of them in one transaction, replacing what was stored of these nodes. */
enum err_code store_live_put(struct store *s, const struct node_live *items, size_t count,
                             struct err *e);
enum err_code store_live_list(struct store *s, struct arena *a, struct live_list *out,
                              struct err *e);
enum err_code store_live_drop(struct store *s, int64_t node_id, struct err *e);
