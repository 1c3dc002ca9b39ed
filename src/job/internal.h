/* What the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "job/engine.h"
#include "job/evconn.h"
#include "job/lock.h"
#include "model/job.h"
#include "store/jobs.h"
#include "store/store.h"

#define JOB_LOG_BATCH      256
#define JOB_FLUSH_MS       100
#define JOB_PROGRESS_MS    1000
#define JOB_DEATHS_MAX     3   /* of runners within one step */
#define JOB_ATTEMPTS_MAX   100 /* runners of one job in all */
#define JOB_EXIT_MS        10000
#define JOB_DEAF_MS        60000
#define JOB_CHECKS_MAX     8
#define JOB_CHECK_LIMIT_MS 25000

struct event;

struct job_engine {
	struct event_base *base;
	struct store *store;
	char *runner_path, *run_dir, *known_hosts;
	int max_jobs, rpc_port, restart_delay_ms, check_limit_ms;
	struct lock_table locks;
	struct runner *runners; /* list */
	struct event *queue, *flush, *child;
	int64_t last_check;
	void (*cluster_changed)(void *ctx, int64_t cluster_id);
	void *cluster_ctx;
	bool stopping;
};

/* Messages of one runner that are not stored yet. */
struct log_batch {
	struct arena *arena; /* NULL: empty */
	struct job_message rows[JOB_LOG_BATCH];
	size_t len;
	int64_t since_ms;
};

struct progress_state {
	struct job_progress now;
	char text[256];
	bool dirty;
	int64_t written_ms;
};

/* One running job, or one check of hosts (job_id 0). */
struct runner {
	struct runner *next;
	struct job_engine *engine;
	int64_t job_id;
	int64_t check;  /* number of the check */
	char label[40]; /* "job 7" */
	char *run_dir;
	pid_t pid; /* 0: waits for its next start */
	struct evconn *conn;
	struct event *timer; /* next start, or limit */
	int deaths;          /* since it came further */
	enum job_phase phase;
	int64_t step;         /* the furthest one that was begun in this phase */
	bool finished;        /* its end is stored */
	int64_t cancelled_ms; /* asked to stop; 0: not */
	struct log_batch log;
	struct progress_state progress;
	struct evconn *asker; /* who waits for the check; NULL: nobody */
	int64_t asker_id;
	struct json *check_data;
};

/* ---- engine.c ---- */
void engine_cluster_changed(struct job_engine *g, int64_t cluster_id);

/* ---- queue.c ---- */
/* Look at the queue soon. */
void queue_kick(struct job_engine *g);
void queue_run(struct job_engine *g);
/* The locks that a job needs; JOB_DATA may be masked. */
enum err_code queue_wish(struct job_engine *g, const struct job *j, struct lock_wish *w,
                         struct err *e);

/* ---- supervise.c ---- */
/* Start a runner for a job that is stored as RUNNING and whose locks are taken. */
void runner_begin(struct job_engine *g, int64_t job_id);
/* Start one that checks hosts; DATA stolen. */
void check_begin(struct job_engine *g, struct evconn *asker, int64_t asker_id, struct json *data);
struct runner *runner_of_job(struct job_engine *g, int64_t job_id);
size_t runner_count(const struct job_engine *g, bool checks);
/* Its end is stored: it has to go now. */
void runner_finished(struct runner *r);
/* It has come to this step, or phase: when that is further than before, deaths so far do not
 * count any more. */
void runner_at_step(struct runner *r, int64_t seq);
void runner_at_phase(struct runner *r, enum job_phase phase);
void runner_cancel(struct runner *r);
void runner_free(struct runner *r);
/* The runner has closed its end or sent garbage. */
void runner_disconnected(struct runner *r, const struct err *why);
/* Processes have ended: find out which. */
void runner_reap(struct job_engine *g);

/* ---- spawn.c ---- */
/* Start the process and send it its first frame; ERR_REFUSED: it makes no sense to try again. */
enum err_code runner_spawn(struct runner *r, struct err *e);

/* ---- pidfile.c ---- */
/* Write down who the runner is, so that the next engine can end it. */
enum err_code pidfile_write(const struct runner *r, struct err *e);
/* Take the file and what the runner left in its directory away. */
void pidfile_remove(const struct runner *r);
/* Kill every process group that is written down, wait until it is gone. */
enum err_code pidfile_sweep(const char *run_dir, struct err *e);

/* ---- events.c ---- */
void log_batch_add(struct runner *r, const struct json *note);
void progress_update(struct runner *r, const struct json *note);
/* Store messages and progress now (within the caller's transaction, if there is one). */
enum err_code events_store(struct runner *r, struct err *e);
/* Let flush_due() happen in time. */
void flush_arm(struct job_engine *g);
void flush_due(struct job_engine *g);
/* The engine's own word in the job's log. */
enum err_code job_say(struct job_engine *g, int64_t job_id, enum job_level level, const char *fmt,
                      ...) PRINTF_LIKE(4, 5);

/* ---- calls_runner.c, calls_api.c ---- */
void runner_call(struct runner *r, const struct ipc_msg *m);

/* A call of a runner.  Its changes are made in one transaction with what else it said. */
typedef enum err_code (*runner_call_fn)(struct runner *r, const struct json *args,
                                        struct json **result, struct err *e);
/* calls_step.c, calls_cluster.c */
enum err_code call_plan_get(struct runner *r, const struct json *args, struct json **result,
                            struct err *e);
enum err_code call_plan_store(struct runner *r, const struct json *args, struct json **result,
                              struct err *e);
enum err_code call_step_begin(struct runner *r, const struct json *args, struct json **result,
                              struct err *e);
enum err_code call_step_end(struct runner *r, const struct json *args, struct json **result,
                            struct err *e);
enum err_code call_phase_set(struct runner *r, const struct json *args, struct json **result,
                             struct err *e);
enum err_code call_finish(struct runner *r, const struct json *args, struct json **result,
                          struct err *e);
enum err_code call_cluster_get(struct runner *r, const struct json *args, struct json **result,
                               struct err *e);
enum err_code call_cluster_list(struct runner *r, const struct json *args, struct json **result,
                                struct err *e);
enum err_code call_cluster_reserve(struct runner *r, const struct json *args, struct json **result,
                                   struct err *e);
enum err_code call_cluster_save(struct runner *r, const struct json *args, struct json **result,
                                struct err *e);
enum err_code call_cluster_remove(struct runner *r, const struct json *args, struct json **result,
                                  struct err *e);
enum err_code call_cert_issue(struct runner *r, const struct json *args, struct json **result,
                              struct err *e);
enum err_code call_ca_get(struct runner *r, const struct json *args, struct json **result,
                          struct err *e);

/* A change that a user asked for. */
struct api_call {
	struct job_engine *engine;
	const struct json *args;
	int64_t user_id;
	const char *user_name, *ip;
	struct evconn *conn;
	int64_t id;
	bool deferred; /* the answer is given later */
};
typedef enum err_code (*api_call_fn)(struct api_call *c, struct json **result, struct err *e);
/* calls_job.c, calls_user.c */
enum err_code call_job_create(struct api_call *c, struct json **result, struct err *e);
enum err_code call_job_kill(struct api_call *c, struct json **result, struct err *e);
enum err_code call_job_delete(struct api_call *c, struct json **result, struct err *e);
enum err_code call_user_create(struct api_call *c, struct json **result, struct err *e);
enum err_code call_user_seen(struct api_call *c, struct json **result, struct err *e);
enum err_code call_user_password(struct api_call *c, struct json **result, struct err *e);
enum err_code call_hosts_check(struct api_call *c, struct json **result, struct err *e);
/* Write the change down in the audit trail, in the transaction of the change. */
enum err_code api_audit(const struct api_call *c, const char *action, int64_t cluster_id,
                        const char *details, struct err *e, const char *object_fmt, ...)
        PRINTF_LIKE(6, 7);
