#include "monitor/monitor.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "monitor/lineage.h"
#include "monitor/view.h"
#include "monitor/watch.h"
#include "store/clusters.h"
#include "store/live.h"

#define INTERVAL_MS        1000
#define CONNECT_TIMEOUT_MS 3000
#define PROBE_TIMEOUT_MS   3000
#define REFRESH_MS         5000
/* Changes that nobody told us of are looked for this often. */
#define RELOAD_MS 10000
/* After the first answer of a round, the others have this long to be in the same picture. */
#define GATHER_MS 100
/* A peer's word about a node that we cannot reach counts when it is this fresh. */
#define PEER_FRESH_MS 12000

struct monitor {
	struct event_base *base;
	struct store *store;
	struct monitor_config config;
	struct watch_listener listener;
	struct event *tick, *gather;
	/* what is watched; watches are sorted by node id */
	struct arena *arena;
	struct cluster_list clusters;
	struct watch **watches;
	size_t n_watches;
	int64_t version;
	int64_t loaded_ms;
	bool wants_reload;
	/* the present round */
	size_t pending;
	/* what was shown last */
	struct arena *shown_arena;
	struct live_list shown;
	int64_t refreshed_ms;
	char *conflicts;
	bool store_fails;
};

static int compare_watches(const void *a, const void *b)
{
	int64_t x = watch_node_id(*(struct watch *const *)a);
	int64_t y = watch_node_id(*(struct watch *const *)b);

	return (x > y) - (x < y);
}

static int compare_id(const void *key, const void *element)
{
	int64_t x = *(const int64_t *)key, y = watch_node_id(*(struct watch *const *)element);

	return (x > y) - (x < y);
}

static struct watch **find_watch(const struct monitor *m, int64_t node_id)
{
	if (m->n_watches == 0)
		return NULL;
	return bsearch(&node_id, m->watches, m->n_watches, sizeof(struct watch *), compare_id);
}

static struct watch *watch_of(const struct monitor *m, const struct node *n)
{
	struct watch **w = n == NULL ? NULL : find_watch(m, n->id);

	return w == NULL ? NULL : *w;
}

static bool is_fresh(const struct monitor *m, const struct node_view *v)
{
	return v->reach == REACH_OK && v->sample != NULL &&
	       v->now_ms - v->sample->at_ms <= m->config.interval_ms + VIEW_FRESH_MS;
}

/* V of a node with what its own watch knows. */
static bool look(const struct monitor *m, const struct node *n, int64_t now_ms, struct node_view *v)
{
	struct watch *w = watch_of(m, n);

	*v = (struct node_view){ .node = n, .now_ms = now_ms };
	if (w == NULL)
		return false;
	watch_view(w, v);
	return true;
}

static bool is_writable(const struct monitor *m, const struct node *n, int64_t now_ms)
{
	struct node_view v;

	return look(m, n, now_ms, &v) && v.sample != NULL && !v.sample->in_recovery;
}

/* The node whose positions count for all nodes of C: the master at the top as it is known, or,
 * when that one is not writable, whoever is in the lineage. */
static const struct node *find_source(const struct monitor *m, const int64_t *tops, size_t at,
                                      int64_t now_ms)
{
	const struct cluster_list *l = &m->clusters;
	const struct node *master = top_level_master(l, l->items[at].id, NULL);

	if (master != NULL && is_writable(m, master, now_ms))
		return master;
	for (size_t i = 0; i < l->count; i++) {
		for (size_t k = 0; tops[i] == tops[at] && k < l->items[i].n_nodes; k++) {
			if (is_writable(m, &l->items[i].nodes[k], now_ms))
				return &l->items[i].nodes[k];
		}
	}
	return NULL;
}

/* A peer that was asked at AT_MS had a message AGE_MS before: fresh, and after the loss. */
static bool is_word_of_peer(int64_t at_ms, int64_t age_ms, int64_t lost_ms)
{
	return age_ms >= 0 && age_ms < PEER_FRESH_MS && at_ms - age_ms > lost_ms;
}

static bool replica_hears(const struct monitor *m, const struct cluster *c,
                          const struct node_view *of)
{
	const struct node *n = of->node;
	struct node_view v;

	for (size_t i = 0; i < c->n_nodes; i++) {
		if (c->nodes[i].upstream_node_id != n->id || !look(m, &c->nodes[i], of->now_ms, &v))
			continue;
		if (is_fresh(m, &v) && v.sample->receiver.present &&
		    is_word_of_peer(v.sample->at_ms, v.sample->receiver.message_age_ms,
		                    of->lost_ms))
			return true;
	}
	return false;
}

static void add_peers(const struct monitor *m, const struct cluster *c, struct node_view *v)
{
	const struct node *up = node_upstream(&m->clusters, c, v->node, NULL);
	const struct sender_sample *sender;
	struct node_view upstream;

	v->upstream_known = look(m, up, v->now_ms, &upstream);
	v->upstream_seen = v->upstream_known && is_fresh(m, &upstream);
	v->upstream = v->upstream_known ? upstream.sample : NULL;
	if (v->reach == REACH_OK)
		return;
	sender = v->upstream_seen ? view_sender(v) : NULL;
	v->peers_see_it = replica_hears(m, c, v) ||
	                  (sender != NULL &&
	                   is_word_of_peer(v->upstream->at_ms, sender->reply_age_ms, v->lost_ms));
}

static void add_source(const struct monitor *m, const struct node *source, struct node_view *v)
{
	struct watch *w = watch_of(m, source);
	struct node_view of_source;

	if (w == NULL || source == v->node)
		return;
	(void)look(m, source, v->now_ms, &of_source);
	v->source = watch_ring(w);
	v->source_ms = of_source.sample == NULL ? 0 : of_source.sample->at_ms;
}

static void view_cluster(const struct monitor *m, const int64_t *tops, size_t at, struct arena *a,
                         struct live_list *out)
{
	const struct cluster *c = &m->clusters.items[at];
	int64_t now_ms = clock_mono_ms();
	const struct node *source = find_source(m, tops, at, now_ms);

	for (size_t i = 0; i < c->n_nodes; i++) {
		struct node_view v;

		if (!look(m, &c->nodes[i], now_ms, &v))
			continue;
		add_peers(m, c, &v);
		add_source(m, source, &v);
		view_node(&v, a, &out->items[out->count++]);
	}
}

static struct live_list view_all(const struct monitor *m, struct arena *a)
{
	const int64_t *tops = lineage_tops(&m->clusters, a);
	struct live_list out = { .items = ARENA_NEWN(a, m->n_watches + 1, struct node_live) };

	for (size_t i = 0; i < m->clusters.count; i++)
		view_cluster(m, tops, i, a, &out);
	return out;
}

static void write_live(struct monitor *m, const struct node_live *items, size_t count)
{
	struct err e = { 0 };
	bool fails = count > 0 && store_live_put(m->store, items, count, &e) != ERR_OK;

	if (fails && !m->store_fails)
		log_err(LOG_ERROR, "monitor: measurements are not stored", &e);
	m->store_fails = fails;
}

/* Write what is shown differently than before; now and then everything, for last_seen. */
static void write_changes(struct monitor *m, const struct live_list *live, struct arena *a)
{
	bool all = clock_mono_ms() - m->refreshed_ms >= m->config.refresh_ms || m->store_fails;
	struct node_live *changed = ARENA_NEWN(a, live->count + 1, struct node_live);
	size_t count = 0;

	for (size_t i = 0; i < live->count; i++) {
		const struct node_live *before = live_find(&m->shown, live->items[i].node_id);

		if (all || before == NULL || !view_equal(before, &live->items[i]))
			changed[count++] = live->items[i];
	}
	if (all)
		m->refreshed_ms = clock_mono_ms();
	write_live(m, changed, count);
}

/* Say it once for each change, not each second. */
static void report_conflicts(struct monitor *m, const struct live_list *live, struct arena *a)
{
	const char *now = lineage_conflicts(&m->clusters, live, a);
	char line[1024];

	if (str_eq(now, m->conflicts))
		return;
	if (*now == '\0')
		log_info("monitor: each lineage has at most one writable node again");
	free_str(&m->conflicts);
	m->conflicts = xstrdup(now);
	while (*now != '\0' && str_field(&now, "\n", line, sizeof(line))) {
		if (line[0] != '\0')
			log_error("monitor: %s", line);
	}
}

static void report_status(const struct node_live *before, const struct node_live *now)
{
	if (before != NULL && before->status == now->status && before->link == now->link)
		return;
	log_info("monitor: node %lld: %s, link %s: %s", (long long)now->node_id,
	         host_status_name(now->status), link_state_name(now->link), now->message);
}

static void evaluate(struct monitor *m)
{
	struct arena *a = arena_new();
	struct live_list live = view_all(m, a);

	for (size_t i = 0; i < live.count; i++)
		report_status(live_find(&m->shown, live.items[i].node_id), &live.items[i]);
	write_changes(m, &live, a);
	report_conflicts(m, &live, a);
	arena_free(&m->shown_arena);
	m->shown_arena = a;
	m->shown = live;
}

static void gather_in(struct monitor *m, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(m->gather, &tv);
}

static void on_gather(evutil_socket_t fd, short what, void *ctx)
{
	evaluate(ctx);
}

static void on_round(void *ctx)
{
	struct monitor *m = ctx;

	if (m->pending > 0)
		m->pending--;
	if (m->pending == 0)
		gather_in(m, 0);
	else if (!event_pending(m->gather, EV_TIMEOUT, NULL))
		gather_in(m, GATHER_MS);
}

static void on_change(void *ctx)
{
	gather_in(ctx, 0);
}

static size_t count_nodes(const struct cluster_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->items[i].n_nodes;
	return n;
}

static const struct login *login_of(const struct cluster *c)
{
	return str_empty(c->mon.user) ? &c->admin : &c->mon;
}

/* Move the watch of N to the new set, or make one. */
static struct watch *take_watch(struct monitor *m, const struct cluster *c, const struct node *n)
{
	struct watch **old = find_watch(m, n->id);
	struct watch *w = NULL;
	size_t at;

	if (old == NULL) {
		w = watch_new(m->base, &m->config, &m->listener, n->id);
	} else {
		w = *old;
		at = (size_t)(old - m->watches);
		memmove(old, old + 1, (m->n_watches - at - 1) * sizeof(*old));
		m->n_watches--;
	}
	watch_set_target(w, n, login_of(c));
	return w;
}

static void drop_watches(struct monitor *m)
{
	for (size_t i = 0; i < m->n_watches; i++) {
		(void)store_live_drop(m->store, watch_node_id(m->watches[i]), NULL);
		watch_free(&m->watches[i]);
	}
	free(m->watches);
	m->watches = NULL;
	m->n_watches = 0;
}

static void watch_clusters(struct monitor *m)
{
	struct watch **watches = xcalloc(count_nodes(&m->clusters) + 1, sizeof(*watches));
	size_t n = 0;

	for (size_t i = 0; i < m->clusters.count; i++) {
		const struct cluster *c = &m->clusters.items[i];

		for (size_t k = 0; k < c->n_nodes; k++)
			watches[n++] = take_watch(m, c, &c->nodes[k]);
	}
	drop_watches(m);
	qsort(watches, n, sizeof(*watches), compare_watches);
	m->watches = watches;
	m->n_watches = n;
}

static void reload(struct monitor *m)
{
	struct cluster_list list = { 0 };
	struct arena *a = arena_new();
	struct err e = { 0 };

	m->wants_reload = false;
	m->loaded_ms = clock_mono_ms();
	if (store_version(m->store, &m->version, &e) != ERR_OK ||
	    store_cluster_list(m->store, true, a, &list, &e) != ERR_OK) {
		log_err(LOG_ERROR, "monitor: clusters cannot be read", &e);
		arena_free(&a);
		return;
	}
	m->clusters = list;
	watch_clusters(m);
	arena_free(&m->arena);
	m->arena = a;
}

static void reload_if_due(struct monitor *m)
{
	int64_t version;

	if (!m->wants_reload && clock_mono_ms() - m->loaded_ms < RELOAD_MS)
		return;
	if (!m->wants_reload && store_version(m->store, &version, NULL) == ERR_OK &&
	    version == m->version) {
		m->loaded_ms = clock_mono_ms();
		return;
	}
	reload(m);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct monitor *m = ctx;
	size_t sent = 0;

	reload_if_due(m);
	for (size_t i = 0; i < m->n_watches; i++)
		sent += watch_round(m->watches[i]);
	m->pending = sent;
	if (sent == 0)
		gather_in(m, 0);
}

static void set_default(int *value, int dflt)
{
	if (*value == 0)
		*value = dflt;
}

enum err_code monitor_new(struct event_base *base, struct store *s, const struct monitor_config *c,
                          struct monitor **out, struct err *e)
{
	struct monitor *m = xcalloc(1, sizeof(*m));
	struct timeval tv;

	m->base = base;
	m->store = s;
	m->config = *c;
	set_default(&m->config.interval_ms, INTERVAL_MS);
	set_default(&m->config.connect_timeout_ms, CONNECT_TIMEOUT_MS);
	set_default(&m->config.probe_timeout_ms, PROBE_TIMEOUT_MS);
	set_default(&m->config.refresh_ms, REFRESH_MS);
	m->listener = (struct watch_listener){ on_round, on_change, m };
	m->conflicts = xstrdup("");
	m->tick = event_new(base, -1, EV_PERSIST, on_tick, m);
	m->gather = event_new(base, -1, 0, on_gather, m);
	tv.tv_sec = m->config.interval_ms / 1000;
	tv.tv_usec = m->config.interval_ms % 1000 * 1000;
	if (m->tick == NULL || m->gather == NULL || event_add(m->tick, &tv) != 0) {
		monitor_free(&m);
		return err_set(e, ERR_INTERNAL, "monitor: no event");
	}
	reload(m);
	*out = m;
	return ERR_OK;
}

void monitor_free(struct monitor **m)
{
	if (*m == NULL)
		return;
	for (size_t i = 0; i < (*m)->n_watches; i++)
		watch_free(&(*m)->watches[i]);
	free((*m)->watches);
	if ((*m)->tick != NULL)
		event_free((*m)->tick);
	if ((*m)->gather != NULL)
		event_free((*m)->gather);
	arena_free(&(*m)->arena);
	arena_free(&(*m)->shown_arena);
	free_str(&(*m)->conflicts);
	free(*m);
	*m = NULL;
}

void monitor_wake(struct monitor *m, int64_t cluster_id)
{
	m->wants_reload = true;
	for (size_t i = 0; i < m->n_watches; i++)
		watch_hurry(m->watches[i]);
	event_active(m->tick, EV_TIMEOUT, 0);
}
