#include "monitor/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "pg/conninfo.h"

/* Rounds between two looks at what hardly changes. */
#define IDENTITY_ROUNDS 15

enum column_kind { COLUMN_BOOL, COLUMN_I64, COLUMN_LSN, COLUMN_TEXT };

/* A column of a result and the field that takes it; NULL in SQL leaves the field alone. */
struct column {
	const char *name;
	enum column_kind kind;
	size_t offset, size;
};

#define FIELD(type, member, kind)                             \
	{                                                     \
#member, kind, offsetof(struct type, member), \
		        sizeof(((struct type *)NULL)->member) \
	}

static const struct column state_columns[] = {
	FIELD(node_sample, in_recovery, COLUMN_BOOL),
	FIELD(node_sample, readonly, COLUMN_BOOL),
	FIELD(node_sample, uptime_s, COLUMN_I64),
	FIELD(node_sample, last_commit_age_ms, COLUMN_I64),
	FIELD(node_sample, current, COLUMN_LSN),
	FIELD(node_sample, timeline, COLUMN_I64),
	FIELD(node_sample, received, COLUMN_LSN),
	FIELD(node_sample, replayed, COLUMN_LSN),
	FIELD(node_sample, pause_state, COLUMN_TEXT),
};

static const struct column identity_columns[] = {
	FIELD(node_sample, version, COLUMN_TEXT),
	FIELD(node_sample, system_identifier, COLUMN_TEXT),
	FIELD(node_sample, control_timeline, COLUMN_I64),
};

static const struct column receiver_columns[] = {
	FIELD(receiver_sample, status, COLUMN_TEXT),
	FIELD(receiver_sample, message_age_ms, COLUMN_I64),
	FIELD(receiver_sample, latest_end, COLUMN_LSN),
	FIELD(receiver_sample, timeline, COLUMN_I64),
	FIELD(receiver_sample, received, COLUMN_LSN),
	FIELD(receiver_sample, sender_host, COLUMN_TEXT),
	FIELD(receiver_sample, sender_port, COLUMN_I64),
	FIELD(receiver_sample, conninfo, COLUMN_TEXT),
};

static const struct column sender_columns[] = {
	FIELD(sender_sample, pid, COLUMN_I64),      FIELD(sender_sample, state, COLUMN_TEXT),
	FIELD(sender_sample, sent, COLUMN_LSN),     FIELD(sender_sample, flushed, COLUMN_LSN),
	FIELD(sender_sample, replayed, COLUMN_LSN), FIELD(sender_sample, reply_age_ms, COLUMN_I64),
};

static const struct column name_columns[] = {
	FIELD(sender_name, pid, COLUMN_I64),
	FIELD(sender_name, application_name, COLUMN_TEXT),
	FIELD(sender_name, client_addr, COLUMN_TEXT),
	FIELD(sender_name, tls, COLUMN_BOOL),
};

static const struct column slot_columns[] = {
	FIELD(slot_sample, name, COLUMN_TEXT),       FIELD(slot_sample, physical, COLUMN_BOOL),
	FIELD(slot_sample, active, COLUMN_BOOL),     FIELD(slot_sample, restart_lsn, COLUMN_LSN),
	FIELD(slot_sample, wal_status, COLUMN_TEXT), FIELD(slot_sample, retained_bytes, COLUMN_I64),
	FIELD(slot_sample, safe_bytes, COLUMN_I64),
};

static const char *const names[PROBE_KINDS] = {
	[PROBE_STATE] = "tandem_state",     [PROBE_RECEIVER] = "tandem_receiver",
	[PROBE_SENDERS] = "tandem_senders", [PROBE_SLOTS] = "tandem_slots",
	[PROBE_NAMES] = "tandem_names",     [PROBE_IDENTITY] = "tandem_identity",
};

const char *probe_name(enum probe_kind k)
{
	return names[k];
}

bool probe_is_due(enum probe_kind k, const struct node_sample *s, unsigned int round)
{
	switch (k) {
	case PROBE_RECEIVER:
		return round == 0 || s->in_recovery;
	case PROBE_NAMES:
		return s->n_senders > 0 && !sample_knows_senders(s);
	case PROBE_IDENTITY:
		return round % IDENTITY_ROUNDS == 0;
	default:
		return true;
	}
}

static void read_field(const struct pg_result *r, int row, int at, const struct column *c,
                       char *field)
{
	switch (c->kind) {
	case COLUMN_BOOL:
		*(bool *)(void *)field = pg_result_bool(r, row, at, false);
		break;
	case COLUMN_I64:
		*(int64_t *)(void *)field = pg_result_i64(r, row, at, 0);
		break;
	case COLUMN_LSN:
		*(pg_lsn *)(void *)field = pg_result_lsn(r, row, at);
		break;
	case COLUMN_TEXT:
		(void)snprintf(field, c->size, "%s", pg_result_str(r, row, at));
		break;
	}
}

static void read_row(const struct pg_result *r, int row, const struct column *columns, size_t count,
                     void *out)
{
	for (size_t i = 0; i < count; i++) {
		int at = pg_result_column(r, columns[i].name);

		if (!pg_result_is_null(r, row, at))
			read_field(r, row, at, &columns[i], (char *)out + columns[i].offset);
	}
}

static void read_state(const struct pg_result *r, struct node_sample *s)
{
	if (pg_result_rows(r) != 1)
		return;
	s->current = s->received = s->replayed = LSN_INVALID;
	s->last_commit_age_ms = -1;
	s->pause_state[0] = '\0';
	read_row(r, 0, state_columns, ARRAY_SIZE(state_columns), s);
	s->is_paused = str_eq(s->pause_state, "paused");
	s->pause_requested = str_eq(s->pause_state, "pause requested");
	if (!s->in_recovery)
		s->receiver = (struct receiver_sample){ .message_age_ms = -1 };
}

/* Before version 11 the sender is only in the connection string. */
static void read_conninfo(struct receiver_sample *s)
{
	struct arena *a = arena_new();
	struct conninfo c = { 0 };

	if (conninfo_parse(s->conninfo, a, &c, NULL) == ERR_OK) {
		(void)snprintf(s->sender_host, sizeof(s->sender_host), "%s",
		               str_or(c.host, str_or(c.hostaddr, "")));
		s->sender_port = c.port == 0 ? 5432 : c.port;
	}
	arena_free(&a);
	s->conninfo[0] = '\0';
}

static void read_receiver(const struct pg_result *r, struct node_sample *s)
{
	s->receiver = (struct receiver_sample){ .message_age_ms = -1 };
	if (pg_result_rows(r) != 1)
		return;
	s->receiver.present = true;
	read_row(r, 0, receiver_columns, ARRAY_SIZE(receiver_columns), &s->receiver);
	if (s->receiver.conninfo[0] != '\0')
		read_conninfo(&s->receiver);
}

/* Room for the rows of R, at most MAX, zeroed; frees what was there. */
static void *remake(void *old, const struct pg_result *r, size_t max, size_t size, size_t *count)
{
	size_t rows = (size_t)pg_result_rows(r);

	free(old);
	*count = rows < max ? rows : max;
	return *count == 0 ? NULL : xcalloc(*count, size);
}

static void read_senders(const struct pg_result *r, struct node_sample *s)
{
	s->senders = remake(s->senders, r, SAMPLE_SENDERS_MAX, sizeof(*s->senders), &s->n_senders);
	for (size_t i = 0; i < s->n_senders; i++) {
		s->senders[i].reply_age_ms = -1;
		read_row(r, (int)i, sender_columns, ARRAY_SIZE(sender_columns), &s->senders[i]);
	}
}

static void read_names(const struct pg_result *r, struct node_sample *s)
{
	s->names = remake(s->names, r, SAMPLE_SENDERS_MAX, sizeof(*s->names), &s->n_names);
	for (size_t i = 0; i < s->n_names; i++)
		read_row(r, (int)i, name_columns, ARRAY_SIZE(name_columns), &s->names[i]);
}

static void read_slots(const struct pg_result *r, struct node_sample *s)
{
	s->slots = remake(s->slots, r, SAMPLE_SLOTS_MAX, sizeof(*s->slots), &s->n_slots);
	for (size_t i = 0; i < s->n_slots; i++) {
		s->slots[i].retained_bytes = s->slots[i].safe_bytes = -1;
		read_row(r, (int)i, slot_columns, ARRAY_SIZE(slot_columns), &s->slots[i]);
	}
}

static void read_identity(const struct pg_result *r, struct node_sample *s)
{
	if (pg_result_rows(r) == 1)
		read_row(r, 0, identity_columns, ARRAY_SIZE(identity_columns), s);
}

void probe_read(enum probe_kind k, const struct pg_result *r, struct node_sample *s)
{
	static void (*const readers[PROBE_KINDS])(const struct pg_result *,
	                                          struct node_sample *) = {
		[PROBE_STATE] = read_state,     [PROBE_RECEIVER] = read_receiver,
		[PROBE_SENDERS] = read_senders, [PROBE_SLOTS] = read_slots,
		[PROBE_NAMES] = read_names,     [PROBE_IDENTITY] = read_identity,
	};

	readers[k](r, s);
}
