#include "monitor/watch.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "monitor/backoff.h"
#include "monitor/probe.h"
#include "monitor/resolve.h"
#include "pg/async.h"

/* One loss of the connection is no proof: the node is called lost when it cannot be had again. */
#define FIRST_RETRY_MS 50

enum watch_state {
	WATCH_WAITING,   /* for the next attempt */
	WATCH_RESOLVING, /* the name of the host */
	WATCH_CONNECTING,
	WATCH_READY,
	WATCH_PROBING,
};

struct watch {
	struct event_base *base;
	const struct monitor_config *config;
	const struct watch_listener *listener;
	int64_t node_id;
	enum watch_state state;
	/* target */
	char *host, *ip, *user, *password;
	int port;
	/* connection */
	struct pg_async *pg;
	struct event *io;
	int io_fd, io_want;
	struct event *timer;
	struct resolve *resolve;
	unsigned int attempts; /* that failed since it was seen last */
	unsigned int round;
	enum probe_kind asked[PROBE_KINDS];
	size_t n_asked;
	/* what is known */
	enum reach reach;
	enum pg_fail fail;
	char error[256];
	bool was_shut_down;
	int64_t lost_ms;
	int64_t seen_wall_ms;
	int64_t sent_ms; /* when the present round was sent */
	struct node_sample sample;
	struct lag_ring *ring;
};

static void on_timer(evutil_socket_t fd, short what, void *ctx);
static void on_io(evutil_socket_t fd, short what, void *ctx);

struct watch *watch_new(struct event_base *base, const struct monitor_config *config,
                        const struct watch_listener *listener, int64_t node_id)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->base = base;
	w->config = config;
	w->listener = listener;
	w->node_id = node_id;
	w->io_fd = -1;
	w->timer = event_new(base, -1, 0, on_timer, w);
	return w;
}

int64_t watch_node_id(const struct watch *w)
{
	return w->node_id;
}

static void set_timer(struct watch *w, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(w->timer, &tv);
}

static void stop_io(struct watch *w)
{
	if (w->io != NULL)
		event_free(w->io);
	w->io = NULL;
	w->io_fd = -1;
	w->io_want = 0;
}

static void close_connection(struct watch *w)
{
	(void)event_del(w->timer);
	stop_io(w);
	pg_async_free(&w->pg);
	resolve_free(&w->resolve);
	w->round = 0;
	w->state = WATCH_WAITING;
}

void watch_free(struct watch **w)
{
	if (*w == NULL)
		return;
	close_connection(*w);
	event_free((*w)->timer);
	sample_release(&(*w)->sample);
	free((*w)->ring);
	free_str(&(*w)->host);
	free_str(&(*w)->ip);
	free_str(&(*w)->user);
	free_secret(&(*w)->password);
	free(*w);
	*w = NULL;
}

/* Wait for what libpq wants now; an event that fits already is kept. */
static void watch_io(struct watch *w)
{
	int fd = pg_async_fd(w->pg), want = pg_async_want(w->pg);
	short events = EV_PERSIST;

	if (w->io != NULL && w->io_fd == fd && w->io_want == want)
		return;
	stop_io(w);
	if (fd < 0 || want == 0)
		return;
	events |= (want & PG_WANT_READ) != 0 ? EV_READ : 0;
	events |= (want & PG_WANT_WRITE) != 0 ? EV_WRITE : 0;
	w->io = event_new(w->base, fd, events, on_io, w);
	w->io_fd = fd;
	w->io_want = want;
	(void)event_add(w->io, NULL);
}

static void set_reach(struct watch *w, enum reach reach)
{
	bool is_new = w->reach != reach;

	if (is_new && reach == REACH_FAILED)
		w->lost_ms = clock_mono_ms();
	w->reach = reach;
	if (is_new)
		w->listener->on_change(w->listener->ctx);
}

/* The connection is gone or was not made: remember why, try again later. */
static void lose(struct watch *w, enum pg_fail fail, const char *error)
{
	const char *sqlstate = w->pg == NULL ? "" : pg_async_sqlstate(w->pg);
	bool was_probing = w->state == WATCH_PROBING;
	bool was_ready = was_probing || w->state == WATCH_READY;
	bool is_news = w->fail != fail;

	/* A refusal after the good-bye keeps the good-bye. */
	if (was_ready)
		w->was_shut_down = str_eq(sqlstate, "57P01");
	else if (fail != PG_FAIL_REFUSED && fail != PG_FAIL_STARTING)
		w->was_shut_down = false;
	if (is_news && !was_ready)
		log_info("monitor: node %lld (%s:%d): %s", (long long)w->node_id, w->host, w->port,
		         error);
	w->fail = fail;
	(void)snprintf(w->error, sizeof(w->error), "%s", error);
	close_connection(w);
	if (was_ready) {
		w->attempts = 0;
		set_timer(w, FIRST_RETRY_MS);
	} else {
		set_timer(w, backoff_ms(w->attempts++, fail != PG_FAIL_TIMEOUT));
		set_reach(w, REACH_FAILED);
	}
	if (!was_ready && is_news)
		w->listener->on_change(w->listener->ctx);
	if (was_probing)
		w->listener->on_round(w->listener->ctx);
}

static void lose_for_silence(struct watch *w, const char *what, int ms)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s within %d.%d s", what, ms / 1000, ms % 1000 / 100);
	lose(w, PG_FAIL_TIMEOUT, text);
}

static void lose_by_error(struct watch *w)
{
	char error[256];

	(void)snprintf(error, sizeof(error), "%s", pg_async_error(w->pg));
	lose(w, pg_async_fail(w->pg), error);
}

/* libpq wants the name of the host once for each of its addresses. */
static void add_names(struct strbuf *out, const char *host, const char *addresses)
{
	strbuf_adds(out, host);
	for (; *addresses != '\0'; addresses++) {
		if (*addresses == ',')
			strbuf_addf(out, ",%s", host);
	}
}

static void connect_to(struct watch *w, const char *addresses)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;
	struct conninfo c = {
		.hostaddr = addresses,
		.port = w->port,
		.user = w->user,
		.password = w->password,
		.application_name = "pgtandem-monitor",
	};
	struct pg_options o = {
		.connect_timeout_ms = w->config->connect_timeout_ms,
		.statement_timeout_ms = w->config->probe_timeout_ms,
		.silent_ms = w->config->probe_timeout_ms,
	};
	struct err e = { 0 };

	add_names(&names, w->host, addresses);
	c.host = strbuf_cstr(&names);
	if (pg_async_new(&c, &o, &w->pg, &e) != ERR_OK) {
		lose(w, PG_FAIL_UNRESOLVED, e.text);
		return;
	}
	w->state = WATCH_CONNECTING;
	set_timer(w, w->config->connect_timeout_ms);
	if (pg_async_state(w->pg) == PG_ASYNC_FAILED)
		lose_by_error(w);
	else
		watch_io(w);
}

static void on_resolved(void *ctx, const char *addresses)
{
	CLEANUP(free_str) char *copy = xstrdup(addresses);
	struct watch *w = ctx;

	resolve_free(&w->resolve);
	if (copy == NULL)
		lose(w, PG_FAIL_UNRESOLVED, "the name of the host is not known");
	else
		connect_to(w, copy);
}

static void start(struct watch *w)
{
	struct err e = { 0 };

	if (str_empty(w->host))
		return;
	if (resolve_is_address(w->host) || !str_empty(w->ip)) {
		connect_to(w, resolve_is_address(w->host) ? w->host : w->ip);
		return;
	}
	w->state = WATCH_RESOLVING;
	set_timer(w, w->config->connect_timeout_ms);
	if (resolve_start(w->base, w->host, on_resolved, w, &w->resolve, &e) != ERR_OK)
		lose(w, PG_FAIL_UNRESOLVED, e.text);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	switch (w->state) {
	case WATCH_WAITING:
		start(w);
		break;
	case WATCH_RESOLVING:
		lose(w, PG_FAIL_UNRESOLVED, "no answer about the name of the host");
		break;
	case WATCH_CONNECTING:
		lose_for_silence(w, "no connection", w->config->connect_timeout_ms);
		break;
	case WATCH_READY:
		break;
	case WATCH_PROBING:
		lose_for_silence(w, "no answer", w->config->probe_timeout_ms);
		break;
	}
}

/* Positions are worth something only with the time when they were true: halfway between the
 * question and its answer. */
static void keep_position(struct watch *w)
{
	const struct node_sample *s = &w->sample;

	if (s->in_recovery || s->current == LSN_INVALID)
		return;
	if (w->ring == NULL)
		w->ring = xcalloc(1, sizeof(*w->ring));
	lag_add(w->ring, s->current, s->at_ms);
}

static void take_results(struct watch *w)
{
	bool has_state = false;

	for (size_t i = 0; i < w->n_asked; i++) {
		const struct pg_result *r = pg_async_result(w->pg, i);

		if (r == NULL) {
			log_debug("monitor: node %lld: %s: %s", (long long)w->node_id,
			          probe_name(w->asked[i]), pg_async_result_error(w->pg, i));
			continue;
		}
		probe_read(w->asked[i], r, &w->sample);
		has_state = has_state || w->asked[i] == PROBE_STATE;
	}
	if (!has_state)
		return;
	w->sample.at_ms = (w->sent_ms + clock_mono_ms()) / 2;
	w->sample.version_num = pg_async_server_version(w->pg);
	w->seen_wall_ms = clock_wall_ms();
	keep_position(w);
}

static void end_round(struct watch *w)
{
	(void)event_del(w->timer);
	w->state = WATCH_READY;
	w->round++;
	take_results(w);
	w->fail = PG_FAIL_NONE;
	w->was_shut_down = false;
	w->attempts = 0;
	set_reach(w, REACH_OK);
	w->listener->on_round(w->listener->ctx);
}

static void step(struct watch *w)
{
	switch (pg_async_step(w->pg)) {
	case PG_ASYNC_FAILED:
		lose_by_error(w);
		return;
	case PG_ASYNC_IDLE:
		break;
	default:
		watch_io(w);
		return;
	}
	watch_io(w);
	if (w->state == WATCH_PROBING) {
		end_round(w);
	} else if (w->state == WATCH_CONNECTING) {
		(void)event_del(w->timer);
		w->state = WATCH_READY;
		(void)watch_round(w);
	}
}

static void on_io(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	/* While connecting, libpq may close the socket and open another under the same number. */
	if (w->state == WATCH_CONNECTING)
		stop_io(w);
	step(w);
}

bool watch_round(struct watch *w)
{
	int version = w->state == WATCH_READY ? pg_async_server_version(w->pg) : 0;
	struct err e = { 0 };

	if (w->state != WATCH_READY)
		return false;
	w->n_asked = 0;
	for (int k = 0; k < PROBE_KINDS; k++) {
		const char *sql = probe_sql((enum probe_kind)k, version);

		if (sql == NULL || !probe_is_due((enum probe_kind)k, &w->sample, w->round))
			continue;
		pg_async_add(w->pg, probe_name((enum probe_kind)k), sql);
		w->asked[w->n_asked++] = (enum probe_kind)k;
	}
	if (w->n_asked == 0) {
		lose(w, PG_FAIL_OTHER, "this version of PostgreSQL is not supported");
		return false;
	}
	w->sent_ms = clock_mono_ms();
	w->state = WATCH_PROBING;
	if (pg_async_send(w->pg, &e) != ERR_OK) {
		lose(w, PG_FAIL_CLOSED, e.text);
		return false;
	}
	set_timer(w, w->config->probe_timeout_ms);
	watch_io(w);
	return true;
}

void watch_hurry(struct watch *w)
{
	if (w->state != WATCH_WAITING)
		return;
	w->attempts = 0;
	set_timer(w, 0);
}

static void set_text(char **field, const char *value)
{
	free_secret(field);
	*field = xstrdup(str_or(value, ""));
}

void watch_set_target(struct watch *w, const struct node *n, const struct login *as)
{
	int port = n->port == 0 ? PG_DEFAULT_PORT : n->port;

	if (w->host != NULL && str_eq(w->host, str_or(n->hostname, "")) &&
	    str_eq(w->ip, str_or(n->ip, "")) && w->port == port &&
	    str_eq(w->user, str_or(as->user, "")) && str_eq(w->password, str_or(as->password, "")))
		return;
	close_connection(w);
	set_text(&w->host, n->hostname);
	set_text(&w->ip, n->ip);
	set_text(&w->user, as->user);
	set_text(&w->password, as->password);
	w->port = port;
	w->reach = REACH_UNKNOWN;
	w->attempts = 0;
	w->fail = PG_FAIL_NONE;
	/* A new engine does not knock at all doors at the same moment. */
	set_timer(w, backoff_jitter(w->config->interval_ms / 4));
}

void watch_view(const struct watch *w, struct node_view *v)
{
	v->reach = w->reach;
	v->fail = w->fail;
	v->error = w->error;
	v->was_shut_down = w->was_shut_down;
	v->lost_ms = w->lost_ms;
	v->seen_ms = w->seen_wall_ms;
	v->sample = w->sample.at_ms == 0 ? NULL : &w->sample;
}

const struct lag_ring *watch_ring(const struct watch *w)
{
	return w->ring;
}
