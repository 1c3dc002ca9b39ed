/* Runs a script of share/remote/ on a host (doc/remote-scripts.md is the contract). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "remote/ssh.h"

enum script_line { SCRIPT_TEXT, SCRIPT_WARN, SCRIPT_DEBUG };

/* What happens while a script runs; both may be NULL. */
struct script_events {
	void (*on_line)(void *ctx, const char *host, enum script_line kind, const char *text);
	void (*on_progress)(void *ctx, const char *host, int64_t done, int64_t total);
	void *ctx;
};

#define SCRIPT_ARGS_MAX 48

struct script_pair {
	const char *name, *value;
};

struct script_call {
	/* in; strings borrowed until the run is over */
	struct ssh *ssh;
	const char *script; /* "facts.sh" */
	const char *family; /* host system's family; NULL: the script needs none */
	struct script_pair args[SCRIPT_ARGS_MAX], secrets[SCRIPT_ARGS_MAX];
	size_t nargs, nsecrets;
	int64_t timeout_ms;
	struct script_events events;
	/* out */
	struct json
	        *facts;  /* object; values that are JSON are parsed, "row" and "left" are arrays */
	int exit_status; /* see SCRIPT_EXIT_... */
	char error_code[32]; /* CODE of @error, "" when none */
	struct err err;      /* ERR_OK for exit 0 and 3 */
};

#define SCRIPT_EXIT_NOT_YET 3
#define SCRIPT_EXIT_REFUSED 10

/* NULL and "" values are left out. */
void script_arg(struct script_call *c, const char *name, const char *value);
/* Goes over stdin, never into an argv. */
void script_secret(struct script_call *c, const char *name, const char *value);
void script_release(struct script_call *c);
/* Run all side by side; each has its own verdict in .err.  Fails itself only when cancelled. */
enum err_code script_run_all(struct script_call *calls, size_t n, struct err *e);
/* Run one; its verdict is the result. */
enum err_code script_run(struct script_call *call, struct err *e);

/* The file's text, NULL when there is no such script or family. */
const char *script_text(const char *name);
const char *script_of_family(const char *family);
