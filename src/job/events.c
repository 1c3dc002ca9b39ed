#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "job/internal.h"

/* When it was said: ms since 1970 or ISO 8601; nothing sensible: now. */
static int64_t note_created(const struct json *note)
{
	const char *iso = json_get_str(note, "created");
	int64_t ms = json_get_int(note, "created", 0);

	if (iso && clock_parse(iso, &ms))
		return ms;
	return ms > 0 ? ms : clock_wall_ms();
}

static const char *note_fields(struct arena *a, const struct json *note)
{
	const struct json *fields = json_get(note, "fields");
	const char *kept;
	char *text;

	if (!json_is_object(fields) || json_len(fields) == 0)
		return NULL;
	text = json_dumps(fields);
	kept = arena_strdup(a, text);
	free(text);
	return kept;
}

void log_batch_add(struct runner *r, const struct json *note)
{
	struct log_batch *b = &r->log;
	struct job_message *m;

	if (r->job_id == 0 || r->finished)
		return;
	if (b->len == JOB_LOG_BATCH)
		(void)events_store(r, NULL);
	if (!b->arena) {
		b->arena = arena_new();
		b->since_ms = clock_mono_ms();
	}
	m = &b->rows[b->len++];
	*m = (struct job_message){ .job_id = r->job_id, .created = note_created(note) };
	if (!job_level_parse(str_or(json_get_str(note, "level"), ""), &m->level))
		m->level = JOB_MESSAGE;
	m->text = arena_strdup(b->arena, str_or(json_get_str(note, "text"), ""));
	m->file = arena_strdup(b->arena, str_or(json_get_str(note, "file"), ""));
	m->line = (int)json_get_int(note, "line", 0);
	m->fields = note_fields(b->arena, note);
	flush_arm(r->engine);
}

void progress_update(struct runner *r, const struct json *note)
{
	struct progress_state *p = &r->progress;

	if (r->job_id == 0 || r->finished)
		return;
	snprintf(p->text, sizeof(p->text), "%s", str_or(json_get_str(note, "text"), ""));
	p->now.known = true;
	p->now.text = p->text;
	p->now.percent = json_get_real(note, "percent", 0);
	p->now.done_bytes = json_get_int(note, "done_bytes", 0);
	p->now.total_bytes = json_get_int(note, "total_bytes", 0);
	p->now.rate = json_get_int(note, "rate", 0);
	p->now.eta_s = json_get_int(note, "eta_s", -1);
	p->dirty = true;
	flush_arm(r->engine);
}

static enum err_code store_progress(struct runner *r, struct err *e)
{
	struct store *s = r->engine->store;

	TRY(store_job_set_progress(s, r->job_id, &r->progress.now, e));
	/* this is what clients show beside the bar */
	if (str_empty(r->progress.text))
		return ERR_OK;
	return store_job_set_status_text(s, r->job_id, r->progress.text, e);
}

static enum err_code store_batch(struct runner *r, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct log_batch *b = &r->log;

	TRY(store_tx_begin(r->engine->store, &tx, e));
	for (size_t i = 0; i < b->len; i++) {
		enum err_code rc = store_message_append(r->engine->store, &b->rows[i], NULL, e);

		if (rc == ERR_LIMIT) /* the log is full and says so */
			break;
		if (rc != ERR_OK)
			return rc;
	}
	if (r->progress.dirty)
		TRY(store_progress(r, e));
	return store_tx_commit(&tx, e);
}

enum err_code events_store(struct runner *r, struct err *e)
{
	struct err failure = { 0 };
	enum err_code rc;

	if (r->log.len == 0 && !r->progress.dirty)
		return ERR_OK;
	rc = store_batch(r, &failure);
	/* what cannot be stored is not tried for ever: the job goes on, the daemon's log tells */
	if (rc != ERR_OK)
		log_err(LOG_ERROR, r->label, &failure);
	if (rc != ERR_OK && e)
		*e = failure;
	arena_free(&r->log.arena);
	r->log.len = 0;
	r->progress.dirty = false;
	r->progress.written_ms = clock_mono_ms();
	return rc;
}

/* In how many ms the runner's words have to be stored; -1: there are none. */
static int64_t due_in(const struct runner *r, int64_t now)
{
	int64_t due = -1;

	if (r->progress.dirty)
		due = r->progress.written_ms + JOB_PROGRESS_MS - now;
	if (r->log.len > 0 && (!r->progress.dirty || r->log.since_ms + JOB_FLUSH_MS - now < due))
		due = r->log.since_ms + JOB_FLUSH_MS - now;
	if (r->log.len == 0 && !r->progress.dirty)
		return -1;
	return due < 0 ? 0 : due;
}

void flush_arm(struct job_engine *g)
{
	int64_t now = clock_mono_ms(), first = -1;
	struct timeval t;

	for (const struct runner *r = g->runners; r; r = r->next) {
		int64_t due = due_in(r, now);

		if (due >= 0 && (first < 0 || due < first))
			first = due;
	}
	if (first < 0)
		return;
	t.tv_sec = (time_t)(first / 1000);
	t.tv_usec = (suseconds_t)(first % 1000 * 1000);
	event_add(g->flush, &t);
}

void flush_due(struct job_engine *g)
{
	int64_t now = clock_mono_ms();

	for (struct runner *r = g->runners; r; r = r->next) {
		if (due_in(r, now) == 0)
			(void)events_store(r, NULL);
	}
	flush_arm(g);
}

enum err_code job_say(struct job_engine *g, int64_t job_id, enum job_level level, const char *fmt,
                      ...)
{
	struct job_message m = { .job_id = job_id, .level = level, .file = "engine" };
	char text[ERR_TEXT_MAX];
	enum err_code rc;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m.text = text;
	rc = store_message_append(g->store, &m, NULL, NULL);
	return rc == ERR_LIMIT ? ERR_OK : rc;
}
