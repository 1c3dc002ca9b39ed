#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"

#define LINE_MAX_BYTES (64u << 10)
#define ERR_KEEP_BYTES (16u << 10)
#define KILL_AFTER_MS  3000
#define POLL_MS        200

enum { FD_IN, FD_OUT, FD_ERR };

static const volatile sig_atomic_t *cancel_flag;

void proc_set_cancel_flag(const volatile sig_atomic_t *flag)
{
	cancel_flag = flag;
}

static bool is_cancelled(void)
{
	return cancel_flag && *cancel_flag;
}

void proc_run_release(struct proc_run *p)
{
	strbuf_release_secret(&p->out);
	strbuf_release_secret(&p->err);
	strbuf_release_secret(&p->line[0]);
	strbuf_release_secret(&p->line[1]);
}

static bool is_running(const struct proc_run *p)
{
	return p->pid > 0;
}

/* The parent's ends do not block, the child's do. */
static enum err_code make_pipes(struct proc_run *p, int child[3], struct err *e)
{
	int pair[2], i;

	for (i = 0; i < 3; i++) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_errno(e, ERR_IO, "pipe");
		child[i] = pair[i == FD_IN ? 0 : 1];
		p->fds[i] = pair[i == FD_IN ? 1 : 0];
		fcntl(p->fds[i], F_SETFL, O_NONBLOCK);
	}
	return ERR_OK;
}

static void run_reset(struct proc_run *p)
{
	int i;

	for (i = 0; i < 3; i++)
		p->fds[i] = -1;
	strbuf_init(&p->out, p->output_max);
	strbuf_init(&p->err, 0);
	strbuf_init(&p->line[0], LINE_MAX_BYTES);
	strbuf_init(&p->line[1], LINE_MAX_BYTES);
	p->pid = 0;
	p->written = 0;
	p->exit_status = 127;
	p->started = p->timed_out = false;
	p->deadline_ms = p->kill_ms = 0;
}

static void close_ends(int fds[3])
{
	int i;

	for (i = 0; i < 3; i++)
		close_fd(&fds[i]);
}

static enum err_code run_start(struct proc_run *p, struct err *e)
{
	int child[3] = { -1, -1, -1 };
	struct proc_spawn s = { .argv = p->argv, .pass_fd = -1 };
	enum err_code code = make_pipes(p, child, e);

	if (code == ERR_OK) {
		s.stdin_fd = child[FD_IN];
		s.stdout_fd = child[FD_OUT];
		s.stderr_fd = child[FD_ERR];
		code = proc_spawn(&s, &p->pid, e);
	}
	close_ends(child);
	if (code != ERR_OK) {
		p->pid = 0;
		close_ends(p->fds);
		return code;
	}
	p->started = true;
	if (p->timeout_ms > 0)
		p->deadline_ms = clock_mono_ms() + p->timeout_ms;
	return ERR_OK;
}

static void feed_input(struct proc_run *p)
{
	size_t left = p->input ? p->input_len - p->written : 0;
	ssize_t n = 0;

	if (left) {
		n = write(p->fds[FD_IN], p->input + p->written, left);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0)
			p->written += (size_t)n;
	}
	/* A child that does not want its input (EPIPE) may still end well. */
	if (n < 0 || (p->written >= (p->input ? p->input_len : 0) && !p->keep_stdin_open))
		close_fd(&p->fds[FD_IN]);
}

static bool wants_to_write(const struct proc_run *p)
{
	bool more = p->input && p->written < p->input_len;

	return p->fds[FD_IN] >= 0 && (more || !p->keep_stdin_open);
}

static void give_line(struct proc_run *p, int which)
{
	struct strbuf *line = &p->line[which - FD_OUT];

	if (which == FD_OUT)
		p->on_out_line(p->ctx, strbuf_cstr(line));
	else
		p->on_err_line(p->ctx, strbuf_cstr(line));
	strbuf_reset(line);
}

/* What does not fit into a line is left out by its buffer. */
static void split_lines(struct proc_run *p, int which, char *data, size_t len)
{
	struct strbuf *line = &p->line[which - FD_OUT];
	char *nl, *nul;
	size_t n;

	while ((nul = memchr(data, '\0', len)))
		*nul = ' ';
	while (len) {
		nl = memchr(data, '\n', len);
		n = nl ? (size_t)(nl - data) : len;
		strbuf_add(line, data, n);
		if (!nl)
			return;
		give_line(p, which);
		data += n + 1;
		len -= n + 1;
	}
}

static void keep_output(struct proc_run *p, int which, char *data, size_t len)
{
	bool by_line = which == FD_OUT ? p->on_out_line != NULL : p->on_err_line != NULL;

	if (by_line) {
		split_lines(p, which, data, len);
	} else if (which == FD_OUT) {
		strbuf_add(&p->out, data, len);
	} else {
		strbuf_add(&p->err, data, len);
		if (p->err.len > ERR_KEEP_BYTES)
			strbuf_consume(&p->err, p->err.len - ERR_KEEP_BYTES);
	}
}

/* Read once; false when there is nothing (more) now. */
static bool read_output(struct proc_run *p, int which)
{
	char data[16384];
	ssize_t n = read(p->fds[which], data, sizeof(data));

	if (n > 0) {
		keep_output(p, which, data, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&p->fds[which]);
	return false;
}

/* The child has ended.  What it wrote is in the pipes; their end is not waited for, since a
 * background process of the child (an ssh master) may hold them open for hours. */
static void run_finish(struct proc_run *p, int exit_status)
{
	size_t pieces;
	int which;

	p->exit_status = exit_status;
	p->pid = 0;
	for (which = FD_OUT; which <= FD_ERR; which++) {
		/* A pipe holds at most 1 MiB; a background process could fill it for ever. */
		for (pieces = 0; pieces < 256 && p->fds[which] >= 0; pieces++)
			if (!read_output(p, which))
				break;
		if (p->line[which - FD_OUT].len)
			give_line(p, which);
	}
	close_ends(p->fds);
}

/* Ask the child to end, now or by force a while after it was asked. */
static void run_stop(struct proc_run *p, int64_t now)
{
	if (!p->kill_ms) {
		p->kill_ms = now + KILL_AFTER_MS;
		proc_kill(p->pid, SIGTERM, false);
	} else if (now >= p->kill_ms) {
		proc_kill(p->pid, SIGKILL, false);
	}
}

static void run_tend(struct proc_run *p, int64_t now)
{
	int status = proc_reap(p->pid, false);

	if (status >= 0) {
		run_finish(p, status);
		return;
	}
	if (p->deadline_ms && now >= p->deadline_ms)
		p->timed_out = true;
	if (p->timed_out || is_cancelled())
		run_stop(p, now);
}

struct loop {
	struct proc_run *runs;
	size_t count, next, running;
	struct pollfd *polls; /* four a run: 0, 1, 2 and the process itself; owned */
	int *pidfds;          /* owned */
	size_t max_parallel;
};

static void start_more(struct loop *l, enum err_code *code, struct err *e)
{
	size_t i;

	while (l->next < l->count && !is_cancelled() &&
	       (l->max_parallel == 0 || l->running < l->max_parallel)) {
		i = l->next++;
		/* The first failure is told, the others still run. */
		if (run_start(&l->runs[i], *code == ERR_OK ? e : NULL) != ERR_OK) {
			*code = ERR_IO;
			continue;
		}
		l->running++;
		l->pidfds[i] = (int)syscall(SYS_pidfd_open, l->runs[i].pid, 0);
	}
}

static void wait_events(struct loop *l)
{
	size_t i;
	int k;

	for (i = 0; i < l->count; i++) {
		struct proc_run *p = &l->runs[i];
		struct pollfd *f = &l->polls[4 * i];

		for (k = 0; k < 3; k++)
			f[k] = (struct pollfd){ .fd = p->fds[k], .events = k ? POLLIN : POLLOUT };
		if (!wants_to_write(p))
			f[FD_IN].fd = -1;
		f[3] = (struct pollfd){ .fd = l->pidfds[i], .events = POLLIN };
	}
	if (poll(l->polls, 4 * l->count, POLL_MS) < 0)
		for (i = 0; i < 4 * l->count; i++)
			l->polls[i].revents = 0;
}

static void serve(struct loop *l, size_t i, int64_t now)
{
	struct proc_run *p = &l->runs[i];
	struct pollfd *f = &l->polls[4 * i];

	if (!is_running(p))
		return;
	if (f[FD_IN].revents)
		feed_input(p);
	if (f[FD_OUT].revents)
		read_output(p, FD_OUT);
	if (f[FD_ERR].revents)
		read_output(p, FD_ERR);
	run_tend(p, now);
	if (is_running(p))
		return;
	close_fd(&l->pidfds[i]);
	l->running--;
}

static enum err_code run_loop(struct loop *l, struct err *e)
{
	enum err_code code = ERR_OK;
	int64_t now;
	size_t i;

	for (;;) {
		start_more(l, &code, e);
		if (l->running == 0)
			break;
		wait_events(l);
		now = clock_mono_ms();
		for (i = 0; i < l->count; i++)
			serve(l, i, now);
	}
	return is_cancelled() ? err_set(e, ERR_CANCELLED, "cancelled") : code;
}

/* Writing to a child that is gone must not end us; the signal is taken back afterwards. */
static void hold_sigpipe(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, old);
}

static void release_sigpipe(const sigset_t *old)
{
	const struct timespec zero = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!sigismember(old, SIGPIPE))
		while (sigtimedwait(&set, NULL, &zero) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, old, NULL);
}

enum err_code proc_run_all(struct proc_run *p, size_t n, size_t max_parallel, struct err *e)
{
	struct loop l = { .runs = p, .count = n, .max_parallel = max_parallel };
	enum err_code code;
	sigset_t old;
	size_t i;

	l.polls = xcalloc(n, 4 * sizeof(*l.polls));
	l.pidfds = xcalloc(n, sizeof(*l.pidfds));
	for (i = 0; i < n; i++) {
		run_reset(&p[i]);
		l.pidfds[i] = -1;
	}
	hold_sigpipe(&old);
	code = run_loop(&l, e);
	release_sigpipe(&old);
	free(l.polls);
	free(l.pidfds);
	return code;
}

enum err_code proc_run_one(struct proc_run *p, struct err *e)
{
	return proc_run_all(p, 1, 1, e);
}
