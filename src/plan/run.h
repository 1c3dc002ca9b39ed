/* One job while it runs: its log, its calls to the engine, its hosts. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "ipc/ipc.h"
#include "remote/script.h"

/* Levels of the job log, by their names on the wire. */
#define RUN_MESSAGE "MESSAGE"
#define RUN_WARNING "WARNING"
#define RUN_FAILURE "FAILURE"
#define RUN_DEBUG   "DEBUG"

struct run_host;

struct run {
	struct arena *a; /* lives as long as the job */
	struct ipc_conn
	        *engine; /* in a step's process: the way to the engine goes over its parent */
	int64_t job_id;
	const char *job_tag; /* the job's name on the hosts: no other controller's job has it */
	int64_t cluster_id;  /* the cluster that the job is about; 0: none */
	const char *command;
	const char *phase;
	const char *run_dir;
	struct json *data;       /* job_data as sent, secrets in clear; owned */
	struct json *controller; /* owned */
	struct json *context;    /* what the steps need; sealed in the store; owned */
	struct json *steps;      /* array of step rows; owned */
	const volatile sig_atomic_t *cancelled; /* raised by SIGTERM */
	bool foreign;           /* the steps are another job's: their states are not stored */
	struct run_host *hosts; /* see plan/hosts.h */
	size_t n_ssh;           /* numbers the control sockets */
	int64_t bytes_start_ms; /* progress of the copy under way */
	int64_t bytes_told_ms, bytes_last_done;
};

/* Take the engine's "start" frame; RUN is zeroed before. */
enum err_code run_init(struct run *r, const struct json *start, struct err *e);
void run_release(struct run *r);
/* A configured string of job_data, NULL when absent or empty. */
const char *run_str(const struct run *r, const char *key);

void run_log(struct run *r, const char *level, const char *file, int line, const char *host,
             const char *fmt, ...) PRINTF_LIKE(6, 7);
#define run_say(r, ...)       run_log((r), RUN_MESSAGE, __FILE__, __LINE__, NULL, __VA_ARGS__)
#define run_say_at(r, h, ...) run_log((r), RUN_MESSAGE, __FILE__, __LINE__, (h), __VA_ARGS__)
#define run_warn(r, ...)      run_log((r), RUN_WARNING, __FILE__, __LINE__, NULL, __VA_ARGS__)
#define run_fail(r, ...)      run_log((r), RUN_FAILURE, __FILE__, __LINE__, NULL, __VA_ARGS__)
#define run_debug(r, ...)     run_log((r), RUN_DEBUG, __FILE__, __LINE__, NULL, __VA_ARGS__)
/* "sentence" and "hint" of an error as FAILURE lines. */
void run_fail_err(struct run *r, const char *host, const struct err *e);

/* PERCENT of the whole job, with a short text for the status line. */
void run_progress(struct run *r, double percent, const char *text);
/* Call the engine: ARGS stolen, *RESULT owned by the caller, may be NULL. */
enum err_code run_call(struct run *r, const char *call, struct json *args, struct json **result,
                       struct err *e);
bool run_is_cancelled(const struct run *r);
enum err_code run_check_cancel(const struct run *r, struct err *e);

/* The script events that write to this job's log. */
struct script_events run_events(struct run *r);

/* "6f0a3c1e-42": controller and number. */
const char *run_job_tag(struct run *r, int64_t job_id);
/* A string in the arena. */
const char *run_printf(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
