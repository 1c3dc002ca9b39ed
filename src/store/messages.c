/* The log of a job. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/db.h"
#include "store/jobs.h"

#define MESSAGES_AT_ONCE 100000

static const char full_text[] = "The log of this job is full, further messages are left out.";

struct position {
	int64_t seq, visible;
};

/* Count the message; the counters are the positions. */
static enum err_code next_position(struct store *s, const struct job_message *m,
                                   struct position *out, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "UPDATE job_logs SET messages = messages + 1, visible = visible + ?1"
	                " WHERE job_id = ?2 RETURNING messages, visible",
	                &q, e));
	bind_int(&q, m->level != JOB_DEBUG);
	bind_int(&q, m->job_id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return err_set(e, ERR_NOT_FOUND, "Job %" PRId64 " is not found.", m->job_id);
	out->seq = col_int(&q, 0);
	out->visible = col_int(&q, 1);
	return query_run(&q, e);
}

/* Not in the middle of a character. */
static char *cut_text(const char *text)
{
	size_t len = strlen(text);

	if (len > JOB_MESSAGE_TEXT_MAX) {
		len = JOB_MESSAGE_TEXT_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	return xstrndup(text, len);
}

static enum err_code insert_message(struct store *s, const struct job_message *m,
                                    const struct position *at, const char *text, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "INSERT INTO job_messages (job_id, seq, visible_seq, created, level, text,"
	                " file, line, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	                &q, e));
	bind_int(&q, m->job_id);
	bind_int(&q, at->seq);
	if (m->level == JOB_DEBUG)
		bind_null(&q);
	else
		bind_int(&q, at->visible);
	bind_int(&q, m->created != 0 ? m->created : clock_wall_ms());
	bind_int(&q, m->level);
	bind_text(&q, text);
	bind_text(&q, m->file);
	bind_int(&q, m->line);
	if (str_empty(m->fields))
		bind_null(&q);
	else
		bind_text(&q, m->fields);
	return query_run(&q, e);
}

enum err_code store_message_append(struct store *s, const struct job_message *m, int64_t *id,
                                   struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(free_str) char *text = cut_text(str_or(m->text, ""));
	struct job_message last = *m;
	struct position at;
	int64_t made;

	TRY(store_tx_begin(s, &tx, e));
	TRY(next_position(s, m, &at, e));
	if (at.seq > JOB_MESSAGES_MAX)
		return err_set(e, ERR_LIMIT, "the log of job %" PRId64 " is full", m->job_id);
	if (at.seq < JOB_MESSAGES_MAX) {
		TRY(insert_message(s, m, &at, text, e));
	} else {
		last.fields = NULL;
		TRY(insert_message(s, &last, &at, full_text, e));
	}
	made = db_last_id(&s->main);
	TRY(store_tx_commit(&tx, e));
	if (id != NULL)
		*id = made;
	return ERR_OK;
}

static enum err_code count_messages(struct store *s, const struct message_filter *f, int64_t *total,
                                    struct err *e)
{
	bool found;

	TRY(db_get_int(&s->main,
	               f->with_debug ? "SELECT messages FROM job_logs WHERE job_id = ?1"
	                             : "SELECT visible FROM job_logs WHERE job_id = ?1",
	               f->job_id, total, &found, e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "Job %" PRId64 " is not found.", f->job_id);
	return ERR_OK;
}

#define MESSAGE_COLUMNS \
	"SELECT message_id, job_id, created, level, text, file, line, fields FROM job_messages"

/* Positions instead of OFFSET: the hundred thousandth message costs no more than the first. */
static const char *list_sql(const struct message_filter *f)
{
	static const char all[] =
	        MESSAGE_COLUMNS " WHERE job_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq";
	static const char all_newest[] =
	        MESSAGE_COLUMNS " WHERE job_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq DESC";
	static const char visible[] =
	        MESSAGE_COLUMNS " WHERE job_id = ?1 AND visible_seq > ?2 AND visible_seq <= ?3"
	                        " ORDER BY visible_seq";
	static const char visible_newest[] =
	        MESSAGE_COLUMNS " WHERE job_id = ?1 AND visible_seq > ?2 AND visible_seq <= ?3"
	                        " ORDER BY visible_seq DESC";

	if (f->with_debug)
		return f->newest_first ? all_newest : all;
	return f->newest_first ? visible_newest : visible;
}

static void read_message(const struct query *q, struct arena *a, struct job_message *m)
{
	m->id = col_int(q, 0);
	m->job_id = col_int(q, 1);
	m->created = col_int(q, 2);
	m->level = (enum job_level)col_int(q, 3);
	m->text = col_text(q, 4, a);
	m->file = col_text(q, 5, a);
	m->line = (int)col_int(q, 6);
	m->fields = col_text(q, 7, a);
}

/* Positions after FIRST up to LAST. */
static void wanted_range(const struct message_filter *f, int64_t total, int64_t *first,
                         int64_t *last)
{
	int64_t limit = f->limit > 0 && f->limit < MESSAGES_AT_ONCE ? f->limit : MESSAGES_AT_ONCE;
	int64_t skip = f->offset > 0 ? f->offset : 0;

	if (skip > total)
		skip = total;
	if (limit > total - skip)
		limit = total - skip;
	*first = f->newest_first ? total - skip - limit : skip;
	*last = *first + limit;
}

static enum err_code read_messages(struct store *s, const struct message_filter *f, struct arena *a,
                                   struct job_message_list *l, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	int64_t first, last;
	size_t wanted;
	bool row;

	wanted_range(f, l->total, &first, &last);
	wanted = (size_t)(last - first);
	l->items = ARENA_NEWN(a, wanted, struct job_message);
	TRY(query_begin(&s->main, list_sql(f), &q, e));
	bind_int(&q, f->job_id);
	bind_int(&q, first);
	bind_int(&q, last);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == wanted)
			return ERR_OK;
		read_message(&q, a, &l->items[l->count++]);
	}
}

enum err_code store_message_list(struct store *s, const struct message_filter *f, struct arena *a,
                                 struct job_message_list *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct job_message_list l = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(count_messages(s, f, &l.total, e));
	TRY(read_messages(s, f, a, &l, e));
	*out = l;
	return ERR_OK;
}
