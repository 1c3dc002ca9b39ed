#include "job/engine.h"

#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "job/internal.h"

static void on_queue(evutil_socket_t fd, short what, void *ctx)
{
	queue_run(ctx);
}

static void on_flush(evutil_socket_t fd, short what, void *ctx)
{
	flush_due(ctx);
}

static void on_child(evutil_socket_t fd, short what, void *ctx)
{
	runner_reap(ctx);
}

void engine_cluster_changed(struct job_engine *g, int64_t cluster_id)
{
	if (g->cluster_changed)
		g->cluster_changed(g->cluster_ctx, cluster_id);
}

/* Jobs that run according to the store, but have no runner: start one again. */
static enum err_code resume(struct job_engine *g, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct job_filter f = { .states = 1u << JOB_RUNNING | 1u << JOB_DEQUEUED,
		                .oldest_first = true };
	struct job_list jobs;

	TRY(store_job_list(g->store, &f, a, &jobs, e));
	for (size_t i = 0; i < jobs.count; i++) {
		struct job *j = &jobs.items[i];
		struct lock_wish w;

		TRY(queue_wish(g, j, &w, e));
		if (j->state == JOB_DEQUEUED)
			TRY(store_job_set_state(g->store, j->id, JOB_RUNNING, NULL, 0, e));
		lock_take(&g->locks, &w);
		log_info("job %lld: going on with it", (long long)j->id);
		runner_begin(g, j->id);
	}
	return ERR_OK;
}

enum err_code job_engine_new(struct event_base *base, struct store *store,
                             const struct job_engine_config *config, struct job_engine **out,
                             struct err *e)
{
	struct job_engine *g;

	TRY(job_state_check(e));
	TRY(fs_mkdirs(config->run_dir, 0755, e));
	TRY(pidfile_sweep(config->run_dir, e));
	g = xcalloc(1, sizeof(*g));
	g->base = base;
	g->store = store;
	g->runner_path = xstrdup(config->runner);
	g->run_dir = xstrdup(config->run_dir);
	g->known_hosts = xstrdup(config->known_hosts);
	g->max_jobs = config->max_jobs;
	g->rpc_port = config->rpc_port;
	g->restart_delay_ms = config->restart_delay_ms;
	g->check_limit_ms = config->check_limit_ms ? config->check_limit_ms : JOB_CHECK_LIMIT_MS;
	g->cluster_changed = config->cluster_changed;
	g->cluster_ctx = config->ctx;
	g->queue = event_new(base, -1, 0, on_queue, g);
	g->flush = event_new(base, -1, 0, on_flush, g);
	g->child = evsignal_new(base, SIGCHLD, on_child, g);
	event_add(g->child, NULL);
	if (resume(g, e) != ERR_OK) {
		job_engine_free(&g);
		return err_wrap(e, "resume jobs");
	}
	queue_kick(g);
	*out = g;
	return ERR_OK;
}

static void end_runner(struct runner *r)
{
	(void)events_store(r, NULL);
	if (r->pid > 0) {
		proc_kill(r->pid, SIGKILL, true);
		(void)proc_reap(r->pid, true);
	}
	pidfile_remove(r);
	runner_free(r);
}

void job_engine_free(struct job_engine **engine)
{
	struct job_engine *g = *engine;

	*engine = NULL;
	if (!g)
		return;
	g->stopping = true;
	while (g->runners)
		end_runner(g->runners);
	event_free(g->queue);
	event_free(g->flush);
	event_free(g->child);
	lock_table_release(&g->locks);
	free(g->runner_path);
	free(g->run_dir);
	free(g->known_hosts);
	free(g);
}

void job_engine_forget(struct job_engine *g, const struct evconn *conn)
{
	for (struct runner *r = g->runners; r; r = r->next) {
		if (r->asker == conn)
			r->asker = NULL;
	}
}

struct json *job_engine_status(struct job_engine *g)
{
	struct json *j = json_object_new();
	int64_t counts[JOB_STATES] = { 0 };

	(void)store_job_counts(g->store, 0, counts, NULL);
	json_set_int(j, "runners", (int64_t)runner_count(g, false));
	json_set_int(j, "defined", counts[JOB_DEFINED]);
	json_set_int(j, "running", counts[JOB_RUNNING]);
	return j;
}
