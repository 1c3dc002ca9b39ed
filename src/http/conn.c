#include "http/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/head.h"

#define LOG_EVERY_MS 1000

static void conn_free(struct conn *c)
{
	struct conn_table *t = c->table;

	t->buffered -= c->buffered;
	t->count--;
	if (c->prev)
		c->prev->next = c->next;
	else
		t->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	event_free(c->timer);
	free(c);
}

/* OpenSSL calls this when the connection's object goes, on whatever way. */
static void ssl_gone(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	if (ptr)
		conn_free(ptr);
}

void conn_table_init(struct conn_table *t, struct event_base *base)
{
	t->base = base;
	t->ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, ssl_gone);
	if (t->ssl_index < 0)
		abort();
}

void conn_table_release(struct conn_table *t)
{
	CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, t->ssl_index);
}

/* The library sees the end of the stream and cleans up by itself. */
static void conn_shut(struct conn *c)
{
	evutil_socket_t fd = bufferevent_getfd(c->bev);

	c->shut = true;
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
}

static void peer_text(const struct sockaddr_storage *sa, char out[CONN_PEER_SIZE])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	const void *address = sa->ss_family == AF_INET6 ? (const void *)&v6->sin6_addr
	                                                : (const void *)&v4->sin_addr;

	if ((sa->ss_family != AF_INET && sa->ss_family != AF_INET6) ||
	    !inet_ntop(sa->ss_family, address, out, CONN_PEER_SIZE))
		(void)snprintf(out, CONN_PEER_SIZE, "local");
	if (str_starts(out, "::ffff:"))
		memmove(out, out + strlen("::ffff:"), strlen(out + strlen("::ffff:")) + 1);
}

static int count_from(const struct conn_table *t, const char *peer)
{
	int n = 0;

	for (const struct conn *c = t->first; c; c = c->next)
		n += c->begun && !c->shut && str_eq(c->peer, peer);
	return n;
}

static void set_timer(struct conn *c, int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	evtimer_add(c->timer, &tv);
}

/* A flood of connections must not become a flood of lines. */
static void log_refusal(struct conn *c, const char *why)
{
	struct conn_table *t = c->table;
	int64_t now = clock_mono_ms();

	if (now - t->logged_ms < LOG_EVERY_MS)
		return;
	t->logged_ms = now;
	log_warning("connection from %s ended: %s", c->peer, why);
}

/* First look at a new connection: the address is not known before the library has set it up. */
static void conn_look(struct conn *c)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	(void)getpeername(bufferevent_getfd(c->bev), (struct sockaddr *)&sa, &len);
	peer_text(&sa, c->peer);
	if (c->table->count > c->table->max ||
	    count_from(c->table, c->peer) >= c->table->max_per_address) {
		log_refusal(c, "too many connections");
		conn_shut(c);
		return;
	}
	c->begun = true;
	set_timer(c, c->table->timeout_s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (!c->begun)
		conn_look(c);
	else if (!c->serving)
		conn_shut(c); /* too slow, or idle for too long */
}

/* The library takes whole header lines out of the buffer, so it starts with a line until the
 * head is complete. */
static void conn_read_head(struct conn *c)
{
	if (c->in_head && head_hide_identity(bufferevent_get_input(c->bev)))
		c->in_head = false;
}

/* All unfinished requests together must not fill the memory. */
static void on_input(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *c = arg;
	struct conn_table *t = c->table;

	t->buffered -= c->buffered;
	c->buffered = evbuffer_get_length(b);
	t->buffered += c->buffered;
	if (info->n_added > 0)
		conn_read_head(c);
	if (t->buffered > CONN_BUFFERED_MAX && info->n_added > 0 && !c->shut) {
		log_refusal(c, "too much data waits");
		conn_shut(c);
	}
}

void conn_new(struct conn_table *t, SSL *ssl, struct bufferevent *bev)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->table = t;
	c->bev = bev;
	c->in_head = true;
	c->timer = evtimer_new(t->base, on_timer, c);
	if (!c->timer || SSL_set_ex_data(ssl, t->ssl_index, c) != 1)
		abort();
	if (!evbuffer_add_cb(bufferevent_get_input(bev), on_input, c))
		abort();
	c->next = t->first;
	if (t->first)
		t->first->prev = c;
	t->first = c;
	t->count++;
	set_timer(c, 0);
}

struct conn *conn_of(const struct conn_table *t, struct bufferevent *bev)
{
	return SSL_get_ex_data(bufferevent_openssl_get_ssl(bev), t->ssl_index);
}

void conn_begin(struct conn *c)
{
	c->serving = true;
	c->in_head = true;
	conn_read_head(c);
	evtimer_del(c->timer);
}

void conn_answered(struct conn *c)
{
	c->serving = false;
	set_timer(c, 2 * c->table->timeout_s);
}
