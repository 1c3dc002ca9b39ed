/* Connections: how many, from where, how long they may take, how much they may have in memory.
 * The HTTP library owns them; this is our note about each, which lives exactly as long as the
 * connection's TLS object. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#define CONN_PEER_SIZE    64
#define CONN_BUFFERED_MAX (64u << 20) /* bytes of unfinished requests, all connections together */

struct conn;

struct conn_table {
	struct event_base *base;
	int max;
	int max_per_address;
	int timeout_s;
	/* inner */
	struct conn *first;
	int count;
	size_t buffered;
	int ssl_index;
	int64_t logged_ms;
};

struct conn {
	struct conn_table *table;
	struct conn *prev, *next;
	struct bufferevent *bev; /* borrowed */
	struct event *timer;
	char peer[CONN_PEER_SIZE];
	bool begun;   /* its address is known and counted */
	bool serving; /* a request is being answered */
	bool shut;    /* asked to end */
	bool in_head; /* the next bytes belong to header lines */
	size_t buffered;
};

void conn_table_init(struct conn_table *t, struct event_base *base);
/* End all connections' timers; the connections themselves are the library's. */
void conn_table_release(struct conn_table *t);
/* Note a connection that was just accepted; BEV was made for SSL. */
void conn_new(struct conn_table *t, SSL *ssl, struct bufferevent *bev);
struct conn *conn_of(const struct conn_table *t, struct bufferevent *bev);
/* A request is complete: no time limit while it is answered; what comes is the next one. */
void conn_begin(struct conn *c);
/* The answer is on its way: it and the next request have twice the time. */
void conn_answered(struct conn *c);
