/* Jobs: making, changing, deleting. */
#include "store/jobs.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/mask.h"
#include "store/db.h"

#define SEALED_DATA "jobs.job_data_sealed"

static enum err_code not_found(int64_t id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "Job %" PRId64 " is not found.", id);
}

static void bind_owner(struct query *q, const struct job *j)
{
	bind_int(q, j->user_id);
	bind_text(q, j->user_name);
	bind_int(q, j->group_id);
	bind_text(q, j->group_name);
	bind_text(q, j->ip_address);
}

static enum err_code insert_job(struct store *s, const struct job *j, const char *masked,
                                struct err *e)
{
	enum job_state state = j->scheduled != 0 ? JOB_SCHEDULED : JOB_DEFINED;
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(
	        &s->main,
	        "INSERT INTO jobs (cluster_id, parent_job_id, command, title, state,"
	        " status_text, created, scheduled, recurrence, user_id, user_name, group_id,"
	        " group_name, ip_address, job_data, dedup_key) VALUES (?1, ?2, ?3, ?4, ?5,"
	        " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	        &q, e));
	bind_int(&q, j->cluster_id);
	bind_int(&q, j->parent_job_id);
	bind_text(&q, j->command);
	bind_text(&q, str_or(j->title, "Untitled Job"));
	bind_int(&q, state);
	bind_text(&q, job_state_text(state));
	bind_int(&q, j->created != 0 ? j->created : clock_wall_ms());
	bind_int(&q, j->scheduled);
	bind_text(&q, j->recurrence);
	bind_owner(&q, j);
	bind_text(&q, masked);
	if (str_empty(j->dedup_key))
		bind_null(&q);
	else
		bind_text(&q, j->dedup_key);
	return query_run(&q, e);
}

static enum err_code seal_data(struct store *s, int64_t id, const struct json *data, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT;
	CLEANUP(query_end) struct query q = { 0 };

	TRY(sealed_write(s, SEALED_DATA, id, -1, data, &sealed, e));
	TRY(query_begin(&s->main, "UPDATE jobs SET job_data_sealed = ?1 WHERE job_id = ?2", &q, e));
	bind_blob(&q, &sealed);
	bind_int(&q, id);
	return query_run(&q, e);
}

static enum err_code insert_tags(struct store *s, int64_t id, const struct job *j, struct err *e)
{
	for (size_t i = 0; i < j->n_tags; i++) {
		CLEANUP(query_end) struct query q = { 0 };

		TRY(query_begin(&s->main, "INSERT INTO job_tags VALUES (?1, ?2, ?3)", &q, e));
		bind_int(&q, id);
		bind_int(&q, (int64_t)i);
		bind_text(&q, j->tags[i]);
		TRY(query_run(&q, e));
	}
	return ERR_OK;
}

static enum err_code check_new(const struct job *j, struct err *e)
{
	if (str_empty(j->command))
		return err_set(e, ERR_INVALID, "a job must have a command");
	if (j->title != NULL && strlen(j->title) > JOB_TITLE_MAX)
		return err_set(e, ERR_LIMIT, "a job's title has at most %d bytes", JOB_TITLE_MAX);
	if (j->n_tags > JOB_TAGS_MAX)
		return err_set(e, ERR_LIMIT, "a job has at most %d tags", JOB_TAGS_MAX);
	return ERR_OK;
}

static enum err_code check_dedup(struct store *s, const struct job *j, int64_t *id, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	if (str_empty(j->dedup_key))
		return ERR_OK;
	TRY(query_begin(&s->main, "SELECT job_id FROM jobs WHERE dedup_key = ?1", &q, e));
	bind_text(&q, j->dedup_key);
	TRY(query_step(&q, &row, e));
	if (!row)
		return ERR_OK;
	*id = col_int(&q, 0);
	return err_set(e, ERR_CONFLICT, "the request was made before, as job %" PRId64, *id);
}

enum err_code store_job_create(struct store *s, const struct job *j, const struct json *job_data,
                               int64_t *id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(json_free) struct json *data = job_data ? json_copy(job_data) : json_object_new();
	CLEANUP(json_free) struct json *masked = mask_secrets(data);
	CLEANUP(free_str) char *text = json_dumps(masked);
	int64_t made;

	TRY(check_new(j, e));
	TRY(store_tx_begin(s, &tx, e));
	TRY(check_dedup(s, j, id, e));
	TRY(insert_job(s, j, text, e));
	made = db_last_id(&s->main);
	TRY(seal_data(s, made, data, e));
	TRY(insert_tags(s, made, j, e));
	TRY(db_run_int(&s->main, "INSERT INTO job_logs VALUES (?1, 0, 0)", made, e));
	TRY(store_tx_commit(&tx, e));
	*id = made;
	return ERR_OK;
}

enum err_code store_job_data(struct store *s, int64_t id, struct json **out, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT job_data_sealed FROM jobs WHERE job_id = ?1", &q, e));
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return not_found(id, e);
	return sealed_read(s, SEALED_DATA, id, -1, &q, 0, out, e);
}

/* Bind the id last, run, and complain when there is no such job. */
static enum err_code change_job(struct store *s, struct query *q, int64_t id, struct err *e)
{
	bind_int(q, id);
	TRY(query_run(q, e));
	return db_changes(&s->main) > 0 ? ERR_OK : not_found(id, e);
}

static enum err_code state_of(struct store *s, int64_t id, enum job_state *out, struct err *e)
{
	int64_t state = 0;
	bool found;

	TRY(db_get_int(&s->main, "SELECT state FROM jobs WHERE job_id = ?1", id, &state, &found,
	               e));
	if (!found)
		return not_found(id, e);
	*out = (enum job_state)state;
	return ERR_OK;
}

static enum err_code write_state(struct store *s, int64_t id, enum job_state state,
                                 const char *text, int exit_code, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	int64_t now = clock_wall_ms();

	TRY(query_begin(&s->main,
	                "UPDATE jobs SET state = ?1, status_text = ?2, exit_code = ?3,"
	                " started = CASE WHEN started = 0 THEN ?4 ELSE started END,"
	                " ended = ?5 WHERE job_id = ?6",
	                &q, e));
	bind_int(&q, state);
	bind_text(&q, str_or(text, job_state_text(state)));
	bind_int(&q, exit_code);
	bind_int(&q, state == JOB_RUNNING ? now : 0);
	bind_int(&q, job_state_final(state) ? now : 0);
	return change_job(s, &q, id, e);
}

enum err_code store_job_set_state(struct store *s, int64_t id, enum job_state state,
                                  const char *text, int exit_code, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	enum job_state from = JOB_DEFINED;

	TRY(store_tx_begin(s, &tx, e));
	TRY(state_of(s, id, &from, e));
	if (!job_state_may(from, state))
		return err_set(e, ERR_REFUSED, "Job %" PRId64 " is %s and cannot become %s.", id,
		               job_state_name(from), job_state_name(state));
	TRY(write_state(s, id, state, text, exit_code, e));
	return store_tx_commit(&tx, e);
}

enum err_code store_job_set_status_text(struct store *s, int64_t id, const char *text,
                                        struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main, "UPDATE jobs SET status_text = ?1 WHERE job_id = ?2", &q, e));
	bind_text(&q, text);
	TRY(change_job(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

static enum err_code write_progress(struct store *s, int64_t id, const struct job_progress *p,
                                    struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "UPDATE jobs SET progress_known = ?1, progress_percent = ?2,"
	                " progress_text = ?3, done_bytes = ?4, total_bytes = ?5, rate = ?6,"
	                " eta_s = ?7 WHERE job_id = ?8",
	                &q, e));
	bind_int(&q, p->known);
	bind_real(&q, p->percent);
	bind_text(&q, p->text);
	bind_int(&q, p->done_bytes);
	bind_int(&q, p->total_bytes);
	bind_int(&q, p->rate);
	bind_int(&q, p->eta_s);
	return change_job(s, &q, id, e);
}

enum err_code store_job_set_progress(struct store *s, int64_t id, const struct job_progress *p,
                                     struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(write_progress(s, id, p, e));
	return store_tx_commit(&tx, e);
}

static enum err_code set_int(struct store *s, const char *sql, int64_t value, int64_t id,
                             struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main, sql, &q, e));
	bind_int(&q, value);
	TRY(change_job(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

enum err_code store_job_set_phase(struct store *s, int64_t id, enum job_phase phase, struct err *e)
{
	return set_int(s, "UPDATE jobs SET phase = ?1 WHERE job_id = ?2", phase, id, e);
}

enum err_code store_job_set_cancel(struct store *s, int64_t id, struct err *e)
{
	return set_int(s, "UPDATE jobs SET cancel = ?1 WHERE job_id = ?2", 1, id, e);
}

enum err_code store_job_set_cluster(struct store *s, int64_t id, int64_t cluster_id, struct err *e)
{
	return set_int(s, "UPDATE jobs SET cluster_id = ?1 WHERE job_id = ?2", cluster_id, id, e);
}

enum err_code store_job_add_attempt(struct store *s, int64_t id, int *attempt, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t n = 0;

	TRY(store_tx_begin(s, &tx, e));
	TRY(set_int(s, "UPDATE jobs SET attempt = attempt + ?1 WHERE job_id = ?2", 1, id, e));
	TRY(db_get_int(&s->main, "SELECT attempt FROM jobs WHERE job_id = ?1", id, &n, NULL, e));
	TRY(store_tx_commit(&tx, e));
	if (attempt != NULL)
		*attempt = (int)n;
	return ERR_OK;
}

enum err_code store_job_set_result(struct store *s, int64_t id, const struct json *result,
                                   struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(json_free) struct json *masked = mask_secrets(result);
	CLEANUP(free_str) char *text = json_dumps(masked);
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main, "UPDATE jobs SET result = ?1 WHERE job_id = ?2", &q, e));
	bind_text(&q, text);
	TRY(change_job(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

enum err_code store_job_delete(struct store *s, int64_t id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	enum job_state state = JOB_DEFINED;

	TRY(store_tx_begin(s, &tx, e));
	TRY(state_of(s, id, &state, e));
	if (state == JOB_RUNNING || state == JOB_DEQUEUED)
		return err_set(e, ERR_REFUSED, "Job %" PRId64 " is running.", id);
	TRY(db_run_int(&s->main, "DELETE FROM jobs WHERE job_id = ?1", id, e));
	return store_tx_commit(&tx, e);
}
