#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "job/internal.h"
#include "store/clusters.h"

#define DRAIN_MAX 64 /* reads; more than a socket holds */

/* ---- the list ---- */

struct runner *runner_of_job(struct job_engine *g, int64_t job_id)
{
	for (struct runner *r = g->runners; r; r = r->next) {
		if (r->job_id == job_id && job_id != 0)
			return r;
	}
	return NULL;
}

size_t runner_count(const struct job_engine *g, bool checks)
{
	size_t n = 0;

	for (const struct runner *r = g->runners; r; r = r->next)
		n += (r->job_id == 0) == checks;
	return n;
}

static void arm(struct runner *r, int64_t ms)
{
	struct timeval t = { .tv_sec = (time_t)(ms / 1000),
		             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(r->timer, &t);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx);

static struct runner *runner_new(struct job_engine *g, int64_t job_id, int64_t check)
{
	struct runner *r = xcalloc(1, sizeof(*r));
	const char *kind = job_id ? "job" : "check";
	int64_t number = job_id ? job_id : check;

	r->engine = g;
	r->job_id = job_id;
	r->check = check;
	snprintf(r->label, sizeof(r->label), "%s %" PRId64, kind, number);
	r->run_dir = xasprintf("%s/%s-%" PRId64, g->run_dir, kind, number);
	r->timer = event_new(g->base, -1, 0, on_timer, r);
	r->next = g->runners;
	g->runners = r;
	return r;
}

void runner_free(struct runner *r)
{
	struct runner **at = &r->engine->runners;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	evconn_free(&r->conn);
	event_free(r->timer);
	arena_free(&r->log.arena);
	json_free(&r->check_data);
	free(r->run_dir);
	free(r);
}

/* ---- ends ---- */

/* The job has an end and no process: it makes room. */
static void leave(struct runner *r)
{
	struct job_engine *g = r->engine;

	pidfile_remove(r);
	lock_drop(&g->locks, r->job_id);
	runner_free(r);
	queue_kick(g);
}

static void check_answer(struct runner *r, enum err_code code, const char *text)
{
	struct err failure = { 0 };

	err_set(&failure, code, "%s", text);
	if (r->asker)
		evconn_error(r->asker, r->asker_id, &failure);
	r->asker = NULL;
}

static enum err_code store_failed(struct runner *r, const char *text, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct store *s = r->engine->store;
	enum job_state state;
	struct job j;

	TRY(store_tx_begin(s, &tx, e));
	TRY(store_job_get(s, r->job_id, a, &j, e));
	state = j.cancel && j.phase == JOB_PHASE_NEW ? JOB_ABORTED : JOB_FAILED;
	TRY(job_say(r->engine, r->job_id, JOB_FAILURE, "%s", text));
	TRY(store_job_set_state(s, r->job_id, state, text, 1, e));
	TRY(store_reservation_end(s, r->job_id, e));
	return store_tx_commit(&tx, e);
}

static void fail_job(struct runner *r, const char *text)
{
	struct err e = { 0 };

	FAILPOINT_HERE("job.fail.before");
	log_error("%s: %s", r->label, text);
	if (store_failed(r, text, &e) != ERR_OK)
		log_err(LOG_ERROR, r->label, &e); /* it is resumed by the next engine */
	FAILPOINT_HERE("job.fail.after");
	leave(r);
}

/* ---- starts ---- */

static void died(struct runner *r, const char *how);

static void start(struct runner *r)
{
	char text[ERR_TEXT_MAX + 64];
	struct err e = { 0 };
	enum err_code rc = runner_spawn(r, &e);

	if (rc == ERR_OK) {
		log_info("%s: runner %d started", r->label, (int)r->pid);
		return;
	}
	log_err(LOG_ERROR, r->label, &e);
	snprintf(text, sizeof(text), "cannot be started: %s", e.text);
	if (rc == ERR_REFUSED && r->job_id)
		fail_job(r, text);
	else
		died(r, text);
}

/* Ask for the undo of a job whose runner dies in the same step again and again; false when there
 * is nothing to undo or that was tried. */
static bool undo_instead(struct runner *r)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct store *s = r->engine->store;
	struct err e = { 0 };
	struct job j;

	if (store_job_get(s, r->job_id, a, &j, &e) != ERR_OK || j.phase != JOB_PHASE_RUN)
		return false;
	if (store_job_set_phase(s, r->job_id, JOB_PHASE_UNDO, &e) != ERR_OK) {
		log_err(LOG_ERROR, r->label, &e);
		return false;
	}
	(void)job_say(r->engine, r->job_id, JOB_FAILURE,
	              "The process of this job ended unexpectedly %d times in the same step; "
	              "what was done is undone now.",
	              r->deaths);
	runner_at_phase(r, JOB_PHASE_UNDO);
	return true;
}

static void give_up(struct runner *r, const char *how)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char text[ERR_TEXT_MAX];
	struct job j;
	bool undo;

	if (undo_instead(r)) {
		arm(r, r->engine->restart_delay_ms);
		return;
	}
	undo = store_job_get(r->engine->store, r->job_id, a, &j, NULL) == ERR_OK &&
	       j.phase == JOB_PHASE_UNDO;
	snprintf(text, sizeof(text),
	         "The process of this job ended unexpectedly %d times in the same step (%s)%s.",
	         r->deaths, how,
	         undo ? "; undoing stopped there, see the steps for what may be left" : "");
	fail_job(r, text);
}

static void died(struct runner *r, const char *how)
{
	if (r->job_id == 0) {
		check_answer(r, ERR_INTERNAL, "the check of the hosts ended unexpectedly");
		leave(r);
		return;
	}
	r->deaths++;
	(void)job_say(r->engine, r->job_id, JOB_DEBUG,
	              "The process of this job has ended unexpectedly (%s), death %d of %d.", how,
	              r->deaths, JOB_DEATHS_MAX);
	if (r->deaths >= JOB_DEATHS_MAX)
		give_up(r, how);
	else
		arm(r, (int64_t)r->engine->restart_delay_ms * r->deaths);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct runner *r = ctx;

	if (r->pid == 0) {
		start(r);
		return;
	}
	if (r->job_id == 0)
		check_answer(r, ERR_TIMEOUT, "the check of the hosts took too long");
	log_warning("%s: runner %d does not end, killing it", r->label, (int)r->pid);
	proc_kill(r->pid, SIGKILL, true);
}

void runner_begin(struct job_engine *g, int64_t job_id)
{
	start(runner_new(g, job_id, 0));
}

void check_begin(struct job_engine *g, struct evconn *asker, int64_t asker_id, struct json *data)
{
	struct runner *r = runner_new(g, 0, ++g->last_check);

	r->asker = asker;
	r->asker_id = asker_id;
	r->check_data = data;
	arm(r, g->check_limit_ms);
	start(r);
}

/* ---- what happens to a runner ---- */

void runner_at_step(struct runner *r, int64_t seq)
{
	bool further = r->phase == JOB_PHASE_UNDO ? seq < r->step : seq > r->step;

	if (!further)
		return;
	r->step = seq;
	r->deaths = 0;
}

void runner_at_phase(struct runner *r, enum job_phase phase)
{
	if (r->phase == phase)
		return;
	r->phase = phase;
	r->step = phase == JOB_PHASE_UNDO ? INT64_MAX : 0;
	r->deaths = 0;
}

void runner_finished(struct runner *r)
{
	r->finished = true;
	arm(r, JOB_EXIT_MS);
}

/* To the runner alone: its children may be undoing.  Asked again after a minute, a runner that does
 * not hear is replaced by one that does. */
void runner_cancel(struct runner *r)
{
	int64_t now = clock_mono_ms();
	bool deaf = r->cancelled_ms && now - r->cancelled_ms > JOB_DEAF_MS;

	if (r->pid <= 0 || r->finished)
		return;
	if (!r->cancelled_ms || deaf)
		r->cancelled_ms = now;
	if (deaf)
		proc_kill(r->pid, SIGKILL, true);
	else
		proc_kill(r->pid, SIGTERM, false);
}

void runner_disconnected(struct runner *r, const struct err *why)
{
	if (!r->finished && r->pid > 0)
		log_warning("%s: runner %d: %s", r->label, (int)r->pid, why->text);
	if (!r->finished)
		proc_kill(r->pid, SIGKILL, true);
}

static void describe(int status, char *buf, size_t size)
{
	if (status > 128)
		snprintf(buf, size, "signal %d", status - 128);
	else
		snprintf(buf, size, "exit code %d", status);
}

static void ended(struct runner *r, int status)
{
	char how[64];

	/* its ssh children must not outlive it */
	proc_kill(r->pid, SIGKILL, true);
	/* what it said before it died */
	for (int i = 0; r->conn && i < DRAIN_MAX && evconn_drain(r->conn, NULL) == ERR_OK; i++)
		;
	(void)events_store(r, NULL);
	evconn_free(&r->conn);
	event_del(r->timer);
	describe(status, how, sizeof(how));
	log_info("%s: runner %d ended (%s)", r->label, (int)r->pid, how);
	r->pid = 0;
	if (r->finished)
		leave(r);
	else
		died(r, how);
}

void runner_reap(struct job_engine *g)
{
	struct runner *next;

	for (struct runner *r = g->runners; r; r = next) {
		int status = r->pid > 0 ? proc_reap(r->pid, false) : -1;

		next = r->next;
		if (status >= 0)
			ended(r, status);
	}
}
