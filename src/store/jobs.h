/* Stored jobs with their messages, steps and plan. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "model/job.h"
#include "store/store.h"

#define STORE_JOB_LIST_MAX 10000

/* Make the job from command, title, cluster_id, parent, user, group, ip_address, scheduled,
 * recurrence, dedup_key and tags of J; JOB_DATA is in the clear and is stored masked, and sealed.
 * The state is SCHEDULED when j->scheduled is set, else DEFINED.
 * ERR_CONFLICT when the dedup_key was used: then *ID is the job that has it. */
enum err_code store_job_create(struct store *s, const struct job *j, const struct json *job_data,
                               int64_t *id, struct err *e);
/* ERR_NOT_FOUND "Job 7 is not found." */
enum err_code store_job_get(struct store *s, int64_t id, struct arena *a, struct job *out,
                            struct err *e);
/* The job's data with its secrets; the caller frees it.  Needs the key. */
enum err_code store_job_data(struct store *s, int64_t id, struct json **out, struct err *e);

struct job_filter {
	int64_t cluster_id;      /* 0: all; -1: only controller-wide ones */
	unsigned int states;     /* 1u << JOB_...; 0: all */
	const char *const *tags; /* any of these */
	size_t n_tags;
	int64_t limit;  /* <= 0: not limited (STORE_JOB_LIST_MAX) */
	int64_t offset; /* < 0: 0 */
	bool oldest_first;
};
/* Newest first unless asked otherwise. */
enum err_code store_job_list(struct store *s, const struct job_filter *f, struct arena *a,
                             struct job_list *out, struct err *e);
/* Number of jobs by state; cluster 0: of all. */
enum err_code store_job_counts(struct store *s, int64_t cluster_id, int64_t counts[JOB_STATES],
                               struct err *e);

/* ERR_REFUSED when the states do not allow it.  TEXT NULL: the state's own.  Sets started and
 * ended. */
enum err_code store_job_set_state(struct store *s, int64_t id, enum job_state state,
                                  const char *text, int exit_code, struct err *e);
/* What the job is about now, in whatever state it is. */
enum err_code store_job_set_status_text(struct store *s, int64_t id, const char *text,
                                        struct err *e);
enum err_code store_job_set_progress(struct store *s, int64_t id, const struct job_progress *p,
                                     struct err *e);
enum err_code store_job_set_phase(struct store *s, int64_t id, enum job_phase phase, struct err *e);
enum err_code store_job_set_cancel(struct store *s, int64_t id, struct err *e);
enum err_code store_job_set_cluster(struct store *s, int64_t id, int64_t cluster_id, struct err *e);
/* Secrets are masked. */
enum err_code store_job_set_result(struct store *s, int64_t id, const struct json *result,
                                   struct err *e);
/* Count one more runner; *ATTEMPT (may be NULL) is its number, from 1. */
enum err_code store_job_add_attempt(struct store *s, int64_t id, int *attempt, struct err *e);
/* With all that belongs to it; ERR_REFUSED while it is DEQUEUED or RUNNING. */
enum err_code store_job_delete(struct store *s, int64_t id, struct err *e);

/* Text is cut to JOB_MESSAGE_TEXT_MAX; created 0: now.  The message number JOB_MESSAGES_MAX of a
 * job says that the log is full, further ones are ERR_LIMIT.  *ID may be NULL. */
enum err_code store_message_append(struct store *s, const struct job_message *m, int64_t *id,
                                   struct err *e);

struct message_filter {
	int64_t job_id;
	int64_t offset; /* counts only messages that this request would return; < 0: 0 */
	int64_t limit;  /* <= 0: not limited */
	bool with_debug;
	bool newest_first;
};
enum err_code store_message_list(struct store *s, const struct message_filter *f, struct arena *a,
                                 struct job_message_list *out, struct err *e);

/* Replace the job's plan.  Steps are objects with at least seq and name, kept sealed as they are
 * together with the context; title, host, state of each can be read without the key. */
enum err_code store_plan_put(struct store *s, int64_t job_id, const struct json *context,
                             const struct json *steps, struct err *e);
/* {"context", "steps": [...]} with the present state and note in each step, or NULL when there is
 * no plan; the caller frees it.  Needs the key. */
enum err_code store_plan_get(struct store *s, int64_t job_id, struct json **out, struct err *e);
/* RUNNING counts a try and sets started; the others set ended.  NOTE may be NULL. */
enum err_code store_step_set_state(struct store *s, int64_t job_id, int64_t seq,
                                   enum job_step_state state, const char *note, struct err *e);
enum err_code store_step_list(struct store *s, int64_t job_id, struct arena *a,
                              struct job_step_list *out, struct err *e);
