/* A host reached by OpenSSH: one master connection for each host and job, commands go through
 * it.  The only place that starts ssh.  ssh_config, agents, certificates and jump hosts of the
 * controller's user work as in a shell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define SSH_CONNECT_TIMEOUT_S 8

struct ssh_target {
	const char *host; /* name or address */
	int port;         /* 0: 22 or what ssh_config says */
	const char *user;
	const char *keyfile;       /* NULL or "": ssh's own choice */
	const char *sudo_password; /* NULL or "": sudo must not ask */
	const char *known_hosts;   /* the controller's own file of host keys, trust on first use;
	                            * besides it only   /etc/ssh/ssh_known_hosts counts; NULL or "":
	                            * ssh's usual files */
};

enum ssh_elevation { SSH_IS_ROOT, SSH_SUDO, SSH_SUDO_PASSWORD };

struct ssh;

/* DIR holds control sockets (keep it short), INDEX tells hosts of a job apart. TARGET is copied. */
struct ssh *ssh_new(const struct ssh_target *target, const char *dir, size_t index);
/* Ends the master connection. */
void ssh_free(struct ssh **s);
const char *ssh_host(const struct ssh *s);
const char *ssh_user(const struct ssh *s);

/* Connect all N side by side and find out how each becomes root.  Results are per host:
 * see ssh_error(); the call itself fails only when cancelled. */
enum err_code ssh_open_all(struct ssh **s, size_t n, struct err *e);
/* NULL while the host is usable, else why not (code ERR_UNREACHABLE, ERR_DENIED...). */
const struct err *ssh_error(const struct ssh *s);
/* How the connection became root. */
enum ssh_elevation ssh_elevation(const struct ssh *s);
/* The address of this controller as the host sees it, "" when not known. */
const char *ssh_client_ip(const struct ssh *s);

/* What sudo reads from stdin before the command does: its password, when it asks for one. */
void ssh_prologue(const struct ssh *s, struct strbuf *input);
/* An argv (NULL-terminated, owned by S) that runs LINE on the host as root, or as the login user
 * when AS_USER.  Several may be in use side by side. */
const char *const *ssh_argv(struct ssh *s, const char *line, bool as_user);
