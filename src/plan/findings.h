/* What the checks found: everything is reported together, before anything is changed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct run;

struct finding {
	bool is_error;    /* else a warning */
	const char *code; /* "datadir_not_empty": for programs */
	const char *host; /* NULL: none in particular */
	const char *text; /* a sentence with its full stop */
	const char *hint; /* what to do; NULL: nothing to say */
};

#define FINDINGS_MAX 512

struct findings {
	struct arena *a;
	struct finding *list;
	size_t count, errors;
};

void findings_init(struct findings *f, struct arena *a);
void finding_error(struct findings *f, const char *code, const char *host, const char *hint,
                   const char *fmt, ...) PRINTF_LIKE(5, 6);
void finding_warning(struct findings *f, const char *code, const char *host, const char *hint,
                     const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Write all to the job's log; ERR_REFUSED with a count when there are errors. */
enum err_code findings_report(struct run *r, const struct findings *f, struct err *e);
/* As JSON, for the reply of checkHosts and for golden tests. */
struct json *findings_json(const struct findings *f);
