#include "cli/follow.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"
#include "cli/format.h"
#include "cli/request.h"

#define POLL_MS     300
#define LIMIT       300
#define BAR_COLUMNS 10
/* A controller that is restarted is back within seconds; the job goes on meanwhile. */
#define GONE_MAX_MS 60000

struct follower {
	struct cli *c;
	int64_t job_id, offset;
	int64_t gone_since_ms; /* 0: the controller answers */
	bool drawn;            /* a line of progress stands on the terminal */
	const struct json *job;
};

bool follow_is_end(const char *status)
{
	return args_one_of("FINISHED|FAILED|ABORTED", status);
}

/* ---- messages ---- */

static const struct {
	const char *status, *severity;
	enum tint tint;
} severities[] = {
	{ "JOB_SUCCESS", "MESSAGE", TINT_NONE },
	{ "JOB_WARNING", "WARNING", TINT_YELLOW },
	{ "JOB_FAILED", "FAILURE", TINT_RED },
	{ "JOB_DEBUG", "DEBUG", TINT_DIM },
};

static size_t severity_of(const struct json *message)
{
	const char *status = json_get_str(message, "message_status");

	for (size_t i = 0; i < ARRAY_SIZE(severities); i++)
		if (str_ieq(status, severities[i].status))
			return i;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "20:14:41" of "2026-11-22 20:14:41" */
static const char *time_of_day(const char *when)
{
	const char *blank = strrchr(when, ' ');

	return blank ? blank + 1 : when;
}

static bool message_field(void *ctx, char letter, struct strbuf *out)
{
	static const struct {
		char letter;
		const char *member;
	} members[] = { { 'F', "file_name" },
		        { 'L', "line_number" },
		        { 'M', "message_text" },
		        { 'I', "message_id" },
		        { 'J', "job_id" } };
	const struct json *message = ctx;
	const char *created = json_get_str(message, "created");
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (members[i].letter != letter)
			continue;
		format_value(json_get(message, members[i].member), out);
		return true;
	}
	if (letter == 'B')
		strbuf_adds(out, base_name(str_or(json_get_str(message, "file_name"), "")));
	else if (letter == 'C')
		strbuf_adds(out, screen_time(created, buf));
	else if (letter == 'T')
		strbuf_adds(out, time_of_day(screen_time(created, buf)));
	else if (letter == 'S')
		strbuf_adds(out, severities[severity_of(message)].severity);
	else if (letter == 'i')
		strbuf_addc(out, '0');
	else if (letter == 'h' || letter == 'c')
		strbuf_addc(out, '-');
	else if (letter == 'j')
		json_dump(message, out);
	else
		return false;
	return true;
}

void follow_print_message(const struct cli *c, const struct json *message, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool is_long = cli_flag(c, OPT_LONG);
	const char *format = args_text(&c->args, OPT_LOG_FORMAT);
	size_t row = severity_of(message);
	char when[32];

	if (!format)
		format = json_get_str(c->config,
		                      is_long ? "long_job_log_format" : "brief_job_log_format");
	if (format) {
		format_print(&c->screen, format, message_field, (void *)message, message, out);
		return;
	}
	screen_tint(&c->screen, TINT_DIM, screen_time(json_get_str(message, "created"), when), out);
	strbuf_addc(out, ' ');
	if (is_long)
		strbuf_addf(out, "%-7s (%s:%lld) ", severities[row].severity,
		            base_name(str_or(json_get_str(message, "file_name"), "-")),
		            (long long)json_get_int(message, "line_number", 0));
	else if (row)
		strbuf_addf(&text, "%s: ", severities[row].severity);
	screen_text(&c->screen, json_get_str(message, "message_text"), &text);
	screen_tint(&c->screen, severities[row].tint, strbuf_cstr(&text), out);
	strbuf_addc(out, '\n');
}

/* ---- progress ---- */

static enum tint status_tint(const char *status)
{
	if (str_eq(status, "FINISHED"))
		return TINT_GREEN;
	if (str_eq(status, "FAILED") || str_eq(status, "ABORTED"))
		return TINT_RED;
	return TINT_YELLOW;
}

static void add_bar(const struct screen *s, int percent, struct strbuf *out)
{
	strbuf_addc(out, '[');
	for (int i = 0; i < BAR_COLUMNS; i++)
		strbuf_adds(out, i * 100 >= percent * BAR_COLUMNS ? " "
		                 : s->utf8                        ? "\xe2\x96\x88"
		                                                  : "#");
	strbuf_addc(out, ']');
}

void follow_progress(const struct screen *s, const struct json *job, struct strbuf *out)
{
	const char *status = str_or(json_get_str(job, "status"), "UNKNOWN");
	double real = json_get_real(job, "progress_percent", 0);
	int percent = real < 0 ? 0 : real > 100 ? 100 : (int)real;
	char padded[24];

	snprintf(padded, sizeof(padded), "%-10s", status);
	strbuf_addf(out, "Job %lld ", (long long)json_get_int(job, "job_id", 0));
	screen_tint(s, status_tint(status), padded, out);
	strbuf_addc(out, ' ');
	if (str_eq(status, "FINISHED"))
		percent = 100;
	add_bar(s, percent, out);
	if (json_get_bool(job, "has_progress", true) || follow_is_end(status))
		strbuf_addf(out, " %3d%% ", percent);
	else
		strbuf_adds(out, " ---% ");
	screen_text(s, json_get_str(job, "status_text"), out);
}

static bool draws(const struct follower *f)
{
	return f->c->screen.terminal && !f->c->screen.batch && !cli_is_json(f->c);
}

static void erase(struct follower *f, struct strbuf *out)
{
	if (f->drawn)
		strbuf_adds(out, "\r\033[K");
	f->drawn = false;
}

static void draw(struct follower *f)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	const struct screen *s = &f->c->screen;

	if (!draws(f))
		return;
	erase(f, &out);
	follow_progress(s, f->job, &line);
	screen_cut(s, strbuf_cstr(&line), s->columns ? s->columns - 1 : 79, &out);
	f->drawn = true;
	screen_flush(&out);
}

/* ---- the loop ---- */

static bool is_stopped(const struct follower *f)
{
	return f->c->stop && *f->c->stop;
}

static enum err_code interrupted(const struct follower *f, struct err *e)
{
	fprintf(stderr, "%sThe job goes on; see pgtandem job --follow --job-id=%lld.\n",
	        f->drawn ? "\n" : "", (long long)f->job_id);
	return err_set(e, ERR_CANCELLED, "interrupted");
}

/* The controller is away: is it worth to ask again? */
static bool may_come_back(struct follower *f, const struct err *e)
{
	int64_t now = clock_mono_ms();

	if (e->code != ERR_UNREACHABLE && e->code != ERR_TIMEOUT && e->code != ERR_BUSY)
		return false;
	if (!f->gone_since_ms) {
		f->gone_since_ms = now;
		if (!f->c->screen.batch)
			fprintf(stderr, "%sThe controller does not answer; trying again.\n",
			        f->drawn ? "\n" : "");
		f->drawn = false;
	}
	return now - f->gone_since_ms < GONE_MAX_MS;
}

/* Ask until there is an answer. */
static enum err_code ask(struct follower *f, struct json *request, const struct json **reply,
                         struct err *e)
{
	while (cli_ask(f->c, PATH_JOBS, request, reply, e) != ERR_OK) {
		if (is_stopped(f))
			return interrupted(f, e);
		if (!may_come_back(f, e))
			return e->code;
		err_clear(e);
		clock_sleep_ms(POLL_MS);
	}
	f->gone_since_ms = 0;
	f->job = json_get(*reply, "job");
	if (!json_is_object(f->job))
		return err_set(e, ERR_PARSE, "the reply of the controller has no job");
	return ERR_OK;
}

static struct json *log_request(const struct follower *f)
{
	struct json *request = request_new("getJobLog");

	json_set_int(request, "job_id", f->job_id);
	json_set_bool(request, "ascending", true);
	json_set_int(request, "limit", LIMIT);
	if (f->offset)
		json_set_int(request, "offset", f->offset);
	if (cli_flag(f->c, OPT_DEBUG))
		json_set_str(request, "log_level", "DEBUG");
	return request;
}

static void print_messages(struct follower *f, const struct json *messages)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	f->offset += (int64_t)json_len(messages);
	if (!json_len(messages))
		return;
	erase(f, &out);
	for (size_t i = 0; i < json_len(messages) && !cli_is_json(f->c); i++)
		follow_print_message(f->c, json_at(messages, i), &out);
	screen_flush(&out);
}

/* Polls that bring nothing new are not worth printing. */
static void print_json(const struct follower *f, const struct json *reply, bool is_news)
{
	if (is_news && cli_is_json(f->c))
		cli_print_json(reply);
}

static void finish(struct follower *f, int *status)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	erase(f, &out);
	screen_flush(&out);
	*status = str_eq(json_get_str(f->job, "status"), "FINISHED") ? CLI_EXIT_OK
	                                                             : CLI_EXIT_JOB_FAILED;
}

enum err_code follow_log(struct cli *c, int64_t job_id, int *status, struct err *e)
{
	struct follower f = { .c = c, .job_id = job_id };
	const struct json *reply;

	for (;;) {
		CLEANUP(json_free) struct json *request = log_request(&f);
		size_t count;
		bool is_end;

		TRY(ask(&f, request, &reply, e));
		count = json_len(json_get(reply, "messages"));
		is_end = follow_is_end(json_get_str(f.job, "status"));
		print_json(&f, reply, count || is_end);
		print_messages(&f, json_get(reply, "messages"));
		if (is_end && count < LIMIT)
			break;
		draw(&f);
		if (count < LIMIT)
			clock_sleep_ms(POLL_MS);
		if (is_stopped(&f))
			return interrupted(&f, e);
	}
	finish(&f, status);
	return ERR_OK;
}

static void print_end(const struct follower *f)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	if (f->c->screen.batch || cli_is_json(f->c))
		return;
	follow_progress(&f->c->screen, f->job, &out);
	strbuf_addc(&out, '\n');
	screen_flush(&out);
}

enum err_code follow_wait(struct cli *c, int64_t job_id, int *status, struct err *e)
{
	struct follower f = { .c = c, .job_id = job_id };
	const struct json *reply;

	for (;;) {
		CLEANUP(json_free) struct json *request = request_new("getJobInstance");

		json_set_int(request, "job_id", job_id);
		TRY(ask(&f, request, &reply, e));
		print_json(&f, reply, follow_is_end(json_get_str(f.job, "status")));
		if (follow_is_end(json_get_str(f.job, "status")))
			break;
		draw(&f);
		clock_sleep_ms(POLL_MS);
		if (is_stopped(&f))
			return interrupted(&f, e);
	}
	finish(&f, status);
	print_end(&f);
	return ERR_OK;
}
