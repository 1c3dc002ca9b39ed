/* Is the data of a job right?  What can be said before the job exists: types, bounds, names, and
 * whether the clusters it names are there.  What needs a host or a file is the job's own business.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "rpc/decode.h"
#include "rpc/table.h"

struct store;

/* Decode DATA (may be NULL) as the command has it into *CLEAN, which is the caller's also when
 * there are faults. */
void jobdata_decode(const struct rpc_job *job, const struct json *data, struct json **clean,
                    struct faults *f);
/* Where the request says which cluster the job is for: top level first, then the data. */
struct job_target {
	int64_t cluster_id; /* <= 0: not given */
	const char *cluster_name;
};
/* The ID of the job's cluster into *ID (0: none).  ERR_NOT_FOUND "Cluster was not found.",
 * ERR_INVALID when the command needs one and none is named. */
enum err_code jobdata_cluster(struct store *s, const struct rpc_job *job,
                              const struct job_target *top, const struct json *clean, int64_t *id,
                              struct err *e);
/* Name and remote cluster of a command that makes a cluster. */
enum err_code jobdata_check_new(struct store *s, struct arena *a, const struct json *clean,
                                struct err *e);
