#include "plan/findings.h"

#include <stdarg.h>

#include "plan/run.h"

void findings_init(struct findings *f, struct arena *a)
{
	*f = (struct findings){ .a = a };
	f->list = ARENA_NEWN(a, FINDINGS_MAX, struct finding);
}

PRINTF_LIKE(6, 0)
static void add(struct findings *f, bool is_error, const char *code, const char *host,
                const char *hint, const char *fmt, va_list ap)
{
	if (f->count >= FINDINGS_MAX)
		return;
	f->list[f->count++] = (struct finding){
		.is_error = is_error,
		.code = code,
		.host = arena_strdup(f->a, host),
		.text = arena_vprintf(f->a, fmt, ap),
		.hint = arena_strdup(f->a, hint),
	};
	f->errors += is_error;
}

void finding_error(struct findings *f, const char *code, const char *host, const char *hint,
                   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, true, code, host, hint, fmt, ap);
	va_end(ap);
}

void finding_warning(struct findings *f, const char *code, const char *host, const char *hint,
                     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, false, code, host, hint, fmt, ap);
	va_end(ap);
}

enum err_code findings_report(struct run *r, const struct findings *f, struct err *e)
{
	size_t i;

	for (i = 0; i < f->count; i++) {
		const struct finding *x = &f->list[i];

		run_log(r, x->is_error ? RUN_FAILURE : RUN_WARNING, "check.c", (int)i + 1, x->host,
		        "%s", x->text);
		if (x->hint)
			run_log(r, RUN_MESSAGE, "check.c", (int)i + 1, x->host, "What to do: %s",
			        x->hint);
	}
	if (f->errors == 0)
		return ERR_OK;
	return err_set(e, ERR_REFUSED, "%zu problem%s found before the start; nothing was changed",
	               f->errors, f->errors == 1 ? "" : "s");
}

struct json *findings_json(const struct findings *f)
{
	struct json *list = json_array_new();
	size_t i;

	for (i = 0; i < f->count; i++) {
		struct json *j = json_object_new();

		json_set_str(j, "severity", f->list[i].is_error ? "error" : "warning");
		json_set_str(j, "code", f->list[i].code);
		json_set_str(j, "host", f->list[i].host);
		json_set_str(j, "text", f->list[i].text);
		json_set_str(j, "hint", f->list[i].hint);
		json_append(list, j);
	}
	return list;
}
