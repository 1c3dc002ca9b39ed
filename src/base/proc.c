#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"
#include "mem.h"

extern char **environ;

/* Everything the child needs, made before the fork. */
struct plan {
	const struct proc_spawn *spawn;
	char *const *envp;
	pid_t parent;
	int status_fd;
	bool switch_user;
	uid_t uid;
	gid_t gid;
};

/* Where the child stopped; written to the status pipe with errno. */
struct child_report {
	int error;
	char step[32];
};

static void child_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	/* The C library keeps two for itself and refuses them: nothing to do about those. */
	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Die with the parent.  Also when it died before the request was made. */
static void child_follow(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

static void child_fail(const struct plan *p, const char *step)
{
	struct child_report report = { .error = errno };

	snprintf(report.step, sizeof(report.step), "%s", step);
	fd_write_all(p->status_fd, &report, sizeof(report));
	_exit(127);
}

/* A copy of FD out of the way of the low numbers that are about to be filled. */
static int moved_up(const struct plan *p, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	if (copy < 0)
		child_fail(p, "dup");
	return copy;
}

/* Descriptors 0, 1, 2, maybe 3, and the status pipe at 4 until exec; nothing else. */
static void child_descriptors(struct plan *p)
{
	const struct proc_spawn *s = p->spawn;
	int from[5] = { s->stdin_fd, s->stdout_fd, s->stderr_fd, s->pass_fd, p->status_fd };
	int i;

	if (from[0] < 0)
		from[0] = open("/dev/null", O_RDONLY);
	for (i = 0; i < 3; i++)
		from[i] = moved_up(p, from[i] < 0 ? i : from[i]);
	if (from[3] >= 0)
		from[3] = moved_up(p, from[3]);
	from[4] = moved_up(p, from[4]);
	p->status_fd = from[4];
	for (i = 0; i < 4; i++)
		if (from[i] >= 0 && dup2(from[i], i) < 0)
			child_fail(p, "dup2");
	if (from[3] < 0)
		close(3);
	if (dup3(from[4], 4, O_CLOEXEC) < 0)
		child_fail(p, "dup3");
	p->status_fd = 4;
	if (close_range(5, ~0u, 0) < 0)
		child_fail(p, "close_range");
}

static void child_user(const struct plan *p)
{
	if (!p->switch_user)
		return;
	if (initgroups(p->spawn->user, p->gid) < 0)
		child_fail(p, "initgroups");
	if (setgid(p->gid) < 0)
		child_fail(p, "setgid");
	if (setuid(p->uid) < 0)
		child_fail(p, "setuid");
	/* A change of user takes the death signal away. */
	child_follow(p->parent);
}

NO_RETURN static void child_exec(struct plan *p)
{
	child_signals();
	child_follow(p->parent);
	if (p->spawn->new_group && setpgid(0, 0) < 0)
		child_fail(p, "setpgid");
	child_descriptors(p);
	child_user(p);
	environ = (char **)p->envp;
	execvp(p->spawn->argv[0], (char *const *)p->spawn->argv);
	child_fail(p, "exec");
	_exit(127);
}

static bool is_secret_name(const char *entry)
{
	static const char *const parts[] = { "PASSWORD", "PASSPHRASE", "PASSWD", "SECRET",
		                             "TOKEN",    "CREDENTIAL", "APIKEY", "API_KEY" };
	size_t name_len = strcspn(entry, "="), i;
	char name[128];

	/* A name too long to look at is not passed on. */
	if (name_len >= sizeof(name))
		return true;
	for (i = 0; i < name_len; i++)
		name[i] = entry[i] >= 'a' && entry[i] <= 'z' ? (char)(entry[i] - 32) : entry[i];
	name[name_len] = '\0';
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

/* The parent's environment less what is secret; the array is the caller's, its strings not. */
static char **public_environment(void)
{
	size_t count = 0, kept = 0, i;
	char **out;

	while (environ && environ[count])
		count++;
	out = xcalloc(count + 1, sizeof(*out));
	for (i = 0; i < count; i++)
		if (!is_secret_name(environ[i]))
			out[kept++] = environ[i];
	return out;
}

static enum err_code plan_user(struct plan *p, const char *user, struct err *e)
{
	const struct passwd *pw;

	if (!user)
		return ERR_OK;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return err_set(e, ERR_NOT_FOUND, "user \"%s\" does not exist on this machine",
		               user);
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	p->switch_user = geteuid() != pw->pw_uid;
	return ERR_OK;
}

/* Wait for the exec: the pipe closes with it, or carries the reason why there was none. */
static enum err_code await_exec(const struct proc_spawn *s, int fd, pid_t pid, struct err *e)
{
	struct child_report report;

	if (!fd_read_all(fd, &report, sizeof(report)))
		return ERR_OK;
	proc_reap(pid, true);
	errno = report.error;
	return err_errno(e, ERR_IO, "cannot start \"%s\" (%s)", s->argv[0], report.step);
}

static enum err_code fork_and_exec(struct plan *p, pid_t *pid, struct err *e)
{
	CLEANUP(close_fd) int status_in = -1;
	int status[2];
	pid_t child;

	if (pipe2(status, O_CLOEXEC) < 0)
		return err_errno(e, ERR_IO, "pipe");
	status_in = status[0];
	p->status_fd = status[1];
	p->parent = getpid();
	child = fork();
	if (child == 0)
		child_exec(p);
	close(status[1]);
	if (child < 0)
		return err_errno(e, ERR_IO, "fork for \"%s\"", p->spawn->argv[0]);
	TRY(await_exec(p->spawn, status_in, child, e));
	*pid = child;
	return ERR_OK;
}

enum err_code proc_spawn(const struct proc_spawn *s, pid_t *pid, struct err *e)
{
	struct plan p = { .spawn = s };
	char **made = NULL;
	enum err_code code;

	TRY(plan_user(&p, s->user, e));
	if (!s->envp)
		made = public_environment();
	p.envp = made ? made : (char *const *)s->envp;
	code = fork_and_exec(&p, pid, e);
	free(made);
	return code;
}

enum err_code proc_fork(int (*fn)(void *ctx), void *ctx, bool new_group, pid_t *pid, struct err *e)
{
	pid_t parent = getpid(), child;
	int status;

	/* What is buffered would otherwise be written twice. */
	fflush(NULL);
	child = fork();
	if (child < 0)
		return err_errno(e, ERR_IO, "fork");
	if (child == 0) {
		child_signals();
		child_follow(parent);
		if (new_group)
			setpgid(0, 0);
		status = fn(ctx);
		fflush(NULL);
		_exit(status);
	}
	/* In both, so that a signal to the group cannot come too early. */
	if (new_group)
		setpgid(child, child);
	*pid = child;
	return ERR_OK;
}

int proc_reap(pid_t pid, bool wait)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, wait ? 0 : WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		return -1;
	/* Not our child, or reaped by another: it is gone. */
	if (got < 0)
		return 127;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void proc_kill(pid_t pid, int sig, bool group)
{
	/* 0 and -1 would mean ourselves or everybody. */
	if (pid > 1)
		kill(group ? -pid : pid, sig);
}
