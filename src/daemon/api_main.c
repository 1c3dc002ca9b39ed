/* The unprivileged process that parses bytes from the network.  Started by the supervisor only. */
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/boot.h"
#include "daemon/listen.h"
#include "daemon/places.h"
#include "daemon/tls_files.h"
#include "http/server.h"
#include "job/evconn.h"
#include "rpc/rpc.h"
#include "store/store.h"

struct api {
	struct boot boot;
	struct strbuf cert, key;
	struct store *store;
	struct event_base *base;
	struct event *channel, *terminate, *interrupt;
	struct evconn *engine; /* NULL: it is being started again */
	struct rpc *rpc;
	struct http_server *http;
	int code;
};

/* ---- the engine ---- */

static void engine_message(void *ctx, struct evconn *c, const struct ipc_msg *m)
{
	log_warning("unexpected call \"%s\" of the engine", m->call);
}

static void engine_ended(void *ctx, struct evconn *c, const struct err *why)
{
	struct api *a = ctx;

	evconn_free(&a->engine); /* the supervisor sends a new one */
}

static const struct evconn_ops engine_ops = { engine_message, engine_ended };

static void engine_attach(struct api *a, struct channel_msg *m)
{
	int fd = channel_take_fd(m, "peer");

	if (fd < 0)
		return;
	evconn_free(&a->engine);
	a->engine = evconn_new(a->base, fd, &engine_ops, a);
}

static enum err_code ask_engine(void *ctx, const char *call, struct json *args, ipc_answer_fn fn,
                                void *fn_ctx, struct err *e)
{
	struct api *a = ctx;

	if (a->engine)
		return evconn_request(a->engine, call, args, fn, fn_ctx, e);
	json_free(&args);
	err_set(e, ERR_BUSY, "the engine is being started");
	return err_hint(e, "try again");
}

static void forget(void *ctx, const void *fn_ctx)
{
	struct api *a = ctx;

	if (a->engine)
		evconn_forget(a->engine, fn_ctx);
}

/* ---- the supervisor ---- */

static void on_channel(evutil_socket_t fd, short what, void *ctx)
{
	struct channel_msg m = { 0 };
	struct api *a = ctx;

	if (channel_recv(CHANNEL_CHILD_FD, &m, NULL) != ERR_OK) {
		event_base_loopbreak(a->base);
		return;
	}
	engine_attach(a, &m);
	channel_msg_release(&m);
}

static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	event_base_loopbreak(ctx);
}

/* ---- start ---- */

/* For good: neither root nor its groups come back, also not by a set-uid program. */
static enum err_code drop_privileges(const struct api_user *u, struct err *e)
{
	if (u->switched && (setgroups(1, &u->gid) != 0 || setresgid(u->gid, u->gid, u->gid) != 0 ||
	                    setresuid(u->uid, u->uid, u->uid) != 0))
		return err_errno(e, ERR_IO, "become user %u", (unsigned int)u->uid);
	if (u->switched && (setuid(0) == 0 || setgid(0) == 0))
		return err_set(e, ERR_INTERNAL, "privileges were not dropped");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, ERR_IO, "no_new_privs");
	boot_follow_parent();
	(void)prctl(PR_SET_DUMPABLE, 0);
	return ERR_OK;
}

static enum err_code start_loop(struct api *a, struct err *e)
{
	a->base = event_base_new();
	if (!a->base)
		return err_set(e, ERR_INTERNAL, "no event loop");
	a->channel = event_new(a->base, CHANNEL_CHILD_FD, EV_READ | EV_PERSIST, on_channel, a);
	a->terminate = evsignal_new(a->base, SIGTERM, on_signal, a->base);
	a->interrupt = evsignal_new(a->base, SIGINT, on_signal, a->base);
	event_add(a->channel, NULL);
	event_add(a->terminate, NULL);
	event_add(a->interrupt, NULL);
	return ERR_OK;
}

static enum err_code start_rpc(struct api *a, struct err *e)
{
	const struct config *c = &a->boot.config;
	const struct rpc_engine engine = { a, ask_engine, forget };
	struct rpc_config rpc = { .controller_id = store_controller_id(a->store),
		                  .address = c->listen[0].host,
		                  .port = config_port(c),
		                  .session_idle_s = (int)c->session_timeout_s };
	char host[256] = "localhost";

	/* longer than the engine takes to give up a check of hosts */
	rpc.engine_timeout_ms = 28000;
	(void)gethostname(host, sizeof(host) - 1);
	rpc.hostname = host;
	a->rpc = rpc_new(a->store, &engine, &rpc);
	return ERR_OK;
}

static enum err_code start_http(struct api *a, struct err *e)
{
	int fds[LISTEN_SOCKETS_MAX], fd;
	struct http_server_config http = { .listen_fds = fds,
		                           .cert_pem = strbuf_cstr(&a->cert),
		                           .key_pem = strbuf_cstr(&a->key) };

	while ((fd = channel_take_fd(&a->boot.msg, "listen")) >= 0)
		fds[http.n_listen_fds++] = fd;
	return http_server_new(a->base, &http, a->rpc, &a->http, e);
}

static enum err_code start(struct api *a, struct err *e)
{
	struct store_options store = { .dir = a->boot.config.data_dir,
		                       .mode = STORE_READ_ONLY,
		                       .group = (gid_t)-1 };
	struct api_user u;

	TRY(places_api_user(&a->boot.config, &u, e));
	TRY(tls_files_read(&a->boot.config, &a->cert, &a->key, e));
	TRY(drop_privileges(&u, e));
	TRY(store_open(&store, &a->store, e));
	TRY(start_loop(a, e));
	engine_attach(a, &a->boot.msg);
	TRY(start_rpc(a, e));
	TRY(start_http(a, e));
	strbuf_release_secret(&a->key);
	boot_ready();
	return ERR_OK;
}

static void release(struct api *a)
{
	struct event **events[] = { &a->channel, &a->terminate, &a->interrupt };

	http_server_free(&a->http);
	rpc_free(&a->rpc);
	evconn_free(&a->engine);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (*events[i])
			event_free(*events[i]);
	}
	if (a->base)
		event_base_free(a->base);
	store_close(&a->store);
	strbuf_release(&a->cert);
	strbuf_release_secret(&a->key);
	boot_release(&a->boot);
}

int main(void)
{
	struct api a = { 0 };
	struct err e = { 0 };
	int code = BOOT_EXIT_CONFIG;

	boot_process();
	if (boot_child("api", &a.boot, &e) == ERR_OK && start(&a, &e) == ERR_OK) {
		(void)event_base_dispatch(a.base);
		code = EXIT_SUCCESS;
	} else {
		log_err(LOG_ERROR, "start", &e);
	}
	release(&a);
	return code;
}
