#include "monitor/lineage.h"

#include "base/strbuf.h"

int64_t *lineage_tops(const struct cluster_list *l, struct arena *a)
{
	int64_t *tops = ARENA_NEWN(a, l->count + 1, int64_t);

	for (size_t i = 0; i < l->count; i++) {
		const struct cluster *top = cluster_top(l, l->items[i].id);

		tops[i] = top == NULL ? l->items[i].id : top->id;
	}
	return tops;
}

/* Append the writable nodes of C; returns how many. */
static size_t add_writable(const struct cluster *c, const struct live_list *live,
                           struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_nodes; i++) {
		const struct node_live *seen = live_find(live, c->nodes[i].id);

		if (seen == NULL || seen->status != HOST_ONLINE || !seen->role_known ||
		    seen->role != ROLE_MASTER)
			continue;
		strbuf_addf(out, "%s%s:%d of cluster %lld", out->len > 0 ? ", " : "",
		            c->nodes[i].hostname, c->nodes[i].port, (long long)c->id);
		n++;
	}
	return n;
}

static void add_lineage(const struct cluster_list *l, const int64_t *tops, size_t first,
                        const struct live_list *live, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf nodes = STRBUF_INIT;
	size_t n = 0;

	for (size_t i = first; i < l->count; i++) {
		if (tops[i] == tops[first])
			n += add_writable(&l->items[i], live, &nodes);
	}
	if (n > 1)
		strbuf_addf(out, "cluster %lld and its replicas have %zu writable nodes: %s\n",
		            (long long)tops[first], n, strbuf_cstr(&nodes));
}

static bool is_first(const int64_t *tops, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (tops[i] == tops[at])
			return false;
	}
	return true;
}

const char *lineage_conflicts(const struct cluster_list *l, const struct live_list *live,
                              struct arena *a)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const int64_t *tops = lineage_tops(l, a);

	for (size_t i = 0; i < l->count; i++) {
		if (is_first(tops, i))
			add_lineage(l, tops, i, live, &out);
	}
	return arena_strdup(a, strbuf_cstr(&out));
}
