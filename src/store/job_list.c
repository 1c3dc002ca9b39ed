/* Jobs: reading. */
#include <inttypes.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/db.h"
#include "store/jobs.h"

#define JOB_COLUMNS                                                                                \
	"SELECT job_id, cluster_id, parent_job_id, command, title, state, status_text, created,"   \
	" started, ended, scheduled, recurrence, progress_known, progress_percent, progress_text," \
	" done_bytes, total_bytes, rate, eta_s, user_id, user_name, group_id, group_name,"         \
	" ip_address, exit_code, phase, attempt, cancel, dedup_key, job_data, result,"             \
	" (SELECT json_group_array(tag) FROM (SELECT tag FROM job_tags t"                          \
	"  WHERE t.job_id = jobs.job_id ORDER BY position)) FROM jobs"

#define JOB_FILTER                                                                         \
	" WHERE (?1 = 0 OR cluster_id = max(?1, 0)) AND (?2 = 0 OR (?2 >> state) & 1)"     \
	" AND (?3 = '[]' OR EXISTS (SELECT 1 FROM job_tags t WHERE t.job_id = jobs.job_id" \
	" AND t.tag IN (SELECT value FROM json_each(?3))))"

static void read_progress(const struct query *q, int i, struct arena *a, struct job_progress *p)
{
	p->known = col_int(q, i) != 0;
	p->percent = col_real(q, i + 1);
	p->text = col_text(q, i + 2, a);
	p->done_bytes = col_int(q, i + 3);
	p->total_bytes = col_int(q, i + 4);
	p->rate = col_int(q, i + 5);
	p->eta_s = col_int(q, i + 6);
}

static void read_owner(const struct query *q, int i, struct arena *a, struct job *j)
{
	j->user_id = col_int(q, i);
	j->user_name = col_text(q, i + 1, a);
	j->group_id = col_int(q, i + 2);
	j->group_name = col_text(q, i + 3, a);
	j->ip_address = col_text(q, i + 4, a);
}

/* The columns of JOB_COLUMNS, in their order. */
static void read_job(const struct query *q, struct arena *a, struct job *j)
{
	j->id = col_int(q, 0);
	j->cluster_id = col_int(q, 1);
	j->parent_job_id = col_int(q, 2);
	j->command = col_text(q, 3, a);
	j->title = col_text(q, 4, a);
	j->state = (enum job_state)col_int(q, 5);
	j->status_text = col_text(q, 6, a);
	j->created = col_int(q, 7);
	j->started = col_int(q, 8);
	j->ended = col_int(q, 9);
	j->scheduled = col_int(q, 10);
	j->recurrence = col_text(q, 11, a);
	read_progress(q, 12, a, &j->progress);
	read_owner(q, 19, a, j);
	j->exit_code = (int)col_int(q, 24);
	j->phase = (enum job_phase)col_int(q, 25);
	j->attempt = (int)col_int(q, 26);
	j->cancel = col_int(q, 27) != 0;
	j->dedup_key = col_text(q, 28, a);
	j->job_data = col_text(q, 29, a);
	j->result = col_text(q, 30, a);
	j->tags = col_strings(q, 31, a, &j->n_tags);
}

enum err_code store_job_get(struct store *s, int64_t id, struct arena *a, struct job *out,
                            struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	struct job j = { 0 };
	bool row;

	TRY(query_begin(&s->main, JOB_COLUMNS " WHERE job_id = ?1", &q, e));
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return err_set(e, ERR_NOT_FOUND, "Job %" PRId64 " is not found.", id);
	read_job(&q, a, &j);
	*out = j;
	return ERR_OK;
}

static char *tags_as_json(const struct job_filter *f)
{
	CLEANUP(json_free) struct json *tags = json_array_new();

	for (size_t i = 0; i < f->n_tags; i++)
		json_append_str(tags, f->tags[i]);
	return json_dumps(tags);
}

static enum err_code filter_begin(struct store *s, const char *sql, const struct job_filter *f,
                                  const char *tags, struct query *q, struct err *e)
{
	TRY(query_begin(&s->main, sql, q, e));
	bind_int(q, f->cluster_id);
	bind_int(q, f->states);
	bind_text(q, tags);
	return ERR_OK;
}

static enum err_code count_jobs(struct store *s, const struct job_filter *f, const char *tags,
                                int64_t *total, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(filter_begin(s, "SELECT count(*) FROM jobs" JOB_FILTER, f, tags, &q, e));
	TRY(query_step(&q, &row, e));
	*total = col_int(&q, 0);
	return ERR_OK;
}

static int64_t rows_wanted(const struct job_filter *f, int64_t total)
{
	int64_t left = total - (f->offset > 0 ? f->offset : 0);
	int64_t limit =
	        f->limit > 0 && f->limit < STORE_JOB_LIST_MAX ? f->limit : STORE_JOB_LIST_MAX;

	if (left < 0)
		left = 0;
	return left < limit ? left : limit;
}

static enum err_code read_jobs(struct store *s, const struct job_filter *f, const char *tags,
                               struct arena *a, struct job_list *l, struct err *e)
{
	static const char newest[] =
	        JOB_COLUMNS JOB_FILTER " ORDER BY job_id DESC LIMIT ?4 OFFSET ?5";
	static const char oldest[] = JOB_COLUMNS JOB_FILTER " ORDER BY job_id LIMIT ?4 OFFSET ?5";
	CLEANUP(query_end) struct query q = { 0 };
	size_t wanted = (size_t)rows_wanted(f, l->total);
	bool row;

	l->items = ARENA_NEWN(a, wanted, struct job);
	TRY(filter_begin(s, f->oldest_first ? oldest : newest, f, tags, &q, e));
	bind_int(&q, (int64_t)wanted);
	bind_int(&q, f->offset > 0 ? f->offset : 0);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		read_job(&q, a, &l->items[l->count++]);
	}
}

enum err_code store_job_list(struct store *s, const struct job_filter *f, struct arena *a,
                             struct job_list *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(free_str) char *tags = tags_as_json(f);
	struct job_list l = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(count_jobs(s, f, tags, &l.total, e));
	TRY(read_jobs(s, f, tags, a, &l, e));
	*out = l;
	return ERR_OK;
}

enum err_code store_job_counts(struct store *s, int64_t cluster_id, int64_t counts[JOB_STATES],
                               struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	int64_t got[JOB_STATES] = { 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT state, count(*) FROM jobs WHERE ?1 = 0 OR cluster_id = ?1"
	                " GROUP BY state",
	                &q, e));
	bind_int(&q, cluster_id);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row)
			break;
		if (col_int(&q, 0) >= 0 && col_int(&q, 0) < JOB_STATES)
			got[col_int(&q, 0)] = col_int(&q, 1);
	}
	for (size_t i = 0; i < JOB_STATES; i++)
		counts[i] = got[i];
	return ERR_OK;
}
