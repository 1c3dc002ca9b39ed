/* An engine in its own process, a store in memory, and the api's side of the connection. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "ipc/ipc.h"
#include "model/job.h"
#include "store/store.h"

struct world {
	char dir[64];
	pid_t engine;
	struct ipc_conn *conn;
	struct store *store; /* read-only */
	int max_jobs;
	int fds[2];
	const char *failpoints;
};

void world_start(struct world *w);
void world_end(struct world *w);
/* FAILPOINTS may be NULL. */
void world_engine_start(struct world *w, const char *failpoints);
void world_engine_kill(struct world *w);
/* The engine kills itself at a failpoint. */
void world_engine_await_death(struct world *w);

/* Calls of the api; ARGS stolen. */
enum err_code world_call(struct world *w, const char *call, struct json *args, struct json **result,
                         struct err *e);
/* A job of cluster CLUSTER_ID with that data (JSON text, ' for "); its id, or 0. */
int64_t world_job(struct world *w, int64_t cluster_id, const char *data);
int64_t world_job_try(struct world *w, int64_t cluster_id, const char *data, const char *dedup);
enum err_code world_kill_job(struct world *w, int64_t id, struct err *e);
/* Wait until the job is in STATE; the test fails when it ends otherwise or takes too long. */
void world_await(struct world *w, int64_t id, enum job_state state);
enum job_state world_state(struct world *w, int64_t id);
/* Wait until the status text of the job holds TEXT. */
void world_await_text(struct world *w, int64_t id, const char *text);
/* What was done to the world so far, by the jobs that write to file NAME. */
void world_expect_trace(struct world *w, const char *name, const char *want);
void world_await_trace(struct world *w, const char *name, const char *want);
/* Wait until that step of the job is in STATE. */
void world_await_step(struct world *w, int64_t id, int64_t seq, enum job_step_state state);
/* Let jobs go on that are held by file NAME. */
void world_release(struct world *w, const char *name);
/* How many messages of the job hold TEXT. */
int world_messages(struct world *w, int64_t id, const char *text);
