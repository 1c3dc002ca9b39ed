#include "monitor/view.h"

#include <string.h>

#include "base/str.h"

static bool is_named_for(const struct node_view *v, const struct sender_name *name)
{
	const struct node *n = v->node;

	if (name == NULL)
		return false;
	if (!str_empty(n->application_name))
		return str_eq(name->application_name, n->application_name);
	return !str_empty(n->ip) && str_eq(name->client_addr, n->ip);
}

const struct sender_sample *view_sender(const struct node_view *v)
{
	const struct node_sample *up = v->upstream;

	for (size_t i = 0; up != NULL && i < up->n_senders; i++) {
		if (is_named_for(v, sample_sender_name(up, up->senders[i].pid)))
			return &up->senders[i];
	}
	return NULL;
}

/* The position of the source, also from what the upstream told the receiver of it when we
 * ourselves cannot ask the source. */
static pg_lsn source_lsn(const struct node_view *v)
{
	pg_lsn newest = v->source == NULL ? LSN_INVALID : lag_newest(v->source);

	return v->sample->receiver.latest_end > newest ? v->sample->receiver.latest_end : newest;
}

static bool is_source_fresh(const struct node_view *v)
{
	return v->source != NULL && v->now_ms - v->source_ms <= VIEW_FRESH_MS;
}

/* Milliseconds since the source passed LSN; -1: not known. */
static int64_t gap_ms(const struct node_view *v, pg_lsn lsn)
{
	int64_t age_ms, commit_ms = v->sample->last_commit_age_ms;
	bool at_least;

	if (v->source == NULL)
		return -1;
	age_ms = lag_age_ms(v->source, lsn, v->now_ms, &at_least);
	/* Caught up with what we knew of a source that we cannot ask any more. */
	if (age_ms == 0 && !is_source_fresh(v))
		return v->sample->receiver.message_age_ms > VIEW_FRESH_MS ? -1 : 0;
	/* Behind since before we looked: the last commit that it has replayed is a better witness.
	 */
	if (at_least && age_ms > VIEW_FRESH_MS && commit_ms > age_ms)
		return commit_ms;
	return age_ms;
}

static void set_lag(const struct node_view *v, struct node_live *out)
{
	pg_lsn source = source_lsn(v);
	int64_t ms;

	if (source == LSN_INVALID || v->sample->replayed == LSN_INVALID)
		return;
	out->lag_bytes = (int64_t)lsn_behind(source, v->sample->replayed);
	ms = out->lag_bytes == 0 && is_source_fresh(v) ? 0 : gap_ms(v, v->sample->replayed);
	out->lag_seconds = ms < 0 ? -1 : (double)ms / 1000;
}

static bool misses_sender(const struct node_view *v)
{
	if (!v->upstream_seen || v->upstream == NULL || !sample_knows_senders(v->upstream))
		return false;
	return v->upstream->n_senders == 0 ||
	       (!str_empty(v->node->application_name) && view_sender(v) == NULL);
}

static void set_link(const struct node_view *v, struct arena *a, struct node_live *out)
{
	const struct sender_sample *sender = view_sender(v);
	struct link_view link = {
		.is_standby = v->node->role == ROLE_SLAVE,
		.seen = v->reach == REACH_OK && v->sample != NULL,
		.upstream_known = v->upstream_known,
		.upstream_seen = v->upstream_seen,
		.message_age_ms = -1,
		.replay_gap_ms = out->lag_seconds < 0 ? -1 : (int64_t)(out->lag_seconds * 1000),
		.lag_bytes = out->lag_bytes,
		.sender_missing = misses_sender(v),
		.reply_age_ms = sender != NULL ? sender->reply_age_ms : -1,
		.sender_catches_up = sender != NULL && str_eq(sender->state, "catchup"),
	};
	char text[LINK_TEXT_SIZE];

	if (v->sample != NULL) {
		link.in_recovery = v->sample->in_recovery;
		link.has_receiver = v->sample->receiver.present;
		link.receiver_status = v->sample->receiver.status;
		link.message_age_ms = v->sample->receiver.message_age_ms;
		link.receive_gap_ms = gap_ms(v, sample_received(v->sample));
		link.is_paused = v->sample->is_paused;
		link.pause_requested = v->sample->pause_requested;
	}
	out->link = link_state_of(&link, text);
	out->link_text = arena_strdup(a, text);
}

/* "Connection refused." of "connection refused". */
static const char *sentence(struct arena *a, const char *text)
{
	char *s = arena_printf(a, "%s%s", text, str_ends(text, ".") ? "" : ".");

	if (*s >= 'a' && *s <= 'z')
		*s = (char)(*s - 'a' + 'A');
	return s;
}

/* How a failed connection is shown; the first row whose failure fits. */
static const struct {
	enum pg_fail fail;
	enum host_status status;
	const char *format;
} failures[] = {
	{ PG_FAIL_AUTH, HOST_FAILED, "The monitoring role cannot log in: %s" },
	{ PG_FAIL_NO_HBA, HOST_FAILED, "The monitoring role is not let in: %s" },
	{ PG_FAIL_FULL, HOST_FAILED, "No connection is free for monitoring: %s" },
	{ PG_FAIL_STARTING, HOST_RECOVERY, "Not ready yet: %s" },
	{ PG_FAIL_TLS, HOST_FAILED, "TLS failed: %s" },
	{ PG_FAIL_UNRESOLVED, HOST_UNKNOWN, "%s" },
	{ PG_FAIL_OTHER, HOST_FAILED, "Monitoring fails: %s" },
};

static void set_failure(const struct node_view *v, struct arena *a, struct node_live *out)
{
	const char *format = "%s", *text = str_or(v->error, pg_fail_text(v->fail));

	out->status = HOST_OFFLINE;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].fail != v->fail)
			continue;
		out->status = failures[i].status;
		format = failures[i].format;
	}
	if (v->fail == PG_FAIL_STARTING && strstr(text, "shutting down") != NULL) {
		out->status = HOST_SHUTDOWN;
		format = "%s";
	}
	if (v->fail == PG_FAIL_REFUSED && v->was_shut_down) {
		out->status = HOST_SHUTDOWN;
		text = "the server was shut down";
	}
	out->message = str_eq(format, "%s") ? sentence(a, text)
	                                    : arena_printf(a, "%.*s%s", (int)strlen(format) - 2,
	                                                   format, sentence(a, text));
	if (v->peers_see_it && out->status == HOST_OFFLINE)
		out->message = arena_printf(a,
		                            "%s Its replication still runs: only the controller "
		                            "cannot reach it.",
		                            out->message);
}

static void set_message(const struct node_view *v, struct arena *a, struct node_live *out)
{
	if (v->reach == REACH_UNKNOWN) {
		out->status = HOST_UNKNOWN;
		out->message = "Not looked at yet.";
	} else if (v->reach == REACH_FAILED) {
		set_failure(v, a, out);
	} else {
		out->status = HOST_ONLINE;
		out->message = str_or(out->link_text, "Up and running.");
	}
}

static const char *lsn_text(struct arena *a, pg_lsn lsn)
{
	char buf[LSN_TEXT_SIZE];

	return lsn == LSN_INVALID ? "" : arena_strdup(a, lsn_format(lsn, buf));
}

static void set_slots(const struct node_sample *s, struct arena *a, struct node_live *out)
{
	out->n_slots = s->n_slots < LIVE_SLOTS_MAX ? s->n_slots : LIVE_SLOTS_MAX;
	out->slots = ARENA_NEWN(a, out->n_slots, struct live_slot);
	for (size_t i = 0; i < out->n_slots; i++) {
		out->slots[i] = (struct live_slot){
			.name = arena_strdup(a, s->slots[i].name),
			.active = s->slots[i].active,
			.physical = s->slots[i].physical,
			.restart_lsn = lsn_text(a, s->slots[i].restart_lsn),
			.wal_status = arena_strdup(a, s->slots[i].wal_status),
			.retained_bytes = s->slots[i].retained_bytes,
		};
	}
}

static void set_sample(const struct node_sample *s, struct arena *a, struct node_live *out)
{
	out->role_known = true;
	out->role = s->in_recovery ? ROLE_SLAVE : ROLE_MASTER;
	out->in_recovery = s->in_recovery;
	out->readonly = s->in_recovery || s->readonly;
	out->version = arena_strdup(a, s->version);
	out->current_lsn = lsn_text(a, s->in_recovery ? LSN_INVALID : s->current);
	if (s->in_recovery) {
		out->received_lsn = lsn_text(a, sample_received(s));
		out->flush_lsn = out->received_lsn;
		out->replay_lsn = lsn_text(a, s->replayed);
		out->replay_paused = s->is_paused || s->pause_requested;
	}
	out->timeline = (int)sample_timeline(s);
	out->receiver_status = arena_strdup(a, s->receiver.status);
	out->sender_host = arena_strdup(a, s->receiver.sender_host);
	out->sender_port = (int)s->receiver.sender_port;
	out->system_identifier = arena_strdup(a, s->system_identifier);
	out->uptime_s = s->uptime_s;
	set_slots(s, a, out);
}

static void set_tls(const struct node_view *v, struct node_live *out)
{
	const struct sender_sample *sender = view_sender(v);

	if (sender == NULL)
		return;
	out->tls = sample_sender_name(v->upstream, sender->pid)->tls;
	out->tls_known = true;
}

void view_node(const struct node_view *v, struct arena *a, struct node_live *out)
{
	node_live_init(out, v->node->cluster_id, v->node->id);
	out->last_seen = v->seen_ms;
	if (v->sample != NULL) {
		set_sample(v->sample, a, out);
		if (v->sample->in_recovery && v->reach == REACH_OK)
			set_lag(v, out);
		set_tls(v, out);
	}
	if (v->reach != REACH_OK) {
		out->uptime_s = 0;
		out->receiver_status = "";
	}
	set_link(v, a, out);
	set_message(v, a, out);
}

static bool slots_equal(const struct node_live *a, const struct node_live *b)
{
	if (a->n_slots != b->n_slots)
		return false;
	for (size_t i = 0; i < a->n_slots; i++) {
		const struct live_slot *x = &a->slots[i], *y = &b->slots[i];

		if (!str_eq(x->name, y->name) || x->active != y->active ||
		    !str_eq(x->restart_lsn, y->restart_lsn) ||
		    !str_eq(x->wal_status, y->wal_status))
			return false;
	}
	return true;
}

static bool positions_equal(const struct node_live *a, const struct node_live *b)
{
	return str_eq(a->current_lsn, b->current_lsn) && str_eq(a->received_lsn, b->received_lsn) &&
	       str_eq(a->replay_lsn, b->replay_lsn) && a->timeline == b->timeline &&
	       a->lag_bytes == b->lag_bytes && a->lag_seconds == b->lag_seconds;
}

static bool texts_equal(const struct node_live *a, const struct node_live *b)
{
	return str_eq(a->message, b->message) && str_eq(a->link_text, b->link_text) &&
	       str_eq(a->version, b->version) && str_eq(a->receiver_status, b->receiver_status) &&
	       str_eq(a->sender_host, b->sender_host) &&
	       str_eq(a->system_identifier, b->system_identifier);
}

bool view_equal(const struct node_live *a, const struct node_live *b)
{
	return a->status == b->status && a->link == b->link && a->role_known == b->role_known &&
	       a->role == b->role && a->readonly == b->readonly &&
	       a->replay_paused == b->replay_paused && a->sender_port == b->sender_port &&
	       a->tls == b->tls && a->tls_known == b->tls_known && positions_equal(a, b) &&
	       texts_equal(a, b) && slots_equal(a, b);
}
