#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "monitor/link.h"

/* Rows replace what GOOD says. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* A healthy, idle standby; each row changes something. */
#define GOOD                                                                           \
	.is_standby = true, .seen = true, .in_recovery = true, .upstream_known = true, \
	.upstream_seen = true, .has_receiver = true, .receiver_status = "streaming",   \
	.message_age_ms = 100

static const struct {
	const char *what;
	struct link_view view;
	enum link_state want;
	const char *text;
} judged_links[] = {
	{ "healthy", { GOOD }, LINK_ONLINE, "" },
	{ "a master", { .is_standby = false, .seen = true }, LINK_NONE, "" },
	{ "idle for 29 s", { GOOD, .message_age_ms = 29000 }, LINK_ONLINE, "" },
	{ "a bit behind", { GOOD, .lag_bytes = 1000, .receive_gap_ms = 200 }, LINK_ONLINE, "" },
	{ "status hidden from us (9.6)", { GOOD, .receiver_status = "" }, LINK_ONLINE, "" },
	{ "not reachable", { GOOD, .seen = false }, LINK_DOWN, "not reachable" },
	{ "promoted", { GOOD, .in_recovery = false }, LINK_BROKEN, "accepts writes" },
	{ "no receiver", { GOOD, .has_receiver = false }, LINK_BROKEN, "does not run" },
	{ "no receiver, upstream gone",
	  { GOOD, .has_receiver = false, .upstream_seen = false },
	  LINK_DOWN,
	  "upstream is not reachable" },
	{ "no receiver, upstream not ours",
	  { GOOD, .has_receiver = false, .upstream_known = false, .upstream_seen = false },
	  LINK_BROKEN,
	  "does not run" },
	{ "forked off (E11)", { GOOD, .receiver_status = "waiting" }, LINK_BROKEN, "waits" },
	{ "starting", { GOOD, .receiver_status = "starting" }, LINK_BROKEN, "not stream" },
	{ "black hole (E13)",
	  { GOOD, .message_age_ms = 10000, .receive_gap_ms = 9800, .lag_bytes = 1292080 },
	  LINK_STALLED,
	  "nothing has arrived for 10 s: 1.23 MiB behind" },
	{ "black hole while paused",
	  { GOOD, .message_age_ms = 10000, .receive_gap_ms = 9800, .is_paused = true },
	  LINK_STALLED,
	  "nothing has arrived" },
	{ "slow, but messages come",
	  { GOOD, .message_age_ms = 50, .receive_gap_ms = 60000, .replay_gap_ms = 60000,
	    .lag_bytes = 5 << 20 },
	  LINK_CATCHING_UP,
	  "5.00 MiB behind" },
	{ "half-open connection",
	  { GOOD, .message_age_ms = 20000, .sender_missing = true },
	  LINK_STALLED,
	  "sends to nobody" },
	{ "idle link that is cut",
	  { GOOD, .message_age_ms = 20000, .reply_age_ms = 20000 },
	  LINK_STALLED,
	  "hears nothing" },
	{ "standby that reports seldom",
	  { GOOD, .message_age_ms = 20000, .reply_age_ms = 9000 },
	  LINK_ONLINE,
	  "" },
	{ "sender not seen yet",
	  { GOOD, .message_age_ms = 900, .sender_missing = true },
	  LINK_ONLINE,
	  "" },
	{ "upstream silent and out of our sight",
	  { GOOD, .message_age_ms = 70000, .upstream_seen = false },
	  LINK_STALLED,
	  "silent for 70 s" },
	{ "upstream out of our sight only",
	  { GOOD, .message_age_ms = 20000, .upstream_seen = false },
	  LINK_ONLINE,
	  "" },
	{ "paused (E9)",
	  { GOOD, .is_paused = true, .replay_gap_ms = 3600000 },
	  LINK_PAUSED,
	  "Replay is paused; WAL still arrives." },
	{ "pause requested", { GOOD, .pause_requested = true }, LINK_PAUSED, "about to" },
	{ "paused and cut",
	  { GOOD, .is_paused = true, .has_receiver = false },
	  LINK_BROKEN,
	  "no WAL arrives" },
	{ "far behind", { GOOD, .lag_bytes = (int64_t)17 << 20 }, LINK_CATCHING_UP, "17.0" },
	{ "catching up",
	  { GOOD, .lag_bytes = 5, .sender_catches_up = true },
	  LINK_CATCHING_UP,
	  "Catching up" },
	{ "caught up, sender has not noticed",
	  { GOOD, .sender_catches_up = true },
	  LINK_ONLINE,
	  "" },
};

static void is_judged_from_both_ends(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(judged_links); i++) {
		char text[LINK_TEXT_SIZE];
		enum link_state got = link_state_of(&judged_links[i].view, text);

		if (got != judged_links[i].want || strstr(text, judged_links[i].text) == NULL ||
		    (judged_links[i].text[0] == '\0' && text[0] != '\0'))
			fail_msg("%s: %s, \"%s\"", judged_links[i].what, link_state_name(got),
			         text);
	}
}

static void a_text_ends_as_a_sentence(void **state)
{
	struct link_view v = { GOOD, .message_age_ms = INT64_MAX, .receive_gap_ms = INT64_MAX,
		               .lag_bytes = -1 };
	char text[LINK_TEXT_SIZE];

	assert_int_equal(link_state_of(&v, text), LINK_STALLED);
	assert_int_equal(text[strlen(text) - 1], '.');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_judged_from_both_ends),
		cmocka_unit_test(a_text_ends_as_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
