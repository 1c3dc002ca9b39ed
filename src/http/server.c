#include "http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/conn.h"
#include "http/page.h"
#include "http/tls.h"
#include "rpc/rpc.h"

#define HEADERS_MAX (16u << 10)
#define BODY_MAX    (1u << 20)
#define BODY_READ_FACTOR                                                         \
	8 /* so much too large is read and answered; beyond, the library refuses \
	   */
#define SERVER_NAME "cmon/2.1.0" /* the clients read a version from it */

struct http_server {
	struct event_base *base;
	struct evhttp *http;
	struct rpc *rpc;
	struct event *tick;
	SSL_CTX *tls;
	struct conn_table conns;
	size_t body_max;
};

/* A request that waits for its reply; the context of the RPC call. */
struct request {
	struct http_server *server;
	struct evhttp_request *req;
	struct conn *conn;
};

/* ---- time ---- */

static void arm_tick(struct http_server *s)
{
	int64_t ms = rpc_tick(s->rpc);
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(s->tick, &tv);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	arm_tick(arg);
}

/* ---- replies ---- */

/* HTTP/1.0 clients read to the end of the stream: they have to be told that it comes. */
static bool must_close(const struct evhttp_request *req)
{
	const char *connection = evhttp_find_header(req->input_headers, "Connection");

	if (req->major == 1 && req->minor == 0)
		return !str_ieq(connection, "keep-alive");
	return str_ieq(connection, "close");
}

static void send_reply(struct evhttp_request *req, int status, const char *type, const void *body,
                       size_t len)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evhttp_request_get_output_buffer(req);
	char length[32];

	(void)snprintf(length, sizeof(length), "%zu", len);
	evhttp_add_header(headers, "Server", SERVER_NAME);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Length", length);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (must_close(req))
		evhttp_add_header(headers, "Connection", "close");
	if (evhttp_request_get_command(req) != EVHTTP_REQ_HEAD)
		evbuffer_add(out, body, len);
	evhttp_send_reply(req, status, NULL, NULL);
}

static struct evhttp_connection *connection_of(const struct request *r)
{
	return evhttp_request_get_connection(r->req);
}

static void request_end(struct request *r)
{
	evhttp_connection_set_closecb(connection_of(r), NULL, NULL);
	free(r);
}

static void on_rpc_reply(void *ctx, const struct rpc_reply *reply)
{
	struct request *r = ctx;
	struct evhttp_request *req = r->req;

	conn_answered(r->conn);
	request_end(r);
	if (reply->set_cookie)
		evhttp_add_header(evhttp_request_get_output_headers(req), "Set-Cookie",
		                  reply->set_cookie);
	send_reply(req, reply->http_status, "application/json; charset=utf-8", reply->body,
	           reply->len);
}

/* The connection, and the library's request with it, goes before the reply is there. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
	struct request *r = arg;

	rpc_abandon(r->server->rpc, r);
	free(r);
}

/* ---- requests ---- */

static void serve_rpc(struct http_server *s, struct request *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r->req);
	struct rpc_request call = {
		.path = evhttp_request_get_uri(r->req),
		.len = evbuffer_get_length(in),
		.cookie = evhttp_find_header(evhttp_request_get_input_headers(r->req), "Cookie"),
		.peer = r->conn->peer,
	};

	if (call.len > s->body_max) {
		rpc_refuse(s->rpc, 413, "the request is too large", on_rpc_reply, r);
		return;
	}
	call.body = call.len ? (const char *)evbuffer_pullup(in, -1) : "";
	rpc_handle(s->rpc, &call, on_rpc_reply, r);
}

static void serve_get(struct request *r)
{
	struct evhttp_request *req = r->req;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	if (!str_empty(path) && !str_eq(path, "/")) {
		rpc_refuse(r->server->rpc, 404, "there is nothing at this address", on_rpc_reply,
		           r);
		return;
	}
	conn_answered(r->conn);
	request_end(r);
	send_reply(req, 200, "text/plain; charset=utf-8", page_root, strlen(page_root));
}

static struct request *request_new(struct http_server *s, struct evhttp_request *req)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->server = s;
	r->req = req;
	r->conn = conn_of(&s->conns, evhttp_connection_get_bufferevent(connection_of(r)));
	evhttp_connection_set_closecb(connection_of(r), on_close, r);
	conn_begin(r->conn);
	return r;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct http_server *s = arg;
	struct request *r = request_new(s, req);

	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_POST:
		serve_rpc(s, r);
		break;
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		serve_get(r);
		break;
	default:
		rpc_refuse(s->rpc, 405, "only POST is understood", on_rpc_reply, r);
	}
	arm_tick(s);
}

/* ---- setting up ---- */

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct http_server *s = arg;
	SSL *ssl = SSL_new(s->tls);
	struct bufferevent *bev;

	if (!ssl)
		abort();
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
	                                     BEV_OPT_CLOSE_ON_FREE);
	if (!bev)
		abort();
	/* clients that close without TLS's own goodbye are served all the same */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	conn_new(&s->conns, ssl, bev);
	return bev;
}

/* Accepted sockets inherit it; without it a TLS reply waits for an acknowledgement of its head. */
static void no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static enum err_code listen_all(struct http_server *s, const struct http_server_config *config,
                                struct err *e)
{
	for (size_t i = 0; i < config->n_listen_fds; i++) {
		no_delay(config->listen_fds[i]);
		evutil_make_socket_nonblocking(config->listen_fds[i]);
		if (evhttp_accept_socket(s->http, config->listen_fds[i]) != 0)
			return err_errno(e, ERR_IO, "listen on descriptor %d",
			                 config->listen_fds[i]);
	}
	return ERR_OK;
}

static int or_default(int value, int dflt)
{
	return value > 0 ? value : dflt;
}

/* OpenSSL writes without MSG_NOSIGNAL: a client that goes away must not end us. */
static void ignore_broken_pipes(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static enum err_code http_start(struct http_server *s, const struct http_server_config *config,
                                struct err *e)
{
	ignore_broken_pipes();
	s->http = evhttp_new(s->base);
	s->tick = evtimer_new(s->base, on_tick, s);
	if (!s->http || !s->tick)
		return err_set(e, ERR_INTERNAL, "the HTTP server cannot be made");
	s->body_max = config->body_max ? config->body_max : BODY_MAX;
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_max_body_size(s->http, (ev_ssize_t)(s->body_max * BODY_READ_FACTOR));
	evhttp_set_timeout(s->http, 2 * s->conns.timeout_s);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
	                                            EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
	                                            EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_bevcb(s->http, on_accept, s);
	evhttp_set_gencb(s->http, on_request, s);
	return listen_all(s, config, e);
}

enum err_code http_server_new(struct event_base *base, const struct http_server_config *config,
                              struct rpc *rpc, struct http_server **out, struct err *e)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	enum err_code code;

	s->base = base;
	s->rpc = rpc;
	s->conns.max = or_default(config->connections_max, 256);
	s->conns.max_per_address = or_default(config->connections_per_address, 64);
	s->conns.timeout_s = or_default(config->request_timeout_s, 30);
	conn_table_init(&s->conns, base);
	code = tls_context_new(config, &s->tls, e);
	if (code == ERR_OK)
		code = http_start(s, config, e);
	if (code != ERR_OK) {
		http_server_free(&s);
		return code;
	}
	arm_tick(s);
	*out = s;
	return ERR_OK;
}

void http_server_free(struct http_server **s)
{
	if (!*s)
		return;
	if ((*s)->http)
		evhttp_free((*s)->http);
	if ((*s)->tick)
		event_free((*s)->tick);
	SSL_CTX_free((*s)->tls);
	conn_table_release(&(*s)->conns);
	free(*s);
	*s = NULL;
}
