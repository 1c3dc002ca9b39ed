/* The state of the stream that feeds a standby, judged from both of its ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/live.h"

#define LINK_TEXT_SIZE 160
/* Connected and something to send, but no message for so long: the link is dead or blocked. */
#define LINK_STALL_MS 5000
/* An idle but living link carries a message at least every wal_receiver_timeout / 2, 30 s. */
#define LINK_SILENT_MS 65000
/* A standby reports at least every wal_receiver_status_interval, 10 s unless it was changed. */
#define LINK_DEAF_MS           15000
#define LINK_CATCHING_UP_MS    10000
#define LINK_CATCHING_UP_BYTES ((int64_t)16 << 20)

struct link_view {
	bool is_standby; /* it should be one */
	bool seen;       /* the standby answers us */
	bool in_recovery;
	bool upstream_known; /* we watch the upstream */
	bool upstream_seen;  /* and it answers us */
	bool has_receiver;
	const char *receiver_status; /* "" when we may not see it */
	int64_t message_age_ms;      /* since the upstream's last message; -1: not known */
	int64_t receive_gap_ms; /* since the source passed what was received; 0: nothing is missing
	                         */
	int64_t replay_gap_ms;  /* since the source passed what was replayed; -1: not known */
	int64_t lag_bytes;      /* -1: not known */
	bool is_paused, pause_requested;
	bool sender_missing; /* the upstream answers us and has no sender for this standby */
	bool sender_catches_up;
	int64_t reply_age_ms; /* since the upstream heard of this standby; -1: not known */
};

/* The state, and in TEXT a sentence that says why ("" when it is online or none). */
enum link_state link_state_of(const struct link_view *v, char text[LINK_TEXT_SIZE]);
