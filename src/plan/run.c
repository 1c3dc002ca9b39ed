#include "plan/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define LOG_TEXT_MAX 4096

enum err_code run_init(struct run *r, const struct json *start, struct err *e)
{
	/* a plan that was stored just before the end of its maker is made anew */
	bool is_new = str_eq(str_or(json_get_str(start, "phase"), "new"), "new");
	const struct json *plan = is_new ? NULL : json_get(start, "plan");

	r->a = arena_new();
	r->job_id = json_get_int(start, "job_id", 0);
	r->cluster_id = json_get_int(start, "cluster_id", 0);
	r->command = arena_strdup(r->a, json_get_str(start, "command"));
	r->phase = arena_strdup(r->a, str_or(json_get_str(start, "phase"), "new"));
	r->run_dir = arena_strdup(r->a, json_get_str(start, "run_dir"));
	r->data = json_ref(json_get(start, "job_data"));
	r->controller = json_ref(json_get(start, "controller"));
	r->context = json_is_object(json_get(plan, "context")) ? json_ref(json_get(plan, "context"))
	                                                       : json_object_new();
	r->steps = json_is_array(json_get(plan, "steps")) ? json_ref(json_get(plan, "steps"))
	                                                  : json_array_new();
	r->job_tag = run_job_tag(r, r->job_id);
	if (!r->command || !r->run_dir || !json_is_object(r->data))
		return err_set(e, ERR_PARSE, "start frame lacks command, run_dir or job_data");
	return ERR_OK;
}

void run_release(struct run *r)
{
	json_free(&r->data);
	json_free(&r->controller);
	json_free(&r->context);
	json_free(&r->steps);
	arena_free(&r->a);
}

const char *run_str(const struct run *r, const char *key)
{
	const char *s = json_get_str(r->data, key);

	return str_empty(s) ? NULL : s;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

void run_log(struct run *r, const char *level, const char *file, int line, const char *host,
             const char *fmt, ...)
{
	char text[LOG_TEXT_MAX], when[CLOCK_ISO_SIZE];
	struct json *args = json_object_new();
	size_t used = 0;
	va_list ap;

	if (host)
		used = (size_t)snprintf(text, sizeof(text), "%.255s: ", host);
	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	json_set_str(args, "level", level);
	json_set_str(args, "text", text);
	json_set_str(args, "file", base_name(file));
	json_set_int(args, "line", line);
	json_set_str(args, "created", clock_iso(clock_wall_ms(), when));
	if (host) {
		struct json *fields = json_object_new();

		json_set_str(fields, "host", host);
		json_set(args, "fields", fields);
	}
	(void)ipc_note(r->engine, "log", args, NULL);
}

void run_fail_err(struct run *r, const char *host, const struct err *e)
{
	run_log(r, RUN_FAILURE, __FILE__, __LINE__, host, "%s.", e->text);
	if (e->hint[0] != '\0')
		run_log(r, RUN_MESSAGE, __FILE__, __LINE__, host, "What to do: %s.", e->hint);
}

void run_progress(struct run *r, double percent, const char *text)
{
	struct json *args = json_object_new();

	json_set_real(args, "percent", percent);
	json_set_str(args, "text", text);
	(void)ipc_note(r->engine, "progress", args, NULL);
}

enum err_code run_call(struct run *r, const char *call, struct json *args, struct json **result,
                       struct err *e)
{
	struct json *dropped = NULL;
	enum err_code code = ipc_call(r->engine, call, args, result ? result : &dropped, e);

	json_free(&dropped);
	return code;
}

bool run_is_cancelled(const struct run *r)
{
	return r->cancelled && *r->cancelled;
}

enum err_code run_check_cancel(const struct run *r, struct err *e)
{
	return run_is_cancelled(r) ? err_set(e, ERR_CANCELLED, "the job was cancelled") : ERR_OK;
}

static void on_line(void *ctx, const char *host, enum script_line kind, const char *text)
{
	static const char *const levels[] = {
		[SCRIPT_TEXT] = RUN_MESSAGE,
		[SCRIPT_WARN] = RUN_WARNING,
		[SCRIPT_DEBUG] = RUN_DEBUG,
	};

	run_log(ctx, levels[kind], __FILE__, __LINE__, host, "%s", text);
}

/* "54 % of 2.00 GiB, 120.00 MiB/s, 7 s left", at most once in two seconds. */
static void on_progress(void *ctx, const char *host, int64_t done, int64_t total)
{
	struct run *r = ctx;
	int64_t now = clock_mono_ms(), rate = 0;
	char a[32], b[32], left[32] = "";
	struct json *note;

	if (r->bytes_start_ms == 0 || done < r->bytes_last_done)
		r->bytes_start_ms = now;
	r->bytes_last_done = done;
	if (r->bytes_told_ms != 0 && now - r->bytes_told_ms < 2000 && done < total)
		return;
	r->bytes_told_ms = now;
	if (now > r->bytes_start_ms)
		rate = done * 1000 / (now - r->bytes_start_ms);
	if (rate > 0 && total > done)
		snprintf(left, sizeof(left), ", %lld s left", (long long)((total - done) / rate));
	str_bytes((uint64_t)done, a, sizeof(a));
	str_bytes((uint64_t)rate, b, sizeof(b));
	run_say_at(r, host, "Copied %s (%lld %%), %s/s%s.", a,
	           total > 0 ? (long long)(done * 100 / total) : 0, b, left);
	note = json_object_new();
	json_set_int(note, "done_bytes", done);
	json_set_int(note, "total_bytes", total);
	json_set_int(note, "rate", rate);
	if (rate > 0)
		json_set_int(note, "eta_s", (total - done) / rate);
	(void)ipc_note(r->engine, "progress", note, NULL);
}

struct script_events run_events(struct run *r)
{
	return (struct script_events){ .on_line = on_line, .on_progress = on_progress, .ctx = r };
}

const char *run_job_tag(struct run *r, int64_t job_id)
{
	return run_printf(r, "%.8s-%lld", str_or(json_get_str(r->controller, "id"), "00000000"),
	                  (long long)job_id);
}

const char *run_printf(struct run *r, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
	return s;
}
