#include "failpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "macros.h"
#include "str.h"

#define FAILPOINTS_MAX 32

enum action { ACTION_KILL, ACTION_ERROR, ACTION_SLEEP };

struct failpoint {
	char name[128];
	bool is_prefix;
	enum action action;
	int64_t sleep_ms;
	int64_t nth; /* 0: every time */
	int64_t hits;
};

bool failpoint_armed;
static struct failpoint points[FAILPOINTS_MAX];
static size_t point_count;

/* "sleep:500" */
static bool parse_action(const char *text, struct failpoint *p)
{
	if (str_eq(text, "kill")) {
		p->action = ACTION_KILL;
	} else if (str_eq(text, "error")) {
		p->action = ACTION_ERROR;
	} else if (str_starts(text, "sleep:")) {
		p->action = ACTION_SLEEP;
		return str_to_i64(text + 6, 0, 3600000, &p->sleep_ms, NULL) == ERR_OK;
	} else {
		return false;
	}
	return true;
}

/* "store.commit.before=kill@2" */
static bool parse_point(char *text, struct failpoint *p)
{
	char *action = strchr(text, '='), *nth;
	size_t len;

	if (!action)
		return false;
	*action++ = '\0';
	nth = strchr(action, '@');
	if (nth) {
		*nth++ = '\0';
		if (str_to_i64(nth, 1, INT32_MAX, &p->nth, NULL) != ERR_OK)
			return false;
	}
	len = strlen(text);
	p->is_prefix = len > 0 && text[len - 1] == '*';
	if (p->is_prefix)
		text[--len] = '\0';
	if (len >= sizeof(p->name))
		return false;
	memcpy(p->name, text, len + 1);
	return parse_action(action, p);
}

void failpoint_init(void)
{
	const char *cursor = getenv("PGTANDEM_FAILPOINTS");
	struct failpoint p;
	char text[192];

	point_count = 0;
	while (str_field(&cursor, ";", text, sizeof(text))) {
		if (!*text)
			continue;
		p = (struct failpoint){ 0 };
		if (point_count == FAILPOINTS_MAX || !parse_point(text, &p)) {
			/* A crash test whose failpoint is misspelt must not pass. */
			fprintf(stderr, "PGTANDEM_FAILPOINTS: cannot use \"%s\"\n", text);
			exit(2);
		}
		points[point_count++] = p;
	}
	failpoint_armed = point_count > 0;
}

static bool name_fits(const struct failpoint *p, const char *name)
{
	return p->is_prefix ? str_starts(name, p->name) : str_eq(name, p->name);
}

static bool act(const struct failpoint *p, const char *name)
{
	log_warning("failpoint \"%s\" reached", name);
	if (p->action == ACTION_KILL)
		raise(SIGKILL);
	if (p->action == ACTION_SLEEP)
		clock_sleep_ms(p->sleep_ms);
	return p->action == ACTION_ERROR;
}

bool failpoint_hit(const char *name)
{
	bool failed = false;
	size_t i;

	for (i = 0; i < point_count; i++) {
		if (!name_fits(&points[i], name))
			continue;
		points[i].hits++;
		if (points[i].nth == 0 || points[i].hits == points[i].nth)
			failed |= act(&points[i], name);
	}
	return failed;
}
