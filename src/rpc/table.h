/* The rows generated from api/: which operation is served by which function, and which job
 * commands there are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rpc/decode.h"

struct rpc_call;

typedef enum err_code (*rpc_op_fn)(struct rpc_call *c, const void *req, struct err *e);

struct rpc_op {
	const char *path; /* "/v2/jobs" */
	const char *name; /* found without regard to case */
	bool login;       /* only with a session */
	bool admin;       /* only for administrators */
	const struct message *message;
	rpc_op_fn run;
};

/* What a job does with the job's cluster. */
enum rpc_job_cluster {
	RPC_CLUSTER_OPTIONAL, /* may have one */
	RPC_CLUSTER_REQUIRED,
	RPC_CLUSTER_NEW, /* makes one: whatever cluster the request names is not meant */
};

struct rpc_job {
	const char *command;
	const char *title;
	enum rpc_job_cluster cluster;
	const struct message *message;
};

extern const struct rpc_op rpc_ops[];
extern const size_t rpc_ops_count;
extern const struct rpc_job rpc_jobs[];
extern const size_t rpc_jobs_count;

/* The operation NAME ("" allowed) on PATH; NULL when there is none. */
const struct rpc_op *rpc_op_find(const char *path, const char *name);
const struct rpc_job *rpc_job_find(const char *command);
/* "/prefix/v2/jobs/?x" as "/v2/jobs" into OUT; false when it is no path of the RPC. */
bool rpc_path_clean(const char *path, char *out, size_t size);
