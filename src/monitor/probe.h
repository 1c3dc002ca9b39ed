/* The questions asked of every node: a table of probes with one SQL text for each range of
 * versions, and how their columns become a sample. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "monitor/sample.h"
#include "pg/conn.h"

enum probe_kind {
	PROBE_STATE,    /* every round */
	PROBE_RECEIVER, /* every round of a standby */
	PROBE_SENDERS,  /* every round */
	PROBE_SLOTS,    /* every round */
	PROBE_NAMES,    /* when there are new senders */
	PROBE_IDENTITY, /* now and then: what does not change while a server runs, and the
	                 * timeline on disk */
	PROBE_KINDS
};

const char *probe_name(enum probe_kind k);
/* The SQL text for a server's version; NULL when there is none. */
const char *probe_sql(enum probe_kind k, int version_num);
/* Whether the next round asks this; ROUND counts from 0 with each connection. */
bool probe_is_due(enum probe_kind k, const struct node_sample *s, unsigned int round);
/* Take an answer into the sample. */
void probe_read(enum probe_kind k, const struct pg_result *r, struct node_sample *s);
