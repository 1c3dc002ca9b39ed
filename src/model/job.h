/* Jobs: states and their transitions, the job with its messages and steps, their JSON on the wire
 * (protocol: CmonJobInstance, CmonJobMessage).
 *
 * Texts are kept plain; the wire builders escape "& < >" as the markup of the protocol needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define JOB_TAGS_MAX  32
#define JOB_TITLE_MAX 255

enum job_state {
	JOB_DEFINED,  /* in the queue */
	JOB_DEQUEUED, /* chosen; its runner starts, or is started again */
	JOB_RUNNING,
	JOB_SCHEDULED, /* waits for its time */
	JOB_PAUSED,    /* held back by a user */
	JOB_FINISHED,
	JOB_FAILED,
	JOB_ABORTED,
	JOB_STATES
};

const char *job_state_name(enum job_state s); /* "RUNNING" */
bool job_state_parse(const char *name, enum job_state *out);
bool job_state_final(enum job_state s);
bool job_state_may(enum job_state from, enum job_state to);
/* ERR_INTERNAL names the state that cannot be reached or cannot be left; call it at start. */
enum err_code job_state_check(struct err *e);
const char *job_state_text(enum job_state s); /* "Pending", "Running...": default status text */

enum job_phase { JOB_PHASE_NEW, JOB_PHASE_RUN, JOB_PHASE_UNDO };
const char *job_phase_name(enum job_phase p); /* "new", "run", "undo" */
bool job_phase_parse(const char *name, enum job_phase *out);

struct job_progress {
	bool known;
	double percent;
	const char *text;
	int64_t done_bytes, total_bytes, rate; /* 0: not known; rate in bytes a second */
	int64_t eta_s;                         /* -1: not known */
};

/* Strings are borrowed; times are ms since 1970, 0 when it has not happened. */
struct job {
	int64_t id;
	int64_t cluster_id; /* 0: controller-wide */
	int64_t parent_job_id;
	const char *command;
	const char *title;
	enum job_state state;
	const char *status_text;
	int64_t created, started, ended, scheduled;
	const char *recurrence;
	struct job_progress progress;
	int64_t user_id, group_id;
	const char *user_name, *group_name, *ip_address;
	int exit_code;
	enum job_phase phase;
	int attempt; /* runners started so far */
	bool cancel; /* a user asked to abort it */
	const char *dedup_key;
	const char *job_data; /* JSON text, secrets masked */
	const char *result;   /* JSON text or NULL */
	const char **tags;
	size_t n_tags;
};

struct job_list {
	struct job *items;
	size_t count;
	int64_t total; /* that match, without limit and offset */
};

/* "CmonJobInstance".  The caller frees it. */
struct json *job_wire_json(const struct job *j);

enum job_level { JOB_MESSAGE, JOB_WARNING, JOB_FAILURE, JOB_DEBUG };
const char *job_level_name(enum job_level l);   /* "MESSAGE" */
const char *job_level_status(enum job_level l); /* "JOB_SUCCESS" */
bool job_level_parse(const char *name, enum job_level *out);

#define JOB_MESSAGE_TEXT_MAX (8u << 10)
#define JOB_MESSAGES_MAX     200000

struct job_message {
	int64_t id;
	int64_t job_id;
	int64_t created;
	enum job_level level;
	const char *text; /* plain */
	const char *file;
	int line;
	const char *fields; /* JSON object as text, or NULL */
};

struct job_message_list {
	struct job_message *items;
	size_t count;
	int64_t total;
};

/* "CmonJobMessage".  The caller frees it. */
struct json *job_message_wire_json(const struct job_message *m);

enum job_step_state { STEP_PENDING, STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_UNDONE };
const char *job_step_state_name(enum job_step_state s); /* "pending" ... */
bool job_step_state_parse(const char *name, enum job_step_state *out);

#define JOB_STEPS_MAX 4096

/* What people may see of a step; the planner's own description of it is in the plan. */
struct job_step {
	int64_t job_id;
	int64_t seq;
	const char *name;
	const char *title;
	const char *host;
	enum job_step_state state;
	const char *note;
	int64_t started, ended;
	int tries;
};

struct job_step_list {
	struct job_step *items;
	size_t count;
};

struct json *job_step_wire_json(const struct job_step *s);

/* "& < >" of free text as entities; a new string in the arena. */
const char *wire_escape(struct arena *a, const char *text);
