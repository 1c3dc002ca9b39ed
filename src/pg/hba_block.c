/* The managed block of pg_hba.conf. */
#include <string.h>

#include "base/str.h"
#include "pg/hba.h"

/* The parts of a file: before, the block's lines, after. */
struct block {
	const char *text, *end;   /* the whole file */
	const char *mark, *first; /* the begin mark, the line after it */
	const char *last, *rest;  /* the end mark, what follows it */
};

static const char *line_end(const char *p, const char *end)
{
	const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

	return newline == NULL ? end : newline + 1;
}

/* Length without line end and blanks before it. */
static size_t bare_length(const char *p, const char *stop)
{
	while (stop > p && strchr(" \t\r\n", stop[-1]) != NULL)
		stop--;
	return (size_t)(stop - p);
}

static bool is_line(const char *p, const char *stop, const char *text)
{
	size_t len = bare_length(p, stop);

	return len == strlen(text) && memcmp(p, text, len) == 0;
}

static enum err_code see_line(struct block *b, const char *p, const char *stop, struct err *e)
{
	if (is_line(p, stop, HBA_BLOCK_BEGIN)) {
		if (b->mark != NULL)
			return err_set(e, ERR_PARSE, "pg_hba.conf: managed block begins twice");
		b->mark = p;
		b->first = stop;
	} else if (is_line(p, stop, HBA_BLOCK_END)) {
		if (b->mark == NULL || b->last != NULL)
			return err_set(e, ERR_PARSE,
			               "pg_hba.conf: managed block ends without a begin");
		b->last = p;
		b->rest = stop;
	}
	return ERR_OK;
}

static enum err_code find_block(const char *text, size_t len, struct block *b, struct err *e)
{
	*b = (struct block){ .text = text, .end = text + len };
	if (len > 0 && memchr(text, '\0', len) != NULL)
		return err_set(e, ERR_PARSE, "pg_hba.conf has a NUL byte");
	for (const char *p = text; p < b->end; p = line_end(p, b->end))
		TRY(see_line(b, p, line_end(p, b->end), e));
	if (b->mark != NULL && b->last == NULL)
		return err_set(e, ERR_PARSE, "pg_hba.conf: managed block has no end");
	return ERR_OK;
}

enum err_code hba_block_get(const char *text, size_t len, struct strbuf *out, struct err *e)
{
	struct block b;

	TRY(find_block(text, len, &b, e));
	if (b.mark != NULL)
		strbuf_add(out, b.first, (size_t)(b.last - b.first));
	return ERR_OK;
}

enum err_code hba_block_set(const char *text, size_t len, const char *lines, struct strbuf *out,
                            struct err *e)
{
	struct block b;

	TRY(find_block(text, len, &b, e));
	if (b.mark == NULL)
		b.mark = b.rest = b.text;
	if (len > 0)
		strbuf_add(out, b.text, (size_t)(b.mark - b.text));
	if (!str_empty(lines)) {
		strbuf_addf(out, "%s\n%s%s%s\n", HBA_BLOCK_BEGIN, lines,
		            str_ends(lines, "\n") ? "" : "\n", HBA_BLOCK_END);
	}
	if (len > 0)
		strbuf_add(out, b.rest, (size_t)(b.end - b.rest));
	return ERR_OK;
}

/* LINES has the line from P to STOP. */
static bool has_line(const char *lines, const char *p, const char *stop)
{
	const char *end = lines + strlen(lines);
	size_t len = bare_length(p, stop);

	for (const char *q = lines; q < end; q = line_end(q, end)) {
		if (bare_length(q, line_end(q, end)) == len && memcmp(p, q, len) == 0)
			return true;
	}
	return false;
}

/* Append the lines of FROM that neither EXCEPT nor OUT has. */
static void add_lines(struct strbuf *out, const char *from, const char *except)
{
	const char *end = from + strlen(from);

	for (const char *p = from; p < end; p = line_end(p, end)) {
		const char *stop = line_end(p, end);

		if (has_line(except, p, stop) || has_line(strbuf_cstr(out), p, stop))
			continue;
		strbuf_add(out, p, bare_length(p, stop));
		strbuf_addc(out, '\n');
	}
}

enum err_code hba_block_merge(const char *text, size_t len, const char *add, const char *del,
                              struct strbuf *out, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf before = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf after = STRBUF_INIT;

	TRY(hba_block_get(text, len, &before, e));
	add_lines(&after, strbuf_cstr(&before), str_or(del, ""));
	add_lines(&after, str_or(add, ""), "");
	return hba_block_set(text, len, strbuf_cstr(&after), out, e);
}
