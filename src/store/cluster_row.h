/* What the files about clusters share. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "store/store.h"

#define CLUSTER_SEALED "clusters.secrets"

/* Members of FROM into INTO, objects inside merged one level deep. */
void cluster_row_merge(struct json *into, const struct json *from);

/* The next number that no cluster had before. */
enum err_code cluster_next_id(struct store *s, int64_t *out, struct err *e);
/* ERR_CONFLICT when NAME belongs to a cluster other than ID, or is set aside for one. */
enum err_code cluster_check_name_free(struct store *s, const char *name, int64_t id, struct err *e);
/* The same for host:port, by name and by address. */
enum err_code cluster_check_host_free(struct store *s, const char *host, int port, int64_t id,
                                      struct err *e);
