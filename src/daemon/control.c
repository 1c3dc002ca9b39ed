#include "daemon/control.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/evconn.h"

#define CLIENTS_MAX 16

struct client {
	struct client *next;
	struct control *control;
	struct evconn *conn;
	uid_t uid;
};

struct control {
	struct event_base *base;
	struct event *acceptable;
	struct job_engine *jobs;
	struct json *(*status)(void *ctx);
	void *ctx;
	int fd;
	struct client *clients;
	size_t clients_len;
};

static void client_free(struct client *client)
{
	struct client **at = &client->control->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	client->control->clients_len--;
	job_engine_forget(client->control->jobs, client->conn);
	evconn_free(&client->conn);
	free(client);
}

/* Who is at the other end, for the audit trail. */
static struct json *who(const struct client *client)
{
	const struct passwd *pw = getpwuid(client->uid);
	struct json *j = json_object_new();
	char number[32];

	snprintf(number, sizeof(number), "uid %u", (unsigned int)client->uid);
	json_set_int(j, "user_id", 0);
	json_set_str(j, "user_name", pw ? pw->pw_name : number);
	json_set_str(j, "ip", "local");
	return j;
}

static void create_user(struct client *client, const struct ipc_msg *m)
{
	CLEANUP(json_free) struct json *args = m->args ? json_copy(m->args) : json_object_new();
	struct ipc_msg call = *m;

	if (!json_is_object(args))
		return;
	json_set(args, "who", who(client));
	call.args = args;
	job_engine_call(client->control->jobs, client->conn, &call);
}

static void on_message(void *ctx, struct evconn *conn, const struct ipc_msg *m)
{
	struct client *client = ctx;
	struct err e = { 0 };

	if (str_eq(m->call, "user.create")) {
		create_user(client, m);
		return;
	}
	if (m->id == 0)
		return;
	if (str_eq(m->call, "status")) {
		evconn_result(conn, m->id, client->control->status(client->control->ctx));
		return;
	}
	err_set(&e, ERR_UNSUPPORTED, "there is no call \"%s\" here", m->call);
	evconn_error(conn, m->id, &e);
}

static void on_end(void *ctx, struct evconn *conn, const struct err *why)
{
	client_free(ctx);
}

static const struct evconn_ops ops = { on_message, on_end };

static bool may_enter(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*uid = cred.uid;
	return cred.uid == 0 || cred.uid == geteuid();
}

static void on_acceptable(evutil_socket_t listener, short what, void *ctx)
{
	struct control *c = ctx;
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
	struct client *client;
	uid_t uid;

	if (fd < 0)
		return;
	if (c->clients_len >= CLIENTS_MAX || !may_enter(fd, &uid)) {
		log_warning("control socket: client refused");
		close(fd);
		return;
	}
	client = xcalloc(1, sizeof(*client));
	client->control = c;
	client->uid = uid;
	client->conn = evconn_new(c->base, fd, &ops, client);
	client->next = c->clients;
	c->clients = client;
	c->clients_len++;
}

struct control *control_new(struct event_base *base, int fd, struct job_engine *jobs,
                            struct json *(*status)(void *ctx), void *ctx)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->base = base;
	c->jobs = jobs;
	c->status = status;
	c->ctx = ctx;
	c->fd = fd;
	c->acceptable = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, c);
	event_add(c->acceptable, NULL);
	return c;
}

void control_free(struct control **control)
{
	struct control *c = *control;

	*control = NULL;
	if (!c)
		return;
	while (c->clients)
		client_free(c->clients);
	event_free(c->acceptable);
	close_fd(&c->fd);
	free(c);
}
