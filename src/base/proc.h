/* Child processes: the only door to fork.  Every child dies with its parent
 * (PR_SET_PDEATHSIG), has default signals, and no descriptor but those named. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "strbuf.h"

/* A command to run to its end with stdin text given and outputs collected. */
struct proc_run {
	/* in */
	const char *const *argv; /* NULL-terminated, argv[0] looked up in PATH */
	const char *input;       /* may be NULL; written to stdin */
	size_t input_len;
	bool keep_stdin_open; /* do not close stdin after INPUT until the child ends */
	int64_t timeout_ms;   /* 0: none; at the end of it TERM, 3 s later KILL */
	size_t output_max;    /* bytes kept of stdout; 0: STRBUF_MAX_DEFAULT */
	/* called for each complete line of stderr without the newline; may be NULL (kept then) */
	void (*on_err_line)(void *ctx, const char *line);
	void (*on_out_line)(void *ctx, const char *line); /* as above for stdout */
	void *ctx;
	/* out */
	struct strbuf out; /* stdout, unless on_out_line */
	struct strbuf err; /* the last 16 KiB of stderr, unless on_err_line */
	int exit_status;   /* exit code, or 128 + signal */
	bool timed_out;
	bool started;
	/* inner */
	pid_t pid;
	int fds[3];
	size_t written;
	int64_t deadline_ms, kill_ms;
	struct strbuf line[2];
};

void proc_run_release(struct proc_run *p);
/* Run all N side by side (at most MAX_PARALLEL at once, 0: no limit) until every one has ended.
 * ERR_IO when one could not be started, ERR_CANCELLED (children ended with TERM, then KILL) when
 * the cancel flag was raised; exit statuses are for the caller to judge. */
enum err_code proc_run_all(struct proc_run *p, size_t n, size_t max_parallel, struct err *e);
enum err_code proc_run_one(struct proc_run *p, struct err *e);

/* FLAG, set by a signal handler of the program, makes proc_run_all() stop; NULL: none. */
void proc_set_cancel_flag(const volatile sig_atomic_t *flag);

/* A long-lived child. */
struct proc_spawn {
	const char *const *argv;
	const char *const *envp;            /* NULL: the parent's, less what is secret */
	int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null for stdin, inherited for the others */
	int pass_fd;                        /* becomes descriptor 3 in the child; -1: none */
	bool new_group;                     /* own process group */
	const char *user;                   /* switch to this user; NULL: stay */
};

enum err_code proc_spawn(const struct proc_spawn *s, pid_t *pid, struct err *e);
/* fork() a copy of this process that runs FN(ctx) and exits with its result. */
enum err_code proc_fork(int (*fn)(void *ctx), void *ctx, bool new_group, pid_t *pid, struct err *e);
/* Exit code, 128 + signal; -1 while it runs (only with wait = false). */
int proc_reap(pid_t pid, bool wait);
void proc_kill(pid_t pid, int sig, bool group);
