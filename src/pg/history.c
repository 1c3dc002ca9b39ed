#include "pg/history.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* A history has a line for each promotion of a server's life. */
#define HISTORY_LINES_MAX 100000

static bool parse_tli(const char *s, uint32_t *out)
{
	int64_t v;

	if (str_to_i64(s, 1, UINT32_MAX, &v, NULL) != ERR_OK)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* Cut the next blank-separated word off LINE. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	size_t len = strcspn(word, " \t");

	*line = word + len;
	if (**line != '\0')
		*(*line)++ = '\0';
	return word;
}

static enum err_code parse_line(char *line, size_t number, struct history *h, struct err *e)
{
	struct history_entry *entry = &h->entries[h->count];
	char *word = next_word(&line);

	if (*word == '\0' || *word == '#')
		return ERR_OK;
	if (!parse_tli(word, &entry->tli))
		return err_set(e, ERR_PARSE, "timeline history line %zu: \"%.20s\" is no timeline",
		               number, word);
	word = next_word(&line);
	if (!lsn_parse(word, &entry->end) || entry->end == LSN_INVALID)
		return err_set(e, ERR_PARSE, "timeline history line %zu: \"%.20s\" is no position",
		               number, word);
	if (h->count > 0 && (entry->tli <= entry[-1].tli || entry->end < entry[-1].end))
		return err_set(e, ERR_PARSE, "timeline history line %zu goes backwards", number);
	entry->reason = line + strspn(line, " \t");
	h->count++;
	return ERR_OK;
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static enum err_code parse_lines(char *text, struct history *h, struct err *e)
{
	size_t number = 1;

	for (char *end; text != NULL; text = end, number++) {
		end = strchr(text, '\n');
		if (end != NULL)
			*end++ = '\0';
		text[strcspn(text, "\r")] = '\0';
		TRY(parse_line(text, number, h, e));
	}
	return ERR_OK;
}

enum err_code history_parse(const char *text, size_t len, uint32_t tli, struct arena *a,
                            struct history *out, struct err *e)
{
	struct history h = { 0 };
	size_t lines = count_lines(text, len);

	if (lines > HISTORY_LINES_MAX)
		return err_set(e, ERR_LIMIT, "timeline history has over %d lines",
		               HISTORY_LINES_MAX);
	if (len > 0 && memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_PARSE, "timeline history has a NUL byte");
	h.entries = ARENA_NEWN(a, lines + 1, struct history_entry);
	TRY(parse_lines(arena_strndup(a, len > 0 ? text : "", len), &h, e));
	if (h.count > 0 && h.entries[h.count - 1].tli >= tli)
		return err_set(e, ERR_PARSE, "history of timeline %u names timeline %u", tli,
		               h.entries[h.count - 1].tli);
	h.entries[h.count++] = (struct history_entry){ .tli = tli, .reason = "" };
	*out = h;
	return ERR_OK;
}

bool history_contains(const struct history *h, uint32_t tli, pg_lsn lsn)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct history_entry *entry = &h->entries[i];

		if (entry->tli == tli)
			return entry->end == LSN_INVALID || lsn <= entry->end;
	}
	return false;
}

static pg_lsn end_of(const struct history_entry *entry)
{
	return entry->end == LSN_INVALID ? UINT64_MAX : entry->end;
}

bool history_fork(const struct history *a, const struct history *b, uint32_t *tli, pg_lsn *lsn)
{
	size_t n = 0;

	/* Timelines with one number can still be two: they are the same only as long as all
	 * switch points before them are. */
	while (n < a->count && n < b->count && a->entries[n].tli == b->entries[n].tli) {
		n++;
		if (end_of(&a->entries[n - 1]) != end_of(&b->entries[n - 1]))
			break;
	}
	if (n == 0)
		return false;
	*tli = a->entries[n - 1].tli;
	*lsn = end_of(&a->entries[n - 1]);
	if (end_of(&b->entries[n - 1]) < *lsn)
		*lsn = end_of(&b->entries[n - 1]);
	return true;
}

const char *history_file_name(uint32_t tli, char buf[32])
{
	(void)snprintf(buf, 32, "%08X.history", tli);
	return buf;
}
