/* Steps: the only way in which a job changes the world.
 *
 * A step is a row of the plan, a JSON object that the store keeps:
 *   seq     its number, from 0
 *   group   steps of one group run side by side, groups one after another
 *   kind    row of the table of kinds (step_kinds)
 *   host    key into context.hosts; absent for steps of the engine's own world
 *   title   the log line when it begins; absent: none
 *   args    {name: text} words for the script
 *   texts   {s_name: text} longer texts, go over stdin
 *   secrets {s_name: name in context.secrets}
 *   state   pending, running, done, failed, undone
 *
 * context.hosts.NAME is {user, keyfile, ssh_port, sudo_password, family, version, name, port,
 * datadir}. Each act runs in a process of its own; intent and result are durable around it. */
#pragma once

#include "plan/run.h"

enum step_flags {
	STEP_HAS_CHECK = 1, /* action=check is asked first: done already, nothing to do */
	STEP_HAS_UNDO = 2,
	STEP_OS = 4,         /* the script has a part for the host's system */
	STEP_LONG = 8,       /* may take hours: no time limit but its own */
	STEP_NO_CHANGE = 32, /* looks or tidies up only: nothing to undo */
	STEP_MAY_FAIL = 16,  /* tidying up: a failure is a warning, the job goes on */
};

struct step;

struct step_kind {
	const char *name;
	const char *script; /* NULL: act() does it */
	unsigned flags;
	/* words of the script for the three acts; NULL: check, do, undo */
	const char *check_action, *do_action, *undo_action;
	int timeout_s;
	int tries;
	enum err_code (*act)(struct step *s, struct err *e);
	enum err_code (*undo)(struct step *s, struct err *e);
	/* adds what is only known when the step runs; may be NULL */
	enum err_code (*prepare)(struct step *s, struct script_call *call, struct err *e);
};

/* A step while it is worked on, in its own process. */
struct step {
	struct run *run;
	struct json *row;
	const struct step_kind *kind;
};

extern const struct step_kind step_kinds[];
const struct step_kind *step_kind_find(const char *name);

/* Add a row to the plan; returns it (borrowed) so that the planner can add args.  HOST may be NULL.
 */
struct json *step_add(struct run *r, int group, const char *kind, const char *host);
void step_arg(struct json *row, const char *name, const char *value);
void step_arg_int(struct json *row, const char *name, int64_t value);
void step_text(struct json *row, const char *name, const char *text);
void step_secret(struct json *row, const char *name, const char *from);
void step_title(struct json *row, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Run all that is not done, in order; on error the failing step's error. */
enum err_code steps_run(struct run *r, struct err *e);
/* Undo what was begun, in reverse order.  What cannot be undone is logged; false then. */
bool steps_undo(struct run *r);
/* How many of the steps that were begun cannot be undone. */
size_t steps_without_undo(const struct run *r);
