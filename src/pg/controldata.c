#include "pg/controldata.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum kind {
	KIND_INT,
	KIND_U32,
	KIND_SYSID,
	KIND_STATE,
	KIND_LSN,
	KIND_YES,
	KIND_ON,
	KIND_TEXT,
	KIND_FLOOR
};

struct row {
	const char *label;
	enum kind kind;
	size_t offset; /* in struct controldata; of a floor: the setting */
};

#define AT(member) offsetof(struct controldata, member)

static const struct row rows[] = {
	{ "pg_control version number", KIND_INT, AT(control_version) },
	{ "Catalog version number", KIND_INT, AT(catalog_version) },
	{ "Database system identifier", KIND_SYSID, AT(system_identifier) },
	{ "Database cluster state", KIND_STATE, AT(state) },
	{ "Latest checkpoint location", KIND_LSN, AT(checkpoint) },
	{ "Latest checkpoint's REDO location", KIND_LSN, AT(redo) },
	{ "Latest checkpoint's TimeLineID", KIND_U32, AT(timeline) },
	{ "Minimum recovery ending location", KIND_LSN, AT(min_recovery_end) },
	{ "Min recovery ending loc's timeline", KIND_U32, AT(min_recovery_timeline) },
	{ "Backup start location", KIND_LSN, AT(backup_start) },
	{ "Backup end location", KIND_LSN, AT(backup_end) },
	{ "End-of-backup record required", KIND_YES, AT(backup_end_required) },
	{ "wal_level setting", KIND_TEXT, AT(wal_level) },
	{ "wal_log_hints setting", KIND_ON, AT(wal_log_hints) },
	{ "max_connections setting", KIND_FLOOR, FLOOR_MAX_CONNECTIONS },
	{ "max_worker_processes setting", KIND_FLOOR, FLOOR_MAX_WORKER_PROCESSES },
	{ "max_wal_senders setting", KIND_FLOOR, FLOOR_MAX_WAL_SENDERS },
	{ "max_prepared_xacts setting", KIND_FLOOR, FLOOR_MAX_PREPARED_TRANSACTIONS },
	{ "max_locks_per_xact setting", KIND_FLOOR, FLOOR_MAX_LOCKS_PER_TRANSACTION },
	{ "Bytes per WAL segment", KIND_U32, AT(wal_segment_size) },
	{ "Database block size", KIND_U32, AT(block_size) },
	{ "Data page checksum version", KIND_INT, AT(checksum_version) },
};

static const char *const state_texts[] = {
	[CONTROL_UNKNOWN] = "unknown",
	[CONTROL_STARTING] = "starting up",
	[CONTROL_SHUT_DOWN] = "shut down",
	[CONTROL_SHUT_DOWN_IN_RECOVERY] = "shut down in recovery",
	[CONTROL_SHUTTING_DOWN] = "shutting down",
	[CONTROL_CRASH_RECOVERY] = "in crash recovery",
	[CONTROL_ARCHIVE_RECOVERY] = "in archive recovery",
	[CONTROL_PRODUCTION] = "in production",
};

const char *control_state_text(enum control_state s)
{
	return state_texts[s];
}

static enum control_state state_of(const char *text)
{
	for (size_t i = 1; i < ARRAY_SIZE(state_texts); i++) {
		if (str_eq(state_texts[i], text))
			return (enum control_state)i;
	}
	return CONTROL_UNKNOWN;
}

static bool parse_sysid(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (*text == '\0' || strlen(text) > 20)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

static bool set_number(const char *value, const struct row *row, struct controldata *c)
{
	char *field = (char *)c + (row->kind == KIND_FLOOR ? 0 : row->offset);
	int64_t max = row->kind == KIND_U32 ? (int64_t)UINT32_MAX : INT32_MAX, v;

	if (str_to_i64(value, 0, max, &v, NULL) != ERR_OK)
		return false;
	if (row->kind == KIND_FLOOR)
		c->floors.value[row->offset] = v;
	else if (row->kind == KIND_U32)
		*(uint32_t *)(void *)field = (uint32_t)v;
	else
		*(int *)(void *)field = (int)v;
	return true;
}

static bool set_value(const char *value, const struct row *row, struct controldata *c)
{
	void *field = (char *)c + row->offset;

	switch (row->kind) {
	case KIND_INT:
	case KIND_U32:
	case KIND_FLOOR:
		return set_number(value, row, c);
	case KIND_SYSID:
		return parse_sysid(value, field);
	case KIND_STATE:
		c->state = state_of(value);
		return true;
	case KIND_LSN:
		return lsn_parse(value, field);
	case KIND_YES:
	case KIND_ON:
		return str_to_bool(value, field);
	case KIND_TEXT:
		return snprintf(field, sizeof(c->wal_level), "%s", value) <
		       (int)sizeof(c->wal_level);
	}
	return false;
}

static const struct row *row_of(const char *label)
{
	if (str_starts(label, "Current "))
		label += strlen("Current ");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (str_eq(rows[i].label, label))
			return &rows[i];
	}
	return NULL;
}

static enum err_code parse_line(char *line, struct controldata *c, struct err *e)
{
	char *value = strchr(line, ':');
	const struct row *row;

	if (value == NULL)
		return ERR_OK;
	*value++ = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, "\r")] = '\0';
	row = row_of(line);
	if (row != NULL && !set_value(value, row, c))
		return err_set(e, ERR_PARSE, "pg_controldata: bad value of \"%s\"", row->label);
	return ERR_OK;
}

enum err_code controldata_parse(const char *text, struct controldata *out, struct err *e)
{
	struct controldata c = { .floors = FLOOR_SETTINGS_UNKNOWN };
	char line[256];

	while (str_field(&text, "\n", line, sizeof(line)))
		TRY(parse_line(line, &c, e));
	if (c.system_identifier == 0 || c.state == CONTROL_UNKNOWN)
		return err_set(e, ERR_PARSE, "pg_controldata: no system identifier or state");
	*out = c;
	return ERR_OK;
}
