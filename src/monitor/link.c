#include "monitor/link.h"

#include <stdio.h>

#include "base/macros.h"
#include "base/str.h"

static bool is_no_standby(const struct link_view *v)
{
	return !v->is_standby;
}

static bool is_unseen(const struct link_view *v)
{
	return !v->seen;
}

static bool is_writable(const struct link_view *v)
{
	return !v->in_recovery;
}

static bool lost_upstream(const struct link_view *v)
{
	return !v->has_receiver && v->upstream_known && !v->upstream_seen;
}

static bool is_cut_while_paused(const struct link_view *v)
{
	return !v->has_receiver && v->is_paused;
}

static bool has_no_receiver(const struct link_view *v)
{
	return !v->has_receiver;
}

static bool waits(const struct link_view *v)
{
	return str_eq(v->receiver_status, "waiting");
}

static bool does_not_stream(const struct link_view *v)
{
	return !str_empty(v->receiver_status) && !str_eq(v->receiver_status, "streaming");
}

/* Status "streaming" is no proof: nothing has come although the source has gone on. */
static bool gets_nothing(const struct link_view *v)
{
	return v->receive_gap_ms > LINK_STALL_MS && v->message_age_ms > LINK_STALL_MS;
}

static bool is_half_open(const struct link_view *v)
{
	return v->sender_missing && v->message_age_ms > LINK_STALL_MS;
}

static bool is_silent(const struct link_view *v)
{
	return !v->upstream_seen && v->message_age_ms > LINK_SILENT_MS;
}

/* The other direction: an idle link shows first there that it is cut. */
static bool is_not_heard(const struct link_view *v)
{
	return v->reply_age_ms > LINK_DEAF_MS && v->message_age_ms > LINK_STALL_MS;
}

static bool is_paused(const struct link_view *v)
{
	return v->is_paused;
}

static bool is_pausing(const struct link_view *v)
{
	return v->pause_requested;
}

static bool is_behind(const struct link_view *v)
{
	return v->lag_bytes > LINK_CATCHING_UP_BYTES || v->replay_gap_ms > LINK_CATCHING_UP_MS ||
	       (v->sender_catches_up && v->lag_bytes > 0);
}

/* %S: seconds since the last message; %B: bytes behind. */
static const struct {
	bool (*holds)(const struct link_view *v);
	enum link_state state;
	const char *text;
} rows[] = {
	{ is_no_standby, LINK_NONE, "" },
	{ is_unseen, LINK_DOWN, "The node is not reachable." },
	{ is_writable, LINK_BROKEN, "The node is no standby: it accepts writes." },
	{ lost_upstream, LINK_DOWN, "The upstream is not reachable." },
	{ is_cut_while_paused, LINK_BROKEN, "Replay is paused and no WAL arrives." },
	{ has_no_receiver, LINK_BROKEN, "The WAL receiver does not run." },
	{ waits, LINK_BROKEN,
	  "The WAL receiver waits: the upstream has no WAL that follows the standby's." },
	{ does_not_stream, LINK_BROKEN, "The WAL receiver does not stream yet." },
	{ gets_nothing, LINK_STALLED, "Connected, but nothing has arrived for %S: %B behind." },
	{ is_half_open, LINK_STALLED,
	  "Connected, but the upstream sends to nobody; silent for %S." },
	{ is_silent, LINK_STALLED, "Connected, but the upstream has been silent for %S." },
	{ is_not_heard, LINK_STALLED,
	  "Connected, but the upstream hears nothing of this standby; silent for %S." },
	{ is_paused, LINK_PAUSED, "Replay is paused; WAL still arrives." },
	{ is_pausing, LINK_PAUSED, "Replay is about to pause; WAL still arrives." },
	{ is_behind, LINK_CATCHING_UP, "Catching up: %B behind." },
};

static void format_text(const struct link_view *v, const char *text, char *out, size_t size)
{
	size_t n = 0;
	char bytes[32];

	for (; *text != '\0' && n + 1 < size; text++) {
		int added = 1;

		out[n] = *text;
		if (str_starts(text, "%S"))
			added = snprintf(out + n, size - n, "%lld s",
			                 (long long)(v->message_age_ms / 1000));
		else if (str_starts(text, "%B"))
			added = snprintf(out + n, size - n, "%s",
			                 v->lag_bytes < 0 ? "not known how far"
			                                  : str_bytes((uint64_t)v->lag_bytes, bytes,
			                                              sizeof(bytes)));
		text += *text == '%' ? 1 : 0;
		n += (size_t)added;
	}
	out[n < size ? n : size - 1] = '\0';
}

enum link_state link_state_of(const struct link_view *v, char text[LINK_TEXT_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].holds(v)) {
			format_text(v, rows[i].text, text, LINK_TEXT_SIZE);
			return rows[i].state;
		}
	}
	text[0] = '\0';
	return LINK_ONLINE;
}
