#include "daemon/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "daemon/boot.h"
#include "daemon/channel.h"
#include "daemon/listen.h"
#include "daemon/notify.h"
#include "daemon/places.h"
#include "ipc/ipc.h"

#define RESTART_FIRST_MS 100
#define RESTART_MAX_MS   10000
#define STABLE_MS        10000 /* that long without dying: failures are forgotten */
#define STOP_MS          10000

extern char **environ;

enum { ENGINE, API, CHILDREN };

struct child {
	const char *role, *program, *arg;
	char *path;
	pid_t pid;   /* 0: not running */
	int channel; /* -1: none */
	bool ready, was_ready;
	int failures;
	int64_t started_ms, next_ms;
};

struct supervisor {
	const struct config *config;
	char *config_text;
	int lock_fd, signal_fd, control_fd;
	struct listen_sockets listen;
	struct child children[CHILDREN];
	int api_peer; /* the api's end of the connection with the engine, while there is no api */
	bool stopping, announced;
	int exit_code;
	int64_t stop_limit_ms;
};

/* ---- starting children ---- */

static enum err_code spawn(struct supervisor *s, struct child *c, struct err *e)
{
	const char *const argv[] = { c->path, c->arg, NULL };
	/* the environment as it is: CREDENTIALS_DIRECTORY is the engine's */
	struct proc_spawn p = { .argv = argv,
		                .envp = (const char *const *)environ,
		                .stdin_fd = -1,
		                .stdout_fd = -1,
		                .stderr_fd = -1 };
	int fds[2];
	enum err_code rc;

	TRY(channel_pair(fds, e));
	p.pass_fd = fds[1];
	rc = proc_spawn(&p, &c->pid, e);
	close(fds[1]);
	if (rc != ERR_OK) {
		close(fds[0]);
		c->pid = 0;
		return rc;
	}
	c->channel = fds[0];
	c->ready = false;
	c->started_ms = clock_mono_ms();
	return ERR_OK;
}

static enum err_code send_boot(struct supervisor *s, struct child *c, const char *const *names,
                               const int *fds, size_t len, struct err *e)
{
	struct json *body = json_object_new();

	json_set_str(body, "config", s->config_text);
	return channel_send(c->channel, "boot", body, names, fds, len, e);
}

static enum err_code send_peer(struct child *c, int fd, struct err *e)
{
	const char *name = "peer";

	return channel_send(c->channel, "peer", NULL, &name, &fd, 1, e);
}

/* A new engine: the api, when there is one, gets the other end of a new connection. */
static enum err_code start_engine(struct supervisor *s, struct err *e)
{
	static const char *const names[] = { "control", "peer" };
	struct child *engine = &s->children[ENGINE], *api = &s->children[API];
	CLEANUP(close_fd) int mine = -1;
	int fds[2], both[2];

	TRY(spawn(s, engine, e));
	TRY(ipc_pair(fds, e));
	mine = fds[0];
	close_fd(&s->api_peer);
	s->api_peer = fds[1];
	both[0] = s->control_fd;
	both[1] = mine;
	TRY(send_boot(s, engine, names, both, 2, e));
	if (api->pid == 0)
		return ERR_OK;
	(void)send_peer(api, s->api_peer, NULL); /* a dying api is noticed elsewhere */
	close_fd(&s->api_peer);
	s->api_peer = -1;
	return ERR_OK;
}

/* The end of a connection with the engine that nobody has used yet. */
static enum err_code api_peer(struct supervisor *s, int *fd, struct err *e)
{
	int fds[2];

	if (s->api_peer < 0) {
		TRY(ipc_pair(fds, e));
		s->api_peer = fds[1];
		(void)send_peer(&s->children[ENGINE], fds[0], NULL);
		close(fds[0]);
	}
	*fd = s->api_peer;
	s->api_peer = -1;
	return ERR_OK;
}

static enum err_code start_api(struct supervisor *s, struct err *e)
{
	const char *names[LISTEN_SOCKETS_MAX + 1];
	CLEANUP(close_fd) int peer = -1;
	int fds[LISTEN_SOCKETS_MAX + 1];
	size_t len = 0;

	TRY(spawn(s, &s->children[API], e));
	TRY(api_peer(s, &peer, e));
	names[len] = "peer";
	fds[len++] = peer;
	for (size_t i = 0; i < s->listen.len; i++) {
		names[len] = "listen";
		fds[len++] = s->listen.fds[i];
	}
	return send_boot(s, &s->children[API], names, fds, len, e);
}

static void start_child(struct supervisor *s, struct child *c)
{
	struct err e = { 0 };
	enum err_code rc = c == &s->children[ENGINE] ? start_engine(s, &e) : start_api(s, &e);

	if (rc == ERR_OK) {
		log_info("%s: process %d", c->role, (int)c->pid);
		return;
	}
	log_err(LOG_ERROR, c->role, &e);
	/* half started: the same as dead */
	if (c->pid)
		proc_kill(c->pid, SIGKILL, false);
	else
		c->next_ms = clock_mono_ms() + RESTART_MAX_MS;
}

/* The api reads what the engine has made: it comes second the first time. */
static bool may_start(const struct supervisor *s, const struct child *c)
{
	return c->pid == 0 && !s->stopping &&
	       (c == &s->children[ENGINE] || s->children[ENGINE].was_ready);
}

static void start_due(struct supervisor *s)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < CHILDREN; i++) {
		if (may_start(s, &s->children[i]) && s->children[i].next_ms <= now)
			start_child(s, &s->children[i]);
	}
}

/* ---- ends ---- */

static void stop(struct supervisor *s, int exit_code)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->exit_code = exit_code;
	s->stop_limit_ms = clock_mono_ms() + STOP_MS;
	notify_manager("STOPPING=1");
	log_info("stopping");
	for (int i = 0; i < CHILDREN; i++) {
		if (s->children[i].pid)
			proc_kill(s->children[i].pid, SIGTERM, false);
	}
}

static void child_ended(struct supervisor *s, struct child *c, int status)
{
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	int64_t now = clock_mono_ms();
	int64_t delay = RESTART_FIRST_MS;

	c->pid = 0;
	close_fd(&c->channel);
	c->channel = -1;
	if (s->stopping)
		return;
	log_error("%s ended unexpectedly (%s %d)", c->role, code > 128 ? "signal" : "exit code",
	          code > 128 ? code - 128 : code);
	if (code == BOOT_EXIT_CONFIG && !s->announced) {
		stop(s, EXIT_FAILURE);
		return;
	}
	if (now - c->started_ms > STABLE_MS)
		c->failures = 0;
	for (int i = 0; i < c->failures && delay < RESTART_MAX_MS; i++)
		delay *= 2;
	c->failures++;
	c->next_ms = now + (delay < RESTART_MAX_MS ? delay : RESTART_MAX_MS);
}

/* Also what runners left behind: we are their new parent. */
static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < CHILDREN; i++) {
			if (s->children[i].pid == pid)
				child_ended(s, &s->children[i], status);
		}
	}
}

static bool all_ended(const struct supervisor *s)
{
	return s->children[ENGINE].pid == 0 && s->children[API].pid == 0;
}

static void stop_hard(struct supervisor *s)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (!s->children[i].pid)
			continue;
		log_warning("%s does not end, killing it", s->children[i].role);
		proc_kill(s->children[i].pid, SIGKILL, false);
	}
	s->stop_limit_ms = clock_mono_ms() + STOP_MS;
}

/* ---- events ---- */

static void announce(struct supervisor *s)
{
	s->announced = true;
	for (size_t i = 0; i < s->config->listen_len; i++) {
		const struct config_addr *a = &s->config->listen[i];
		bool v6 = strchr(a->host, ':') != NULL;

		log_info("pgTandem " PGTANDEM_VERSION " listens on https://%s%s%s:%s",
		         v6 ? "[" : "", a->host, v6 ? "]" : "", a->port);
	}
	notify_manager("READY=1\nSTATUS=Serving.");
}

static void child_said(struct supervisor *s, struct child *c)
{
	struct channel_msg m = { 0 };

	if (channel_recv(c->channel, &m, NULL) != ERR_OK) {
		close_fd(&c->channel); /* it is ending */
		c->channel = -1;
		return;
	}
	channel_msg_release(&m); /* there is but one message: ready */
	c->ready = c->was_ready = true;
	if (!s->announced && s->children[ENGINE].ready && s->children[API].ready)
		announce(s);
}

static void signalled(struct supervisor *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(s);
	else
		stop(s, EXIT_SUCCESS);
}

static int64_t wait_ms(const struct supervisor *s)
{
	int64_t now = clock_mono_ms(), at = s->stopping ? s->stop_limit_ms : -1;

	for (int i = 0; i < CHILDREN; i++) {
		const struct child *c = &s->children[i];

		if (may_start(s, c) && (at < 0 || c->next_ms < at))
			at = c->next_ms;
	}
	if (at < 0)
		return -1;
	return at > now ? at - now : 0;
}

static void loop_once(struct supervisor *s)
{
	struct pollfd p[1 + CHILDREN] = { { .fd = s->signal_fd, .events = POLLIN } };

	for (int i = 0; i < CHILDREN; i++)
		p[1 + i] = (struct pollfd){ .fd = s->children[i].channel, .events = POLLIN };
	if (poll(p, 1 + CHILDREN, (int)wait_ms(s)) < 0)
		return;
	for (int i = 0; i < CHILDREN; i++) {
		if (p[1 + i].revents)
			child_said(s, &s->children[i]);
	}
	if (p[0].revents)
		signalled(s);
	if (s->stopping && clock_mono_ms() >= s->stop_limit_ms)
		stop_hard(s);
}

/* ---- start ---- */

static enum err_code catch_signals(struct supervisor *s, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	(void)sigaction(SIGHUP, &ignore, NULL);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_errno(e, ERR_IO, "sigprocmask");
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return err_errno(e, ERR_IO, "signalfd");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	return ERR_OK;
}

static enum err_code prepare(struct supervisor *s, struct err *e)
{
	CLEANUP(free_str) char *control = xasprintf("%s/control.sock", s->config->run_dir);
	struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < CHILDREN; i++)
		TRY(places_sibling(s->config, s->children[i].program, &s->children[i].path, e));
	TRY(places_make(s->config, e));
	TRY(places_lock(s->config, &s->lock_fd, e));
	TRY(listen_tcp(s->config, &s->listen, e));
	TRY(listen_unix(control, &s->control_fd, e));
	TRY(catch_signals(s, e));
	config_dump(s->config, &text);
	s->config_text = strbuf_take(&text);
	return ERR_OK;
}

static void release(struct supervisor *s)
{
	listen_close(&s->listen);
	close_fd(&s->control_fd);
	close_fd(&s->signal_fd);
	close_fd(&s->api_peer);
	close_fd(&s->lock_fd);
	for (int i = 0; i < CHILDREN; i++)
		free(s->children[i].path);
	free(s->config_text);
}

int supervisor_run(const struct config *c)
{
	struct supervisor s = { .config = c,
		                .lock_fd = -1,
		                .signal_fd = -1,
		                .control_fd = -1,
		                .api_peer = -1,
		                .children = { { "engine", "pgtandemd-engine", "--role=engine" },
		                              { "api", "pgtandemd-api", "--role=api" } } };
	struct err e = { 0 };

	for (int i = 0; i < CHILDREN; i++)
		s.children[i].channel = -1;
	if (prepare(&s, &e) != ERR_OK) {
		log_err(LOG_ERROR, "start", &e);
		release(&s);
		return EXIT_FAILURE;
	}
	while (!s.stopping || !all_ended(&s)) {
		start_due(&s);
		loop_once(&s);
	}
	log_info("stopped");
	release(&s);
	return s.exit_code;
}
