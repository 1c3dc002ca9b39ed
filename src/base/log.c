#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fs.h"
#include "str.h"

#define LOG_LINE_MAX 8192

struct log_level_row {
	const char *name;
	const char *journal; /* syslog priority, as sd-daemon(3) has it */
};

static const struct log_level_row levels[] = {
	[LOG_ERROR] = { "error", "<3>" },
	[LOG_WARNING] = { "warning", "<4>" },
	[LOG_INFO] = { "info", "<6>" },
	[LOG_DEBUG] = { "debug", "<7>" },
};

static struct {
	char ident[64];
	enum log_level max_level;
	bool to_journal;
} log_state = { .ident = "pgtandem", .max_level = LOG_INFO };

void log_open(const char *ident, enum log_level max_level)
{
	snprintf(log_state.ident, sizeof(log_state.ident), "%s", ident);
	log_state.max_level = max_level;
	log_state.to_journal = getenv("JOURNAL_STREAM") != NULL;
}

bool log_level_parse(const char *s, enum log_level *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		if (str_ieq(s, levels[i].name)) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	char now[CLOCK_ISO_SIZE];

	if (log_state.to_journal)
		snprintf(line, size, "%s%s: ", levels[level].journal, log_state.ident);
	else
		snprintf(line, size, "%s %s %s[%d]: ", clock_iso(clock_wall_ms(), now),
		         levels[level].name, log_state.ident, (int)getpid());
	return strlen(line);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	size_t used, i;
	va_list ap;

	if (level > log_state.max_level)
		return;
	used = put_prefix(line, sizeof(line), level);
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
	va_end(ap);
	used = strlen(line);
	/* Text from outside must not be able to forge a line. */
	for (i = 0; i < used; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line[used++] = '\n';
	fd_write_all(STDERR_FILENO, line, used);
}

void log_err(enum log_level level, const char *what, const struct err *e)
{
	if (e->hint[0])
		log_write(level, "%s: %s (%s)", what, e->text, e->hint);
	else
		log_write(level, "%s: %s", what, e->text);
}
