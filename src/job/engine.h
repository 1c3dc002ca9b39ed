/* The engine's heart: takes the changes that the api asks for, starts jobs in order, keeps a
 * runner alive for each of them, and writes down what runners say.  Lives on the one event loop
 * of the engine process and is the store's only writer (besides the monitor). */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "job/evconn.h"

struct event_base;
struct job_engine;
struct store;

struct job_engine_config {
	const char *runner;      /* path of pgtandem-job */
	const char *run_dir;     /* job-N/ and job-N.pid are made in it */
	const char *known_hosts; /* file of ssh host keys; NULL: ssh's own */
	int max_jobs;
	int rpc_port;
	int check_limit_ms;   /* of a check of hosts; 0: 25 s */
	int restart_delay_ms; /* times the number of deaths, before a runner is started again */
	/* Told when a job has saved or removed a cluster; may be NULL. */
	void (*cluster_changed)(void *ctx, int64_t cluster_id);
	void *ctx;
};

/* Ends runners that an earlier engine left, resumes its jobs and starts waiting ones.  Texts of
 * the config are copied; base and store are borrowed. */
enum err_code job_engine_new(struct event_base *base, struct store *store,
                             const struct job_engine_config *config, struct job_engine **out,
                             struct err *e);
/* Ends the runners; their jobs stay RUNNING and are resumed by the next engine. */
void job_engine_free(struct job_engine **engine);

/* Serve one call of doc/architecture.md "api -> engine"; the answer goes to CONN, maybe later. */
void job_engine_call(struct job_engine *engine, struct evconn *conn, const struct ipc_msg *m);
/* CONN is going away: answers for it are dropped. */
void job_engine_forget(struct job_engine *engine, const struct evconn *conn);
/* Numbers for the curious: {"runners": 2, "defined": 1, ...}; the caller frees it. */
struct json *job_engine_status(struct job_engine *engine);
