#include "remote/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"

#define ARGV_MAX 40
#define TEXT_MAX (64u << 10)

/* A command line that was handed out. */
struct issued {
	struct issued *next;
	char *line;
	const char *argv[ARGV_MAX];
};

struct ssh {
	struct ssh_target target;
	char *host, *user, *keyfile, *sudo_password;
	char *known_opt;   /* "UserKnownHostsFile=..." or NULL */
	char *control;     /* path of the master's socket */
	char *control_opt; /* "ControlPath=..." */
	char *errfile;     /* what the master said */
	char *port_text;
	struct issued *issued;
	const char *argv[ARGV_MAX];
	size_t argc;
	pid_t master;
	enum ssh_elevation elevation;
	char client_ip[64];
	struct err err;
	bool is_open;
};

struct ssh *ssh_new(const struct ssh_target *t, const char *dir, size_t index)
{
	struct ssh *s = xcalloc(1, sizeof(*s));

	s->host = xstrdup(t->host);
	s->user = xstrdup(str_or(t->user, "root"));
	s->keyfile = xstrdup(str_or(t->keyfile, ""));
	s->sudo_password = xstrdup(str_or(t->sudo_password, ""));
	if (!str_empty(t->known_hosts))
		s->known_opt = xasprintf("UserKnownHostsFile=\"%s\"", t->known_hosts);
	s->control = xasprintf("%s/s%zu", dir, index);
	s->control_opt = xasprintf("ControlPath=%s", s->control);
	s->errfile = xasprintf("%s/s%zu.err", dir, index);
	s->port_text = t->port > 0 ? xasprintf("%d", t->port) : NULL;
	err_set(&s->err, ERR_UNREACHABLE, "not connected");
	return s;
}

static void end_master(struct ssh *s)
{
	if (s->master <= 0)
		return;
	proc_kill(s->master, SIGTERM, false);
	(void)proc_reap(s->master, true);
	s->master = 0;
	unlink(s->control);
	unlink(s->errfile);
}

static void free_issued(struct ssh *s)
{
	struct issued *i;

	while ((i = s->issued) != NULL) {
		s->issued = i->next;
		free_str(&i->line);
		free_str((char **)&i);
	}
}

void ssh_free(struct ssh **sp)
{
	struct ssh *s = *sp;

	if (!s)
		return;
	end_master(s);
	free_str(&s->host);
	free_str(&s->user);
	free_str(&s->keyfile);
	free_secret(&s->sudo_password);
	free_str(&s->known_opt);
	free_str(&s->control);
	free_str(&s->control_opt);
	free_str(&s->errfile);
	free_str(&s->port_text);
	free_issued(s);
	free_str((char **)sp);
}

const char *ssh_host(const struct ssh *s)
{
	return s->host;
}

const char *ssh_user(const struct ssh *s)
{
	return s->user;
}

const struct err *ssh_error(const struct ssh *s)
{
	return s->is_open ? NULL : &s->err;
}

enum ssh_elevation ssh_elevation(const struct ssh *s)
{
	return s->elevation;
}

const char *ssh_client_ip(const struct ssh *s)
{
	return s->client_ip;
}

static void opt(struct ssh *s, const char *word)
{
	if (s->argc + 1 < ARGV_MAX)
		s->argv[s->argc++] = word;
	s->argv[s->argc] = NULL;
}

static void common_options(struct ssh *s)
{
	static const char *const opts[] = {
		"BatchMode=yes",
		"ConnectTimeout=8",
		"ServerAliveInterval=5",
		"ServerAliveCountMax=3",
		"StrictHostKeyChecking=accept-new",
		"LogLevel=ERROR",
		"ForwardAgent=no",
		"ForwardX11=no",
	};
	size_t i;

	s->argc = 0;
	opt(s, "ssh");
	opt(s, "-T");
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		opt(s, "-o");
		opt(s, opts[i]);
	}
	opt(s, "-o");
	opt(s, s->control_opt);
	if (s->known_opt) {
		opt(s, "-o");
		opt(s, s->known_opt);
	}
	if (s->keyfile[0] != '\0') {
		opt(s, "-o");
		opt(s, "IdentitiesOnly=yes");
		opt(s, "-i");
		opt(s, s->keyfile);
	}
	if (s->port_text) {
		opt(s, "-p");
		opt(s, s->port_text);
	}
	opt(s, "-l");
	opt(s, s->user);
}

static enum err_code start_master(struct ssh *s)
{
	struct proc_spawn spawn = {
		.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .pass_fd = -1
	};
	CLEANUP(close_fd) int errfd = -1;

	if (s->keyfile[0] != '\0' && access(s->keyfile, R_OK) != 0)
		return err_errno(&s->err, ERR_INVALID, "ssh key file \"%s\" on the controller",
		                 s->keyfile);
	if (strlen(s->control) > 90)
		return err_set(&s->err, ERR_LIMIT, "path of the ssh control socket is too long");
	unlink(s->control);
	errfd = open(s->errfile, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (errfd < 0)
		return err_errno(&s->err, ERR_IO, "open %s", s->errfile);
	common_options(s);
	opt(s, "-M");
	opt(s, "-N");
	opt(s, "--");
	opt(s, s->host);
	spawn.argv = s->argv;
	spawn.stdout_fd = errfd;
	spawn.stderr_fd = errfd;
	spawn.new_group = true; /* a signal to the job must not cut the way to undo it */
	return proc_spawn(&spawn, &s->master, &s->err);
}

static const struct {
	const char *text;
	enum err_code code;
	const char *sentence;
	const char *hint;
} ssh_failures[] = {
	{ "Permission denied", ERR_DENIED, "ssh login refused",
	  "check the user and that its authorized_keys has the key of --os-key-file" },
	{ "Host key verification failed", ERR_DENIED, "ssh host key is not the one known",
	  "if the host was reinstalled, remove its old line from known_hosts (ssh-keygen -R "
	  "HOST)" },
	{ "REMOTE HOST IDENTIFICATION HAS CHANGED", ERR_DENIED, "ssh host key has changed",
	  "if the host was reinstalled, remove its old line from known_hosts (ssh-keygen -R "
	  "HOST)" },
	{ "Could not resolve hostname", ERR_UNREACHABLE, "host name cannot be resolved",
	  "check the spelling, or use the address" },
	{ "Connection refused", ERR_UNREACHABLE, "ssh connection refused",
	  "check that sshd runs and on which port" },
	{ "timed out", ERR_UNREACHABLE, "ssh connection timed out",
	  "check that the host is up and that no firewall is in between" },
	{ "No route to host", ERR_UNREACHABLE, "no route to host",
	  "check that the host is up and that no firewall is in between" },
	{ "Network is unreachable", ERR_UNREACHABLE, "network is unreachable", NULL },
	{ "invalid format", ERR_INVALID, "ssh key file cannot be read as a private key", NULL },
	{ "error in libcrypto", ERR_INVALID, "ssh key file cannot be read as a private key", NULL },
	{ "bad permissions", ERR_INVALID, "ssh key file is readable by others", "chmod 600 it" },
};

/* Turn what ssh printed into one sentence. */
static void explain(struct ssh *s, const char *text)
{
	size_t i;
	const char *last;

	for (i = 0; i < ARRAY_SIZE(ssh_failures); i++) {
		if (!strstr(text, ssh_failures[i].text))
			continue;
		err_set(&s->err, ssh_failures[i].code, "%s (user %s)", ssh_failures[i].sentence,
		        s->user);
		if (ssh_failures[i].hint)
			err_hint(&s->err, "%s", ssh_failures[i].hint);
		return;
	}
	last = strrchr(text, '\n');
	err_set(&s->err, ERR_UNREACHABLE, "ssh failed: %.200s",
	        str_or(last ? last + 1 : text, "no reason given"));
}

static void master_failed(struct ssh *s)
{
	CLEANUP(strbuf_release) struct strbuf text = { .max = TEXT_MAX };

	(void)fs_read(s->errfile, TEXT_MAX, &text, NULL);
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.data[--text.len] = '\0';
	explain(s, strbuf_cstr(&text));
}

/* One look at a connection under way; true when it is decided. */
static bool master_settled(struct ssh *s, int64_t deadline)
{
	if (s->is_open || s->master <= 0)
		return true;
	if (fs_exists(s->control)) {
		s->is_open = true;
		return true;
	}
	if (proc_reap(s->master, false) >= 0) {
		s->master = 0;
		master_failed(s);
		return true;
	}
	if (clock_mono_ms() < deadline)
		return false;
	end_master(s);
	err_set(&s->err, ERR_UNREACHABLE, "ssh connection timed out (user %s)", s->user);
	err_hint(&s->err, "check that the host is up and that no firewall is in between");
	return true;
}

static void wait_masters(struct ssh **s, size_t n)
{
	int64_t deadline = clock_mono_ms() + (SSH_CONNECT_TIMEOUT_S + 12) * 1000;
	bool all;
	size_t i;

	do {
		all = true;
		for (i = 0; i < n; i++)
			all &= master_settled(s[i], deadline);
		if (!all)
			clock_sleep_ms(10);
	} while (!all);
}

/* The login shell says who we are, from where, and whether sudo asks. */
#define PROBE_LINE                                        \
	"id -u; echo \"${SSH_CONNECTION%% *}\"; "         \
	"if [ \"$(id -u)\" = 0 ]; then echo root; "       \
	"elif sudo -n true 2>/dev/null; then echo sudo; " \
	"elif command -v sudo >/dev/null; then echo ask; else echo none; fi"

static void read_probe(struct ssh *s, const struct proc_run *p)
{
	const char *cursor = strbuf_cstr(&p->out);
	char word[64];

	s->is_open = false;
	if (p->exit_status != 0) {
		explain(s, strbuf_cstr(&p->err));
		return;
	}
	(void)str_field(&cursor, "\n", word, sizeof(word));
	(void)str_field(&cursor, "\n", s->client_ip, sizeof(s->client_ip));
	(void)str_field(&cursor, "\n", word, sizeof(word));
	if (str_eq(word, "root") || str_eq(word, "sudo")) {
		s->elevation = str_eq(word, "root") ? SSH_IS_ROOT : SSH_SUDO;
		s->is_open = true;
	} else if (str_eq(word, "ask") && s->sudo_password[0] != '\0') {
		s->elevation = SSH_SUDO_PASSWORD;
		s->is_open = true;
	} else if (str_eq(word, "ask")) {
		err_set(&s->err, ERR_DENIED, "sudo asks user %s for a password", s->user);
		err_hint(&s->err,
		         "give --os-sudo-password, or let the user sudo without (NOPASSWD)");
	} else {
		err_set(&s->err, ERR_DENIED, "user %s is not root and there is no sudo", s->user);
		err_hint(&s->err, "install sudo on the host, or use root");
	}
}

static enum err_code run_on_open(struct ssh **s, size_t n, const char *line, bool as_user,
                                 void (*done)(struct ssh *, const struct proc_run *), struct err *e)
{
	struct proc_run *runs = xcalloc(n, sizeof(*runs));
	struct strbuf *inputs = xcalloc(n, sizeof(*inputs));
	struct ssh **who = xcalloc(n, sizeof(struct ssh *));
	enum err_code code = ERR_OK;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (!s[i]->is_open)
			continue;
		runs[k].argv = ssh_argv(s[i], line, as_user);
		if (!as_user)
			ssh_prologue(s[i], &inputs[k]);
		runs[k].input = strbuf_cstr(&inputs[k]);
		runs[k].input_len = inputs[k].len;
		runs[k].timeout_ms = 20000;
		who[k++] = s[i];
	}
	if (k > 0)
		code = proc_run_all(runs, k, 0, e);
	for (i = 0; i < k; i++) {
		if (code == ERR_OK)
			done(who[i], &runs[i]);
		proc_run_release(&runs[i]);
		strbuf_release_secret(&inputs[i]);
	}
	free_str((char **)&runs);
	free_str((char **)&inputs);
	free_str((char **)&who);
	return code;
}

static void read_sudo(struct ssh *s, const struct proc_run *p)
{
	if (p->exit_status == 0)
		return;
	s->is_open = false;
	err_set(&s->err, ERR_DENIED,
	        "sudo refused the password of user %s, or the user has no right to sudo", s->user);
	err_hint(&s->err, "check --os-sudo-password and the host's sudoers");
}

enum err_code ssh_open_all(struct ssh **s, size_t n, struct err *e)
{
	CLEANUP(free_str) char *asking_mem = NULL;
	struct ssh **asking = xcalloc(n + 1, sizeof(*asking));
	size_t i, k = 0;

	asking_mem = (char *)asking;
	for (i = 0; i < n; i++)
		if (!s[i]->is_open)
			(void)start_master(s[i]);
	wait_masters(s, n);
	TRY(run_on_open(s, n, PROBE_LINE, true, read_probe, e));
	for (i = 0; i < n; i++)
		if (s[i]->is_open && s[i]->elevation == SSH_SUDO_PASSWORD)
			asking[k++] = s[i];
	return k > 0 ? run_on_open(asking, k, "true", false, read_sudo, e) : ERR_OK;
}

void ssh_prologue(const struct ssh *s, struct strbuf *input)
{
	if (s->elevation != SSH_SUDO_PASSWORD)
		return;
	strbuf_adds(input, s->sudo_password);
	strbuf_addc(input, '\n');
}

const char *const *ssh_argv(struct ssh *s, const char *line, bool as_user)
{
	struct issued *i = xcalloc(1, sizeof(*i));

	i->next = s->issued;
	s->issued = i;
	if (as_user || s->elevation == SSH_IS_ROOT)
		i->line = xstrdup(line);
	else if (s->elevation == SSH_SUDO)
		i->line = xasprintf("sudo -n %s", line);
	else
		i->line = xasprintf("sudo -k -S -p '' %s", line);
	common_options(s);
	opt(s, "-o");
	opt(s, "ControlMaster=no");
	opt(s, "--");
	opt(s, s->host);
	opt(s, i->line);
	memcpy(i->argv, s->argv, sizeof(i->argv));
	return i->argv;
}
