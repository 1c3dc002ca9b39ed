/* The engine's clusters, as planners ask for and reserve them. */
#pragma once

#include "model/cluster.h"
#include "plan/doc.h"
#include "plan/run.h"

/* With secrets; strings live in the job's arena. */
enum err_code clusters_get(struct run *r, int64_t id, struct cluster *out, struct err *e);
/* All, without secrets. */
enum err_code clusters_list(struct run *r, struct cluster_list *out, struct err *e);
/* Set aside the job's name and the hosts of its document; R->cluster_id is the new cluster's, the
 * name is made of it when there was none.  ERR_CONFLICT names what is taken. */
enum err_code clusters_reserve(struct cluster_job *j, int64_t remote_cluster_id, struct err *e);
/* USER with a new random password. */
struct login clusters_login(struct run *r, const char *user);
/* Make the host of a node of C, and its instance, known to the job. */
void clusters_host(struct run *r, const struct cluster *c, const struct node *n);
