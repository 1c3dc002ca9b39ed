#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "api/job_commands.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/str.h"
#include "job/internal.h"
#include "store/clusters.h"

#define QUEUE_LOOK_MAX 1000 /* waiting jobs looked at in one round */

void queue_kick(struct job_engine *g)
{
	event_active(g->queue, 0, 0);
}

/* The cluster that another one is a replica of; 0: none. */
static int64_t remote_of(struct job_engine *g, int64_t cluster_id)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct cluster c;

	if (cluster_id == 0 ||
	    store_cluster_get(g->store, cluster_id, false, a, &c, NULL) != ERR_OK)
		return 0;
	return c.remote_cluster_id;
}

/* What the declaration of the command says; commands of our own are as careful as can be. */
static const struct job_command *command_of(const char *name)
{
	static const struct job_command careful = { .lock = JOB_LOCK_EXCLUSIVE,
		                                    .shares = "remote_cluster_id" };

	for (size_t i = 0; i < ARRAY_SIZE(job_commands); i++) {
		if (str_eq(job_commands[i].name, name))
			return &job_commands[i];
	}
	return &careful;
}

enum err_code queue_wish(struct job_engine *g, const struct job *j, struct lock_wish *w,
                         struct err *e)
{
	const struct job_command *command = command_of(j->command);
	struct json *data = NULL;
	int64_t remote = 0;

	*w = (struct lock_wish){ .job_id = j->id };
	if (command->lock == JOB_LOCK_NONE)
		return ERR_OK;
	if (command->shares && !str_empty(j->job_data)) {
		TRY(json_parse(j->job_data, strlen(j->job_data), &data, e));
		remote = json_get_int(data, command->shares, 0);
		json_free(&data);
	}
	lock_want(w, j->cluster_id, command->lock != JOB_LOCK_SHARED);
	/* the cluster that it streams from must not change meanwhile, but serves several */
	lock_want(w, remote, false);
	lock_want(w, remote_of(g, j->cluster_id), false);
	return ERR_OK;
}

static void say_waiting(struct job_engine *g, const struct job *j, const struct lock *held)
{
	char text[128];

	snprintf(text, sizeof(text), "Waiting for job %lld, which works on cluster %lld",
	         (long long)held->job_id, (long long)held->cluster_id);
	if (str_eq(j->status_text, text))
		return;
	(void)store_job_set_status_text(g->store, j->id, text, NULL);
}

static enum err_code store_start(struct job_engine *g, int64_t job_id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	FAILPOINT_HERE("job.start.before");
	TRY(store_tx_begin(g->store, &tx, e));
	TRY(store_job_set_state(g->store, job_id, JOB_DEQUEUED, NULL, 0, e));
	TRY(store_job_set_state(g->store, job_id, JOB_RUNNING, NULL, 0, e));
	TRY(store_tx_commit(&tx, e));
	FAILPOINT_HERE("job.start.after");
	return ERR_OK;
}

static void start(struct job_engine *g, const struct job *j, const struct lock_wish *w)
{
	struct err e = { 0 };

	if (store_start(g, j->id, &e) != ERR_OK) {
		log_err(LOG_ERROR, "start a job", &e);
		return;
	}
	lock_take(&g->locks, w);
	runner_begin(g, j->id);
}

/* Waiting jobs in order.  One that has to wait keeps its place: later ones do not take locks
 * that it needs, so that nobody waits for ever. */
static void walk(struct job_engine *g, const struct job_list *jobs, struct lock_table *wanted)
{
	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *j = &jobs->items[i];
		const struct lock *held;
		struct lock_wish w;
		struct err e = { 0 };

		if (runner_count(g, false) >= (size_t)g->max_jobs)
			return;
		if (queue_wish(g, j, &w, &e) != ERR_OK) {
			log_err(LOG_ERROR, "locks of a job", &e);
			continue;
		}
		held = lock_conflict(&g->locks, &w);
		if (!held)
			held = lock_conflict(wanted, &w);
		if (!held) {
			start(g, j, &w);
			continue;
		}
		lock_take(wanted, &w);
		say_waiting(g, j, held);
	}
}

void queue_run(struct job_engine *g)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(lock_table_release) struct lock_table wanted = { 0 };
	struct job_filter f = { .states = 1u << JOB_DEFINED,
		                .limit = QUEUE_LOOK_MAX,
		                .oldest_first = true };
	struct job_list jobs;
	struct err e = { 0 };

	if (g->stopping || runner_count(g, false) >= (size_t)g->max_jobs)
		return;
	if (store_job_list(g->store, &f, a, &jobs, &e) != ERR_OK)
		log_err(LOG_ERROR, "look at the queue", &e);
	else
		walk(g, &jobs, &wanted);
}
