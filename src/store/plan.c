/* A job's plan: what its planner wrote, sealed, and how far it came, to be seen. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/db.h"
#include "store/jobs.h"

#define SEALED_CONTEXT "job_plan.context"
#define SEALED_BODY    "job_steps.body"

static enum err_code insert_context(struct store *s, int64_t job_id, const struct json *context,
                                    struct err *e)
{
	CLEANUP(json_free) struct json *empty = json_object_new();
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT;
	CLEANUP(query_end) struct query q = { 0 };

	TRY(sealed_write(s, SEALED_CONTEXT, job_id, -1, context ? context : empty, &sealed, e));
	TRY(query_begin(&s->main,
	                "INSERT INTO job_plan VALUES (?1, ?2, ?3) ON CONFLICT (job_id)"
	                " DO UPDATE SET created = excluded.created, context = excluded.context",
	                &q, e));
	bind_int(&q, job_id);
	bind_int(&q, clock_wall_ms());
	bind_blob(&q, &sealed);
	return query_run(&q, e);
}

static enum err_code check_step(const struct json *step, enum job_step_state *state, struct err *e)
{
	const char *name = json_get_str(step, "state");

	*state = STEP_PENDING;
	if (json_get_int(step, "seq", -1) < 0 || str_empty(json_get_str(step, "name")))
		return err_set(e, ERR_INVALID, "a step must have \"seq\" and \"name\"");
	if (name != NULL && !job_step_state_parse(name, state))
		return err_set(e, ERR_INVALID, "a step cannot be \"%s\"", name);
	return ERR_OK;
}

static enum err_code insert_step(struct store *s, int64_t job_id, const struct json *step,
                                 struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT;
	CLEANUP(query_end) struct query q = { 0 };
	int64_t seq = json_get_int(step, "seq", -1);
	enum job_step_state state;

	TRY(check_step(step, &state, e));
	TRY(sealed_write(s, SEALED_BODY, job_id, seq, step, &sealed, e));
	TRY(query_begin(&s->main,
	                "INSERT INTO job_steps (job_id, seq, name, title, host, state, note, body)"
	                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	                &q, e));
	bind_int(&q, job_id);
	bind_int(&q, seq);
	bind_text(&q, json_get_str(step, "name"));
	bind_text(&q, json_get_str(step, "title"));
	bind_text(&q, json_get_str(step, "host"));
	bind_int(&q, state);
	bind_text(&q, json_get_str(step, "note"));
	bind_blob(&q, &sealed);
	return query_run(&q, e);
}

static enum err_code insert_steps(struct store *s, int64_t job_id, const struct json *steps,
                                  struct err *e)
{
	if (json_len(steps) > JOB_STEPS_MAX)
		return err_set(e, ERR_LIMIT, "a plan of more than %d steps", JOB_STEPS_MAX);
	for (size_t i = 0; i < json_len(steps); i++)
		TRY(insert_step(s, job_id, json_at(steps, i), e));
	return ERR_OK;
}

static enum err_code check_job(struct store *s, int64_t job_id, struct err *e)
{
	int64_t id;
	bool found;

	TRY(db_get_int(&s->main, "SELECT job_id FROM jobs WHERE job_id = ?1", job_id, &id, &found,
	               e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "Job %" PRId64 " is not found.", job_id);
	return ERR_OK;
}

enum err_code store_plan_put(struct store *s, int64_t job_id, const struct json *context,
                             const struct json *steps, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(check_job(s, job_id, e));
	TRY(insert_context(s, job_id, context, e));
	TRY(db_run_int(&s->main, "DELETE FROM job_steps WHERE job_id = ?1", job_id, e));
	TRY(insert_steps(s, job_id, steps, e));
	return store_tx_commit(&tx, e);
}

static enum err_code read_context(struct store *s, int64_t job_id, struct json *plan, bool *found,
                                  struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	struct json *context = NULL;

	TRY(query_begin(&s->main, "SELECT context FROM job_plan WHERE job_id = ?1", &q, e));
	bind_int(&q, job_id);
	TRY(query_step(&q, found, e));
	if (!*found)
		return ERR_OK;
	TRY(sealed_read(s, SEALED_CONTEXT, job_id, -1, &q, 0, &context, e));
	json_set(plan, "context", context);
	return ERR_OK;
}

static enum err_code read_step(struct store *s, int64_t job_id, const struct query *q,
                               struct json *steps, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	enum job_step_state state = (enum job_step_state)col_int(q, 1);
	struct json *step = NULL;

	TRY(sealed_read(s, SEALED_BODY, job_id, col_int(q, 0), q, 4, &step, e));
	json_set_str(step, "state", job_step_state_name(state));
	json_set_str(step, "note", col_text(q, 2, a));
	json_set_int(step, "tries", col_int(q, 3));
	json_append(steps, step);
	return ERR_OK;
}

static enum err_code read_steps(struct store *s, int64_t job_id, struct json *steps, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT seq, state, note, tries, body FROM job_steps WHERE job_id = ?1"
	                " ORDER BY seq",
	                &q, e));
	bind_int(&q, job_id);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row)
			return ERR_OK;
		TRY(read_step(s, job_id, &q, steps, e));
	}
}

enum err_code store_plan_get(struct store *s, int64_t job_id, struct json **out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(json_free) struct json *plan = json_object_new();
	struct json *steps = json_array_new();
	bool found;

	json_set(plan, "steps", steps);
	TRY(store_tx_begin(s, &tx, e));
	TRY(read_context(s, job_id, plan, &found, e));
	TRY(read_steps(s, job_id, steps, e));
	*out = found ? json_ref(plan) : NULL;
	return ERR_OK;
}

static enum err_code write_step(struct store *s, int64_t job_id, int64_t seq,
                                enum job_step_state state, const char *note, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool starts = state == STEP_RUNNING;

	TRY(query_begin(&s->main,
	                "UPDATE job_steps SET state = ?1, note = ?2, tries = tries + ?3,"
	                " started = CASE WHEN ?3 THEN ?4 ELSE started END,"
	                " ended = CASE WHEN ?3 THEN 0 ELSE ?4 END WHERE job_id = ?5 AND seq = ?6",
	                &q, e));
	bind_int(&q, state);
	bind_text(&q, note);
	bind_int(&q, starts);
	bind_int(&q, clock_wall_ms());
	bind_int(&q, job_id);
	bind_int(&q, seq);
	TRY(query_run(&q, e));
	if (db_changes(&s->main) == 0)
		return err_set(e, ERR_NOT_FOUND, "job %" PRId64 " has no step %" PRId64, job_id,
		               seq);
	return ERR_OK;
}

enum err_code store_step_set_state(struct store *s, int64_t job_id, int64_t seq,
                                   enum job_step_state state, const char *note, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(write_step(s, job_id, seq, state, note, e));
	return store_tx_commit(&tx, e);
}

static void read_public(const struct query *q, struct arena *a, struct job_step *st)
{
	st->job_id = col_int(q, 0);
	st->seq = col_int(q, 1);
	st->name = col_text(q, 2, a);
	st->title = col_text(q, 3, a);
	st->host = col_text(q, 4, a);
	st->state = (enum job_step_state)col_int(q, 5);
	st->note = col_text(q, 6, a);
	st->started = col_int(q, 7);
	st->ended = col_int(q, 8);
	st->tries = (int)col_int(q, 9);
}

static enum err_code count_steps(struct store *s, int64_t job_id, size_t *out, struct err *e)
{
	int64_t n = 0;

	TRY(db_get_int(&s->main, "SELECT count(*) FROM job_steps WHERE job_id = ?1", job_id, &n,
	               NULL, e));
	*out = (size_t)n;
	return ERR_OK;
}

static enum err_code read_public_steps(struct store *s, int64_t job_id, struct arena *a,
                                       struct job_step_list *l, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	size_t wanted = 0;
	bool row;

	TRY(count_steps(s, job_id, &wanted, e));
	l->items = ARENA_NEWN(a, wanted, struct job_step);
	TRY(query_begin(&s->main,
	                "SELECT job_id, seq, name, title, host, state, note, started, ended, tries"
	                " FROM job_steps WHERE job_id = ?1 ORDER BY seq",
	                &q, e));
	bind_int(&q, job_id);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		read_public(&q, a, &l->items[l->count++]);
	}
}

enum err_code store_step_list(struct store *s, int64_t job_id, struct arena *a,
                              struct job_step_list *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct job_step_list l = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(read_public_steps(s, job_id, a, &l, e));
	*out = l;
	return ERR_OK;
}
