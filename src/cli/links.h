/* Replication links as rows of a table. */
#pragma once

#include "cli/cli.h"
#include "cli/table.h"

/* A host that replicates from another one. */
bool link_is(const struct json *host);
/* SLAVE, MASTER, MASTER_CLUSTER (NONE when there is no remote cluster), STATUS. */
void link_slave(struct table *t, const struct json *host);
void link_master(struct table *t, const struct json *host);
void link_master_cluster(struct table *t, const struct json *host, const char *none);
void link_status(struct table *t, const struct json *host);
